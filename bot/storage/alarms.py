"""Owns alarms in SQL: word that goes out of the house, claimed by one process at a time."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from bot.domain.case import CaseId
from bot.services.desk_ports import Alarm, AlarmKind
from bot.storage.schema import alarms
from bot.storage.work import Work


class SqlAlarms:
    def __init__(self, work: Work) -> None:
        self._db = work.connection

    async def add(self, alarm: Alarm) -> None:
        await self._db.execute(
            insert(alarms).values(
                case_id=alarm.case,
                kind=alarm.kind,
                made_at=alarm.made_at,
                due_at=alarm.due_at,
                attempts=alarm.attempts,
                told=_written(alarm.told),
            )
        )

    async def has_due(self, now: datetime) -> bool:
        return await self._db.scalar(select(alarms.c.number).where(alarms.c.due_at <= now).limit(1)) is not None

    async def claim(self, now: datetime, until: datetime, limit: int) -> Sequence[Alarm]:
        due = select(alarms).where(alarms.c.due_at <= now).order_by(alarms.c.due_at, alarms.c.number)
        rows = (await self._db.execute(due.limit(limit).with_for_update(skip_locked=True))).all()
        claimed = [
            Alarm(
                number=row.number,
                case=CaseId(row.case_id),
                kind=AlarmKind(row.kind),
                made_at=row.made_at,
                due_at=until,
                attempts=row.attempts + 1,
                told=frozenset(row.told.split()),
            )
            for row in rows
        ]
        for alarm in claimed:
            await self.save(alarm)
        return claimed

    async def save(self, alarm: Alarm) -> None:
        stored = update(alarms).where(alarms.c.number == alarm.number)
        await self._db.execute(stored.values(due_at=alarm.due_at, attempts=alarm.attempts, told=_written(alarm.told)))


def _written(told: frozenset[str]) -> str:
    return " ".join(sorted(told))
