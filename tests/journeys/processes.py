"""Starts Muster's processes for the journeys, and waits for what they do without guessing how long it takes."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def process(*command: str, environment: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process group of Muster's own Python; ended with all its children."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        cwd=ROOT,
        env={**os.environ, **environment},
        start_new_session=True,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        await started.wait()


async def until(holds: Callable[[], Awaitable[bool]], what: str, seconds: float = 90.0) -> None:
    """Wait until a condition holds; fails with `what` when it does not within a generous time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await holds():
        assert asyncio.get_running_loop().time() < deadline, f"waited {seconds:.0f} s in vain: {what}"
        await asyncio.sleep(0.05)


async def is_up(url: str) -> bool:
    """Whether the process behind this health address answers and is well."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/health") as answer:
            return answer.status == 200
    except (aiohttp.ClientError, OSError):
        return False
