"""Owns the inserts that both databases know and spell in dialects of their own."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, Any]


async def insert_new(connection: AsyncConnection, table: Table, row: Row) -> bool:
    """Insert the row; False, and nothing stored, when one with the same unique values is there already.

    Where another transaction has such a row in hand, PostgreSQL waits for its end.
    """
    statement = _insert_new(connection.dialect.name, table)
    return (await connection.execute(statement, row)).first() is not None


async def put(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows, or replace those of the same id."""
    if not rows:
        return
    statement = _insert(connection.dialect.name, table)
    others = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=others), list(rows))


async def add_up(connection: AsyncConnection, table: Table, rows: Sequence[Row], name: str) -> None:
    """Insert the rows; where one of the same id is there, its column `name` grows by the row's."""
    if not rows:
        return
    statement = _insert(connection.dialect.name, table)
    grown = {name: table.c[name] + statement.excluded[name]}
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=grown), list(rows))


async def insert_select(connection: AsyncConnection, table: Table, names: Sequence[str], rows: Select[Any]) -> None:
    """Insert what a query gives, but for rows whose unique values are there already."""
    statement = _insert(connection.dialect.name, table).from_select(list(names), rows).on_conflict_do_nothing()
    await connection.execute(statement)


@cache  # of a handful of tables; to build it takes longer than to run it
def _insert_new(dialect: str, table: Table) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing().returning(next(iter(table.primary_key)))


def _insert(dialect: str, table: Table) -> Any:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
