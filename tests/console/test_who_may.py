"""Which role may open which address of the composed console: one line for each in who_may.yml, and each is tried."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient

from bot import app
from bot.clock import RandomIds, SystemClock
from bot.console.guard import OPEN
from bot.domain.broadcast import BroadcastStatus
from bot.domain.case import Compartment
from bot.domain.contact import Address, Contact, ContactId, Scheme
from bot.domain.duty import Shift, ShiftId
from bot.domain.employer import SiteId
from bot.domain.message import Doubt
from bot.domain.staff import STAFF_ROLES, Role, StaffId
from bot.domain.wages import Pay
from bot.services.desk_ports import CannedReply
from bot.services.staff import StaffDesk
from bot.storage.store import SqlStore
from tests.console.conftest import CHEAP, PASSWORD, SECRET, Browser
from tests.console.test_every_address import client, composed, redis_url
from tests.contracts.accounts import broadcast
from tests.storage import samples
from tests.storage.samples import ANA, FARM

__all__ = ["client", "composed", "redis_url"]

TABLE: Mapping[str, str] = yaml.safe_load(Path(__file__).with_name("who_may.yml").read_text())
PIA = ContactId("pia")
PAY = Pay(begins=date(2026, 1, 1), ends=date(2026, 2, 1), currency="BRL", agreed=Decimal(1500))
NOT_THERE = (403, 404)
ENDS_THE_VISIT = frozenset({"POST /console/account/sign-out-everywhere"})
TAKES_A_CONTACT = frozenset({"POST /console/desk/take"})  # in its form
# What stands for each part of an address, of somebody whom the whole desk may know.
PARTS = {
    "contact": ANA, "number": "M-AAAAAA", "document": "doc1", "message": "m1", "other": "ona",
    "employer": FARM.id, "site": "st1", "person": "fara", "shift": "sh1", "place": "p1",
    "reply": "r1", "flow": "shelter", "language": "en", "suffix": "csv", "id": "live", "preview": "x",
}  # fmt: skip
# And of somebody with a protection case.
PROTECTED = {"contact": PIA, "number": "M-PPPPPP", "document": "doc2", "message": "m2", "other": "oda"}
ASKED = {"GET /console/cases/{number}/wages.pdf": "?language=pt"}
WHAT = {"staff": "enable", "people": "left"}
DOUBT = Doubt(intent="shelter", confidence=0.3, flow="shelter", language="en")


def patterns(root: web.Application) -> list[str]:
    """`METHOD /path/{part}` of every address of the console but its files."""
    found = {
        f"{route.method} {route.resource.canonical}"
        for resource in root.router.resources()
        for route in resource
        if route.resource is not None and route.resource.canonical.startswith("/console/")
    }
    return sorted(one for one in found if "/console/static/" not in one and not one.startswith("HEAD "))


def filled(pattern: str, parts: Mapping[str, str]) -> tuple[str, str]:
    """Method and path, with what stands for each part."""
    method, path = pattern.split()
    family = path.split("/")[2]
    given = {**parts, "what": WHAT.get(family, "x"), "id": "draft" if family == "alerts" else "live"}
    return method, re.sub(r"\{(\w+)[^}]*\}", lambda part: given[part[1]], path)


async def fill(store: SqlStore) -> None:
    """Something behind every part of an address."""
    now = SystemClock().now()
    async with store.transaction() as unit:
        await unit.sites.put(FARM, [samples.site()])
        await unit.places.put([samples.place(expires_on=now.date() + timedelta(days=90))])
        await unit.roster.add([Contact(id=ContactId("fara"), reaches=(), employer=FARM.id, site=SiteId("st1"))])
        reply = CannedReply(id="r1", name="a", texts={"en": "Hello."}, changed_at=now, changed_by="x")
        await unit.canned_replies.put(reply)
        for name, status in (("draft", BroadcastStatus.DRAFT), ("live", BroadcastStatus.LIVE)):
            await unit.broadcasts.add(broadcast(name, status=status, begun_at=None if name == "draft" else now))
    await _worker(store, ANA, "1", Compartment.GENERAL)
    await _worker(store, PIA, "2", Compartment.PROTECTION)
    for number, other in (("3", "ona"), ("4", "oda")):
        await samples.meet(store, _phone(number), ContactId(other))


def _phone(number: str) -> Address:
    return Address(scheme=Scheme.TEL, path=f"+555155500100{number}")


async def _worker(store: SqlStore, who: ContactId, number: str, compartment: Compartment) -> None:
    """With a message, a case and a document."""
    await samples.meet(store, _phone(number), who)
    async with store.transaction(who) as unit:
        message = samples.message(f"m{number}", who, address=_phone(number), provider_id=number)
        await unit.messages.add(message)
        await unit.messages.note_doubt(message.id, DOUBT)
        told = PARTS if compartment is Compartment.GENERAL else PROTECTED
        await unit.cases.add(
            samples.case(f"k{number}", who, number=told["number"], compartment=compartment, pay=(PAY,))
        )
        later = SystemClock().now() + timedelta(days=1)
        await unit.documents.add(samples.document(told["document"], who, expires_at=later), b"x")


async def entered(served: app.App, client: TestClient[Any, Any], role: Role) -> tuple[Browser, StaffId]:
    """Somebody of that role, signed in, of the farm if of an employer; and somebody else to have something done to."""
    await fill(served.store)
    clock, employer = SystemClock(), FARM.id if role.is_employers else None
    desk = StaffDesk(store=served.store, clock=clock, ids=RandomIds(), hasher=CHEAP)
    await desk.add(login="me", name="M", role=role, password=PASSWORD, employer=employer, totp_secret=SECRET)
    other = await desk.add(login="other", name="O", role=Role.OPERATOR, password=PASSWORD, totp_secret=SECRET)
    begins = clock.now() + timedelta(hours=1)
    async with served.store.transaction() as unit:
        shift = Shift(id=ShiftId("sh1"), staff=other.id, begins_at=begins, ends_at=begins + timedelta(hours=1))
        await unit.duty.put_shift(shift)
    return await Browser(client, clock).sign_in("me"), other.id


async def is_open(browser: Browser, pattern: str, parts: Mapping[str, str]) -> bool:
    """Whether there is something at the address for whoever this is."""
    method, path = filled(pattern, parts)
    path += ASKED.get(pattern, "")
    headers = {"Origin": str(browser.client.make_url("/")).rstrip("/")}
    typed = {
        "contact": parts["contact"],
        "subject": f"message:{parts['message']}",
        "text": "x",
        "language": "en",
        "csrf": browser.csrf,
    }
    data = {**typed, "csrf": browser.csrf} if method != "GET" else None
    async with browser.client.request(method, path, data=data, headers=headers, allow_redirects=False) as answer:
        assert answer.status < 500, (pattern, answer.status)
        assert not answer.headers.get("Location", "").startswith("/console/sign-in"), pattern
        return answer.status not in NOT_THERE


def in_turn(root: web.Application) -> list[str]:
    """Looking comes before doing, and nothing of what is done takes away what comes after it."""
    closed = [one for one in patterns(root) if one.split()[1] not in OPEN and one not in ENDS_THE_VISIT]
    return sorted(closed, key=lambda pattern: (not pattern.startswith("GET"), pattern))


def may_open(pattern: str, role: Role) -> bool:
    return role.value in TABLE[pattern].split()


def may_open_protected(pattern: str, role: Role) -> bool:
    """R16: of what the desk may open of a person, the specialist's part; never what teaches the bot."""
    is_training = pattern.split()[1].startswith("/console/corrections/")
    return role is Role.SPECIALIST and may_open(pattern, role) and not is_training


def is_personal(pattern: str) -> bool:
    return any(f"{{{part}}}" in pattern for part in PROTECTED) or pattern in TAKES_A_CONTACT


def test_every_address_has_its_line(composed: app.App) -> None:
    """Whoever adds a page says who may open it; a line without its page is taken out."""
    assert set(TABLE) == set(in_turn(composed.web_application))


@pytest.mark.parametrize("role", STAFF_ROLES)
async def test_each_role_opens_what_its_line_says_and_nothing_else(
    composed: app.App, client: TestClient[Any, Any], role: Role
) -> None:
    """R2, R16."""
    browser, other = await entered(composed, client, role)
    parts = {**PARTS, "staff": other}
    wrong = []
    for pattern in in_turn(composed.web_application):
        if await is_open(browser, pattern, parts) != may_open(pattern, role):
            wrong.append(pattern)
        of_protected = {**parts, **PROTECTED}
        if is_personal(pattern) and await is_open(browser, pattern, of_protected) != may_open_protected(pattern, role):
            wrong.append(f"{pattern} of somebody protected")
    assert wrong == []
