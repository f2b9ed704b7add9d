"""Owns staff and their sign-ins in SQL: the second factor's secret is sealed, a session is found by a hash."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update

from bot.domain.employer import EmployerId
from bot.domain.errors import Conflict
from bot.domain.staff import Role, Staff, StaffId, StaffSession, Stage
from bot.services.employer_ports import Colleague
from bot.storage import values
from bot.storage.schema import staff as table
from bot.storage.schema import staff_sessions as sessions
from bot.storage.work import Work

_COLLEAGUES = select(table.c.id, table.c.name, table.c.role, table.c.employer_id, table.c.disabled_at)


class SqlStaff:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._vault = work.vault

    async def add(self, staff: Staff) -> None:
        await self._db.execute(insert(table).values(id=staff.id, **self._row(staff)))

    async def get(self, staff: StaffId) -> Staff | None:
        return await self._one(table.c.id == staff)

    async def hold(self, login: str) -> Staff | None:
        return await self._one(table.c.login == login.strip().casefold(), is_held=True)

    async def save(self, staff: Staff) -> None:
        stored = update(table).where(table.c.id == staff.id)
        if (await self._db.execute(stored.values(self._row(staff)))).rowcount == 0:
            raise Conflict(f"the account {staff.id} is not there any more")

    async def all(self) -> Sequence[Staff]:
        rows = await self._db.execute(select(table).order_by(table.c.login))
        return [self._staff(row) for row in rows]

    async def colleagues(self) -> Sequence[Colleague]:
        rows = await self._db.execute(_COLLEAGUES)
        return [
            Colleague(id=id_, name=name, role=Role(role), employer=employer, is_disabled=disabled_at is not None)
            for id_, name, role, employer, disabled_at in rows
        ]

    # --- sessions ---------------------------------------------------------------------------------------------------

    async def begin(self, session: StaffSession) -> None:
        await self._db.execute(
            insert(sessions).values(
                id=session.id,
                staff_id=session.staff,
                stage=session.stage.value,
                created_at=session.created_at,
                seen_at=session.seen_at,
                expires_at=session.expires_at,
            )
        )

    async def session(self, id_: str) -> StaffSession | None:
        row = (await self._db.execute(select(sessions).where(sessions.c.id == id_))).first()
        if row is None:
            return None
        return StaffSession(
            id=row.id,
            staff=StaffId(row.staff_id),
            stage=Stage(row.stage),
            created_at=row.created_at,
            seen_at=row.seen_at,
            expires_at=row.expires_at,
        )

    async def seen(self, id_: str, at: datetime) -> None:
        await self._db.execute(update(sessions).where(sessions.c.id == id_, sessions.c.seen_at < at).values(seen_at=at))

    async def end(self, id_: str) -> bool:
        return (await self._db.execute(delete(sessions).where(sessions.c.id == id_))).rowcount > 0

    async def end_all(self, staff: StaffId) -> int:
        return (await self._db.execute(delete(sessions).where(sessions.c.staff_id == staff))).rowcount

    async def delete_expired(self, now: datetime) -> int:
        return (await self._db.execute(delete(sessions).where(sessions.c.expires_at <= now))).rowcount

    # --- rows -------------------------------------------------------------------------------------------------------

    async def _one(self, condition: ColumnElement[bool], *, is_held: bool = False) -> Staff | None:
        query = select(table).where(condition)
        # The lock leaves the key alone: a session of the same account can begin meanwhile.
        row = (await self._db.execute(query.with_for_update(key_share=True) if is_held else query)).first()
        return self._staff(row) if row is not None else None

    def _row(self, staff: Staff) -> dict[str, Any]:
        secret = {"totp": staff.totp_secret, "offered": staff.offered_secret}
        return {
            "employer_id": staff.employer,
            "login": staff.login,
            "name": staff.name,
            "role": staff.role.value,
            "languages": list(staff.languages),
            "password_hash": staff.password_hash,
            "failures": staff.failures,
            "locked_until": staff.locked_until,
            "created_at": staff.created_at,
            "disabled_at": staff.disabled_at,
            "last_totp_step": staff.last_totp_step,
            "sealed": self._vault.seal("staff", staff.id, values.to_bytes(secret)),
        }

    def _staff(self, row: Any) -> Staff:
        secret = values.from_bytes(self._vault.unseal("staff", row.id, row.sealed))
        return Staff(
            id=StaffId(row.id),
            login=row.login,
            name=row.name,
            role=Role(row.role),
            employer=EmployerId(row.employer_id) if row.employer_id is not None else None,
            languages=tuple(row.languages),
            password_hash=row.password_hash,
            totp_secret=secret["totp"],
            offered_secret=secret["offered"],
            last_totp_step=row.last_totp_step,
            failures=row.failures,
            locked_until=row.locked_until,
            created_at=row.created_at,
            disabled_at=row.disabled_at,
        )
