"""Owns the board's stream of server-sent events: the parts of the page that changed, a beat, and its end."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from bot.console.render import draw
from bot.console.visit import reader, visit, words
from bot.domain.broadcast import Broadcast
from bot.domain.delivery import BroadcastId
from bot.domain.errors import Unavailable
from bot.services.access import Deed, Reader, may, of_broadcasts, of_roster
from bot.services.board import Board
from bot.services.ports import Clock
from bot.services.staff import StaffDesk
from bot.services.watch import Lookout, Watch

TEMPLATE = "board/show.html"
PARTS = ("figures", "helped", "sites", "account", "answers")  # blocks of the page, each renewed by itself
BEAT = "beat"  # says that the page is live, or since when it is not
BEAT_SECONDS = 5.0  # the page calls itself not live when two did not come
CHECK = timedelta(seconds=30)  # between two looks whether the reader is still signed in
MOST = 20  # streams of one person: a browser opens six to one host

Values = Callable[[web.Request, Board, Reader], Mapping[str, Any]]
Drawn = Mapping[str, str]


@dataclass(kw_only=True)
class BoardStream:
    """Sends boards to whoever watches. Readers of one language who may see the same share what is drawn for them."""

    lookout: Lookout[BroadcastId, Board]
    staff: StaffDesk
    clock: Clock
    beat_seconds: float = BEAT_SECONDS
    _open: Counter[str] = field(default_factory=Counter)  # streams by staff id
    _drawn: WeakKeyDictionary[Watch[Board], dict[tuple[str, bool], tuple[int, Drawn]]] = field(
        default_factory=WeakKeyDictionary
    )

    async def run(self, request: web.Request, broadcast: Broadcast, values: Values) -> web.StreamResponse:
        """Until the reader leaves, is signed out or may not see it any more, or the server stops."""
        who = reader(request).id
        if self._open[who] >= MOST:
            raise web.HTTPTooManyRequests
        self._open[who] += 1
        try:
            async with self.lookout.watching(broadcast.id) as watch, sse_response(request) as stream:
                with suppress(ConnectionResetError):
                    await self._send(request, stream, watch, broadcast, values)
        finally:
            self._open[who] -= 1
            self._open += Counter()  # forgets who has none
        return stream

    async def _send(
        self,
        request: web.Request,
        stream: EventSourceResponse,
        watch: Watch[Board],
        broadcast: Broadcast,
        values: Values,
    ) -> None:
        shown, checked_at = dict[str, str](), self.clock.now()
        who = await self._still(request, broadcast)
        while who is not None and not watch.is_closed:
            version = watch.version
            if watch.seen is not None:
                known = values(request, watch.seen, who)
                parts = dict(self._parts(request, watch, who, known))
                parts[BEAT] = draw(request, TEMPLATE, BEAT, **{**known, "lost_at": watch.lost_at})
                for name, text in parts.items():
                    if name == BEAT or shown.get(name) != text:
                        await stream.send(text, event=name)
                shown = parts
            await self._wait(watch, version)
            if self.clock.now() - checked_at >= CHECK:
                who, checked_at = await self._still(request, broadcast), self.clock.now()

    async def _wait(self, watch: Watch[Board], version: int) -> None:
        """Until there is news, or it is time for the next beat."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.beat_seconds):
                await watch.after(version)

    def _parts(self, request: web.Request, watch: Watch[Board], who: Reader, values: Mapping[str, Any]) -> Drawn:
        sees_names = may(who, Deed.READ, of_roster(values["broadcast"].employer))
        kept = self._drawn.setdefault(watch, {})
        alike = words(request).language, sees_names
        if alike not in kept or kept[alike][0] != watch.version:
            drawn = {part: draw(request, TEMPLATE, part, **values) for part in PARTS}
            kept[alike] = watch.version, drawn
        return kept[alike][1]

    async def _still(self, request: web.Request, broadcast: Broadcast) -> Reader | None:
        """Who reads, if they are signed in and may see this still; watching keeps nobody signed in."""
        here = visit(request)
        try:
            signed_in = await self.staff.of_session(here.token, is_seen=False)
        except Unavailable:
            signed_in = here.signed_in  # the database is away, which the page says; nothing new comes from it
        if signed_in is None or not signed_in.is_full:
            return None
        return signed_in.reader if may(signed_in.reader, Deed.READ, of_broadcasts(broadcast.employer)) else None
