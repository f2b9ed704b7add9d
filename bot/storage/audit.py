"""Owns the audit in SQL: rows are added at the chain's end and never changed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from bot.domain.audit import GENESIS, AuditEntry
from bot.storage.schema import audit
from bot.storage.work import Work

_LAST = select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)


class SqlAudit:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._db = work.connection

    async def add(self, entry: AuditEntry) -> AuditEntry:
        await self._work.one_at_a_time("audit")
        last = (await self._db.execute(_LAST)).first()
        number, before = (last.number + 1, last.hash) if last is not None else (1, GENESIS)
        entry = replace(entry, number=number, before=before, hash=entry.hashed(number, before))
        row = {column.name: getattr(entry, column.name) for column in audit.c}
        await self._db.execute(insert(audit).values(row))
        return entry

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
