"""Owns referrals out (R4): only what was ticked, only by a consent that holds for that recipient, always entered."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.domain.activity import ActivityKind
from bot.domain.case import Case
from bot.domain.consent import Consent, ConsentId
from bot.domain.contact import Contact
from bot.domain.document import Document
from bot.domain.errors import InputError
from bot.i18n import Catalogs
from bot.services import audit
from bot.services.access import Deed, Matter, Reader
from bot.services.case_file import evidence_of
from bot.services.casework import CaseWork
from bot.services.voice import Voice

NO_CONSENT = "There is no consent that allows this. Ask for one first."
NOTHING_TICKED = "Tick at least one thing that is to be passed on."
TEXTS = (NO_CONSENT, NOTHING_TICKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that can be passed on: `key` is what is ticked."""

    key: str
    label: str
    text: str


Tell = Callable[[Case, Contact, Sequence[Document]], Sequence[Line]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """A referral in words, before anybody prints it."""

    language: str
    title: str
    head: Sequence[tuple[str, str]]
    lines: Sequence[Line]
    note: str


Printer = Callable[[Referral, datetime], bytes]


def usable(consents: Collection[Consent], case: Case) -> list[Consent]:
    """The consents by which something of this case may be passed on now."""
    return [one for one in consents if one.holds and one.contact == case.contact and one.case in (None, case.id)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralDesk:
    """Refers a case to a consulate, a labour office, another organisation."""

    work: CaseWork
    catalogs: Catalogs
    zone: ZoneInfo
    organisation: str

    async def refer(
        self, reader: Reader, number: str, consent: str, ticked: Collection[str], language: str, *, tell: Tell,
        draw: Printer,
    ) -> bytes:  # fmt: skip
        """The summary as PDF. Raises InputError without a consent that holds or with nothing ticked, Denied."""
        # Whoever works on the case may refer it: the contact's own consent, not a right to export, lets it out (R4).
        async with self.work.enter(reader, Deed.CHANGE, number, detail="referral") as folder:
            case, unit = folder.case, folder.unit
            by_id = {one.id: one for one in usable(await unit.consents.of(folder.contact.id), case)}
            allowed = by_id.get(ConsentId(consent))
            if allowed is None:
                raise InputError(NO_CONSENT)
            evidence = await evidence_of(unit, folder.contact.id, folder.cases)
            lines = [line for line in tell(case, folder.contact, evidence) if line.key in ticked and line.text]
            if not lines:
                raise InputError(NOTHING_TICKED)
            passed = ",".join(line.key for line in lines)
            details = {"consent": allowed.id, "to": allowed.recipient, "what": passed}
            folder.note(ActivityKind.REFERRED, details=details)
            await audit.record(
                unit, reader, Deed.EXPORT, Matter.CASE, case.id, at=folder.now,
                detail=f"consent {allowed.id}: {passed}",
            )  # fmt: skip
            made_at = folder.now
        return draw(self._written(case, allowed, lines, language, made_at), made_at)

    def _written(self, case: Case, consent: Consent, lines: Sequence[Line], language: str, now: datetime) -> Referral:
        voice = Voice(catalogs=self.catalogs, language=language)
        head = [
            (voice.say("To"), consent.recipient),
            (voice.say("What for"), consent.purpose),
            (voice.say("From"), self.organisation),
            (voice.say("Case number"), case.number),
            (voice.say("Day"), self._day(now).isoformat()),
            (voice.say("Consent of the person"), self._day(consent.answered_at or consent.asked_at).isoformat()),
        ]
        note = voice.say(
            "The person has agreed that this is given to the recipient named above, for this purpose only. "
            "They can take it back at any time. Do not pass it on."
        )
        return Referral(language=language, title=voice.say("Referral"), head=head, lines=lines, note=note)

    def _day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()
