"""The end of the audit is sealed (R17): who can write to the database, but has not its keys, can cut nothing off."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.audit import GENESIS, AuditEntry
from bot.domain.staff import Role
from bot.services.access import Deed, Matter, Reader
from bot.services.audit import AuditDesk
from bot.storage.crypto import Keyring, make_key
from bot.storage.rotate import rotate
from bot.storage.schema import audit, secrets
from bot.storage.store import SqlStore
from tests.contracts.conftest import StillClock

OLGA = Reader(role=Role.OPERATOR, id="olga")


async def note(store: SqlStore, clock: StillClock, *subjects: str) -> AuditDesk:
    desk = AuditDesk(store=store, clock=clock)
    for subject in subjects:
        await desk.note(OLGA, Deed.READ, Matter.CASE, subject)
    return desk


async def cut_off_the_end(connection: AsyncConnection) -> None:
    await connection.execute(delete(audit).where(audit.c.number > 3))


async def cut_off_everything(connection: AsyncConnection) -> None:
    await connection.execute(delete(audit))


async def rewrite_everything(connection: AsyncConnection) -> None:
    """Every hash anew, as whoever reads this project's source can."""
    rows = (await connection.execute(select(audit).order_by(audit.c.number))).mappings().all()
    await write(connection, [AuditEntry(**{**row, "subject": "other"}) for row in rows])


async def write(connection: AsyncConnection, entries: Sequence[AuditEntry]) -> None:
    before, forged = GENESIS, []
    for number, entry in enumerate(entries, start=1):
        forged.append(replace(entry, number=number, before=before, hash=entry.hashed(number, before)))
        before = forged[-1].hash
    await connection.execute(delete(audit))
    rows = [{column.name: getattr(entry, column.name) for column in audit.c} for entry in forged]
    await connection.execute(insert(audit), rows)


async def put_one_more(connection: AsyncConnection) -> None:
    row = (await connection.execute(select(audit).order_by(audit.c.number.desc()).limit(1))).mappings().one()
    entry = AuditEntry(**row)
    forged = replace(entry, number=6, before=entry.hash, hash=entry.hashed(6, entry.hash))
    await connection.execute(insert(audit).values({name: getattr(forged, name) for name in row}))


async def take_the_seal_away(connection: AsyncConnection) -> None:
    await connection.execute(delete(secrets).where(secrets.c.id == "audit"))


async def spoil_the_seal(connection: AsyncConnection) -> None:
    await connection.execute(update(secrets).where(secrets.c.id == "audit").values(sealed=b"\x01\x02k1nonsense"))


CRIMES = {
    cut_off_the_end: 4,
    cut_off_everything: 1,
    rewrite_everything: 1,
    put_one_more: 6,
    take_the_seal_away: 1,
    spoil_the_seal: 1,
}


@pytest.mark.parametrize("crime", CRIMES)
async def test_r17_what_was_done_to_the_end_is_found(store: SqlStore, clock: StillClock, crime: Any) -> None:
    desk = await note(store, clock, "k1", "k2", "k3", "k4", "k5")
    assert await desk.first_break() is None
    async with store._engine.begin() as connection:
        await crime(connection)
    assert await desk.first_break() == CRIMES[crime]


@pytest.mark.parametrize("crime", CRIMES)
async def test_r17_work_goes_on_after_it_and_hides_nothing(store: SqlStore, clock: StillClock, crime: Any) -> None:
    """Whoever looks at a case next is entered, and seals nothing that was not there."""
    desk = await note(store, clock, "k1", "k2", "k3", "k4", "k5")
    async with store._engine.begin() as connection:
        await crime(connection)
    await note(store, clock, "k6", "k7")
    async with store.look() as unit:
        assert [one.subject for one in await unit.audit.search(limit=2)] == ["k7", "k6"]
    assert await desk.first_break() is not None


async def test_an_empty_audit_is_whole(store: SqlStore, clock: StillClock) -> None:
    assert await AuditDesk(store=store, clock=clock).first_break() is None


async def test_r17_the_end_is_known_after_a_change_of_keys(
    store: SqlStore, database_url: str, key: str, clock: StillClock
) -> None:
    await note(store, clock, "k1", "k2")
    new = make_key("k2")
    await rotate(url=database_url, keyring=Keyring.parse(f"{new},{key}"))
    opened = await SqlStore.open(url=database_url, keyring=Keyring.parse(new), clock=clock)
    desk = await note(opened, clock, "k3")
    assert await desk.first_break() is None
    async with opened._engine.begin() as connection:
        await connection.execute(delete(audit).where(audit.c.number == 3))
    assert await desk.first_break() == 3
    await opened.close()
