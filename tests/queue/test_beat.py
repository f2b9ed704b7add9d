"""The worker's sign of life: seen by all processes, and missed when it stops."""

import pytest
from redis.asyncio import Redis

from bot.domain.errors import Unavailable
from bot.queue.beat import LIFE, Beat


async def test_a_worker_that_tells_is_alive_for_all_until_its_last_word_fades(redis: Redis) -> None:
    with pytest.raises(Unavailable):
        await Beat(redis).look()
    await Beat(redis).tell()
    assert await Beat(redis).look() == "ok"
    assert 0 < await redis.ttl("worker:beat") <= LIFE.total_seconds()
    await redis.delete("worker:beat")
    with pytest.raises(Unavailable):
        await Beat(redis).look()
