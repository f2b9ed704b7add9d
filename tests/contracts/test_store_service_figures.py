"""What reports of the service are counted from, on every database (R2, R20)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.case import Compartment, Topic
from bot.domain.claim import Claim
from bot.domain.contact import Channel, ContactId
from bot.domain.session import SessionStatus
from bot.domain.staff import StaffId
from bot.services.report_ports import Done, Reached
from bot.storage.store import SqlStore
from tests.contracts.conftest import START
from tests.storage.samples import ANA, PHONE, case, meet, message, session, staff

DAY = timedelta(days=1)
SPAN = (START - DAY, START + DAY)
BEA = ContactId("bea")


@pytest.fixture
async def two(store: SqlStore) -> SqlStore:
    """Ana has a wage claim; Bea, who has one too, had an abuse case long ago. Both do the same things."""
    await meet(store)
    await meet(store, replace(PHONE, path="+5551955500199"), BEA)
    async with store.transaction() as unit:
        await unit.staff.add(staff("olga"))
        old = {"topic": Topic.ABUSE, "compartment": Compartment.PROTECTION, "opened_at": START - 90 * DAY}
        await unit.cases.add(case("k0", BEA, number="M-000000", **old))
        for number, who in enumerate((ANA, BEA), 1):
            await unit.cases.add(case(f"k{number}", who, number=f"M-{number:06d}", topic=Topic.WAGES, opened_at=START))
            await unit.messages.add(
                replace(message(f"m{number}", who, provider_id=f"p{number}"), received_at=START, handled_at=START)
            )
            await unit.sessions.save(
                session(f"s{number}", who, flow="fallback", status=SessionStatus.ENDED, started_at=START)
            )
            await unit.claims.take(Claim(contact=who, staff=StaffId("olga"), claimed_at=START))
            done = Activity(
                id=ActivityId(f"a{number}"), contact=who, kind=ActivityKind.CLAIMED, at=START, staff=StaffId("olga")
            )
            await unit.activities.add([done])
    return store


@pytest.mark.parametrize(("shows", "people"), [(True, 2), (False, 1)])
async def test_r16_without_protection_a_contact_is_in_no_figure_at_all(two: SqlStore, shows: bool, people: int) -> None:
    async with two.look() as unit:
        figures = unit.service
        assert len(await figures.opened(*SPAN, shows_protection=shows)) == people
        assert len(await figures.waiting(shows_protection=shows)) == (3 if shows else 1)
        heard = await figures.heard(*SPAN, shows_protection=shows)
        assert [(one.channel, one.messages) for one in heard] == [(Channel.SMS, people)]
        reached = await figures.reached(*SPAN, shows_protection=shows)
        assert (reached.wrote, reached.misunderstood) == (people, people)
        done = await figures.done([ActivityKind.CLAIMED], *SPAN, shows_protection=shows)
        assert done == [Done(staff=StaffId("olga"), kind=ActivityKind.CLAIMED, count=people)]
        assert await figures.held(shows_protection=shows) == {"olga": people}


async def test_a_span_has_its_beginning_and_not_its_end(two: SqlStore) -> None:
    async with two.look() as unit:
        assert len(await unit.service.opened(START, START + DAY, shows_protection=False)) == 1
        assert not await unit.service.opened(START - DAY, START, shows_protection=False)
        assert not await unit.service.heard(START - DAY, START, shows_protection=False)
        nobody = await unit.service.reached(START - DAY, START, shows_protection=False)
        assert nobody == Reached(wrote=0, written_to=0, misunderstood=0)


async def test_what_is_published_stays_as_it_was(store: SqlStore) -> None:
    async with store.transaction() as unit:
        assert await unit.published.publish("due-diligence:2026-Q1", {"total": 7}, START)
        assert not await unit.published.publish("due-diligence:2026-Q1", {"total": 8}, START + DAY)
        assert await unit.published.published("due-diligence:2026-Q1") == (START, {"total": 7})
        assert await unit.published.published("due-diligence:2025-Q4") is None
