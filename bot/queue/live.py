"""Owns news for open screens: small events by topic, lost when nobody listens."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Self

import orjson
from redis.asyncio import Redis

from bot.queue.connection import AWAY

_RETRY_SECONDS = 0.5  # between two tries to reach Redis, after its client's own tries have failed

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One piece of news: what changed, to be shown or to be read again from storage."""

    topic: str
    data: Mapping[str, Any]


class Wire(Enum):
    """What happened to the wire itself."""

    GAP = "gap"  # from now on everything is heard; what came before may have been missed: catch up
    LOST = "lost"  # nothing is heard until the next GAP: the screen is not live, and should say so


class Live:
    """Publishes events, and hears those of all processes: enter it (`async with`) to hear.

    One connection serves all of a process's screens. A subscriber that falls `backlog` events behind loses them and
    gets a GAP instead.
    """

    def __init__(self, *, redis: Redis, name: str = "live", backlog: int = 256) -> None:
        self._redis = redis
        self._prefix = f"{name}:"
        self._backlog = backlog
        self._subscribers: dict[asyncio.Queue[Event | Wire], frozenset[str]] = {}
        self._is_up = False
        self._reader: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        """How many screens of this process listen now."""
        return len(self._subscribers)

    async def publish(self, topic: str, event: Mapping[str, object]) -> None:
        """Tell whoever listens. Never raises while Redis is away: screens catch up after it."""
        try:
            await self._redis.publish(self._prefix + topic, orjson.dumps(event))
        except AWAY as error:
            _log.warning("event not published, Redis is away: %s", type(error).__name__)

    async def subscribe(self, topics: Collection[str]) -> AsyncIterator[Event | Wire]:
        """The topics' events from now on, first of all a GAP: read what is to be shown when you get it."""
        if self._reader is None:
            raise RuntimeError("Live hears nothing before it is entered")
        queue: asyncio.Queue[Event | Wire] = asyncio.Queue(self._backlog)
        self._subscribers[queue] = frozenset(topics)
        queue.put_nowait(Wire.GAP if self._is_up else Wire.LOST)
        try:
            while True:
                yield await queue.get()
        finally:
            del self._subscribers[queue]

    async def __aenter__(self) -> Self:
        self._reader = asyncio.create_task(self._read_forever())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            self._reader = None

    async def _read_forever(self) -> None:
        while True:
            try:
                await self._read()
            except AWAY as error:
                _log.warning("screens are not live, Redis is away: %s", type(error).__name__)
            if self._is_up:
                self._tell_all(Wire.LOST)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _read(self) -> None:
        async with self._redis.pubsub() as pubsub:
            await pubsub.psubscribe(f"{self._prefix}*")
            while True:
                message = await pubsub.get_message(
                    timeout=15
                )  # seconds; then the client checks the connection's health
                if message is None:
                    continue
                if message["type"] == "psubscribe":  # also after the client has reconnected by itself
                    self._tell_all(Wire.GAP)
                elif message["type"] == "pmessage":
                    self._tell(
                        Event(topic=message["channel"].removeprefix(self._prefix), data=orjson.loads(message["data"]))
                    )

    def _tell_all(self, news: Wire) -> None:
        self._is_up = news is Wire.GAP
        for queue in self._subscribers:
            _put(queue, news)

    def _tell(self, event: Event) -> None:
        for queue, topics in self._subscribers.items():
            if event.topic in topics:
                _put(queue, event)


def _put(queue: asyncio.Queue[Event | Wire], news: Event | Wire) -> None:
    if queue.full():  # a slow screen must not grow our memory: it catches up instead
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(Wire.GAP)
        if news is Wire.GAP:
            return
    queue.put_nowait(news)
