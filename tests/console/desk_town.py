"""Owns a deployment to walk through: everything that `run` composes on a real Redis, and its people's browsers."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import Locator, Page, ViewportSize, expect
from pydantic import SecretStr

from bot.app import App, compose
from bot.clock import RandomIds, SystemClock
from bot.config import load
from bot.console.words import Words
from bot.domain.contact import Contact, ContactId
from bot.domain.staff import Role
from bot.i18n import Catalogs
from bot.queue.embedded import embedded_redis
from bot.sandbox import scenario
from bot.sandbox.translator import TranslatorStandIn, create_translator
from bot.services.staff import StaffDesk
from bot.storage.crypto import make_key
from bot.storage.migrate import migrate
from bot.web import server
from tests.console.conftest import CHEAP, PASSWORD, SECRET
from tests.journeys.processes import free_port

SMALL: ViewportSize = {"width": 360, "height": 740}
STAFF = {
    "olga": (Role.OPERATOR, "Olga"),
    "omar": (Role.OPERATOR, "Omar"),
    "pia": (Role.SPECIALIST, "Pia"),
    "samir": (Role.SUPERVISOR, "Samir"),
}


@dataclass
class Screen:
    """One page at 360 px, used by the keyboard alone; `words` gives the console's texts in its language."""

    page: Page
    words: Words

    def __getitem__(self, css: str) -> Locator:
        return self.page.locator(css)

    async def to(self, msgid: str, **variables: Any) -> None:
        """Press Tab until what has the focus is called so."""
        name = self.words(msgid, **variables)
        for _ in range(90):
            await self.page.keyboard.press("Tab")
            if name in await self.page.evaluate(
                """(e => e === document.body ? ''
                : e.labels?.[0]?.innerText || e.getAttribute('aria-label') || e.innerText || '')
                (document.activeElement)"""
            ):
                return
        raise AssertionError(f"the keyboard never comes to {name!r} on {self.page.url}")

    async def press(self, msgid: str, **variables: Any) -> None:
        await self.to(msgid, **variables)
        await self.page.keyboard.press("Enter")

    async def follow(self, msgid: str, **variables: Any) -> None:
        """Press what leads to another page, and be there."""
        await self.to(msgid, **variables)
        async with self.page.expect_event("domcontentloaded"):
            await self.page.keyboard.press("Enter")

    async def type(self, msgid: str, text: str, **variables: Any) -> None:
        await self.to(msgid, **variables)
        await self.page.keyboard.type(text)

    async def choose(self, msgid: str, value: str) -> None:
        """Come to a list of choices and go down to this one."""
        await self.to(msgid)
        for _ in range(30):
            if await self.page.evaluate("document.activeElement.value") == value:
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{msgid!r} has no choice {value!r}")

    async def shows(self, css: str, msgid: str, **variables: Any) -> None:
        await expect(self[css].first).to_contain_text(self.words(msgid, **variables))

    async def is_sound(self, name: str) -> None:
        """axe finds nothing, nothing is wider than the screen, and it reads in its language's direction."""
        if folder := os.environ.get("SCREENSHOTS"):  # to look at
            path = Path(folder) / f"journey-{name}-{self.words.language}.png"
            await self.page.screenshot(path=path, full_page=True)
        assert await self["html"].get_attribute("dir") == self.words.direction
        found = await Axe().run(self.page)
        assert found.violations_count == 0, (self.page.url, found.generate_report())
        assert await self.page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"], self.page.url


@dataclass
class Phone:
    """A worker's web chat, in Arabic."""

    screen: Screen
    catalogs: Catalogs

    def bot(self, msgid: str, **variables: Any) -> str:
        return self.catalogs.text(msgid, "ar", **variables)

    async def says(self, text: str) -> None:
        """By the keyboard: the box has the focus, or Tab leads to it."""
        if await self.screen.page.evaluate("document.activeElement.id") != "text":
            await self.screen.page.locator("#text").focus()
        await self.screen.page.keyboard.type(text)
        await self.screen.page.keyboard.press("Enter")
        await expect(self.screen[".own small"].last).to_contain_text(self.screen.words("Sent"))

    async def taps(self, label: str) -> None:
        """The newest button of that name."""
        await (
            self.screen[".options button:not([disabled])"].get_by_text(self.bot(label), exact=True).last.press("Enter")
        )

    async def hears(self, text: str) -> None:
        await expect(self.screen["#talk"]).to_contain_text(text)

    async def talk(self) -> list[tuple[str, str]]:
        """Who said what, in order."""
        items = await self.screen["#talk .item"].evaluate_all(
            "all => all.map(one => [one.querySelector('.out').textContent, one.querySelector('.body').textContent])"
        )
        return [(who.strip(), text) for who, text in items]


@dataclass
class Town:
    """The deployment as its people meet it; what a browser's console complains of is in `problems`."""

    app: App
    url: str
    chrome: Chromium
    catalogs: Catalogs
    problems: list[str] = field(default_factory=list)

    async def _page(self, language: str, **options: Any) -> Page:
        context = await self.chrome.new_context(viewport=SMALL, locale=language, **options)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda line: self.problems.append(line.text) if line.type == "error" else None)
        return page

    async def phone(self) -> Phone:
        page = await self._page("ar")
        await page.goto(f"{self.url}/chat?language=ar")
        await expect(page.locator("#form")).to_be_visible()
        return Phone(Screen(page, Words(catalogs=self.catalogs, language="ar")), self.catalogs)

    async def staff(self, login: str, language: str) -> Screen:
        """Somebody of the staff, who signs in by the keyboard."""
        page = await self._page("en")
        await page.goto(f"{self.url}/console/sign-in")
        await page.locator(f'.languages button[lang="{language}"]').press("Enter")
        await expect(page.locator("html")).to_have_attribute("lang", language)
        screen = Screen(page, Words(catalogs=self.catalogs, language=language))
        await screen.page.locator("#login").focus()
        await page.keyboard.type(login)
        await screen.page.locator("#password").focus()
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await page.locator("#code").focus()
        await page.keyboard.type(pyotp.TOTP(SECRET).now())
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"/console/[^/]*$"))
        await expect(page.locator("nav").first).to_be_visible()
        return screen

    async def contact(self, number: str) -> Contact:
        """Whose case this is."""
        async with self.app.store.look() as unit:
            case = await unit.cases.by_number(number)
            assert case is not None
            contact = await unit.contacts.get(ContactId(case.contact))
        assert contact is not None
        return contact


@asynccontextmanager
async def town(folder: Path, chrome: Chromium, catalogs: Catalogs) -> AsyncIterator[Town]:
    """Muster in this process as `run` composes it, with the demo's places, a translator and four accounts."""
    port = free_port()
    database = f"sqlite+aiosqlite:///{folder / 'muster.db'}"
    await migrate(database)
    translating = TestServer(create_translator(TranslatorStandIn()))
    await translating.start_server()
    async with embedded_redis(folder / "redis") as redis:
        settings = load(
            home=folder,
            port=port,
            public_url=f"http://127.0.0.1:{port}",
            database_url=SecretStr(database),
            redis_url=SecretStr(redis),
            keys=SecretStr(make_key()),
            nlu_url="http://127.0.0.1:9",  # nobody there: key words answer
            translation_url=str(translating.make_url("/")).rstrip("/"),
            hotline="+55 51 5550 0199",
        )
        async with compose(settings) as app:
            await scenario.load(app.store, SystemClock().now())
            await hire(app)
            async with running(app, settings.host, port):
                made = Town(app, f"http://127.0.0.1:{port}", chrome, catalogs)
                yield made
                for context in chrome.contexts:
                    await context.close()
    await translating.close()
    assert made.problems == []


async def hire(app: App) -> None:
    """Accounts that read English, so that Arabic is translated for them whatever language their pages are in."""
    desk = StaffDesk(store=app.store, clock=SystemClock(), ids=RandomIds(), hasher=CHEAP)
    for login, (role, name) in STAFF.items():
        await desk.add(login=login, name=name, role=role, password=PASSWORD, totp_secret=SECRET, languages=("en",))


@asynccontextmanager
async def running(app: App, host: str, port: int) -> AsyncIterator[None]:
    """Both faces of the process, until the end."""
    stop, up = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(app.web_application, host, port, stop, when_up=up.set))
        group.create_task(app.worker.run(stop))
        await up.wait()
        try:
            yield
        finally:
            stop.set()
