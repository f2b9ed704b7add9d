"""Owns sessions in SQL: a contact's stack of open flows, changed by one writer at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, text, update

from bot.domain.contact import ContactId
from bot.domain.errors import Conflict
from bot.domain.session import Return, Session, SessionId, SessionStatus
from bot.storage import values
from bot.storage.retention import delete_oldest
from bot.storage.schema import IS_ENDED, IS_OPEN, sessions
from bot.storage.work import Work

_OPEN = (
    select(sessions)
    .where(sessions.c.contact_id == bindparam("contact"), text(IS_OPEN))
    .order_by(sessions.c.number.desc())
)
_CHANGE = update(sessions).where(sessions.c.id == bindparam("session"), sessions.c.revision == bindparam("read"))
_LAPSED = (
    select(sessions.c.contact_id)
    .where(text(IS_OPEN), sessions.c.waits_until <= bindparam("now"))
    .order_by(sessions.c.waits_until)
    .limit(bindparam("limit"))
)


class SqlSessions:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._vault = work.vault

    async def open(self, contact: ContactId) -> Sequence[Session]:
        rows = await self._db.execute(_OPEN, {"contact": contact})
        return [self._session(row) for row in rows]

    async def save(self, session: Session) -> None:
        row = self._row(session)
        if session.revision == 0:
            await self._db.execute(insert(sessions), {"id": session.id, "contact_id": session.contact, **row})
            return
        changed = await self._db.execute(_CHANGE, {"session": session.id, "read": session.revision, **row})
        if changed.rowcount == 0:
            raise Conflict(f"session {session.id} is no longer at revision {session.revision}")

    async def lapsed(self, now: datetime, limit: int) -> Sequence[ContactId]:
        contacts = await self._db.scalars(_LAPSED, {"now": now, "limit": limit})
        return [ContactId(contact) for contact in dict.fromkeys(contacts)]  # one question waits for each, or a few

    async def delete_ended_before(self, at: datetime, limit: int) -> int:
        due = text(IS_ENDED) & (sessions.c.started_at < at)
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
