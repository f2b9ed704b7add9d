"""The worker: bells are heard, failures come again, no error makes it deaf, a stop drops nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.contact import Channel, ContactId
from bot.domain.delivery import Lane
from bot.domain.errors import Conflict
from bot.domain.message import Message, MessageId, Received
from bot.storage.store import SqlStore
from bot.worker import Worker
from tests.stand import NOW, PHONE, StillClock, met


@dataclass(frozen=True)
class Held:
    contact: str
    lane: str = "reply"


@dataclass
class Bell:
    """A doorbell in memory: `errors` are raised first, `put_back` names those whose work failed."""

    waiting: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    errors: list[Exception] = field(default_factory=list)
    put_back: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    rung: list[tuple[str, Lane]] = field(default_factory=list)

    async def ring(self, contact: ContactId, lane: Lane) -> None:
        self.rung.append((contact, lane))

    async def take(self, count: int = 1, block_seconds: float = 0.0) -> list[Held]:
        if self.errors:
            raise self.errors.pop(0)
        try:
            return [Held(await asyncio.wait_for(self.waiting.get(), 0.01))]
        except TimeoutError:
            return []

    @asynccontextmanager
    async def holding(self, held: Held) -> AsyncIterator[None]:
        try:
            yield
        except Exception:
            self.put_back.append(held.contact)
            raise
        self.released.append(held.contact)


@dataclass
class Work:
    """Stands in for conversation, sender and privacy; `fails` gives an error by contact."""

    fails: dict[str, Exception] = field(default_factory=dict)
    done: list[tuple[str, str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    is_slow: bool = False
    silent: frozenset[str] = frozenset()  # contacts who have written nothing: their question may be overdue

    async def handle(self, contact: ContactId) -> int:
        self.begun.set()
        if self.is_slow:
            await self.gate.wait()
        if contact in self.fails:
            raise self.fails[contact]
        self.done.append(("handle", contact))
        return 0 if contact in self.silent else 1

    async def lapse(self, contact: ContactId) -> None:
        self.done.append(("lapse", contact))

    async def send_due(self, contact: ContactId) -> int:
        self.done.append(("send", contact))
        return 1

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        async def nothing(*_: Any, **__: Any) -> int:
            return 0

        return nothing


class Idle:
    """Stands in for the sender of broadcasts: there are none."""

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()


@dataclass
class Shift:
    """A worker with its bells, running while the block lasts."""

    worker: Worker[Held]
    messages: Bell
    deliveries: Bell
    work: Work
    stop: asyncio.Event

    @asynccontextmanager
    async def on(self) -> AsyncIterator[None]:
        running = asyncio.create_task(self.worker.run(self.stop))
        try:
            yield
        finally:
            self.work.gate.set()
            self.stop.set()
            await asyncio.wait_for(running, 20)

    async def until(self, *wanted: tuple[str, str]) -> None:
        async with asyncio.timeout(20):
            while not set(wanted) <= set(self.work.done):  # noqa: ASYNC110 (the loop itself makes it true)
                await asyncio.sleep(0)


@pytest.fixture
def shift(store: SqlStore, clock: StillClock) -> Shift:
    messages, deliveries, work = Bell(), Bell(), Work()
    worker: Worker[Held] = Worker(
        messages=messages, deliveries=deliveries, message_bell=messages, delivery_bell=deliveries,
        conversation=work, sender=work, broadcasts=work, outreach=Idle(), privacy=work,
        store=store, clock=clock, hands=2,
    )  # type: ignore[arg-type]  # fmt: skip
    return Shift(worker=worker, messages=messages, deliveries=deliveries, work=work, stop=asyncio.Event())


async def test_bells_lead_to_answers_and_sends(shift: Shift) -> None:
    async with shift.on():
        shift.messages.waiting.put_nowait("c1")
        shift.deliveries.waiting.put_nowait("c2")
        await shift.until(("handle", "c1"), ("send", "c2"))
    assert shift.messages.released == ["c1"]


async def test_only_who_has_written_nothing_can_be_late_with_an_answer(shift: Shift) -> None:
    shift.work.silent = frozenset({"c2"})
    async with shift.on():
        shift.messages.waiting.put_nowait("c1")
        shift.messages.waiting.put_nowait("c2")
        await shift.until(("handle", "c1"), ("handle", "c2"), ("lapse", "c2"))
    assert ("lapse", "c1") not in shift.work.done


@pytest.mark.parametrize("error", [Conflict("first"), RuntimeError("a bug")])
async def test_what_fails_is_put_back_and_the_next_contact_is_served(shift: Shift, error: Exception) -> None:
    """R22."""
    shift.work.fails["c1"] = error
    async with shift.on():
        shift.messages.waiting.put_nowait("c1")
        shift.messages.waiting.put_nowait("c2")
        await shift.until(("handle", "c2"))
    assert shift.messages.put_back == ["c1"]


async def test_an_error_of_the_bell_itself_makes_nobody_deaf(shift: Shift) -> None:
    """R22: "MISCONF", say, which no one took for an absence."""
    shift.messages.errors = [RuntimeError("MISCONF"), RuntimeError("MISCONF")]
    shift.worker.rest_seconds = 0.0
    async with shift.on():
        shift.messages.waiting.put_nowait("c1")
        shift.deliveries.waiting.put_nowait("c2")
        await shift.until(("handle", "c1"), ("send", "c2"))


async def test_a_stop_lets_what_is_in_hand_be_finished(shift: Shift) -> None:
    """R23."""
    shift.work.is_slow = True
    async with shift.on():
        shift.messages.waiting.put_nowait("c1")
        await asyncio.wait_for(shift.work.begun.wait(), 20)
        shift.stop.set()
    assert shift.messages.released == ["c1"]


async def test_one_tick_after_another_although_one_fails(shift: Shift) -> None:
    """R23: the tick finds what lost its bell; it must outlive every error."""
    calls = 0

    async def tick() -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            shift.stop.set()
        raise RuntimeError("a bug")

    shift.worker.ring_due = tick  # type: ignore[method-assign]
    shift.worker.rest_seconds = 0.0
    await asyncio.wait_for(shift.worker.run(shift.stop), 20)
    assert calls == 2


async def lost_its_bell(store: SqlStore) -> None:
    """A message is stored, and nobody was rung for."""
    async with store.transaction() as unit:
        await met(unit, PHONE)
        received = Received(channel=Channel.SMS, address=PHONE, provider_id="1", text="hello")
        await unit.messages.add(
            Message(id=MessageId("m1"), contact=ContactId("c1"), received=received, received_at=NOW)
        )


async def test_a_tick_rings_for_messages_that_lost_their_bell(shift: Shift, store: SqlStore, clock: StillClock) -> None:
    """R23: Redis was emptied between the commit and the work."""
    await lost_its_bell(store)
    await shift.worker.ring_due()
    assert shift.messages.rung == []  # its first bell is still on the way
    clock.pass_(timedelta(seconds=6))
    await shift.worker.ring_due()
    assert shift.messages.rung == [("c1", Lane.REPLY)]


@pytest.mark.parametrize("duty", ["forget_due", "keep_time"])
async def test_a_duty_that_fails_or_takes_long_keeps_no_other_waiting(
    shift: Shift, store: SqlStore, clock: StillClock, duty: str
) -> None:
    """R23: a broadcast to a million takes a minute to begin; meanwhile bells ring and the worker shows its life."""
    await lost_its_bell(store)
    clock.pass_(timedelta(seconds=6))
    other = {"forget_due": "keep_time", "keep_time": "forget_due"}[duty]
    beats, done = asyncio.Event(), asyncio.Event()

    async def takes_long() -> int:
        await shift.work.gate.wait()
        raise RuntimeError("a bug")

    async def is_done() -> int:
        done.set()
        return 0

    setattr(shift.work, duty, takes_long)
    setattr(shift.work, other, is_done)
    shift.worker.beat = beats.set
    async with shift.on():
        await asyncio.wait_for(asyncio.gather(beats.wait(), done.wait()), 20)
    assert ("c1", Lane.REPLY) in shift.messages.rung
