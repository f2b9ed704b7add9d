"""Owns claims in SQL: the primary key lets one person at a time have a conversation."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from bot.domain.claim import Claim
from bot.domain.contact import ContactId
from bot.domain.errors import Conflict
from bot.domain.staff import StaffId
from bot.storage.schema import claims
from bot.storage.upsert import insert_new
from bot.storage.work import Work

_OF = select(claims).where(claims.c.contact_id == bindparam("contact"))


class SqlClaims:
    def __init__(self, work: Work) -> None:
        self._db = work.connection

    async def take(self, claim: Claim) -> bool:
        row = {"contact_id": claim.contact, "staff_id": claim.staff, **_times(claim)}
        return await insert_new(self._db, claims, row)

    async def of(self, contact: ContactId) -> Claim | None:
        row = (await self._db.execute(_OF, {"contact": contact})).first()
        return read_claim(row) if row is not None else None

    async def save(self, claim: Claim) -> None:
        stored = update(claims).where(claims.c.contact_id == claim.contact)
        if (await self._db.execute(stored.values(staff_id=claim.staff, **_times(claim)))).rowcount == 0:
            raise Conflict("Nobody has this conversation any more.")

    async def end(self, contact: ContactId) -> bool:
        return (await self._db.execute(delete(claims).where(claims.c.contact_id == contact))).rowcount > 0

    async def by(self, staff: StaffId) -> Sequence[Claim]:
        rows = await self._db.execute(select(claims).where(claims.c.staff_id == staff).order_by(claims.c.claimed_at))
        return [read_claim(row) for row in rows]

    async def all(self) -> Sequence[Claim]:
        rows = await self._db.execute(select(claims).order_by(claims.c.claimed_at))
        return [read_claim(row) for row in rows]


def read_claim(row: Any) -> Claim:
    """The claim that a row of the table says."""
    return Claim(
        contact=ContactId(row.contact_id),
        staff=StaffId(row.staff_id),
        claimed_at=row.claimed_at,
        answered_at=row.answered_at,
    )


def _times(claim: Claim) -> dict[str, Any]:
    return {"claimed_at": claim.claimed_at, "answered_at": claim.answered_at}
