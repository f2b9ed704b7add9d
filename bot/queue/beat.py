"""Owns the worker's sign of life: told again and again, gone a minute after the last."""

from datetime import timedelta

from redis.asyncio import Redis

from bot.domain.errors import Unavailable

LIFE = timedelta(minutes=1)  # a worker tells every two seconds
_KEY = "worker:beat"


class Beat:
    """One for all workers: that any of them lives."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def tell(self) -> None:
        await self._redis.set(_KEY, "", ex=LIFE)

    async def look(self) -> str:
        """ "ok"; raises Unavailable when no worker has told for a minute."""
        if not await self._redis.exists(_KEY):
            raise Unavailable("no worker has given a sign of life for a minute")
        return "ok"
