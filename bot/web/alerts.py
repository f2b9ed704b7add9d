"""Owns the public addresses of alerts: the feed, and each alert in CAP. What is not public looks like what is not."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import Protocol

from aiohttp import web

from bot.domain.broadcast import Broadcast
from bot.domain.delivery import BroadcastId
from bot.domain.errors import InputError
from bot.services.ports import Clock, Store

FRESH_SECONDS = 30  # how long others may keep an answer: a cancellation must not wait
FEED_TYPE = "application/atom+xml"
ALERT_TYPE = "application/cap+xml"


class Publisher(Protocol):
    """What of our broadcasts the world may read, as bytes of XML."""

    @property
    def remembered(self) -> timedelta:
        """How far back the feed looks."""
        ...

    def alert(self, broadcast: Broadcast, earlier: Sequence[Broadcast]) -> bytes:
        """Raises InputError when there is nothing for the public to read."""
        ...

    def feed(self, broadcasts: Sequence[Broadcast], now: datetime) -> bytes: ...


def routes(*, store: Store, clock: Clock, publisher: Publisher) -> list[web.RouteDef]:
    """`/alerts.cap` is an Atom feed, `/alerts/ID.cap` one alert; 404 alike for unknown and not public ones."""

    async def feed(request: web.Request) -> web.Response:
        now = clock.now()
        async with store.transaction() as unit:
            broadcasts = await unit.broadcasts.public(now - publisher.remembered)
        return _answer(request, publisher.feed(broadcasts, now), FEED_TYPE)

    async def alert(request: web.Request) -> web.Response:
        async with store.transaction() as unit:
            broadcast = await unit.broadcasts.get(BroadcastId(request.match_info["id"]))
            names = broadcast.references if broadcast else ()
            earlier = [found for name in names if (found := await unit.broadcasts.get(name))]
        if broadcast is None:
            raise web.HTTPNotFound
        try:
            body = publisher.alert(broadcast, earlier)
        except InputError:
            raise web.HTTPNotFound from None
        return _answer(request, body, ALERT_TYPE, broadcast.begun_at)

    return [web.get("/alerts.cap", feed), web.get("/alerts/{id:[A-Za-z0-9_-]{1,64}}.cap", alert)]


def _answer(request: web.Request, body: bytes, media: str, modified: datetime | None = None) -> web.Response:
    """The document, or 304 for who has it already by its tag or, where it never changes, by its time."""
    tag = sha256(body).hexdigest()[:32]
    headers = {"Cache-Control": f"public, max-age={FRESH_SECONDS}", "ETag": f'"{tag}"'}
    if modified is not None:
        headers["Last-Modified"] = format_datetime(modified.replace(microsecond=0), usegmt=True)
    if _has_it(request, tag, modified):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers={**headers, "Content-Type": f"{media}; charset=utf-8"})


def _has_it(request: web.Request, tag: str, modified: datetime | None) -> bool:
    """A tag that was sent counts alone (RFC 9110, 13.1.3)."""
    tags, since = request.if_none_match, request.if_modified_since
    if tags is not None:
        return any(one.value in (tag, "*") for one in tags)
    return modified is not None and since is not None and modified.replace(microsecond=0) <= since
