"""Owns the inserts that both databases know and spell in dialects of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, Any]


async def insert_new(connection: AsyncConnection, table: Table, row: Row) -> bool:
    """Insert the row; False, and nothing stored, when one with the same unique values is there already.

    Where another transaction has such a row in hand, PostgreSQL waits for its end.
    """
    first = next(iter(table.primary_key))
    statement = _insert(connection, table).values(row).on_conflict_do_nothing().returning(first)
    return (await connection.execute(statement)).first() is not None


async def put(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows, or replace those of the same id."""
    if not rows:
        return
    statement = _insert(connection, table)
    others = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=others), list(rows))


def _insert(connection: AsyncConnection, table: Table) -> Any:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
