"""Owns the way in: each message is stored once and committed before anybody is told that it has arrived."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from bot.domain.contact import Channel, ContactId, Permission
from bot.domain.delivery import Delivery, DeliveryStatus, Lane
from bot.domain.errors import Conflict, Reason
from bot.domain.message import Message, MessageId, Receipt, Received
from bot.services.accounts import settle
from bot.services.forecast import Way
from bot.services.ports import Bell, Clock, Ids, Inbound, Store, Unit

TRIES = 3


class Inbox:
    """Stores what channels bring and rings for a worker. Once `take` returns, nothing of it can be lost."""

    def __init__(
        self, *, store: Store, bell: Bell, clock: Clock, ids: Ids, ways: Mapping[Channel, Way] | None = None
    ) -> None:
        """`ways` are the channels that broadcasts go out on, for receipts that send somebody to their next address."""
        self._store = store
        self._bell = bell
        self._clock = clock
        self._ids = ids
        self._ways = ways or {}

    async def take(self, inbound: Inbound) -> int:
        """Store the messages and apply the receipts in one transaction; returns how many messages were new.

        Raises Conflict when others came first each time, Unavailable when the database does not answer: nothing is
        stored then, and the provider must send it again.
        """
        stored = await self._store_patiently(inbound)
        for contact in dict.fromkeys(message.contact for message in stored):
            await self._bell.ring(contact, Lane.REPLY)
        return len(stored)

    async def _store_patiently(self, inbound: Inbound) -> list[Message]:
        """Again where a contact was erased, or met by another process, in the same moment."""
        for _ in range(TRIES - 1):
            with suppress(Conflict):
                return await self._store_all(inbound)
        return await self._store_all(inbound)

    async def _store_all(self, inbound: Inbound) -> list[Message]:
        news = [receipt for receipt in inbound.receipts if receipt.status != DeliveryStatus.SENT]  # known by the send
        if not inbound.messages and not news:
            return []
        async with self._store.transaction() as unit:
            messages = [await self._store_once(unit, received) for received in inbound.messages]
            for receipt in news:
                await _apply(unit, receipt, self._ways, self._clock.now())
        return [message for message in messages if message is not None]

    async def _store_once(self, unit: Unit, received: Received) -> Message | None:
        contact = await unit.contacts.meet(received.address, ContactId(self._ids.new()))
        now = self._clock.now()
        message = Message(id=MessageId(self._ids.new()), contact=contact.id, received=received, received_at=now)
        if not await unit.messages.add(message):
            return None
        await unit.contacts.heard(received.address, now, of=contact.id)
        return message


async def _apply(unit: Unit, receipt: Receipt, ways: Mapping[Channel, Way], at: datetime) -> None:
    delivery = await unit.deliveries.receive(receipt)
    if delivery is not None and receipt.reason == Reason.OPTED_OUT:
        await refuse(unit, delivery, at)
    if delivery is not None and delivery.outreach is not None:
        await settle(unit, delivery, ways, at)


async def refuse(unit: Unit, delivery: Delivery, at: datetime) -> None:
    """The provider says that this address wants nothing more from us."""
    contact = await unit.contacts.get(delivery.contact)
    if contact is not None:
        await unit.contacts.save(contact.permitting(delivery.address, Permission.REFUSED, at))
