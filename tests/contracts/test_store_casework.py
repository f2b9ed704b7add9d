"""Lists of cases and people, and a claim's lines, on both databases: what is protected is left out by the database."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from bot.domain.case import CaseStatus, Compartment, Urgency
from bot.domain.contact import ContactId
from bot.domain.wages import Pay
from bot.storage.store import SqlStore
from tests.storage import samples
from tests.storage.samples import ANA, CHAT, MINUTE, NOON

PAY = Pay(
    begins=date(2026, 1, 1), ends=date(2026, 1, 31), currency="KWD", agreed=Decimal("100.125"),
    deducted=Decimal("5.5"), why="सापटी", paid=Decimal(0),
)  # fmt: skip


async def test_cases_are_listed_by_urgency_and_age_and_those_that_are_over_newest_first(store: SqlStore) -> None:
    await samples.meet(store)
    made = [
        samples.case("k1", urgency=Urgency.NORMAL, opened_at=NOON),
        samples.case("k2", urgency=Urgency.CRITICAL, opened_at=NOON + MINUTE),
        samples.case("k3", urgency=Urgency.NORMAL, opened_at=NOON - MINUTE),
        samples.case("k4", status=CaseStatus.CLOSED, opened_at=NOON, closed_at=NOON),
        samples.case("k5", status=CaseStatus.RESOLVED, opened_at=NOON + MINUTE, closed_at=NOON),
    ]
    async with store.transaction() as unit:
        for case in made:
            await unit.cases.add(replace(case, compartment=Compartment.GENERAL, number=f"M-{case.id}"))
    async with store.look() as unit:
        opened = await unit.cases.listed(is_open=True, shows_protection=False, limit=9)
        over = await unit.cases.listed(is_open=False, shows_protection=False, limit=9)
        first = await unit.cases.listed(is_open=True, shows_protection=True, limit=1)
    assert [case.id for case in opened] == ["k2", "k3", "k1"]
    assert [case.id for case in over] == ["k5", "k4"]
    assert [case.id for case in first] == ["k2"]


async def test_one_old_protection_case_hides_the_whole_person(store: SqlStore) -> None:
    """R16."""
    bob = (await samples.meet(store, CHAT, ContactId("bob"))).id
    ana = (await samples.meet(store)).id
    general = samples.case("k1", compartment=Compartment.GENERAL)
    over = samples.case("k2", compartment=Compartment.PROTECTION, status=CaseStatus.CLOSED, closed_at=NOON)
    other = samples.case("k3", compartment=Compartment.GENERAL)
    async with store.transaction() as unit:
        for number, (case, contact) in enumerate([(general, ana), (over, ana), (other, bob)]):
            await unit.cases.add(replace(case, contact=contact, number=f"M-{number}"))
    async with store.look() as unit:
        for is_open, hidden, shown in ((True, ["k3"], ["k1", "k3"]), (False, [], ["k2"])):
            for shows_protection, expected in ((False, hidden), (True, shown)):
                found = await unit.cases.listed(is_open=is_open, shows_protection=shows_protection, limit=9)
                assert sorted(case.id for case in found) == expected
        assert [one.id for one in await unit.contacts.named(shows_protection=False, limit=9)] == [bob]
        assert {one.id for one in await unit.contacts.named(shows_protection=True, limit=9)} == {bob, ana}
        assert len(await unit.contacts.named(shows_protection=True, limit=1)) == 1


async def test_the_lines_of_a_claim_come_back_to_the_last_digit(store: SqlStore) -> None:
    await samples.meet(store)
    case = samples.case(pay=(PAY,))
    async with store.transaction() as unit:
        await unit.cases.add(case)
    async with store.look() as unit:
        known = await unit.cases.get(case.id)
        assert known is not None
        assert known.pay == (PAY,)
        assert set(await unit.contacts.many([ContactId(ANA), ContactId("nobody")])) == {ANA}
