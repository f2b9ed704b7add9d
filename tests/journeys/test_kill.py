"""The road of one message with a kill -9 between every two hops: handled once, answered, repeats counted."""

import asyncio
from functools import partial
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.queue.embedded import embedded_redis
from bot.storage.migrate import migrate
from tests.journeys.conftest import SENDER, Provider
from tests.journeys.crashing import HOPS
from tests.journeys.processes import is_up, process, until

WORDS = ["hello", "my boss has not paid me", "अहिले म कहाँ जाने", "ayuda el agua sube", "where is a shelter"]


def workers(hop: str) -> dict[str, str]:
    """A phone for each text, other phones at each hop."""
    first = 2000 + 100 * HOPS.index(hop)
    return {f"+1500555{first + number:04d}": words for number, words in enumerate(WORDS)}


async def test_a_kill_at_any_hop_loses_nothing_and_repeats_only_the_last_send(
    provider: Provider, tmp_path: Path
) -> None:
    """R23: the process is killed at every hop in turn, each time with messages on the road."""
    database = f"sqlite+aiosqlite:///{tmp_path / 'kill.db'}"
    await migrate(database)
    sending: list[asyncio.Task[object]] = []
    async with embedded_redis(tmp_path / "redis") as redis_url:
        environment = provider.environment(
            database=database, redis_url=redis_url, home=tmp_path / "home", nlu_url="http://127.0.0.1:9"
        )
        for hop in HOPS:
            marker = tmp_path / hop
            armed = {**environment, "MUSTER_TEST_HOP": hop, "MUSTER_TEST_MARKER": str(marker)}
            async with process("-m", "tests.journeys.crashing", environment=armed) as crashing:
                await until(partial(_is_up_or_gone, provider, crashing), f"the process to be killed {hop} is up")
                for worker, words in workers(hop).items():
                    sends = provider.stand_in.phone_sends(words, from_=worker, to=SENDER)
                    sending.append(asyncio.create_task(sends))
                assert await asyncio.wait_for(crashing.wait(), 90) == -9
            assert marker.exists()
        unarmed = {**environment, "MUSTER_TEST_MARKER": ""}
        async with process("-m", "tests.journeys.crashing", environment=unarmed):
            await asyncio.gather(*sending)
            await until(lambda: _is_settled(database), "every message is handled and every answer sent")

    repeats = dict.fromkeys(HOPS, 0)
    for hop in HOPS:
        for worker in workers(hop):
            heard = [message.body for message in provider.stand_in.sent_to(worker)]
            assert heard, f"{worker} was answered although the process was killed {hop}"
            repeats[hop] += len(heard) - len(set(heard))
    handled, _ = await _counts(database)
    print(f"\nkilled at {len(HOPS)} hops: {handled} messages handled once each; sends repeated: {repeats}")
    assert handled == len(WORDS) * len(HOPS)
    assert sum(repeats.values()) <= 1, "only the send that was not yet marked may be repeated"


async def _is_up_or_gone(provider: Provider, crashing: asyncio.subprocess.Process) -> bool:
    """What an earlier kill left behind may lead it to its own end before it answers."""
    return crashing.returncode is not None or await is_up(provider.own_url)


async def _is_settled(database: str) -> bool:
    handled, pending = await _counts(database)
    return handled == len(WORDS) * len(HOPS) and pending == 0


async def _counts(database: str) -> tuple[int, int]:
    """Messages handled, and messages or deliveries that are still to be worked on."""
    engine = create_async_engine(database)
    try:
        async with engine.connect() as connection:
            handled = await connection.scalar(text("select count(*) from messages where handled_at is not null"))
            waiting = await connection.scalar(text("select count(*) from messages where handled_at is null"))
            queued = await connection.scalar(
                text("select count(*) from deliveries where status in ('queued', 'sending')")
            )
        return handled or 0, (waiting or 0) + (queued or 0)
    finally:
        await engine.dispose()
