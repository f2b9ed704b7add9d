"""Migrations on both databases: they lead to schema.py's tables, whoever runs them together."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage import database
from bot.storage.migrate import migrate
from bot.storage.schema import metadata
from tests.databases import dump

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
