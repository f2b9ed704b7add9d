"""Owns what must be right before a broadcast goes out: complete, in time, the same in every language (R12)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.broadcast import Broadcast, BroadcastKind, Info, MessageType
from bot.domain.contact import Channel
from bot.i18n import faults, fill, placeholders, stray_braces
from bot.services.forecast import Way, sample
from bot.services.letters import PLACEHOLDERS, Letters

LONGEST_LIFE = timedelta(days=14)
FIELDS = ("headline", "description", "instruction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to mend: where, in which language's texts if in one's, as a sentence of domain "console"."""

    where: str
    msgid: str
    language: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The sentence in English."""
        said = fill(self.msgid, "en", isolate=False, variables=self.variables)
        return f"{self.language}: {said}" if self.language else said


def proofread(
    broadcast: Broadcast, letters: Letters, ways: Mapping[Channel, Way], *, now: datetime, recipients: int
) -> Iterator[Fault]:
    """Everything that keeps this broadcast from going out."""
    yield from _source(broadcast)
    yield from _times(broadcast, now)
    if broadcast.message_type is not MessageType.ALERT and not broadcast.references:
        yield Fault(where="references", msgid="An update must say which alert it replaces.")
    for language, info in broadcast.infos.items():
        yield from _words(broadcast, letters, language, info)
    if broadcast.source is not None:
        yield from _lengths(broadcast, letters, ways)
        if not recipients:
            yield Fault(where="audience", msgid="Nobody is in this audience. Choose other sites, languages or groups.")


def _source(broadcast: Broadcast) -> Iterator[Fault]:
    source = broadcast.source
    if source is None or not source.headline.strip():
        yield Fault(where="headline", msgid="Write a headline: what happens, and where.")
    if source is None or not source.instruction.strip():
        yield Fault(where="instruction", msgid="Write what people should do.")
    if broadcast.kind is BroadcastKind.ALERT and not broadcast.event.strip():
        yield Fault(where="event", msgid="Say what kind of event it is, such as Flood.")


def _times(broadcast: Broadcast, now: datetime) -> Iterator[Fault]:
    ends = broadcast.expires_at
    begins = max(broadcast.send_at or now, now)
    if ends is None:
        yield Fault(where="expires_at", msgid="Say until when it is of use: late copies are then dropped.")
    elif ends <= begins:
        yield Fault(where="expires_at", msgid="It would end before it is sent.")
    elif ends - begins > LONGEST_LIFE:
        yield Fault(where="expires_at", msgid="It may live for 14 days at most.")
    if ends is not None and broadcast.onset_at is not None and broadcast.onset_at > ends:
        yield Fault(where="onset_at", msgid="It would end before the danger begins.")
    if any(pause <= timedelta(0) for pause in broadcast.repeats):
        yield Fault(where="repeats", msgid="The pause before asking again must be longer than nothing.")


def _words(broadcast: Broadcast, letters: Letters, language: str, info: Info) -> Iterator[Fault]:
    source = broadcast.source
    for name, text, meant in zip(FIELDS, info.texts, source.texts if source else info.texts, strict=True):
        for unknown in sorted(placeholders(text) - PLACEHOLDERS):
            yield _fault(name, language, "Fill in {open_brace}{name}{close_brace}.", name=unknown)
        if language == broadcast.source_language:
            for stray in stray_braces(text):
                yield _fault(name, language, "{what} is no placeholder.", what=stray)
            continue
        if not text.strip():
            continue  # not complete: nobody reads this language, and the forecast says who would have
        for fault in faults(meant, text):
            yield _fault(name, language, "The {field} {what}.", field=name, what=fault)
        for place in _places_named(letters, meant):
            if place not in text:
                yield _fault(
                    name, language, "The {field} does not name {place}, which the source does.", field=name, place=place
                )


def _places_named(letters: Letters, text: str) -> Iterator[str]:
    """Names of sites and assembly points in the text: they are never translated away (voice.md)."""
    names = {name for site in letters.sites.values() for name in (site.name, site.assembly_point) if name}
    return (name for name in sorted(names) if name in text)


def _lengths(broadcast: Broadcast, letters: Letters, ways: Mapping[Channel, Way]) -> Iterator[Fault]:
    for language in broadcast.sendable_languages():
        for channel, way in ways.items():
            if len(way.channeller.fit(sample(letters, channel, language))) > 1:
                yield _fault(
                    "instruction", language, "This is too long for one message on {channel}.", channel=channel.value
                )


def _fault(where: str, language: str, msgid: str, **variables: object) -> Fault:
    braces = {"open_brace": "{", "close_brace": "}"}
    return Fault(where=where, language=language, msgid=msgid, variables={**variables, **braces})
