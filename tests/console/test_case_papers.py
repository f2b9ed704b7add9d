"""Consents, wage claims and referrals on a case's pages: worked out, on paper, and only with a yes (R4)."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator

import pytest

from bot.domain.case import Case
from bot.domain.consent import ConsentState
from bot.domain.staff import Role
from bot.domain.values import Money
from tests.console.case_house import CaseHouse, case_house
from tests.console.conftest import Browser, House
from tests.console.test_cases import SEEN

LINE = {
    "begins": "2026-02-01", "ends": "2026-02-28", "currency": "brl", "agreed": "1500.50", "deducted": "100",
    "why": "advance", "paid": "400",
}  # fmt: skip
TOLD = {
    "told_recipient": "Consulate of Nepal", "told_purpose": "new passport", "told_answer": "yes",
    "told_note": "on the phone",
}  # fmt: skip


@pytest.fixture
async def cases(house: House) -> AsyncIterator[CaseHouse]:
    async with case_house(house) as opened:
        yield opened


async def sent(browser: Browser, case: Case, **change: str) -> tuple[int, str]:
    path = f"/console/cases/{case.number}/wages"
    found = SEEN.search(await browser.text(path))
    assert found
    answer = await browser.post(path, {**LINE, **change, "seen": found.group(1)})
    return answer.status, await answer.text()


async def test_a_wage_claim_is_worked_out_line_by_line_and_comes_as_pdf(
    cases: CaseHouse, caplog: pytest.LogCaptureFixture
) -> None:
    case = await cases.case(facts={"employer": "Granja Sul"})
    await cases.photo(case)
    browser = await cases.as_(Role.OPERATOR)
    path = f"/console/cases/{case.number}/wages"
    assert (await browser.get(f"{path}.pdf?language=pt")).status == 404  # nothing is claimed yet
    assert (await sent(browser, case))[0] == 303
    shown = await browser.text(path)
    for figure in ("1,500.50", "100.00", "400.00", "1,000.50 BRL"):
        assert figure in shown
    with caplog.at_level(logging.WARNING):
        answer = await browser.get(f"{path}.pdf?language=pt")
    assert answer.content_type == "application/pdf"
    assert (await answer.read()).startswith(b"%PDF-")
    assert "missing the following glyphs" not in caplog.text
    assert (await browser.get(f"{path}.pdf?language=xx")).status == 404


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ends": "2026-01-01"}, "Line 1: It ends before it begins."),
        ({"ends": "2026-12-31"}, "Line 1: It ends in the future"),
        ({"agreed": "-5", "deducted": "", "why": ""}, "below zero"),
        ({"agreed": "1500.505"}, "more digits"),
        ({"agreed": "a lot"}, "Line 1: This line cannot be read."),
        ({"agreed": "NaN"}, "too large"),
        ({"currency": "R$"}, "no currency"),
        ({"why": ""}, "Say what is taken off for."),
        ({"deducted": "2000"}, "More is taken off"),
    ],
)
async def test_a_claim_that_cannot_stand_is_refused_with_the_reason_and_kept_as_typed(
    cases: CaseHouse, change: dict[str, str], told: str
) -> None:
    case = await cases.case()
    status, shown = await sent(await cases.as_(Role.OPERATOR), case, **change)
    assert status == 422
    assert told in shown
    assert 'value="400"' in shown
    assert (await cases.again(case)).pay == ()


async def test_a_claim_is_proposed_from_what_the_worker_answered(cases: CaseHouse) -> None:
    case = await cases.case(facts={"months": 2, "amount": Money(value=3000, currency="BRL")})  # type: ignore[arg-type]
    shown = await (await cases.as_(Role.OPERATOR)).text(f"/console/cases/{case.number}/wages")
    assert "This comes from what the worker answered." in shown
    assert 'value="2026-03-01"' in shown
    assert 'value="3000"' in shown


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.OPERATOR, True), (Role.SUPERVISOR, True), (Role.SPECIALIST, True),
        (Role.ADMINISTRATOR, False), (Role.AUTHOR, False), (Role.APPROVER, False),
    ],
)  # fmt: skip
async def test_whoever_works_on_a_case_makes_its_papers_and_nobody_else(
    cases: CaseHouse, role: Role, may: bool
) -> None:
    """R2, R4, R17: a paper of one person is case work; that it left the house is entered."""
    case = await cases.case()
    await sent(await cases.as_(Role.OPERATOR if role is not Role.OPERATOR else Role.SUPERVISOR), case)
    browser = await cases.as_(role)
    path = f"/console/cases/{case.number}"
    made = await browser.get(f"{path}/wages.pdf?language=pt")
    assert (made.content_type == "application/pdf") is may
    assert (await browser.get(f"{path}/refer")).status == (200 if may else 404)
    async with cases.house.store.look() as unit:
        exports = [one for one in await unit.audit.search(subject=case.id, limit=20) if one.deed == "export"]
    assert [one.detail for one in exports] == (["wage statement"] if may else [])


async def test_nothing_goes_out_without_a_consent_that_holds(cases: CaseHouse) -> None:
    """R4: and nothing is ticked beforehand; what was not ticked is not on the paper."""
    case = await cases.case(narrative="He took my passport", facts={"employer": "Granja Sul"})
    browser = await cases.as_(Role.OPERATOR)
    path = f"/console/cases/{case.number}"
    shown = await browser.text(f"{path}/refer")
    assert "has not agreed" in shown
    assert "<button>Make the paper" not in shown
    ticked = {"what": ["name", "country"], "language": "en"}
    assert (await browser.post(f"{path}/refer", {**ticked, "consent": "x"})).status == 422
    await browser.follow(await browser.post(f"{path}/record-consent", TOLD))
    shown = await browser.text(f"{path}/refer")
    assert 'type="checkbox"' in shown
    assert not re.search(r'type="checkbox"[^>]* checked', shown)
    (consent,) = await consents(cases, case)
    assert (await browser.post(f"{path}/refer", {"language": "en", "consent": consent})).status == 422
    answer = await browser.post(f"{path}/refer", {**ticked, "consent": consent})
    assert answer.content_type == "application/pdf"
    shown = await browser.text(path)
    assert "Consulate of Nepal" in shown
    assert "referred a case" in shown
    async with cases.house.store.look() as unit:
        exports = [one for one in await unit.audit.search(subject=case.id, limit=20) if one.deed == "export"]
    assert [one.detail for one in exports] == [f"consent {consent}: name"]  # the country is not known
    await browser.follow(await browser.post(f"{path}/revoke-consent", {"consent": consent}))
    assert (await browser.post(f"{path}/refer", {**ticked, "consent": consent})).status == 422


async def test_a_consent_of_somebody_else_or_of_another_case_opens_nothing(cases: CaseHouse) -> None:
    """R4."""
    mine, others = await cases.case("Sita Rai"), await cases.case("Ram Rai")
    browser = await cases.as_(Role.OPERATOR)
    await browser.get(f"/console/cases/{others.number}")
    await browser.follow(await browser.post(f"/console/cases/{others.number}/record-consent", TOLD))
    (consent,) = await consents(cases, others)
    fields = {"what": ["name"], "language": "en", "consent": consent}
    assert (await browser.post(f"/console/cases/{mine.number}/refer", fields)).status == 422
    answer = await browser.post(f"/console/cases/{mine.number}/revoke-consent", {"consent": consent})
    assert answer.status == 422


async def test_a_consent_by_word_of_mouth_says_how_it_was_given(cases: CaseHouse) -> None:
    case = await cases.case()
    browser = await cases.as_(Role.OPERATOR)
    path = f"/console/cases/{case.number}"
    await browser.get(path)
    assert (await browser.post(f"{path}/record-consent", {**TOLD, "told_note": ""})).status == 422
    assert await consents(cases, case) == []
    shown = await (await browser.follow(await browser.post(f"{path}/record-consent", TOLD))).text()
    assert "on the phone" in shown
    assert (await browser.post(f"{path}/ask-consent", {"recipient": "x", "purpose": "y"})).status == 409


async def consents(cases: CaseHouse, case: Case) -> list[str]:
    async with cases.house.store.look() as unit:
        return [one.id for one in await unit.consents.of(case.contact) if one.state is not ConsentState.REVOKED]
