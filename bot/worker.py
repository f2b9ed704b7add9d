"""Owns the worker: hears the doorbells, calls the services, runs the ticks, and stops without dropping anything."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from bot.domain.contact import ContactId
from bot.domain.delivery import Lane
from bot.domain.errors import Conflict, Unavailable
from bot.log import logger
from bot.services.broadcast_life import BroadcastLife
from bot.services.conversation import Conversation
from bot.services.deliveries import Sender
from bot.services.outreach import OutreachSender
from bot.services.ports import Bell, Clock, Store
from bot.services.privacy import Privacy

log = logger("worker")

LISTEN_SECONDS = 2.0  # how long one wait for bells lasts: a stop is heard at least that often
TICK_SECONDS = 2.0
OVERDUE = timedelta(seconds=5)  # a message unhandled for so long has lost its bell
TICK_LIMIT = 500  # contacts rung for in one tick


Work = Callable[[ContactId], Awaitable[None]]
Duty = Callable[[], Awaitable[object]]


class Held(Protocol):
    """A contact that this process alone may work on."""

    @property
    def contact(self) -> str: ...
    @property
    def lane(self) -> str: ...


H = TypeVar("H", bound=Held)


class Hearing(Protocol[H]):
    """A doorbell as the worker uses it."""

    async def take(self, count: int = 1, block_seconds: float = 0.0) -> list[H]: ...

    def holding(self, held: H) -> AbstractAsyncContextManager[None]: ...


@dataclass(kw_only=True)
class Worker(Generic[H]):
    """Works through two doorbells, messages to answer and deliveries to send, `hands` contacts at a time each."""

    messages: Hearing[H]
    deliveries: Hearing[H]
    message_bell: Bell
    delivery_bell: Bell
    conversation: Conversation
    sender: Sender
    broadcasts: BroadcastLife
    outreach: OutreachSender
    privacy: Privacy
    store: Store
    clock: Clock
    others: Sequence[Duty] = ()  # what else is done again and again, each apart
    hands: int = 16
    rest_seconds: float = TICK_SECONDS  # between two ticks, and after a bell that failed
    beat: Callable[[], None] = lambda: None  # told after each look for what is due: who stops telling is stuck

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish what is in hand."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(self.messages, self._answer, stop))
            group.create_task(self._listen(self.deliveries, self._send, stop))
            group.create_task(self.outreach.run(stop))
            for duty in (self.ring_due, self.broadcasts.keep_time, self.privacy.forget_due, *self.others):
                group.create_task(self._tick_on(duty, stop))  # apart: to begin a broadcast to a million takes a minute

    async def _listen(self, bell: Hearing[H], work: Work, stop: asyncio.Event) -> None:
        """Take bells as hands come free; each contact is worked on by its own task, under its lease."""
        hands = asyncio.Semaphore(self.hands)
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                await hands.acquire()
                held = await self._hear(bell, stop)
                if held:
                    task = group.create_task(self._hold(bell, held[0], work))
                    task.add_done_callback(lambda _: hands.release())
                else:
                    hands.release()

    async def _hear(self, bell: Hearing[H], stop: asyncio.Event) -> list[H]:
        """A bell, or none after some time. No error of the bell itself makes this process deaf."""
        try:
            return await bell.take(1, LISTEN_SECONDS)
        except Exception as error:
            log.error("bell_failed", error=error)
            await self._rest(stop)
            return []

    async def _rest(self, stop: asyncio.Event) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), self.rest_seconds)

    async def _hold(self, bell: Hearing[H], held: H, work: Work) -> None:
        """Work under the lease. What fails is put back by the bell and comes again; the worker goes on."""
        try:
            async with bell.holding(held):
                await work(ContactId(held.contact))
        except (Conflict, Unavailable) as error:
            log.warning("put_back", contact=held.contact, error=error)
        except Exception as error:
            log.error("work_failed", contact=held.contact, error=error)

    async def _answer(self, contact: ContactId) -> None:
        if not await self.conversation.handle(contact):  # whoever has just written is late for nothing
            await self.conversation.lapse(contact)

    async def _send(self, contact: ContactId) -> None:
        await self.sender.send_due(contact)

    # --- ticks: what a lost bell, a dead process or the passing of time leaves to be done ---------------------------

    async def _tick_on(self, duty: Duty, stop: asyncio.Event) -> None:
        """Do it again and again, whatever becomes of one time."""
        while not stop.is_set():
            try:
                await duty()
            except Exception as error:
                log.error("tick_failed", error=error)
            await self._rest(stop)

    async def ring_due(self) -> None:
        """Ring again for everything that storage knows to be due."""
        now = self.clock.now()
        async with self.store.look() as unit:
            unanswered = await unit.messages.contacts_waiting(now - OVERDUE, TICK_LIMIT)
            lapsed = await unit.sessions.lapsed(now, TICK_LIMIT)
            due = await unit.deliveries.contacts_due(now, TICK_LIMIT)
        for contact in dict.fromkeys((*unanswered, *lapsed)):
            await self.message_bell.ring(contact, Lane.REPLY)
        for contact, lane in due:
            await self.delivery_bell.ring(contact, lane)
        self.beat()
