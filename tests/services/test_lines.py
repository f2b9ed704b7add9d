"""A process's flow of broadcasts: nothing that was claimed and sent is ever left unkept."""

import asyncio
from collections.abc import Sequence
from typing import Any

from bot.domain.contact import Channel
from bot.domain.delivery import Lane
from bot.services.lines import Lines


class Road:
    """Twenty-five messages, of which each takes its own number of turns of the loop."""

    def __init__(self, stop: asyncio.Event) -> None:
        self.left = list(range(25))
        self.kept: list[int] = []
        self.stop = stop

    async def look(self) -> Sequence[tuple[Channel, Lane]]:
        return [(Channel.SMS, Lane.BULK)] if self.left else []

    def rate(self, channel: Channel) -> float:
        return 10.0

    def cost(self, delivery: Any) -> float:
        return 1.0

    async def claim(self, channel: Channel, lane: Lane, limit: int) -> tuple[Sequence[Any], int]:
        taken, self.left = self.left[:limit], self.left[limit:]
        return [(number, None) for number in taken], len(taken)

    async def send(self, delivery: Any, contact: Any) -> Any:
        for _ in range(7 * (delivery % 5)):
            await asyncio.sleep(0)
        return delivery

    async def keep(self, outcomes: Sequence[Any]) -> None:
        await asyncio.sleep(0)
        self.kept.extend(number for number, _ in outcomes)
        if len(self.kept) == 25:
            self.stop.set()


async def test_every_outcome_is_kept_once_however_sends_and_records_overlap() -> None:
    stop = asyncio.Event()
    road = Road(stop)

    async def turns(_: float) -> None:
        for _turn in range(3):
            await asyncio.sleep(0)

    async with asyncio.timeout(20):
        await Lines(road=road, sleep=turns, look_seconds=0.01).run(stop)  # type: ignore[arg-type]
    assert sorted(road.kept) == list(range(25))
