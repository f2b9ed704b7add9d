"""People, sites and preparedness in a real browser on a small phone: an import by hand, and nothing that shuts anybody
out, in both directions."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Page, expect

from tests.console.companies import AHMED, HEADER, SITA, listed, open_company, people_of
from tests.console.conftest import House

PATHS = (
    "/people", "/people?q=nobody", "/people/import", "/sites", "/sites/new", "/sites/aa1", "/sites/on-call",
    "/preparedness",
)  # fmt: skip


@pytest.fixture
async def phone(house: House, chrome: Chromium) -> AsyncIterator[BrowserContext]:
    """A small phone of an author who is signed in."""
    await listed(house, await open_company(house))
    browser = await house.author()
    served = await house.serve()
    context = await chrome.new_context(viewport={"width": 360, "height": 740})
    await context.add_cookies(
        [{"name": "muster", "value": browser.cookie(), "url": str(served.make_url("/")), "httpOnly": True}]
    )
    yield context
    await context.close()


async def see(page: Page, house: House, path: str) -> None:
    """Open the page; axe finds nothing, and nothing is wider than the phone."""
    await page.goto(str((await house.serve()).make_url(f"/console{path}")))
    await is_sound(page, path)


async def is_sound(page: Page, path: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):  # to look at
        name = path.strip("/").replace("/", "-").partition("?")[0]
        language = await page.locator("html").get_attribute("lang")
        await page.screenshot(path=Path(folder) / f"{name}-{language}.png", full_page=True)
    found = await Axe().run(page)
    assert found.violations_count == 0, (path, found.generate_report())
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path


async def test_every_page_is_sound_in_both_directions(phone: BrowserContext, house: House) -> None:
    page = await phone.new_page()
    (first, *_) = await people_of(house)
    for language in ("en", "ar"):
        await see(page, house, "/people")
        await page.locator(f'.languages button[lang="{language}"]').click()
        await expect(page.locator("html")).to_have_attribute("lang", language)
        for path in (*PATHS, f"/people/{first.id}"):
            await see(page, house, path)


async def test_a_file_is_imported_by_hand(phone: BrowserContext, house: House) -> None:
    page = await phone.new_page()
    await see(page, house, "/people/import")
    changed = HEADER + SITA.replace("AA1", "BB2") + AHMED + "Maya,+9779800000003,ne,AA1,,19\nBad,banana,ne,AA1,,20\n"
    await page.locator("#file").set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": changed.encode()}
    )
    await page.get_by_role("button", name="Show what would change").click()
    await expect(page.get_by_text("New: 1")).to_be_visible()
    await is_sound(page, "preview")
    await page.get_by_label("Leave the rows with problems out").check()
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.locator(".flash.done")).to_contain_text("Imported: 1 new, 1 changed, 1 the same")
    assert len(await people_of(house)) == 3


async def test_the_list_narrows_while_one_looks(phone: BrowserContext, house: House) -> None:
    page = await phone.new_page()
    await see(page, house, "/people")
    await page.locator("#group").select_option("night")
    await expect(page.get_by_text("Ahmed Ali")).to_have_count(0)
    await expect(page.get_by_text("Sita Gurung")).to_be_visible()
