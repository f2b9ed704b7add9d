"""Owns bringing a database up to date: all open migrations in one transaction, by one process at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.domain.errors import ConfigurationError
from bot.storage import database

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_305_810_447_312  # any number that is ours: PostgreSQL's advisory locks have no names


async def migrate(url: str) -> None:
    """Bring the database at `url` up to date, making it where there is none (SQLite).

    Several processes may do so together: SQLite's write lock, on PostgreSQL an advisory one, lets one go first, and the
    others then find nothing to do. Raises ConfigurationError for a bad address, Unavailable when nobody answers.
    """
    engine = database.connect(url)
    try:
        async with database.begun(engine) as connection:
            if not database.is_sqlite(engine):
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def check(connection: Connection) -> None:
    """Raises ConfigurationError when the database is not at the revision that this version works with."""
    stored = MigrationContext.configure(connection).get_current_revision()
    needed = head()
    if stored != needed:
        raise ConfigurationError([f"the database is at revision {stored}, not {needed}: run `python -m bot migrate`"])


def head() -> str | None:
    """The revision that this version works with."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
