"""The end of the audit is sealed (R17): who can write to the database, but has not its keys, can cut nothing off."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.audit import GENESIS, AuditEntry
from bot.domain.staff import Role
from bot.services.access import Deed, Matter, Reader
from bot.services.audit import AuditDesk, let_go
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


# --- what was kept for its time is let go (R18) -----------------------------------------------------------------------


async def aged(store: SqlStore, clock: StillClock) -> AuditDesk:
    """Three entries, two days later two more."""
    await note(store, clock, "one", "two", "three")
    clock.pass_(timedelta(days=2))
    return await note(store, clock, "four", "five")


async def let_go_before(store: SqlStore, moment: datetime) -> int:
    async with store.transaction() as unit:
        return await let_go(unit, moment)


async def kept(store: SqlStore) -> list[str]:
    async with store.look() as unit:
        return [entry.subject for entry in await unit.audit.after(0, 10)]


async def test_old_entries_go_and_the_chain_is_whole_from_where_it_begins_now(
    store: SqlStore, clock: StillClock
) -> None:
    desk = await aged(store, clock)
    assert await let_go_before(store, clock.now() - timedelta(days=1)) == 3
    assert await kept(store) == ["four", "five"]
    assert await desk.first_break() is None
    await note(store, clock, "six")
    assert await desk.first_break() is None
    assert await let_go_before(store, clock.now() + timedelta(days=1)) == 3
    assert await kept(store) == []
    await note(store, clock, "seven")
    assert await desk.first_break() is None
    async with store.look() as unit:
        assert [entry.number for entry in await unit.audit.after(0, 10)] == [7]


async def test_nothing_young_goes_and_nothing_behind_it(store: SqlStore, clock: StillClock) -> None:
    await aged(store, clock)
    assert await let_go_before(store, clock.now() - timedelta(days=9)) == 0
    assert await kept(store) == ["one", "two", "three", "four", "five"]


async def test_old_entries_that_were_tampered_with_stay_so_that_it_is_found(store: SqlStore, clock: StillClock) -> None:
    desk = await aged(store, clock)
    async with store._engine.begin() as connection:
        await connection.execute(update(audit).where(audit.c.number == 2).values(reader="nobody"))
    assert await let_go_before(store, clock.now()) == 0
    assert await desk.first_break() == 2


@pytest.mark.parametrize("row", ["audit-start", "audit"])
async def test_whoever_lets_entries_go_without_the_keys_is_found(store: SqlStore, clock: StillClock, row: str) -> None:
    """Neither by taking the oldest away, nor by putting one end's seal in the place of the other's."""
    desk = await aged(store, clock)
    await let_go_before(store, clock.now() - timedelta(days=1))
    async with store._engine.begin() as connection:
        sealed = await connection.scalar(select(secrets.c.sealed).where(secrets.c.id == row))
        await connection.execute(delete(audit).where(audit.c.number == 4))
        await connection.execute(update(secrets).where(secrets.c.id == "audit-start").values(sealed=sealed))
    assert await desk.first_break() is not None
