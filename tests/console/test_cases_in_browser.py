"""The pages of cases in a real browser on a small phone, in both directions, by a specialist, who sees the most."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from bot.domain.case import Topic
from bot.domain.staff import Role
from tests.console.case_house import CaseHouse, case_house
from tests.console.conftest import House
from tests.console.test_case_papers import LINE, TOLD, sent
from tests.console.test_people_in_browser import is_sound


@pytest.fixture
async def cases(house: House) -> AsyncIterator[CaseHouse]:
    async with case_house(house) as opened:
        yield opened


async def test_every_page_of_cases_is_sound_in_both_directions(cases: CaseHouse, chrome: Chromium) -> None:
    case = await cases.case("Sita Rai", facts={"employer": "Granja Sul", "months": 2}, narrative="No pay since May.")
    await cases.case("Ram Thapa", Topic.MISSING_PERSON, facts={"missing_name": "सीता राई", "employer": "Granja Sul"})
    await cases.photo(case)
    browser = await cases.as_(Role.SPECIALIST)
    await browser.get(f"/console/cases/{case.number}")
    await browser.post(f"/console/cases/{case.number}/record-consent", TOLD)
    assert (await sent(browser, case, **LINE))[0] == 303
    served = await cases.house.serve()
    context = await chrome.new_context(viewport={"width": 360, "height": 740})
    url = str(served.make_url("/"))
    await context.add_cookies([{"name": "muster", "value": browser.cookie(), "url": url, "httpOnly": True}])
    page, base = await context.new_page(), f"/cases/{case.number}"
    for language in ("en", "ar"):
        await page.goto(f"{url}console/cases")
        await page.locator(f'.languages button[lang="{language}"]').click()
        await expect(page.locator("html")).to_have_attribute("lang", language)
        for path in ("/cases", "/cases?q=nobody", base, f"{base}/wages", f"{base}/refer", "/missing"):
            await page.goto(f"{url}console{path}")
            await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            await is_sound(page, path)
    await context.close()
