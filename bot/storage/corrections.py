"""Owns corrections in SQL: what misunderstood messages meant, their texts sealed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.domain.contact import ContactId
from bot.domain.message import MessageId
from bot.domain.staff import StaffId
from bot.services.desk_ports import Correction
from bot.storage.retention import delete_oldest
from bot.storage.schema import corrections as table
from bot.storage.upsert import put
from bot.storage.work import Work


class SqlCorrections:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._vault = work.vault

    async def put(self, correction: Correction) -> None:
        row = {
            "id": correction.message,
            "contact_id": correction.contact,
            "message_id": correction.message,
            "intent": correction.intent,
            "language": correction.language,
            "at": correction.at,
            "staff_id": correction.staff,
            "sealed": self._vault.seal("corrections", correction.message, correction.text.encode("utf-8", "replace")),
        }
        await put(self._db, table, [row])

    async def of(self, messages: Collection[MessageId]) -> Mapping[MessageId, Correction]:
        rows = await self._db.execute(select(table).where(table.c.message_id.in_(list(messages))))
        return {MessageId(row.message_id): self._correction(row) for row in rows}

    async def since(self, at: datetime, limit: int) -> Sequence[Correction]:
        rows = await self._db.execute(
            select(table).where(table.c.at >= at).order_by(table.c.at, table.c.id).limit(limit)
        )
        return [self._correction(row) for row in rows]

    async def delete_before(self, at: datetime, limit: int) -> int:
        return await delete_oldest(self._db, table, table.c.at < at, by=table.c.at, limit=limit)

    def _correction(self, row: Any) -> Correction:
        return Correction(
            message=MessageId(row.message_id),
            contact=ContactId(row.contact_id),
            text=self._vault.unseal("corrections", row.id, row.sealed).decode(),
            language=row.language,
            intent=row.intent,
            at=row.at,
            staff=StaffId(row.staff_id),
        )
