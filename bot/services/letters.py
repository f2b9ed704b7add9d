"""Owns what one recipient of a broadcast is sent: its words in their language, framed, with their own site's name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.broadcast import Broadcast, Info
from bot.domain.contact import Channel
from bot.domain.delivery import BroadcastId, Content, Option
from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.engine.flow import payload
from bot.i18n import Catalogs, base, fill
from bot.services.alert_areas import sites_in
from bot.services.framing import frame

PLACEHOLDERS = frozenset({"site", "assembly_point"})  # filled for each reader by their own site
CHECK_IN, ASKED = "check_in", "asked"  # the flow that hears the answers, and its question
SAFETIES = ("safe", "help")  # the question's options, in the order of the frame's labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """What a broadcast's words depend on, besides themselves.

    `own_language` is what somebody would have read who gets the words in another one: what stands around them (that it
    is a drill, what is asked, the options) is said in it.
    """

    language: str
    own_language: str | None = None
    channel: Channel
    site: SiteId | None
    employer: EmployerId | None
    needs_introduction: bool
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Writes one broadcast's letters; readers who are alike get the same one, which is written once."""

    broadcast: Broadcast
    catalogs: Catalogs
    organisation: str
    sites: Mapping[SiteId, Site]
    employers: Mapping[EmployerId, Employer]
    replaced: Broadcast | None = None
    _written: dict[Addressee, Content] = field(default_factory=dict)

    def content(self, addressee: Addressee) -> Content:
        known = self._written.get(addressee)
        if known is None:
            known = self._written[addressee] = self._write(addressee)
        return known

    def addressed(self) -> tuple[Site, ...]:
        """The sites that its audience, or that of what it replaces, may have readers at."""
        broadcast = self.broadcast
        audience = (self.replaced or broadcast).audience if broadcast.audience.of else broadcast.audience
        sites = [site for site in self.sites.values() if broadcast.employer in (None, site.employer)]
        if audience.area is not None and audience.area.has_shape:
            inside = sites_in(audience.area, sites)
            sites = [site for site in sites if site.id in inside]
        return tuple(site for site in sites if not audience.sites or site.id in audience.sites)

    def _write(self, addressee: Addressee) -> Content:
        broadcast, language = self.broadcast, addressee.language
        framed = frame(
            broadcast.kind,
            broadcast.message_type,
            self._texts(self.broadcast.infos[language], addressee),
            sender=self._name(broadcast.employer),
            employer=self._name(addressee.employer),
            asks_check_in=broadcast.asks_check_in,
            needs_introduction=addressee.needs_introduction,
            round=addressee.round,
            language=self._frame_language(addressee),
            catalogs=self.catalogs,
            replaced=self._replaced_headline(addressee),
            isolate=_is_isolated(addressee),
            is_employers=broadcast.employer is not None,
        )
        payloads = (answer_payload(broadcast.id, safety) for safety in SAFETIES)
        options = tuple(Option(label=label, payload=said) for label, said in zip(framed.labels, payloads, strict=False))
        return Content(text=framed.text, language=language, options=options)

    def _frame_language(self, addressee: Addressee) -> str:
        own = addressee.own_language
        is_known = own is not None and base(own) in map(base, self.catalogs.languages)
        return own if own is not None and is_known else addressee.language

    def _texts(self, info: Info, addressee: Addressee) -> tuple[str, str, str]:
        """The words with this reader's site in them. An SMS goes without the description: each segment costs time."""
        name, assembly_point = self._place(addressee)
        known = {"site": name, "assembly_point": assembly_point}
        headline, description, instruction = (
            fill(text, addressee.language, isolate=_is_isolated(addressee), variables=known) for text in info.texts
        )
        return headline, "" if addressee.channel is Channel.SMS else description, instruction

    def _place(self, addressee: Addressee) -> tuple[str, str]:
        """The name and assembly point of the reader's site: as they were approved, before that as they are.

        Who has no site, or one that nobody approved words of (R7), reads the name of the employer in its stead.
        """
        nowhere = self._name(addressee.employer), ""
        if addressee.site is None:
            return nowhere
        if self.broadcast.approved_at is not None:
            return self.broadcast.places.get(addressee.site, nowhere)
        known = self.sites.get(addressee.site)
        return (known.name, known.assembly_point) if known else nowhere

    def _replaced_headline(self, addressee: Addressee) -> str | None:
        info = self.replaced.infos.get(addressee.language) if self.replaced else None
        return self._texts(info, addressee)[0] if info else None

    def _name(self, employer: EmployerId | None) -> str:
        known = self.employers.get(employer) if employer else None
        return known.name if known else self.organisation


def _is_isolated(addressee: Addressee) -> bool:
    """Whether invisible marks keep names in order; they would make every SMS a UCS-2 one."""
    return addressee.channel is not Channel.SMS


def answer_payload(broadcast: BroadcastId, safety: str) -> str:
    """What a tap on an alert's option brings back: the flow's own payload, and of which broadcast."""
    return f"{payload(CHECK_IN, ASKED, safety)}@{broadcast}"


def read_payload(choice: str) -> tuple[str, BroadcastId | None]:
    """The flow's payload, and the broadcast if it was an alert's option."""
    said, _, broadcast = choice.partition("@")
    return (said, BroadcastId(broadcast)) if broadcast and said.startswith(f"{CHECK_IN}:") else (choice, None)
