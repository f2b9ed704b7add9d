"""Owns how this process talks to Redis: one bounded pool, and which errors mean that Redis is away."""

from importlib.resources import files

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError

# Redis is not there, still loading, full, or a replica in the middle of a failover: it will be back, we are not wrong.
AWAY = (RedisConnectionError, RedisTimeoutError, ReadOnlyError, OutOfMemoryError, OSError, TimeoutError)


def connect(url: str, *, connections: int = 64) -> Redis:
    """A client for `redis://`, `rediss://` or `unix://`; connects on first use. Close it with `aclose()`.

    Callers beyond `connections` wait for their turn. Reads have no time limit of their own, because redis-py's five
    seconds would cut a longer blocking read; a dead peer is found by TCP keep-alive and the health check instead.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=20,
        socket_timeout=None,
        socket_connect_timeout=5,
        health_check_interval=30,
        decode_responses=True,
        # About a second in all: whoever asks has something better to do than to wait for Redis.
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries=4),
    )
    return Redis.from_pool(pool)


def script(name: str) -> str:
    """The text of a Lua script beside this module."""
    return files("bot.queue").joinpath(name).read_text(encoding="utf-8")
