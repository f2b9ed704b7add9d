"""Owns fetching a provider's messages where it cannot reach us: the next ones are asked for only after a commit."""

import asyncio
from contextlib import suppress
from typing import Protocol

from bot.domain.errors import Unavailable
from bot.log import logger
from bot.services.inbox import Inbox
from bot.services.ports import Inbound

log = logger("polling")

LONGEST_PAUSE = 30.0  # seconds between two tries at a provider that does not answer


class Poller(Protocol):
    """A channel that can be asked for its messages."""

    async def poll(self, offset: int) -> tuple[Inbound, int]:
        """What has come since `offset`, and the offset that confirms it; waits for some time. Raises Unavailable."""
        ...


async def poll_forever(poller: Poller, inbox: Inbox, stop: asyncio.Event) -> None:
    """Fetch and store until `stop`. A message is confirmed to the provider by the poll after its commit."""
    offset, pause = 0, 1.0
    while not stop.is_set():
        try:
            offset = await _fetch(poller, inbox, offset, stop)
            pause = 1.0
        except Exception as error:  # a poll that ends would be a deaf channel
            log.warning("poll_failed", error=error, is_expected=isinstance(error, Unavailable))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE)


async def _fetch(poller: Poller, inbox: Inbox, offset: int, stop: asyncio.Event) -> int:
    """One poll, given up when `stop` is set: what it would have brought stays with the provider."""
    polling, stopping = asyncio.create_task(poller.poll(offset)), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([polling, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not polling.done():
            return offset
        inbound, following = polling.result()
        await inbox.take(inbound)
        return following
    finally:
        for task in (polling, stopping):
            task.cancel()
