"""Migrations on both databases: they lead to schema.py's tables, whoever runs them together."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.claim import Claim
from bot.storage import database, values
from bot.storage.crypto import Keyring
from bot.storage.migrate import _config, migrate
from bot.storage.schema import metadata
from bot.storage.store import SqlStore
from tests.contracts.conftest import StillClock
from tests.databases import dump
from tests.storage import samples

ROOT = Path(__file__).parents[2]


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def _clauses(statement: str) -> list[str]:
    """What a CREATE says, whatever the order of its constraints."""
    return sorted(" ".join(clause.split()).strip("() ") for clause in statement.split(","))


def _described(connection: Connection) -> dict[str, Any]:
    """Every table as the database itself describes it, in an order of its own making."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%'"))
        return {row.name: _clauses(row.sql or "") for row in rows}
    inspector = inspect(connection)
    names = [name for name in inspector.get_table_names() if name != "alembic_version"]
    described: dict[str, Any] = {
        name: (
            [{**column, "type": str(column["type"])} for column in inspector.get_columns(name)],
            inspector.get_pk_constraint(name),
            sorted(map(str, inspector.get_foreign_keys(name))),
            sorted(map(str, inspector.get_unique_constraints(name))),
        )
        for name in names
    }
    indexes = connection.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"))
    return described | {row.indexname: row.indexdef for row in indexes if not row.indexname.startswith("alembic")}


async def _look(engine: AsyncEngine, sight: Any) -> Any:
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(sight)
    finally:
        await engine.dispose()


async def test_the_migrated_tables_are_the_schema_s(empty_url: str) -> None:
    await migrate(empty_url)
    assert await _look(database.connect(empty_url), _differences) == []


async def test_the_migrated_tables_equal_those_made_from_the_schema_to_the_letter(database_url: str) -> None:
    """Partial indexes and variants too, which the comparison of metadata does not see."""

    def remake(connection: Connection) -> dict[str, Any]:
        metadata.drop_all(connection)
        metadata.create_all(connection)
        return _described(connection)

    migrated = await _look(database.connect(database_url), _described)
    made = await _look(database.connect(database_url), remake)
    assert set(migrated) == set(made)
    assert {name: migrated[name] for name in made if migrated[name] != made[name]} == {}


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = await dump(database_url)
    await migrate(database_url)
    assert await dump(database_url) == before


async def test_processes_that_start_together_migrate_once(empty_url: str) -> None:
    program = "import asyncio, sys; from bot.storage.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-c", program, empty_url, env=environment, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    ends = await asyncio.gather(*(process.communicate() for process in processes))
    assert [(process.returncode, end[1]) for process, end in zip(processes, ends, strict=True)] == [(0, b"")] * 3
    assert len((await dump(empty_url))["alembic_version"]) == 1


async def test_a_migration_that_is_killed_leaves_nothing_behind(empty_url: str) -> None:
    """All migrations are one transaction."""
    engine = database.connect(empty_url)

    def half(connection: Connection) -> None:
        metadata.create_all(connection)
        raise KeyboardInterrupt

    try:
        async with engine.begin() as connection:
            await connection.run_sync(half)
    except KeyboardInterrupt:
        pass
    await engine.dispose()
    assert await dump(empty_url) == {}
    await migrate(empty_url)


async def test_what_was_stored_before_there_was_a_desk_is_read_after_it(
    empty_url: str, store: SqlStore, database_url: str, key: str, clock: StillClock
) -> None:
    """A case of the release before: as it was, open, unanswered, in the queue, and to be taken."""
    await samples.meet(store)
    async with store.transaction() as unit:
        await unit.cases.add(samples.case())
        await unit.staff.add(replace(samples.staff(), totp_secret=None))
    written = {
        "narrative": samples.case().narrative,
        "facts": values.written_all(samples.case().facts),
    }  # no more, then
    sealed = store._vault.seal("cases", "k1", values.to_bytes(written))
    await _look(database.connect(empty_url), lambda connection: _upgrade_to(connection, "0003"))
    rows = await _look(database.connect(database_url), lambda connection: _rows(connection, "k1", sealed))
    await _look(database.connect(empty_url), lambda connection: _insert(connection, rows))
    await migrate(empty_url)
    grown = await SqlStore.open(url=empty_url, keyring=Keyring.parse(key), clock=clock)
    try:
        async with grown.transaction() as unit:
            assert await unit.cases.of(samples.ANA) == [samples.case()]
            (row,) = await unit.queue.read()
            assert (row.waiting_since, row.resolve_by, row.claim) == (samples.NOON, None, None)
            claim = Claim(contact=samples.ANA, staff=samples.staff().id, claimed_at=samples.NOON)
            assert await unit.claims.take(claim)
    finally:
        await grown.close()


def _upgrade_to(connection: Connection, revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _rows(connection: Connection, case: str, sealed: bytes) -> dict[str, list[dict[str, Any]]]:
    """What there is, but the case as the release before had sealed it."""
    stored = {
        table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
        for table in metadata.sorted_tables
    }
    return {**stored, "cases": [{**row, "sealed": sealed} for row in stored["cases"] if row["id"] == case]}


def _insert(connection: Connection, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Into the tables and columns that the release before had."""
    known = inspect(connection)
    for table in metadata.sorted_tables:
        if not known.has_table(table.name):
            assert not rows[table.name]
            continue
        names = {column["name"] for column in known.get_columns(table.name)}
        for row in rows[table.name]:
            connection.execute(table.insert().values({name: row[name] for name in names}))
