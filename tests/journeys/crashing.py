"""A process of web and worker that kills itself once at a chosen hop, as a power cut would.

The hop is armed by MUSTER_TEST_HOP and disarmed by its marker file, so that the process started next goes on unharmed.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot import app, log, run
from bot.config import load
from bot.web import server

HOPS = ("after_store", "after_understanding", "before_commit", "after_commit", "after_send")


def die_once(marker: Path) -> None:
    """End like a power cut, the first time only."""
    try:
        marker.open("x").close()
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def after(call: Callable[..., Any], die: Callable[[], None]) -> Callable[..., Any]:
    async def wrapped(*args: Any, **named: Any) -> Any:
        result = await call(*args, **named)
        die()
        return result

    return wrapped


def before(call: Callable[..., Any], die: Callable[[], None]) -> Callable[..., Any]:
    async def wrapped(*args: Any, **named: Any) -> Any:
        die()
        return await call(*args, **named)

    return wrapped


def arm(composed: app.App, hop: str, die: Callable[[], None]) -> None:
    """Put the end of the process at one hop of the road."""
    conversation = composed.conversation
    match hop:
        case "after_store":  # committed, but no bell rung and no 200 given
            bell = composed.inbox._bell
            composed.inbox._bell = _Ringing(before(bell.ring, die))
        case "after_understanding":
            understander = conversation.listening.understander
            conversation.listening.understander = _Understanding(after(understander.understand, die))
        case "before_commit":
            conversation.store = _Store(composed.store, die)  # type: ignore[assignment]
        case "after_commit":  # handled and answered in SQL, but nobody was rung for
            conversation.bell = _Ringing(before(conversation.bell.ring, die))
        case "after_send":  # the provider said yes, and we have not written it down
            for channel in composed.channels.values():
                kind = type(channel)
                kind.send = after_send(kind.send, die)  # type: ignore[method-assign,assignment]
        case _:
            raise ValueError(f"unknown hop {hop!r}")


def after_send(send: Callable[..., Any], die: Callable[[], None]) -> Callable[..., Any]:
    return after(send, die)


class _Ringing:
    def __init__(self, ring: Callable[..., Any]) -> None:
        self.ring = ring


class _Understanding:
    def __init__(self, understand: Callable[..., Any]) -> None:
        self.understand = understand


class _Store:
    """Ends the process after a contact's transaction has done all its work and before its commit."""

    def __init__(self, store: Any, die: Callable[[], None]) -> None:
        self._store, self._die = store, die

    @asynccontextmanager
    async def transaction(self, contact: Any = None) -> AsyncIterator[Any]:
        async with self._store.transaction(contact) as unit:
            yield unit
            if contact is not None:
                self._die()

    def look(self) -> Any:
        return self._store.look()


async def main() -> None:
    settings = run.with_home(load())
    hop, marker = os.environ.get("MUSTER_TEST_HOP", ""), Path(os.environ.get("MUSTER_TEST_MARKER", ""))
    async with run.stopping() as stop, app.compose(settings) as composed, asyncio.TaskGroup() as group:
        if hop:
            arm(composed, hop, lambda: die_once(marker))
        group.create_task(server.serve(composed.web_application, settings.host, settings.port, stop))
        group.create_task(composed.worker.run(stop))
        print("up", flush=True)


if __name__ == "__main__":
    log.configure(level="WARNING")
    asyncio.run(main())
    sys.exit(0)
