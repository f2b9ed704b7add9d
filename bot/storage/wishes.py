"""Owns what people ended or allowed since a backup was made, as lines that outlive the database: said again after it.

A line's key is an erasure's keyed hash as it is, or `stop:` or `start:` and an address's, or `revoked:` and the id of a
consent. It names nobody to whoever has not the database's own key.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, String, case, delete, literal, or_, select, text, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.contact import Permission
from bot.storage.schema import IS_CHOSEN_ADDRESS, addresses, consents, erasures, refused_addresses
from bot.storage.upsert import insert_new

Line = tuple[str, datetime]
_STOP, _START, _REVOKED = "stop:", "start:", "revoked:"
_KINDS = {_STOP: Permission.REFUSED, _START: Permission.GRANTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The newest word of each: who is erased, what each address's owner said last, which consents are taken back."""

    erased: dict[str, datetime] = field(default_factory=dict)
    permissions: dict[str, tuple[datetime, Permission]] = field(default_factory=dict)
    revoked: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "Wishes":
        wishes = cls()
        for key, at in sorted(lines, key=lambda line: line[1]):
            kind, mark, name = key.partition(":")
            if kind + mark in _KINDS:
                wishes.permissions[name] = (at, _KINDS[kind + mark])
            elif kind + mark == _REVOKED:
                wishes.revoked[name] = at
            else:
                wishes.erased[key] = at
        return wishes


def lines(since: datetime | None = None) -> CompoundSelect[tuple[str, datetime]]:
    """Every line of the database (from that time on), in order."""
    is_stop = addresses.c.permission == Permission.REFUSED.value
    kind = case((is_stop, literal(_STOP, String)), else_=literal(_START, String))
    parts: list[tuple[Any, Any, Any]] = [
        (erasures.c.id, erasures.c.at, erasures.c.at.is_not(None)),
        (kind.concat(addresses.c.id), addresses.c.permission_at, text(IS_CHOSEN_ADDRESS)),
        (literal(_REVOKED, String).concat(consents.c.id), consents.c.revoked_at, consents.c.revoked_at.is_not(None)),
    ]
    found = [
        select(key.label("key"), at.label("at")).where(is_one, at >= since if since is not None else at.is_not(None))
        for key, at, is_one in parts
    ]
    return union_all(*found).order_by("at", "key")


async def spoken(connection: AsyncConnection, now: datetime) -> list[Line]:
    """What the database that is about to be replaced knows; STOP of whoever is erased there counts from now."""
    known = [(row.key, row.at) for row in await connection.execute(lines())]
    return known + [(f"{_STOP}{key}", now) for key in await connection.scalars(select(refused_addresses.c.id))]


async def say_again(connection: AsyncConnection, wishes: Wishes) -> None:
    """Let the newest word hold in what was restored, but for the erasures: STOP and START by address, and no consent
    that was taken back. An address that the backup does not know stays refused for whoever comes with it."""
    for address, (at, permission) in wishes.permissions.items():
        is_older = or_(addresses.c.permission_at.is_(None), addresses.c.permission_at <= at)
        known = addresses.c.id == address
        await connection.execute(
            update(addresses).where(known, is_older).values(permission=permission.value, permission_at=at)
        )
        if permission is Permission.GRANTED:
            await connection.execute(delete(refused_addresses).where(refused_addresses.c.id == address))
        elif (await connection.execute(select(addresses.c.id).where(known))).first() is None:
            await insert_new(connection, refused_addresses, {"id": address})
    for consent, at in wishes.revoked.items():
        holds = consents.c.id == consent, consents.c.revoked_at.is_(None)
        await connection.execute(update(consents).where(*holds).values(revoked_at=at))
