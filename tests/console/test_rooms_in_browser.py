"""Every room of the console in a real browser: sound at both widths, in both directions, and used without a mouse."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pyotp
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, ViewportSize, expect

from bot.domain.case import CaseStatus, Topic
from bot.domain.staff import Role
from tests.console.conftest import PASSWORD, SECRET
from tests.console.desk_scene import DeskScene, desk
from tests.console.rooms import Rooms, furnish
from tests.console.test_desk_in_browser import tab_to

__all__ = ["desk"]

PHONE: ViewportSize = {"width": 360, "height": 740}
WIDE: ViewportSize = {"width": 1280, "height": 900}


@pytest.fixture
async def rooms(desk: DeskScene) -> Rooms:
    return await furnish(desk)


def paths(rooms: Rooms) -> dict[Role, tuple[str, ...]]:
    """The addresses by who sees the most there."""
    case = f"/cases/{rooms.case.number}"
    return {
        Role.SPECIALIST: (
            "/cases", "/cases?q=nobody", case, f"{case}/wages", f"{case}/refer",
            f"/cases/{rooms.missed.number}/wages", f"/cases/{rooms.missed.number}/refer", "/missing",
            f"/desk/{rooms.case.contact}/compose", f"/desk/{rooms.missed.contact}/compose",
            f"/desk/{rooms.case.contact}/same", f"/desk/{rooms.missed.contact}/same?q=nobody",
            f"/desk/{rooms.case.contact}/same/{rooms.missed.contact}",
        ),
        Role.SUPERVISOR: (
            "/places", "/places?q=nobody", "/places?state=review", "/places/new", f"/places/{rooms.place}",
            "/places/import", rooms.preview.removeprefix("/console"), "/corrections", "/duty",
            f"/duty/shifts/{rooms.shift}",
            "/service", "/service?first=x&last=y", "/due-diligence", "/replies", "/replies/new",
        ),
        Role.ADMINISTRATOR: (
            "/staff", "/staff/new", "/staff/employers", "/settings", "/settings/languages", "/settings/flows",
            "/settings/flows/abuse", "/settings/flows/unpaid_wages", "/settings/channels", "/settings/retention",
            "/audit", "/audit?subject=nothing", "/account",
        ),
    }  # fmt: skip


@pytest.mark.parametrize(("language", "first", "scheme"), [("en", PHONE, "light"), ("ar", WIDE, "dark")])
async def test_every_room_is_sound(
    desk: DeskScene, rooms: Rooms, chrome: Chromium, language: str, first: ViewportSize, scheme: Any
) -> None:
    """Between them both languages, both widths and both schemes; nothing is wider than either screen."""
    url = str((await desk.house.serve()).make_url("/"))
    for role, addresses in paths(rooms).items():
        context = await chrome.new_context(viewport=first, color_scheme=scheme)
        await context.add_cookies([{"name": "muster", "value": rooms.browsers[role].cookie(), "url": url}])
        page = await context.new_page()
        await page.goto(f"{url}console/account")
        await page.locator(f'.languages button[lang="{language}"]').click()
        await expect(page.locator("html")).to_have_attribute("lang", language)
        for path in addresses:
            answer = await page.goto(f"{url}console{path}")
            assert answer is not None
            assert answer.status in (200, 422), path
            await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            await see(page, path, language)
            found = await Axe().run(page)
            assert found.violations_count == 0, (path, found.generate_report())
            await page.set_viewport_size(WIDE if first is PHONE else PHONE)
            await see(page, path, language)
            await page.set_viewport_size(first)
        await context.close()


async def see(page: Page, path: str, language: str) -> None:
    """Nothing is wider than the screen."""
    width = (page.viewport_size or PHONE)["width"]
    if folder := os.environ.get("SCREENSHOTS"):  # to look at
        name = re.sub(r"[^a-zA-Z0-9]+", "-", path).strip("-")
        await page.screenshot(path=Path(folder) / f"{name}-{language}-{width}.png", full_page=True)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)


async def test_an_operator_signs_in_answers_and_hands_back_without_a_mouse(desk: DeskScene, chrome: Chromium) -> None:
    """R14."""
    worker, case = await desk.waits(Topic.PERSON, says="hello")
    await desk.house.add("olga", Role.OPERATOR, languages=("en",))
    context = await chrome.new_context(viewport=PHONE)
    page = await context.new_page()
    press = page.keyboard.press
    await page.goto(str((await desk.house.serve()).make_url("/console/desk")))
    for label, typed in (("Login", "olga"), ("Password", PASSWORD)):
        await tab_to(page, label)
        await page.keyboard.type(typed)
    await press("Enter")
    await expect(page.locator("#code")).to_be_visible()
    await tab_to(page, "Six digits")
    await page.keyboard.type(pyotp.TOTP(SECRET).at(desk.house.clock.now()))
    await press("Enter")
    await expect(page.locator(".queue-row")).to_be_visible()

    await tab_to(page, f"Take {case.number}")
    await press("Enter")
    await expect(page.locator("#standing")).to_contain_text("You have this conversation")
    await tab_to(page, "Answer in")
    await page.keyboard.type("Here I am.")
    await press("Control+Enter")
    await expect(page.locator("#composer .flash.done")).to_have_text("Sent.")
    await expect(page.locator("#text")).to_be_focused()
    assert worker.said[-1].text == "Here I am."

    await tab_to(page, "Write a note")
    await press("Enter")
    await tab_to(page, "Note (the worker")
    await page.keyboard.type("Wants to be called.")
    await tab_to(page, "Keep the note")
    await press("Enter")
    await expect(page.locator("#noting .flash.done")).to_have_text("Noted.")

    await tab_to(page, "Hand back to the bot")
    await press("Enter")
    await tab_to(page, "How it ended")
    await page.keyboard.type("Helped")  # a list is chosen from by its first letters
    await tab_to(page, "Hand back")
    await press("Enter")
    await expect(page.locator(".flash.done")).to_have_text("Handed back to the bot.")
    assert (await worker.cases())[0].status is CaseStatus.RESOLVED
    await context.close()
