"""Owns SQLite's connection: what may wait for the disk or another process goes to a thread, the rest runs at once."""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

from aiosqlite import Connection

CHUNK = 64  # rows that are fetched at once where a result is read bit by bit


async def connect(path: str, *, patience_seconds: float) -> Connection:
    """A connection for SQLAlchemy's aiosqlite dialect."""
    # Never used by two threads at once; SQLite's own module allows one after the other.
    open_file = partial(sqlite3.connect, path, timeout=patience_seconds, check_same_thread=False)
    connection = _Connection(open_file, CHUNK)
    connection._thread.daemon = True  # as the dialect does: a process that ends does not wait for it
    try:
        return await connection
    except BaseException:
        # A failed opening ends the thread, which tells the event loop so: let it, before the loop may be closed.
        await asyncio.to_thread(connection._thread.join)
        raise


class _Connection(Connection):
    """aiosqlite's connection without its way through a thread and back for each of a statement's four calls.

    A statement on pages in memory takes SQLite some 20 microseconds and that way 500. Whoever waits for a lock or for
    the disk still does so in the thread: the beginning of a transaction that writes, the commit, opening and closing.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._asked = self._done = 0  # calls given to the thread, calls that it has finished

    async def _execute(self, fn: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        is_thread_busy = self._asked != self._done  # with the call of a task that was cancelled: then wait behind it
        if is_thread_busy or not self._running or _may_wait(fn, arguments):
            self._asked += 1
            return await super()._execute(self._counted, partial(fn, *arguments, **named))  # type: ignore[no-untyped-call]
        return fn(*arguments, **named)

    def _counted(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            self._done += 1


def _may_wait(fn: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Whether a call may wait for the disk or for a lock that another process holds."""
    if fn.__name__ == "execute":
        return str(arguments[0]).startswith(("BEGIN IMMEDIATE", "PRAGMA"))
    return fn.__name__ in ("commit", "close") and isinstance(getattr(fn, "__self__", None), sqlite3.Connection)
