"""Owns bringing a database up to date: all open migrations in one transaction, by one process at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from bot.domain.errors import Unavailable
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
        async with engine.begin() as connection:
            if not database.is_sqlite(engine):
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(_upgrade)
    except database.UNREACHABLE as error:
        raise Unavailable("The database does not answer: check MUSTER_DATABASE_URL and whether it runs.") from error
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
