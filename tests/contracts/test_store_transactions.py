"""Transactions on both databases: all or nothing, one writer for a contact, errors in the house's words."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.domain.contact import ContactId
from bot.domain.errors import ConfigurationError, Conflict, Unavailable
from bot.services.ports import Store
from bot.storage import database
from bot.storage.crypto import Keyring
from bot.storage.migrate import migrate
from bot.storage.store import SqlStore
from tests.contracts.conftest import StillClock
from tests.databases import sqlite_url
from tests.storage import samples
from tests.storage.samples import ANA, CHAT, NOON


async def test_an_exception_rolls_everything_back(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.transaction() as unit:
            await unit.contacts.meet(samples.PHONE, ANA)
            await unit.messages.add(samples.message())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.transaction() as unit:
        assert await unit.contacts.get(ANA) is None
        assert await unit.messages.waiting(ANA) == []


async def test_a_cancelled_task_rolls_back_and_lets_go(store: SqlStore) -> None:
    await samples.meet(store)
    has_begun = asyncio.Event()

    async def hang() -> None:
        async with store.transaction(ANA) as unit:
            await unit.messages.add(samples.message())
            has_begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await has_begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5), store.transaction(ANA) as unit:
        assert await unit.messages.waiting(ANA) == []


async def test_two_transactions_of_one_contact_go_one_after_the_other(store: SqlStore) -> None:
    """R23: each reads, lets the others run, and writes what it read plus one; none is lost."""
    await samples.meet(store)
    inside = 0

    async def count() -> None:
        nonlocal inside
        async with store.transaction(ANA) as unit:
            inside += 1
            assert inside == 1
            contact = await unit.contacts.get(ANA)
            assert contact
            await asyncio.sleep(0)
            await unit.contacts.save(replace(contact, name=str(int(contact.name or 0) + 1)))
            inside -= 1

    await asyncio.gather(*(count() for _ in range(20)))
    async with store.transaction() as unit:
        contact = await unit.contacts.get(ANA)
    assert contact
    assert contact.name == "20"


async def test_two_stores_on_one_database_serialise_a_contact_too(
    store: SqlStore, database_url: str, key: str, clock: StillClock
) -> None:
    """As two worker processes do."""
    await samples.meet(store)
    other = await SqlStore.open(url=database_url, keyring=Keyring.parse(key), clock=clock)

    async def count(mine: Store) -> None:
        async with mine.transaction(ANA) as unit:
            contact = await unit.contacts.get(ANA)
            assert contact
            await unit.contacts.save(replace(contact, name=str(int(contact.name or 0) + 1)))

    await asyncio.gather(*(count(mine) for mine in (store, other) * 10))
    async with other.transaction() as unit:
        contact = await unit.contacts.get(ANA)
    await other.close()
    assert contact
    assert contact.name == "20"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer for all
async def test_contacts_do_not_wait_for_each_other(store: SqlStore) -> None:
    await samples.meet(store)
    bob = (await samples.meet(store, CHAT, ContactId("bob"))).id
    async with store.transaction(ANA), asyncio.timeout(5), store.transaction(bob) as unit:
        assert await unit.contacts.get(bob)


async def test_the_row_of_a_contact_that_is_not_there_locks_nothing(store: SqlStore) -> None:
    async with store.transaction(ContactId("nobody")) as unit:
        assert await unit.contacts.get(ContactId("nobody")) is None


async def test_what_refers_to_nobody_is_a_conflict_and_leaves_nothing(store: SqlStore) -> None:
    """The contact may be erased between the meeting and the message; taken up again, it is met anew."""
    with pytest.raises(Conflict):
        async with store.transaction() as unit:
            await unit.messages.add(samples.message(contact=ContactId("gone")))


async def test_the_store_answers(store: SqlStore) -> None:
    await store.ping()


async def test_the_store_answers_while_another_transaction_writes(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.contacts.meet(samples.PHONE, ANA)
        async with asyncio.timeout(5):
            await store.ping()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has no server to restart
async def test_connections_that_the_server_has_closed_are_replaced(store: SqlStore, database_url: str) -> None:
    """After a restart of the database the next webhook is stored: its provider may not come again."""
    await samples.meet(store)
    is_closed = asyncio.Event()
    pooled = await store._engine.raw_connection()
    driver: Any = pooled.driver_connection
    driver.add_termination_listener(lambda _: is_closed.set())
    pooled.close()
    server = database.connect(database_url)
    async with server.begin() as connection, asyncio.timeout(5):
        await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": driver.get_server_pid()})
        await is_closed.wait()
    await server.dispose()
    async with store.transaction() as unit:
        assert await unit.contacts.get(ANA)


async def test_a_silent_database_is_unavailable(clock: StillClock, key: str) -> None:
    url = "postgresql+asyncpg://postgres@127.0.0.1:1/none"
    with pytest.raises(Unavailable, match="does not answer"):
        await SqlStore.open(url=url, keyring=Keyring.parse(key), clock=clock)
    with pytest.raises(Unavailable, match="does not answer"):
        await migrate(url)


async def test_an_unreachable_folder_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await migrate(sqlite_url(tmp_path / "none" / "muster.db"))


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://x/y", "postgresql://x/y", "sqlite:///x.db"])
async def test_an_address_of_no_known_database_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"MUSTER_DATABASE_URL must begin with sqlite\+aiosqlite"):
        await migrate(url)


async def test_a_database_without_tables_says_to_migrate(empty_url: str, clock: StillClock, key: str) -> None:
    with pytest.raises(ConfigurationError, match="python -m bot migrate"):
        await SqlStore.open(url=empty_url, keyring=Keyring.parse(key), clock=clock)


async def test_an_error_of_the_database_does_not_show_what_a_contact_wrote(store: SqlStore) -> None:
    secret = "passport taken"
    await samples.meet(store)

    async def store_twice() -> None:
        async with store.transaction() as unit:
            await unit.cases.add(samples.case("k1", narrative=secret))
            await unit.cases.add(samples.case("k1", narrative=secret, owner=secret))

    with pytest.raises(Conflict) as caught:
        await store_twice()
    chain = [caught.value, caught.value.__cause__]
    assert all(secret not in str(error) for error in chain)
    assert NOON.isoformat() not in str(chain[1])
