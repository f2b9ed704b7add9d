"""Owns sessions in SQL: a contact's stack of open flows, changed by one writer at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from bot.domain.contact import ContactId
from bot.domain.errors import Conflict
from bot.domain.session import Return, Session, SessionId, SessionStatus
from bot.storage import values
from bot.storage.retention import delete_oldest
from bot.storage.schema import sessions
from bot.storage.work import Work

_OPEN = [status.value for status in SessionStatus if status.is_open]


class SqlSessions:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._vault = work.vault

    async def open(self, contact: ContactId) -> Sequence[Session]:
        rows = await self._db.execute(
            select(sessions)
            .where(sessions.c.contact_id == contact, sessions.c.status.in_(_OPEN))
            .order_by(sessions.c.number.desc())
        )
        return [self._session(row) for row in rows]

    async def save(self, session: Session) -> None:
        row = self._row(session)
        if session.revision == 0:
            await self._db.execute(insert(sessions).values(id=session.id, contact_id=session.contact, **row))
            return
        stored = update(sessions).where(sessions.c.id == session.id, sessions.c.revision == session.revision)
        if (await self._db.execute(stored.values(row))).rowcount == 0:
            raise Conflict(f"session {session.id} is no longer at revision {session.revision}")

    async def lapsed(self, now: datetime, limit: int) -> Sequence[ContactId]:
        rows = await self._db.execute(
            select(sessions.c.contact_id)
            .where(sessions.c.status == SessionStatus.WAITING.value, sessions.c.waits_until <= now)
            .group_by(sessions.c.contact_id)
            .order_by(func.min(sessions.c.waits_until))
            .limit(limit)
        )
        return [ContactId(row.contact_id) for row in rows]

    async def delete_ended_before(self, at: datetime, limit: int) -> int:
        due = (sessions.c.status == SessionStatus.ENDED.value) & (sessions.c.started_at < at)
        return await delete_oldest(self._db, sessions, due, by=sessions.c.started_at, limit=limit)

    # --- rows -------------------------------------------------------------------------------------------------------

    def _row(self, session: Session) -> dict[str, Any]:
        answers = values.to_bytes(values.written_all(session.answers))
        return {
            "flow": session.flow,
            "version": session.version,
            "step": session.step,
            "status": session.status.value,
            "returns": [[back.flow, back.step] for back in session.returns],
            "tries": session.tries,
            "is_reminded": session.is_reminded,
            "waits_until": session.waits_until,
            "started_at": session.started_at,
            "revision": session.revision + 1,
            "sealed": self._vault.seal("sessions", session.id, answers),
        }

    def _session(self, row: Any) -> Session:
        answers = values.from_bytes(self._vault.unseal("sessions", row.id, row.sealed))
        return Session(
            id=SessionId(row.id),
            contact=ContactId(row.contact_id),
            flow=row.flow,
            version=row.version,
            step=row.step,
            answers=values.read_all(answers),
            status=SessionStatus(row.status),
            returns=tuple(Return(flow=flow, step=step) for flow, step in row.returns),
            tries=row.tries,
            is_reminded=row.is_reminded,
            waits_until=row.waits_until,
            started_at=row.started_at,
            revision=row.revision,
        )
