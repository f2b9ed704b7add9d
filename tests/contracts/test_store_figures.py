"""The service's figures on both databases: counts by step, outcome and channel, and never whose."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.contact import Channel
from bot.domain.delivery import DeliveryStatus
from bot.domain.errors import Reason
from bot.domain.session import SessionStatus
from bot.services.figure_ports import Outcome, Standing
from bot.storage.store import SqlStore
from tests.storage import samples
from tests.storage.samples import ANA, MINUTE, NOON

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
async def _ana(store: SqlStore) -> None:
    await samples.meet(store)


async def test_talks_are_counted_where_they_stand_since_a_day(store: SqlStore) -> None:
    ended = SessionStatus.ENDED
    async with store.transaction() as unit:
        await unit.sessions.save(samples.session("old", started_at=NOON - DAY))
        for id_, status in (("a", SessionStatus.WAITING), ("b", ended), ("c", ended)):
            await unit.sessions.save(samples.session(id_, status=status))
        found = await unit.figures.standing(NOON)
    assert sorted(found, key=lambda one: one.count) == [
        Standing(flow="unpaid_wages", step="months", status=SessionStatus.WAITING, count=1),
        Standing(flow="unpaid_wages", step="months", status=ended, count=2),
    ]


async def test_deliveries_are_counted_by_what_became_of_them(store: SqlStore) -> None:
    await samples.send(store, samples.delivery("gone"), "SM1")
    async with store.transaction() as unit:
        await unit.deliveries.add([samples.delivery("fails"), samples.delivery("old", created_at=NOON - DAY)])
    async with store.transaction(ANA) as unit:
        for one in await unit.deliveries.claim(ANA, NOON, NOON + MINUTE):
            await unit.deliveries.save(replace(one, status=DeliveryStatus.FAILED, failure=Reason.LANDLINE))
        await unit.deliveries.add([samples.delivery("waits")])
    async with store.look() as unit:
        found = await unit.figures.outcomes(NOON)
        assert await unit.figures.waiting() == {Channel.SMS: 1}
        assert await unit.figures.last_out(Channel.SMS, NOON - DAY) is not None
        assert await unit.figures.last_out(Channel.TELEGRAM, NOON - DAY) is None
    assert {(one.status, one.reason, one.count) for one in found} == {
        (DeliveryStatus.SENT, None, 1),
        (DeliveryStatus.FAILED, Reason.LANDLINE, 1),
    }
    assert all(isinstance(one, Outcome) and one.channel is Channel.SMS for one in found)


async def test_the_last_message_in_is_the_newest_handled_or_not(store: SqlStore) -> None:
    async with store.transaction() as unit:
        assert await unit.figures.last_in(Channel.SMS, NOON - DAY) is None
        await unit.messages.add(samples.message("m1", at=NOON))
        await unit.messages.add(samples.message("m2", at=NOON + MINUTE))
        assert await unit.figures.last_in(Channel.SMS, NOON - DAY) == NOON + MINUTE
        await unit.messages.mark_handled(samples.message("m2").id, NOON + MINUTE)
        assert await unit.figures.last_in(Channel.SMS, NOON - DAY) == NOON + MINUTE
        assert await unit.figures.last_in(Channel.SMS, NOON + 2 * MINUTE) is None


async def test_what_was_deleted_adds_up_and_is_forgotten_after_a_week(store: SqlStore) -> None:
    """R18."""
    async with store.transaction() as unit:
        await unit.figures.note_deleted({"messages": 3, "cases": 0}, NOON)
        await unit.figures.note_deleted({"messages": 4, "documents": 1}, NOON + MINUTE)
        assert await unit.figures.deleted(NOON - DAY) == {"messages": 7, "documents": 1}
        assert await unit.figures.deleted(NOON + DAY) == {}
        await unit.figures.note_deleted({"contacts": 1}, NOON + 8 * DAY)
        assert await unit.figures.deleted(NOON - DAY) == {"contacts": 1}


async def test_who_asked_to_be_erased_is_counted_until_they_are(store: SqlStore) -> None:
    """R18."""
    async with store.transaction(ANA) as unit:
        assert await unit.figures.waiting_erasure() == 0
        known = await unit.contacts.get(ANA)
        assert known is not None
        await unit.contacts.save(replace(known, erase_at=NOON))
        assert await unit.figures.waiting_erasure() == 1
        await unit.contacts.erase(ANA)
        assert await unit.figures.waiting_erasure() == 0
