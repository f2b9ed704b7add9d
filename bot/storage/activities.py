"""Owns activities in SQL: what was done, by whom and when in clear; what was written, sealed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.case import CaseId
from bot.domain.contact import ContactId
from bot.domain.staff import StaffId
from bot.services.desk_ports import WHOLE, Part
from bot.storage import values
from bot.storage.parts import inside
from bot.storage.retention import delete_oldest
from bot.storage.schema import activities
from bot.storage.work import Work


class SqlActivities:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._vault = work.vault

    async def add(self, new: Sequence[Activity]) -> None:
        if new:
            await self._db.execute(insert(activities), [self._row(activity) for activity in new])

    async def of(
        self, contact: ContactId, limit: int, *, part: Part = WHOLE, without: Collection[ActivityKind] = ()
    ) -> Sequence[Activity]:
        at, number = activities.c.at, activities.c.number
        mine = select(activities).where(
            activities.c.contact_id == contact,
            activities.c.kind.not_in([kind.value for kind in without]),
            *inside(activities, part, at=at, number=number),
        )
        rows = await self._db.execute(mine.order_by(at.desc(), number.desc()).limit(limit))
        return [self._activity(row) for row in reversed(rows.all())]

    async def of_case(self, case: CaseId) -> Sequence[Activity]:
        rows = await self._db.execute(
            select(activities).where(activities.c.case_id == case).order_by(activities.c.number)
        )
        return [self._activity(row) for row in rows]

    async def delete_before(self, at: datetime, limit: int) -> int:
        due = (activities.c.at < at) & activities.c.case_id.is_(None)
        return await delete_oldest(self._db, activities, due, by=activities.c.at, limit=limit)

    # --- rows -------------------------------------------------------------------------------------------------------

    def _row(self, activity: Activity) -> dict[str, Any]:
        private = {"text": activity.text, "details": dict(activity.details)}
        return {
            "id": activity.id,
            "contact_id": activity.contact,
            "case_id": activity.case,
            "staff_id": activity.staff,
            "kind": activity.kind.value,
            "at": activity.at,
            "sealed": self._vault.seal("activities", activity.id, values.to_bytes(private)),
        }

    def _activity(self, row: Any) -> Activity:
        private = values.from_bytes(self._vault.unseal("activities", row.id, row.sealed))
        return Activity(
            id=ActivityId(row.id),
            contact=ContactId(row.contact_id),
            case=CaseId(row.case_id) if row.case_id else None,
            staff=StaffId(row.staff_id) if row.staff_id else None,
            kind=ActivityKind(row.kind),
            at=row.at,
            text=private["text"],
            details=private["details"],
        )
