"""Owns the databases that tests run on: a PostgreSQL of their own, and a fresh database for each test."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.storage.migrate import migrate

T = TypeVar("T")
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "log_statement=none")


def programs() -> Path | None:
    """The folder of PostgreSQL's programs: PG_BIN, else where Debian puts them, else on PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    folders = [Path(os.environ["PG_BIN"])] if "PG_BIN" in os.environ else []
    folders += [*debian, *([Path(on_path).parent] if on_path else [])]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@dataclass(frozen=True)
class PostgresServer:
    """A running server that dies with the tests; `template` is a database that is up to date and empty."""

    port: int
    template: str = "muster_template"

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{database}"

    @asynccontextmanager
    async def fresh(self, *, is_migrated: bool = True) -> AsyncIterator[str]:
        """The URL of a database of one's own, dropped afterwards."""
        name = f"test_{os.getpid()}_{next(_names)}"
        source = self.template if is_migrated else "template0"
        await self._run(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        try:
            yield self.url(name)
        finally:
            await self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user="postgres", database="postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


_names = count(1)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a PostgreSQL in a folder of its own; raises FileNotFoundError where its programs are missing."""
    folder = programs()
    if folder is None:
        raise FileNotFoundError("PostgreSQL's programs are not installed here (or set PG_BIN to their folder)")
    owner = _owner()
    home = Path(tempfile.mkdtemp(prefix="muster-pg-"))
    if owner:
        shutil.chown(home, owner)
    try:
        _run([folder / "initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync",
              "-D", home / "data"], owner)  # fmt: skip
        with _running(folder, home, owner) as port:
            server = PostgresServer(port)
            in_thread(server._run(f'CREATE DATABASE "{server.template}" TEMPLATE template0'))
            in_thread(migrate(server.url(server.template)))
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


def fresh_sqlite(path: Path) -> str:
    """Write a SQLite database that is up to date and empty; its URL."""
    path.write_bytes(_migrated())
    return sqlite_url(path)


def sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def dump(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, as an intruder with the database would read it."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            names = await connection.run_sync(lambda plain: inspect(plain).get_table_names())
            return {
                name: [dict(row) for row in (await connection.execute(text(f'SELECT * FROM "{name}"'))).mappings()]
                for name in names
            }
    finally:
        await engine.dispose()


def in_thread(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end outside this thread, which may have an event loop of its own."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


@contextmanager
def _running(folder: Path, home: Path, owner: str | None) -> Iterator[int]:
    port = _free_port()
    options = [option for setting in SETTINGS for option in ("-c", setting)]
    options += ["-p", str(port), "-h", "127.0.0.1", "-k", str(home)]
    control = [folder / "pg_ctl", "-D", home / "data", "-l", home / "log", "-w"]
    _run([*control, "-o", " ".join(options), "start"], owner)
    try:
        yield port
    finally:
        _run([*control, "-m", "immediate", "stop"], owner)


def _run(command: list[Any], owner: str | None) -> None:
    as_owner: dict[str, Any] = {"user": owner, "group": owner, "extra_groups": []} if owner else {}
    with tempfile.TemporaryFile() as output:  # a pipe would be held open by the server that this starts
        done = subprocess.run(
            [str(word) for word in command], stdout=output, stderr=output, cwd="/", check=False, **as_owner
        )
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{command[0]} failed:\n{output.read().decode(errors='replace')}")


@cache
def _migrated() -> bytes:
    """A database file as the migrations leave it: they run once in a process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.db"
        in_thread(migrate(sqlite_url(path)))
        return path.read_bytes()


def _owner() -> str | None:
    """Whose server it is: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = Path("/etc/passwd").read_text(encoding="utf-8")
    return "postgres" if "\npostgres:" in known else "nobody"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
