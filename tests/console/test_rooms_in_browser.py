"""Every room of the console in a real browser: at both widths, in both directions, axe finds nothing to complain of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from bot.domain.staff import Role
from tests.console.desk_scene import DeskScene, desk
from tests.console.rooms import Rooms, furnish

__all__ = ["desk"]

PHONE, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


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
            "/settings/flows/abuse", "/settings/flows/unpaid_wages", "/settings/channels", "/settings/retention", "/audit",
            "/audit?subject=nothing", "/account",
        ),
    }  # fmt: skip


@pytest.mark.parametrize("width", [360, 1280])
async def test_every_room_is_sound(desk: DeskScene, rooms: Rooms, chrome: Chromium, width: int) -> None:
    url = str((await desk.house.serve()).make_url("/"))
    for role, addresses in paths(rooms).items():
        context = await chrome.new_context(viewport=PHONE if width == 360 else WIDE)
        await context.add_cookies([{"name": "muster", "value": rooms.browsers[role].cookie(), "url": url}])
        page = await context.new_page()
        for language in ("en", "ar"):
            await page.goto(f"{url}console/account")
            await page.locator(f'.languages button[lang="{language}"]').click()
            await expect(page.locator("html")).to_have_attribute("lang", language)
            for path in addresses:
                answer = await page.goto(f"{url}console{path}")
                assert answer is not None
                assert answer.status in (200, 422), path
                await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
                await see(page, path, language, width)
        await context.close()


async def see(page: Page, path: str, language: str, width: int) -> None:
    """Axe finds nothing, and nothing is wider than the screen."""
    if folder := os.environ.get("SCREENSHOTS"):  # to look at
        name = path.strip("/").replace("/", "-").replace("?", "-").replace("=", "-").replace("&", "-")
        await page.screenshot(path=Path(folder) / f"{name}-{language}-{width}.png", full_page=True)
    found = await Axe().run(page)
    assert found.violations_count == 0, (path, found.generate_report())
    assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
