"""The troubles a test can order of a stand-in: refused, dropped and slow requests."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.sandbox.clock import Clock


class Drop(StrEnum):
    """When the connection is cut: before the request is worked on, or after, so that the caller cannot know."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(slots=True, kw_only=True)
class Fault:
    """One kind of trouble for the next `times` requests whose path contains `path`.

    `delay` and `retry_after` are in seconds; `code` is the provider's own error code, where it has such.
    """

    times: int = 1
    path: str = ""
    status: int | None = None
    code: int | None = None
    retry_after: int = 1
    drop: Drop | None = None
    delay: float = 0.0


@dataclass(slots=True)
class Faults:
    """The troubles ordered and not yet used up, first come first served."""

    ordered: list[Fault] = field(default_factory=list)

    def order(self, fault: Fault) -> None:
        self.ordered.append(fault)

    def take(self, path: str) -> Fault | None:
        """Use up one turn of the first fault that fits `path`."""
        for fault in self.ordered:
            if fault.times > 0 and fault.path in path:
                fault.times -= 1
                if not fault.times:
                    self.ordered.remove(fault)
                return fault
        return None


def faults_middleware(*, faults: Faults, clock: Clock, refuse: Callable[[Fault], web.Response]) -> Middleware:
    """Apply the ordered faults; `refuse` makes the provider's own error answer for a fault with a status."""

    @web.middleware
    async def apply(request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = faults.take(request.path) if faults.ordered else None
        if fault is None:
            return await handler(request)
        return await _suffer(fault, request, handler)

    async def _suffer(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
        if fault.delay:
            await clock.sleep(fault.delay)
        if fault.status is not None:
            return refuse(fault)
        if fault.drop is Drop.BEFORE:
            return await _cut(request)
        response = await handler(request)
        return await _cut(request) if fault.drop is Drop.AFTER else response

    return apply


async def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    # The handler never answers: aiohttp cancels it, or finds the transport closed and gives up.
    raise asyncio.CancelledError
