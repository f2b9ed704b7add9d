"""Owns the sockets that are open: when the server stops they are closed, and what they have begun is finished."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aiohttp import WSCloseCode, web

_OPEN = web.AppKey("open_sockets", dict[web.WebSocketResponse, "asyncio.Task[Any] | None"])
_PATIENCE_SECONDS = 6.0  # for what is under way; a socket gives its own last look into storage 5


def install(application: web.Application) -> None:
    """Let this application close its sockets when it stops."""
    if _OPEN in application:
        return
    application[_OPEN] = {}
    application.on_shutdown.append(_close)


@contextmanager
def kept(application: web.Application, socket: web.WebSocketResponse) -> Iterator[None]:
    """Count the socket as open; without `install` it ends when its page leaves, or when the server's patience does."""
    known = application.get(_OPEN, {})
    known[socket] = asyncio.current_task()
    try:
        yield
    finally:
        del known[socket]


async def _close(application: web.Application) -> None:
    """Say goodbye to the pages, and wait for their handlers: the server itself forgets those whose page is gone."""
    sockets = application[_OPEN].copy()
    goodbyes = [socket.close(code=WSCloseCode.GOING_AWAY, message=b"restarting") for socket in sockets]
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await asyncio.gather(*goodbyes, return_exceptions=True)
    tasks = [task for task in sockets.values() if task is not None]
    if tasks:
        await asyncio.wait(tasks, timeout=_PATIENCE_SECONDS)
