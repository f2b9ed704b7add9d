"""Cases are opened once a matter, found by their own contact only, and never lose what was said."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain.case import Case, CaseStatus, Compartment, Topic, Urgency, compartment_of
from bot.domain.contact import Address, Contact, Scheme
from bot.domain.targets import Targets
from bot.domain.values import Money, Value
from bot.services.cases import SAME_MATTER, CaseDesk
from bot.storage.store import SqlUnit
from tests.stand import NOW, CountingIds, met


@pytest.fixture
def desk(ids: CountingIds) -> CaseDesk:
    return CaseDesk(ids=ids)


async def opened(
    desk: CaseDesk,
    unit: SqlUnit,
    contact: Contact,
    *,
    topic: Topic = Topic.WAGES,
    urgency: Urgency = Urgency.NORMAL,
    facts: dict[str, Value] | None = None,
    narrative: str = "",
    after: timedelta = timedelta(0),
) -> Case:
    return await desk.open(
        unit,
        contact=contact,
        topic=topic,
        urgency=urgency,
        facts=facts or {},
        narrative=narrative,
        now=NOW + after,
    )


async def test_a_new_case_is_stored_with_its_number_its_facts_and_its_time(
    desk: CaseDesk, unit: SqlUnit, contact: Contact
) -> None:
    money = Money(value=Decimal("1200.50"), currency="BRL")
    case = await opened(desk, unit, contact, facts={"amount": money}, narrative="Not paid since March.")
    stored = await unit.cases.by_number(case.number)
    assert stored == case
    assert stored.facts == {"amount": money}
    assert stored.status is CaseStatus.OPEN
    assert stored.due_at == NOW + Targets().first_answer[Urgency.NORMAL]


@pytest.mark.parametrize("topic", Topic)
async def test_the_topic_decides_the_compartment(topic: Topic, desk: CaseDesk, unit: SqlUnit, contact: Contact) -> None:
    """R16."""
    case = await opened(desk, unit, contact, topic=topic)
    assert case.compartment is compartment_of(topic)
    is_protected = topic in {Topic.ABUSE, Topic.FORCED_LABOUR, Topic.DISTRESS}
    assert (case.compartment is Compartment.PROTECTION) is is_protected


@pytest.mark.parametrize("urgency", Urgency)
async def test_the_urgency_decides_how_long_a_contact_may_wait(
    urgency: Urgency, desk: CaseDesk, unit: SqlUnit, contact: Contact
) -> None:
    """R11: a critical one is due in minutes."""
    case = await opened(desk, unit, contact, urgency=urgency)
    assert case.due_at - case.opened_at == Targets().first_answer[urgency]


async def test_a_number_that_is_taken_is_not_given_again(unit: SqlUnit, contact: Contact) -> None:
    desk = CaseDesk(ids=CountingIds(numbers=iter(["M-AAAAAA", "M-AAAAAA", "M-BBBBBB"])))
    first = await opened(desk, unit, contact, topic=Topic.WAGES)
    second = await opened(desk, unit, contact, topic=Topic.MEDICAL)
    assert [first.number, second.number] == ["M-AAAAAA", "M-BBBBBB"]


async def test_no_free_number_is_an_error_and_not_an_endless_search(unit: SqlUnit, contact: Contact) -> None:
    desk = CaseDesk(ids=CountingIds(numbers=iter(["M-AAAAAA"] * 100)))
    await opened(desk, unit, contact, topic=Topic.WAGES)
    with pytest.raises(RuntimeError, match="number"):
        await opened(desk, unit, contact, topic=Topic.MEDICAL)


async def test_the_same_matter_within_a_day_is_one_case(desk: CaseDesk, unit: SqlUnit, contact: Contact) -> None:
    first = await opened(desk, unit, contact, narrative="Not paid.")
    again = await opened(desk, unit, contact, narrative="Three months.", after=SAME_MATTER - timedelta(seconds=1))
    assert again.number == first.number
    assert again.narrative == "Not paid.\nThree months."
    assert len(await unit.cases.of(contact.id)) == 1
    assert await unit.cases.get(first.id) == again


async def test_after_a_day_it_is_a_new_case(desk: CaseDesk, unit: SqlUnit, contact: Contact) -> None:
    first = await opened(desk, unit, contact)
    assert (await opened(desk, unit, contact, after=SAME_MATTER)).number != first.number


async def test_another_topic_is_another_case(desk: CaseDesk, unit: SqlUnit, contact: Contact) -> None:
    first = await opened(desk, unit, contact, topic=Topic.WAGES)
    assert (await opened(desk, unit, contact, topic=Topic.ABUSE)).number != first.number


@pytest.mark.parametrize("status", CaseStatus)
async def test_a_closed_case_is_not_opened_again(
    status: CaseStatus, desk: CaseDesk, unit: SqlUnit, contact: Contact
) -> None:
    first = await opened(desk, unit, contact)
    await unit.cases.save(replace(first, status=status))
    again = await opened(desk, unit, contact, after=timedelta(hours=1))
    assert (again.number == first.number) is status.is_open


async def test_two_contacts_with_one_matter_have_two_cases(desk: CaseDesk, unit: SqlUnit, contact: Contact) -> None:
    other = await met(unit, Address(scheme=Scheme.TELEGRAM, path="77"), "c2")
    assert (await opened(desk, unit, contact)).number != (await opened(desk, unit, other)).number


async def test_a_higher_urgency_raises_the_case_and_counts_from_now(
    desk: CaseDesk, unit: SqlUnit, contact: Contact
) -> None:
    await opened(desk, unit, contact, urgency=Urgency.LOW)
    later = timedelta(hours=2)
    raised = await opened(desk, unit, contact, urgency=Urgency.CRITICAL, after=later)
    assert raised.urgency is Urgency.CRITICAL
    assert raised.due_at == NOW + later + Targets().first_answer[Urgency.CRITICAL]


async def test_a_lower_urgency_lowers_nothing(desk: CaseDesk, unit: SqlUnit, contact: Contact) -> None:
    first = await opened(desk, unit, contact, urgency=Urgency.CRITICAL)
    again = await opened(desk, unit, contact, urgency=Urgency.LOW, after=timedelta(hours=1))
    assert (again.urgency, again.due_at) == (first.urgency, first.due_at)


async def test_an_answer_that_changed_keeps_the_earlier_one_beside_it(
    desk: CaseDesk, unit: SqlUnit, contact: Contact
) -> None:
    await opened(desk, unit, contact, facts={"months": 2, "employer": "Serra"})
    await opened(desk, unit, contact, facts={"months": 3, "employer": "Serra"})
    last = await opened(desk, unit, contact, facts={"months": 4, "note": None})
    assert last.facts == {"months": 4, "months_2": 2, "months_3": 3, "employer": "Serra", "note": None}


async def test_an_answer_left_out_the_second_time_is_kept(desk: CaseDesk, unit: SqlUnit, contact: Contact) -> None:
    await opened(desk, unit, contact, facts={"months": 2})
    assert (await opened(desk, unit, contact, facts={"months": None})).facts == {"months": 2}


async def test_the_same_words_again_are_not_written_twice(desk: CaseDesk, unit: SqlUnit, contact: Contact) -> None:
    await opened(desk, unit, contact, narrative="Not paid.")
    assert (await opened(desk, unit, contact, narrative="Not paid.")).narrative == "Not paid."


async def test_a_contact_finds_their_own_case_by_its_number(desk: CaseDesk, unit: SqlUnit, contact: Contact) -> None:
    case = await opened(desk, unit, contact)
    assert await desk.of_number(unit, contact, case.number) == case


async def test_anothers_number_is_as_unknown_as_one_that_does_not_exist(
    desk: CaseDesk, unit: SqlUnit, contact: Contact
) -> None:
    case = await opened(desk, unit, contact)
    other = await met(unit, Address(scheme=Scheme.TELEGRAM, path="77"), "c2")
    assert await desk.of_number(unit, other, case.number) is None
    assert await desk.of_number(unit, other, "M-ZZZZZZ") is None


async def test_the_newest_case_is_told_but_not_a_fault_of_ours(desk: CaseDesk, unit: SqlUnit, contact: Contact) -> None:
    assert await desk.latest(unit, contact) is None
    await opened(desk, unit, contact, topic=Topic.WAGES)
    newest = await opened(desk, unit, contact, topic=Topic.MEDICAL, after=timedelta(hours=1))
    await opened(desk, unit, contact, topic=Topic.FAULT, after=timedelta(hours=2))
    assert await desk.latest(unit, contact) == newest
