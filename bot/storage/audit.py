"""Owns the audit in SQL: rows are added at the chain's end and never changed, and both its ends are sealed."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select

from bot.domain.audit import BEGINNING, AuditEntry, End
from bot.storage.crypto import Tampered
from bot.storage.schema import audit, secrets
from bot.storage.upsert import put
from bot.storage.work import Work

# Rows of the table of secrets: without the keys, nobody can write another end there.
_END, _START = "audit", "audit-start"
_LAST = select(func.max(audit.c.number))


class SqlAudit:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._db = work.connection

    async def add(self, entry: AuditEntry) -> AuditEntry:
        await self._work.one_at_a_time("audit")
        # What the row before says of itself is not asked: it may be forged, and would be sealed by this one.
        end, last = await self.end() or BEGINNING, await self._db.scalar(_LAST) or 0
        number = max(end.number, last) + 1
        entry = replace(entry, number=number, before=end.hash, hash=entry.hashed(number, end.hash))
        row = {column.name: getattr(entry, column.name) for column in audit.c}
        await self._db.execute(insert(audit).values(row))
        await self._seal(_END, End(number=entry.number, hash=entry.hash))
        return entry

    async def end(self) -> End | None:
        return await self._sealed(_END)

    async def start(self) -> End | None:
        return await self._sealed(_START)

    async def forget(self, last: End) -> None:
        await self._work.one_at_a_time("audit")
        await self._db.execute(delete(audit).where(audit.c.number <= last.number))
        await self._seal(_START, last)

    async def _seal(self, row: str, end: End) -> None:
        sealed = self._work.vault.seal(secrets.name, row, json.dumps([end.number, end.hash]).encode())
        await put(self._db, secrets, [{"id": row, "sealed": sealed}])

    async def _sealed(self, row: str) -> End | None:
        sealed = await self._db.scalar(select(secrets.c.sealed).where(secrets.c.id == row))
        if sealed is None:
            return None
        try:
            number, hashed = json.loads(self._work.vault.unseal(secrets.name, row, sealed))
        except Tampered:  # as good as none: work goes on, and the chain shows a break
            return None
        return End(number=number, hash=hashed)

    async def after(self, number: int, limit: int) -> Sequence[AuditEntry]:
        rows = await self._db.execute(
            select(audit).where(audit.c.number > number).order_by(audit.c.number).limit(limit)
        )
        return [_entry(row) for row in rows]

    async def search(
        self,
        *,
        subject: str = "",
        reader: str = "",
        matter: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int,
    ) -> Sequence[AuditEntry]:
        query = select(audit).order_by(audit.c.number.desc()).limit(limit)
        for column, sought in ((audit.c.subject, subject), (audit.c.reader, reader), (audit.c.matter, matter)):
            query = query.where(column == sought) if sought else query
        query = query.where(audit.c.at >= since) if since is not None else query
        query = query.where(audit.c.at < until) if until is not None else query
        query = query.where(audit.c.number < before) if before is not None else query
        return [_entry(row) for row in await self._db.execute(query)]


def _entry(row: Any) -> AuditEntry:
    return AuditEntry(**{column.name: getattr(row, column.name) for column in audit.c})
