"""Owns watching: one reader for each board that is looked at in this process, however many look."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.domain.delivery import BroadcastId
from bot.log import logger
from bot.services.board import Board
from bot.services.ports import Clock

log = logger("watch")

SHORTEST_REST = 1.0  # seconds between two readings of one board
SHARE = 0.1  # of the time is spent reading, at most: a board of a million people must not slow their answers

Rest = Callable[[float], Awaitable[object]]


class BoardReader(Protocol):
    async def read(self, broadcast: BroadcastId, before: Board | None = None) -> Board: ...


@dataclass(kw_only=True, eq=False)
class Watch:
    """One board that somebody looks at: its newest figures, or since when there are none newer."""

    board: Board | None = None
    lost_at: datetime | None = None
    version: int = 0  # grows with all that a reader would see differently
    is_closed: bool = False
    viewers: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def after(self, version: int) -> None:
        """Wait until there is something newer than this version."""
        while self.version == version and not self.is_closed:
            await self._changed.wait()

    def show(self, board: Board) -> None:
        is_news = board != self.board or self.lost_at is not None
        self.board, self.lost_at = board, None
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


class Lookout:
    """Keeps the watches of this process. `stopwatch` gives seconds that only grow, `rest` waits for some."""

    def __init__(
        self,
        *,
        reader: BoardReader,
        clock: Clock,
        stopwatch: Callable[[], float] = time.monotonic,
        rest: Rest = asyncio.sleep,
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._stopwatch = stopwatch
        self._rest = rest
        self._watches: dict[BroadcastId, tuple[Watch, asyncio.Task[None]]] = {}

    @asynccontextmanager
    async def watching(self, broadcast: BroadcastId) -> AsyncIterator[Watch]:
        """The board's watch, which begins with its first viewer and ends with its last."""
        watch, task = self._watches.get(broadcast) or self._begin(broadcast)
        watch.viewers += 1
        try:
            yield watch
        finally:
            watch.viewers -= 1
            if not watch.viewers:
                task.cancel()
                self._watches.pop(broadcast, None)

    @property
    def watched(self) -> frozenset[BroadcastId]:
        return frozenset(self._watches)

    async def close(self) -> None:
        """End all streams: the server stops."""
        for watch, _ in self._watches.values():
            watch.close()

    def _begin(self, broadcast: BroadcastId) -> tuple[Watch, "asyncio.Task[None]"]:
        watch = Watch()
        task = asyncio.create_task(self._keep(broadcast, watch))
        self._watches[broadcast] = watch, task
        return watch, task

    async def _keep(self, broadcast: BroadcastId, watch: Watch) -> None:
        while True:
            began = self._stopwatch()
            try:
                watch.show(await self._reader.read(broadcast, watch.board))
            except Exception as error:  # whatever fails: the screens say that they are not live
                if watch.lost_at is None:
                    log.warning("board_lost", broadcast=broadcast, error=error)
                watch.lose(self._clock.now())
            took = self._stopwatch() - began
            await self._rest(max(SHORTEST_REST, took * (1 / SHARE - 1)))
