"""The accounts of broadcasts on both databases: claimed by one, moved forward, answered, summed up."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.broadcast import Audience, BroadcastKind, BroadcastStatus
from bot.domain.checkin import CheckIn, Closing, RecipientState, Safety, Source
from bot.domain.contact import Channel, ContactId, Reach
from bot.domain.delivery import BroadcastId, Delivery, Lane
from bot.domain.employer import SiteId
from bot.domain.errors import Reason
from bot.storage.store import SqlStore
from tests.contracts.accounts import (
    ALERT,
    UNTIL,
    add,
    begin,
    broadcast,
    chat,
    due,
    of,
    person,
    plan,
    save_sent,
    sent,
    take,
    whatsapp,
)
from tests.storage.samples import MINUTE, NOON

S = RecipientState


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


async def test_a_heard_question_is_asked_where_it_is_wanted_all_the_same(farm: SqlStore) -> None:
    await add(farm, person(1))
    await begin(farm)
    number, ana = (await of(farm, 1)).number, ContactId("p001")
    async with farm.transaction() as unit:
        assert await unit.recipients.asked(ana, includes_heard=True) is None, "not sent yet"
        await unit.recipients.sent([number], Channel.SMS, NOON)
        await unit.recipients.heard(number, NOON + MINUTE)
        assert await unit.recipients.asked(ana) is None
        again = await unit.recipients.asked(ana, includes_heard=True)
    assert again is not None
    assert again.number == number


async def test_what_somebody_only_wrote_is_noted_beside_their_answer_until_they_answer_again(farm: SqlStore) -> None:
    await add(farm, person(1), person(2))
    await begin(farm)
    one, two = (await of(farm, 1)).number, (await of(farm, 2)).number
    async with farm.transaction() as unit:
        for number in (one, two):
            await unit.recipients.answer(number, Safety.HELP, Source.SELF, NOON)
        await unit.recipients.answer(one, Safety.SAFE, Source.WROTE, NOON + MINUTE)
        assert await unit.recipients.wrote([one, two]) == {one}
        assert await unit.recipients.wrote([]) == frozenset()
    noted = await of(farm, 1)
    assert (noted.safety, noted.safety_source) == (Safety.HELP, Source.SELF)
    async with farm.transaction() as unit:
        await unit.recipients.answer(one, Safety.HELP, Source.SELF, NOON + 2 * MINUTE)
        assert await unit.recipients.wrote([one, two]) == frozenset()


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


async def test_r9_a_live_alert_overtakes_the_drill_of_its_people_only(farm: SqlStore) -> None:
    await add(farm, person(1), person(2, groups=("night",)))
    drill = broadcast("drill", kind=BroadcastKind.DRILL, begun_at=NOON)
    await begin(farm, drill)
    await begin(farm, broadcast(begun_at=NOON - MINUTE), plan(audience=Audience(groups=("night",))))
    both = [(await of(farm, number, "drill")).number for number in (1, 2)]
    async with farm.transaction() as unit:
        assert await unit.recipients.overtaken(both) == {both[1]}
        over = await unit.broadcasts.get(ALERT)
        assert over is not None
        await unit.broadcasts.save(replace(over, status=BroadcastStatus.ENDED))
        assert await unit.recipients.overtaken(both) == frozenset(), "it was over before the drill began"
