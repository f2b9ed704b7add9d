"""Owns links between cases in SQL."""

from collections.abc import Sequence

from sqlalchemy import and_, delete, or_, select

from bot.domain.case import CaseId
from bot.storage.schema import case_links as table
from bot.storage.upsert import insert_new
from bot.storage.work import Work


class SqlCaseLinks:
    def __init__(self, work: Work) -> None:
        self._db = work.connection

    async def link(self, case: CaseId, other: CaseId) -> None:
        first, second = sorted((case, other))
        await insert_new(self._db, table, {"case_id": first, "other_id": second})

    async def unlink(self, case: CaseId, other: CaseId) -> None:
        first, second = sorted((case, other))
        await self._db.execute(delete(table).where(and_(table.c.case_id == first, table.c.other_id == second)))

    async def of(self, case: CaseId) -> Sequence[CaseId]:
        rows = await self._db.execute(
            select(table).where(or_(table.c.case_id == case, table.c.other_id == case)).order_by(table.c.other_id)
        )
        return [CaseId(row.other_id if row.case_id == case else row.case_id) for row in rows]
