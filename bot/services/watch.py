"""Owns watching: one reader for each thing looked at in this process, a board or the queue, however many look."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bot.log import logger
from bot.services.ports import Clock

log = logger("watch")

SHORTEST_REST = 1.0  # seconds between two readings of one thing
SHARE = 0.1  # of the time is spent reading, at most: a board of a million people must not slow their answers

Rest = Callable[[float], Awaitable[object]]


Key = TypeVar("Key", bound=Hashable)
Key_contra = TypeVar("Key_contra", bound=Hashable, contravariant=True)
Seen = TypeVar("Seen")


class Reading(Protocol[Key_contra, Seen]):
    async def read(self, key: Key_contra, /, before: Seen | None = None) -> Seen:
        """What it looks like now; `before` is what the last reading gave."""
        ...


@dataclass(kw_only=True, eq=False)
class Watch(Generic[Seen]):
    """One thing that somebody looks at: how it looked last, or since when that is not known."""

    seen: Seen | None = None
    lost_at: datetime | None = None
    version: int = 0  # grows with all that a reader would see differently
    is_closed: bool = False
    viewers: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def after(self, version: int) -> None:
        """Wait until there is something newer than this version."""
        while self.version == version and not self.is_closed:
            await self._changed.wait()

    def show(self, seen: Seen) -> None:
        is_news = seen != self.seen or self.lost_at is not None
        self.seen, self.lost_at = seen, None
        if is_news:
            self._tell()

    def lose(self, at: datetime) -> None:
        if self.lost_at is None:
            self.lost_at = at
            self._tell()

    def close(self) -> None:
        self.is_closed = True
        self._tell()

    def _tell(self) -> None:
        self.version += 1
        told, self._changed = self._changed, asyncio.Event()
        told.set()


class Lookout(Generic[Key, Seen]):
    """Keeps the watches of this process. `stopwatch` gives seconds that only grow, `rest` waits for some."""

    def __init__(
        self,
        *,
        reader: Reading[Key, Seen],
        clock: Clock,
        stopwatch: Callable[[], float] = time.monotonic,
        rest: Rest = asyncio.sleep,
        shortest: float = SHORTEST_REST,
        share: float = SHARE,
    ) -> None:
        """It rests for `shortest` seconds at least, and reads for no more than `share` of the time."""
        self._reader = reader
        self._clock = clock
        self._stopwatch = stopwatch
        self._rest = rest
        self._shortest = shortest
        self._share = share
        self._watches: dict[Key, tuple[Watch[Seen], asyncio.Task[None]]] = {}

    @asynccontextmanager
    async def watching(self, key: Key) -> AsyncIterator[Watch[Seen]]:
        """Its watch, which begins with its first viewer and ends with its last."""
        watch, task = self._watches.get(key) or self._begin(key)
        watch.viewers += 1
        try:
            yield watch
        finally:
            watch.viewers -= 1
            if not watch.viewers:
                task.cancel()
                self._watches.pop(key, None)

    @property
    def watched(self) -> frozenset[Key]:
        return frozenset(self._watches)

    async def close(self) -> None:
        """End all streams: the server stops."""
        for watch, _ in self._watches.values():
            watch.close()

    def _begin(self, key: Key) -> tuple[Watch[Seen], "asyncio.Task[None]"]:
        watch: Watch[Seen] = Watch()
        task = asyncio.create_task(self._keep(key, watch))
        self._watches[key] = watch, task
        return watch, task

    async def _keep(self, key: Key, watch: Watch[Seen]) -> None:
        while True:
            began = self._stopwatch()
            try:
                watch.show(await self._reader.read(key, watch.seen))
            except Exception as error:  # whatever fails: the screens say that they are not live
                if watch.lost_at is None:
                    log.warning("sight_lost", of=key, error=error)
                watch.lose(self._clock.now())
            took = self._stopwatch() - began
            await self._rest(max(self._shortest, took * (1 / self._share - 1)))
