"""Broadcasts and their accounts on both databases: entered once, claimed by one, moved forward, summed up."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.broadcast import Area, Audience, Broadcast, BroadcastKind, BroadcastStatus, Circle, Info, MessageType
from bot.domain.checkin import CheckIn, Closing, Recipient, RecipientState, Safety, Source
from bot.domain.contact import Address, Channel, Contact, ContactId, Listing, Permission, Reach, Scheme
from bot.domain.delivery import BroadcastId, Delivery, DeliveryStatus, Lane, Outreach, Template
from bot.domain.employer import Employer, EmployerId, SiteId
from bot.domain.errors import Conflict, Reason
from bot.domain.message import Receipt
from bot.domain.staff import StaffId
from bot.services.broadcast_ports import Due, Plan
from bot.storage.store import SqlStore
from tests.contracts.conftest import StillClock
from tests.storage import samples
from tests.storage.samples import FARM, MINUTE, NOON

S = RecipientState
UNTIL = NOON + MINUTE
MILL = EmployerId("mill")
ALERT = BroadcastId("alert")
INFOS = {"en": Info(headline="Flood", instruction="Go up."), "es": Info(headline="Crecida", instruction="Suba.")}


def broadcast(id_: str = ALERT, **fields: object) -> Broadcast:
    known: dict[str, object] = {
        "employer": FARM.id,
        "kind": BroadcastKind.ALERT,
        "status": BroadcastStatus.LIVE,
        "infos": INFOS,
        "asks_check_in": True,
        "author": StaffId("ana"),
        "created_at": NOON,
    }
    return Broadcast(id=BroadcastId(id_), **(known | fields))  # type: ignore[arg-type]


def plan(**fields: object) -> Plan:
    known: dict[str, object] = {
        "employer": FARM.id,
        "audience": Audience(),
        "channels": (Channel.TELEGRAM, Channel.WHATSAPP, Channel.SMS),
        "languages": ("en", "es"),
        "fallback": "en",
        "now": NOON,
    }
    return Plan(**(known | fields))  # type: ignore[arg-type]


def phone(number: int) -> Address:
    return Address(scheme=Scheme.TEL, path=f"+155555{number:05d}")


def whatsapp(number: int) -> Address:
    return Address(scheme=Scheme.WHATSAPP, path=f"+155566{number:05d}")


def chat(number: int) -> Address:
    return Address(scheme=Scheme.TELEGRAM, path=str(7000000 + number))


def person(number: int, *reaches: Reach, **fields: object) -> Contact:
    """Somebody of the farm's with a phone, unless other reaches are given."""
    known: dict[str, object] = {"employer": FARM.id, "site": SiteId("st1"), "language": "en"}
    return Contact(
        id=ContactId(f"p{number:03d}"),
        reaches=reaches or (Reach(address=phone(number), permission=Permission.NONE),),
        **(known | fields),  # type: ignore[arg-type]
    )


@pytest.fixture
async def farm(store: SqlStore) -> SqlStore:
    """A store that knows two employers and their sites."""
    async with store.transaction() as unit:
        await unit.sites.put(FARM, [samples.site(), samples.site("st2", code="Pomar-8")])
        await unit.sites.put(Employer(id=MILL, name="Mill"), [samples.site("st3", code="Mill-1", employer=MILL)])
    return store


async def add(store: SqlStore, *people: Contact) -> None:
    async with store.transaction() as unit:
        await unit.roster.add(people)


async def begin(store: SqlStore, made: Broadcast | None = None, how: Plan | None = None) -> int:
    """Store a live broadcast and enter its audience; returns how many are entered."""
    made = made or broadcast()
    async with store.transaction() as unit:
        await unit.broadcasts.add(made)
        return await unit.recipients.expand(made, how or plan())


async def of(store: SqlStore, number: int, alert: str = ALERT) -> Recipient:
    async with store.look() as unit:
        found = await unit.recipients.of(BroadcastId(alert), ContactId(f"p{number:03d}"))
    assert found
    return found


async def due(
    store: SqlStore, channel: Channel = Channel.SMS, now: datetime = NOON, limit: int = 100, lane: Lane = Lane.EMERGENCY
) -> Sequence[Due]:
    async with store.transaction() as unit:
        return await unit.recipients.due(channel, lane, now, limit)


def outgoing(one: Due, **fields: object) -> Delivery:
    """The delivery that a sender stores for somebody who is due."""
    recipient = one.recipient
    known: dict[str, object] = {
        "address": one.contact.reaches[0].address,
        "channel": one.contact.reaches[0].address.channel,
        "lane": Lane.EMERGENCY,
        "status": DeliveryStatus.SENDING,
        "claimed_until": UNTIL,
        "outreach": Outreach(broadcast=recipient.broadcast, recipient=recipient.number, round=recipient.round),
    }
    return samples.delivery(f"d-{recipient.number}-{recipient.round}", one.contact.id, **(known | fields))


async def take(store: SqlStore, limit: int = 100, channel: Channel = Channel.SMS, **fields: object) -> list[Delivery]:
    """Claim as a sender does: due, stored as being sent, a round more."""
    async with store.transaction() as unit:
        those = await unit.recipients.due(channel, Lane.EMERGENCY, NOON, limit)
        deliveries = [outgoing(one, **fields) for one in those]
        await unit.deliveries.add(deliveries)
        await unit.recipients.begin_round([one.recipient.number for one in those])
    return deliveries


def sent(delivery: Delivery, provider_id: str | None = None) -> Delivery:
    id_ = provider_id or f"SM-{delivery.id}"
    return replace(delivery, status=DeliveryStatus.SENT, provider_id=id_, sent_at=NOON, attempts=1)


async def save_sent(store: SqlStore, *deliveries: Delivery) -> Sequence[Delivery]:
    async with store.transaction() as unit:
        return await unit.deliveries.save_sent(deliveries)


async def stored(store: SqlStore, delivery: Delivery) -> Delivery:
    async with store.look() as unit:
        found = await unit.deliveries.get(delivery.id)
    assert found
    return found


# --- broadcasts -------------------------------------------------------------------------------------------------------


async def test_a_broadcast_comes_back_as_it_was_stored(farm: SqlStore) -> None:
    full = broadcast(
        "full",
        message_type=MessageType.UPDATE,
        area=Area(description="North", circles=(Circle(centre=samples.HERE, radius_km=2.5),)),
        audience=Audience(sites=(SiteId("st1"),), groups=("night",), of=ALERT, includes_waiting=True),
        repeats=(timedelta(minutes=10),),
        references=(ALERT,),
        expires_at=UNTIL,
        infos={"en": replace(INFOS["en"], reviewed_by=StaffId("ben"), reviewed_at=NOON)},
    )
    async with farm.transaction() as unit:
        await unit.broadcasts.add(full)
    async with farm.transaction() as unit:
        assert await unit.broadcasts.get(full.id) == replace(full, revision=1)
        assert await unit.broadcasts.get(BroadcastId("none")) is None
        for is_alone in (False, True):
            assert await unit.broadcasts.hold(full.id, is_alone=is_alone) == replace(full, revision=1)
            assert await unit.broadcasts.hold(BroadcastId("none"), is_alone=is_alone) is None


async def test_of_two_who_save_the_same_one_is_refused(farm: SqlStore) -> None:
    async with farm.transaction() as unit:
        await unit.broadcasts.add(broadcast())
        await unit.broadcasts.save(broadcast(revision=1, event="Flood"))
    with pytest.raises(Conflict, match="Somebody else changed this"):
        async with farm.transaction() as unit:
            await unit.broadcasts.save(broadcast(revision=1, event="Fire"))
    async with farm.look() as unit:
        assert await unit.broadcasts.get(ALERT) == broadcast(revision=2, event="Flood")


async def test_broadcasts_are_listed_by_employer_status_and_publicity(farm: SqlStore) -> None:
    async with farm.transaction() as unit:
        await unit.broadcasts.add(broadcast("old", status=BroadcastStatus.ENDED, is_public=True, expires_at=NOON))
        await unit.broadcasts.add(broadcast("draft", status=BroadcastStatus.DRAFT, created_at=NOON + MINUTE))
        await unit.broadcasts.add(broadcast("public", is_public=True, created_at=NOON + 2 * MINUTE))
        await unit.broadcasts.add(broadcast("other", employer=MILL, created_at=NOON + 3 * MINUTE))
    async with farm.look() as unit:
        mine = await unit.broadcasts.of_employer(FARM.id, 2)
        everybody = await unit.broadcasts.of_employer(None, 10)
        live = await unit.broadcasts.in_status(BroadcastStatus.LIVE, BroadcastStatus.ENDED)
        public = await unit.broadcasts.public(NOON)
        ever_public = await unit.broadcasts.public(NOON - MINUTE)
    assert [one.id for one in mine] == ["public", "draft"]
    assert [one.id for one in everybody] == ["other", "public", "draft", "old"]
    assert [one.id for one in live] == ["old", "public", "other"]
    assert [one.id for one in public] == ["public"]
    assert [one.id for one in ever_public] == ["public", "old"]


async def test_nobody_saves_what_another_holds(farm: SqlStore) -> None:
    """So that a cancel sees every account that is being written (on SQLite there is one writer anyway)."""
    await begin(farm)
    order: list[str] = []
    held = asyncio.Event()

    async def hold() -> None:
        async with farm.transaction() as unit:
            await unit.broadcasts.hold(ALERT)
            held.set()
            await asyncio.sleep(0.1)
            order.append("held")

    async def save() -> None:
        await held.wait()
        async with farm.transaction() as unit:
            await unit.broadcasts.save(broadcast(revision=1))
            order.append("saved")

    await asyncio.gather(hold(), save())
    assert order == ["held", "saved"]


# --- an audience ------------------------------------------------------------------------------------------------------


async def test_everybody_of_the_audience_is_entered_once_however_often(farm: SqlStore) -> None:
    await add(farm, *(person(number) for number in range(5)), person(9, employer=MILL, site=SiteId("st3")))
    assert await begin(farm) == 5
    async with farm.transaction() as unit:
        assert await unit.recipients.expand(broadcast(), plan()) == 5
    first = await of(farm, 0)
    assert (first.state, first.channel, first.due_channel, first.due_at) == (S.WAITING, Channel.SMS, Channel.SMS, NOON)
    assert (first.round, first.language, first.is_fallback, first.site) == (0, "en", False, SiteId("st1"))


async def test_the_organisation_warns_the_people_of_all(farm: SqlStore) -> None:
    await add(farm, person(1), person(2, employer=MILL, site=SiteId("st3")), person(3, employer=None, site=None))
    assert await begin(farm, broadcast(employer=None), plan(employer=None)) == 3


@pytest.mark.parametrize(
    ("audience", "numbers"),
    [
        (Audience(sites=(SiteId("st2"),)), [2]),
        (Audience(languages=("es", "ne")), [3, 4]),
        (Audience(groups=("night",)), [3]),
        (Audience(sites=(SiteId("st1"),), groups=("night",)), [3]),
        (Audience(sites=(SiteId("st2"),), groups=("night",)), []),
    ],
)
async def test_what_is_named_narrows_the_audience(farm: SqlStore, audience: Audience, numbers: list[int]) -> None:
    said = [("en", {}), ("en", {"site": SiteId("st2")}), ("es", {"groups": ("night",)}), ("ne", {})]
    people = [person(n, listing=Listing(language=tag), **more) for n, (tag, more) in enumerate(said, start=1)]
    await add(farm, *people)
    assert await begin(farm, None, plan(audience=audience)) == len(numbers)
    for number in numbers:
        assert (await of(farm, number)).state is S.WAITING


async def test_who_left_or_asked_to_be_forgotten_is_not_meant(farm: SqlStore) -> None:
    await add(farm, person(1, left_at=NOON), person(2, erase_at=NOON), person(3))
    assert await begin(farm) == 1


async def test_r20_nobody_is_left_out_silently(farm: SqlStore) -> None:
    """Each is entered with the best way to reach them, or with the reason why there is none."""
    heard = NOON - timedelta(hours=1)
    await add(
        farm,
        person(1, Reach(address=phone(1), permission=Permission.REFUSED)),
        person(2, Reach(address=whatsapp(2))),
        person(3, Reach(address=whatsapp(3), last_heard_at=heard)),
        person(4, Reach(address=Address(scheme=Scheme.WEBCHAT, path="w4"))),
        person(5, Reach(address=phone(5)), Reach(address=chat(5))),
        person(6, Reach(address=chat(6)), Reach(address=phone(6), last_heard_at=heard)),
        person(7, Reach(address=chat(7), permission=Permission.REFUSED), Reach(address=phone(7))),
        replace(person(8), reaches=()),
    )
    assert await begin(farm) == 8
    ways = [(one.channel, one.reason, one.state) for one in [await of(farm, number) for number in range(1, 9)]]
    assert ways == [
        (None, Reason.OPTED_OUT, S.NOT_REACHED),
        (None, Reason.OUTSIDE_WINDOW, S.NOT_REACHED),
        (Channel.WHATSAPP, None, S.WAITING),
        (None, Reason.CHANNEL_OFF, S.NOT_REACHED),
        (Channel.TELEGRAM, None, S.WAITING),
        (Channel.SMS, None, S.WAITING),  # where they wrote from last
        (Channel.SMS, None, S.WAITING),
        (None, Reason.NO_ADDRESS, S.NOT_REACHED),
    ]
    await begin(farm, broadcast("opened"), plan(can_open=frozenset({Channel.WHATSAPP}), overrides_opt_out=True))
    assert [(await of(farm, number, "opened")).channel for number in (1, 2)] == [Channel.SMS, Channel.WHATSAPP]


async def test_each_reads_their_own_language_or_the_fallback(farm: SqlStore) -> None:
    await add(farm, *(person(n, language=tag) for n, tag in enumerate(["es", "es-MX", "ne", "en-GB", None])))
    await begin(farm)
    read = [(one.language, one.is_fallback) for one in [await of(farm, number) for number in range(5)]]
    assert read == [("es", False), ("es", False), ("en", True), ("en", False), ("en", False)]


async def test_shares_foretell_what_an_expansion_gives(farm: SqlStore) -> None:
    await add(farm, person(1), person(2), person(3, language="ne"), person(4, Reach(address=whatsapp(4))))
    async with farm.look() as unit:
        shares = await unit.recipients.shares(plan(can_open=frozenset({Channel.WHATSAPP})))
        closed = await unit.recipients.shares(plan())
    counted = {(one.channel, one.language, one.is_fallback, one.opens_window): one.count for one in shares}
    assert counted == {
        (Channel.SMS, "en", False, False): 2,
        (Channel.SMS, "en", True, False): 1,
        (Channel.WHATSAPP, "en", False, True): 1,
    }
    assert {one.reason: one.count for one in closed if one.channel is None} == {Reason.OUTSIDE_WINDOW: 1}
    assert {one.own_language for one in shares if one.is_fallback} == {"ne"}


async def test_r8_what_follows_goes_to_those_who_were_sent_it_or_may_have_been(
    farm: SqlStore, clock: StillClock
) -> None:
    """On the same channel, wherever they work by now; not to those who were not reached."""
    both = (Reach(address=chat(1)), Reach(address=phone(1)))
    await add(farm, person(1, *both), person(2), person(3), person(4))
    await begin(farm)
    (first,) = await take(farm, channel=Channel.TELEGRAM)
    await take(farm, limit=2)
    async with farm.transaction() as unit:
        one, two, three = [await of(farm, number) for number in (1, 2, 3)]
        await unit.recipients.sent([one.number], Channel.SMS, NOON)  # in the end by SMS
        await unit.recipients.sent([two.number], Channel.SMS, NOON)
        (again, _) = await unit.deliveries.claim_outreach(Channel.SMS, Lane.EMERGENCY, UNTIL, UNTIL + MINUTE, 5)
        assert {again.outreach.recipient} <= {two.number, three.number} if again.outreach else False
        await unit.roster.set_left(FARM.id, [ContactId("p002")], NOON)
    following = plan(audience=Audience(of=ALERT))
    assert await begin(farm, broadcast("cancel"), following) == 3
    assert (await of(farm, 1, "cancel")).channel is Channel.SMS
    assert (await of(farm, 3, "cancel")).state is S.WAITING, "a send in doubt may have been made"
    waiting = plan(audience=Audience(of=ALERT, includes_waiting=True))
    assert await begin(farm, broadcast("update"), waiting) == 4
    assert first.channel is Channel.TELEGRAM


# --- rounds -----------------------------------------------------------------------------------------------------------


async def test_work_tells_where_somebody_is_due_or_a_send_is_to_be_tried_again(farm: SqlStore) -> None:
    await add(farm, person(1), person(2, Reach(address=chat(2))))
    await begin(farm)
    async with farm.look() as unit:
        assert await unit.recipients.work(NOON - MINUTE) == frozenset()
        assert await unit.recipients.work(NOON) == {(Channel.SMS, Lane.EMERGENCY), (Channel.TELEGRAM, Lane.EMERGENCY)}
    (taken,) = await take(farm)
    async with farm.look() as unit:
        assert await unit.recipients.work(NOON) == {(Channel.TELEGRAM, Lane.EMERGENCY)}
        assert (Channel.SMS, Lane.EMERGENCY) in await unit.recipients.work(UNTIL), "its claim ran out"
    await save_sent(farm, sent(taken))
    async with farm.transaction() as unit:
        await unit.broadcasts.save(broadcast(revision=1, status=BroadcastStatus.CANCELLED))
        assert await unit.recipients.work(UNTIL) == frozenset()


async def test_who_is_due_is_given_in_order_on_their_channel_and_in_their_lane(farm: SqlStore) -> None:
    await add(farm, *(person(number) for number in range(6)), person(7, Reach(address=chat(7))))
    await begin(farm)
    first = await due(farm, limit=4)
    assert [one.contact.id for one in first] == ["p000", "p001", "p002", "p003"]
    assert first[0].contact == person(0)
    assert await due(farm, now=NOON - MINUTE) == []
    assert await due(farm, lane=Lane.BULK) == []
    assert [one.contact.id for one in await due(farm, Channel.TELEGRAM)] == ["p007"]
    await take(farm, limit=4)
    assert [one.contact.id for one in await due(farm)] == ["p004", "p005"]
    assert (await of(farm, 0)).round == 1


async def test_nobody_is_due_of_a_broadcast_that_was_stopped(farm: SqlStore) -> None:
    await add(farm, person(1))
    await begin(farm)
    async with farm.transaction() as unit:
        await unit.broadcasts.save(broadcast(revision=1, status=BroadcastStatus.CANCELLED))
    assert await due(farm) == []


async def test_of_senders_at_work_together_no_two_get_the_same_recipient(farm: SqlStore) -> None:
    await add(farm, *(person(number) for number in range(40)))
    await begin(farm)

    async def claims() -> list[Delivery]:
        mine: list[Delivery] = []
        while taken := await take(farm, limit=4):
            mine += taken
        return mine

    taken = [delivery for one in await asyncio.gather(*(claims() for _ in range(5))) for delivery in one]
    assert sorted(delivery.contact for delivery in taken) == [f"p{number:03d}" for number in range(40)]


async def test_of_senders_at_work_together_no_two_get_the_same_second_try(farm: SqlStore) -> None:
    await add(farm, *(person(number) for number in range(20)))
    await begin(farm)
    await take(farm)

    async def claim() -> Sequence[Delivery]:
        async with farm.transaction() as unit:
            return await unit.deliveries.claim_outreach(Channel.SMS, Lane.EMERGENCY, UNTIL, UNTIL + MINUTE, 8)

    claimed = [delivery.id for one in await asyncio.gather(*(claim() for _ in range(6))) for delivery in one]
    assert len(claimed) == len(set(claimed)) == 20


async def test_a_send_moves_the_recipient_on_and_sets_the_next_round(farm: SqlStore) -> None:
    await add(farm, person(1))
    await begin(farm)
    await take(farm)
    number = (await of(farm, 1)).number
    async with farm.transaction() as unit:
        await unit.recipients.sent([number], Channel.SMS, NOON, next_channel=Channel.TELEGRAM, next_at=UNTIL)
    after = await of(farm, 1)
    assert (after.state, after.sent_at, after.due_channel, after.due_at) == (S.SENT, NOON, Channel.TELEGRAM, UNTIL)
    async with farm.transaction() as unit:
        await unit.recipients.sent([number], Channel.TELEGRAM, UNTIL)
    again = await of(farm, 1)
    assert (again.sent_at, again.channel, again.due_at) == (NOON, Channel.TELEGRAM, None)


@pytest.mark.parametrize("answered", [True, False])
async def test_nobody_is_asked_again_who_answered_or_was_closed(farm: SqlStore, answered: bool) -> None:
    await add(farm, person(1))
    await begin(farm)
    number = (await of(farm, 1)).number
    async with farm.transaction() as unit:
        if answered:
            await unit.recipients.answer(number, Safety.SAFE, Source.SELF, NOON)
        else:
            await unit.recipients.close([number], Closing.FOUND, "ben", NOON)
        await unit.recipients.sent([number], Channel.SMS, NOON, next_channel=Channel.SMS, next_at=UNTIL)
    assert (await of(farm, 1)).due_at is None
    assert (await of(farm, 1)).state is (S.ANSWERED if answered else S.SENT)


async def test_receipts_move_a_recipient_forward_only(farm: SqlStore) -> None:
    await add(farm, person(1))
    await begin(farm)
    number = (await of(farm, 1)).number
    states = []
    for state in (S.SENT, S.READ, S.DELIVERED, S.SENT):
        async with farm.transaction() as unit:
            await unit.recipients.advance([number], state)
            await unit.recipients.advance([], state)
        states.append((await of(farm, 1)).state)
    assert states == [S.SENT, S.READ, S.READ, S.READ]


async def test_whoever_was_reached_in_the_end_has_no_reason_for_not_being_reached(farm: SqlStore) -> None:
    await add(farm, person(1))
    await begin(farm)
    failed = replace(await of(farm, 1), state=S.FAILED, reason=Reason.UNREACHABLE, due_at=None, due_channel=None)
    async with farm.transaction() as unit:
        await unit.recipients.settle(failed)
        await unit.recipients.advance([failed.number], S.DELIVERED)
    assert await of(farm, 1) == replace(failed, state=S.DELIVERED, reason=None)


async def test_settling_keeps_what_is_given_but_no_less_than_is_known(farm: SqlStore) -> None:
    await add(farm, person(1), person(2))
    await begin(farm)
    one, two = await of(farm, 1), await of(farm, 2)
    moved = replace(one, reason=Reason.UNREACHABLE, round=0, due_channel=Channel.TELEGRAM, due_at=UNTIL)
    async with farm.transaction() as unit:
        await unit.recipients.settle(moved)
        await unit.recipients.answer(two.number, Safety.HELP, Source.SELF, NOON)
        await unit.recipients.settle(replace(two, state=S.FAILED, due_at=UNTIL))
    assert await of(farm, 1) == moved
    answered = await of(farm, 2)
    assert (answered.state, answered.due_at) == (S.ANSWERED, None)
    async with farm.transaction() as unit:
        await unit.recipients.advance([one.number], S.DELIVERED)
        await unit.recipients.settle(replace(one, state=S.SENT))
    assert (await of(farm, 1)).state is S.DELIVERED


async def test_stopping_ends_who_waits_and_asks_nobody_again(farm: SqlStore) -> None:
    await add(farm, person(1), person(2), person(3))
    await begin(farm)
    async with farm.transaction() as unit:
        number = (await of(farm, 1)).number
        await unit.recipients.sent([number], Channel.SMS, NOON, next_channel=Channel.SMS, next_at=UNTIL)
        assert await unit.recipients.stop(ALERT, S.CANCELLED) == 2
    assert [(await of(farm, n)).state for n in (1, 2, 3)] == [S.SENT, S.CANCELLED, S.CANCELLED]
    assert {(await of(farm, n)).due_at for n in (1, 2, 3)} == {None}


# --- answers ----------------------------------------------------------------------------------------------------------


async def test_the_newest_question_not_yet_heard_is_asked(farm: SqlStore) -> None:
    await add(farm, person(1))
    await begin(farm)
    await begin(farm, broadcast("second"))
    first, second = await of(farm, 1), await of(farm, 1, "second")
    ana = ContactId("p001")

    async def asked(*, includes_unrecorded: bool = False) -> str | None:
        async with farm.look() as unit:
            found = await unit.recipients.asked(ana, includes_unrecorded=includes_unrecorded)
        return found.broadcast if found else None

    assert await asked() is None
    assert await asked(includes_unrecorded=True) is None
    taken = await take(farm)
    assert await asked() is None
    assert await asked(includes_unrecorded=True) == "second"
    await save_sent(farm, *(sent(delivery) for delivery in taken))
    async with farm.transaction() as unit:
        await unit.recipients.sent([first.number], Channel.SMS, NOON)
        await unit.recipients.sent([second.number], Channel.SMS, NOON + MINUTE)
    assert await asked() == "second"
    async with farm.transaction() as unit:
        await unit.recipients.heard(second.number, NOON + 2 * MINUTE)
    assert await asked() == await asked(includes_unrecorded=True) == ALERT
    async with farm.transaction() as unit:
        await unit.recipients.sent([second.number], Channel.SMS, NOON + 3 * MINUTE)
    assert await asked() == "second", "asked again"
    async with farm.transaction() as unit:
        await unit.broadcasts.save(broadcast("second", revision=1, status=BroadcastStatus.ENDED))
    assert await asked() == ALERT


async def test_the_latest_answer_counts_and_the_history_stays(farm: SqlStore) -> None:
    await add(farm, person(1))
    await begin(farm)
    number = (await of(farm, 1)).number
    said = [
        (Safety.SAFE, Source.OTHER, NOON),
        (Safety.HELP, Source.SELF, NOON + MINUTE),
        (Safety.SAFE, Source.OTHER, NOON + 2 * MINUTE),
        (Safety.SAFE, Source.SELF, NOON + 3 * MINUTE),
    ]
    seen = []
    for safety, source, at in said:
        async with farm.transaction() as unit:
            await unit.recipients.answer(number, safety, source, at)
        now = await of(farm, 1)
        seen.append((now.state, now.safety, now.safety_source))
    assert seen == [
        (S.WAITING, Safety.SAFE, Source.OTHER),  # a colleague's word is no answer (R10)
        (S.ANSWERED, Safety.HELP, Source.SELF),
        (S.ANSWERED, Safety.HELP, Source.SELF),
        (S.ANSWERED, Safety.SAFE, Source.SELF),
    ]
    async with farm.look() as unit:
        history = await unit.recipients.history(number)
    assert history == [CheckIn(recipient=number, safety=safety, source=source, at=at) for safety, source, at in said]
    assert (await of(farm, 1)).answered_at == NOON + MINUTE


async def test_r10_only_the_silent_are_closed_and_by_a_person(farm: SqlStore) -> None:
    await add(farm, person(1), person(2), person(3))
    await begin(farm)
    numbers = [(await of(farm, number)).number for number in (1, 2, 3)]
    async with farm.transaction() as unit:
        await unit.recipients.answer(numbers[0], Safety.SAFE, Source.SELF, NOON)
        await unit.recipients.answer(numbers[1], Safety.SAFE, Source.OTHER, NOON)
        assert await unit.recipients.close(numbers[:2], Closing.ON_LEAVE, "ben", UNTIL) == 1
        assert await unit.recipients.close(numbers[:2], Closing.FOUND, "ben", UNTIL) == 0
    closed = await of(farm, 2)
    assert (closed.closing, closed.closed_by, closed.closed_at, closed.due_at) == (
        Closing.ON_LEAVE, "ben", UNTIL, None
    )  # fmt: skip
    async with farm.look() as unit:
        silent = await unit.recipients.silent(ALERT, site=None, after=0, limit=10)
        elsewhere = await unit.recipients.silent(ALERT, site=SiteId("st2"), after=0, limit=10)
        after = await unit.recipients.silent(ALERT, site=SiteId("st1"), after=numbers[2], limit=10)
    assert [one.contact.id for one in silent] == ["p003"]
    assert not elsewhere
    assert not after


# --- boards and reports -----------------------------------------------------------------------------------------------


async def test_r20_the_tally_is_the_audience_whoever_is_erased(farm: SqlStore) -> None:
    await add(farm, *(person(number) for number in range(4)), person(5, Reach(address=whatsapp(5))))
    await begin(farm)
    numbers = [(await of(farm, number)).number for number in range(4)]
    async with farm.transaction() as unit:
        await unit.recipients.sent(numbers[:2], Channel.SMS, NOON, next_channel=Channel.SMS, next_at=UNTIL)
        await unit.recipients.answer(numbers[0], Safety.SAFE, Source.SELF, NOON)
        await unit.recipients.close([numbers[1]], Closing.FOUND, "ben", NOON)
        for number in (1, 2):
            await unit.contacts.erase(ContactId(f"p{number:03d}"))
        tally = await unit.recipients.tally(ALERT)
        totals = await unit.recipients.totals([ALERT, BroadcastId("none")])
        answers = await unit.recipients.answers(ALERT)
        course = await unit.recipients.course(ALERT)
        erased = await unit.recipients.get(numbers[2])
    sums: Counter[tuple[RecipientState, Closing | None]] = Counter()
    for one in tally:
        sums[one.state, one.closing] += one.count
    assert sums == {
        (S.ANSWERED, None): 1,
        (S.SENT, Closing.FOUND): 1,
        (S.WAITING, None): 1,
        (S.NOT_REACHED, None): 2,
    }
    assert totals == {ALERT: 5}
    assert [(one.safety, one.count) for one in answers] == [(Safety.SAFE, 1)]
    assert answers[0].at == NOON
    assert (course.first_sent_at, course.rounds) == (NOON, {0: 5})
    assert erased is not None
    assert (erased.contact, erased.state, erased.due_at) == (None, S.NOT_REACHED, None), "nobody waits for the erased"
    assert [one.contact.id for one in await due(farm)] == ["p003"]


async def test_people_are_listed_by_what_they_said(farm: SqlStore) -> None:
    await add(farm, person(1), person(2), person(3))
    await begin(farm)
    async with farm.transaction() as unit:
        await unit.recipients.answer((await of(farm, 2)).number, Safety.HELP, Source.SELF, NOON)
        helped = await unit.recipients.people(ALERT, safety=Safety.HELP, after=0, limit=10)
        everybody = await unit.recipients.people(ALERT, safety=None, after=0, limit=2)
    assert [one.contact.id for one in helped] == ["p002"]
    assert [one.contact.id for one in everybody] == ["p001", "p002"]


async def test_r18_of_old_broadcasts_only_the_sums_stay(farm: SqlStore) -> None:
    await add(farm, person(1), person(2))
    await begin(farm, broadcast(status=BroadcastStatus.ENDED, begun_at=NOON))
    async with farm.transaction() as unit:
        assert await unit.recipients.forget_before(NOON, 10) == 0
        assert await unit.recipients.forget_before(UNTIL, 1) == 1
        assert await unit.recipients.forget_before(UNTIL, 10) == 1
        assert await unit.recipients.totals([ALERT]) == {ALERT: 2}


async def test_nobody_is_forgotten_of_an_alert_that_was_drafted_long_ago_or_is_still_live(farm: SqlStore) -> None:
    """A plan rehearsed for years reaches everybody on its day."""
    await add(farm, person(1), person(2))
    long_ago = NOON - timedelta(days=400)
    await begin(farm, broadcast(created_at=long_ago, begun_at=NOON, status=BroadcastStatus.ENDED))
    await begin(farm, broadcast("live", created_at=long_ago, begun_at=long_ago))
    async with farm.transaction() as unit:
        assert await unit.recipients.forget_before(NOON, 10) == 0
    assert [one.recipient.broadcast for one in await due(farm)] == ["live", "live"]


# --- deliveries of broadcasts -----------------------------------------------------------------------------------------


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
