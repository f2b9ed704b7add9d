"""Owns the backup of a whole database into one archive, and its restoring, from either kind of database to either."""

import base64
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Date, LargeBinary, Table, delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.contact import ContactId
from bot.domain.errors import ConfigurationError, InputError
from bot.domain.merge import MergeId
from bot.services.ports import Clock
from bot.storage import database, index_key
from bot.storage.archive import NO_ARCHIVE, Reader, Writer, written
from bot.storage.contacts import SqlContacts
from bot.storage.crypto import Keyring, Tampered, Vault
from bot.storage.erasures import mark
from bot.storage.merges import SqlMerges
from bot.storage.migrate import check, head
from bot.storage.schema import Moment, erasures, merges, metadata
from bot.storage.upsert import insert_new
from bot.storage.wishes import Line, Wishes, say_again, spoken
from bot.storage.work import Work

LEFT_OUT = frozenset({"staff_sessions", "presences"})  # who was signed in or on duty then is not now
TABLES = tuple(table for table in metadata.sorted_tables if table.name not in LEFT_OUT)
FRAME_BYTES = 1 << 20  # about so much of a table is in memory at a time
_ROWS, _MANY_BYTES = 500, 8  # rows fetched at once; of tables with whole files in their rows
_FILES = frozenset({"documents"})

NOT_EMPTY = "This database is not empty. Stop Muster and add --replace to put the backup in place of everything in it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restoring has done: rows by table, and how many people it has forgotten again."""

    counts: Mapping[str, int]
    erased: int


async def back_up(*, url: str, keyring: Keyring, path: Path, clock: Clock) -> Mapping[str, int]:
    """Write everything as it is at one moment to `path`, whole or not at all; returns rows by table.

    The service may run meanwhile. What is sealed stays sealed, and the file as a whole is sealed again with the newest
    key: it opens with the keys of its day only. It is read again before it takes its name.
    """
    engine = database.connect(url)
    try:
        async with _standing_still(engine) as connection:
            await connection.run_sync(check)
            with written(path) as file:
                counts = await _write(connection, Writer(file, keyring), clock.now())
                file.flush()
                file.seek(0)
                if _read_again(Reader(file, keyring, str(path))) != counts:
                    raise Tampered(f"{path} was not written as it should be: look for a fault of the disk")
    finally:
        await engine.dispose()
    return counts


async def restore(
    *, url: str, keyring: Keyring, path: Path, said_since: Sequence[Line], clock: Clock, replaces: bool
) -> Restored:
    """Put the backup into a database that `migrate` has brought to this version, in one transaction.

    What people said since the backup was made (see `ledger`), and what the database that is replaced knows of it, holds
    again: erasures, STOP and START, and consents that were taken back. Muster must not run meanwhile. Messages that
    were about to go out when the backup was made go out now if their life lasts. Raises InputError for a database that
    is not empty, ConfigurationError for an archive of another version, KeyMissing and Tampered.
    """
    engine = database.connect(url)
    try:
        with path.open("rb") as file:
            async with database.begun(engine) as connection:
                await connection.run_sync(check)
                wishes = Wishes.of([*await _make_room(connection, clock.now(), replaces=replaces), *said_since])
                counts = await _fill(connection, iter(Reader(file, keyring, str(path))), str(path))
                vault = Vault(keyring, await index_key.get(connection, keyring))
                await say_again(connection, wishes)
                erased = await _erase_again(Work(connection=connection, vault=vault, clock=clock), wishes.erased)
    finally:
        await engine.dispose()
    return Restored(counts=counts, erased=erased)


@asynccontextmanager
async def _standing_still(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that sees one moment, whatever others write; SQLite's always does."""
    if not database.is_sqlite(engine):
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    async with database.begun(engine, reads_only=True) as connection:
        yield connection


# --- writing ----------------------------------------------------------------------------------------------------------


async def _write(connection: AsyncConnection, archive: Writer, now: datetime) -> Mapping[str, int]:
    archive.write({"schema": head(), "made_at": now.isoformat(), "tables": {t.name: t.c.keys() for t in TABLES}})
    counts: Counter[str] = Counter({table.name: 0 for table in TABLES})
    for table in TABLES:
        async for rows in _rows(connection, table):
            archive.write({"table": table.name, "rows": rows})
            counts[table.name] += len(rows)
    archive.write({"counts": counts}, is_last=True)
    return counts


async def _rows(connection: AsyncConnection, table: Table) -> AsyncIterator[list[list[Any]]]:
    """The table's rows as JSON holds them, about FRAME_BYTES at a time."""
    codecs = [_codec(column)[0] for column in table.c]
    query = select(table).order_by(*table.primary_key).execution_options(
        yield_per=_MANY_BYTES if table.name in _FILES else _ROWS
    )  # fmt: skip
    found: list[list[Any]] = []
    size = 0
    async for row in await connection.stream(query):
        found.append([None if value is None else to(value) for to, value in zip(codecs, row, strict=True)])
        size += sum(len(value) if isinstance(value, bytes | str) else 16 for value in row)
        if size >= FRAME_BYTES:
            yield found
            found, size = [], 0
    if found:
        yield found


def _codec(column: Column[Any]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """How a value of this column becomes JSON, and how it comes back."""
    if isinstance(column.type, Moment):
        return datetime.isoformat, datetime.fromisoformat
    if isinstance(column.type, Date):
        return date.isoformat, date.fromisoformat
    if isinstance(column.type, LargeBinary):
        return lambda value: base64.b64encode(value).decode(), base64.b64decode
    return lambda value: value, lambda value: value


def _read_again(archive: Reader) -> Mapping[str, int]:
    """The counts of an archive whose every frame opens."""
    counts, told = Counter({table.name: 0 for table in TABLES}), None
    for document in archive:
        if "rows" in document:
            counts[document["table"]] += len(document["rows"])
        told = document.get("counts")
    return counts if told == counts else {}


# --- restoring --------------------------------------------------------------------------------------------------------


async def _make_room(connection: AsyncConnection, now: datetime, *, replaces: bool) -> Sequence[Line]:
    """Empty the database, if it may be; returns what people had ended or allowed in it."""
    if connection.dialect.name == "postgresql":  # nobody writes in between
        names = ", ".join(table.name for table in metadata.sorted_tables)
        await connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
    # The database's own key is made at the first start, before there is anything to lose.
    for table in (table for table in metadata.sorted_tables if table.name != "secrets"):
        if not replaces and (await connection.execute(select(table).limit(1))).first() is not None:
            raise InputError(NOT_EMPTY)
    said = await spoken(connection, now)
    for table in reversed(metadata.sorted_tables):
        await connection.execute(delete(table))
    return said


async def _fill(connection: AsyncConnection, archive: Iterator[Any], name: str) -> Mapping[str, int]:
    beginning = next(archive, None)
    if not isinstance(beginning, dict) or "schema" not in beginning:
        raise ConfigurationError([f"{name} {NO_ARCHIVE}"])
    if beginning["schema"] != head():
        made = f"{name} was made at the database's revision {beginning['schema']}, this is {head()}"
        raise ConfigurationError([f"{made}: restore it with the version that made it, then `migrate` with this one"])
    tables, counts = {table.name: table for table in TABLES}, Counter[str]()
    told: Mapping[str, int] | None = None
    for document in archive:
        if "rows" in document:
            table = tables[document["table"]]
            await _insert(connection, table, beginning["tables"][table.name], document["rows"])
            counts[table.name] += len(document["rows"])
        told = document.get("counts")
    if told is None or {name: count for name, count in told.items() if count} != counts:
        raise Tampered(f"{name} does not hold what it says")
    await _count_on(connection)
    return told


async def _insert(connection: AsyncConnection, table: Table, names: Sequence[str], rows: Sequence[Any]) -> None:
    codecs = [_codec(table.c[name])[1] for name in names]
    await connection.execute(
        insert(table),
        [
            {name: None if value is None else back(value) for name, back, value in zip(names, codecs, row, strict=True)}
            for row in rows
        ],
    )


async def _count_on(connection: AsyncConnection) -> None:
    """Have PostgreSQL number new rows after those that were restored; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in (table for table in TABLES if "number" in table.c and table.c.number.primary_key):
        sequence = func.pg_get_serial_sequence(table.name, "number")
        last = select(func.max(table.c.number)).scalar_subquery()
        await connection.execute(select(func.setval(sequence, func.coalesce(last, 1), last.is_not(None))))


async def _erase_again(work: Work, again: Mapping[str, datetime]) -> int:
    """Erase whoever was erased since the backup, and remember it."""
    for forgotten, at in again.items():
        await insert_new(work.connection, erasures, {"id": forgotten, "at": at})
    known, contacts = set((await work.connection.scalars(select(erasures.c.id))).all()), metadata.tables["contacts"]
    await _part_from(work, known)
    ids = (await work.connection.scalars(select(contacts.c.id))).all()
    back = [ContactId(one) for one in ids if mark(work.vault, one) in known]
    for contact in back:
        await SqlContacts(work).erase(contact)
    return len(back)


async def _part_from(work: Work, known: Collection[str]) -> None:
    """Whoever was erased after a merge was undone is taken out of it first: the other person keeps what is theirs."""
    stored = SqlMerges(work, SqlContacts(work))
    standing = select(merges.c.id).where(merges.c.undone_at.is_(None)).order_by(merges.c.at.desc(), merges.c.id.desc())
    for key in (await work.connection.scalars(standing)).all():
        merge = await stored.get(MergeId(key))
        is_erased = merge is not None and mark(work.vault, merge.other) in known
        if merge is not None and is_erased and mark(work.vault, merge.contact) not in known:
            await stored.part(merge, work.clock.now())
