"""Gathers texts that arrive together into batches, behind a queue that refuses rather than grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Result = dict[str, Any] | Exception
Parse = Callable[[Sequence[str]], list[Result]]


class QueueFull(Exception):
    """More texts are waiting than the server promises to answer in time."""


class Batcher:
    """One thread parses; meanwhile the event loop gathers the next batch.

    `capacity` counts waiting texts; a batch holds at most `batch_size`, and waits `patience` seconds for company.
    """

    def __init__(self, *, parse: Parse, capacity: int = 1_024, batch_size: int = 64, patience: float = 0.002) -> None:
        self._parse = parse
        self._capacity = capacity
        self._batch_size = batch_size
        self._patience = patience
        self._waiting: list[tuple[str, asyncio.Future[Result]]] = []
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parse")

    async def parse(self, texts: Sequence[str]) -> list[Result]:
        """The answers in order. Raises QueueFull at once, for all of `texts` or none."""
        if len(self._waiting) + len(texts) > self._capacity:
            raise QueueFull
        loop = asyncio.get_running_loop()
        places = [(text, loop.create_future()) for text in texts]
        self._waiting.extend(places)
        self._arrived.set()
        return [await future for _, future in places]

    async def run(self) -> None:
        """Serves batches until cancelled."""
        while True:
            await self._arrived.wait()
            if len(self._waiting) < self._batch_size:
                await asyncio.sleep(self._patience)
            batch, self._waiting = self._waiting[: self._batch_size], self._waiting[self._batch_size :]
            if not self._waiting:
                self._arrived.clear()
            await self._answer([place for place in batch if not place[1].done()])

    async def _answer(self, batch: list[tuple[str, asyncio.Future[Result]]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            results = await loop.run_in_executor(self._thread, self._parse, [text for text, _ in batch])
        except Exception as problem:
            results = [problem] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
