"""Owns missing persons: who is missed and who is known, likely matches and why, and nothing told without both (R4).

Names are compared by their sound in Latin letters, across scripts, and once more without vowels, which Arabic and
Hebrew do not write. A match is a guess for a person to look at: neither side hears of the other before both agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from anyascii import anyascii
from rapidfuzz import fuzz

from bot.domain.activity import ActivityKind
from bot.domain.case import Case, Compartment, Topic
from bot.domain.consent import Consent, ConsentId
from bot.domain.contact import Contact, ContactId
from bot.domain.delivery import Lane
from bot.domain.errors import InputError
from bot.domain.staff import StaffId
from bot.i18n import SOURCE_LANGUAGE, Catalogs
from bot.services import audit
from bot.services.access import Deed, Matter, Reader, Subject, may, require
from bot.services.case_list import rows_of
from bot.services.casework import CaseWork
from bot.services.consenting import FLOW, NO_NOTE
from bot.services.ports import Unit
from bot.services.voice import Voice

NO_NAME = "Write the name of the person."
NOT_BOTH = "Both sides must agree before anything is told. Ask them first."
NO_MATCH = "This match is not there any more."
TEXTS = (NO_NAME, NOT_BOTH, NO_MATCH)
SEEKER, SOUGHT = "somebody who looks for you", "the person you look for"

MOST_PEOPLE = 5000  # that one search looks through, the newest first
MOST = 10  # matches of one person
LIKE = 80.0  # of 100: below, names are not alike enough to be worth a look
SAME_SITE, SAME_COUNTRY, SAME_PHONE = 5.0, 3.0, 60.0  # how much the rest adds to the likeness of names
_VOWELS = str.maketrans("", "", "aeiouy'`- ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Somebody who is found or known: a contact, or a person whom somebody reported as found in a case."""

    contact: ContactId  # themselves, or who reported them
    name: str
    case: Case | None = None  # in which they were reported
    phones: frozenset[str] = frozenset()
    site: str | None = None
    nationality: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What speaks for a match: the likeness of the names of 100, and what else is the same."""

    likeness: int
    is_same_phone: bool
    is_same_site: bool
    is_same_country: bool

    @property
    def weight(self) -> float:
        """The heavier, the likelier."""
        return (
            self.likeness
            + SAME_PHONE * self.is_same_phone
            + SAME_SITE * self.is_same_site
            + SAME_COUNTRY * self.is_same_country
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A guess. `seeker` and `found` are each side's consent, if it was asked: both must hold."""

    known: Known
    why: Why
    seeker: Consent | None
    found: Consent | None

    @property
    def may_be_told(self) -> bool:
        return self.seeker is not None and self.found is not None and self.seeker.holds and self.found.holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """One person who is missed: by whom, in which case, and who they may be."""

    case: Case
    seeker: Contact
    name: str
    matches: Sequence[Match]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingDesk:
    """What staff do about missing persons: only with files that they may read, on both sides."""

    work: CaseWork
    catalogs: Catalogs

    async def list(self, reader: Reader) -> list[Missed]:
        """Everybody who is missed, as far as the reader may know of them; entered in the audit. Raises Denied."""
        require(reader, Deed.READ, Subject(matter=Matter.CASE))
        async with self.work.store.look() as unit:
            rows = [row for row in await rows_of(unit, reader, is_open=True) if row.case.topic is Topic.MISSING_PERSON]
            known = await _known(unit, reader)
            missed = [await self._missed(unit, row.case, row.contact, known) for row in rows if _name(row.case)]
        async with self.work.store.transaction() as unit:
            await audit.record(
                unit, reader, Deed.READ, Matter.CASE, "missing", at=self.work.clock.now(), detail=f"{len(missed)} shown"
            )
        return missed

    async def report_found(self, reader: Reader, number: str, name: str, where: str) -> None:
        """Put down, in the case of who reports it, that somebody was found."""
        name, where = name.strip(), where.strip()
        if not name:
            raise InputError(NO_NAME)
        async with self.work.enter(reader, Deed.CHANGE, number, detail="found person") as folder:
            facts = {**folder.case.facts, "found_name": name, "found_where": where or None}
            await folder.save(replace(folder.case, facts=facts))
            folder.note(ActivityKind.NOTE, text=f"{name}, {where}".strip(", "))

    async def tell(self, reader: Reader, number: str, other: ContactId) -> None:
        """Note that both sides are told of each other; raises InputError unless both consents hold, Denied."""
        async with self.work.enter(reader, Deed.CHANGE, number, detail="missing person told") as folder:
            known = await _known(folder.unit, reader)
            missed = await self._missed(folder.unit, folder.case, folder.contact, known)
            match = next((one for one in missed.matches if one.known.contact == other), None)
            if match is None:
                raise InputError(NO_MATCH)
            if not match.may_be_told or match.seeker is None or match.found is None:
                raise InputError(NOT_BOTH)
            folder.note(
                ActivityKind.REFERRED,
                details={"consent": f"{match.seeker.id},{match.found.id}", "to": match.known.name},
            )
            await audit.record(
                folder.unit, reader, Deed.EXPORT, Matter.CASE, folder.case.id, at=folder.now,
                detail=f"told of a match by consents {match.seeker.id} and {match.found.id}",
            )  # fmt: skip

    async def ask(self, reader: Reader, number: str, side: ContactId) -> None:
        """Let the bot ask one side, who has to be in the reader's hands, without a word of the other side."""
        case = await self.work.known(reader, number)
        desk = self.work.desk
        async with desk.enter(reader, Deed.ANSWER, side, detail="ask for consent: missing person") as room:
            consent = self._consent(reader, case, room.contact, room.now)
            await room.unit.consents.put(consent)
            answers = {"consent": consent.id, "recipient": consent.recipient, "purpose": consent.purpose}
            await desk.ask_in(room, FLOW, answers)
        await desk.bell.ring(side, Lane.REPLY)

    async def record(self, reader: Reader, number: str, side: ContactId, note: str) -> None:
        """Put down that one side agreed by word of mouth, and how."""
        note = note.strip()
        if not note:
            raise InputError(NO_NOTE)
        case = await self.work.known(reader, number)
        async with self.work.desk.enter(reader, Deed.CHANGE, side, detail="consent recorded: missing person") as room:
            consent = self._consent(reader, case, room.contact, room.now)
            await room.unit.consents.put(replace(consent, is_given=True, answered_at=room.now, note=note))

    def _consent(self, reader: Reader, case: Case, side: Contact, now: datetime) -> Consent:
        """What one side is asked for, in their language: the other one is not named, and no match is told of."""
        voice = Voice(catalogs=self.catalogs, language=side.language or SOURCE_LANGUAGE)
        is_seeker = side.id == case.contact
        return Consent(
            id=ConsentId(self.work.ids.new()),
            contact=side.id,
            case=case.id,
            recipient=voice.say("the person you look for") if is_seeker else voice.say("somebody who looks for you"),
            purpose=voice.say("to bring people together who look for each other"),
            asked_by=StaffId(reader.id),
            asked_at=now,
        )

    async def _missed(self, unit: Unit, case: Case, seeker: Contact, known: Sequence[Known]) -> Missed:
        weighed = [(compare(case, seeker, one), one) for one in known if one.contact != seeker.id]
        likely = [(why, one) for why, one in weighed if why.likeness >= LIKE or why.is_same_phone]
        likely.sort(key=lambda pair: (-pair[0].weight, pair[1].contact))
        mine = self._about(await unit.consents.of(seeker.id), case, SOUGHT) if likely else None
        matches = [
            Match(
                known=one,
                why=why,
                seeker=mine,
                found=self._about(await unit.consents.of(one.contact), case, SEEKER),
            )
            for why, one in likely[:MOST]
        ]
        return Missed(case=case, seeker=seeker, name=_name(case), matches=matches)

    def _about(self, consents: Sequence[Consent], case: Case, recipient: str) -> Consent | None:
        """The newest consent to be told in this matter."""
        texts = self.catalogs.translations(recipient, "bot")
        return next((one for one in consents if one.case == case.id and one.recipient in texts), None)


def likeness(one: str, other: str) -> int:
    """How alike two names sound, of 100, whatever their scripts and the order of their parts."""
    first, second = _sound(one), _sound(other)
    if not first or not second:
        return 0
    whole = fuzz.token_sort_ratio(first, second)
    if min(len(first.split()), len(second.split())) > 1:  # a middle name is often left out
        whole = max(whole, fuzz.token_set_ratio(first, second) * 0.85)
    bones = [" ".join(_bones(word) for word in name.split()) for name in (first, second)]
    skeleton = fuzz.token_sort_ratio(*bones) if all(len(bone) >= 4 for bone in bones) else 0.0
    return round(max(whole, skeleton * 0.95))


def compare(case: Case, seeker: Contact, known: Known) -> Why:
    """What speaks for it that the person whom this case misses is that one."""
    phone = case.facts.get("missing_phone")
    return Why(
        likeness=likeness(_name(case), known.name),
        is_same_phone=isinstance(phone, str) and phone in known.phones,
        is_same_site=known.site is not None and known.site == seeker.site,
        is_same_country=known.nationality is not None and known.nationality == seeker.nationality,
    )


async def _known(unit: Unit, reader: Reader) -> list[Known]:
    """Everybody with a name whom the reader may know of, and whom somebody has reported as found."""
    shows = may(reader, Deed.READ, Subject(matter=Matter.CASE, compartment=Compartment.PROTECTION))
    people = await unit.contacts.named(shows_protection=shows, limit=MOST_PEOPLE)
    found = [_contact(person) for person in people if person.name or person.name_for_employer]
    reported = [row.case for row in await rows_of(unit, reader, is_open=True)]
    return [*found, *(one for case in reported if (one := _reported(case)) is not None)]


def _contact(person: Contact) -> Known:
    return Known(
        contact=person.id,
        name=person.name or person.name_for_employer or "",
        phones=frozenset(reach.address.path for reach in person.reaches),
        site=person.site,
        nationality=person.nationality,
    )


def _reported(case: Case) -> Known | None:
    name = case.facts.get("found_name")
    return Known(contact=case.contact, name=name, case=case) if isinstance(name, str) and name else None


def _name(case: Case) -> str:
    name = case.facts.get("missing_name")
    return name.strip() if isinstance(name, str) else ""


def _sound(name: str) -> str:
    return " ".join("".join(c if c.isalnum() or c == "'" else " " for c in anyascii(name).lower()).split())


def _bones(word: str) -> str:
    """A word without its vowels, and each letter once where it is doubled."""
    bare = word.translate(_VOWELS)
    return "".join(c for place, c in enumerate(bare) if place == 0 or c != bare[place - 1])
