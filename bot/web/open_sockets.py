"""Owns the sockets that are open: they are closed when the server stops, so that it need not wait for their pages."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import WSCloseCode, web

_OPEN = web.AppKey("open_sockets", set[web.WebSocketResponse])


def install(application: web.Application) -> None:
    """Let this application close its sockets when it stops."""
    if _OPEN in application:
        return
    application[_OPEN] = set()
    application.on_shutdown.append(_close)


@contextmanager
def kept(application: web.Application, socket: web.WebSocketResponse) -> Iterator[None]:
    """Count the socket as open; without `install` it ends when its page leaves, or when the server's patience does."""
    known = application.get(_OPEN, set())
    known.add(socket)
    try:
        yield
    finally:
        known.discard(socket)


async def _close(application: web.Application) -> None:
    sockets = application[_OPEN]
    for socket in tuple(sockets):
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"restarting")
