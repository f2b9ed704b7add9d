"""Owns the pace that providers allow: one token bucket a sender, shared by all processes."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from redis.asyncio import Redis

from bot.queue.connection import AWAY, script
from bot.queue.doorbell import KEPT_LANE, LANES

_AWAY_SECONDS = 1.0  # how long to wait before asking an absent Redis again

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a provider allows one sender: `rate` messages (or segments) a second on average, `burst` of them at once.

    In any T seconds at most `burst + rate * T` go out. `address_seconds` is the time between two messages to one
    address: 1 for a Telegram chat, 6 for a person on WhatsApp.
    """

    rate: float
    burst: float = 1.0
    address_seconds: float = 0.0


class Throttle:
    """Says when a sender may send: emergency before reply before bulk, with `kept_share` of the pace kept for replies.

    The share is what replies get while emergencies would use it all; what replies do not use, others may. `paces` is by
    sender; a sender without one is never kept waiting. Emptying Redis makes a sender begin slowly, never with a burst;
    only the pace of single addresses is forgotten. `clock` gives milliseconds, in tests; else Redis's own time rules.
    """

    def __init__(
        self,
        *,
        redis: Redis,
        paces: Mapping[str, Pace],
        kept_share: float = 0.2,
        name: str = "throttle",
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._script = redis.register_script(script("throttle.lua"))
        self._paces = paces
        self._kept_share = kept_share
        self._name = name
        self._clock = clock

    async def acquire(self, sender: str, lane: str, address: str, *, cost: float = 1.0) -> float:
        """Seconds to wait before asking again; 0: send now, `cost` is taken (an SMS costs its segments).

        Whoever is told to wait keeps a place in the lane, named by the address, until a quarter of a second after the
        time told: ask again then, or the place is gone. While Redis is away nobody sends, for nobody knows the pace.
        """
        pace = self._paces.get(sender)
        if pace is None:
            return 0.0
        lanes = LANES.index(lane) + 1, LANES.index(KEPT_LANE) + 1, self._kept_share
        place = _digest(address)
        try:
            return await self._call(
                "acquire", sender, place, *lanes, place, cost, pace.rate, pace.burst, pace.address_seconds
            )
        except AWAY as error:
            _log.warning("sending waits, Redis is away: %s", type(error).__name__)
            return _AWAY_SECONDS

    async def hold(self, sender: str, seconds: float, address: str | None = None) -> None:
        """Nobody sends for `sender` (to that address only, if given) for that long: the provider said so.

        Never shortens an earlier hold.
        """
        try:
            await self._call("hold", sender, "" if address is None else _digest(address), seconds, int(address is None))
        except AWAY as error:
            _log.warning("hold not kept, Redis is away: %s", type(error).__name__)

    async def _call(self, verb: str, sender: str, place: str, *args: str | float) -> float:
        prefix = f"{{{self._name}:{sender}}}"
        keys = [f"{prefix}:bucket", f"{prefix}:address:{place}", *(f"{prefix}:{lane}" for lane in LANES)]
        now = "" if self._clock is None else self._clock()
        return float(await self._script(keys=keys, args=[verb, now, *args]))


def _digest(address: str) -> str:
    """Names an address in Redis without writing a phone number there."""
    return blake2b(address.encode(), digest_size=12).hexdigest()
