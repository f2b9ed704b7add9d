"""Polling: confirmed only after the commit, never deaf, and no message holds up another."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bot.domain.contact import Address, Channel, Scheme
from bot.domain.errors import Unavailable
from bot.domain.message import Received
from bot.services.ports import Inbound
from bot.web import polling


def words(number: int) -> Received:
    address = Address(scheme=Scheme.TELEGRAM, path="7")
    return Received(channel=Channel.TELEGRAM, address=address, provider_id=str(number), sequence=number)


@dataclass
class Telegram:
    """Holds updates until they are confirmed by an offset beyond them; stops the test when all are."""

    stop: asyncio.Event
    updates: list[int]
    errors: list[Exception] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)

    async def poll(self, offset: int) -> tuple[Inbound, int]:
        self.offsets.append(offset)
        if self.errors:
            raise self.errors.pop(0)
        waiting = [update for update in self.updates if update >= offset]
        if not waiting:
            self.stop.set()
            await asyncio.Event().wait()
        return Inbound(messages=tuple(map(words, waiting))), waiting[-1] + 1


@dataclass
class Inbox:
    """Stores, unless `fails` says otherwise."""

    fails: Callable[[Inbound], Exception | None] = lambda _: None
    stored: list[str] = field(default_factory=list)

    async def take(self, inbound: Inbound) -> int:
        if error := self.fails(inbound):
            raise error
        self.stored += [message.provider_id for message in inbound.messages]
        return len(inbound.messages)


@pytest.fixture
def stop() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0.001)


async def run(telegram: Telegram, inbox: Inbox) -> None:
    await asyncio.wait_for(polling.poll_forever(telegram, inbox, telegram.stop), 20)  # type: ignore[arg-type]


async def test_updates_are_confirmed_by_the_poll_after_their_commit(stop: asyncio.Event) -> None:
    """R23."""
    telegram, inbox = Telegram(stop, [5, 6]), Inbox()
    await run(telegram, inbox)
    assert inbox.stored == ["5", "6"]
    assert telegram.offsets == [0, 7]


async def test_what_was_not_stored_is_asked_for_again(stop: asyncio.Event) -> None:
    """R23: the database was away once."""
    away = [Unavailable("away")]
    telegram, inbox = Telegram(stop, [5]), Inbox(lambda _: away.pop() if away else None)
    await run(telegram, inbox)
    assert inbox.stored == ["5"]
    assert telegram.offsets == [0, 0, 6]


@pytest.mark.parametrize("error", [Unavailable("away"), RuntimeError("a bug")])
async def test_a_provider_that_fails_is_asked_again(stop: asyncio.Event, error: Exception) -> None:
    """R22: a poll that ends would be a deaf channel."""
    telegram, inbox = Telegram(stop, [5], [error, error]), Inbox()
    await run(telegram, inbox)
    assert inbox.stored == ["5"]


async def test_a_message_that_cannot_be_stored_holds_up_no_other(stop: asyncio.Event) -> None:
    """R22, R23: else the channel would be deaf for everybody."""

    def poison(inbound: Inbound) -> Exception | None:
        return ValueError("poison") if any(message.provider_id == "6" for message in inbound.messages) else None

    telegram, inbox = Telegram(stop, [5, 6, 7]), Inbox(poison)
    await run(telegram, inbox)
    assert inbox.stored == ["5", "7"]
    assert telegram.offsets == [0, 8]


async def test_a_stop_gives_a_long_poll_up_at_once(stop: asyncio.Event) -> None:
    telegram = Telegram(stop, [])
    await run(telegram, Inbox())
    assert telegram.offsets == [0]
