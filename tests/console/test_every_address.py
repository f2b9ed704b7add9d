"""Every address of the composed console, whoever wrote its page: closed to strangers, closed to forged forms."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from bot import app
from bot.clock import RandomIds, SystemClock
from bot.config import Settings
from bot.console.guard import OPEN
from bot.domain.staff import Role
from bot.services.staff import StaffDesk
from bot.storage.crypto import make_key
from tests.console.conftest import CHEAP, FARM, PASSWORD, SECRET, Browser
from tests.databases import fresh_sqlite
from tests.web.house import redis_url

__all__ = ["redis_url"]

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@pytest.fixture
async def composed(tmp_path: Path, redis_url: str) -> AsyncIterator[app.App]:
    """What `run` serves, on a database of this test."""
    settings = Settings(
        home=tmp_path,
        database_url=SecretStr(fresh_sqlite(tmp_path / "muster.db")),
        redis_url=SecretStr(redis_url),
        keys=SecretStr(make_key()),
        nlu_url="http://127.0.0.1:9",
    )
    async with app.compose(settings) as made:
        yield made


@pytest.fixture
async def client(composed: app.App) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(composed.web_application)) as opened:
        yield opened


async def signed_in(composed: app.App, client: TestClient[Any, Any]) -> Browser:
    """An author, who signs in by the machine's own clock."""
    clock = SystemClock()
    desk = StaffDesk(store=composed.store, clock=clock, ids=RandomIds(), hasher=CHEAP)
    async with composed.store.transaction() as unit:
        await unit.sites.put(FARM, [])
    await desk.add(login="ana", name="Ana", role=Role.AUTHOR, password=PASSWORD, employer=FARM.id, totp_secret=SECRET)
    return await Browser(client, clock).sign_in("ana")


def addresses(root: web.Application) -> list[tuple[str, str]]:
    """Method and path of every page of the console, with "x" for what varies."""
    found = {
        (route.method, re.sub(r"\{[^}]+\}", "x", route.resource.canonical))
        for resource in root.router.resources()
        for route in resource
        if route.resource is not None and route.resource.canonical.startswith("/console/")
    }
    return sorted((method, path) for method, path in found if not path.startswith("/console/static/"))


async def test_a_stranger_passes_no_door(composed: app.App, client: TestClient[Any, Any]) -> None:
    closed = [(method, path) for method, path in addresses(composed.web_application) if path not in OPEN]
    assert ("GET", "/console/account") in closed
    for method, path in closed:
        answer = await client.request(method, path, allow_redirects=False)
        assert answer.status == 303, (method, path, answer.status)
        assert answer.headers["Location"].startswith("/console/sign-in"), (method, path)


async def test_no_form_is_taken_without_the_sessions_token(composed: app.App, client: TestClient[Any, Any]) -> None:
    browser = await signed_in(composed, client)
    forms = [(method, path) for method, path in addresses(composed.web_application) if method in UNSAFE]
    assert ("POST", "/console/account/password") in forms
    for method, path in forms:
        for token in ({}, {"csrf": "0" * 64}):
            answer = await client.request(method, path, data=token, allow_redirects=False)
            assert answer.status == 403, (method, path, answer.status)
    assert (await browser.get("/console/")).status == 200


async def test_no_address_fails_on_what_is_not_there(composed: app.App, client: TestClient[Any, Any]) -> None:
    """R2: for an author, "x" is nothing: 404, or a page of one's own; never a failure that tells more."""
    browser = await signed_in(composed, client)
    for method, path in addresses(composed.web_application):
        if method == "GET":
            answer = await browser.get(path)
            assert answer.status in (200, 204, 303, 403, 404), (path, answer.status)
            assert ("x" not in path.split("/")) or answer.status != 200, path
