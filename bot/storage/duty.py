"""Owns duty in SQL: who is here, and who is planned to be."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from bot.domain.duty import Presence, Shift, ShiftId
from bot.domain.staff import StaffId
from bot.storage.schema import presences, shifts
from bot.storage.upsert import insert_new, put
from bot.storage.work import Work


class SqlDuty:
    def __init__(self, work: Work) -> None:
        self._db = work.connection

    async def begin(self, staff: StaffId, at: datetime) -> None:
        if not await insert_new(self._db, presences, {"staff_id": staff, "since": at, "seen_at": at}):
            await self.seen(staff, at)

    async def seen(self, staff: StaffId, at: datetime) -> None:
        here = presences.c.staff_id == staff, presences.c.seen_at < at
        await self._db.execute(update(presences).where(*here).values(seen_at=at))

    async def end(self, staff: StaffId, *, silent_since: datetime | None = None) -> bool:
        theirs = delete(presences).where(presences.c.staff_id == staff)
        if silent_since is not None:
            theirs = theirs.where(presences.c.seen_at <= silent_since)
        return (await self._db.execute(theirs)).rowcount > 0

    async def present(self) -> Sequence[Presence]:
        rows = await self._db.execute(select(presences).order_by(presences.c.since, presences.c.staff_id))
        return [Presence(staff=StaffId(row.staff_id), since=row.since, seen_at=row.seen_at) for row in rows]

    async def put_shift(self, shift: Shift) -> None:
        row = {"id": shift.id, "staff_id": shift.staff, "begins_at": shift.begins_at, "ends_at": shift.ends_at}
        await put(self._db, shifts, [row])

    async def delete_shift(self, shift: ShiftId) -> None:
        await self._db.execute(delete(shifts).where(shifts.c.id == shift))

    async def shifts(self, begins_before: datetime, ends_after: datetime) -> Sequence[Shift]:
        between = shifts.c.begins_at < begins_before, shifts.c.ends_at > ends_after
        rows = await self._db.execute(select(shifts).where(*between).order_by(shifts.c.begins_at, shifts.c.id))
        return [
            Shift(id=ShiftId(row.id), staff=StaffId(row.staff_id), begins_at=row.begins_at, ends_at=row.ends_at)
            for row in rows
        ]
