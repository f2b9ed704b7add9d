"""The deliveries of broadcasts on both databases: claimed and kept in chunks, in doubt, cancelled."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.checkin import Recipient
from bot.domain.contact import Channel, ContactId, Reach
from bot.domain.delivery import BroadcastId, Delivery, DeliveryStatus, Lane, Template
from bot.domain.errors import Reason
from bot.domain.message import Receipt
from bot.storage.store import SqlStore
from tests.contracts.accounts import (
    ALERT,
    UNTIL,
    add,
    begin,
    broadcast,
    of,
    person,
    plan,
    save_sent,
    sent,
    stored,
    take,
    whatsapp,
)
from tests.storage import samples
from tests.storage.samples import MINUTE, NOON


async def test_what_was_in_hand_of_a_dead_sender_is_claimed_again_and_counted(farm: SqlStore) -> None:
    await add(farm, person(1))
    await begin(farm)
    (first,) = await take(farm)

    async def claim(now: datetime) -> Sequence[Delivery]:
        async with farm.transaction() as unit:
            return await unit.deliveries.claim_outreach(Channel.SMS, Lane.EMERGENCY, now, now + MINUTE, 10)

    assert await claim(UNTIL - timedelta(seconds=1)) == []
    (again,) = await claim(UNTIL)
    assert again.outreach == replace(first.outreach, doubts=1) if first.outreach else False
    assert await stored(farm, first) == again
    async with farm.transaction() as unit:
        assert await unit.deliveries.doubts(ALERT) == 1
        assert await unit.deliveries.doubts(BroadcastId("none")) == 0
        await unit.deliveries.save(replace(again, status=DeliveryStatus.QUEUED, due_at=UNTIL + 2 * MINUTE))
    (third,) = await claim(UNTIL + 2 * MINUTE)
    assert third.outreach == again.outreach, "what its sender gave back is in no doubt"
    async with farm.transaction() as unit:
        assert await unit.deliveries.claim_outreach(Channel.SMS, Lane.BULK, UNTIL + 9 * MINUTE, UNTIL, 10) == []


async def test_sends_are_kept_together_and_their_receipts_find_them(farm: SqlStore) -> None:
    await add(farm, *(person(number) for number in range(3)))
    await begin(farm)
    taken = await take(farm)
    kept = await save_sent(farm, *(sent(delivery) for delivery in taken))
    assert [delivery.status for delivery in kept] == [DeliveryStatus.SENT] * 3
    assert await save_sent(farm) == []
    assert await stored(farm, taken[0]) == replace(sent(taken[0]), claimed_until=None, position=1)
    async with farm.transaction() as unit:
        receipt = Receipt(channel=Channel.SMS, provider_id=f"SM-{taken[1].id}", status="delivered")
        moved = await unit.deliveries.receive(receipt)
    assert moved is not None
    assert moved.outreach == taken[1].outreach


async def test_receipts_that_came_before_their_send_are_applied_with_it(farm: SqlStore) -> None:
    await add(farm, *(person(number) for number in range(3)))
    await begin(farm)
    taken = await take(farm)
    for delivery, status, reason in ((taken[0], "read", None), (taken[1], "failed", "unreachable")):
        async with farm.transaction() as unit:
            receipt = Receipt(channel=Channel.SMS, provider_id=f"SM-{delivery.id}", status=status, reason=reason)
            assert await unit.deliveries.receive(receipt) is None
    kept = await save_sent(farm, *(sent(delivery) for delivery in taken))
    assert [(one.status, one.failure) for one in kept] == [
        (DeliveryStatus.READ, None), (DeliveryStatus.FAILED, Reason.UNREACHABLE), (DeliveryStatus.SENT, None)
    ]  # fmt: skip
    assert [(await stored(farm, one)).status for one in taken] == [one.status for one in kept]


@pytest.mark.parametrize("status", [DeliveryStatus.QUEUED, DeliveryStatus.CANCELLED, DeliveryStatus.EXPIRED])
async def test_a_late_word_that_it_was_sent_is_believed(farm: SqlStore, status: DeliveryStatus) -> None:
    """Its claim ran out, another took it over and did not send it: the reader has it all the same."""
    await add(farm, person(1))
    await begin(farm)
    (slow,) = await take(farm)
    async with farm.transaction() as unit:
        (other,) = await unit.deliveries.claim_outreach(Channel.SMS, Lane.EMERGENCY, UNTIL, UNTIL + MINUTE, 1)
        await unit.deliveries.save(replace(other, status=status))
    await save_sent(farm, sent(slow))
    assert (await stored(farm, slow)).status is DeliveryStatus.SENT


async def test_of_two_who_sent_the_same_the_first_record_stays(farm: SqlStore) -> None:
    await add(farm, person(1))
    await begin(farm)
    (slow,) = await take(farm)
    async with farm.transaction() as unit:
        (other,) = await unit.deliveries.claim_outreach(Channel.SMS, Lane.EMERGENCY, UNTIL, UNTIL + MINUTE, 1)
    await save_sent(farm, sent(other, "SM-2"))
    async with farm.transaction() as unit:
        await unit.deliveries.receive(Receipt(channel=Channel.SMS, provider_id="SM-2", status="delivered"))
        assert await unit.deliveries.receive(Receipt(channel=Channel.SMS, provider_id="SM-1", status="failed")) is None
    await save_sent(farm, sent(slow, "SM-1"))
    after = await stored(farm, slow)
    assert (after.provider_id, after.status) == ("SM-2", DeliveryStatus.DELIVERED)
    assert after.outreach == other.outreach, "it stays in doubt: the reader may have it twice"


async def test_everything_tried_for_a_recipient_is_told_in_order(farm: SqlStore) -> None:
    await add(farm, person(1))
    await begin(farm)
    (first,) = await take(farm)
    number = (await of(farm, 1)).number
    async with farm.transaction() as unit:
        await unit.deliveries.save(replace(first, status=DeliveryStatus.FAILED, failure=Reason.LANDLINE))
        await unit.recipients.settle(replace(await of_number(unit, number), due_channel=Channel.SMS, due_at=NOON))
    (second,) = await take(farm)
    async with farm.look() as unit:
        tried = await unit.deliveries.of_recipient(number)
        assert await unit.deliveries.of_recipient(number + 1) == []
    assert [(one.id, one.failure) for one in tried] == [(first.id, Reason.LANDLINE), (second.id, None)]


async def of_number(unit: object, number: int) -> Recipient:
    found = await unit.recipients.get(number)  # type: ignore[attr-defined]
    assert isinstance(found, Recipient)
    return found


async def test_cancelling_ends_what_waits_to_be_tried_again_and_nothing_else(farm: SqlStore) -> None:
    await add(farm, *(person(number) for number in range(3)))
    await begin(farm)
    await begin(farm, broadcast("other"))
    taken = [one for one in await take(farm) if one.outreach and one.outreach.broadcast == ALERT]
    async with farm.transaction() as unit:
        await unit.deliveries.save(replace(taken[0], status=DeliveryStatus.QUEUED, due_at=UNTIL))
        await unit.deliveries.add([samples.delivery("reply", ContactId("p001"))])
        assert await unit.deliveries.cancel_outreach(BroadcastId("other")) == 0
        assert await unit.deliveries.cancel_outreach(ALERT) == 1
    assert [(await stored(farm, one)).status for one in taken] == [
        DeliveryStatus.CANCELLED, DeliveryStatus.SENDING, DeliveryStatus.SENDING
    ]  # fmt: skip


async def test_people_written_to_outside_the_window_are_counted_once(farm: SqlStore) -> None:
    """Those about to be, too: what a new account may open in a day is not to be spent twice."""
    await add(farm, *(person(number, Reach(address=whatsapp(number))) for number in range(3)))
    how = plan(can_open=frozenset({Channel.WHATSAPP}))
    await begin(farm, None, how)
    await begin(farm, broadcast("second"), how)
    content = replace(samples.delivery().content, template=Template(id="HX1", variables=("a",)))
    taken = await take(farm, channel=Channel.WHATSAPP, content=content)
    assert len(taken) == 6
    async with farm.transaction() as unit:
        assert await unit.deliveries.templates_since(Channel.WHATSAPP, NOON) == 3
    await save_sent(farm, *(sent(delivery) for delivery in taken))
    async with farm.transaction() as unit:
        assert await unit.deliveries.templates_since(Channel.WHATSAPP, NOON) == 3
        assert await unit.deliveries.templates_since(Channel.WHATSAPP, NOON + MINUTE) == 0
        assert await unit.deliveries.templates_since(Channel.SMS, NOON) == 0


async def test_answers_to_contacts_and_broadcasts_leave_each_other_alone(farm: SqlStore) -> None:
    await add(farm, person(1))
    await begin(farm)
    (alert,) = await take(farm)
    async with farm.transaction() as unit:
        await unit.deliveries.add([samples.delivery("reply", ContactId("p001"))])
        assert await unit.deliveries.contacts_due(UNTIL, 10) == [("p001", Lane.REPLY)]
        assert [one.id for one in await unit.deliveries.claim(ContactId("p001"), UNTIL, UNTIL + MINUTE)] == ["reply"]
        claimed = await unit.deliveries.claim_outreach(Channel.SMS, Lane.EMERGENCY, UNTIL, UNTIL + MINUTE, 10)
    assert [one.id for one in claimed] == [alert.id]
