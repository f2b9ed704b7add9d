"""Owns what machines ask of a running Muster: is it alive, how are its parts, and its metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Probe = Callable[[], Awaitable[str]]  # returns a word such as "ok"; raising means that the part is down
PATIENCE_SECONDS = 3.0  # a part that takes longer to answer is down for whoever waits for it


def routes(
    *,
    probes: Mapping[str, Probe],
    vital: frozenset[str],
    registry: CollectorRegistry,
    patience_seconds: float = PATIENCE_SECONDS,
) -> list[web.RouteDef]:
    """`/health` is 200 while every vital part works, else 503; `/metrics` speaks Prometheus."""

    async def health(_: web.Request) -> web.Response:
        parts = await ask(probes, patience_seconds)
        is_up = not any(parts[name].startswith("down") for name in vital)
        body = {"status": "ok" if is_up else "down", "parts": parts}
        return web.json_response(body, status=200 if is_up else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [web.get("/health", health), web.get("/metrics", metrics)]


async def ask(probes: Mapping[str, Probe], patience_seconds: float = PATIENCE_SECONDS) -> Mapping[str, str]:
    """A word for each part, all asked at once; "down: ..." for what fails or takes too long."""
    answers = await asyncio.gather(*(_ask(probe, patience_seconds) for probe in probes.values()))
    return dict(zip(probes, answers, strict=True))


async def _ask(probe: Probe, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            return await probe()
    except Exception as error:  # whatever is wrong with a part, health must say it
        return f"down: {type(error).__name__}"
