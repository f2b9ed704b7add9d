"""Owns the HTTP server: what every answer carries, how errors look, how it starts and stops."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from bot.domain.errors import ConfigurationError
from bot.log import logger
from bot.web import open_sockets
from bot.web.webhooks import MAX_BODY

log = logger("web")

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@web.middleware
async def _errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """An error that nobody foresaw is a plain 500: its text may hold what a contact wrote."""
    try:
        answer: web.StreamResponse = await handler(request)
    except web.HTTPException:
        raise
    except Exception as error:
        log.error("request_failed", route=_route(request), error=error)
        return web.json_response({"error": "something failed here; it is safe to try again"}, status=500)
    return answer


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"


async def _secure(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)


def build(routes: Iterable[web.AbstractRouteDef]) -> web.Application:
    """The application that serves these routes."""
    application = web.Application(middlewares=[_errors], client_max_size=MAX_BODY)
    application.on_response_prepare.append(_secure)
    open_sockets.install(application)
    application.add_routes(routes)
    return application


async def serve(
    application: web.Application,
    host: str,
    port: int,
    stop: asyncio.Event,
    *,
    when_up: Callable[[], None] = lambda: None,
) -> None:
    """Serve until `stop` is set, then let open requests finish. Raises ConfigurationError for a port of somebody else.

    `when_up` is told once requests can come.
    """
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=10, handle_signals=False)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        when_up()
        await stop.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError([f"MUSTER_HOST and MUSTER_PORT: {host}:{port} cannot be served: {reason}"]) from error
