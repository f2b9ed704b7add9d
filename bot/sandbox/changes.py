"""Tells whoever watches a stand-in what has changed: long polls, live pages and waiting tests."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

Change = TypeVar("Change")
Found = TypeVar("Found")


class Changes(Generic[Change]):
    """A fan-out of changes to any number of watchers, none of which can hold up another."""

    def __init__(self) -> None:
        self._watchers: set[asyncio.Queue[Any]] = set()

    def tell(self, change: Change) -> None:
        for watcher in self._watchers:
            watcher.put_nowait(change)

    @contextmanager
    def watch(self, into: asyncio.Queue[Any] | None = None) -> Iterator[asyncio.Queue[Any]]:
        """Give a queue that receives every change told while the block runs; `into` shares one among several."""
        queue: asyncio.Queue[Any] = asyncio.Queue() if into is None else into
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)

    async def until(self, find: Callable[[], Found | None]) -> Found:
        """Wait until `find` gives something other than None, asking again after each change."""
        with self.watch() as queue:
            while (found := find()) is None:
                await queue.get()
            return found
