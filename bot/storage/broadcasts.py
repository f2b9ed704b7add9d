"""Owns broadcasts in SQL: what is said to whom is one document, what is searched by has a column."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Select, insert, or_, select, update

from bot.domain.broadcast import Broadcast, BroadcastStatus
from bot.domain.delivery import BroadcastId
from bot.domain.employer import EmployerId
from bot.domain.errors import Conflict
from bot.storage.schema import broadcasts as table
from bot.storage.work import Work

_DOCUMENT: TypeAdapter[Broadcast] = TypeAdapter(Broadcast)
_BEGUN = [status.value for status in BroadcastStatus if status.is_begun]


class SqlBroadcasts:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._db = work.connection

    async def add(self, broadcast: Broadcast) -> None:
        await self._db.execute(insert(table), {"id": broadcast.id, **_row(broadcast)})

    async def get(self, broadcast: BroadcastId) -> Broadcast | None:
        found = await self._read(select(table).where(table.c.id == broadcast))
        return found[0] if found else None

    async def hold(self, broadcast: BroadcastId, *, is_alone: bool = False) -> Broadcast | None:
        take = self._work.one_at_a_time if is_alone else self._work.share
        await take(_lock(broadcast))
        return await self.get(broadcast)

    async def save(self, broadcast: Broadcast) -> None:
        await self._work.one_at_a_time(_lock(broadcast.id))
        same = table.c.id == broadcast.id, table.c.revision == broadcast.revision
        if (await self._db.execute(update(table).where(*same).values(_row(broadcast)))).rowcount == 0:
            raise Conflict("Somebody else changed this in the meantime. Look at it again, then repeat your change.")

    async def of_employer(self, employer: EmployerId | None, limit: int) -> Sequence[Broadcast]:
        newest = select(table).order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit)
        return await self._read(newest if employer is None else newest.where(table.c.employer_id == employer))

    async def in_status(self, *statuses: BroadcastStatus) -> Sequence[Broadcast]:
        values = [status.value for status in statuses]
        return await self._read(select(table).where(table.c.status.in_(values)).order_by(table.c.created_at))

    async def public(self, since: datetime) -> Sequence[Broadcast]:
        current = or_(table.c.expires_at.is_(None), table.c.expires_at > since)
        begun = select(table).where(table.c.status.in_(_BEGUN), current).order_by(table.c.created_at.desc())
        return [broadcast for broadcast in await self._read(begun) if broadcast.is_public]

    async def _read(self, query: Select[Any]) -> list[Broadcast]:
        return [_broadcast(row) for row in await self._db.execute(query)]


def _lock(broadcast: BroadcastId) -> str:
    return f"broadcast {broadcast}"


def _row(broadcast: Broadcast) -> dict[str, Any]:
    return {
        "employer_id": broadcast.employer,
        "kind": broadcast.kind.value,
        "status": broadcast.status.value,
        "created_at": broadcast.created_at,
        "send_at": broadcast.send_at,
        "begun_at": broadcast.begun_at,
        "expires_at": broadcast.expires_at,
        "revision": broadcast.revision + 1,
        "document": _DOCUMENT.dump_python(broadcast, mode="json"),
    }


def _broadcast(row: Any) -> Broadcast:
    return _DOCUMENT.validate_python({**row.document, "revision": row.revision})
