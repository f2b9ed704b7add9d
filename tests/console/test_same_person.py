"""R2, R16: the pages where two conversations of one person are put together: found, compared, confirmed and undone."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from bot.domain.case import Case, Topic, Urgency
from bot.domain.contact import Channel, ContactId, Permission
from bot.domain.staff import Role
from tests.console.conftest import FARM, Browser
from tests.console.desk_scene import DeskScene, desk
from tests.dialogue import Worker

__all__ = ["desk"]

SMALL = {"width": 360, "height": 740}


async def two(scene: DeskScene) -> tuple[tuple[Worker, Case], tuple[Worker, Case]]:
    """Sita, who writes by web chat, and once more by SMS."""
    one = await scene.waits(Topic.WAGES, says="my company has not paid my salary for three months")
    worker = scene.muster.worker(Channel.SMS, "+5551555009017")
    await worker.says("hello")
    other = worker, await scene.opens(worker, Topic.DOCUMENTS, Urgency.HIGH)
    await named(scene, one[0], "Sita Rai")
    await named(scene, other[0], "सीता राई", language="ne")
    return one, other


async def named(scene: DeskScene, worker: Worker, name: str, **more: object) -> None:
    contact = await worker.contact()
    async with scene.muster.store.transaction(contact.id) as unit:
        await unit.contacts.save(replace(contact, name=name, nationality="NP", **more))  # type: ignore[arg-type]


def path(contact: ContactId, other: ContactId | None = None) -> str:
    return f"/console/desk/{contact}/same" + (f"/{other}" if other else "")


async def test_they_are_found_looked_at_put_together_and_taken_apart(desk: DeskScene) -> None:
    (one, case), (other, theirs) = await two(desk)
    browser = await desk.staff()
    assert path(case.contact) in await browser.text(f"/console/desk/{case.contact}")
    suggested = await browser.text(path(case.contact))
    assert path(case.contact, theirs.contact) in suggested
    assert "…017" in suggested
    assert "5551555009017" not in suggested, "a number that may be somebody else's"
    found = await browser.text(f"{path(case.contact)}?q={theirs.number}")
    assert path(case.contact, theirs.contact) in found
    shown = await browser.text(path(case.contact, theirs.contact))
    for text in ("Sita Rai", "सीता राई", theirs.number, case.number, "The person is told nothing"):
        assert text in shown
    before = len(one.said), len(other.said)
    answer = await browser.post(path(case.contact, theirs.contact))
    talk = await (await browser.follow(answer)).text()
    assert "The two conversations are one now." in talk
    assert "Put together with another conversation by Olga" in talk
    assert theirs.number in talk
    assert (len(one.said), len(other.said)) == before
    led = await browser.follow(await browser.get(f"/console/desk/{theirs.contact}"))
    assert "Here it goes on." in await led.text()
    merge = re.search(r'name="merge" value="([^"]+)"', await browser.text(path(case.contact)))
    assert merge is not None
    talk = await (await browser.follow(await browser.post(path(case.contact), {"merge": merge[1]}))).text()
    assert "The two conversations are apart again." in talk
    assert theirs.number not in talk
    assert theirs.number in await browser.text(f"/console/desk/{theirs.contact}")
    again = await browser.post(path(case.contact), {"merge": merge[1]})
    assert again.status == 422
    assert "taken apart already" in await again.text()


async def test_what_stands_in_the_way_is_said_before_and_there_is_no_button(desk: DeskScene) -> None:
    """R14."""
    (_, case), (_, theirs) = await two(desk)
    olga, ivan = await desk.staff(), await desk.staff("ivan")
    await ivan.post("/console/desk/take", {"contact": theirs.contact})
    shown = await olga.text(path(case.contact, theirs.contact))
    assert "Somebody else has one of the two conversations." in shown
    assert "Yes, put them together" not in shown
    answer = await olga.post(path(case.contact, theirs.contact))
    assert answer.status == 422
    assert "Somebody else has one of the two conversations." in await answer.text()


async def test_a_stop_and_a_protection_case_are_told_of_before(desk: DeskScene) -> None:
    """R16, R19."""
    (_, case), (other, theirs) = await two(desk)
    contact = await other.contact()
    async with desk.muster.store.transaction(contact.id) as unit:
        now = desk.muster.clock.now()
        await unit.contacts.save(contact.permitting(other.address, Permission.REFUSED, now))
    await desk.opens(other, Topic.ABUSE)
    shown = await (await desk.staff("sofia", Role.SPECIALIST)).text(path(case.contact, theirs.contact))
    assert "From then on only specialists see any of it." in shown
    assert "Addresses that wrote STOP stay stopped." in shown


async def test_nothing_tells_that_a_protected_one_is_there(desk: DeskScene) -> None:
    """R2, R16: for who may not see one of the two, every address says what it says of what does not exist."""
    (_, case), (other, theirs) = await two(desk)
    await desk.opens(other, Topic.ABUSE)
    nobody = ContactId("0-no-such-contact")
    browsers = {
        "olga": await desk.staff(),
        "ada": await desk.staff("ada", Role.ADMINISTRATOR),
        "ana": await desk.house.author(FARM),
    }
    for login, browser in browsers.items():
        for kept, gone in ((case.contact, theirs.contact), (theirs.contact, case.contact)):
            for hidden in (path(kept, gone), path(theirs.contact)):
                there = await browser.get(hidden)
                absent = await browser.get(hidden.replace(theirs.contact, nobody))
                assert (there.status, absent.status) == (404, 404), (login, hidden)
                assert plain(await there.text(), theirs.contact) == plain(await absent.text(), nobody), login
            assert (await post(browser, path(kept, gone))).status == 404
        assert (await post(browser, path(case.contact), {"merge": "x"})).status == 404
        assert (await post(browser, path(case.contact), {"merge": "x\0"})).status in (404, 422)
    found = await browsers["olga"].text(f"{path(case.contact)}?q={theirs.number}")
    assert "Nobody is found" in found
    assert (await other.contact()).id == theirs.contact


async def post(browser: Browser, to: str, fields: dict[str, str] | None = None) -> ClientResponse:
    await browser.get("/console/account")
    return await browser.post(to, fields)


def plain(text: str, contact: str) -> str:
    """The page without what each drawing makes anew."""
    return re.sub(r"[0-9a-f]{64}|\d\d:\d\d", "-", text.replace(contact, "-"))


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_way_is_sound_on_a_small_phone_in_both_directions(
    desk: DeskScene, chrome: Chromium, language: str
) -> None:
    (_, case), (_, theirs) = await two(desk)
    browser = await desk.staff(languages=(language,))
    served = await desk.house.serve()
    context = await chrome.new_context(viewport=SMALL)  # type: ignore[arg-type]
    await context.add_cookies([{"name": "muster", "value": browser.cookie(), "url": str(served.make_url("/"))}])
    page = await context.new_page()
    await page.goto(str(served.make_url("/console/account")))
    await page.locator(f'.languages button[lang="{language}"]').click()
    await expect(page.locator("html")).to_have_attribute("lang", language)

    async def sound(name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):  # to look at
            await page.screenshot(path=Path(folder) / f"{name}-{language}.png", full_page=True)
        found = await Axe().run(page)
        assert found.violations_count == 0, (name, found.generate_report())
        assert await page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"], name

    await page.goto(str(served.make_url(path(case.contact))))
    await sound("same-suggested")
    await page.locator(f'a[href="{path(case.contact, theirs.contact)}"]').click()
    await sound("same-compared")
    await page.locator("main form button").click()
    await expect(page.locator(".merged")).to_be_visible()
    await sound("same-together")
    await page.locator(".merged a").click()
    await sound("same-undo")
    await page.locator('button[name="merge"]').click()
    await expect(page.locator(".merged")).to_have_count(0)
    await context.close()
