"""Owns the proof that a screen hears its news, and learns when it has missed some."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.queue.connection import connect
from bot.queue.embedded import Server, embedded_redis
from bot.queue.live import Event, Live, Wire


@pytest.fixture
async def live(redis: Redis) -> AsyncIterator[Live]:
    async with Live(redis=redis, backlog=5) as entered:
        yield entered


class Screen:
    """Reads what one subscriber hears."""

    def __init__(self, live: Live, *topics: str) -> None:
        self._news = live.subscribe(topics)

    async def next(self) -> Event | Wire:
        async with asyncio.timeout(30):
            return await anext(self._news)

    async def until(self, wanted: Event | Wire) -> list[Event | Wire]:
        heard = [await self.next()]
        while heard[-1] != wanted:
            heard.append(await self.next())
        return heard

    async def close(self) -> None:
        await self._news.aclose()  # type: ignore[attr-defined]


async def test_a_screen_hears_a_gap_first_and_then_its_topics_only(live: Live, redis: Redis) -> None:
    elsewhere = Live(redis=redis)  # a process that publishes and does not listen
    screen = Screen(live, "cases", "alert:7")
    await screen.until(Wire.GAP)
    for topic in ("cases", "other", "alert:7", "alert:70"):
        await elsewhere.publish(topic, {"topic": topic, "count": 3, "word": "नमस्ते"})
    assert [await screen.next(), await screen.next()] == [
        Event(topic=topic, data={"topic": topic, "count": 3, "word": "नमस्ते"}) for topic in ("cases", "alert:7")
    ]


async def test_a_second_screen_hears_a_gap_at_once(live: Live) -> None:
    await Screen(live, "cases").until(Wire.GAP)
    assert await Screen(live, "cases").next() is Wire.GAP


async def test_after_a_broken_connection_the_screen_is_told_of_the_gap_and_hears_again(
    live: Live, redis: Redis
) -> None:
    screen = Screen(live, "cases")
    await screen.until(Wire.GAP)
    await redis.client_kill_filter(_type="pubsub")
    await screen.until(Wire.GAP)
    await live.publish("cases", {"n": 1})
    assert await screen.next() == Event(topic="cases", data={"n": 1})


async def test_a_screen_is_told_that_it_is_not_live_while_redis_is_away_and_catches_up_after(
    server: Server, tmp_path: Path
) -> None:
    async with embedded_redis(tmp_path, server=server) as url:
        client = connect(url)
        live = await Live(redis=client).__aenter__()
        screen = Screen(live, "cases")
        await screen.until(Wire.GAP)
    await screen.until(Wire.LOST)
    assert await Screen(live, "cases").next() is Wire.LOST
    await live.publish("cases", {"n": 1})  # does not raise
    async with embedded_redis(tmp_path, server=server):
        await screen.until(Wire.GAP)
        await live.publish("cases", {"n": 2})
        assert await screen.next() == Event(topic="cases", data={"n": 2})
        await live.__aexit__(None, None, None)
        await client.aclose()


async def test_a_slow_screen_loses_its_backlog_and_is_told_so(live: Live) -> None:
    slow, quick = Screen(live, "cases"), Screen(live, "cases")
    await slow.until(Wire.GAP)
    await quick.until(Wire.GAP)
    for n in range(8):
        await live.publish("cases", {"n": n})
        assert await quick.next() == Event(topic="cases", data={"n": n})
    assert [await slow.next() for _ in range(4)] == [
        Wire.GAP,
        *(Event(topic="cases", data={"n": n}) for n in (5, 6, 7)),
    ]


async def test_a_closed_screen_is_forgotten(live: Live) -> None:
    screen = Screen(live, "cases")
    await screen.until(Wire.GAP)
    assert live.listeners == 1
    await screen.close()
    assert live.listeners == 0


async def test_many_screens_share_one_connection(live: Live, redis: Redis) -> None:
    screens = [Screen(live, "cases") for _ in range(100)]
    for screen in screens:
        await screen.until(Wire.GAP)
    assert len(await redis.client_list(_type="pubsub")) == 1


async def test_listening_before_entering_is_refused(redis: Redis) -> None:
    with pytest.raises(RuntimeError, match="entered"):
        await Screen(Live(redis=redis), "cases").next()
