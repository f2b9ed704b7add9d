"""Owns who is to be looked after next, and that one process at a time does it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from bot.queue.connection import AWAY, script

LANES: Final = ("emergency", "reply", "bulk")  # most urgent first
KEPT_LANE: Final = "reply"

_BATCH: Final = 500  # contacts rung in one script call, so that no call blocks Redis for more than some milliseconds
_LONGEST_NAP: Final = 1.0  # seconds between two looks for bells that a dead process left
_LONGEST_DELAY: Final = 60.0  # seconds between two tries of a contact that keeps failing

_log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """The lease ran out under its holder: somebody else may hold the contact, so the work must not be committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A contact that the caller alone may work on, until its release or the lease's end.

    `fence` grows with every lease given, even across a FLUSHALL: storage that has seen a higher one for a contact can
    refuse the late work of a stale holder. `attempt` is 1 at first and grows each time the work failed or its process
    died; news about the contact begin again at 1.
    """

    contact: str
    lane: str
    fence: int
    attempt: int
    entry: str


class Doorbell:
    """Wakes one of any number of processes for a contact.

    Bells may be lost with Redis, so SQL must be able to ring again. One contact rings once however often it is rung
    before somebody comes; rung while it is held, it rings once more afterwards. `take` prefers the lanes in their
    order, with `kept_share` of the turns kept for replies.
    """

    def __init__(self, *, redis: Redis, name: str, lease_seconds: float = 30.0, kept_share: float = 0.2) -> None:
        self._redis = redis
        self._script = redis.register_script(script("doorbell.lua"))
        self._prefix = f"{{{name}}}"  # braces keep all keys of a doorbell on one node of a cluster
        self._streams = [f"{self._prefix}:{lane}" for lane in LANES]
        self._keys = [f"{self._prefix}:{key}" for key in ("waiting", "again", "later", "counters")] + self._streams
        self._lease_ms = round(lease_seconds * 1000)
        self._kept_share = kept_share

    async def ring(self, contact: str, lane: str) -> None:
        """Ask for the contact to be looked after. Never raises while Redis is away: the bell is then late, not lost."""
        await self.ring_many([contact], lane)

    async def ring_many(self, contacts: Sequence[str], lane: str) -> int:
        """Ring for many at once; returns how many were not waiting in this lane or a more urgent one already."""
        rank, rung = LANES.index(lane) + 1, 0
        try:
            for start in range(0, len(contacts), _BATCH):
                rung += await self._call("ring", rank, *contacts[start : start + _BATCH])
        except AWAY as error:
            _log.warning("bell not rung, Redis is away: %s", type(error).__name__)
        return rung

    async def take(self, count: int = 1, block_seconds: float = 0.0) -> list[Held]:
        """Up to `count` contacts as soon as there are any, or none after `block_seconds`, also while Redis is away.

        Cancelled in the middle, it gives back what it has taken.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + block_seconds
        while True:
            try:
                taken, ends, next_ms = await self._take(count)
                nap = min(_LONGEST_NAP, until - loop.time())
                if taken or nap <= 0:
                    return taken
                await self._nap(ends, nap if next_ms < 0 else min(nap, next_ms / 1000))
            except AWAY as error:
                _log.warning("no bells heard, Redis is away: %s", type(error).__name__)
                await asyncio.sleep(max(0.0, min(_LONGEST_NAP, until - loop.time())))
                if loop.time() >= until:
                    return []

    async def extend(self, held: Held) -> bool:
        """Begin the lease anew; False when it is lost and the work must be given up."""
        return bool(await self._call("extend", held.contact, *_place(held), self._lease_ms))

    async def release(self, held: Held) -> bool:
        """The work is done. False when the lease was lost before: whoever holds the contact now releases it."""
        return bool(await self._call("release", held.contact, *_place(held), held.attempt, -1))

    async def put_back(self, held: Held, delay_seconds: float = 0.0) -> bool:
        """The work is not done: the contact rings again after the delay, or at once when news came meanwhile."""
        delay_ms = round(delay_seconds * 1000)
        return bool(await self._call("release", held.contact, *_place(held), held.attempt, delay_ms))

    @asynccontextmanager
    async def holding(self, held: Held) -> AsyncIterator[None]:
        """Keep the lease while the block runs, then release it.

        A failing block puts the contact back, to be tried again after 2, 4, 8 ... 60 seconds; a cancelled one puts it
        back at once. A lost lease cancels the block and raises LeaseLost. An absent Redis changes nothing for it.
        """
        try:
            async with asyncio.timeout(None) as limit:
                keeper = asyncio.create_task(self._keep(held, limit))
                try:
                    yield
                finally:
                    keeper.cancel()
        except asyncio.CancelledError:
            await _tolerate(self.put_back(held))
            raise
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                raise LeaseLost(f"somebody else may hold this {held.lane} bell") from error
            await _tolerate(self.put_back(held, min(2.0**held.attempt, _LONGEST_DELAY)))
            raise
        await _tolerate(self.release(held))

    async def depths(self) -> dict[str, int]:
        """Bells by lane, waiting or held."""
        return {lane: await self._redis.xlen(stream) for lane, stream in zip(LANES, self._streams, strict=True)}

    async def _call(self, verb: str, *args: str | float) -> Any:
        return await self._script(keys=self._keys, args=[verb, f"{self._prefix}:lease:", *args])

    async def _take(self, count: int) -> tuple[list[Held], list[str], int]:
        kept_rank = LANES.index(KEPT_LANE) + 1
        call = asyncio.ensure_future(self._call("take", count, self._lease_ms, kept_rank, self._kept_share))
        try:
            bells, ends, next_ms = await asyncio.shield(call)
        except asyncio.CancelledError:
            # Redis may have handed bells out already: nobody but us could give them back before their lease ends.
            await _tolerate(self._give_back(call))
            raise
        return sorted(map(_held, bells), key=lambda held: LANES.index(held.lane)), ends, next_ms

    async def _give_back(self, call: Awaitable[Any]) -> None:
        bells, _, _ = await call
        for bell in bells:
            await self.put_back(_held(bell))

    async def _nap(self, ends: list[str], seconds: float) -> None:
        """Until a stream grows beyond its known end. Takes nothing: several processes may wake, one gets the bell."""
        milliseconds = max(1, round(seconds * 1000))
        async with asyncio.timeout(seconds + 5):  # Redis ends the read itself; this is for a peer that vanished
            await self._redis.xread(dict(zip(self._streams, ends, strict=True)), count=1, block=milliseconds)

    async def _keep(self, held: Held, limit: asyncio.Timeout) -> None:
        while True:
            await asyncio.sleep(self._lease_ms / 3000)
            try:
                if not await self.extend(held):
                    limit.reschedule(asyncio.get_running_loop().time())
                    return
            except AWAY as error:
                _log.warning("lease not extended, Redis is away: %s", type(error).__name__)


def _place(held: Held) -> tuple[int, str, int]:
    return LANES.index(held.lane) + 1, held.entry, held.fence


def _held(bell: Sequence[Any]) -> Held:
    contact, rank, entry, fence, attempt = bell
    return Held(contact=contact, lane=LANES[int(rank) - 1], entry=entry, fence=int(fence), attempt=int(attempt))


async def _tolerate(call: Awaitable[object]) -> None:
    """Let a call to an absent Redis pass: the lease ends by itself, and SQL knows what is left to do."""
    try:
        await call
    except AWAY as error:
        _log.warning("lease not given back, Redis is away: %s", type(error).__name__)
