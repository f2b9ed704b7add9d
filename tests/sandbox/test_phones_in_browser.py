"""The page of phones in a real browser: a newcomer writes, taps and sees replies, on a wide screen and a narrow one."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright, expect

from bot.sandbox.badges import Badge
from bot.sandbox.crew import read_crew
from bot.sandbox.phones_page import create_phones
from bot.sandbox.telegram import TelegramStandIn
from bot.sandbox.twilio import TwilioStandIn
from tests.provide import chromium

SMS = "+12025550199"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium: install chromium")


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(chromium()), args=QUIET)
        yield await browser.new_page()
        await browser.close()


@pytest.mark.parametrize("width", [360, 1200])
async def test_a_newcomer_talks_with_the_service(page: Page, serve: Any, telegram: TelegramStandIn, width: int) -> None:
    twilio = TwilioStandIn(account_sid="AC", auth_token="x", senders=(SMS, f"whatsapp:{SMS}"), status_seconds=0.0)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    await page.set_viewport_size({"width": width, "height": 740})
    await page.goto(await serve(create_phones(twilio=twilio, telegram=telegram)))
    await expect(page.get_by_role("status")).to_have_text("Live")

    sms = page.get_by_role("region", name="Asha, SMS")
    await sms.get_by_label("Message from Asha, SMS").fill("سلام")
    await sms.get_by_role("button", name="Send", exact=True).click()
    await expect(sms.get_by_role("log")).to_contain_text("سلام")
    twilio.create_message({"To": "+447700900001", "From": SMS, "Body": "١ آمن <b>x</b>"}, [])
    await expect(sms.get_by_text("١ آمن <b>x</b>")).to_have_attribute("dir", "auto")
    assert await sms.get_by_text("١ آمن <b>x</b>").evaluate("it => getComputedStyle(it).direction") == "rtl"
    await expect(sms.get_by_text("Delivered")).to_be_visible()

    rosa = page.get_by_role("region", name="Rosa, Telegram")
    await rosa.get_by_role("button", name="/start").click()
    await expect(rosa.get_by_role("log")).to_contain_text("/start")
    [started] = await telegram.updates.poll(offset=0, limit=1, seconds=0)
    markup = {"inline_keyboard": [[{"text": "I am safe", "callback_data": "safe"}]]}
    telegram.post(telegram.chats[7000000003], {"text": "Are you safe?", "reply_markup": markup})
    await rosa.get_by_role("button", name="I am safe").click()
    [tapped] = await telegram.updates.poll(offset=started["update_id"] + 1, limit=1, seconds=60)
    assert tapped["callback_query"]["data"] == "safe"

    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    result = await Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
    assert problems == []


@pytest.mark.parametrize("width", [360, 1200])
async def test_a_newcomer_finds_codes_and_the_crew(
    page: Page, serve: Any, telegram: TelegramStandIn, width: int
) -> None:
    twilio = TwilioStandIn(account_sid="AC", auth_token="x", senders=(SMS, f"whatsapp:{SMS}"), status_seconds=0.0)
    badge = Badge(login="ana", name="Ana", role="author", password="the river rises", totp_secret="A" * 32)
    lost = Badge(login="bento", name="Bento", role="approver", password="every word", totp_secret=None)
    crew = read_crew()
    app = create_phones(
        twilio=twilio, telegram=telegram, crew=crew, badges=[badge, lost], console_url="http://127.0.0.1:8080/console/"
    )
    await page.set_viewport_size({"width": width, "height": 740})
    await page.goto(await serve(app))
    accounts = page.get_by_role("region", name="Accounts")
    await expect(accounts.get_by_role("row", name="ana")).to_contain_text(re.compile(r"ana\s*\d{6}\s*the river rises"))
    await expect(accounts.get_by_role("row", name="bento")).to_contain_text("on the account's own phone")
    await expect(page.get_by_role("link", name="/console/")).to_have_attribute("href", "http://127.0.0.1:8080/console/")

    await page.get_by_text("60 workers of the demo's employer").click()
    worker = next(member for member in crew if member.channel == "sms" and member.language == "ne")
    phone = page.get_by_role("region", name=f"{worker.name}, SMS")
    await expect(phone).to_contain_text(f"{worker.phone} · {worker.site}, ne")
    twilio.create_message({"To": worker.phone, "From": SMS, "Body": "तपाईं सुरक्षित हुनुहुन्छ?"}, [])
    await expect(phone.get_by_role("log")).to_contain_text("तपाईं सुरक्षित हुनुहुन्छ?")

    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    result = await Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


async def test_a_lost_connection_is_said(page: Page, serve: Any, telegram: TelegramStandIn) -> None:
    twilio = TwilioStandIn(account_sid="AC", auth_token="x", senders=(SMS,))
    app = create_phones(twilio=twilio, telegram=telegram)
    url = await serve(app)
    await page.goto(url)
    await expect(page.get_by_role("status")).to_have_text("Live")
    for end in app.on_shutdown:
        await end(app)
    await expect(page.get_by_role("status")).to_contain_text("Not live")
