"""Owns fetching a provider's messages where it cannot reach us: the next ones are asked for only after a commit."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

from bot.domain.errors import Conflict, Unavailable
from bot.log import logger
from bot.services.inbox import Inbox
from bot.services.ports import Inbound

log = logger("polling")
T = TypeVar("T")

FIRST_PAUSE = 1.0  # seconds before a second try
LONGEST_PAUSE = 30.0  # seconds between two tries at a provider that does not answer


class Poller(Protocol):
    """A channel that can be asked for its messages."""

    async def poll(self, offset: int) -> tuple[Inbound, int]:
        """What has come since `offset`, and the offset that confirms it; waits for some time. Raises Unavailable."""
        ...


async def poll_forever(poller: Poller, inbox: Inbox, stop: asyncio.Event) -> None:
    """Fetch and store until `stop`. A message is confirmed to the provider by the poll after its commit."""
    offset = 0
    while not stop.is_set():
        following = await until_done(partial(_fetch, poller, inbox, offset, stop), stop)
        offset = offset if following is None else following


async def until_done(work: Callable[[], Awaitable[T]], stop: asyncio.Event) -> T | None:
    """Try until it succeeds, with growing pauses; None when stopped before: a poll that gave up would be deaf."""
    pause = FIRST_PAUSE
    while not stop.is_set():
        try:
            return await work()
        except Exception as error:
            log.warning("poll_failed", error=error, is_expected=isinstance(error, Unavailable))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    return None


async def _fetch(poller: Poller, inbox: Inbox, offset: int, stop: asyncio.Event) -> int:
    """One poll, given up when `stop` is set: what it would have brought stays with the provider."""
    polling, stopping = asyncio.create_task(poller.poll(offset)), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([polling, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not polling.done():
            return offset
        inbound, following = polling.result()
        await _store(inbox, inbound)
        return following
    finally:
        for task in (polling, stopping):
            task.cancel()


async def _store(inbox: Inbox, inbound: Inbound) -> None:
    """Store all together; where that breaks, one by one, so that a message which nobody can store holds up no other."""
    try:
        await inbox.take(inbound)
        return
    except (Conflict, Unavailable):
        raise  # nothing is wrong with the messages: the provider keeps them until the next poll
    except Exception as error:
        log.error("poll_not_stored", messages=len(inbound.messages), error=error)
    for message in inbound.messages:
        try:
            await inbox.take(Inbound(messages=(message,)))
        except (Conflict, Unavailable):
            raise
        except Exception as error:
            log.error("message_not_stored", channel=message.channel, error=error)
