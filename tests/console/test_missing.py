"""Missing persons: likely matches across scripts, and neither side hears of the other before both agree (R4, R16)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.case import Compartment, Topic
from bot.domain.consent import ConsentState
from bot.domain.staff import Role
from bot.services.missing import LIKE, likeness
from tests.console.case_house import CaseHouse, case_house
from tests.console.conftest import House

MISSING = "/console/missing"


@pytest.fixture
async def cases(house: House) -> AsyncIterator[CaseHouse]:
    async with case_house(house) as opened:
        yield opened


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("سيتا راي", "Sita Rai"),
        ("सीता राई", "Sita Rai"),
        ("محمد علي حسن", "Muhammad Hasan Ali"),
        ("عبد الرحمن", "Abdul Rahman"),
        ("राम बहादुर थापा", "Thapa Ram Bahadur"),
        ("José Peña", "JOSE PENA"),
        ("Sita Rai", "Sita Kumari Rai"),
    ],
)
def test_one_name_is_known_in_other_scripts_spellings_and_orders(one: str, other: str) -> None:
    assert likeness(one, other) >= LIKE
    assert likeness(other, one) == likeness(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("Sita Rai", "Gita Rai"), ("Hari Gurung", "Ram Thapa"), ("Ali", ""), ("Ana", "José")]
)
def test_other_names_are_no_match(one: str, other: str) -> None:
    assert likeness(one, other) < LIKE


async def test_a_match_says_why_and_is_told_only_when_both_agreed(cases: CaseHouse) -> None:
    """R4."""
    missed = await cases.case("Ram Thapa", Topic.MISSING_PERSON, facts={"missing_name": "سيتا راي"}, nationality="NP")
    found = await cases.case("Sita Rai", Topic.PERSON, nationality="NP")
    browser = await cases.as_(Role.OPERATOR)
    shown = await browser.text(MISSING)
    assert "Sita Rai" in shown
    assert "the same country" in shown
    assert "Both agreed" not in shown
    told = {"number": missed.number, "side": found.contact}
    assert (await browser.post(f"{MISSING}/tell", told)).status == 422
    for side in (missed.contact, found.contact):
        fields = {"number": missed.number, "side": side, "note": "on the phone"}
        assert (await browser.post(f"{MISSING}/tell", told)).status == 422
        await browser.follow(await browser.post(f"{MISSING}/record", fields))
    assert "Both agreed" in await browser.text(MISSING)
    assert (await browser.post(f"{MISSING}/tell", told)).status == 303
    async with cases.house.store.look() as unit:
        exports = [one for one in await unit.audit.search(subject=missed.id, limit=30) if one.deed == "export"]
        consents = await unit.consents.of(found.contact)
    assert len(exports) == 1
    assert [one.state for one in consents] == [ConsentState.GIVEN]
    assert "Ram" not in consents[0].recipient + consents[0].purpose  # what one side is asked names nobody


async def test_one_sides_yes_is_not_the_others(cases: CaseHouse) -> None:
    """R4: two consents of the same side do not make both."""
    missed = await cases.case("Ram Thapa", Topic.MISSING_PERSON, facts={"missing_name": "Sita Rai"})
    found = await cases.case("Sita Rai", Topic.PERSON)
    browser = await cases.as_(Role.OPERATOR)
    await browser.get(MISSING)
    for _ in range(2):
        await browser.post(f"{MISSING}/record", {"number": missed.number, "side": missed.contact, "note": "said so"})
    assert (await browser.post(f"{MISSING}/tell", {"number": missed.number, "side": found.contact})).status == 422


async def test_somebody_reported_as_found_is_suggested(cases: CaseHouse) -> None:
    await cases.case("Ram Thapa", Topic.MISSING_PERSON, facts={"missing_name": "Maya Gurung"})
    reporter = await cases.case("Hari Lama", Topic.PERSON)
    browser = await cases.as_(Role.OPERATOR)
    await browser.get(MISSING)
    fields = {"number": reporter.number, "found_name": "माया गुरुङ", "found_where": "School gym"}
    shown = await (await browser.follow(await browser.post(f"{MISSING}/found", fields))).text()
    assert "reported as found in" in shown
    assert "School gym" in shown


@pytest.mark.parametrize("who", ["seeker", "found"])
async def test_a_side_under_protection_is_not_there_for_an_operator(cases: CaseHouse, who: str) -> None:
    """R16: no row, no match, and the same answer as for what does not exist."""
    missed = await cases.case("Ram Thapa", Topic.MISSING_PERSON, facts={"missing_name": "Sita Rai"})
    found = await cases.case("Sita Rai", Topic.PERSON)
    hidden = missed if who == "seeker" else found
    async with cases.house.store.transaction() as unit:
        await unit.cases.save(replace(hidden, compartment=Compartment.PROTECTION))
    operator, specialist = await cases.as_(Role.OPERATOR), await cases.as_(Role.SPECIALIST)
    shown = await operator.text(MISSING)
    assert hidden.contact not in shown
    assert hidden.number not in shown
    for name in ("ask", "record", "tell"):
        fields = {"number": missed.number, "side": hidden.contact, "note": "said so"}
        unknown = {"number": missed.number, "side": "c-nobody", "note": "said so"}
        answers = [await operator.post(f"{MISSING}/{name}", one) for one in (fields, unknown)]
        assert answers[0].status == answers[1].status != 303, name
    assert "names alike by" in await specialist.text(MISSING)
