"""Deliveries on both databases: in order, taken by one sender, moved forward only."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations, product

import pytest

from bot.domain.contact import Channel, ContactId
from bot.domain.delivery import Delivery, DeliveryId, DeliveryStatus, Lane, Template
from bot.domain.errors import Conflict, Reason
from bot.domain.message import Receipt
from bot.storage.store import SqlStore
from tests.contracts.conftest import StillClock
from tests.databases import dump
from tests.storage import samples
from tests.storage.samples import ANA, CHAT, MINUTE, NOON, PHONE

UNTIL = NOON + MINUTE


@pytest.fixture(autouse=True)
async def _ana(store: SqlStore) -> None:
    await samples.meet(store)


async def add(store: SqlStore, *deliveries: Delivery) -> None:
    async with store.transaction() as unit:
        await unit.deliveries.add(deliveries)


async def claim(store: SqlStore, now: datetime = NOON, contact: ContactId = ANA) -> Sequence[Delivery]:
    async with store.transaction(contact) as unit:
        return await unit.deliveries.claim(contact, now, now + MINUTE)


async def save(store: SqlStore, delivery: Delivery) -> None:
    async with store.transaction() as unit:
        await unit.deliveries.save(delivery)


async def get(store: SqlStore, id_: str) -> Delivery:
    async with store.transaction() as unit:
        stored = await unit.deliveries.get(DeliveryId(id_))
    assert stored
    return stored


def ids(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.id for delivery in deliveries]


async def test_a_delivery_comes_back_as_it_was_added(store: SqlStore) -> None:
    full = samples.full_delivery()
    await add(store, full)
    assert await get(store, "full") == replace(full, position=1)
    async with store.transaction() as unit:
        assert await unit.deliveries.get(DeliveryId("none")) is None
        await unit.deliveries.add([])


async def test_positions_grow_for_each_contact_in_the_order_given(store: SqlStore) -> None:
    bob = (await samples.meet(store, CHAT, ContactId("bob"))).id
    await add(store, samples.delivery("z"), samples.delivery("b1", bob), samples.delivery("a"))
    await add(store, samples.delivery("m"))
    positions = {id_: (await get(store, id_)).position for id_ in ("z", "b1", "a", "m")}
    assert positions == {"z": 1, "b1": 1, "a": 2, "m": 3}


async def test_positions_do_not_collide_when_many_add_at_once(store: SqlStore) -> None:
    await asyncio.gather(*(add(store, *(samples.delivery(f"{a}-{b}") for b in range(3))) for a in range(8)))
    claimed = await claim(store)
    assert sorted(delivery.position for delivery in claimed) == list(range(1, 25))
    by_adder = [[int(part) for part in delivery.id.split("-")] for delivery in claimed]
    for adder in range(8):
        assert [second for first, second in by_adder if first == adder] == [0, 1, 2]


async def test_nothing_is_added_for_an_erased_contact(store: SqlStore) -> None:
    with pytest.raises(Conflict):
        await add(store, samples.delivery("d1", ContactId("gone")))


# --- claims -----------------------------------------------------------------------------------------------------------


async def test_due_deliveries_are_claimed_in_order_and_once(store: SqlStore) -> None:
    await add(store, *(samples.delivery(id_) for id_ in ("c", "a", "b")))
    claimed = await claim(store)
    assert ids(claimed) == ["c", "a", "b"]
    assert {(delivery.status, delivery.claimed_until) for delivery in claimed} == {(DeliveryStatus.SENDING, UNTIL)}
    assert await get(store, "c") == claimed[0]
    assert await claim(store) == []


async def test_concurrent_senders_get_each_delivery_once(store: SqlStore) -> None:
    await add(store, *(samples.delivery(f"d{number}") for number in range(30)))

    async def grab() -> list[str]:
        async with store.transaction() as unit:  # without the contact's lock: the claim itself sees to it
            return ids(await unit.deliveries.claim(ANA, NOON, UNTIL))

    claims = await asyncio.gather(*(grab() for _ in range(10)))
    assert sorted(id_ for claimed in claims for id_ in claimed) == sorted(f"d{number}" for number in range(30))


async def test_what_a_dead_sender_held_is_claimed_again(store: SqlStore) -> None:
    await add(store, samples.delivery("a"), samples.delivery("b"))
    await claim(store)
    assert await claim(store, UNTIL - timedelta(microseconds=1)) == []
    assert ids(await claim(store, UNTIL)) == ["a", "b"]


async def test_the_first_that_is_not_due_holds_up_the_rest(store: SqlStore) -> None:
    await add(store, samples.delivery("a"), samples.delivery("b", due_at=UNTIL), samples.delivery("c"))
    assert ids(await claim(store)) == ["a"]
    assert await claim(store) == []
    assert ids(await claim(store, UNTIL)) == ["a", "b", "c"]  # the claim on a ran out too


async def test_what_another_sender_holds_holds_up_the_rest(store: SqlStore) -> None:
    await add(store, samples.delivery("a"))
    await claim(store)
    await add(store, samples.delivery("b"))
    assert await claim(store) == []


async def test_an_emergency_overtakes_and_a_bulk_message_never_holds_up_an_answer(store: SqlStore) -> None:
    await add(
        store,
        samples.delivery("bulk-later", lane=Lane.BULK, due_at=UNTIL),
        samples.delivery("bulk", lane=Lane.BULK),
        samples.delivery("reply-later", due_at=UNTIL),
        samples.delivery("reply"),
        samples.delivery("emergency", lane=Lane.EMERGENCY),
    )
    assert ids(await claim(store)) == ["emergency"]
    await save(store, replace(await get(store, "emergency"), status=DeliveryStatus.SENT, provider_id="1"))
    assert ids(await claim(store, UNTIL)) == ["reply-later", "reply", "bulk-later", "bulk"]


async def test_contacts_with_something_to_send_are_named_by_their_most_urgent_lane(store: SqlStore) -> None:
    bob = (await samples.meet(store, CHAT, ContactId("bob"))).id
    await add(store, samples.delivery("r"), samples.delivery("k", lane=Lane.BULK))
    await add(store, samples.delivery("b1", bob, due_at=UNTIL), samples.delivery("b2", bob))
    async with store.transaction() as unit:
        assert await unit.deliveries.contacts_due(NOON - MINUTE, 10) == []
        assert await unit.deliveries.contacts_due(NOON, 10) == [(ANA, Lane.REPLY)]  # bob's first is not due yet
        await unit.deliveries.add([samples.delivery("b3", bob, lane=Lane.EMERGENCY)])
        assert await unit.deliveries.contacts_due(NOON, 10) == [(bob, Lane.EMERGENCY), (ANA, Lane.REPLY)]
        assert await unit.deliveries.contacts_due(NOON, 1) == [(bob, Lane.EMERGENCY)]
        await unit.deliveries.claim(ANA, NOON, UNTIL)
        await unit.deliveries.claim(bob, NOON, UNTIL)
        assert await unit.deliveries.contacts_due(NOON, 10) == []
        assert await unit.deliveries.contacts_due(UNTIL, 10) == [(bob, Lane.EMERGENCY), (ANA, Lane.REPLY)]


@pytest.mark.parametrize("now", [NOON, UNTIL])
async def test_contacts_are_named_exactly_when_a_claim_would_find_something(store: SqlStore, now: datetime) -> None:
    """A bell for nothing would ring at every tick, and crowd out the others."""
    kinds = [(lane, due_at) for lane in Lane for due_at in (NOON, UNTIL)]
    pairs = {ContactId(f"c{number}"): pair for number, pair in enumerate(product(kinds, kinds))}
    async with store.transaction() as unit:
        for contact, pair in pairs.items():
            await unit.contacts.meet(replace(PHONE, path=contact), contact)
            await unit.deliveries.add(
                [
                    samples.delivery(f"{contact}-{n}", contact, lane=lane, due_at=due_at)
                    for n, (lane, due_at) in enumerate(pair)
                ]
            )
        named = dict(await unit.deliveries.contacts_due(now, 1000))
        claims = {contact: await unit.deliveries.claim(contact, now, now + MINUTE) for contact in pairs}
    assert named == {contact: claimed[0].lane for contact, claimed in claims.items() if claimed}
    assert 0 < len(named) <= len(pairs)


# --- outcomes ---------------------------------------------------------------------------------------------------------


async def test_an_outcome_is_kept(store: SqlStore) -> None:
    await add(store, samples.delivery())
    (claimed,) = await claim(store)
    content = replace(claimed.content, template=Template(id="HX9", variables=("x",)))
    sent = replace(claimed, content=content, status=DeliveryStatus.SENT, provider_id="SM1", sent_at=NOON, attempts=1)
    await save(store, sent)
    assert await get(store, "d1") == replace(sent, claimed_until=None)


async def test_a_retry_is_queued_for_its_time(store: SqlStore) -> None:
    await add(store, samples.delivery())
    (claimed,) = await claim(store)
    later = UNTIL + MINUTE
    await save(store, replace(claimed, status=DeliveryStatus.QUEUED, due_at=later, attempts=1))
    assert await claim(store, later - timedelta(seconds=1)) == []
    (again,) = await claim(store, later)
    assert again.attempts == 1


@pytest.mark.parametrize("outcome", [DeliveryStatus.QUEUED, DeliveryStatus.FAILED, DeliveryStatus.EXPIRED])
async def test_a_stale_sender_s_outcome_is_refused(store: SqlStore, outcome: DeliveryStatus) -> None:
    await add(store, samples.delivery())
    (stale,) = await claim(store)
    (fresh,) = await claim(store, UNTIL)
    with pytest.raises(Conflict):
        await save(store, replace(stale, status=outcome))
    assert await get(store, "d1") == fresh


async def test_what_a_stale_sender_did_send_is_believed(store: SqlStore) -> None:
    await add(store, samples.delivery())
    (stale,) = await claim(store)
    (fresh,) = await claim(store, UNTIL)
    await save(store, replace(stale, status=DeliveryStatus.SENT, provider_id="SM1"))
    with pytest.raises(Conflict):
        await save(store, replace(fresh, status=DeliveryStatus.SENT, provider_id="SM2"))
    assert (await get(store, "d1")).provider_id == "SM1"


async def test_every_move_that_the_domain_forbids_is_refused(store: SqlStore) -> None:
    ways = {
        DeliveryStatus.QUEUED: [],
        DeliveryStatus.SENDING: [DeliveryStatus.SENDING],
        DeliveryStatus.SENT: [DeliveryStatus.SENDING, DeliveryStatus.SENT],
        DeliveryStatus.DELIVERED: [DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.DELIVERED],
        DeliveryStatus.READ: [DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.READ],
        DeliveryStatus.FAILED: [DeliveryStatus.FAILED],
        DeliveryStatus.EXPIRED: [DeliveryStatus.EXPIRED],
        DeliveryStatus.CANCELLED: [DeliveryStatus.CANCELLED],
    }
    assert set(ways) == set(DeliveryStatus)
    for start, way in ways.items():
        for end in DeliveryStatus:
            id_ = f"{start}-{end}"
            await add(store, samples.delivery(id_))
            for status in way:
                await save(store, replace(await get(store, id_), status=status, claimed_until=UNTIL))
            if start.may_become(end):
                await save(store, replace(await get(store, id_), status=end))
                assert (await get(store, id_)).status is end
            else:
                with pytest.raises(Conflict):
                    await save(store, replace(await get(store, id_), status=end))
                assert (await get(store, id_)).status is start


async def test_an_unknown_delivery_cannot_be_saved(store: SqlStore) -> None:
    with pytest.raises(Conflict):
        await save(store, samples.delivery("gone", status=DeliveryStatus.SENT))


async def test_queued_deliveries_are_cancelled_by_origin(store: SqlStore) -> None:
    await add(
        store,
        samples.delivery("sent", origin="broadcast:1"),
    )
    await claim(store)
    await add(
        store,
        samples.delivery("b1", origin="broadcast:1"),
        samples.delivery("b12", origin="broadcast:12"),
        samples.delivery("B", origin="BROADCAST:1"),
        samples.delivery("m", origin="message:%"),
    )
    async with store.transaction() as unit:
        assert await unit.deliveries.cancel_queued(ANA, "broadcast:1") == 2
        assert await unit.deliveries.cancel_queued(ContactId("bob")) == 0
        assert await unit.deliveries.cancel_queued(ANA, "%") == 0
        assert await unit.deliveries.cancel_queued(ANA) == 2
    statuses = {id_: (await get(store, id_)).status.value for id_ in ("sent", "b1", "b12", "B", "m")}
    assert statuses == {"sent": "sending", "b1": "cancelled", "b12": "cancelled", "B": "cancelled", "m": "cancelled"}
    assert ids(await claim(store, UNTIL)) == ["sent"]


async def test_the_web_chat_catches_up_after_a_position(store: SqlStore) -> None:
    """At one address, in order, without what is never read."""
    await add(
        store,
        samples.delivery("d1"),
        samples.delivery("d2", address=CHAT),
        samples.delivery("d3"),
        samples.delivery("d4"),
        samples.delivery("d5"),
        samples.delivery("d6"),
    )
    await save(store, replace(await get(store, "d4"), status=DeliveryStatus.CANCELLED))
    await save(store, replace(await get(store, "d5"), status=DeliveryStatus.FAILED, failure=Reason.UNKNOWN))
    async with store.transaction() as unit:
        assert ids(await unit.deliveries.after(ANA, PHONE, 0, 10)) == ["d1", "d3", "d6"]
        assert ids(await unit.deliveries.after(ANA, PHONE, 1, 1)) == ["d3"]
        assert ids(await unit.deliveries.after(ANA, CHAT, 0, 10)) == ["d2"]
        assert await unit.deliveries.after(ANA, PHONE, 6, 10) == []
        assert await unit.deliveries.after(ContactId("bob"), PHONE, 0, 10) == []


# --- receipts ---------------------------------------------------------------------------------------------------------


def receipt(status: str, reason: str | None = None, provider_id: str = "SM1") -> Receipt:
    return Receipt(channel=Channel.SMS, provider_id=provider_id, status=status, reason=reason)


async def receive(store: SqlStore, receipt_: Receipt) -> Delivery | None:
    async with store.transaction() as unit:
        return await unit.deliveries.receive(receipt_)


async def test_receipts_move_a_delivery_forward_only(store: SqlStore) -> None:
    await samples.send(store, samples.delivery(), "SM1")
    moved = await receive(store, receipt("read"))
    assert moved
    assert moved == await get(store, "d1")
    assert moved.status is DeliveryStatus.READ
    for late in ("sent", "delivered", "read", "failed"):
        assert await receive(store, receipt(late)) is None
    assert (await get(store, "d1")).status is DeliveryStatus.READ


async def test_a_failure_keeps_its_reason_and_a_later_delivery_lifts_it(store: SqlStore) -> None:
    await samples.send(store, samples.delivery(), "SM1")
    failed = await receive(store, receipt("failed", "opted_out"))
    assert failed
    assert (failed.status, failed.failure) == (DeliveryStatus.FAILED, Reason.OPTED_OUT)
    read = await receive(store, receipt("delivered"))
    assert read
    assert (read.status, read.failure) == (DeliveryStatus.DELIVERED, None)


@pytest.mark.parametrize("reason", [None, "something new"])
async def test_a_failure_for_no_known_reason_is_unknown(store: SqlStore, reason: str | None) -> None:
    await samples.send(store, samples.delivery(), "SM1")
    failed = await receive(store, receipt("failed", reason))
    assert failed
    assert failed.failure is Reason.UNKNOWN


async def test_a_receipt_of_another_channel_or_delivery_moves_nothing(store: SqlStore) -> None:
    await samples.send(store, samples.delivery(), "SM1")
    assert await receive(store, receipt("delivered", provider_id="SM2")) is None
    assert await receive(store, replace(receipt("delivered"), channel=Channel.WHATSAPP)) is None
    assert (await get(store, "d1")).status is DeliveryStatus.SENT


@pytest.mark.parametrize("arrivals", list(permutations(["sent", "delivered", "read"])))
async def test_receipts_that_overtake_the_commit_of_their_send_are_applied_with_it(
    store: SqlStore, database_url: str, arrivals: Sequence[str]
) -> None:
    await add(store, samples.delivery())
    (claimed,) = await claim(store)
    for status in (*arrivals, arrivals[0]):
        assert await receive(store, receipt(status)) is None
    await save(store, replace(claimed, status=DeliveryStatus.SENT, provider_id="SM1", sent_at=NOON))
    assert (await get(store, "d1")).status is DeliveryStatus.READ
    assert (await dump(database_url))["early_receipts"] == []


async def test_an_early_failure_keeps_its_reason(store: SqlStore) -> None:
    await add(store, samples.delivery())
    (claimed,) = await claim(store)
    await receive(store, receipt("failed", "landline"))
    await save(store, replace(claimed, status=DeliveryStatus.SENT, provider_id="SM1"))
    stored = await get(store, "d1")
    assert (stored.status, stored.failure) == (DeliveryStatus.FAILED, Reason.LANDLINE)


async def test_a_receipt_that_meets_the_commit_of_its_send_is_not_lost(store: SqlStore) -> None:
    """Whichever commits first, the other sees it."""
    for number in range(20):
        provider_id = f"SM{number}"
        await add(store, samples.delivery(f"d{number}"))
        (claimed,) = await claim(store)
        sent = replace(claimed, status=DeliveryStatus.SENT, provider_id=provider_id)
        await asyncio.gather(save(store, sent), receive(store, receipt("delivered", provider_id=provider_id)))
        assert (await get(store, f"d{number}")).status is DeliveryStatus.DELIVERED


async def test_early_receipts_of_nobody_are_dropped_after_a_day(
    store: SqlStore, clock: StillClock, database_url: str
) -> None:
    await receive(store, receipt("delivered", provider_id="not ours"))
    clock.pass_(timedelta(days=1))
    await receive(store, receipt("sent", provider_id="SM2"))
    assert len((await dump(database_url))["early_receipts"]) == 2
    clock.pass_(timedelta(seconds=1))
    await receive(store, receipt("delivered", provider_id="SM2"))
    assert [row["status"] for row in (await dump(database_url))["early_receipts"]] == ["sent", "delivered"]
