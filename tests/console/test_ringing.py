"""What rings, for whom (R11, R16): every page of who is on duty asks, and a protection case finds a specialist."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from bot.domain.case import Topic, Urgency
from bot.domain.staff import Role
from tests.console.conftest import FARM, Browser
from tests.console.desk_scene import DeskScene, desk

__all__ = ["desk"]


async def rings(browser: Browser) -> tuple[bool, list[str]]:
    headers = {"X-Renews-Itself": "1"}
    answer = await browser.client.get("/console/desk/alarms", headers=headers, allow_redirects=False)
    assert answer.status == 200, answer.status
    told = cast(dict[str, Any], await answer.json())
    return told["is_on_duty"], told["urgent"]


async def on_duty(desk: DeskScene, login: str, role: Role = Role.OPERATOR) -> Browser:
    browser = await desk.staff(login, role)
    await browser.text("/console/duty")
    await browser.post("/console/duty/begin")
    return browser


async def test_a_critical_one_rings_until_somebody_has_it(desk: DeskScene) -> None:
    browser = await on_duty(desk, "olga")
    assert await rings(browser) == (True, [])
    await desk.waits(Topic.WAGES, Urgency.HIGH)
    _, case = await desk.waits(Topic.MEDICAL, Urgency.CRITICAL)
    assert await rings(browser) == (True, [case.contact])
    await browser.text("/console/desk")
    await browser.post("/console/desk/take", {"contact": case.contact})
    assert await rings(browser) == (True, [])


async def test_it_rings_for_who_is_off_duty_only_where_nobody_on_duty_may_answer(desk: DeskScene) -> None:
    off, here = await desk.staff("omar"), await on_duty(desk, "olga")
    _, case = await desk.waits(Topic.MEDICAL, Urgency.CRITICAL)
    assert await rings(off) == (False, [])
    await here.post("/console/duty/leave")
    assert await rings(off) == (False, [case.contact])


async def test_a_protection_case_rings_for_specialists_alone_and_finds_one_off_duty(desk: DeskScene) -> None:
    """R16: not even a number for others, who are on duty."""
    operator, leader = await on_duty(desk, "olga"), await on_duty(desk, "samir", Role.SUPERVISOR)
    specialist = await desk.staff("pia", Role.SPECIALIST)
    _, case = await desk.waits(Topic.ABUSE, Urgency.CRITICAL)
    assert await rings(specialist) == (False, [case.contact])
    for other in (operator, leader):
        assert await rings(other) == (True, [])


async def test_what_was_not_answered_in_time_rings_once_more(desk: DeskScene) -> None:
    browser = await on_duty(desk, "samir", Role.SUPERVISOR)
    _, case = await desk.waits(Topic.MEDICAL, Urgency.CRITICAL)
    before = (await rings(browser))[1]
    async with desk.muster.store.transaction(case.contact) as unit:
        found = await unit.cases.get(case.id)
        assert found is not None
        await unit.cases.save(replace(found, escalated_at=desk.muster.clock.now()))
    assert set((await rings(browser))[1]).isdisjoint(before)


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.APPROVER, Role.ADMINISTRATOR])
async def test_for_who_answers_nobody_nothing_rings(desk: DeskScene, role: Role) -> None:
    """R2."""
    browser = await desk.staff("ana", role, **({"employer": FARM} if role.is_employers else {}))
    assert (await browser.get("/console/desk/alarms")).status == 404
    assert "alarms.js" not in await browser.text("/console/")
