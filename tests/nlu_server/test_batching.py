"""The queue before the parser: company is gathered, a full queue refuses, a broken batch answers."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from bot.nlu.server.batching import Batcher, QueueFull, Result


@asynccontextmanager
async def running(batcher: Batcher) -> AsyncIterator[Batcher]:
    task = asyncio.ensure_future(batcher.run())
    try:
        yield batcher
    finally:
        task.cancel()


async def test_texts_that_arrive_together_are_parsed_together_and_answered_in_order() -> None:
    batches: list[list[str]] = []

    def parse(texts: Sequence[str]) -> list[Result]:
        batches.append(list(texts))
        return [{"text": text} for text in texts]

    async with running(Batcher(parse=parse, patience=0)) as batcher:
        answers = await asyncio.gather(*(batcher.parse([str(number)]) for number in range(10)))
    assert answers == [[{"text": str(number)}] for number in range(10)]
    assert batches == [[str(number) for number in range(10)]]


async def test_a_batch_never_exceeds_its_size() -> None:
    sizes: list[int] = []

    def parse(texts: Sequence[str]) -> list[Result]:
        sizes.append(len(texts))
        return [{} for _ in texts]

    async with running(Batcher(parse=parse, batch_size=4, patience=0)) as batcher:
        await batcher.parse(["a"] * 10)
    assert sizes == [4, 4, 2]


async def test_a_full_queue_refuses_whole_requests_and_takes_more_once_it_has_emptied() -> None:
    release = threading.Event()

    def parse(texts: Sequence[str]) -> list[Result]:
        release.wait(10)
        return [{} for _ in texts]

    async with running(Batcher(parse=parse, capacity=3, patience=0)) as batcher:
        waiting = asyncio.ensure_future(batcher.parse(["a", "b"]))
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await batcher.parse(["c", "d"])
        release.set()
        assert len(await waiting) == 2
        assert len(await batcher.parse(["c", "d"])) == 2


async def test_a_parser_that_fails_altogether_answers_everyone_with_its_error() -> None:
    def parse(texts: Sequence[str]) -> list[Result]:
        raise RuntimeError("gone")

    async with running(Batcher(parse=parse, patience=0)) as batcher:
        results = await batcher.parse(["a", "b"])
    assert [type(result) for result in results] == [RuntimeError, RuntimeError]


async def test_a_client_that_went_away_holds_nobody_up() -> None:
    async with running(Batcher(parse=lambda texts: [{} for _ in texts], patience=0)) as batcher:
        gone = asyncio.ensure_future(batcher.parse(["a"]))
        await asyncio.sleep(0)
        gone.cancel()
        assert await batcher.parse(["b"]) == [{}]
