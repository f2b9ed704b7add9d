"""Owns which rows of a table are in a part of somebody's history, and in which order they stand."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Table, or_, select

from bot.services.desk_ports import Part


def inside(table: Table, part: Part, *, at: Column[Any], number: Column[Any]) -> list[ColumnElement[bool]]:
    """What a row of this part fulfils; rows of one moment stand in the order of their numbers."""
    wanted: list[ColumnElement[bool]] = []
    if part.since is not None:
        wanted.append(at >= part.since)
    if part.until is not None and part.until_id is None:
        wanted.append(at < part.until)
    elif part.until is not None and not part.until_id:
        wanted.append(at <= part.until)
    elif part.until is not None:
        # One that was deleted since then has no number, and nothing of its moment comes: it went with its neighbours.
        last = select(number).where(table.c.id == part.until_id).scalar_subquery()
        wanted.append(or_(at < part.until, (at == part.until) & (number < last)))
    return wanted
