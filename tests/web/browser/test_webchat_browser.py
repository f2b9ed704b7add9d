"""The web chat in a real browser on a small phone: talk, drop, come back, leave; for eyes, ears and keyboards."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page, expect

from bot.domain.contact import Address
from bot.domain.message import MessageKind
from bot.web.webchat_frames import address_of
from tests.web.browser.conftest import Open
from tests.web.house import PNG, House, serving

SecretOf = Callable[[Page], Awaitable[str]]


@pytest.fixture
def address_in(secret_of: SecretOf) -> Callable[[Page], Awaitable[Address]]:
    async def read(page: Page) -> Address:
        await expect(page.locator("#state")).to_be_hidden()
        return address_of(await secret_of(page))

    return read


AddressIn = Callable[[Page], Awaitable[Address]]


async def write(page: Page, words: str) -> None:
    await page.locator("#text").fill(words)
    await page.locator("#send").click()


async def test_a_newcomer_talks_taps_and_finds_the_talk_again(house: House, chat: Open, address_in: AddressIn) -> None:
    page = await chat()
    address = await address_in(page)
    await expect(page.get_by_text("A program answers here. When a person writes, it says so.")).to_be_visible()
    await house.answer("Welcome. What do you need?", ("Shelter", "shelter"), ("Food", "food"), address=address)
    house.clock.pass_(timedelta(seconds=1))
    await page.get_by_role("button", name="Shelter").click()
    await expect(page.locator(".own small")).to_contain_text("Sent")
    await expect(page.get_by_role("button", name="Food")).to_be_disabled()
    house.clock.pass_(timedelta(seconds=1))
    await write(page, "Where <b>is</b> it?")
    await expect(page.locator(".own .body").nth(1)).to_have_text("Where <b>is</b> it?")
    await expect(page.locator(".own small").nth(1)).to_contain_text("Sent")
    joined, tapped, asked = [message.received for message in await house.said(address)]
    assert (joined.kind, tapped.choice, asked.text) == (MessageKind.JOINED, "shelter", "Where <b>is</b> it?")

    await page.reload()
    await expect(page.locator(".body")).to_have_text(["Welcome. What do you need?", "Shelter", "Where <b>is</b> it?"])
    assert len(await house.said(address)) == 3


async def test_r23_a_server_that_goes_away_makes_nothing_be_lost_or_repeated(
    house: House, chat: Open, server: "TestServer[Any]", address_in: AddressIn
) -> None:
    page = await chat(may_say=("WebSocket", "ERR_CONNECTION"))
    address = await address_in(page)
    await house.answer("one", address=address)
    await write(page, "first")
    await expect(page.locator(".own small")).to_contain_text("Sent")
    port = server.port
    await server.close()
    await expect(page.locator("#state")).to_contain_text("No connection")
    await write(page, "second")
    await expect(page.locator(".own small").nth(1)).to_contain_text("Waiting")
    await house.answer("two", address=address)
    again = await serving(house, port=port)
    try:
        await page.evaluate("dispatchEvent(new Event('online'))")
        await expect(page.locator(".own small").nth(1)).to_contain_text("Sent")
        await expect(page.locator(".item:not(.own) .body")).to_have_text(["one", "two"])
        texts = [message.received.text for message in await house.said(address)]
        assert texts == ["", "first", "second"]
    finally:
        await page.close()
        await again.close()


async def test_r14_what_a_person_wrote_is_told_from_what_the_program_wrote(
    house: House, chat: Open, address_in: AddressIn
) -> None:
    page = await chat()
    address = await address_in(page)
    await house.answer("What do you need?", address=address)
    await house.answer("I am Olga.", address=address, origin="staff:olga")
    for _ in range(2):  # as it comes, and found again after a reload
        await expect(page.locator(".item small")).to_have_text([re.compile(r"^\d\d:\d\d$"), re.compile("^A person · ")])
        await expect(page.locator(".item .out")).to_have_text(["Program:", "A person:"])
        await page.reload()


async def test_what_is_not_sent_survives_a_reload(
    house: House, chat: Open, phone: BrowserContext, address_in: AddressIn
) -> None:
    page = await chat(may_say=("WebSocket", "ERR_"))
    address = await address_in(page)
    await page.evaluate("dispatchEvent(new Event('offline')); WebSocket.prototype.send = function () {}")
    await write(page, "help")
    await page.reload()
    await expect(page.locator(".own small")).to_contain_text("Sent")
    assert [message.received.text for message in await house.said(address)] == ["", "help"]


async def test_a_photo_is_sent(house: House, chat: Open, address_in: AddressIn) -> None:
    page = await chat()
    address = await address_in(page)
    await page.locator("#file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": PNG})
    await expect(page.locator(".own small")).to_contain_text("Sent")
    attachments = [message.received.attachments for message in await house.said(address)]
    assert [attachment.kind for found in attachments for attachment in found] == ["photo"]


async def test_a_file_that_is_no_photo_is_refused_in_words(chat: Open, address_in: AddressIn) -> None:
    page = await chat(may_say=("422",))
    await address_in(page)
    await page.locator("#file").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"MZ" * 50})
    await expect(page.locator(".own small")).to_contain_text("Please send a photo")
    await expect(page.get_by_role("button", name="Not sent")).to_be_visible()


async def test_a_location_is_sent_and_a_refusal_is_explained(
    house: House, chat: Open, phone: BrowserContext, address_in: AddressIn
) -> None:
    page = await chat()
    address = await address_in(page)
    await page.get_by_role("button", name="Send my location").click()
    await expect(page.get_by_role("status")).to_contain_text("You can write the name of the place instead")
    await phone.grant_permissions(["geolocation"])
    await phone.set_geolocation({"latitude": -30.03, "longitude": -51.23})
    await page.get_by_role("button", name="Send my location").click()
    await expect(page.locator(".own small")).to_contain_text("Sent")
    place = (await house.said(address))[-1].received.position
    assert place is not None
    assert place.latitude == pytest.approx(-30.03)


async def test_a_sites_link_joins_it(house: House, chat: Open, address_in: AddressIn) -> None:
    page = await chat("?site=RIVER-7&language=es")
    address = await address_in(page)
    await expect(page).to_have_url(re.compile("/chat$"))  # not joined again by a reload
    [joined] = [message.received for message in await house.said(address)]
    assert (joined.kind, joined.text, joined.language_hint) == (MessageKind.JOINED, "RIVER-7", "es")


async def test_forgetting_leaves_nothing_on_the_phone(
    chat: Open, phone: BrowserContext, address_in: AddressIn, house: House
) -> None:
    await phone.route("**/www.wikipedia.org/**", lambda route: asyncio.ensure_future(route.fulfill(body="elsewhere")))
    page = await chat()
    address = await address_in(page)
    await house.answer("private", address=address)
    origin = page.url
    await page.get_by_role("button", name="Forget this chat").click()
    await page.get_by_role("button", name="Tap again").click()
    await expect(page.get_by_text("elsewhere")).to_be_visible()
    await page.goto(origin)
    await expect(page.locator("#state")).to_be_hidden()
    await expect(page.get_by_text("private")).to_have_count(0)


async def test_escape_twice_leaves_at_once(chat: Open, phone: BrowserContext, address_in: AddressIn) -> None:
    await phone.route("**/www.wikipedia.org/**", lambda route: asyncio.ensure_future(route.fulfill(body="elsewhere")))
    page = await chat()
    await address_in(page)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("elsewhere")).to_be_visible()
    assert await page.evaluate("history.length") <= 2  # the chat is replaced: "back" does not show it


async def test_a_changed_language_is_told_to_the_program(house: House, chat: Open, address_in: AddressIn) -> None:
    page = await chat()
    address = await address_in(page)
    await house.answer("Welcome", address=address)
    await expect(page.get_by_text("Welcome")).to_be_visible()
    await page.get_by_role("link", name="العربية").click()
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await expect(page.locator(".own small")).to_contain_text("أُرسلت")
    received = (await house.said(address))[-1].received
    assert (received.text, received.language_hint) == ("العربية", "ar")


async def test_with_the_keyboard_alone(house: House, chat: Open, address_in: AddressIn) -> None:
    page = await chat()
    address = await address_in(page)
    await house.answer("What do you need?", ("Shelter", "shelter"), address=address)
    await expect(page.get_by_role("button", name="Shelter")).to_be_visible()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")  # "go to the text box"
    await expect(page.locator("#text")).to_be_focused()
    await page.keyboard.type("hello")
    await page.keyboard.press("Enter")
    await expect(page.locator(".own small")).to_contain_text("Sent")
    await house.answer("And now?", ("Food", "food"), address=address)
    await expect(page.get_by_role("button", name="Food")).to_be_enabled()
    await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_role("button", name="Food")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".own small").nth(1)).to_contain_text("Sent")
    assert (await house.said(address))[-1].received.choice == "food"


@pytest.mark.parametrize(("query", "width", "scheme"), [("", 360, "light"), ("?language=ar", 320, "dark")])
async def test_axe_finds_nothing_and_nothing_overflows(
    house: House, chat: Open, address_in: AddressIn, query: str, width: int, scheme: Any
) -> None:
    page = await chat(query)
    await page.set_viewport_size({"width": width, "height": 640})
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    address = await address_in(page)
    await house.answer("Old question", ("One", "1"), ("Two", "2"), address=address)
    await house.answer("https://example.org/" + "long" * 40, ("A" * 60, "a"), ("B", "b"), address=address)
    await expect(page.get_by_role("button", name="B", exact=True)).to_be_visible()
    await write(page, "و" * 80)
    await expect(page.locator(".own")).to_be_visible()
    for size in ("100%", "200%"):
        await page.evaluate(f"document.documentElement.style.fontSize = '{size}'; dispatchEvent(new Event('resize'))")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, size
    result: Any = await Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
