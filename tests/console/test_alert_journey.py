"""A drill's journey in a real browser: drafted from a template, read, submitted, and sent by a second person.

The pages are also looked at by axe, on a phone and a wide screen, in both directions; and used without JavaScript.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from bot.domain.broadcast import BroadcastStatus
from bot.domain.staff import Role
from tests.console.alert_house import CAMP, MILL, begun, open_alerts, people, revision_in, saved, stored, submitted
from tests.console.conftest import FARM, PASSWORD, Browser, House

MARKUP = "<img src=x onerror=alert(1)>"
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}

Opened = Callable[..., Awaitable[Page]]


@pytest.fixture
async def opened(house: House, chrome: Chromium) -> AsyncIterator[Opened]:
    """Open a page as a browser of its own; what its console complains of fails the test."""
    problems: list[str] = []

    async def open_(path: str, reader: Browser | None = None, **options: Any) -> Page:
        url = str((await house.serve()).make_url(path))
        context = await chrome.new_context(**{"viewport": PHONE, "locale": "en", **options})
        if reader is not None:
            await context.add_cookies([{"name": "muster", "value": reader.cookie(), "url": url}])
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        await page.goto(url)
        return page

    yield open_
    assert [line for line in problems if "Failed to load resource" not in line] == []


async def sign_in(page: Page, house: House, login: str) -> None:
    await page.locator("#login").fill(login)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("main button").click()
    await page.locator("#code").fill(Browser(None, house.clock).code())  # type: ignore[arg-type]
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(re.compile(r"/console/alerts[^/]*$"))


async def is_sound(page: Page) -> None:
    """axe finds nothing, and nothing is wider than the screen."""
    found = await Axe().run(page)
    assert found.violations_count == 0, (page.url, found.generate_report())
    size = page.viewport_size
    assert size is not None
    assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"], page.url


@pytest.mark.parametrize("has_scripts", [True, False], ids=["live", "plain"])
async def test_r7_a_drill_is_drafted_read_submitted_and_sent_by_a_second_person(
    house: House, opened: Opened, has_scripts: bool
) -> None:
    open_alerts(house)
    await people(house, 20)
    await house.add("ana", Role.AUTHOR, FARM)
    await house.add("abel", Role.APPROVER, FARM)

    page = await opened("/console/alerts", java_script_enabled=has_scripts)
    await sign_in(page, house, "ana")
    await page.get_by_role("link", name="Alerts", exact=True).click()
    await page.get_by_role("button", name="New DRILL").click()
    await page.get_by_label("Begin with").select_option(label="Flood")
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_label("Where it happens").fill("Lajeado")
    await page.get_by_label("The time that the template speaks of").fill("2026-05-06T11:30")
    await page.get_by_role("button", name="Save", exact=True).first.click()
    for name in ("Spanish (Español)", "Nepali (नेपाली)", "Arabic (العربية)"):
        if has_scripts:
            await page.get_by_label("Languages", exact=True).get_by_role("link", name=name).click()
        await page.get_by_role("button", name=f"I have read this and it says the same as the source ({name})").click()
        await expect(page.locator(".flash.done")).to_contain_text("You stand for the text in")
    await page.get_by_role("button", name="Save and see how it looks").first.click()
    await expect(page.locator(".tiles")).to_contain_text("20 people in all")
    await page.get_by_label("I know this, and it cannot wait.").check()
    await page.get_by_role("button", name="Submit for approval").click()
    await expect(page.locator(".flash.done")).to_contain_text("Somebody else has to approve it now.")
    address = page.url

    second = await opened("/console/alerts?show=waiting", java_script_enabled=has_scripts)
    await sign_in(second, house, "abel")
    await second.goto(address)
    await expect(second.locator("main .drill-mark").first).to_have_text("DRILL")
    await second.get_by_label("Type the number of people who get it").fill("19")
    await second.get_by_label("I know this, and it cannot wait.").check()
    await second.get_by_role("button", name="Send DRILL to 20 people").click()
    await expect(second.locator(".flash.problem[role=alert]")).to_contain_text(
        "This would go to 20 people, and you typed 19."
    )
    await second.get_by_label("Type the number of people who get it").fill("20")
    await second.get_by_label("I know this, and it cannot wait.").check()
    await second.get_by_role("button", name="Send DRILL to 20 people").click()
    await expect(second.locator(".flash.done")).to_contain_text("It is going out now.")
    broadcast = await stored(house, address.rpartition("/")[2])
    assert broadcast.status is BroadcastStatus.LIVE
    assert broadcast.author != broadcast.approver


async def test_the_map_and_the_list_of_corners_say_the_same(house: House, opened: Opened) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house, 12, sites=[MILL, replace(CAMP, name=f"River Camp {MARKUP}")])
    page = await opened(f"{await begun(author)}/edit", author, viewport=DESK)
    await page.get_by_text("Only in an area on the map").click()
    box = page.locator("#map")
    await expect(box).to_be_visible()
    await expect(box).to_contain_text("Serra Mill")
    await expect(box).to_contain_text(f"River Camp {MARKUP}")
    await expect(box.locator("img")).to_have_count(0)
    size = await box.bounding_box()
    assert size is not None
    for x, y in ((5, size["height"] - 5), (size["width"] - 5, size["height"] - 5), (size["width"] - 5, 5)):
        await box.click(position={"x": x, "y": y})
    await box.click(position={"x": 60, "y": 5})  # beside the buttons for near and far
    corners = page.get_by_label("Corners of the area")
    assert len((await corners.input_value()).splitlines()) == 4
    await expect(page.locator("#count")).to_contain_text("12 people would get this.")
    await expect(page.locator("#count")).to_contain_text(f"River Camp {MARKUP}, Serra Mill")
    await page.get_by_role("button", name="Take back the last point").click()
    assert len((await corners.input_value()).splitlines()) == 3
    await corners.fill("-29.46, -51.96, 5")
    await corners.blur()
    await expect(page.locator("#count")).to_contain_text("6 people would get this.")


async def test_a_draft_that_is_not_saved_is_not_lost_to_a_slip(house: House, opened: Opened) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house, 12)
    page = await opened(f"{await begun(author)}/edit", author)
    asked: list[str] = []

    async def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    page.on("dialog", stay)
    await page.get_by_label("Where it happens").fill("Lajeado")
    await page.get_by_role("link", name="Board").click()
    await expect(page).to_have_url(re.compile("/console/board"))
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("es", "dark"), ("ar", "light")])
async def test_every_alert_page_is_sound(
    house: House, opened: Opened, language: str, scheme: str, size: dict[str, int]
) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house, 40)
    draft = await begun(author, kind="alert")
    waiting = await submitted(author, kind="alert", overrides_opt_out="1", drawn="-29.46, -51.96, 30")
    out = await submitted(author, is_public="1")
    text = await approver.text(out)
    await approver.post(f"{out}/approve", {"recipients": "40", "revision": revision_in(text), "knows_fallbacks": "1"})
    await saved(author, draft, repeats="never")
    look = {"viewport": size, "locale": language, "color_scheme": scheme}
    page = await opened("/console/alerts", author, **look)
    await is_sound(page)
    for path in ("/console/alerts?show=live", "/console/alerts/new?kind=alert", "/console/alerts/cap", f"{draft}/edit",
                 draft, f"{draft}/cancel", waiting, out, f"{out}/cancel"):  # fmt: skip
        await page.goto(str((await house.serve()).make_url(path)))
        for fold in await page.locator("main details:not([open]) > summary").all():
            if await fold.is_visible():
                await fold.click()
        await is_sound(page)
    page = await opened(waiting, approver, **look)
    await is_sound(page)
    await page.locator("button.live").click()  # the browser itself refuses an empty number
    await page.locator("#recipients").fill("7")
    await page.locator("button.live").click()
    await expect(page.locator(".flash.problem").first).to_be_visible()
    await is_sound(page)
