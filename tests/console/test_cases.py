"""The pages of cases: found, read, corrected, planned, linked, moved and ended by those who may (R2, R15-R17)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.domain.activity import ActivityKind
from bot.domain.case import CaseStatus, Clue, Compartment, Outcome, Topic, Urgency
from bot.domain.staff import Role
from bot.services.access import Reader
from tests.console.case_house import CaseHouse, case_house
from tests.console.conftest import Browser, House

SEEN = re.compile(r'name="seen" value="([0-9a-f]+)"')


@pytest.fixture
async def cases(house: House) -> AsyncIterator[CaseHouse]:
    async with case_house(house) as opened:
        yield opened


async def seen(browser: Browser, number: str) -> str:
    found = SEEN.search(await browser.text(f"/console/cases/{number}"))
    assert found
    return found.group(1)


async def test_the_list_is_filtered_and_searched_by_number_and_by_name(cases: CaseHouse) -> None:
    wages = await cases.case("Sita Rai", Topic.WAGES)
    papers = await cases.case("José Peña", Topic.DOCUMENTS, Urgency.HIGH)
    browser = await cases.as_(Role.OPERATOR)
    whole = await browser.text("/console/cases")
    assert whole.index(papers.number) < whole.index(wages.number)  # the more urgent one first
    for asked, there, absent in [
        ("topic=wages", wages, papers),
        ("urgency=3", papers, wages),
        (f"q={wages.number[2:].lower()}", wages, papers),
        ("q=jose+pena", papers, wages),
        ("q=rai", wages, papers),
    ]:
        shown = await browser.text(f"/console/cases?{asked}")
        assert there.number in shown, asked
        assert absent.number not in shown, asked
    assert "Nothing here fits" in await browser.text("/console/cases?q=nobody+of+that+name")
    assert wages.number not in await browser.text("/console/cases?mine=true")
    assert wages.number not in await browser.text("/console/cases?due=true")
    cases.house.clock.pass_(timedelta(minutes=40))
    browser = await (await cases.house.browser()).sign_in("operator")
    assert papers.number in await browser.text("/console/cases?due=true")


async def test_a_corrected_narrative_keeps_the_old_text_in_its_history(cases: CaseHouse) -> None:
    case = await cases.case(narrative="No pay since May.")
    browser = await cases.as_(Role.OPERATOR)
    token = await seen(browser, case.number)
    answer = await browser.post(
        f"/console/cases/{case.number}/narrative", {"narrative": "No pay since June.", "seen": token}
    )
    shown = await (await browser.follow(answer)).text()
    assert "No pay since June." in shown
    assert "No pay since May." in shown
    assert (await cases.again(case)).narrative == "No pay since June."


async def test_who_comes_second_sees_the_newer_text_and_loses_nothing_typed(cases: CaseHouse) -> None:
    case = await cases.case(narrative="old")
    first, second = await cases.as_(Role.OPERATOR, "olga"), await cases.as_(Role.OPERATOR, "omar")
    tokens = [await seen(browser, case.number) for browser in (first, second)]
    path = f"/console/cases/{case.number}/narrative"
    assert (await first.post(path, {"narrative": "from Olga", "seen": tokens[0]})).status == 303
    answer = await second.post(path, {"narrative": "from Omar", "seen": tokens[1]})
    assert answer.status == 409
    shown = await answer.text()
    assert "from Olga" in shown
    assert "from Omar" in shown
    assert (await cases.again(case)).narrative == "from Olga"
    renewed = SEEN.search(shown)
    assert renewed
    assert (await second.post(path, {"narrative": "both", "seen": renewed.group(1)})).status == 303


async def test_urgency_and_status_change_only_with_a_reason(cases: CaseHouse) -> None:
    case = await cases.case()
    browser = await cases.as_(Role.OPERATOR)
    path = f"/console/cases/{case.number}"
    answer = await browser.post(f"{path}/urgency", {"urgency": "4", "seen": await seen(browser, case.number)})
    assert answer.status == 422
    fields = {"urgency": "4", "urgency_why": "threatened today", "seen": await seen(browser, case.number)}
    shown = await (await browser.follow(await browser.post(f"{path}/urgency", fields))).text()
    assert "From Normal to Critical." in shown
    changed = await cases.again(case)
    assert (changed.urgency, changed.due_at) == (Urgency.CRITICAL, cases.house.clock.now() + timedelta(minutes=5))


async def test_a_case_is_resolved_with_an_outcome_and_opened_again(cases: CaseHouse) -> None:
    case = await cases.case()
    browser = await cases.as_(Role.OPERATOR)
    path = f"/console/cases/{case.number}/status"
    fields = {"status": "resolved", "status_why": "paid", "seen": await seen(browser, case.number)}
    assert (await browser.post(path, fields)).status == 422  # no outcome
    assert (await browser.post(path, fields | {"outcome": "helped"})).status == 303
    ended = await cases.again(case)
    assert (ended.status, ended.outcome) == (CaseStatus.RESOLVED, Outcome.HELPED)
    assert ended.closed_at == cases.house.clock.now()
    assert case.number not in await browser.text("/console/cases")
    assert case.number in await browser.text("/console/cases?status=resolved")
    cases.house.clock.pass_(timedelta(minutes=20))
    fields = {"status": "open", "status_why": "not paid after all", "seen": await seen(browser, case.number)}
    assert (await browser.post(path, fields)).status == 303
    again = await cases.again(case)
    assert (again.status, again.outcome, again.closed_at) == (CaseStatus.OPEN, None, None)
    assert again.due_at > cases.house.clock.now()


async def test_a_case_rests_only_until_a_day_that_is_still_to_come(cases: CaseHouse) -> None:
    case = await cases.case()
    browser = await cases.as_(Role.OPERATOR)
    path = f"/console/cases/{case.number}/status"
    fields = {"status": "waiting", "status_why": "office is closed"}
    for until, status in [("", 422), ("2020-01-01T10:00", 422), ("2026-05-07T10:00", 303)]:
        token = await seen(browser, case.number)
        assert (await browser.post(path, fields | {"wait_until": until, "seen": token})).status == status, until
    waiting = await cases.again(case)
    assert waiting.status is CaseStatus.WAITING
    assert waiting.next_step_at is not None
    assert waiting.next_step_at.hour == 13  # ten o'clock in Porto Alegre


async def test_cases_of_one_employer_are_suggested_and_linked_by_number(cases: CaseHouse) -> None:
    one = await cases.case("Sita Rai", facts={"employer": "Granja Sul"})
    other = await cases.case("Ram Rai", facts={"employer": "granja sul "})
    browser = await cases.as_(Role.OPERATOR)
    path = f"/console/cases/{one.number}"
    assert "The same employer" in await browser.text(path)
    answer = await browser.post(f"{path}/link", {"other": other.number.lower()})
    shown = await (await browser.follow(answer)).text()
    assert other.number in shown
    assert "The same employer" not in shown
    assert one.number in await browser.text(f"/console/cases/{other.number}")
    assert (await browser.post(f"{path}/link", {"other": "M-ZZZZ99"})).status == 422
    assert (await browser.post(f"{path}/link", {"other": one.number})).status == 422
    await browser.follow(await browser.post(f"{path}/unlink", {"other": other.number}))
    assert "Take away" not in await browser.text(path)


async def test_clues_are_marked_and_seen_by_specialists_alone(cases: CaseHouse) -> None:
    """R15."""
    case = await cases.case()
    specialist, operator = await cases.as_(Role.SPECIALIST), await cases.as_(Role.OPERATOR)
    path = f"/console/cases/{case.number}"
    fields = {"clues": ["debt", "threats"], "seen": await seen(specialist, case.number)}
    shown = await (await specialist.follow(await specialist.post(f"{path}/clues", fields))).text()
    assert "Bound by a debt" in shown
    assert (await cases.again(case)).clues == {Clue.DEBT, Clue.THREATS}
    shown = await operator.text(path)
    assert "Bound by a debt" not in shown
    assert "marked signs" not in shown
    answer = await operator.post(f"{path}/clues", {"clues": ["debt"], "seen": await seen(operator, case.number)})
    assert answer.status == 422
    assert (await cases.again(case)).clues == {Clue.DEBT, Clue.THREATS}


async def test_an_operator_gives_a_case_to_the_specialists_and_only_they_give_it_back(cases: CaseHouse) -> None:
    """R16: at once nothing of the person is there for the operator, whose conversation goes back to the queue."""
    case = await cases.case(narrative="He beats me")
    reader = await cases.reader(Role.OPERATOR, "olga")
    await cases.desk.claim(reader, case.contact)
    operator, specialist = await (await cases.house.browser()).sign_in("olga"), await cases.as_(Role.SPECIALIST)
    path = f"/console/cases/{case.number}"
    await operator.get(path)
    answer = await operator.post(f"{path}/move", {"compartment": "protection", "move_why": "violence"})
    assert answer.headers["Location"] == "/console/cases"
    assert case.number not in await (await operator.follow(answer)).text()
    assert (await operator.get(path)).status == 404
    async with cases.house.store.look() as unit:
        assert await unit.claims.of(case.contact) is None
        entries = await unit.activities.of(case.contact, 50)
    assert ActivityKind.GIVEN_BACK in {entry.kind for entry in entries}
    assert "He beats me" in await specialist.text(path)
    await specialist.follow(await specialist.post(f"{path}/move", {"compartment": "general", "move_why": "a slip"}))
    assert (await cases.again(case)).compartment is Compartment.GENERAL
    assert (await operator.get(path)).status == 200
    assert (await operator.post(f"{path}/move", {"compartment": "general", "move_why": "x"})).status == 422


async def test_opening_and_refusing_a_case_are_entered_in_the_audit(cases: CaseHouse) -> None:
    """R17."""
    case = await cases.case(topic=Topic.ABUSE)
    operator, specialist = await cases.as_(Role.OPERATOR), await cases.as_(Role.SPECIALIST)
    await specialist.text(f"/console/cases/{case.number}")
    await operator.get(f"/console/cases/{case.number}")
    async with cases.house.store.look() as unit:
        entries = await unit.audit.search(subject=case.id, limit=10)
    assert [(entry.role, entry.deed, entry.is_allowed) for entry in entries] == [
        ("operator", "read", False), ("specialist", "read", True),
    ]  # fmt: skip


async def test_files_and_answers_stand_on_the_page_in_words(cases: CaseHouse) -> None:
    case = await cases.case(facts={"months": 3, "consent_keep": "yes", "employer": "Granja Sul"})
    document = await cases.photo(case)
    shown = await (await cases.as_(Role.OPERATOR)).text(f"/console/cases/{case.number}")
    assert "How many months of pay are missing?" in shown
    assert f"/console/documents/{document}" in shown


ONCE = re.compile(r'name="once" value="([^"]+)"')


async def test_r4_a_consent_that_is_sent_twice_is_one_and_a_corrected_one_another(cases: CaseHouse) -> None:
    case = await cases.case()
    browser = await cases.as_(Role.OPERATOR)
    path = f"/console/cases/{case.number}"
    found = ONCE.search(await browser.text(path))
    once = {"once": found[1]} if found else {}
    told = {"told_recipient": "Labour office", "told_purpose": "Wages", "told_note": "By phone", "told_answer": "yes"}
    for typed in (told, told, {**told, "told_recipient": "Consulate"}):
        assert (await browser.post(f"{path}/record-consent", {**typed, **once})).status == 303
    async with cases.house.store.look() as unit:
        consents = await unit.consents.of(case.contact)
        entered = [one for one in await unit.activities.of_case(case.id) if one.kind is ActivityKind.CONSENT]
    assert sorted(one.recipient for one in consents) == ["Consulate", "Labour office"]
    assert len(entered) == 2


async def test_r4_a_consent_is_asked_for_once_however_often_its_form_comes(cases: CaseHouse) -> None:
    case = await cases.case()
    browser = await cases.as_(Role.OPERATOR)
    async with cases.house.store.look() as unit:
        (operator,) = [one for one in await unit.staff.all() if one.login == "operator"]
    await cases.desk.claim(Reader(role=Role.OPERATOR, id=operator.id), case.contact)
    path = f"/console/cases/{case.number}"
    found = ONCE.search(await browser.text(path))
    asked = {"recipient": "Consulate", "purpose": "A passport", **({"once": found[1]} if found else {})}
    for _ in range(2):
        assert (await browser.post(f"{path}/ask-consent", asked)).status == 303
    async with cases.house.store.look() as unit:
        assert len(await unit.consents.of(case.contact)) == 1
        sent = [one.content.text for one in await unit.deliveries.history(case.contact, 50)]
    assert sum("Consulate" in text for text in sent) == 1


async def test_two_cases_are_linked_once_in_their_history(cases: CaseHouse) -> None:
    one, other = await cases.case(), await cases.case("José Peña")
    browser = await cases.as_(Role.OPERATOR)
    path = f"/console/cases/{one.number}"
    for deed in ("link", "link", "unlink", "unlink"):
        assert (await browser.post(f"{path}/{deed}", {"other": other.number})).status == 303
    async with cases.house.store.look() as unit:
        kinds = [entry.kind for entry in await unit.activities.of_case(one.id)]
    assert kinds.count(ActivityKind.LINKED) == kinds.count(ActivityKind.UNLINKED) == 1
