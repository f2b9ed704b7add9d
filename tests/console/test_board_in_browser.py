"""The board in a real browser on a small phone: it fills while answers arrive, in both directions, for everybody."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from bot.console import reports
from bot.domain.broadcast import BroadcastKind
from bot.domain.checkin import RecipientState, Safety, Source
from bot.domain.errors import Reason
from bot.domain.staff import Role
from bot.printing.report import draw_report
from bot.services.audit import AuditDesk
from bot.services.reports import ReportDesk
from tests.console.alarm import Alarm, alarmed
from tests.console.conftest import FARM, House
from tests.console.test_board_stream import Scene, scene
from tests.stand import NOW

__all__ = ["scene"]

SMALL = {"width": 360, "height": 740}
Opened = Callable[..., Awaitable[Page]]


@pytest.fixture
async def opened(house: House, scene: Scene, chrome: Chromium) -> AsyncIterator[Opened]:
    """Open a page as an author's phone; whatever its console complains of fails the test."""
    house.pages += reports.routes(
        desk=ReportDesk(store=house.store, clock=house.clock),
        boards=scene.readings.desk,
        clock=house.clock,
        audit=AuditDesk(store=house.store, clock=house.clock),
        printer=draw_report,
    )
    problems: list[str] = []

    async def open_(path: str, *, language: str = "en", viewport: Any = SMALL, **options: Any) -> Page:
        browser = await house.signed_in(f"ana-{language}", Role.AUTHOR, FARM, languages=(language,))
        served = await house.serve()
        context = await chrome.new_context(viewport=viewport, **options)
        await context.add_cookies([{"name": "muster", "value": browser.cookie(), "url": str(served.make_url("/"))}])
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        await page.goto(str(served.make_url(path)))
        return page

    yield open_
    assert problems == []


async def is_sound(page: Page, name: str) -> None:
    """axe finds nothing, and nothing is wider than the screen."""
    if folder := os.environ.get("SCREENSHOTS"):  # to look at
        language = await page.locator("html").get_attribute("lang")
        await page.screenshot(path=Path(folder) / f"{name}-{language}.png", full_page=True)
    found = await Axe().run(page)
    assert found.violations_count == 0, (page.url, found.generate_report())
    width = (page.viewport_size or SMALL)["width"]
    assert await page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def tile(page: Page, name: str) -> Any:
    return page.locator(f".tile-{name} strong")


async def half_answered(house: House, **fields: Any) -> Alarm:
    alarm = await alarmed(house.store, people=24, **fields)
    numbers = await alarm.numbers()
    await alarm.sent(*numbers[:20], next_at=NOW + timedelta(minutes=10))
    for i, number in enumerate(numbers[:12]):
        safety = Safety.HELP if i in (3, 8) else Safety.SAFE
        await alarm.answers(number, safety=safety, at=NOW + timedelta(seconds=20 * (i + 1)))
    await alarm.answers(numbers[12], source=Source.OTHER)
    await alarm.is_at(RecipientState.NOT_REACHED, *numbers[20:], reason=Reason.NO_ADDRESS)
    return alarm


async def test_the_board_fills_while_answers_arrive(house: House, scene: Scene, opened: Opened) -> None:
    alarm = await alarmed(house.store)
    one, two, *_ = await alarm.numbers()
    page = await opened(f"/console/board/{alarm.id}")
    await expect(tile(page, "no_answer")).to_have_text("6")
    await expect(page.locator("#chart")).to_be_hidden()

    await alarm.answers(one, at=NOW + timedelta(seconds=15))
    await alarm.answers(two, safety=Safety.HELP, at=NOW + timedelta(seconds=40))
    scene.readings.again()

    await expect(tile(page, "safe")).to_have_text("1")
    await expect(tile(page, "help")).to_have_text("1")
    await expect(tile(page, "no_answer")).to_have_text("4")
    await expect(page.locator("#helped")).to_contain_text("Worker 0001")
    await expect(page.locator("#chart canvas")).to_be_visible()
    await expect(page.locator("#map")).to_contain_text("South <mill>: 1 need help, 2 not heard of, 0 safe")


async def test_a_board_that_lost_its_data_says_since_when_and_comes_back(
    house: House, scene: Scene, opened: Opened
) -> None:
    alarm = await alarmed(house.store)
    page = await opened(f"/console/board/{alarm.id}")
    await expect(page.locator("#beat")).to_contain_text("As of")
    scene.readings.is_away = True
    scene.readings.again()
    await expect(page.locator("#beat")).to_contain_text("Not live since 6 May 2026, 12:00")
    scene.readings.is_away = False
    scene.readings.again()
    await expect(page.locator("#beat")).not_to_contain_text("Not live")


async def test_a_board_that_lost_its_wire_says_since_when(house: House, scene: Scene, opened: Opened) -> None:
    alarm = await alarmed(house.store)
    page = await opened(f"/console/board/{alarm.id}")
    house.clock.pass_(timedelta(minutes=1))
    scene.readings.again()
    await expect(page.locator("#beat")).to_contain_text("As of 6 May 2026, 12:01")  # by the wire, which is silent now
    await page.evaluate("document.body.dispatchEvent(new Event('htmx:sseError'))")
    await expect(page.locator("#not-live")).to_contain_text("Not live since 12:01")


async def test_a_board_whose_server_hangs_before_the_first_word_is_not_live(
    house: House, scene: Scene, opened: Opened
) -> None:
    alarm = await alarmed(house.store)
    page = await opened("/console/")
    await page.clock.install()
    await page.route("**/live", lambda route: asyncio.sleep(0))  # neither answered nor refused
    await page.goto(str((await house.serve()).make_url(f"/console/board/{alarm.id}")), wait_until="domcontentloaded")
    await page.clock.run_for(11_000)
    await expect(page.locator("#not-live")).to_contain_text("Not live since")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
async def test_every_page_is_sound_on_a_phone(house: House, opened: Opened, language: str, scheme: str) -> None:
    kind = BroadcastKind.ALERT if language == "en" else BroadcastKind.DRILL
    alarm = await half_answered(house, kind=kind)
    page = await opened(f"/console/board/{alarm.id}", language=language, color_scheme=scheme)
    await expect(page.locator("#chart canvas")).to_be_visible()
    await page.locator("#answers summary").click()
    await is_sound(page, f"board-{scheme}")
    at = page.url
    for path in ("/silent", "/silent?site=south"):
        await page.goto(at + path)
        await is_sound(page, f"silent-{scheme}")
    await page.locator("input[type=checkbox]").first.check()
    await page.locator("input[type=radio]").first.check()
    await page.locator("main form button").click()
    await is_sound(page, f"close-{scheme}")
    for path in ("/console/board", "/console/reports", f"/console/reports/{alarm.id}"):
        await page.goto(str((await house.serve()).make_url(path)))
        await is_sound(page, f"{path.rsplit('/', 1)[-1]}-list-{scheme}")


async def test_everything_works_without_javascript(house: House, opened: Opened) -> None:
    alarm = await half_answered(house)
    page = await opened(f"/console/board/{alarm.id}", java_script_enabled=False)
    await expect(tile(page, "safe")).to_have_text("10")
    await page.get_by_role("button", name="See who has not answered").click()
    await page.get_by_label("Worker 0014").check()
    await page.get_by_label("On leave, not here").check()
    await page.get_by_role("button", name="Close those I chose").click()
    await expect(page.get_by_role("heading", name="Close 1 person?")).to_be_visible()
    await page.get_by_role("button", name="Yes, close them").click()
    await expect(page.locator(".flash.done")).to_have_text("1 person is closed.")
    await expect(page.get_by_text("Worker 0014")).to_have_count(0)


async def test_a_wide_screen_shows_the_same(house: House, opened: Opened) -> None:
    alarm = await half_answered(house, kind=BroadcastKind.DRILL)
    page = await opened(f"/console/board/{alarm.id}", viewport={"width": 1280, "height": 900})
    await expect(page.locator("#chart canvas")).to_be_visible()
    await is_sound(page, "board-wide")
