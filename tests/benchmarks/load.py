"""Owns the load: so many under way at once, the next beginning as soon as one is done."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def in_parallel(work: Callable[[T], Awaitable[None]], items: Iterable[T], *, hands: int) -> None:
    """Work through the items in their order, `hands` at a time."""
    todo = iter(items)

    async def hand() -> None:
        for item in todo:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(hands):
            group.create_task(hand())
