"""A row of each person in every table, made from the tables' own columns: a new table needs nothing here."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, Float, Integer, LargeBinary, String, Table, insert
from sqlalchemy.ext.asyncio import create_async_engine

from bot.storage.schema import Moment, metadata
from tests.storage.samples import MINUTE, NOON


async def fill(url: str, people: Sequence[str]) -> None:
    """Insert them; `people` are the ids of the contacts, too."""
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            for number, person in enumerate(people, start=1):
                for table in metadata.sorted_tables:
                    await connection.execute(insert(table), _row(table, person, number))
    finally:
        await engine.dispose()


def _row(table: Table, person: str, number: int) -> dict[str, Any]:
    return {column.name: _value(column, table.name, person, number) for column in table.c}


def _value(column: Column[Any], table: str, person: str, number: int) -> Any:
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        return _value(target, target.table.name, person, number)
    if isinstance(column.type, Moment):
        return NOON + number * MINUTE
    if isinstance(column.type, Date):
        return NOON.date()
    if isinstance(column.type, JSON):
        return {"said": ["é", None, 1.5, {"half": "\ud83d"}]}
    if isinstance(column.type, LargeBinary):
        return bytes(range(256)) + person.encode()
    if isinstance(column.type, Boolean):
        return number % 2 == 0
    if isinstance(column.type, Float):
        return -30.0346 + number
    if isinstance(column.type, String):
        return (
            person if table == "contacts" and column.name == "id" else f"{person}-{column.name}"[: column.type.length]
        )
    assert isinstance(column.type, Integer), f"{table}.{column.name}: say here what a {column.type} holds"
    return number
