"""The way in: stored once, committed before anybody is told, rung for afterwards."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.domain.contact import Channel, ContactId, Permission
from bot.domain.delivery import Content, Delivery, DeliveryId, DeliveryStatus, Lane
from bot.domain.errors import Conflict, Reason, Unavailable
from bot.domain.message import Receipt, Received
from bot.services.inbox import TRIES, Inbox
from bot.services.ports import Inbound
from bot.storage.store import SqlStore
from tests.stand import NOW, PHONE, CountingIds, StillClock, met


@dataclass
class Bell:
    """Hears who is rung for; `store` is looked into at that moment."""

    store: SqlStore
    rung: list[str] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)

    async def ring(self, contact: ContactId, lane: Lane) -> None:
        self.rung.append(contact)
        async with self.store.transaction() as unit:
            self.stored.append(len(await unit.messages.waiting(contact)))


@pytest.fixture
def bell(store: SqlStore) -> Bell:
    return Bell(store)


@pytest.fixture
def inbox(store: SqlStore, bell: Bell, clock: StillClock, ids: CountingIds) -> Inbox:
    return Inbox(store=store, bell=bell, clock=clock, ids=ids)


def words(provider_id: str, text: str = "hello") -> Received:
    return Received(channel=Channel.SMS, address=PHONE, provider_id=provider_id, text=text)


async def test_the_bell_rings_once_for_a_contact_and_after_the_commit(inbox: Inbox, bell: Bell) -> None:
    """R23."""
    assert await inbox.take(Inbound(messages=(words("1"), words("2")))) == 2
    assert len(bell.rung) == 1
    assert bell.stored == [2]


async def test_a_repeated_message_is_stored_once_and_rung_for_once(inbox: Inbox, bell: Bell) -> None:
    """R23: within one request, and in the next."""
    assert await inbox.take(Inbound(messages=(words("1"), words("1", "again")))) == 1
    assert await inbox.take(Inbound(messages=(words("1"),))) == 0
    assert len(bell.rung) == 1


async def test_nothing_is_stored_and_nobody_rung_when_one_part_fails(inbox: Inbox, bell: Bell, store: SqlStore) -> None:
    broken = Receipt(channel=Channel.SMS, provider_id="x", status="no such status")
    async with store.transaction() as unit:
        await _sent(unit, "x")
    with pytest.raises(ValueError, match="no such status"):
        await inbox.take(Inbound(messages=(words("1"),), receipts=(broken,)))
    assert bell.rung == []
    assert await inbox.take(Inbound(messages=(words("1"),))) == 1


async def test_a_message_survives_others_who_come_first(
    store: SqlStore, bell: Bell, clock: StillClock, ids: CountingIds
) -> None:
    """R23: Twilio does not repeat a webhook that failed, so a conflict is no reason to fail it."""
    busy = Busy(store, [Conflict("first")] * (TRIES - 1))
    assert await Inbox(store=busy, bell=bell, clock=clock, ids=ids).take(Inbound(messages=(words("1"),))) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("errors", [[Unavailable("away")], [Conflict("first")] * TRIES])
async def test_what_cannot_be_stored_is_never_called_received(
    store: SqlStore, bell: Bell, clock: StillClock, ids: CountingIds, errors: list[Exception]
) -> None:
    """R23."""
    busy = Busy(store, list(errors))
    with pytest.raises(type(errors[0])):
        await Inbox(store=busy, bell=bell, clock=clock, ids=ids).take(Inbound(messages=(words("1"),)))  # type: ignore[arg-type]
    assert bell.rung == []


async def test_a_receipt_that_says_opted_out_refuses_the_address(inbox: Inbox, store: SqlStore) -> None:
    """R19."""
    async with store.transaction() as unit:
        await _sent(unit, "SM1")
    receipt = Receipt(channel=Channel.SMS, provider_id="SM1", status="failed", reason=Reason.OPTED_OUT)
    for _ in range(2):
        await inbox.take(Inbound(receipts=(receipt,)))
    async with store.transaction() as unit:
        contact = await unit.contacts.get(ContactId("c1"))
    assert contact is not None
    assert contact.reaches[0].permission is Permission.REFUSED


async def test_a_receipt_for_nothing_we_know_changes_nothing(inbox: Inbox, bell: Bell) -> None:
    await inbox.take(Inbound(receipts=(Receipt(channel=Channel.SMS, provider_id="?", status="delivered"),)))
    assert bell.rung == []


@dataclass
class Busy:
    """A store that first fails so many transactions."""

    store: SqlStore
    errors: list[Exception]

    def transaction(self, contact: ContactId | None = None) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return self.store.transaction(contact)


async def _sent(unit: Any, provider_id: str) -> None:
    await met(unit, PHONE)
    delivery = Delivery(
        id=DeliveryId("d1"), contact=ContactId("c1"), channel=Channel.SMS, address=PHONE, origin="message:m",
        content=Content(text="hi", language="en"), status=DeliveryStatus.SENT, provider_id=provider_id,
        created_at=NOW, due_at=NOW,
    )  # fmt: skip
    await unit.deliveries.add([delivery])
