"""Owns what becomes of a broadcast's recipient: further by a receipt, on the next channel after a failure, or ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.broadcast import Broadcast, BroadcastStatus
from bot.domain.checkin import Recipient, RecipientState, state_after
from bot.domain.contact import Address, Channel, Contact, Reach
from bot.domain.delivery import Delivery, DeliveryStatus
from bot.domain.errors import Reason
from bot.services.forecast import Way
from bot.services.ports import Unit

_ADVANCING = {
    DeliveryStatus.SENT: RecipientState.SENT,
    DeliveryStatus.DELIVERED: RecipientState.DELIVERED,
    DeliveryStatus.READ: RecipientState.READ,
}


async def settle(unit: Unit, delivery: Delivery, ways: Mapping[Channel, Way], now: datetime) -> None:
    """Bring the recipient's account up to what has become of one delivery, by its sender or by a receipt.

    What failed for good goes to the contact's next address; without one the recipient has failed, with that reason.
    """
    assert delivery.outreach is not None
    number = delivery.outreach.recipient
    if delivery.status in _ADVANCING:
        await unit.recipients.advance([number], _ADVANCING[delivery.status])
    elif delivery.status is DeliveryStatus.FAILED:
        await _redirect(unit, number, delivery, ways, now)
    elif not delivery.status.is_pending:
        await _end(unit, number, delivery)


async def _redirect(unit: Unit, number: int, delivery: Delivery, ways: Mapping[Channel, Way], now: datetime) -> None:
    """To the next address on which nothing has failed, unless another message stands for the failed one."""
    assert delivery.outreach is not None
    contact = await unit.contacts.get(delivery.contact)
    recipient = await unit.recipients.get(number)
    if contact is None or recipient is None or recipient.contact is None:  # erased, or counted in another account
        return
    tried = await unit.deliveries.of_recipient(number)
    state = state_after((one.status for one in tried), is_answered=recipient.has_answered) or RecipientState.FAILED
    if any(_stands_for(one, delivery) for one in tried):  # nothing more is owed for this one
        reason = None if state.is_reached else recipient.reason
        await unit.recipients.settle(replace(recipient, state=state, reason=reason))
        return
    broadcast = await unit.broadcasts.hold(recipient.broadcast)
    left: list[Channel] = []
    if broadcast is not None and broadcast.status is BroadcastStatus.LIVE and not broadcast.is_over(now):
        gone = {one.address for one in tried if one.status is DeliveryStatus.FAILED}
        left = channels_of(contact, ways, broadcast, now, without=gone)
    again = replace(recipient, round=delivery.outreach.round)  # the same round, on another address
    await unit.recipients.settle(redirected(again, left, state, delivery.failure, now))


def _stands_for(other: Delivery, failed: Delivery) -> bool:
    """Whether another message of the same round, or of a later one, is out or on its way."""
    assert other.outreach is not None and failed.outreach is not None  # noqa: PT018
    is_alive = other.status.is_pending or other.status in _ADVANCING
    return is_alive and other.id != failed.id and other.outreach.round >= failed.outreach.round


async def _end(unit: Unit, number: int, delivery: Delivery) -> None:
    """Dropped before it went out: its broadcast was stopped, or its life was over."""
    recipient = await unit.recipients.get(number)
    if recipient is None or recipient.state is not RecipientState.WAITING:
        return
    over = delivery.status is DeliveryStatus.EXPIRED
    state = RecipientState.EXPIRED if over else RecipientState.CANCELLED
    await unit.recipients.settle(replace(recipient, state=state, due_at=None, due_channel=None))


def redirected(
    recipient: Recipient, left: Sequence[Channel], state: RecipientState, reason: Reason | None, now: datetime
) -> Recipient:
    """The recipient due on the next channel, or come to an end."""
    if left:
        waiting = state if state.is_reached else RecipientState.WAITING
        return replace(recipient, state=waiting, reason=reason, due_channel=left[0], due_at=now)
    is_reached = state.is_reached
    return replace(recipient, state=state, reason=None if is_reached else reason, due_channel=None, due_at=None)


def usable(
    contact: Contact, channel: Channel, ways: Mapping[Channel, Way], broadcast: Broadcast, now: datetime
) -> list[Reach]:
    """The contact's addresses on a channel that may be written to now, in their order."""
    return [
        reach
        for reach in contact.reaches
        if reach.address.channel is channel
        and (reach.is_open or broadcast.overrides_opt_out)
        and (reach.is_in_window(now) or ways[channel].opens)
    ]


def channels_of(
    contact: Contact,
    ways: Mapping[Channel, Way],
    broadcast: Broadcast,
    now: datetime,
    *,
    without: Iterable[Address] = (),
) -> list[Channel]:
    """The channels on which the contact can be written to, the deployment's preferred first."""
    gone = set(without)
    return [
        channel
        for channel in ways
        if any(reach.address not in gone for reach in usable(contact, channel, ways, broadcast, now))
    ]
