"""Owns the console as tests use it: the real pages over HTTP on a real SQLite store, and people who are signed in."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
import structlog
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from playwright.async_api import Browser as Chromium
from playwright.async_api import async_playwright, expect
from yarl import URL

from bot import log
from bot.config import Settings
from bot.console import frame
from bot.domain.employer import Employer, EmployerId
from bot.domain.staff import Role, Staff
from bot.i18n import Catalogs
from bot.services.ports import Clock
from bot.services.staff import StaffDesk
from bot.storage.store import SqlStore
from bot.web import server
from tests.provide import chromium
from tests.stand import CountingIds, StillClock, catalogs, clock, ids, store
from tests.web.browser.conftest import QUIET

expect.set_options(timeout=30_000)  # milliseconds: two cores may be busy with other tests

__all__ = ["catalogs", "clock", "ids", "store"]

PASSWORD = "lamp-river-onion-seven"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
FARM = Employer(id=EmployerId("farm"), name="Boa Terra")
MILL = Employer(id=EmployerId("mill"), name="Serra Mill")
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@dataclass
class Browser:
    """One person's browser: cookies of its own, forms sent with the token of the page before."""

    client: TestClient[Any, Any]
    clock: Clock
    csrf: str = ""

    async def get(self, path: str, **options: Any) -> ClientResponse:
        """The page, without following where it sends on."""
        answer = await self.client.get(path, allow_redirects=False, **options)
        await self._remember(answer)
        return answer

    async def post(self, path: str, fields: dict[str, Any] | None = None, **options: Any) -> ClientResponse:
        """Send a form, with the CSRF token of the last page that had one."""
        options.setdefault("headers", {"Origin": str(self.client.make_url("/")).rstrip("/")})
        data = {"csrf": self.csrf, **(fields or {})}
        answer = await self.client.post(path, data=data, allow_redirects=False, **options)
        await self._remember(answer)
        return answer

    async def text(self, path: str, **options: Any) -> str:
        """The text of a page that must be there."""
        answer = await self.get(path, **options)
        assert answer.status == 200, (path, answer.status, answer.headers.get("Location"))
        return await answer.text()

    async def follow(self, answer: ClientResponse) -> ClientResponse:
        """The page that a form sent us on to."""
        assert answer.status == 303, (answer.status, await answer.text())
        return await self.get(answer.headers["Location"])

    async def sign_in(self, login: str, password: str = PASSWORD, secret: str = SECRET) -> Browser:
        await self.get("/console/sign-in")
        answer = await self.post("/console/sign-in", {"login": login, "password": password})
        await self.follow(answer)
        answer = await self.post("/console/code", {"code": self.code(secret)})
        assert answer.headers.get("Location") == "/console/", await answer.text()
        await self.get("/console/account")
        return self

    def code(self, secret: str = SECRET, *, ahead: int = 0) -> str:
        return pyotp.TOTP(secret).at(self.clock.now() + ahead * timedelta(seconds=30))

    def cookie(self, name: str = "muster") -> str:
        found = self.client.session.cookie_jar.filter_cookies(URL(self.client.make_url("/console/"))).get(name)
        return found.value if found else ""

    async def _remember(self, answer: ClientResponse) -> None:
        if answer.content_type == "text/html" and (found := _CSRF.search(await answer.text())):
            self.csrf = found.group(1)


@dataclass
class House:
    """The console with everything behind it. A page family's tests append its routes to `pages` before they open it."""

    store: SqlStore
    clock: StillClock
    ids: CountingIds
    settings: Settings
    catalogs: Catalogs
    desk: StaffDesk
    pages: list[web.RouteDef] = field(default_factory=list)
    opened: list[TestClient[Any, Any]] = field(default_factory=list)
    served: TestServer[Any] | None = None

    async def serve(self) -> TestServer[Any]:
        """The one server of this test, on loopback."""
        if self.served is None:
            root = server.build([])
            frame.mount(
                root,
                frame.application(
                    desk=self.desk,
                    store=self.store,
                    clock=self.clock,
                    catalogs=self.catalogs,
                    settings=self.settings,
                    pages=self.pages,
                ),
            )
            self.served = TestServer(root)
            await self.served.start_server()
        return self.served

    async def browser(self) -> Browser:
        """A browser that nobody has signed in with."""
        client: TestClient[Any, Any] = TestClient(await self.serve())
        self.opened.append(client)
        return Browser(client, self.clock)

    async def add(self, login: str, role: Role, employer: Employer | None = None, **more: Any) -> Staff:
        """An account with PASSWORD and SECRET; its employer is made if need be."""
        if employer is not None:
            async with self.store.transaction() as unit:
                if await unit.sites.employer(employer.id) is None:
                    await unit.sites.put(employer, [])
        given = {"name": login.title(), "password": PASSWORD, "totp_secret": SECRET, **more}
        return await self.desk.add(login=login, role=role, employer=employer.id if employer else None, **given)

    async def signed_in(self, login: str, role: Role, employer: Employer | None = None, **more: Any) -> Browser:
        """A new account's browser, signed in."""
        await self.add(login, role, employer, **more)
        return await (await self.browser()).sign_in(login)

    async def author(self, employer: Employer = FARM, login: str = "ana") -> Browser:
        return await self.signed_in(login, Role.AUTHOR, employer)

    async def approver(self, employer: Employer = FARM, login: str = "abel") -> Browser:
        return await self.signed_in(login, Role.APPROVER, employer)

    async def close(self) -> None:
        for client in self.opened:
            await client.close()
        if self.served is not None:
            await self.served.close()


@pytest.fixture
def logs() -> Iterator[None]:
    """Logs as the service writes them, on standard error."""
    handlers, level = logging.root.handlers[:], logging.root.level
    log.configure()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, organisation="Muster")


@pytest.fixture
def desk(store: SqlStore, clock: StillClock, ids: CountingIds) -> StaffDesk:
    return StaffDesk(store=store, clock=clock, ids=ids, hasher=CHEAP)


@pytest.fixture
async def house(
    store: SqlStore, clock: StillClock, ids: CountingIds, settings: Settings, catalogs: Catalogs, desk: StaffDesk
) -> AsyncIterator[House]:
    made = House(store=store, clock=clock, ids=ids, settings=settings, catalogs=catalogs, desk=desk)
    yield made
    await made.close()


@pytest.fixture
async def chrome() -> AsyncIterator[Chromium]:
    """A real browser, with nothing open."""
    if chromium() is None:
        pytest.skip("no Chromium: install chromium")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=str(chromium()), args=QUIET)
        yield started
        await started.close()
