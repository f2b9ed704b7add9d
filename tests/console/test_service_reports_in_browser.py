"""The supervisor's reports in a real browser on a small phone, in both directions."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from bot.console import due_diligence, service_reports
from bot.domain.case import Topic, Urgency
from bot.domain.staff import Role
from bot.printing.report import draw_report
from bot.services.due_diligence import DueDiligenceDesk
from bot.services.service_reports import ServiceReportDesk
from tests.console.case_house import case_house
from tests.console.conftest import House
from tests.console.test_due_diligence_pages import unpaid
from tests.console.test_people_in_browser import is_sound
from tests.console.test_service_reports import says


async def test_both_reports_are_sound_in_both_directions_and_the_chart_is_drawn(house: House, chrome: Chromium) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    desk = DueDiligenceDesk(store=house.store, clock=house.clock, zone=zone, currency="BRL")
    house.pages += service_reports.routes(
        desk=ServiceReportDesk(store=house.store, clock=house.clock), clock=house.clock
    )
    house.pages += due_diligence.routes(desk=desk, printer=draw_report, host="BR")
    await unpaid(house)
    async with case_house(house) as cases:
        await says(cases, await cases.case("Sita Rai", Topic.MEDICAL, Urgency.CRITICAL), 7)
        browser = await cases.as_(Role.SUPERVISOR)
        url = str((await house.serve()).make_url("/"))
        context = await chrome.new_context(viewport={"width": 360, "height": 740})
        await context.add_cookies([{"name": "muster", "value": browser.cookie(), "url": url, "httpOnly": True}])
        page = await context.new_page()
        for language in ("en", "ar"):
            await page.goto(f"{url}console/service")
            await page.locator(f'.languages button[lang="{language}"]').click()
            await expect(page.locator("html")).to_have_attribute("lang", language)
            for path in ("/service", "/service?first=x&last=y", "/due-diligence"):
                await page.goto(f"{url}console{path}")
                if path == "/service":
                    await expect(page.locator("#chart canvas")).to_be_visible()
                await is_sound(page, path)
        await context.close()
