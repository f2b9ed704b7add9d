"""Owns the desk's streams of server-sent events: the queue, read once for all, and each open conversation."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from bot.console.visit import reader, visit
from bot.domain.contact import ContactId
from bot.domain.errors import Denied, Unavailable
from bot.domain.staff import StaffId
from bot.log import logger
from bot.services.access import Reader
from bot.services.desk import Desk, View
from bot.services.desk_ports import Glance, News, Viewing, conversation_topic
from bot.services.ports import Clock
from bot.services.queue import Sight
from bot.services.staff import StaffDesk
from bot.services.timeline import Mark
from bot.services.watch import Lookout, Watch

log = logger("desk_stream")

BEAT = "beat"  # says that the page is live, or since when it is not
GONE = "gone"  # the last event of a conversation that this reader may not see any more
BEAT_SECONDS = 4.0  # the page calls itself not live after ten: two may be late
REFRESH_SECONDS = 3.0  # between two looks at a conversation of which there is no news
AMONG = timedelta(seconds=2)  # between two looks who else has it open
CLOCKS = timedelta(minutes=1)  # in which the clocks of a conversation move on by themselves, and names may change
CHECK = timedelta(seconds=10)  # between two looks whether the reader is still signed in
LIVE = 1000  # entries that one screen follows
MOST = 20  # streams of one person
AT_ONCE = 4  # looks at the database by screens: the queue's reading, pages and webhooks find a connection free

SEND_SECONDS = 30.0  # in which a screen takes what is sent to it, or is cut off: it comes again and gets the whole

Parts = Mapping[str, str]  # names of events to what they carry
Events = Mapping[str, bytes]  # names of events to all of them, as they go over the wire
DrawQueue = Callable[[Sight, Reader, datetime | None], Events]
DrawConversation = Callable[[View | None, tuple[Glance, ...], datetime | None], tuple[Parts, str]]  # with its id


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A conversation as a screen read it: for whom, by which trace, when, and when names of staff were read."""

    view: View
    who: Reader
    trace: str
    at: datetime
    named_at: datetime


@dataclass(kw_only=True)
class Seats:
    """Counts the streams of each person, and knows whether who sits there is still signed in."""

    staff: StaffDesk
    clock: Clock
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))  # of a screen to look
    _taken: Counter[str] = field(default_factory=Counter)
    _spread: float = 0.0  # from 0 to 1

    def first_checked_at(self) -> datetime:
        """From when a stream that begins now counts: those that begin at once do not all ask at once from then on."""
        self._spread = (self._spread + 0.618) % 1  # each falls into the widest gap that others left
        return self.clock.now() - CHECK * self._spread

    @asynccontextmanager
    async def stream(self, request: web.Request) -> AsyncIterator[EventSourceResponse]:
        """A stream of this person; a browser opens six to one host, nobody needs twenty."""
        who = reader(request).id
        if self._taken[who] >= MOST:
            raise web.HTTPTooManyRequests
        self._taken[who] += 1
        try:
            async with sse_response(request) as stream:
                with suppress(ConnectionResetError):
                    yield stream
        finally:
            self._taken[who] -= 1
            self._taken += Counter()  # forgets who has none

    async def still(self, request: web.Request) -> Reader | None:
        """Who reads, if they are signed in still; watching keeps nobody signed in."""
        here = visit(request)
        try:
            async with self.turn:
                signed_in = await self.staff.of_session(here.token, is_seen=False)
        except Unavailable:
            signed_in = here.signed_in  # the database is away, which the page says; nothing new comes from it
        return signed_in.reader if signed_in is not None and signed_in.is_full else None


@dataclass(kw_only=True)
class QueueStream:
    """Sends the queue to whoever watches; it is read once, and drawn once for those who may see the same.

    An event is the whole part of the page as it is now: whoever was cut off has missed nothing when they are back.
    """

    lookout: Lookout[str, Sight]
    seats: Seats
    clock: Clock
    beat_seconds: float = BEAT_SECONDS

    async def run(self, request: web.Request, draw: DrawQueue) -> web.StreamResponse:
        """Until the reader leaves, is signed out or works here no more, or the server stops."""
        async with self.lookout.watching("") as watch, self.seats.stream(request) as stream:
            await self._send(request, stream, watch, draw)
        return stream

    async def _send(
        self, request: web.Request, stream: EventSourceResponse, watch: Watch[Sight], draw: DrawQueue
    ) -> None:
        shown: Events = {}
        lost_at, seconds = watch.lost_at, asyncio.get_running_loop().time
        beat_at = seconds() + self.beat_seconds
        who, checked_at = await self.seats.still(request), self.seats.first_checked_at()
        while who is not None and who.role.answers and not watch.is_closed:
            version, is_due = watch.version, seconds() >= beat_at
            if watch.seen is not None:
                events = draw(watch.seen, who, watch.lost_at)
                news = {name: event for name, event in events.items() if name != BEAT and shown.get(name) != event}
                # No beat at a change that is not shown: it would tell of people whom the reader may not know of (R16).
                is_due = is_due or bool(news) or watch.lost_at != lost_at
                async with asyncio.timeout(SEND_SECONDS):
                    for event in {**news, BEAT: events[BEAT]}.values() if is_due else ():
                        await stream.write(event)
                shown, lost_at = events, watch.lost_at
            beat_at = seconds() + self.beat_seconds if is_due else beat_at
            with suppress(TimeoutError):
                async with asyncio.timeout_at(beat_at):
                    await watch.after(version)
            if self.clock.now() - checked_at >= CHECK:
                who, checked_at = await self.seats.still(request), self.clock.now()


@dataclass(kw_only=True)
class ConversationStream:
    """Sends one conversation to one screen: at each news of it, and every few seconds whatever happens.

    It is read again only when its trace says that it was changed, the reader's role was, or a minute has gone since:
    clocks move on by themselves. So many opened at once never all read at once.
    """

    desk: Desk
    news: News
    viewing: Viewing
    seats: Seats
    clock: Clock
    refresh_seconds: float = REFRESH_SECONDS
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def close(self) -> None:
        """End all streams: the server stops."""
        self._closing.set()

    async def run(
        self, request: web.Request, contact: ContactId, draw: DrawConversation, *, since: Mark | None
    ) -> web.StreamResponse:
        """What there is from that mark on, until the reader leaves or may not see it any more, or the server stops."""
        who = StaffId(reader(request).id)
        async with self.seats.stream(request) as stream, self._woken(contact) as woken:
            try:
                await self._send(request, stream, contact, draw, woken=woken, since=since)
            finally:
                await self.viewing.leave(contact, who)
        return stream

    async def _send(
        self,
        request: web.Request,
        stream: EventSourceResponse,
        contact: ContactId,
        draw: DrawConversation,
        *,
        woken: asyncio.Event,
        since: Mark | None,
    ) -> None:
        lost_at: datetime | None = None
        seen: Seen | None = None
        glances: tuple[Glance, ...] = ()
        looked_at: datetime | None = None
        who, checked_at = await self.seats.still(request), self.seats.first_checked_at()
        while who is not None and not self._closing.is_set():
            try:
                async with self.seats.turn:
                    seen = await self._look(who, contact, seen, since=since)
                if looked_at is None or self.clock.now() - looked_at >= AMONG:
                    glances, looked_at = await self._glances(contact, StaffId(who.id)), self.clock.now()
                lost_at = None
            except Denied:
                await _send(stream, draw(None, (), None))
                return
            except Exception as error:  # whatever fails: the screen says that it is not live
                if lost_at is None:
                    log.warning("conversation_lost", contact=contact, error=error)
                seen, looked_at, lost_at = None, None, lost_at or self.clock.now()
            await _send(stream, draw(seen.view if seen is not None else None, glances, lost_at))
            await self._rest(woken)
            if self.clock.now() - checked_at >= CHECK:
                who, checked_at = await self.seats.still(request), self.clock.now()

    async def _look(self, who: Reader, contact: ContactId, before: Seen | None, *, since: Mark | None) -> Seen:
        """The conversation now, read again only where it must be."""
        now, trace = self.clock.now(), await self.desk.trace(contact)
        known = before if before is not None and before.who == who else None
        if known is not None and known.trace == trace and now - known.at < CLOCKS:
            return known
        if known is not None and now - known.named_at >= CLOCKS:
            known = None
        names_of = known.view if known is not None else None
        view = await self.desk.look_again(who, contact, history=LIVE, since=since, before=names_of)
        return Seen(view=view, who=who, trace=trace, at=now, named_at=known.named_at if known is not None else now)

    async def _glances(self, contact: ContactId, who: StaffId) -> tuple[Glance, ...]:
        """Who else is here; they see us too."""
        await self.viewing.note(contact, who)
        return tuple(one for one in await self.viewing.all() if one.contact == contact)

    async def _rest(self, woken: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.refresh_seconds):
                await woken.wait()
        woken.clear()

    @asynccontextmanager
    async def _woken(self, contact: ContactId) -> AsyncIterator[asyncio.Event]:
        """Set whenever there is news of the conversation."""
        woken = asyncio.Event()

        async def listen() -> None:
            async for _ in self.news.subscribe([conversation_topic(contact)]):
                woken.set()

        listening = asyncio.create_task(listen())
        try:
            yield woken
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


def event(name: str, text: str, *, id_: str | None = None) -> bytes:
    """A server-sent event, encoded once for all screens that it goes to."""
    plain = str(text)  # markup is split slowly, each line into markup
    lines = plain.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    known = [f"id: {id_}\n"] if id_ is not None else []
    return "".join([*known, f"event: {name}\n", *(f"data: {line}\n" for line in lines), "\n"]).encode()


async def _send(stream: EventSourceResponse, drawn: tuple[Parts, str]) -> None:
    parts, id_ = drawn
    if parts:  # in one piece: each costs the system a call
        async with asyncio.timeout(SEND_SECONDS):
            await stream.write(b"".join(event(name, text, id_=id_) for name, text in parts.items()))
