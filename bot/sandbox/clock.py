"""The time of the stand-ins: the wall's for `run`, a hand-turned one for tests."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol

from bot.sandbox.changes import Changes


class Clock(Protocol):
    """What a stand-in asks of time; `now` is aware UTC, `sleep` takes seconds."""

    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...


class WallClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """Stands still until `advance` moves it and wakes, in order, whoever slept that long."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._order = count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._slept: Changes[None] = Changes()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waking = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._order), waking))
        self._slept.tell(None)
        await waking

    async def slept_in(self, count: int) -> None:
        """Wait until `count` sleepers are asleep: what they did before it is then done."""
        await self._slept.until(lambda: len(self._asleep()) >= count or None)

    def _asleep(self) -> list[asyncio.Future[None]]:
        return [waking for _, _, waking in self._sleepers if not waking.done()]

    async def advance(self, seconds: float) -> None:
        """Move the time by `seconds`; each woken sleeper runs, and may sleep again, before the next is woken."""
        end = self._now + timedelta(seconds=seconds)
        await _let_others_run()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now, _, waking = heapq.heappop(self._sleepers)
            if not waking.done():
                waking.set_result(None)
            await _let_others_run()
        self._now = end
        await _let_others_run()


async def _let_others_run() -> None:
    # A woken task may need several turns of the loop before it sleeps again (a queue, a lock, a task of its own).
    for _ in range(10):
        await asyncio.sleep(0)
