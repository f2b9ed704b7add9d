"""Owns who of the staff looks at which conversation now, or types in it: marks in Redis that fade by themselves."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from redis.asyncio import Redis

from bot.domain.contact import ContactId
from bot.domain.staff import StaffId
from bot.queue.connection import AWAY
from bot.services.desk_ports import Glance
from bot.services.ports import Clock

LOOKING = timedelta(seconds=10)  # a screen renews its mark every three
TYPING = timedelta(seconds=6)
_PATIENCE = 0.5  # seconds for Redis to answer: a screen does not wait for so small a thing
_PAUSE = timedelta(seconds=5)  # in which an absent Redis is not asked again

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


class Viewing:
    """Keeps the marks, shared by all processes. While Redis is away nobody is known to look."""

    def __init__(self, *, redis: Redis, clock: Clock, name: str = "viewing") -> None:
        self._redis = redis
        self._clock = clock
        self._name = name
        self._away_until: datetime | None = None

    async def note(self, contact: ContactId, staff: StaffId, *, is_typing: bool = False) -> None:
        """They look at it now; with `is_typing` they also write."""
        now = self._clock.now()
        marks = {_member(contact, staff, "looks"): (now + LOOKING).timestamp()}
        if is_typing:
            marks[_member(contact, staff, "types")] = (now + TYPING).timestamp()
        await self._within(lambda: self._redis.zadd(self._name, marks))

    async def leave(self, contact: ContactId, staff: StaffId) -> None:
        """They look at it no more."""
        both = _member(contact, staff, "looks"), _member(contact, staff, "types")
        await self._within(lambda: self._redis.zrem(self._name, *both))

    async def all(self) -> Sequence[Glance]:
        """Everybody who looks at something now."""
        found: dict[tuple[ContactId, StaffId], bool] = {}
        for member in await self._within(self._read) or ():
            contact, staff, doing = member.split(" ")
            key = ContactId(contact), StaffId(staff)
            found[key] = found.get(key, False) or doing == "types"
        return [Glance(contact=contact, staff=staff, is_typing=types) for (contact, staff), types in found.items()]

    async def _read(self) -> list[str]:
        await self._redis.zremrangebyscore(self._name, "-inf", self._clock.now().timestamp())
        return sorted(str(member) for member in await self._redis.zrange(self._name, 0, -1))

    async def _within(self, ask: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """What Redis answers; None when it is away."""
        now = self._clock.now()
        if self._away_until is not None and now < self._away_until:
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await ask()
        except AWAY as error:
            self._away_until = now + _PAUSE
            _log.warning("who looks is not known, Redis is away: %s", type(error).__name__)
            return None
        self._away_until = None
        return answer


def _member(contact: ContactId, staff: StaffId, doing: str) -> str:
    return f"{contact} {staff} {doing}"
