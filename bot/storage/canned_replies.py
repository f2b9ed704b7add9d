"""Owns canned replies in SQL: nothing of them is about a contact."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from bot.domain.case import Topic
from bot.services.desk_ports import CannedReply
from bot.storage.schema import canned_replies as table
from bot.storage.upsert import put
from bot.storage.work import Work


class SqlCannedReplies:
    def __init__(self, work: Work) -> None:
        self._db = work.connection

    async def put(self, reply: CannedReply) -> None:
        row = {
            "id": reply.id,
            "name": reply.name,
            "topic": reply.topic.value if reply.topic else None,
            "texts": dict(reply.texts),
            "changed_at": reply.changed_at,
            "changed_by": reply.changed_by,
        }
        await put(self._db, table, [row])

    async def get(self, reply: str) -> CannedReply | None:
        row = (await self._db.execute(select(table).where(table.c.id == reply))).first()
        return _reply(row) if row is not None else None

    async def all(self) -> Sequence[CannedReply]:
        rows = await self._db.execute(select(table).order_by(table.c.name, table.c.id))
        return [_reply(row) for row in rows]

    async def delete(self, reply: str) -> None:
        await self._db.execute(delete(table).where(table.c.id == reply))


def _reply(row: Any) -> CannedReply:
    return CannedReply(
        id=row.id,
        name=row.name,
        topic=Topic(row.topic) if row.topic else None,
        texts=row.texts,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )
