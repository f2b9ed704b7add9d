"""Owns the Redis servers that the queue's tests run on: the system's own and the one brought along."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.queue.connection import connect
from bot.queue.embedded import Server, bundled_program, embedded_redis, inspect


@pytest.fixture(params=["system", "bundled"], scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    """Each kind of server in turn; a missing one is a failure where CI=true."""
    found = shutil.which("redis-server") if request.param == "system" else bundled_program()
    known = inspect(Path(found)) if found else None
    if known is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no {request.param} Redis server here")
    return known


@pytest.fixture(scope="session")
def url(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One running server of each kind for all tests that only need Redis."""
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        home = tmp_path_factory.mktemp("redis")
        yield runner.run(stack.enter_async_context(embedded_redis(home, server=server)))
        runner.run(stack.aclose())


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    client = connect(url)
    await client.flushall()
    yield client
    await client.aclose()
