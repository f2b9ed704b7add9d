"""Owns the flow of broadcasts through one process: claimed ahead, sent side by side, kept in small batches."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.domain.contact import Channel, Contact
from bot.domain.delivery import Delivery, Lane
from bot.log import logger

log = logger("lines")

Place = tuple[Channel, Lane]
Pair = tuple[Delivery, Contact]

LOOK_SECONDS = 0.3  # between two looks for what is due or was stopped: a cancel is heard well within a second
KEEP_SECONDS = 0.05  # outcomes gathered for so long are kept in one transaction: a kill repeats no more than these
AHEAD_SECONDS = 2.0  # of the pace is claimed ahead, so that a claim never outlives its lease
MOST_IN_HAND = 400  # messages: enough to keep an unlimited provider busy while the last ones are kept


class Road(Protocol):
    """What is done with a broadcast's deliveries; lines say when. Only `look` and `claim` may raise."""

    async def look(self) -> Collection[Place]:
        """Where there is work."""
        ...

    def rate(self, channel: Channel) -> float:
        """What the channel's pace lets out in a second."""
        ...

    def cost(self, delivery: Delivery) -> float:
        """What one message takes from the pace."""
        ...

    async def claim(self, channel: Channel, lane: Lane, limit: int) -> tuple[Sequence[Pair], int]:
        """Deliveries to be sent now; and how many recipients were looked at, for some may have to go another way."""
        ...

    async def send(self, delivery: Delivery, contact: Contact) -> Delivery: ...

    async def keep(self, outcomes: Sequence[Pair]) -> None: ...


@dataclass(kw_only=True)
class Line:
    """One channel's lane: what this process has claimed of it and not yet kept."""

    channel: Channel
    lane: Lane
    limit: float  # of what is in hand, in the pace's units
    is_called: bool = False  # there may be something to claim
    in_hand: int = 0
    units: float = 0.0
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    _usual: float = 1.0  # units of one message

    def room(self) -> int:
        """How many more may be claimed; none until it is worth a transaction."""
        if not self.in_hand:
            return max(2, self._fitting(self.limit))
        room = min(self._fitting(self.limit - self.units), MOST_IN_HAND - self.in_hand)
        return room if room >= max(1, self._fitting(self.limit) // 4) else 0

    def _fitting(self, units: float) -> int:
        return min(MOST_IN_HAND, int(units / self._usual))

    def take(self, cost: float) -> None:
        self.in_hand += 1
        self.units += cost
        self._usual = max(1.0, self.units / self.in_hand)

    def let_go(self, cost: float) -> None:
        self.in_hand -= 1
        self.units -= cost
        self.woken.set()


@dataclass(kw_only=True)
class Lines:
    """Works through all channels and lanes at once. Bulk stands still while an emergency goes out on its channel."""

    road: Road
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    look_seconds: float = LOOK_SECONDS
    _lines: dict[Place, Line] = field(default_factory=dict)
    _work: Collection[Place] = ()
    _done: list[tuple[Line, float, Pair]] = field(default_factory=list)
    _is_keeping: bool = False

    async def run(self, stop: asyncio.Event) -> None:
        """Look for work and do it until `stop` is set, then finish what is in hand."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                await self._look()
                for place in self._work:
                    if place not in self._lines:
                        self._lines[place] = self._line(*place)
                        group.create_task(self._serve(self._lines[place], group, stop))
                    self._lines[place].is_called = True
                self._wake()
                await _rest(stop, self.look_seconds)
            self._wake()

    async def _look(self) -> None:
        try:
            self._work = await self.road.look()
        except Exception as error:  # the database is away: what is due stays due
            log.warning("look_failed", error=error)
            self._work = ()

    def _line(self, channel: Channel, lane: Lane) -> Line:
        limit = max(2.0, min(float(MOST_IN_HAND), self.road.rate(channel) * AHEAD_SECONDS))
        return Line(channel=channel, lane=lane, limit=limit)

    def _wake(self) -> None:
        for line in self._lines.values():
            line.woken.set()

    # --- one line ---------------------------------------------------------------------------------------------------

    async def _serve(self, line: Line, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        """Claim whenever there is something to claim and room for it."""
        while not stop.is_set():
            room = line.room() if line.is_called and not self._must_yield(line) else 0
            if not room:
                await line.woken.wait()
                line.woken.clear()
                continue
            claimed, seen = await self._claim(line, room)
            line.is_called = seen > 0
            for delivery, contact in claimed:
                cost = self.road.cost(delivery)
                line.take(cost)
                group.create_task(self._send(line, cost, delivery, contact, group))

    async def _claim(self, line: Line, room: int) -> tuple[Sequence[Pair], int]:
        try:
            return await self.road.claim(line.channel, line.lane, room)
        except Exception as error:  # somebody else came first, or the database is away: the next look calls again
            log.warning("claim_failed", channel=line.channel, lane=line.lane, error=error)
            return (), 0

    def _must_yield(self, line: Line) -> bool:
        if line.lane is Lane.EMERGENCY:
            return False
        urgent = line.channel, Lane.EMERGENCY
        return urgent in self._work or (urgent in self._lines and self._lines[urgent].in_hand > 0)

    async def _send(
        self, line: Line, cost: float, delivery: Delivery, contact: Contact, group: asyncio.TaskGroup
    ) -> None:
        outcome = await self.road.send(delivery, contact)  # first: the list may be another one afterwards
        self._done.append((line, cost, (outcome, contact)))
        if not self._is_keeping:
            self._is_keeping = True
            group.create_task(self._keep())

    async def _keep(self) -> None:
        """Keep outcomes in batches, while others are under way, until there are no more."""
        while self._done:
            await self.sleep(KEEP_SECONDS)
            batch, self._done = self._done[:MOST_IN_HAND], self._done[MOST_IN_HAND:]
            await self.road.keep([pair for _, _, pair in batch])
            for line, cost, _ in batch:
                line.let_go(cost)
        self._is_keeping = False


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
