"""The desk in a real browser: by keyboard alone, on a small phone, in both directions, live, and for everybody."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from bot.domain.case import Topic, Urgency
from bot.domain.contact import Channel
from bot.domain.errors import Reason, SendError
from bot.domain.staff import Role
from tests.console.desk_scene import DeskScene, desk
from tests.dialogue import PORTO_ALEGRE

__all__ = ["desk"]

SMALL = {"width": 360, "height": 740}
Opened = Callable[..., Awaitable[Page]]


@pytest.fixture
async def opened(desk: DeskScene, chrome: Chromium) -> AsyncIterator[Opened]:
    """Open a page as an operator's screen; whatever its console complains of fails the test."""
    problems: list[str] = []

    async def open_(
        path: str,
        *,
        login: str = "olga",
        role: Role = Role.OPERATOR,
        language: str = "en",
        viewport: Any = SMALL,
        **options: Any,
    ) -> Page:
        browser = await desk.staff(login, role, languages=(language,))
        served = await desk.house.serve()
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


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called so."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        label = await page.evaluate(
            """(e => e === document.body ? '' : e.labels?.[0]?.innerText || e.getAttribute('aria-label') || e.innerText)
            (document.activeElement)"""
        )
        if name in (label or ""):
            return
    raise AssertionError(f"the keyboard never comes to {name!r}")


async def test_an_operator_claims_and_replies_by_keyboard_alone(desk: DeskScene, opened: Opened) -> None:
    """R14."""
    worker, case = await desk.waits(Topic.MEDICAL, Urgency.CRITICAL, says="hello")
    page = await opened("/console/desk")
    await tab_to(page, f"Take {case.number}")
    await page.keyboard.press("Enter")
    await expect(page.locator("#standing")).to_contain_text("You have this conversation")
    await tab_to(page, "Answer in")
    await page.keyboard.type("Where are you?")
    await expect(page.locator("#count")).to_contain_text("14 characters")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#composer .flash.done")).to_have_text("Sent.")
    await expect(page.locator("#text")).to_have_value("")
    await expect(page.locator("#text")).to_be_focused()
    assert worker.said[-1].text == "Where are you?"
    desk.wire.tells()
    await expect(page.locator("#timeline")).to_contain_text("Where are you?")


async def test_a_half_written_reply_survives_what_comes_in(desk: DeskScene, opened: Opened) -> None:
    worker, _case = await desk.waits()
    page = await opened("/console/desk")
    await page.locator("#take-next").click()
    await page.locator("#text").fill("half a sent")
    await worker.says("are you there?")
    desk.wire.tells()
    await expect(page.locator("#timeline")).to_contain_text("are you there?")
    await expect(page.locator("#text")).to_have_value("half a sent")
    await expect(page.locator("#text")).to_be_enabled()


async def test_what_is_half_written_outlives_a_reload_and_is_gone_when_sent(desk: DeskScene, opened: Opened) -> None:
    worker, case = await desk.waits()
    _, other = await desk.waits()
    page = await opened("/console/desk")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.locator(f"#take-{case.contact}").click()
    await page.locator("#text").fill("half a sent")
    await page.locator("summary", has_text="Write a note").click()
    await page.locator("#note").fill("seems afr")
    await page.reload()
    await expect(page.locator("#text")).to_have_value("half a sent")
    await expect(page.locator("#note")).to_have_value("seems afr")
    await expect(page.locator("#note")).to_be_visible()
    await expect(page.locator("#composer .kept")).to_have_text("You had written this and not sent it.")
    here = page.url
    await page.goto(here.replace(case.contact, other.contact))
    await expect(page.locator("#text")).to_have_value("")
    await page.goto(here)
    await page.locator("#send").click()
    await expect(page.locator("#composer .flash.done")).to_be_visible()
    assert worker.said[-1].text == "half a sent"
    await page.reload()
    await expect(page.locator("#note")).to_have_value("seems afr")
    await expect(page.locator("#text")).to_have_value("")
    assert await page.evaluate("localStorage.length") == 0


async def test_leaving_warns_while_something_is_not_sent_and_only_then(desk: DeskScene, opened: Opened) -> None:
    await desk.waits()
    page = await opened("/console/desk")
    asked: list[str] = []

    async def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    page.on("dialog", answer)
    await page.locator("#take-next").click()
    await page.locator("#text").fill("half a sent")
    await page.reload()
    assert asked == ["beforeunload"]
    await page.locator("#text").press("Control+Enter")
    await expect(page.locator("#composer .flash.done")).to_be_visible()
    await page.reload()
    assert asked == ["beforeunload"]


async def test_what_is_half_written_goes_along_to_composing_and_is_sent_once(desk: DeskScene, opened: Opened) -> None:
    worker, _case = await desk.waits()
    page = await opened("/console/desk")
    await page.locator("#take-next").click()
    await page.locator("#text").fill("half a sent")
    await page.locator("#composer button[value=open]").click()
    await expect(page.locator("form.compose #text")).to_have_value("half a sent")
    await page.locator("form.compose #text").fill("half a sentence")
    await page.locator("form.compose button[value=send]").click()
    await expect(page.locator("#timeline")).to_contain_text("half a sentence")
    assert worker.said[-1].text == "half a sentence"
    await expect(page.locator("#text")).to_have_value("")


async def test_who_signs_out_leaves_nothing_half_written_behind(desk: DeskScene, opened: Opened) -> None:
    await desk.waits()
    page = await opened("/console/desk")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.locator("#take-next").click()
    other = await page.context.new_page()
    await other.goto(page.url)
    for one in (page, other):
        await one.locator("#text").fill("half a sent")
        assert "half a sent" in await one.evaluate("JSON.stringify(sessionStorage)")
    await page.locator("[data-sign-out] button").click()
    await expect(page).to_have_url(re.compile("sign-in"))
    for one in (page, other):
        await one.wait_for_function("!JSON.stringify(sessionStorage).includes('half')")


@pytest.mark.parametrize("viewport", [SMALL, {"width": 1280, "height": 900}])
async def test_what_came_before_comes_above_and_the_reader_stays_where_they_are(
    desk: DeskScene, opened: Opened, viewport: dict[str, int]
) -> None:
    worker, _case = await desk.waits()
    page = await opened("/console/desk", viewport=viewport)
    await page.locator("#take-next").click()
    await expect(page.locator("#text")).to_be_enabled()
    for number in range(130):
        await worker.says(f"word {number}.")
        desk.muster.clock.forward(timedelta(seconds=1))
    await page.goto(page.url)
    for _ in range(2):
        first = page.locator("#history li").first
        name = await first.get_attribute("id")
        await page.locator("#earlier a").scroll_into_view_if_needed()
        was = await first.bounding_box()
        await page.locator("#earlier a").press("Enter")
        await expect(page.locator("#history li").first).not_to_have_attribute("id", name or "")
        await expect(page.locator(":focus")).to_have_count(1)
        now = await page.locator(f"#{name}").bounding_box()
        assert was is not None
        assert now is not None
        assert abs(was["y"] - now["y"]) < 3
    await expect(page.locator("#history")).to_contain_text("word 0.")
    await expect(page.locator("#history")).to_contain_text("word 129.")
    await is_sound(page, f"conversation-earlier-{viewport['width']}")


async def test_an_urgent_one_is_in_the_title_and_rings_when_allowed(desk: DeskScene, opened: Opened) -> None:
    page = await opened("/console/desk", permissions=["notifications"])
    await page.evaluate(
        """() => {
            window.told = [];
            window.Notification = class { static permission = 'granted'; constructor(...of) { told.push(of); } };
        }"""
    )
    await page.locator("[data-sound]").click()
    await expect(page.locator("[data-sound]")).to_have_attribute("aria-pressed", "true")
    _, case = await desk.waits(Topic.MEDICAL, Urgency.CRITICAL, says="my secret words")
    desk.turns.again()
    await expect(page.locator(f"#row-{case.contact}")).to_be_visible()
    await expect(page).to_have_title(re.compile(r"^\(1\) Desk"))
    told = await page.evaluate("told")
    assert len(told) == 1
    assert case.number not in str(told)
    assert "secret" not in str(told)


async def test_it_rings_on_whatever_page_an_operator_on_duty_is(desk: DeskScene, opened: Opened) -> None:
    """R11: and once only, however many pages are walked through."""
    page = await opened("/console/account")
    await page.evaluate(
        """() => {
            window.told = [];
            window.Notification = class { static permission = 'granted'; constructor(...of) { told.push(of); } };
        }"""
    )
    await page.locator("#duty button").click()
    await page.goto(page.url.replace("/desk", "/account"))
    await expect(page.locator("[data-urgent-count]")).to_be_hidden()
    await desk.waits(Topic.MEDICAL, Urgency.CRITICAL, says="my secret words")
    await expect(page).to_have_title(re.compile(r"^\(1\) "))
    await expect(page.locator("[data-urgent-count]")).to_contain_text("1 Somebody needs a person now.")
    assert len(await page.evaluate("JSON.parse(sessionStorage.getItem('rung'))")) == 1
    await is_sound(page, "alarm")


async def test_a_screen_says_when_it_is_cut_off(desk: DeskScene, opened: Opened) -> None:
    page = await opened("/console/desk")
    await expect(page.locator("#beat")).to_contain_text("As of")
    await page.evaluate("document.body.dispatchEvent(new Event('htmx:sseError'))")
    await expect(page.locator("#not-live")).to_contain_text("Not live")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_pages_are_sound_on_a_phone(desk: DeskScene, opened: Opened, language: str, scheme: str) -> None:
    worker = await lively(desk)
    page = await opened("/console/desk", login="pia", role=Role.SPECIALIST, language=language, color_scheme=scheme)
    await is_sound(page, f"queue-{scheme}")
    await page.locator(".filters summary").click()
    await is_sound(page, f"queue-filters-{scheme}")
    contact = await worker.contact()
    await page.locator(f"#take-{contact.id}").click()
    await page.locator("#text").fill("First words.")
    await page.locator("#send").click()
    await expect(page.locator("#composer .flash.done")).to_be_visible()
    desk.muster.broken[worker.address] = SendError(Reason.LANDLINE)
    await page.locator("#text").fill("Second words.")
    await page.locator("#send").click()
    desk.wire.tells()
    await expect(page.locator(".entry.failed")).to_be_visible()
    for summary in await page.locator("details > summary").all():
        await summary.click()
    await page.locator("#note").fill("Seems afraid.")
    await page.locator("#noting button").click()
    await expect(page.locator("#noting .flash.done")).to_be_visible()
    await page.reload()
    await is_sound(page, f"conversation-{scheme}")


async def test_a_wide_screen_shows_the_same(desk: DeskScene, opened: Opened) -> None:
    worker = await lively(desk)
    wide = {"width": 1280, "height": 900}
    page = await opened("/console/desk", login="pia", role=Role.SPECIALIST, viewport=wide)
    await is_sound(page, "queue-wide")
    await page.goto(page.url + f"/{(await worker.contact()).id}")
    await is_sound(page, "conversation-wide")


async def test_everything_works_without_javascript(desk: DeskScene, opened: Opened) -> None:
    worker, case = await desk.waits()
    page = await opened("/console/desk", java_script_enabled=False)
    await page.locator(f"#take-{case.contact}").click()
    await page.locator("#text").fill("Hello from a person.")
    await page.locator("#send").click()
    await expect(page.locator("#timeline")).to_contain_text("Hello from a person.")
    assert worker.said[-1].text == "Hello from a person."
    await page.locator("summary", has_text="Hand back to the bot").click()
    await page.locator("#outcome").select_option("helped")
    await page.locator("#hand-back").click()
    await expect(page.locator(".flash.done")).to_have_text("Handed back to the bot.")


async def lively(desk: DeskScene) -> Any:
    """A queue of several, and a worker who has sent all kinds of things."""
    await desk.waits(Topic.WAGES, Urgency.HIGH)
    await desk.waits(Topic.ABUSE, Urgency.CRITICAL, says="help me please, it is bad here")
    await desk.waits(Topic.DOCUMENTS, Urgency.LOW, says="hola, necesito ayuda con mi pasaporte por favor")
    worker, _ = await desk.waits(Topic.CONSULAR, says="مرحبا، أحتاج إلى مساعدة في جواز سفري", channel=Channel.WEBCHAT)
    await worker.shares(PORTO_ALEGRE)
    await worker.sends_photo()
    await worker.says(
        "https://example.org/a/very/long/address/without/any/space/that/must/not/make/the/page/wider/than/it/is"
    )
    return worker
