"""The drill of backup and restore on both databases (R17, R18): nothing is lost but who asked to be forgotten."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.consent import Consent, ConsentId, ConsentState
from bot.domain.contact import Address, ContactId, Permission, Scheme
from bot.domain.errors import ConfigurationError, InputError, KeyMissing
from bot.domain.staff import StaffId
from bot.storage import archive, backup
from bot.storage.backup import LEFT_OUT, back_up, restore
from bot.storage.crypto import Keyring, Tampered, make_key
from bot.storage.ledger import NAME, Ledger, read
from bot.storage.schema import metadata
from bot.storage.store import SqlStore
from tests.contracts.conftest import StillClock
from tests.databases import dump, fresh_sqlite
from tests.storage import every_table, samples
from tests.storage.samples import MINUTE, NOON

PEOPLE = {
    name: Address(scheme=Scheme.TEL, path=f"+5551999990{number:03d}")
    for number, name in enumerate(("stopped", "returned", "wavering", "newcomer", "gone"))
}
ANA, BOB = ContactId("ana"), ContactId("bob")


async def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table as the program reads it, whatever kind of database keeps it."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return {
                table.name: [tuple(row) for row in await connection.execute(select(table).order_by(*table.primary_key))]
                for table in metadata.sorted_tables
            }
    finally:
        await engine.dispose()


@pytest.fixture
def keyring(key: str) -> Keyring:
    return Keyring.parse(key)


@pytest.fixture
async def new_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """The database that stands in for a lost one: empty, of the same kind, brought to this version."""
    if database_url.startswith("sqlite"):
        yield fresh_sqlite(tmp_path / "new.db")
    else:
        async with request.getfixturevalue("postgres").fresh() as url:
            yield url


@pytest.fixture
async def full_url(store: SqlStore, database_url: str) -> str:
    """A database with two people, each in every table."""
    await every_table.fill(database_url, [ANA, BOB])
    return database_url


async def test_after_a_loss_everything_is_back_but_the_person_who_was_erased_since(
    full_url: str, new_url: str, store: SqlStore, keyring: Keyring, clock: StillClock, tmp_path: Path
) -> None:
    """R18: backup, erase one person, lose the database, restore; everything else is equal."""
    file, ledger = tmp_path / "muster.backup", Ledger(store=store, path=tmp_path / NAME)
    counts = await back_up(url=full_url, keyring=keyring, path=file, clock=clock)
    assert all(counts[table.name] >= 2 for table in metadata.sorted_tables if table.name not in LEFT_OUT)
    async with store.transaction() as unit:
        await unit.contacts.erase(ANA)
    assert await ledger.keep() == 4  # two were in the table before, and a consent was taken back
    left = await contents(full_url)

    done = await restore(
        url=new_url, keyring=keyring, path=file, said_since=read(tmp_path / NAME), clock=clock, replaces=False
    )

    assert done.erased == 1
    back = await contents(new_url)
    assert back == {name: [] if name in LEFT_OUT else rows for name, rows in left.items()}
    assert [row[0] for row in back["contacts"]] == [BOB]


async def told(url: str, keyring: Keyring, clock: StillClock) -> dict[str, Any]:
    """What stands of the people below: the permission of each address, and the state of each consent."""
    opened = await SqlStore.open(url=url, keyring=keyring, clock=clock)
    async with opened.transaction() as unit:
        found: dict[str, Any] = {}
        for name, address in PEOPLE.items():
            known = await unit.contacts.meet(address, ContactId(f"new-{name}"))
            found[name] = known.reaches[0].permission
        consent = await unit.consents.get(ConsentId("k1"))
    await opened.close()
    assert consent is not None
    return {**found, "consent": consent.state}


async def say(store: SqlStore, name: str, permission: Permission, at: datetime) -> None:
    async with store.transaction() as unit:
        known = await unit.contacts.meet(PEOPLE[name], ContactId(name))
        held = await unit.contacts.get(known.id)
        assert held is not None
        await unit.contacts.save(held.permitting(PEOPLE[name], permission, at))


@pytest.mark.parametrize("way", ["lost", "replaced"])
async def test_r19_what_was_said_after_the_backup_holds_after_the_restoring(
    store: SqlStore, database_url: str, new_url: str, keyring: Keyring, clock: StillClock, tmp_path: Path, way: str
) -> None:
    """R4, R19: nobody who said STOP since is written to, and nothing is passed on by a consent taken back since."""
    file, ledger = tmp_path / "muster.backup", Ledger(store=store, path=tmp_path / NAME)
    for name in ("stopped", "returned", "gone"):
        await say(store, name, Permission.WROTE, NOON)
    await say(store, "wavering", Permission.REFUSED, NOON)
    consent = Consent(
        id=ConsentId("k1"), contact=ContactId("stopped"), recipient="a", purpose="b", asked_by=StaffId("o"),
        asked_at=NOON, is_given=True, answered_at=NOON,
    )  # fmt: skip
    async with store.transaction() as unit:
        await unit.consents.put(consent)
    await back_up(url=database_url, keyring=keyring, path=file, clock=clock)

    await say(store, "stopped", Permission.REFUSED, NOON + MINUTE)
    await say(store, "returned", Permission.REFUSED, NOON + MINUTE)
    await ledger.keep()
    await say(store, "returned", Permission.GRANTED, NOON + 2 * MINUTE)
    await say(store, "wavering", Permission.GRANTED, NOON + MINUTE)
    await say(store, "newcomer", Permission.REFUSED, NOON + MINUTE)
    await say(store, "gone", Permission.REFUSED, NOON + MINUTE)
    await ledger.keep()
    async with store.transaction() as unit:
        await unit.consents.put(replace(consent, revoked_at=NOON + MINUTE))
        await unit.contacts.erase(ContactId("gone"))
    await ledger.keep()

    is_lost = way == "lost"
    url, said = (new_url, read(tmp_path / NAME)) if is_lost else (database_url, [])
    done = await restore(url=url, keyring=keyring, path=file, said_since=said, clock=clock, replaces=not is_lost)

    assert done.erased == 1
    assert await told(url, keyring, clock) == {
        "stopped": Permission.REFUSED,
        "returned": Permission.GRANTED,
        "wavering": Permission.GRANTED,
        "newcomer": Permission.REFUSED,  # whom the backup has never met
        "gone": Permission.REFUSED,
        "consent": ConsentState.REVOKED,
    }


async def test_a_line_of_a_transaction_that_ended_late_is_not_missed(
    store: SqlStore, clock: StillClock, tmp_path: Path
) -> None:
    """R19: what was said a minute ago may be committed after what was said now."""
    ledger = Ledger(store=store, path=tmp_path / NAME)
    await say(store, "stopped", Permission.REFUSED, NOON + MINUTE)
    assert await ledger.keep() == 1
    await say(store, "gone", Permission.REFUSED, NOON)
    assert await ledger.keep() == 1
    assert await ledger.keep() == 0


async def test_what_is_restored_can_be_worked_with(
    full_url: str, new_url: str, keyring: Keyring, clock: StillClock, tmp_path: Path
) -> None:
    """New rows are numbered after the old ones, and addresses are found by the same hashes."""
    file = tmp_path / "muster.backup"
    opened = await SqlStore.open(url=full_url, keyring=keyring, clock=clock)
    met = await samples.meet(opened, contact=ContactId("c3"))
    await opened.close()
    await back_up(url=full_url, keyring=keyring, path=file, clock=clock)
    await restore(url=new_url, keyring=keyring, path=file, said_since=[], clock=clock, replaces=False)
    opened = await SqlStore.open(url=new_url, keyring=keyring, clock=clock)
    async with opened.transaction() as unit:
        assert await unit.contacts.find(samples.PHONE) == met
        assert await unit.messages.add(samples.message("new", met.id)) is not None
    await opened.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_backup_moves_from_sqlite_to_postgresql_and_back(
    full_url: str, keyring: Keyring, clock: StillClock, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = await contents(full_url)
    for name in LEFT_OUT:
        before[name] = []
    there, back = tmp_path / "there", tmp_path / "back"
    await back_up(url=full_url, keyring=keyring, path=there, clock=clock)
    async with request.getfixturevalue("postgres").fresh() as url:
        await restore(url=url, keyring=keyring, path=there, said_since=[], clock=clock, replaces=False)
        assert await contents(url) == before
        await back_up(url=url, keyring=keyring, path=back, clock=clock)
    await restore(url=full_url, keyring=keyring, path=back, said_since=[], clock=clock, replaces=True)
    assert {name: [tuple(_aware(v) for v in row) for row in rows] for name, rows in before.items()} == {
        name: [tuple(_aware(v) for v in row) for row in rows] for name, rows in (await contents(full_url)).items()
    }


def _aware(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


async def test_a_database_that_is_not_empty_is_only_replaced_when_that_is_said(
    full_url: str, store: SqlStore, keyring: Keyring, clock: StillClock, tmp_path: Path
) -> None:
    """And whoever was erased from what is replaced is not brought back, without any file that says so (R18)."""
    file = tmp_path / "muster.backup"
    await back_up(url=full_url, keyring=keyring, path=file, clock=clock)
    async with store.transaction() as unit:
        await unit.contacts.erase(ANA)
    before = await dump(full_url)
    with pytest.raises(InputError, match="--replace"):
        await restore(url=full_url, keyring=keyring, path=file, said_since=[], clock=clock, replaces=False)
    assert await dump(full_url) == before
    done = await restore(url=full_url, keyring=keyring, path=file, said_since=[], clock=clock, replaces=True)
    assert done.erased == 1
    assert [row["id"] for row in (await dump(full_url))["contacts"]] == [BOB]


@pytest.fixture
async def made(full_url: str, keyring: Keyring, clock: StillClock, tmp_path: Path, monkeypatch: Any) -> Path:
    """An archive of many frames."""
    monkeypatch.setattr(backup, "FRAME_BYTES", 100)
    await back_up(url=full_url, keyring=keyring, path=tmp_path / "muster.backup", clock=clock)
    return tmp_path / "muster.backup"


def frames(data: bytes) -> tuple[bytes, list[bytes]]:
    start = len(archive.MAGIC) + 16
    beginning, rest, found = data[:start], data[start:], []
    while rest:
        end = 4 + int.from_bytes(rest[:4], "big")
        found.append(rest[:end])
        rest = rest[end:]
    return beginning, found


@pytest.mark.parametrize("how", ["cut", "cut inside", "without its middle", "in another order", "one bit"])
async def test_a_damaged_archive_changes_nothing(
    made: Path, new_url: str, keyring: Keyring, clock: StillClock, how: str
) -> None:
    """R17: it is refused as a whole, wherever the damage is."""
    data = made.read_bytes()
    beginning, parts = frames(data)
    assert len(parts) > 10
    middle = len(data) // 2
    damaged = {
        "cut": beginning + b"".join(parts[:-1]),
        "cut inside": data[:-5],
        "without its middle": beginning + b"".join(parts[:5] + parts[6:]),
        "in another order": beginning + b"".join([*parts[:5], parts[6], parts[5], *parts[7:]]),
        "one bit": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
    }
    made.write_bytes(damaged[how])
    with pytest.raises(Tampered):
        await restore(url=new_url, keyring=keyring, path=made, said_since=[], clock=clock, replaces=False)
    assert (await contents(new_url))["contacts"] == []


async def test_an_archive_opens_with_its_own_key_only_and_tells_nothing_without(
    made: Path, new_url: str, clock: StillClock
) -> None:
    other = Keyring.parse(make_key("other"))
    with pytest.raises(KeyMissing, match="k1"):
        await restore(url=new_url, keyring=other, path=made, said_since=[], clock=clock, replaces=False)
    data = made.read_bytes()
    assert b"ana" not in data
    assert b"contacts" not in data
    assert made.stat().st_mode & 0o077 == 0


async def test_an_archive_of_another_version_is_refused(
    made: Path, new_url: str, keyring: Keyring, clock: StillClock, monkeypatch: Any
) -> None:
    monkeypatch.setattr(backup, "head", lambda: "9999")
    with pytest.raises(ConfigurationError, match="0004, this is 9999"):
        await restore(url=new_url, keyring=keyring, path=made, said_since=[], clock=clock, replaces=False)


async def test_what_is_no_archive_is_refused(new_url: str, keyring: Keyring, clock: StillClock, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("bread, water")
    with pytest.raises(ConfigurationError, match="no archive"):
        await restore(
            url=new_url, keyring=keyring, path=tmp_path / "notes.txt", said_since=[], clock=clock, replaces=False
        )


async def test_a_backup_that_fails_leaves_the_earlier_one_and_no_draft(
    made: Path, full_url: str, keyring: Keyring, clock: StillClock, monkeypatch: Any
) -> None:
    before = made.read_bytes()
    monkeypatch.setattr(backup, "_read_again", lambda _: {})
    with pytest.raises(Tampered):
        await back_up(url=full_url, keyring=keyring, path=made, clock=clock)
    assert made.read_bytes() == before
    assert [one.name for one in made.parent.iterdir() if one.name.startswith(".")] == []


async def test_the_ledger_survives_a_cut_line_and_says_nothing_twice(store: SqlStore, tmp_path: Path) -> None:
    """R18: a crash in the middle of a line loses nobody."""
    path = tmp_path / NAME
    await samples.meet(store)
    async with store.transaction() as unit:
        await unit.contacts.erase(ANA)
    assert await Ledger(store=store, path=path).keep() == 1
    whole = path.read_text()
    path.write_text(whole[:-20])
    assert read(path) == []
    again = Ledger(store=store, path=path)
    assert await again.keep() == 1
    assert await again.keep() == 0
    assert len(read(path)) == 1
    assert path.stat().st_mode & 0o077 == 0
