"""Owns the change of keys: everything sealed with an older key is sealed anew with the newest."""

from collections.abc import Mapping

from sqlalchemy import LargeBinary, Table, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.errors import Conflict
from bot.storage import database
from bot.storage.crypto import Keyring, place
from bot.storage.schema import metadata

BATCH = 500  # rows in one transaction
_BATCHES = {"documents": 8}  # their rows hold up to 16 MB each
_TRIES = 5


async def rotate(*, url: str, keyring: Keyring) -> Mapping[str, int]:
    """Seal every value with the keyring's newest key; returns how many there were, by table.

    The service may run meanwhile, if every process already has the new key. Interrupted, it goes on from there when
    started again; started again after its end, it finds nothing to do, and the older keys can be dropped. Hashes stay:
    the index key is only sealed anew. Raises KeyMissing for a value whose key the keyring lacks.
    """
    engine = database.connect(url)
    try:
        tables = [table for table in metadata.sorted_tables if "sealed" in table.c]
        return {table.name: await _rotate_table(engine, table, keyring) for table in tables}
    finally:
        await engine.dispose()


async def _rotate_table(engine: AsyncEngine, table: Table, keyring: Keyring) -> int:
    """Walk the table until a walk finds nothing: what others wrote meanwhile with an older key is met again."""
    total = 0
    while count := await _walk(engine, table, keyring):
        total += count
    return total


async def _walk(engine: AsyncEngine, table: Table, keyring: Keyring) -> int:
    count, last = 0, ""
    while True:
        changed, reached = await _batch_again(engine, table, keyring, last)
        count += changed
        if reached is None:
            return count
        last = reached


async def _batch_again(engine: AsyncEngine, table: Table, keyring: Keyring, after: str) -> tuple[int, str | None]:
    """One batch in its own transaction, tried again when somebody came first."""
    for attempt in range(_TRIES):
        try:
            async with database.begun(engine) as connection:
                return await _batch(connection, table, keyring, after)
        except Conflict:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("the last try returns or raises")


async def _batch(connection: AsyncConnection, table: Table, keyring: Keyring, after: str) -> tuple[int, str | None]:
    """Returns how many values were sealed anew and the last row looked at; None after the end of the table."""
    header = keyring.header
    is_older = func.substr(table.c.sealed, 1, len(header), type_=LargeBinary) != header
    older = select(table.c.id, table.c.sealed).where(table.c.id > after, is_older).order_by(table.c.id)
    rows = (await connection.execute(older.limit(_BATCHES.get(table.name, BATCH)))).all()
    if not rows:
        return 0, None
    # Only what is still as it was read is replaced: a value written meanwhile is newer than ours.
    as_read = update(table).where(table.c.id == bindparam("row"), table.c.sealed == bindparam("old"))
    changes = [
        {"row": row.id, "old": row.sealed, "new": keyring.reseal(row.sealed, place(table.name, row.id))} for row in rows
    ]
    await connection.execute(as_read.values(sealed=bindparam("new")), changes)
    return len(rows), rows[-1].id
