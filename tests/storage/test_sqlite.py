"""SQLite's connection: the event loop never waits for a lock, and nothing runs beside a call still under way."""

import asyncio
import sqlite3
import threading
from pathlib import Path

from bot.storage import sqlite

PATIENCE = 5.0


async def test_statements_give_and_take_rows(tmp_path: Path) -> None:
    connection = await sqlite.connect(str(tmp_path / "x.db"), patience_seconds=PATIENCE)
    await connection.execute("CREATE TABLE t (n)")
    await connection.executemany("INSERT INTO t VALUES (?)", [(1,), (2,)])
    await connection.commit()
    await connection.execute("INSERT INTO t VALUES (3)")
    await connection.rollback()
    assert list(await connection.execute_fetchall("SELECT n FROM t ORDER BY n")) == [(1,), (2,)]
    await connection.close()


async def test_the_loop_goes_on_while_another_process_holds_the_write_lock(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    connection = await sqlite.connect(str(tmp_path / "x.db"), patience_seconds=PATIENCE)
    waiting = asyncio.create_task(connection.execute("BEGIN IMMEDIATE"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    other.execute("ROLLBACK")
    await waiting
    await connection.close()
    other.close()


async def test_what_follows_a_cancelled_call_waits_until_that_has_ended(tmp_path: Path) -> None:
    """A task may be cancelled in its commit; the rollback that follows must not run beside it."""
    connection = await sqlite.connect(str(tmp_path / "x.db"), patience_seconds=PATIENCE)
    has_begun, may_end = threading.Event(), threading.Event()
    threads: list[str] = []

    def look(*_: object) -> int:
        threads.append(threading.current_thread().name)
        has_begun.set()
        may_end.wait(PATIENCE)
        return sqlite3.SQLITE_OK

    await connection.set_authorizer(look)
    cancelled = asyncio.create_task(connection.execute("PRAGMA user_version"))
    await asyncio.to_thread(has_begun.wait, PATIENCE)
    cancelled.cancel()
    following = asyncio.create_task(connection.execute("SELECT 1"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not following.done()
    assert len(threads) == 1
    may_end.set()
    await following
    assert set(threads) == {threads[0]}  # behind it, in the same thread
    await connection.execute("SELECT 2")
    assert threads[-1] == threading.current_thread().name  # and at once again afterwards
    await connection.close()
