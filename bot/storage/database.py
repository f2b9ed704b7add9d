"""Owns connections: how each kind of database is opened, and its errors in the house's words."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.domain.errors import ConfigurationError, Conflict, MusterError, Unavailable
from bot.storage import sqlite

PATIENCE_SECONDS = 30  # how long a transaction waits for another before it gives up
SQLITE, POSTGRESQL = "sqlite+aiosqlite", "postgresql+asyncpg"
READS_ONLY = "reads_only"  # execution option: on SQLite, do not wait for the one writer

# What PostgreSQL says when two transactions were in each other's way: serialization, deadlock, lock timeout.
_CONFLICTS = frozenset({"40001", "40P01", "55P03"})

# What a driver raises while connecting, before SQLAlchemy can give it a name.
_UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


def connect(url: str) -> AsyncEngine:
    """An engine for the database at `url`; raises ConfigurationError for an address that is none of ours."""
    parsed = _parsed(url)
    if parsed.drivername == POSTGRESQL:
        engine = create_async_engine(
            parsed,
            hide_parameters=True,  # an error's text must not carry what a contact wrote
            pool_size=10,
            max_overflow=20,
            pool_timeout=PATIENCE_SECONDS,
            connect_args={
                "server_settings": {
                    "timezone": "UTC",
                    "lock_timeout": f"{PATIENCE_SECONDS}s",
                    # The locks of a process that no longer answers are taken from it.
                    "idle_in_transaction_session_timeout": f"{2 * PATIENCE_SECONDS}s",
                }
            },
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        return engine
    opened = partial(sqlite.connect, parsed.database or ":memory:", patience_seconds=PATIENCE_SECONDS)
    engine = create_async_engine(parsed, hide_parameters=True, pool_size=2, async_creator=opened)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


@asynccontextmanager
async def begun(engine: AsyncEngine, *, reads_only: bool = False) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction, committed at the end of the block; errors come in the house's words."""
    chosen = engine.execution_options(**{READS_ONLY: True}) if reads_only else engine
    try:
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(chosen.begin())
            except _UNREACHABLE as error:
                raise Unavailable("The database does not answer. The work is taken up again when it does.") from error
            yield connection
    except (DBAPIError, PoolTimeout) as error:
        known = _in_our_words(error)
        if known is None:
            raise
        raise known from error


def is_sqlite(engine: AsyncEngine) -> bool:
    return engine.dialect.name == "sqlite"


def _in_our_words(error: DBAPIError | PoolTimeout) -> MusterError | None:
    """The house's error for the database's; None for one that is a fault of our own."""
    if isinstance(error, PoolTimeout):
        return Unavailable("The database is busy: every connection is in use. The work is taken up again.")
    if isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", None) in _CONFLICTS:
        return Conflict("Somebody else changed the same thing first. Nothing was written: try again.")
    if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR":
        return None  # a wrong statement, which SQLite's driver files under the same class as a full disk
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return Unavailable("The database does not answer. The work is taken up again when it does.")
    return None


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.drivername not in (SQLITE, POSTGRESQL):
        raise ConfigurationError(
            [f"MUSTER_DATABASE_URL must begin with {SQLITE}:///path or {POSTGRESQL}://user:password@host/name"]
        )
    return parsed


def _refuse_closed(connection: Any, _: object, __: object) -> None:
    """Have the pool open another connection for one that the server has closed, as it does when it restarts.

    The driver hears of it at once; to ask the server before each transaction would cost three more ways to it and back.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver would begin too late and without the write lock: we begin ourselves
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={PATIENCE_SECONDS * 1000}",  # first: the next one waits for its turn
        "journal_mode=WAL",
        "synchronous=FULL",  # a commit survives a power cut, which a flood brings
        "foreign_keys=ON",
        "secure_delete=ON",  # what is erased is overwritten
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once: a reader that turns writer later is refused when another wrote in between."""
    is_reading = connection.get_execution_options().get(READS_ONLY, False)
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")
