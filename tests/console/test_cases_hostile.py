"""Every address of cases attacked by every role: what is protected is as absent as what never was (R2, R16)."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from yarl import URL

from bot.domain.case import Case, Compartment, Topic
from bot.domain.staff import Role
from bot.services.case_file import stamp
from tests.console.case_house import OUTSIDERS, CaseHouse, case_house
from tests.console.conftest import Browser, House

NOT_THERE = "M-ZZZZ99"
FORMS = {
    "narrative": {"narrative": "x"},
    "urgency": {"urgency": "4", "urgency_why": "x"},
    "status": {"status": "closed", "status_why": "x", "outcome": "helped"},
    "plan": {"step": "", "step_at": ""},
    "link": {"other": NOT_THERE},
    "unlink": {"other": NOT_THERE},
    "clues": {"clues": "debt"},
    "move": {"compartment": "protection", "move_why": "x"},
    "ask-consent": {"recipient": "x", "purpose": "y"},
    "record-consent": {"told_recipient": "x", "told_purpose": "y", "told_answer": "yes", "told_note": "z"},
    "revoke-consent": {"consent": "x"},
    "wages": {"begins": "2026-02-01", "ends": "2026-02-28", "currency": "BRL", "agreed": "1", "paid": "0"},
    "refer": {"consent": "x", "language": "en", "what": "name"},
}
PAGES = ("", "/wages", "/wages.pdf?language=en", "/refer")
PROTECTED_FROM = (Role.OPERATOR, Role.SUPERVISOR, *OUTSIDERS)


@pytest.fixture
async def cases(house: House) -> AsyncIterator[CaseHouse]:
    async with case_house(house) as opened:
        yield opened


async def protected(cases: CaseHouse) -> tuple[Case, Case]:
    """A person's case of wages, and their closed one of abuse, which protects both."""
    open_one = await cases.case("Sita Rai", Topic.WAGES, narrative="secret-word", facts={"employer": "Granja Sul"})
    abuse = await cases.case("Sita Rai", Topic.ABUSE)
    assert abuse.compartment is Compartment.PROTECTION
    return open_one, abuse


async def told(browser: Browser, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and text of an answer, without what differs by the address alone."""
    answer = await (browser.get(path) if method == "GET" else browser.post(path, fields))
    text = re.sub(r"M-[0-9A-Z]{6}", "", await answer.text())
    return answer.status, re.sub(r'(value|content|next=)="?[^" ]*', "", text)


@pytest.mark.parametrize("role", PROTECTED_FROM)
async def test_a_protected_case_answers_as_one_that_does_not_exist(cases: CaseHouse, role: Role) -> None:
    hidden = await protected(cases)
    browser = await cases.as_(role)
    for case in hidden:
        for page in PAGES:
            answers = [await told(browser, "GET", f"/console/cases/{one}{page}") for one in (case.number, NOT_THERE)]
            assert answers[0] == answers[1], page
            assert answers[0][0] == 404, page
        for name, fields in FORMS.items():
            paths = [f"/console/cases/{one}/{name}" for one in (case.number, NOT_THERE)]
            answers = [await told(browser, "POST", path, fields) for path in paths]
            assert answers[0] == answers[1], name
            assert answers[0][0] in (404, 422), name
            assert "secret-word" not in answers[0][1], name
        assert await cases.again(case) == case
    async with cases.house.store.look() as unit:
        assert await unit.consents.of(hidden[0].contact) == []


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR])
async def test_a_protected_person_is_in_no_list_search_count_suggestion_or_link(cases: CaseHouse, role: Role) -> None:
    hidden = await protected(cases)
    seen = await cases.case("Ram Thapa", Topic.WAGES, facts={"employer": "Granja Sul"})
    async with cases.house.store.transaction() as unit:
        await unit.case_links.link(seen.id, hidden[0].id)
    browser = await cases.as_(role)
    for query in (
        "",
        "?q=rai",
        f"?q={hidden[0].number}",
        "?topic=abuse",
        "?topic=wages",
        "?status=closed",
        "?due=true",
    ):
        shown = await browser.text(f"/console/cases{query}")
        assert "Rai" not in re.sub(r'value="[^"]*"', "", shown), query
        assert all(f"/console/cases/{one.number}" not in shown for one in hidden), query
    assert "1 case" in await browser.text("/console/cases")
    shown = await browser.text(f"/console/cases/{seen.number}")
    assert hidden[0].number not in shown
    assert "The same employer" not in shown
    answers = [
        await told(browser, "POST", f"/console/cases/{seen.number}/link", {"other": other})
        for other in (hidden[0].number, NOT_THERE)
    ]
    assert answers[0][0] == answers[1][0] == 422


@pytest.mark.parametrize("role", OUTSIDERS)
async def test_who_answers_nobody_sees_no_case_at_all(cases: CaseHouse, role: Role) -> None:
    case = await cases.case(narrative="secret-word")
    browser = await cases.as_(role)
    for path in ("/console/cases", "/console/missing", *(f"/console/cases/{case.number}{page}" for page in PAGES)):
        status, text = await told(browser, "GET", path)
        assert status == 404, path
        assert "secret-word" not in text
    for name, fields in FORMS.items():
        status, text = await told(browser, "POST", f"/console/cases/{case.number}/{name}", fields)
        assert status in (404, 422), name
        assert "secret-word" not in text
    assert await cases.again(case) == case
    assert "/console/cases" not in await (await browser.get("/console/")).text()


async def test_a_stranger_is_sent_to_the_door(cases: CaseHouse) -> None:
    case = await cases.case()
    browser = await cases.house.browser()
    for path in ("/console/cases", "/console/missing", f"/console/cases/{case.number}"):
        answer = await browser.get(path)
        assert answer.headers["Location"].startswith("/console/sign-in")


async def test_what_is_hidden_takes_about_the_time_of_what_is_not_there(cases: CaseHouse) -> None:
    hidden, _ = await protected(cases)
    browser = await cases.as_(Role.OPERATOR)
    spent: dict[str, list[float]] = {hidden.number: [], NOT_THERE: []}
    for _round in range(15):
        for number, times in spent.items():
            begun = time.perf_counter()
            assert (await browser.get(f"/console/cases/{number}")).status == 404
            times.append(time.perf_counter() - begun)
    medians = [statistics.median(times) for times in spent.values()]
    assert max(medians) < 3 * min(medians)  # a page that reads the whole file takes far longer


async def test_scripts_stay_texts_and_what_is_too_long_is_refused(cases: CaseHouse) -> None:
    script = "<script>alert(1)</script>"
    case = await cases.case(script, narrative=script, facts={"employer": script})
    async with cases.house.store.transaction() as unit:
        await unit.cases.save(replace(await cases.again(case), next_step=script))
    browser = await cases.as_(Role.OPERATOR)
    for path in ("/console/cases", f"/console/cases/{case.number}", f"/console/cases?q={script}", "/console/missing"):
        assert script not in await browser.text(path)
    answer = await browser.post(f"/console/cases/{case.number}/narrative", {"narrative": "x" * 20_001, "seen": "x"})
    assert answer.status == 422
    assert (await browser.get("/console/cases?status=<b>")).status == 404
    assert (await browser.get(f"/console/cases/{'9' * 3000}")).status == 404


async def test_r16_a_case_forgets_its_link_to_one_that_became_protected(cases: CaseHouse) -> None:
    seen, other = await cases.case("Ram Thapa", Topic.WAGES), await cases.case("Sita Rai", Topic.WAGES)
    operator, specialist = await cases.as_(Role.OPERATOR), await cases.as_(Role.SPECIALIST)
    page = f"/console/cases/{seen.number}"
    await operator.text(page)
    assert (await operator.post(f"{page}/link", {"other": other.number})).status == 303
    assert other.number in await operator.text(page)
    await cases.case("Sita Rai", Topic.ABUSE)
    assert other.number not in await operator.text(page)
    assert other.number in await specialist.text(page)


async def test_a_number_with_a_header_in_it_is_the_case_and_no_header(cases: CaseHouse) -> None:
    case = await cases.case()
    browser = await cases.as_(Role.OPERATOR)
    await browser.text(f"/console/cases/{case.number}")
    for form, fields in (("plan", {"step": "", "seen": stamp(case)}), ("wages", FORMS["wages"])):
        path = URL(f"/console/cases/{case.number}%0d%0aX-Evil:%201/{form}", encoded=True)
        answer = await browser.post(path, {**fields, "seen": stamp(case)})  # type: ignore[arg-type]
        assert answer.status in (303, 404, 409), form
        assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "1e999999", "-1", "1e-999999", "٣"])
async def test_no_amount_and_no_alphabet_makes_the_wage_form_fail(cases: CaseHouse, amount: str) -> None:
    case = await cases.case()
    browser = await cases.as_(Role.OPERATOR)
    await browser.text(f"/console/cases/{case.number}/wages")
    fields = {**FORMS["wages"], "agreed": amount, "deducted": "1", "why": "a+2AA-b", "seen": stamp(case)}
    body = "&".join(f"{name}={value}" for name, value in {**fields, "csrf": browser.csrf}.items())
    answer = await browser.client.post(
        f"/console/cases/{case.number}/wages", data=body, allow_redirects=False,
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-7"},
    )  # fmt: skip
    assert answer.status < 500
