"""Owns duty: who is here, what is given to them, what is taken from who has gone, and when who is planned to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.claim import Claim
from bot.domain.contact import ContactId
from bot.domain.duty import SILENT_AFTER, Presence, Shift, ShiftId
from bot.domain.errors import Denied, InputError, MusterError
from bot.domain.staff import Role, Staff, StaffId
from bot.log import logger
from bot.services import access
from bot.services.access import Deed, Reader, Subject
from bot.services.assigning import Assigning, Choice, Hands, Match, choices, matches
from bot.services.desk import Desk, Why
from bot.services.desk_ports import QueueRow
from bot.services.ports import Clock, Ids, Store, Unit
from bot.services.queue import Place, place_of, subject_of, visible

log = logger("duty")

BY_ITSELF = Reader(role=Role.SYSTEM, id="desk")
LONGEST_SHIFT = timedelta(hours=24)

NOT_AN_OPERATOR = "Choose somebody who answers conversations."
BACKWARDS = "A shift ends after it begins, and lasts no longer than 24 hours."
NOT_HERE = "This person is not on duty any more. Choose somebody who is here."
TEXTS = (NOT_AN_OPERATOR, BACKWARDS, NOT_HERE)  # shown, so translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One shift and whose it is."""

    shift: Shift
    staff: Staff


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDesk:
    """Keeps who is on duty, so that nothing stays with someone who has gone."""

    store: Store
    clock: Clock
    ids: Ids
    desk: Desk
    assigning: Assigning = Assigning.OFF

    # --- presence ---------------------------------------------------------------------------------------------------

    async def begin(self, reader: Reader) -> None:
        """On duty from now. Raises Denied for who answers nobody."""
        _require_answers(reader)
        async with self.store.transaction() as unit:
            await unit.duty.begin(StaffId(reader.id), self.clock.now())

    async def seen(self, reader: Reader) -> Presence | None:
        """A sign of their screen; returns their presence, if they are on duty."""
        _require_answers(reader)
        async with self.store.transaction() as unit:
            await unit.duty.seen(StaffId(reader.id), self.clock.now())
            return await _presence(unit, StaffId(reader.id))

    async def presence(self, reader: Reader) -> Presence | None:
        """Since when they are on duty; None when they are not."""
        async with self.store.look() as unit:
            return await _presence(unit, StaffId(reader.id))

    async def leave(self, reader: Reader) -> int:
        """Off duty: what lies with them goes back to the queue, the oldest first; returns how many conversations."""
        _require_answers(reader)
        async with self.store.transaction() as unit:
            await unit.duty.end(StaffId(reader.id))
            theirs = await unit.claims.by(StaffId(reader.id))
        return await self._give_back([(claim, Why.OFF_DUTY) for claim in theirs])

    async def present(self) -> Sequence[tuple[Staff, Presence]]:
        """Who is here, by how long."""
        async with self.store.look() as unit:
            people = {one.id: one for one in await unit.staff.all()}
            return [(people[here.staff], here) for here in await unit.duty.present() if here.staff in people]

    # --- ticks ------------------------------------------------------------------------------------------------------

    async def sweep(self) -> int:
        """Give back what lies with who has gone; returns how many conversations."""
        now = self.clock.now()
        async with self.store.look() as unit:
            present, claims, people = await unit.duty.present(), await unit.claims.all(), await unit.staff.all()
            barred = await _barred(unit, claims, people)
        disabled = {one.id for one in people if one.disabled_at is not None}
        silent = {here.staff for here in present if here.is_silent(now)}
        for staff in (silent | disabled) & {here.staff for here in present}:
            async with self.store.transaction() as unit:
                since = None if staff in disabled else now - SILENT_AFTER
                if not await unit.duty.end(staff, silent_since=since):
                    silent.discard(staff)  # they gave a sign at this moment
        here = {one.staff for one in present} - silent - disabled
        return await self._give_back(
            [
                (claim, Why.SILENT if claim.staff in silent else Why.OFF_DUTY)
                for claim in claims
                if claim.contact in barred
                or claim.staff in disabled | silent
                or (claim.staff not in here and _is_settled(claim, now))
            ]
        )

    async def _give_back(self, due: Sequence[tuple[Claim, Why]]) -> int:
        """One after the other, in the order given; what cannot be given back now does not hold up the rest."""
        count = 0
        for claim, why in due:
            try:
                count += await self.desk.give_back(BY_ITSELF, claim.contact, why, whose=claim.staff)
            except MusterError as error:
                log.warning("not_given_back", contact=claim.contact, error=error)
        return count

    async def assign_waiting(self) -> int:
        """Give who waits to who is here, where the deployment wants it so; returns how many were given."""
        if self.assigning is not Assigning.AUTO:
            return 0
        count = 0
        for match in await self._matches():
            try:
                count += await self.desk.assign(BY_ITSELF, match.row.contact, match.staff)
            except MusterError as error:
                log.warning("not_assigned", contact=match.row.contact, error=error)
        return count

    async def assign(self, reader: Reader, contact: ContactId, to: StaffId) -> bool:
        """Give a conversation that nobody has to somebody who is here; False when somebody took it meanwhile.

        Raises Denied, InputError when that person is not on duty, or may not answer it.
        """
        _require_leads(reader)
        if to not in {one.id for one in (await self._hands()).people}:
            raise InputError(NOT_HERE)
        return await self.desk.assign(reader, contact, to)

    async def choices(self, reader: Reader, subject: Subject, language: str | None) -> Sequence[Choice]:
        """Who is here and may answer a contact of this language. Raises Denied for who gives out no work."""
        _require_leads(reader)
        return choices(subject, language, await self._hands())

    async def owed(self, reader: Reader) -> int:
        """How many conversations in this person's hands wait for their answer, also those that a colleague gave."""
        now = self.clock.now()
        async with self.store.look() as unit:
            rows = visible(await unit.queue.read(), reader)
        mine = [row for row in rows if row.claim is not None and row.claim.staff == reader.id]
        return sum(place_of(row, now) is Place.OWED for row in mine)

    async def offered(self, reader: Reader) -> Sequence[Match]:
        """Whom this person would be given, where the deployment offers and does not give; nothing they may not see."""
        if self.assigning is not Assigning.OFFER or not reader.role.answers:
            return ()
        mine = [match for match in await self._matches() if match.staff == reader.id]
        seen = {row.contact for row in visible([match.row for match in mine], reader)}
        return [match for match in mine if match.row.contact in seen]

    async def _matches(self) -> Sequence[Match]:
        now = self.clock.now()
        async with self.store.look() as unit:
            rows = await unit.queue.read()
        return list(matches(rows, await self._hands(rows), now))

    async def _hands(self, rows: Sequence[QueueRow] | None = None) -> Hands:
        """Who is here, silent screens left out; `rows` is the whole queue, where it was read already."""
        now = self.clock.now()
        async with self.store.look() as unit:
            rows = rows if rows is not None else await unit.queue.read()
            people = await unit.staff.all()
            here = {one.staff for one in await unit.duty.present() if not one.is_silent(now)}
        return Hands.of((one for one in people if one.id in here), rows)

    # --- shifts -----------------------------------------------------------------------------------------------------

    async def shifts(self, reader: Reader, since: datetime, until: datetime) -> Sequence[Planned]:
        """What is planned between two times: everybody's for who leads, one's own for the others."""
        _require_answers(reader)
        async with self.store.look() as unit:
            people = {one.id: one for one in await unit.staff.all()}
            planned = await unit.duty.shifts(until, since)
        return [
            Planned(shift=shift, staff=people[shift.staff])
            for shift in planned
            if shift.staff in people and (reader.role.leads or shift.staff == reader.id)
        ]

    async def operators(self) -> Sequence[Staff]:
        """Everybody who answers conversations and can sign in, by name."""
        async with self.store.look() as unit:
            people = await unit.staff.all()
        return sorted((one for one in people if _is_operator(one)), key=lambda one: one.name.casefold())

    async def plan(
        self, reader: Reader, staff: StaffId, begins_at: datetime, ends_at: datetime, shift: ShiftId | None = None
    ) -> Shift:
        """Put a shift into the plan, or change the one of that id. Raises Denied, InputError."""
        _require_leads(reader)
        if not begins_at < ends_at <= begins_at + LONGEST_SHIFT:
            raise InputError(BACKWARDS)
        planned = Shift(id=shift or ShiftId(self.ids.new()), staff=staff, begins_at=begins_at, ends_at=ends_at)
        async with self.store.transaction() as unit:
            colleague = await unit.staff.get(staff)
            if colleague is None or not _is_operator(colleague):
                raise InputError(NOT_AN_OPERATOR)
            await unit.duty.put_shift(planned)
        return planned

    async def cancel(self, reader: Reader, shift: ShiftId) -> None:
        """Take a shift out of the plan. Raises Denied."""
        _require_leads(reader)
        async with self.store.transaction() as unit:
            await unit.duty.delete_shift(shift)


async def _presence(unit: Unit, staff: StaffId) -> Presence | None:
    return next((here for here in await unit.duty.present() if here.staff == staff), None)


async def _barred(unit: Unit, claims: Sequence[Claim], people: Sequence[Staff]) -> set[ContactId]:
    """Whose conversation lies with somebody who may not answer there any more: it became protected meanwhile (R16)."""
    known = {one.id: Reader(role=one.role, id=one.id, employer=one.employer) for one in people}
    rows = {row.contact: row for row in await unit.queue.read()} if claims else {}
    return {
        claim.contact
        for claim in claims
        if claim.staff in known
        and claim.contact in rows
        and not access.may(known[claim.staff], Deed.ANSWER, subject_of(rows[claim.contact]))
    }


def _is_settled(claim: Claim, now: datetime) -> bool:
    """Whether somebody who is not on duty has had time to come: a colleague may have given it to them."""
    return now - claim.claimed_at >= SILENT_AFTER


def _is_operator(staff: Staff) -> bool:
    return staff.role.answers and staff.disabled_at is None


def _require_answers(reader: Reader) -> None:
    if not reader.role.answers:
        raise Denied(access.REFUSAL)


def _require_leads(reader: Reader) -> None:
    if not reader.role.leads:
        raise Denied(access.REFUSAL)
