"""The frame in a real browser on a small phone: for eyes, ears and keyboards, both directions, with and without
JavaScript."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from bot.domain.staff import Role
from tests.console import families
from tests.console.conftest import FARM, PASSWORD, Browser, House

Opened = Callable[..., Awaitable[Page]]
SMALL = {"width": 360, "height": 740}


@pytest.fixture
async def opened(house: House, chrome: Chromium) -> AsyncIterator[Opened]:
    """Open a page as a new phone; its console's complaints fail the test, but for refusals asked for."""
    house.pages += families.routes()
    await house.add("ana", Role.AUTHOR, FARM, totp_secret=None)
    problems: list[str] = []

    async def open_(path: str = "/console/", **options: Any) -> Page:
        context = await chrome.new_context(viewport=SMALL, **options)  # type: ignore[arg-type]
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        await page.goto(str((await house.serve()).make_url(path)))
        return page

    yield open_
    assert [line for line in problems if "Failed to load resource" not in line] == []


async def sign_in(page: Page, house: House) -> None:
    """Through all three pages, as somebody does who has just got an account."""
    await page.locator("#login").fill("ana")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("main button").click()
    secret = re.sub(r"[^A-Z2-7]", "", await page.locator("code").inner_text())
    await page.locator("#code").fill(Browser(None, house.clock).code(secret))  # type: ignore[arg-type]
    await page.locator("main button").click()
    await expect(page).to_have_url(re.compile(r"/console/$"))


async def is_sound(page: Page) -> None:
    """axe finds nothing, and nothing is wider than the phone."""
    found = await Axe().run(page)
    assert found.violations_count == 0, (page.url, found.generate_report())
    assert await page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"], page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
async def test_every_page_of_the_frame_is_sound_on_a_phone(
    house: House, opened: Opened, language: str, direction: str, scheme: str
) -> None:
    page = await opened(locale=language, color_scheme=scheme)
    await expect(page.locator("html")).to_have_attribute("dir", direction)
    await is_sound(page)
    await page.locator("#login").fill("ana")
    await page.locator("#password").fill("wrong-wrong-wrong")
    await page.locator("main button").click()
    await expect(page.locator("main [role=alert].flash")).to_be_visible()
    await is_sound(page)
    await page.locator("#login").fill("ana")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("main button").click()
    await expect(page.locator("figure svg")).to_be_visible()
    await is_sound(page)
    await page.goto(str((await house.serve()).make_url("/console/sign-in")))
    await sign_in(page, house)
    for path in ("/console/", "/console/account", "/console/nothing", "/console/sample/fail/bug"):
        await page.goto(str((await house.serve()).make_url(path)))
        await is_sound(page)


async def test_everything_works_without_javascript(house: House, opened: Opened) -> None:
    page = await opened(java_script_enabled=False)
    await sign_in(page, house)
    await page.get_by_role("button", name="Español").click()
    await expect(page.locator("html")).to_have_attribute("lang", "es")
    await page.get_by_role("button", name="Cerrar sesión").click()
    await expect(page).to_have_url(re.compile(r"/console/sign-in$"))


async def test_a_keyboard_reaches_the_content_first_and_everything_after(house: House, opened: Opened) -> None:
    page = await opened()
    await sign_in(page, house)
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await expect(page.locator(".skip")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Bring your people in")).to_be_focused()
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


async def test_a_page_that_lost_its_wire_says_that_it_is_not_live(house: House, opened: Opened) -> None:
    page = await opened()
    await sign_in(page, house)
    banner = page.locator("#not-live")
    await expect(banner).to_be_empty()
    await page.evaluate("document.body.dispatchEvent(new Event('htmx:sseError'))")
    await expect(banner).to_contain_text("Not live")
    await page.evaluate("document.body.dispatchEvent(new Event('htmx:sseMessage'))")
    await expect(banner).to_be_empty()
    await page.context.set_offline(True)
    await expect(banner).to_contain_text("Not live")
    await is_sound(page)
    await page.context.set_offline(False)
    await expect(banner).to_be_empty()


async def test_a_live_page_that_hears_nothing_for_ten_seconds_says_so(house: House, opened: Opened) -> None:
    page = await opened()
    await page.clock.install()
    await sign_in(page, house)
    await page.evaluate("document.body.dispatchEvent(new Event('htmx:sseOpen'))")
    await page.clock.run_for(9_000)
    await expect(page.locator("#not-live")).to_be_empty()
    await page.clock.run_for(2_000)
    await expect(page.locator("#not-live")).to_contain_text("Not live")


async def test_who_types_for_a_long_time_stays_signed_in(house: House, opened: Opened) -> None:
    page = await opened()
    await page.clock.install()
    await sign_in(page, house)
    await page.get_by_role("link", name="Ana").click()
    for _ in range(3):
        house.clock.pass_(timedelta(minutes=20))
        await page.clock.run_for(20 * 60_000)
        async with page.expect_response("**/console/still-here") as answer:
            await page.locator("#new").press_sequentially("x")
        assert (await answer.value).status == 204


async def test_a_page_that_is_printed_holds_no_buttons(house: House, opened: Opened) -> None:
    page = await opened()
    await sign_in(page, house)
    await page.emulate_media(media="print")
    await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    for hidden in ("nav", "footer", ".skip"):
        await expect(page.locator(hidden).first).to_be_hidden()
