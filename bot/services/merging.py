"""Owns the desk where two conversations of one person are put together, and taken apart again.

The one is kept; everything of the other becomes its own, and the other is no more. Nothing is sent to the person. What
follows for access, STOP, alerts and erasure: the file lies where the strictest of all cases lies, a refused address
stays refused, an alert that both were sent has one answer, and who is erased is erased as both.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.case import Case, CaseStatus, Compartment
from bot.domain.claim import Claim
from bot.domain.contact import Address, Contact, ContactId, Scheme
from bot.domain.delivery import Lane
from bot.domain.employer import Employer, Site
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.merge import Merge, MergeId
from bot.domain.session import Session
from bot.domain.staff import StaffId
from bot.engine import extract
from bot.services import access, audit
from bot.services.access import Deed, Matter, Reader, Subject, of_conversation
from bot.services.missing import LIKE, MOST_PEOPLE, likeness
from bot.services.ports import Bell, Clock, Ids, Store, Unit

SAME = "This is the conversation itself. Choose the other one."
LEAVING = "One of the two has asked to be forgotten. Let that come to its end first."
TWO_EMPLOYERS = "The two belong to different employers. They cannot be put together."
TWICE_LISTED = "Both are on the employer's list. One entry has to be taken off there first."
TWO_HANDS = "Somebody else has one of the two conversations. Ask them to give it to you first."
HELD = "Somebody else has this conversation. Ask them to give it to you first."
UNDONE = "These conversations were taken apart already."
NEWER = "Another conversation was put to this one later. Take that one apart first."
TEXTS = (SAME, LEAVING, TWO_EMPLOYERS, TWICE_LISTED, TWO_HANDS, HELD, UNDONE, NEWER)

TRIES = 3
SHOWN = 10  # people of one search


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two conversations that may be one person's. `flow` is what the bot is asking there, if anything."""

    contact: Contact
    cases: Sequence[Case]
    claim: Claim | None
    session: Session | None
    employer: Employer | None
    site: Site | None
    heard_at: datetime | None

    @property
    def open_cases(self) -> list[Case]:
        return [case for case in self.cases if case.status.is_open]

    @property
    def is_protected(self) -> bool:
        return any(case.compartment is Compartment.PROTECTION for case in self.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Two conversations side by side; `problem` says why they cannot be put together, and is empty if they can."""

    kept: Side
    other: Side
    problem: str

    @property
    def hides(self) -> bool:
        """Whether some who may read one of the two will not see it any more (R16)."""
        return self.kept.is_protected != self.other.is_protected

    @property
    def ends_flow(self) -> bool:
        return self.kept.session is not None and self.other.session is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A merge that can be undone, and the name of who made it."""

    merge: Merge
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeDesk:
    """What staff do about one person with two conversations, both of which they may read."""

    store: Store
    bell: Bell  # so that open screens look again
    clock: Clock
    ids: Ids

    # --- looking ----------------------------------------------------------------------------------------------------

    async def find(self, reader: Reader, contact: ContactId, text: str) -> Sequence[Side]:
        """Others who may be meant by a case number, a phone number or a name; without any, who is named alike.

        Only those whose conversation the reader may see; entered in the audit. Raises Denied.
        """
        async with self.store.look() as unit:
            mine = await self._side(unit, reader, contact)
            found = [] if mine is None else await self._found(unit, reader, mine.contact, text.strip()[:120])
        await self._enter(reader, Deed.READ, [contact], is_allowed=mine is not None, detail=f"{len(found)} shown")
        if mine is None:
            raise Denied(access.REFUSAL)
        return found

    async def standing(self, reader: Reader, contact: ContactId) -> Sequence[Standing]:
        """What was put to this conversation and can be taken off again, the newest first; raises Denied."""
        async with self.store.look() as unit:
            if await self._side(unit, reader, contact) is None:
                raise Denied(access.REFUSAL)
            names = {staff.id: staff.name for staff in await unit.staff.all()}
            return [Standing(merge=one, by=names.get(one.staff, "")) for one in await unit.merges.of(contact)]

    async def preview(self, reader: Reader, contact: ContactId, other: ContactId) -> Preview:
        """Both side by side, nothing changed; entered in the audit. Raises Denied."""
        async with self.store.look() as unit:
            kept, gone = await self._side(unit, reader, contact), await self._side(unit, reader, other)
        is_allowed = kept is not None and gone is not None
        await self._enter(reader, Deed.READ, [contact, other], is_allowed=is_allowed, detail="one person?")
        if kept is None or gone is None:
            raise Denied(access.REFUSAL)
        return Preview(kept=kept, other=gone, problem=_problem(reader, kept, gone))

    # --- doing ------------------------------------------------------------------------------------------------------

    async def merge(self, reader: Reader, contact: ContactId, other: ContactId) -> Merge:
        """Make everything of `other` the kept contact's; raises Denied, InputError, and Conflict after some tries."""
        for _ in range(TRIES - 1):
            with suppress(Conflict):
                return await self._merge(reader, contact, other)
        return await self._merge(reader, contact, other)

    async def _merge(self, reader: Reader, contact: ContactId, other: ContactId) -> Merge:
        async with self.store.transaction() as unit:
            await unit.merges.hold([contact, other])
            now = self.clock.now()
            kept, gone = await self._side(unit, reader, contact), await self._side(unit, reader, other)
            if kept is not None and gone is not None:
                if problem := _problem(reader, kept, gone):
                    raise InputError(problem)
                merge = Merge(
                    id=MergeId(self.ids.new()), contact=contact, other=other, staff=StaffId(reader.id), at=now
                )
                await unit.merges.join(merge, together(kept.contact, gone.contact))
                await self._settle(unit, contact)
                await unit.activities.add([self._done(reader, ActivityKind.MERGED, contact, other)])
            is_allowed = kept is not None and gone is not None
            await _record(unit, reader, Deed.CHANGE, [contact, other], now, is_allowed=is_allowed, detail="merge")
        if not is_allowed:
            raise Denied(access.REFUSAL)
        await self._tell(contact, other)
        return merge

    async def undo(self, reader: Reader, merge: MergeId) -> Merge:
        """Take two conversations apart again; raises Denied, InputError, and Conflict if others came first."""
        for _ in range(TRIES - 1):
            with suppress(Conflict):
                return await self._undo(reader, merge)
        return await self._undo(reader, merge)

    async def _undo(self, reader: Reader, id_: MergeId) -> Merge:
        async with self.store.look() as unit:
            merge = await unit.merges.get(id_) if _is_id(id_) else None
        if merge is None:
            raise Denied(access.REFUSAL)
        async with self.store.transaction() as unit:
            await unit.merges.hold([merge.contact])
            now, kept = self.clock.now(), await self._side(unit, reader, merge.contact)
            if kept is not None:
                await _require_undoable(unit, reader, id_, kept)
                await unit.merges.part(merge, now)
                for one in (merge.contact, merge.other):
                    await self._settle(unit, one)
                    await unit.activities.add([self._done(reader, ActivityKind.UNMERGED, one, merge.other)])
            both = [merge.contact, merge.other]
            await _record(unit, reader, Deed.CHANGE, both, now, is_allowed=kept is not None, detail="undo merge")
        if kept is None:
            raise Denied(access.REFUSAL)
        await self._tell(merge.contact, merge.other)
        return replace(merge, undone_at=now)

    # --- inside a transaction ---------------------------------------------------------------------------------------

    async def _side(self, unit: Unit, reader: Reader, contact: ContactId) -> Side | None:
        """The conversation, if there is one and the reader may work on it."""
        known = (await unit.contacts.many([contact])).get(contact) if _is_id(contact) else None
        if known is None:
            return None
        cases = await unit.cases.of(contact)
        if not access.may(reader, Deed.CHANGE, of_conversation(contact, cases)):
            return None
        sessions = await unit.sessions.open(contact)
        return Side(
            contact=known,
            cases=cases,
            claim=await unit.claims.of(contact),
            session=sessions[0] if sessions else None,
            employer=await unit.sites.employer(known.employer) if known.employer else None,
            site=await unit.sites.get(known.site) if known.site else None,
            heard_at=max((one.last_heard_at for one in known.reaches if one.last_heard_at), default=None),
        )

    async def _found(self, unit: Unit, reader: Reader, mine: Contact, text: str) -> list[Side]:
        wanted = await _exactly(unit, text)
        if not wanted:
            shows = access.may(reader, Deed.READ, Subject(matter=Matter.CASE, compartment=Compartment.PROTECTION))
            people = await unit.contacts.named(shows_protection=shows, limit=MOST_PEOPLE)
            wanted = _alike(people, text) if text else _suggested(people, mine)
        sides = [await self._side(unit, reader, one) for one in wanted if one != mine.id]
        return [side for side in sides if side is not None][:SHOWN]

    async def _settle(self, unit: Unit, contact: ContactId) -> None:
        """What is open is in the hands of who has the conversation, and in nobody's where nobody has it."""
        claim = await unit.claims.of(contact)
        for case in await unit.cases.of(contact):
            if claim is not None and case.status.is_open:
                settled = replace(case, status=CaseStatus.IN_PROGRESS, owner=claim.staff)
            elif case.status is CaseStatus.IN_PROGRESS:
                settled = replace(case, status=CaseStatus.OPEN, owner=None)
            else:
                continue
            if settled != case:
                await unit.cases.save(settled)

    def _done(self, reader: Reader, kind: ActivityKind, contact: ContactId, other: ContactId) -> Activity:
        return Activity(
            id=ActivityId(self.ids.new()),
            contact=contact,
            staff=StaffId(reader.id),
            kind=kind,
            at=self.clock.now(),
            details={"other": other},
        )

    async def _enter(
        self, reader: Reader, deed: Deed, contacts: Sequence[ContactId], *, is_allowed: bool, detail: str
    ) -> None:
        async with self.store.transaction() as unit:
            await _record(unit, reader, deed, contacts, self.clock.now(), is_allowed=is_allowed, detail=detail)

    async def _tell(self, *contacts: ContactId) -> None:
        for contact in contacts:
            await self.bell.ring(contact, Lane.REPLY)


# --- rules ------------------------------------------------------------------------------------------------------------


def together(kept: Contact, other: Contact) -> Contact:
    """What is known of the one person: the kept contact's own, then the other's; addresses go by themselves."""
    is_others = other.is_language_confirmed and not kept.is_language_confirmed
    latest = max(kept, other, key=lambda one: one.position_at.timestamp() if one.position_at else 0.0)
    met = [one.met_at for one in (kept, other) if one.met_at is not None]
    employed = kept if _employment(kept) >= _employment(other) else other
    return replace(
        kept,
        language=other.language if is_others else kept.language or other.language,
        is_language_confirmed=kept.is_language_confirmed or other.is_language_confirmed,
        name=kept.name or other.name,
        nationality=kept.nationality or other.nationality,
        position=latest.position,
        position_at=latest.position_at,
        met_at=min(met, default=None),
        employer=employed.employer,
        site=employed.site,
        left_at=employed.left_at,
        groups=employed.groups,
        listing=employed.listing,
    )


def _employment(contact: Contact) -> int:
    """An entry in an employer's list says more than a site's code, which says more than nothing."""
    return 2 if contact.listing is not None else 1 if contact.employer is not None else 0


def _problem(reader: Reader, kept: Side, other: Side) -> str:
    """Why they cannot be put together, in words for staff; empty when they can."""
    one, two = kept.contact, other.contact
    if one.id == two.id:
        return SAME
    if one.erase_at is not None or two.erase_at is not None:
        return LEAVING
    if one.employer is not None and two.employer is not None and one.employer != two.employer:
        return TWO_EMPLOYERS
    if one.listing is not None and two.listing is not None:
        return TWICE_LISTED
    if any(side.claim is not None and side.claim.staff != reader.id for side in (kept, other)):
        return TWO_HANDS
    return ""


async def _require_undoable(unit: Unit, reader: Reader, id_: MergeId, kept: Side) -> None:
    standing = [merge.id for merge in await unit.merges.of(kept.contact.id)]
    if id_ not in standing:
        raise InputError(UNDONE)
    if standing[0] != id_:
        raise InputError(NEWER)
    if kept.contact.erase_at is not None:
        raise InputError(LEAVING)
    if kept.claim is not None and kept.claim.staff != reader.id:
        raise InputError(HELD)


async def _exactly(unit: Unit, text: str) -> list[ContactId]:
    """Who is meant by a case number or by a whole phone number."""
    number = extract.case_number(text) if text else None
    case = await unit.cases.by_number(number) if number else None
    if case is not None:
        return [case.contact]
    digits = "".join(c for c in text if c.isdigit())
    if len(digits) < 7 or any(c.isalpha() for c in text):
        return []
    found = [await unit.contacts.find(Address(scheme=one, path=f"+{digits}")) for one in (Scheme.TEL, Scheme.WHATSAPP)]
    return list(dict.fromkeys(contact.id for contact in found if contact is not None))


def _alike(people: Sequence[Contact], text: str) -> list[ContactId]:
    """Those whose names sound like it, the likest first, or have each of its words."""
    words = extract.fold(text).split()
    weighed = [(_weight(one, text, words), one.id) for one in people]
    return [contact for weight, contact in sorted(weighed, key=lambda pair: -pair[0]) if weight >= LIKE]


def _weight(contact: Contact, text: str, words: Sequence[str]) -> float:
    names = _names(contact)
    folded = extract.fold(" ".join(names))
    has_all = bool(words) and all(word in folded for word in words)
    return max([LIKE * has_all, *(float(likeness(text, name)) for name in names)])


def _suggested(people: Sequence[Contact], mine: Contact) -> list[ContactId]:
    """Who has the same number on another channel, then who is named alike."""
    numbers, names = _numbers(mine), _names(mine)
    same = [one.id for one in people if numbers & _numbers(one)]
    alike = [one for name in names for one in _alike(people, name)]
    return [one for one in dict.fromkeys([*same, *alike]) if one != mine.id]


def _numbers(contact: Contact) -> set[str]:
    own = {one.address.path for one in contact.reaches if one.address.scheme in (Scheme.TEL, Scheme.WHATSAPP)}
    return own | ({*contact.listing.phones, *contact.listing.whatsapp} if contact.listing else set())


def _names(contact: Contact) -> list[str]:
    return [name for name in dict.fromkeys([contact.name, contact.name_for_employer]) if name]


def _is_id(typed: str) -> bool:
    """Whether a database may be asked for it: addresses of pages hold whatever strangers type."""
    return 0 < len(typed) <= 64 and typed.isascii() and typed.isprintable()


async def _record(
    unit: Unit,
    reader: Reader,
    deed: Deed,
    contacts: Sequence[ContactId],
    at: datetime,
    *,
    is_allowed: bool,
    detail: str,
) -> None:
    for contact in dict.fromkeys(contacts):
        await audit.record(
            unit, reader, deed, Matter.CONVERSATION, contact, at=at, is_allowed=is_allowed, detail=detail
        )
