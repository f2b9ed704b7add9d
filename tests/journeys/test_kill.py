"""The road of one message with a kill -9 between every two hops: handled once, answered, repeats counted."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.queue.embedded import embedded_redis
from bot.storage.migrate import migrate
from tests.journeys.conftest import SENDER, Provider
from tests.journeys.crashing import HOPS
from tests.journeys.processes import is_up, process, until

WORKERS = [f"+1500555{number:04d}" for number in range(2001, 2007)]
WORDS = ["hello", "my boss has not paid me", "अहिले म कहाँ जाने", "ayuda el agua sube", "where is a shelter", "STOP"]


@pytest.mark.parametrize("hop", HOPS)
async def test_a_kill_at_any_hop_loses_nothing_and_repeats_only_the_last_send(
    hop: str, provider: Provider, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    """R23."""
    database = f"sqlite+aiosqlite:///{tmp_path / 'kill.db'}"
    await migrate(database)
    async with embedded_redis(tmp_path / "redis") as redis_url:
        environment = {
            **provider.environment(
                database=database, redis_url=redis_url, home=tmp_path / "home", nlu_url="http://127.0.0.1:9"
            ),
            "MUSTER_TEST_HOP": hop,
            "MUSTER_TEST_MARKER": str(tmp_path / "killed"),
        }
        crashing = ("-m", "tests.journeys.crashing")
        async with process(*crashing, environment=environment) as first:
            await until(lambda: is_up(provider.own_url), "the first process is up")
            sending = [
                asyncio.create_task(provider.stand_in.phone_sends(words, from_=worker, to=SENDER))
                for worker, words in zip(WORKERS, WORDS, strict=True)
            ]
            assert await asyncio.wait_for(first.wait(), 90) == -9
        assert (tmp_path / "killed").exists()
        async with process(*crashing, environment=environment):
            await asyncio.gather(*sending)
            await until(lambda: _is_settled(database), "every message is handled and every answer sent")

    answers = {worker: [message.body for message in provider.stand_in.sent_to(worker)] for worker in WORKERS}
    handled, pending = await _counts(database)
    assert (handled, pending) == (len(WORDS), 0)
    assert all(answers.values()), "everybody was answered"
    repeats = sum(count - 1 for heard in answers.values() for count in Counter(heard).values())
    record_property("repeats", repeats)
    print(f"\nkill {hop}: {handled} of {len(WORDS)} messages handled once, {repeats} sends repeated")
    assert repeats <= (1 if hop == "after_send" else 0)


async def _is_settled(database: str) -> bool:
    handled, pending = await _counts(database)
    return handled == len(WORDS) and pending == 0


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
