"""Owns work on a case: looking into it, correcting, planning, linking, moving and ending it.

Whoever may not know of a contact does not know of their cases: what is refused is told in the words, and in about the
time, of what does not exist (R2, R16).
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.case import Case, CaseStatus, Clue, Compartment, Outcome, Urgency
from bot.domain.claim import Claim
from bot.domain.contact import Contact, ContactId
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.staff import Role, StaffId
from bot.domain.targets import Targets
from bot.services import access, audit
from bot.services.access import Deed, Matter, Reader, of_conversation
from bot.services.case_file import File, read_file, stamp
from bot.services.case_list import may_read, number_typed, subject_of
from bot.services.desk import Desk, Why
from bot.services.ports import Clock, Ids, Store, Unit

CHANGED = "Somebody has changed this case since you opened it. Below is what it says now; what you typed is kept."
NO_REASON = "Say why, in a few words: those who read the case later need it."
NO_OUTCOME = "Choose how it ended."
NO_DATE = "Say until when it waits: without a day nobody would come back to it."
PAST = "This time has passed. Choose one that is still to come."
TOO_LONG = "This is too long. Shorten it."
NO_SUCH_CASE = "There is no case of this number that you may see."
SAME_CASE = "This is the case itself."
FOR_SPECIALISTS = "Only a specialist may do this."
TEXTS = (CHANGED, NO_REASON, NO_OUTCOME, NO_DATE, PAST, TOO_LONG, NO_SUCH_CASE, SAME_CASE, FOR_SPECIALISTS)

LONGEST = 20_000  # characters of a narrative
LONGEST_REASON = 1000
SYSTEM = Reader(role=Role.SYSTEM, id="system")
_NOBODY = ContactId("-")


@dataclass(slots=True, kw_only=True)
class Folder:
    """One case inside a transaction that holds its contact, for a reader who may do what they came for."""

    unit: Unit
    reader: Reader
    contact: Contact
    case: Case
    cases: list[Case]
    now: datetime
    ids: Ids
    done: list[Activity] = field(default_factory=list)

    @property
    def is_protected(self) -> bool:
        return any(case.compartment is Compartment.PROTECTION for case in self.cases)

    async def save(self, case: Case) -> None:
        """Keep the changed case, here too."""
        await self.unit.cases.save(case)
        self.case = case
        self.cases = [case if one.id == case.id else one for one in self.cases]

    def note(self, kind: ActivityKind, *, text: str = "", details: Mapping[str, str] | None = None) -> None:
        """Put it into the history of the case."""
        self.done.append(
            Activity(
                id=ActivityId(self.ids.new()),
                contact=self.contact.id,
                case=self.case.id,
                staff=StaffId(self.reader.id),
                kind=kind,
                at=self.now,
                text=text,
                details=details or {},
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWork:
    """Everything that staff do with cases."""

    store: Store
    clock: Clock
    ids: Ids
    desk: Desk
    targets: Targets = field(default_factory=Targets)

    # --- looking ----------------------------------------------------------------------------------------------------

    async def open(self, reader: Reader, number: str) -> File:
        """Look into a case; entered in the audit. Raises Denied."""
        async with self.enter(reader, Deed.READ, number) as folder:
            return await read_file(folder.unit, reader, folder.contact, folder.case, folder.cases)

    async def known(self, reader: Reader, number: str) -> Case:
        """The case, for what is done with its conversation and entered there; raises Denied."""
        async with self.store.look() as unit:
            case = await unit.cases.by_number(number_typed(number))
            if case is None or not await may_read(unit, reader, case):
                raise Denied(access.REFUSAL)
            return case

    # --- changing ---------------------------------------------------------------------------------------------------

    async def correct(self, reader: Reader, number: str, narrative: str, *, seen: str) -> None:
        """Tell the case better; what it told before stays in its history. Raises Conflict, InputError, Denied."""
        narrative = _checked(narrative, LONGEST)
        async with self.enter(reader, Deed.CHANGE, number, detail="narrative") as folder:
            require_same(folder.case, seen)
            before = folder.case.narrative
            if narrative != before:
                await folder.save(replace(folder.case, narrative=narrative))
                folder.note(ActivityKind.NARRATIVE, text=before)

    async def set_urgency(self, reader: Reader, number: str, urgency: Urgency, why: str, *, seen: str) -> None:
        """A raised urgency counts from now, a lowered one from the beginning."""
        why = _reason(why)
        async with self.enter(reader, Deed.CHANGE, number, detail="urgency") as folder:
            require_same(folder.case, seen)
            case = folder.case
            if urgency is case.urgency:
                return
            folder.note(
                ActivityKind.URGENCY, text=why, details={"was": case.urgency.name.lower(), "is": urgency.name.lower()}
            )
            await folder.save(self._timed(case, urgency, folder.now))

    def _timed(self, case: Case, urgency: Urgency, now: datetime) -> Case:
        is_raised = urgency > case.urgency
        since = now if is_raised else case.opened_at
        due_at, resolve_by = self.targets.answer_by(urgency, since), self.targets.resolve_by(urgency, since)
        if is_raised:
            due_at = min(case.due_at, due_at)
            resolve_by = min(case.resolve_by or resolve_by, resolve_by)
        return replace(case, urgency=urgency, due_at=due_at, resolve_by=resolve_by, escalated_at=None)

    async def set_status(
        self,
        reader: Reader,
        number: str,
        status: CaseStatus,
        why: str,
        *,
        seen: str,
        outcome: Outcome | None = None,
        next_step: str = "",
        next_step_at: datetime | None = None,
    ) -> None:
        """Open it again, let it wait until a day, or end it with an outcome."""
        why = _reason(why)
        async with self.enter(reader, Deed.CHANGE, number, detail="status") as folder:
            require_same(folder.case, seen)
            was, claim = folder.case.status, await folder.unit.claims.of(folder.contact.id)
            match status:
                case CaseStatus.RESOLVED | CaseStatus.CLOSED:
                    changed = _ended(folder.case, status, outcome, folder.now)
                case CaseStatus.WAITING:
                    changed = _waiting(folder.case, next_step, next_step_at, folder.now)
                case _:
                    changed = self._again(folder.case, claim, folder.now)
            details = {"was": was.value, "is": changed.status.value, "outcome": outcome.value if outcome else ""}
            folder.note(ActivityKind.STATUS, text=why, details=details)
            await folder.save(changed)

    def _again(self, case: Case, claim: Claim | None, now: datetime) -> Case:
        """Open: in the hands of who speaks with the contact, else in the queue; one that was over begins anew."""
        status = CaseStatus.OPEN if claim is None else CaseStatus.IN_PROGRESS
        owner = None if claim is None else claim.staff
        again = replace(case, status=status, owner=owner, closed_at=None, outcome=None)
        if case.status.is_open:
            return again
        due_at, resolve_by = self.targets.answer_by(case.urgency, now), self.targets.resolve_by(case.urgency, now)
        return replace(again, answered_at=None, escalated_at=None, due_at=due_at, resolve_by=resolve_by)

    async def plan(self, reader: Reader, number: str, step: str, at: datetime | None, *, seen: str) -> None:
        """Name the next step and by when it is done; with neither there is none."""
        step = step.strip()
        if len(step) > LONGEST_REASON:
            raise InputError(TOO_LONG)
        if step and at is None:
            raise InputError(NO_DATE)
        async with self.enter(reader, Deed.CHANGE, number, detail="next step") as folder:
            require_same(folder.case, seen)
            if at is not None and at <= folder.now:
                raise InputError(PAST)
            details = {"due_at": at.isoformat()} if at is not None else {}
            folder.note(ActivityKind.NEXT_STEP, text=step, details=details)
            await folder.save(replace(folder.case, next_step=step, next_step_at=at))

    async def link(self, reader: Reader, number: str, other: str) -> None:
        """Say that two cases belong together; raises InputError, in the same words for one that may not be seen."""
        async with self.enter(reader, Deed.CHANGE, number, detail="link") as folder:
            known = await self._other(folder, other)
            if known.id in await folder.unit.case_links.of(folder.case.id):
                return
            await folder.unit.case_links.link(folder.case.id, known.id)
            folder.note(ActivityKind.LINKED, details={"case": known.number})

    async def unlink(self, reader: Reader, number: str, other: str) -> None:
        async with self.enter(reader, Deed.CHANGE, number, detail="unlink") as folder:
            known = await self._other(folder, other)
            if known.id not in await folder.unit.case_links.of(folder.case.id):
                return
            await folder.unit.case_links.unlink(folder.case.id, known.id)
            folder.note(ActivityKind.UNLINKED, details={"case": known.number})

    async def _other(self, folder: Folder, number: str) -> Case:
        known = await folder.unit.cases.by_number(number_typed(number))
        if known is None or not await may_read(folder.unit, folder.reader, known):
            raise InputError(NO_SUCH_CASE)
        if known.id == folder.case.id:
            raise InputError(SAME_CASE)
        return known

    async def mark_clues(self, reader: Reader, number: str, clues: Collection[Clue], *, seen: str) -> None:
        """Mark signs of forced labour: a trained person's judgement, which nobody else sees (R15)."""
        if reader.role is not Role.SPECIALIST:
            raise InputError(FOR_SPECIALISTS)
        async with self.enter(reader, Deed.CHANGE, number, detail="clues") as folder:
            require_same(folder.case, seen)
            if frozenset(clues) != folder.case.clues:
                folder.note(ActivityKind.CLUES, details={"clues": ",".join(sorted(clues))})
                await folder.save(replace(folder.case, clues=frozenset(clues)))

    async def move(self, reader: Reader, number: str, compartment: Compartment, why: str) -> bool:
        """Move it to the specialists, or (a specialist alone) back; returns whether the reader may still see it.

        Whoever speaks with the contact and may not any more gives the conversation back to the queue.
        """
        why = _reason(why)
        if compartment is Compartment.GENERAL and reader.role is not Role.SPECIALIST:
            raise InputError(FOR_SPECIALISTS)
        async with self.enter(reader, Deed.CHANGE, number, detail=f"compartment: {compartment}") as folder:
            was = folder.case.compartment
            if was is not compartment:
                folder.note(ActivityKind.COMPARTMENT, text=why, details={"was": was.value, "is": compartment.value})
                await folder.save(replace(folder.case, compartment=compartment))
            contact, subject = folder.contact.id, of_conversation(folder.contact.id, folder.cases)
            claim = await folder.unit.claims.of(contact)
            holder = await folder.unit.staff.get(claim.staff) if claim is not None else None
        if holder is not None and not access.may(
            Reader(role=holder.role, id=holder.id, employer=holder.employer), Deed.ANSWER, subject
        ):
            await self.desk.give_back(SYSTEM, contact, Why.SILENT)
        return access.may(reader, Deed.READ, subject)

    # --- inside a transaction ---------------------------------------------------------------------------------------

    @asynccontextmanager
    async def enter(self, reader: Reader, deed: Deed, number: str, *, detail: str = "") -> AsyncIterator[Folder]:
        """A transaction in one case, with what is done entered in its history and in the audit.

        Raises Denied, which is entered too, in the words and after the steps of a number that does not exist.
        """
        async with self.store.look() as unit:
            known = await unit.cases.by_number(number_typed(number))
        contact_id = known.contact if known is not None else _NOBODY
        async with self.store.transaction(contact_id) as unit:
            now, contact = self.clock.now(), await unit.contacts.get(contact_id)
            cases = list(await unit.cases.of(contact_id))
            case = next((one for one in cases if known is not None and one.id == known.id), None)
            is_allowed = case is not None and access.may(reader, deed, subject_of(contact_id, cases))
            if case is not None and contact is not None and is_allowed:
                folder = Folder(
                    unit=unit, reader=reader, contact=contact, case=case, cases=cases, now=now, ids=self.ids
                )
                yield folder
                await unit.activities.add(folder.done)
            subject = case.id if case is not None else "unknown"
            await audit.record(unit, reader, deed, Matter.CASE, subject, at=now, is_allowed=is_allowed, detail=detail)
        if not is_allowed:
            raise Denied(access.REFUSAL)


# --- rules ----------------------------------------------------------------------------------------------------------


def require_same(case: Case, seen: str) -> None:
    """Raises Conflict when the case is not as it was seen."""
    if seen != stamp(case):
        raise Conflict(CHANGED)


def _checked(text: str, longest: int) -> str:
    text = text.strip()
    if len(text) > longest:
        raise InputError(TOO_LONG)
    return text


def _reason(why: str) -> str:
    why = _checked(why, LONGEST_REASON)
    if not why:
        raise InputError(NO_REASON)
    return why


def _ended(case: Case, status: CaseStatus, outcome: Outcome | None, now: datetime) -> Case:
    if outcome is None:
        raise InputError(NO_OUTCOME)
    closed_at = now if case.status.is_open else case.closed_at
    return replace(case, status=status, outcome=outcome, closed_at=closed_at, next_step="", next_step_at=None)


def _waiting(case: Case, step: str, at: datetime | None, now: datetime) -> Case:
    at = at or case.next_step_at
    if at is None:
        raise InputError(NO_DATE)
    if at <= now:
        raise InputError(PAST)
    return replace(
        case, status=CaseStatus.WAITING, next_step=_checked(step, LONGEST_REASON) or case.next_step, next_step_at=at,
        closed_at=None, outcome=None,
    )  # fmt: skip
