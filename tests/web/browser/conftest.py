"""Owns a real browser on the real page, which somebody sees who opens the chat for the first time."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.provide import chromium
from tests.web.house import House, serving

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

Open = Callable[..., Awaitable[Page]]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if chromium() is None:
        pytest.skip("no Chromium: install chromium")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=str(chromium()), args=QUIET)
        yield started
        await started.close()


@pytest.fixture
async def server(house: House) -> AsyncIterator["TestServer[Any]"]:
    served = await serving(house)
    yield served
    await served.close()


@pytest.fixture
async def phone(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A small phone; nothing but this machine can be reached from it."""
    context = await browser.new_context(
        viewport={"width": 360, "height": 640}, locale="en-GB", timezone_id="America/Sao_Paulo", has_touch=True
    )
    yield context
    await context.close()


@pytest.fixture
async def chat(phone: BrowserContext, server: "TestServer[Any]") -> AsyncIterator[Open]:
    """Open the chat; errors on the page fail the test, but for those that a test says it causes."""
    problems: list[str] = []
    forgiven: list[str] = []

    async def opened(query: str = "", *, may_say: tuple[str, ...] = ()) -> Page:
        forgiven.extend(may_say)
        page = await phone.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        await page.goto(str(server.make_url(f"/chat{query}")))
        return page

    yield opened
    assert [line for line in problems if not any(word in line for word in forgiven)] == []


@pytest.fixture
def secret_of() -> Callable[[Page], Awaitable[str]]:
    async def read(page: Page) -> Any:
        return await page.evaluate("localStorage.getItem('muster.chat.secret')")

    return read
