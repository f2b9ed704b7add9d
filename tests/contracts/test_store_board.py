"""What boards and reports read of a broadcast's account, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.broadcast import Broadcast, BroadcastKind, BroadcastStatus
from bot.domain.checkin import Closing, RecipientState, Safety, Source
from bot.domain.contact import Address, Channel, Contact, ContactId, Listing, Reach, Scheme
from bot.domain.delivery import BroadcastId
from bot.domain.employer import Employer, EmployerId
from bot.domain.errors import Reason
from bot.domain.staff import StaffId
from bot.services.broadcast_ports import Answered, Plan
from bot.storage.store import SqlStore
from tests.contracts.conftest import START

FARM = Employer(id=EmployerId("farm"), name="Farm")
ALERT = Broadcast(
    id=BroadcastId("b1"), employer=FARM.id, kind=BroadcastKind.ALERT, author=StaffId("ana"), created_at=START,
    begun_at=START, status=BroadcastStatus.LIVE, asks_check_in=True,
)  # fmt: skip
OTHER = replace(ALERT, id=BroadcastId("b2"))
SECOND = timedelta(seconds=1)


@pytest.fixture
async def numbers(store: SqlStore) -> list[int]:
    """Five recipients of the alert, and of another one."""
    plan = Plan(
        employer=FARM.id, audience=ALERT.audience, channels=(Channel.SMS,), languages=("en",), fallback="en", now=START
    )
    async with store.transaction() as unit:
        await unit.sites.put(FARM, [])
        await unit.roster.add([_person(i) for i in range(5)])
        for broadcast in (OTHER, ALERT):
            await unit.broadcasts.add(broadcast)
            await unit.recipients.expand(broadcast, plan)
        found = await unit.recipients.people(ALERT.id, safety=None, after=0, limit=9)
    return [due.recipient.number for due in found]


def _person(i: int) -> Contact:
    reach = Reach(address=Address(scheme=Scheme.TEL, path=f"+555155500{i:04d}"))
    return Contact(id=ContactId(f"c{i}"), reaches=(reach,), employer=FARM.id, listing=Listing(name=f"Worker {i}"))


async def test_answers_come_by_the_second_with_what_is_said_now(store: SqlStore, numbers: list[int]) -> None:
    tick = timedelta(microseconds=250_000)
    async with store.transaction() as unit:
        for i, number in enumerate(numbers[:3]):
            await unit.recipients.answer(number, Safety.SAFE, Source.SELF, START + tick * i)
        await unit.recipients.answer(numbers[3], Safety.SAFE, Source.SELF, START + 2 * SECOND + tick)
        await unit.recipients.answer(numbers[3], Safety.HELP, Source.SELF, START + 9 * SECOND)  # first time, last word
        await unit.recipients.answer(numbers[4], Safety.SAFE, Source.OTHER, START)
    async with store.look() as unit:
        assert await unit.recipients.answers(ALERT.id) == [
            Answered(at=START, safety=Safety.SAFE, count=3),
            Answered(at=START + 2 * SECOND, safety=Safety.HELP, count=1),
        ]


async def test_the_course_says_when_was_written_first_last_and_next(store: SqlStore, numbers: list[int]) -> None:
    async with store.transaction() as unit:
        await unit.recipients.begin_round(numbers[:3])
        await unit.recipients.sent(numbers[:3], Channel.SMS, START + SECOND, next_at=START + 600 * SECOND)
        await unit.recipients.begin_round(numbers[:1])
        await unit.recipients.sent(numbers[:1], Channel.SMS, START + 5 * SECOND, next_at=START + 900 * SECOND)
    async with store.look() as unit:
        course = await unit.recipients.course(ALERT.id)
    assert (course.first_sent_at, course.last_sent_at) == (START + SECOND, START + 5 * SECOND)
    assert course.next_at == START + 600 * SECOND  # the two who still wait for their first are not asked *again*
    assert course.rounds == {0: 2, 1: 2, 2: 1}


async def test_a_course_that_has_not_begun_is_empty(store: SqlStore, numbers: list[int]) -> None:
    async with store.look() as unit:
        course = await unit.recipients.course(ALERT.id)
    assert (course.first_sent_at, course.last_sent_at, course.next_at) == (None, None, None)


async def test_people_are_listed_by_number_and_by_what_they_said(store: SqlStore, numbers: list[int]) -> None:
    one, two, three, *_ = numbers
    async with store.transaction() as unit:
        await unit.recipients.answer(one, Safety.HELP, Source.SELF, START)
        await unit.recipients.answer(two, Safety.HELP, Source.OTHER, START)
        await unit.recipients.answer(three, Safety.SAFE, Source.SELF, START)
        await unit.recipients.close([two], Closing.HANDED_OVER, "staff", START)
    async with store.look() as unit:
        helped = await unit.recipients.people(ALERT.id, safety=Safety.HELP, after=0, limit=9)
        part = await unit.recipients.people(ALERT.id, safety=None, after=two, limit=2)
    assert [due.recipient.number for due in helped] == [one]
    assert [due.recipient.number for due in part] == numbers[2:4]
    assert part[0].contact.listing == Listing(name="Worker 2")


async def test_the_tally_tells_reasons_of_closing_apart_and_leaves_none_out(
    store: SqlStore, numbers: list[int]
) -> None:
    async with store.transaction() as unit:
        await unit.recipients.close(numbers[:2], Closing.FOUND, "staff", START)
        await unit.recipients.close(numbers[2:3], Closing.LEFT, "staff", START)
        stored = await unit.recipients.get(numbers[4])
        assert stored is not None
        await unit.recipients.settle(replace(stored, state=RecipientState.FAILED, reason=Reason.LANDLINE, due_at=None))
    async with store.look() as unit:
        tallies = await unit.recipients.tally(ALERT.id)
    assert sum(tally.count for tally in tallies) == 5
    assert {tally.closing: tally.count for tally in tallies if tally.closing} == {Closing.FOUND: 2, Closing.LEFT: 1}
    assert [tally.reason for tally in tallies if tally.state is RecipientState.FAILED] == [Reason.LANDLINE]
