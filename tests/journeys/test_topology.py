"""The deployment of docker-compose.yml, process by process: web, two workers, nlu, a real Redis, a real PostgreSQL."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.queue.connection import connect
from bot.queue.embedded import Server, embedded_redis, inspect
from tests import provide
from tests.databases import PostgresServer
from tests.journeys.conftest import SENDER, Provider
from tests.journeys.processes import free_port, is_up, process, until

WORKER = "+15005552100"


@asynccontextmanager
async def real_redis(folder: Path) -> AsyncIterator[str]:
    """Debian's redis-server where there is one; leaves the test out where there is none."""
    program = provide.redis_server()
    server: Server | None = inspect(program) if program else None
    if server is None:
        pytest.skip("no redis-server on PATH")
    async with embedded_redis(folder, server=server) as url:
        yield url


async def test_a_conversation_through_separate_processes_survives_a_worker_and_redis(
    provider: Provider, postgres: PostgresServer, tmp_path: Path
) -> None:
    """R23, R22: one worker is killed and Redis is emptied in the middle."""
    nlu_port = free_port()
    async with AsyncExitStack() as stack:
        redis_url = await stack.enter_async_context(real_redis(tmp_path / "redis"))
        database = await stack.enter_async_context(postgres.fresh(is_migrated=False))
        environment = provider.environment(
            database=database, redis_url=redis_url, home=tmp_path / "home", nlu_url=f"http://127.0.0.1:{nlu_port}"
        ) | {"MUSTER_NLU_PORT": str(nlu_port)}

        async def start(*command: str) -> asyncio.subprocess.Process:
            return await stack.enter_async_context(process("-m", "bot", *command, environment=environment))

        assert await (await start("migrate")).wait() == 0
        await start("nlu")
        await start("web")
        first = await start("worker")
        await start("worker")
        await until(lambda: is_up(provider.own_url), "web is up")
        await until(lambda: _understands(nlu_port), "the NLU server answers", seconds=240)

        await _says(provider, "hay mucha agua en la casa, no podemos salir y sube rapido")
        assert "193" in await _answer(provider, 1)
        os.killpg(first.pid, signal.SIGKILL)
        await _says(provider, "1")
        await _answer(provider, 2)
        redis = connect(redis_url)
        await redis.flushall()
        await redis.aclose()
        await _says(provider, "agua")
        await _answer(provider, 3)
        async with aiohttp.ClientSession() as session, session.get(f"{provider.own_url}/health") as answer:
            parts = (await answer.json())["parts"]
        assert parts["nlu"] == parts["redis"] == parts["database"] == "ok"


async def _says(provider: Provider, text: str) -> None:
    inbound = await provider.stand_in.phone_sends(text, from_=WORKER, to=SENDER)
    assert inbound.answers[-1] == 200


async def _answer(provider: Provider, count: int) -> str:
    """The text of the last message once the phone has at least `count`."""

    async def has_heard() -> bool:
        return len(provider.stand_in.sent_to(WORKER)) >= count

    await until(has_heard, f"answer {count} arrives")
    return str(provider.stand_in.sent_to(WORKER)[-1].body)


async def _understands(port: int) -> bool:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return False
    return await is_up(f"http://127.0.0.1:{port}")
