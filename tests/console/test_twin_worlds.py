"""R2 at every address of the composed console: nothing on it changes when a worker talks with us in private."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from aiohttp.test_utils import TestClient

from bot import app
from bot.clock import RandomIds, SystemClock
from bot.domain.broadcast import BroadcastStatus
from bot.domain.case import Case, CaseId, Compartment, Topic, Urgency
from bot.domain.contact import Address, ContactId, Permission, Reach, Scheme
from bot.domain.values import Position
from tests.console.alarm import alarmed
from tests.console.conftest import FARM, Browser
from tests.console.test_every_address import client, composed, redis_url, signed_in

__all__ = ["client", "composed", "redis_url"]

WORKER = ContactId("farm-0000")
PEOPLE = 6
# What a page tells of now, and random marks of a page's own.
_PASSING = re.compile(r"\d{1,2}:\d\d(?::\d\d)?|\d+ minutes?|[0-9a-f]{64}")
_UNEQUAL = ("report.pdf", "poster.pdf", ".xlsx", "/live")  # no texts, or no end


def paths(composed: app.App) -> list[str]:
    """Every page of the console that shows something, with the names of this test's things in it."""
    found = {
        route.resource.canonical
        for resource in composed.web_application.router.resources()
        for route in resource
        if route.method == "GET" and route.resource and route.resource.canonical.startswith("/console/")
    }
    shown = []
    for path in sorted(found):
        if "/static/" in path or path.endswith(_UNEQUAL):
            continue
        named = path.replace("{person}", WORKER).replace("{suffix}", "csv")
        broadcasts = ("out", "draft") if "{id}" in named else ("north",)
        shown += [re.sub(r"\{[^}]+\}", broadcast, named) for broadcast in broadcasts]
    return shown


async def pages(composed: app.App, browser: Browser) -> dict[str, tuple[int, str]]:
    told = {}
    for path in paths(composed):
        answer = await browser.get(path)
        told[path] = answer.status, _PASSING.sub("#", await answer.text())
    return told


async def talks(composed: app.App) -> None:
    """The worker writes from their own Telegram in another language, says where they are, and a case is opened."""
    now = SystemClock().now()
    ids = RandomIds()
    async with composed.store.transaction() as unit:
        contact = await unit.contacts.get(WORKER)
        assert contact is not None
        chat = Reach(address=Address(scheme=Scheme.TELEGRAM, path="4711"), permission=Permission.WROTE,
                     permission_at=now, last_heard_at=now)  # fmt: skip
        await unit.contacts.save(
            replace(
                contact,
                reaches=(chat, *(replace(one, last_heard_at=now) for one in contact.reaches)),
                language="ar",
                is_language_confirmed=True,
                name="Said in private",
                nationality="EG",
                position=Position(latitude=-29.46, longitude=-51.96),
                position_at=now,
                met_at=now,
            )
        )
        await unit.cases.add(
            Case(
                id=CaseId(ids.new()), number="M-1", contact=WORKER, topic=Topic.ABUSE, urgency=max(Urgency),
                compartment=Compartment.PROTECTION, narrative="my boss beats me", opened_at=now, due_at=now,
            )
        )  # fmt: skip


async def test_r2_no_page_of_an_employer_changes_when_a_worker_talks_with_us(
    composed: app.App, client: TestClient[Any, Any]
) -> None:
    browser = await signed_in(composed, client)
    begun = SystemClock().now()
    await alarmed(composed.store, "out", people=PEOPLE, begun_at=begun)
    await alarmed(composed.store, "draft", people=PEOPLE, status=BroadcastStatus.DRAFT, begun_at=None)

    await pages(composed, browser)  # what is told once is told
    before = await pages(composed, browser)
    await talks(composed)
    after = await pages(composed, browser)

    assert len([status for status, _ in before.values() if status == 200]) > 20
    assert FARM.name in before["/console/"][1]
    changed = [path for path in before if before[path] != after[path]]
    assert not changed
