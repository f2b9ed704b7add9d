"""Health: tells the state of each part, soon, whatever is wrong with a part, and nothing else."""

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Counter

from bot.web import health, server

SECRET = "postgresql://muster:secret@db"


async def ok() -> str:
    return "ok"


async def broken() -> str:
    raise ConnectionError(SECRET)


async def hangs() -> str:
    await asyncio.Event().wait()
    return "never"


async def ask(**probes: Any) -> tuple[int, dict[str, Any]]:
    routes = health.routes(
        probes=probes, vital=frozenset({"database", "redis"}), registry=CollectorRegistry(), patience_seconds=0.05
    )
    async with TestClient(TestServer(server.build(routes))) as client:
        answer = await client.get("/health")
        return answer.status, await answer.json()


async def test_all_is_well() -> None:
    assert await ask(database=ok, redis=ok, nlu=ok) == (
        200,
        {"status": "ok", "parts": {"database": "ok", "redis": "ok", "nlu": "ok"}},
    )


@pytest.mark.parametrize("part", ["database", "redis"])
@pytest.mark.parametrize("fault", [broken, hangs])
async def test_without_a_vital_part_it_is_down(part: str, fault: Any) -> None:
    status, body = await ask(**{"database": ok, "redis": ok, "nlu": ok, part: fault})
    assert status == 503
    assert body["status"] == "down"
    assert body["parts"][part].startswith("down: ")
    assert SECRET not in str(body)


@pytest.mark.parametrize("fault", [broken, hangs])
async def test_without_understanding_it_is_up_and_says_so(fault: Any) -> None:
    """R22: key words answer."""
    status, body = await ask(database=ok, redis=ok, nlu=fault)
    assert status == 200
    assert body["parts"]["nlu"].startswith("down: ")


async def test_metrics_speak_prometheus() -> None:
    registry = CollectorRegistry()
    Counter("sends", "Sends.", registry=registry).inc()
    routes = health.routes(probes={}, vital=frozenset(), registry=registry)
    async with TestClient(TestServer(server.build(routes))) as client:
        answer = await client.get("/metrics")
        assert "sends_total 1.0" in await answer.text()
