"""Owns letting go of old rows: the oldest first, some at a time, around whoever else does the same."""

from sqlalchemy import Column, ColumnElement, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection


async def delete_oldest(
    connection: AsyncConnection, table: Table, due: ColumnElement[bool], *, by: Column[object], limit: int
) -> int:
    """Delete at most `limit` rows that are due, ordered `by` a column; returns how many went.

    Rows that another transaction has in hand are left for the next round: two processes share the work, and neither
    waits for the other.
    """
    oldest = select(table.c.id).where(due).order_by(by).limit(limit).with_for_update(skip_locked=True)
    ids = (await connection.scalars(oldest)).all()
    if ids:
        await connection.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)
