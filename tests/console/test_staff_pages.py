"""The administrator lets people in and out; nobody else sees the pages; all of it is in the audit."""

import re

import pytest

from bot.console import audit_pages, staff_pages
from bot.domain.employer import Sector
from bot.domain.staff import Role
from bot.services.audit import AuditDesk
from tests.console.conftest import FARM, Browser, House


@pytest.fixture(autouse=True)
def pages(house: House) -> None:
    audit = AuditDesk(store=house.store, clock=house.clock)
    house.pages += staff_pages.routes(
        desk=house.desk,
        store=house.store,
        clock=house.clock,
        ids=house.ids,
        languages=[("en", "English"), ("ne", "नेपाली")],
    )
    house.pages += audit_pages.routes(desk=audit, staff=house.desk)


async def administrator(house: House) -> Browser:
    return await house.signed_in("root", Role.ADMINISTRATOR)


NEW = {"name": "Olga Ivanova", "login": "olga", "role": "operator", "languages": ["en", "ne"]}


async def test_a_new_account_has_a_password_that_is_told_once(house: House) -> None:
    browser = await administrator(house)
    answer = await browser.post("/console/staff/new", NEW)
    text = await answer.text()
    password = re.search(r"<code dir=\"ltr\">([^<]+)</code>", text)
    assert password is not None
    assert await house.desk.sign_in("olga", password[1]) is not None
    listed = await browser.text("/console/staff")
    assert "Olga Ivanova" in listed
    assert password[1] not in listed


async def test_what_does_not_fit_together_is_told_and_nothing_typed_is_lost(house: House) -> None:
    browser = await administrator(house)
    answer = await browser.post("/console/staff/new", {**NEW, "role": "author"})
    assert answer.status == 422
    assert 'value="Olga Ivanova"' in await answer.text()


async def test_a_disabled_account_is_out_at_once_and_may_come_back(house: House) -> None:
    browser, olga = await administrator(house), await house.signed_in("olga", Role.OPERATOR)
    who = next(one for one in await house.desk.all() if one.login == "olga")
    await browser.post(f"/console/staff/{who.id}/disable", {})
    assert (await olga.get("/console/account")).status in (303, 401)
    await browser.post(f"/console/staff/{who.id}/enable", {})
    back = next(one for one in await house.desk.all() if one.login == "olga")
    assert back.disabled_at is None


@pytest.mark.parametrize("how", ["disable", "another role"])
async def test_the_last_administrator_stays_one(house: House, how: str) -> None:
    browser = await administrator(house)
    root = next(one for one in await house.desk.all() if one.login == "root")
    if how == "disable":
        await browser.post(f"/console/staff/{root.id}/disable", {})
    else:
        answer = await browser.post(f"/console/staff/{root.id}", {"name": "Root", "role": "operator"})
        assert answer.status == 422
    kept = next(one for one in await house.desk.all() if one.login == "root")
    assert (kept.role, kept.disabled_at) == (Role.ADMINISTRATOR, None)


async def test_every_change_is_in_the_audit_and_can_be_searched(house: House) -> None:
    """R17."""
    browser = await administrator(house)
    await browser.post("/console/staff/new", NEW)
    olga = next(one for one in await house.desk.all() if one.login == "olga")
    text = await browser.text(f"/console/audit?subject={olga.id}&matter=staff")
    assert "added as operator" in text
    assert "Nothing is entered" in await browser.text("/console/audit?subject=nobody")
    answer = await browser.post("/console/audit/check", {})
    assert answer.status == 303
    assert "The chain is whole" in await browser.text("/console/audit")


async def test_r17_who_was_signed_out_everywhere_by_whom_is_in_the_audit(house: House) -> None:
    browser = await administrator(house)
    await browser.post("/console/staff/new", NEW)
    olga = next(one for one in await house.desk.all() if one.login == "olga")
    assert (await browser.post(f"/console/staff/{olga.id}/leave", {})).status == 303
    assert "signed out everywhere" in await browser.text(f"/console/audit?subject={olga.id}&matter=staff")
    root = next(one for one in await house.desk.all() if one.login == "root")
    await browser.post("/console/account/sign-out-everywhere", {})
    async with house.store.look() as unit:
        (entry, *_) = await unit.audit.search(subject=root.id, limit=1)
    assert (entry.reader, entry.detail) == (root.id, "signed out everywhere")


async def test_a_search_that_cannot_be_read_is_a_search_for_all(house: House) -> None:
    browser = await administrator(house)
    for query in ("since=tomorrow", "before=-1", "before=" + "9" * 40, "matter=nothing", "reader=" + "x" * 100):
        assert (await browser.get(f"/console/audit?{query}")).status == 200


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SPECIALIST, Role.AUTHOR, Role.APPROVER, Role.SUPERVISOR])
@pytest.mark.parametrize("path", ["/console/staff/new", "/console/audit"])
async def test_nobody_else_comes_here(house: House, role: Role, path: str) -> None:
    """R2."""
    browser = await house.signed_in("olga", role, FARM if role.is_employers else None)
    assert (await browser.get(path)).status in (403, 404)
    assert (await browser.post("/console/staff/new", NEW)).status in (403, 404)
    assert [one.login for one in await house.desk.all()] == ["olga"]


async def test_employers_are_added_and_renamed(house: House) -> None:
    browser = await administrator(house)
    await browser.post("/console/staff/employers", {"name": "New Quarry"})
    async with house.store.look() as unit:
        made = next(employer for employer in await unit.sites.employers() if employer.name == "New Quarry")
    await browser.post(f"/console/staff/employers/{made.id}", {"name": "Old Quarry", "sector": "B"})
    async with house.store.transaction() as unit:
        changed = await unit.sites.employer(made.id)
    assert changed is not None
    assert changed.sector is Sector.MINING
    assert (await browser.post(f"/console/staff/employers/{made.id}", {"name": "x", "sector": "?"})).status == 422
    assert "Old Quarry" in await browser.text("/console/staff/employers")
    assert (await browser.post("/console/staff/employers/none", {"name": "x"})).status == 404
