"""Every room of the desk attacked: strange addresses, forged and repeated forms, what counts and beats betray."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from yarl import URL

from bot import app
from bot.clock import RandomIds, SystemClock
from bot.config import Settings
from bot.domain.staff import Role
from bot.services.staff import StaffDesk
from bot.storage.crypto import make_key
from tests.console.conftest import CHEAP, FARM, PASSWORD, SECRET, Browser
from tests.console.test_every_address import UNSAFE, addresses
from tests.databases import PostgresServer
from tests.web.house import redis_url

__all__ = ["redis_url"]

# In place of what varies in an address: a zero, half a character, a script with a header, and far too much.
STRANGE = ("a%00b", "%ED%A0%80", "%3Cscript%3E%0d%0aX-Evil:%201", "x" * 4000)
ASKED = ("q", "subject", "reader", "site", "language", "before", "kind", "page", "since", "zone", "first", "next")


@pytest.fixture
async def served(postgres: PostgresServer, tmp_path: Path, redis_url: str) -> AsyncIterator[app.App]:
    """What `run` serves, on PostgreSQL, which refuses what SQLite lets pass."""
    async with postgres.fresh() as url, _composed(url, tmp_path, redis_url) as made:
        yield made


def _composed(url: str, home: Path, redis: str) -> Any:
    settings = Settings(
        home=home, database_url=SecretStr(url), redis_url=SecretStr(redis), keys=SecretStr(make_key()),
        nlu_url="http://127.0.0.1:9",
    )  # fmt: skip
    return app.compose(settings)


async def _as(served: app.App, client: TestClient[Any, Any], role: Role) -> Browser:
    clock = SystemClock()
    desk = StaffDesk(store=served.store, clock=clock, ids=RandomIds(), hasher=CHEAP)
    async with served.store.transaction() as unit:
        await unit.sites.put(FARM, [])
    employer = FARM.id if role.is_employers else None
    await desk.add(login=role.value, name="X", role=role, password=PASSWORD, employer=employer, totp_secret=SECRET)
    return await Browser(client, clock).sign_in(role.value)


@pytest.mark.parametrize("role", [Role.SPECIALIST, Role.ADMINISTRATOR])
async def test_no_address_is_so_strange_that_a_page_fails(served: app.App, role: Role) -> None:
    async with TestClient(TestServer(served.web_application)) as client:
        browser, found = await _as(served, client, role), []
        for method, path in addresses(served.web_application):
            asked = [path.replace("/x", f"/{strange}") for strange in STRANGE if "/x" in path]
            asked += [f"{path}?{name}=%00a" for name in ASKED if "/live" not in path] if method == "GET" else []
            for address in asked:
                form = {"csrf": browser.csrf} if method in UNSAFE else None
                url = URL(address, encoded=True)
                async with browser.client.request(method, url, data=form, allow_redirects=False) as answer:
                    if answer.status >= 500 or "X-Evil" in answer.headers:
                        found.append((method, address[:90], answer.status))
        assert not found
