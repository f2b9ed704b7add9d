"""The pages of duty: coming and going by a button, a sign each minute, and the plan of shifts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.config import Settings
from bot.console import duty
from bot.domain.staff import Role, StaffId
from bot.services.assigning import Assigning
from bot.services.duty import DutyDesk
from tests.console.conftest import FARM, Browser
from tests.console.desk_scene import DeskScene, desk
from tests.stand import CountingIds

__all__ = ["desk"]

SHIFT = {"staff": "id", "day": "2027-03-01", "begins": "22:00", "ends": "06:00"}


@pytest.fixture(autouse=True)
def keeper(desk: DeskScene) -> DutyDesk:
    """Duty behind the desk's pages, in a deployment that offers who waits."""
    muster, settings = desk.muster, desk.house.settings
    made = DutyDesk(
        store=muster.store,
        clock=muster.clock,
        ids=CountingIds(),
        desk=muster.operators,
        assigning=Assigning.OFFER,
    )
    desk.house.pages[:] = [one for one in desk.house.pages if not one.path.startswith("/duty")]
    desk.house.pages += duty.routes(desk=made, zone=settings.zone)
    return made


async def sign(browser: Browser) -> str:
    """What the header shows after its minute."""
    headers = {"HX-Request": "true", "X-Renews-Itself": "1", "X-CSRF-Token": browser.csrf}
    answer = await browser.client.post("/console/duty/seen", headers=headers, allow_redirects=False)
    assert answer.status == 200, answer.status
    return await answer.text()


async def test_i_come_and_i_leave_by_a_button_in_every_header(desk: DeskScene) -> None:
    browser = await desk.staff()
    assert 'hx-post="/console/duty/seen"' in await browser.text("/console/desk")
    assert "Off duty" in await sign(browser)
    answer = await browser.post("/console/duty/begin")
    assert "You are on duty." in await (await browser.follow(answer)).text()
    assert "On duty since" in await sign(browser)
    answer = await browser.post("/console/duty/leave")
    assert "You are off duty." in await (await browser.follow(answer)).text()
    assert "Off duty" in await sign(browser)


async def test_who_leaves_is_told_how_many_went_back_to_the_queue(desk: DeskScene) -> None:
    _, case = await desk.waits()
    browser = await desk.staff()
    await browser.text("/console/desk")
    await browser.post("/console/desk/take", {"contact": case.contact})
    answer = await browser.post("/console/duty/leave")
    assert "1 conversation went back to the queue." in await (await browser.follow(answer)).text()
    assert "Waits for a person" in await browser.text("/console/desk")


async def test_the_sign_of_a_screen_keeps_duty_and_nobody_signed_in(desk: DeskScene, keeper: DutyDesk) -> None:
    """A console that nobody touches is left after half an hour, whatever its screen says."""
    browser = await desk.staff()
    await browser.post("/console/duty/begin")
    for _ in range(29):
        desk.muster.clock.forward(timedelta(minutes=1))
        assert "On duty since" in await sign(browser)
        await keeper.sweep()
    desk.muster.clock.forward(timedelta(minutes=1))
    headers = {"HX-Request": "true", "X-Renews-Itself": "1", "X-CSRF-Token": browser.csrf}
    answer = await browser.client.post("/console/duty/seen", headers=headers, allow_redirects=False)
    assert answer.headers["HX-Redirect"].startswith("/console/sign-in")


async def test_who_signs_out_has_left(desk: DeskScene, keeper: DutyDesk) -> None:
    """R14: nothing stays with someone who has gone."""
    _, case = await desk.waits()
    browser = await desk.staff()
    await browser.text("/console/desk")
    await browser.post("/console/desk/take", {"contact": case.contact})
    desk.muster.clock.forward(timedelta(minutes=5))
    await sign(browser)
    assert await keeper.sweep() == 0
    await browser.post("/console/sign-out")
    assert await keeper.present() == []
    assert await keeper.sweep() == 1


async def test_whom_i_would_be_given_is_offered_by_number(desk: DeskScene) -> None:
    _, case = await desk.waits()
    browser = await desk.staff(languages=("en",))
    await browser.post("/console/duty/begin")
    assert case.number in await sign(browser)
    other = await desk.staff("omar", languages=("pt",))
    await other.post("/console/duty/begin")
    assert case.number not in await sign(other)


async def test_a_supervisor_plans_changes_and_deletes_shifts(desk: DeskScene) -> None:
    desk.house.settings = Settings(home=desk.house.settings.home, organisation="Muster")
    olga = await desk.house.add("olga", Role.OPERATOR)
    browser = await desk.staff("samir", Role.SUPERVISOR)
    text = await browser.text("/console/duty")
    assert "No shifts are planned" in text
    day = (desk.muster.clock.now() + timedelta(days=2)).date().isoformat()
    answer = await browser.post("/console/duty/shifts", {**SHIFT, "staff": olga.id, "day": day})
    text = await (await browser.follow(answer)).text()
    assert "22:00" in text
    assert "06:00" in text
    path = text.split('<td><a href="')[1].split('"')[0]
    assert 'value="22:00"' in await browser.text(path)
    answer = await browser.post(path, {**SHIFT, "staff": olga.id, "day": day, "begins": "21:30"})
    assert "21:30" in await (await browser.follow(answer)).text()
    answer = await browser.post(f"{path}/delete")
    assert "No shifts are planned" in await (await browser.follow(answer)).text()


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"staff": "nobody"}, "Choose somebody who answers conversations."),
        ({"day": ""}, "Please fill this in."),
        ({"day": "soon"}, "Please write a day."),
    ],
)
async def test_a_wrong_shift_is_refused_with_what_was_typed(
    desk: DeskScene, typed: dict[str, str], problem: str
) -> None:
    browser = await desk.staff("samir", Role.SUPERVISOR)
    await browser.text("/console/duty")
    async with desk.muster.store.transaction() as unit:
        me = next(one for one in await unit.staff.all() if one.login == "samir")
    answer = await browser.post("/console/duty/shifts", {**SHIFT, "staff": me.id, **typed})
    text = await answer.text()
    assert answer.status == 422
    assert problem in text
    assert 'value="22:00"' in text


async def test_operators_see_their_own_shifts_and_plan_none(desk: DeskScene, keeper: DutyDesk) -> None:
    olga, other = await desk.house.add("olga", Role.OPERATOR), await desk.house.add("omar", Role.OPERATOR)
    supervisor = await desk.muster.operator("samir", Role.SUPERVISOR)
    now = desk.muster.clock.now()
    for staff in (olga.id, other.id):
        await keeper.plan(supervisor, StaffId(staff), now, now + timedelta(hours=8))
    browser = await (await desk.house.browser()).sign_in("olga")
    text = await browser.text("/console/duty")
    assert "Olga" in text
    assert "Omar" not in text
    assert "Plan a shift" not in text
    assert (await browser.post("/console/duty/shifts", {**SHIFT, "staff": olga.id})).status == 403


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.APPROVER, Role.ADMINISTRATOR])
async def test_for_who_answers_nobody_there_is_no_duty(desk: DeskScene, role: Role) -> None:
    """R2: an employer's people learn not even who is here."""
    browser = await desk.staff("ana", role, **({"employer": FARM} if role.is_employers else {}))
    assert (await browser.get("/console/duty")).status == 404
    for path in ("seen", "begin", "leave", "shifts", "shifts/x", "shifts/x/delete"):
        assert (await browser.post(f"/console/duty/{path}")).status == 404, path
    assert "/console/duty" not in await browser.text("/console/")
