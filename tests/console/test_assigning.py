"""Giving by hand a conversation that nobody has (R14, R16): who may be given it, and what is refused in plain words."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from bot.domain.case import Topic, Urgency
from bot.domain.duty import SILENT_AFTER
from bot.domain.staff import Role, StaffId
from tests.console.conftest import FARM, Browser
from tests.console.desk_scene import DeskScene, desk

__all__ = ["desk"]


async def on_duty(desk: DeskScene, login: str, role: Role = Role.OPERATOR, languages: tuple[str, ...] = ()) -> Browser:
    browser = await desk.staff(login, role, languages=languages)
    await browser.text("/console/duty")
    assert (await browser.post("/console/duty/begin")).status == 303
    return browser


async def header(browser: Browser) -> str:
    """What the header asks for each minute."""
    headers = {"HX-Request": "true", "X-Renews-Itself": "1", "X-CSRF-Token": browser.csrf}
    answer = await browser.client.post("/console/duty/seen", headers=headers, allow_redirects=False)
    assert answer.status == 200, answer.status
    return await answer.text()


async def id_of(desk: DeskScene, login: str) -> StaffId:
    async with desk.muster.store.look() as unit:
        return next(one.id for one in await unit.staff.all() if one.login == login)


async def test_who_leads_gives_who_waits_to_somebody_on_duty(desk: DeskScene) -> None:
    """R14: the worker is told who writes with them, and the one who was given it has it."""
    olga, sam = await on_duty(desk, "olga"), await desk.staff("sam", Role.SUPERVISOR)
    worker, case = await desk.waits()
    path = f"/console/desk/{case.contact}/assign"
    for page in ("/console/desk", f"/console/desk/{case.contact}"):
        assert f'href="{path}"' in await sam.text(page), page
        assert path not in await olga.text(page), page
    await sam.text(path)
    answer = await sam.post(path, {"to": await id_of(desk, "olga")})
    assert "Olga has it now." in await (await sam.follow(answer)).text()
    assert "You are now writing with a person: Olga" in worker.said[-1].text
    assert "You have this conversation" in await olga.text(f"/console/desk/{case.contact}")


async def test_who_was_given_one_reads_so_in_every_header_until_it_is_answered(desk: DeskScene) -> None:
    """R14: nobody has a conversation without being told."""
    olga, sam = await on_duty(desk, "olga"), await desk.staff("sam", Role.SUPERVISOR)
    _, case = await desk.waits()
    await sam.text("/console/desk")
    assert "wait" not in await header(olga)
    await sam.post(f"/console/desk/{case.contact}/assign", {"to": await id_of(desk, "olga")})
    assert "1 of yours waits for your answer" in await header(olga)
    await olga.post(f"/console/desk/{case.contact}/reply", {"text": "I am here."})
    assert "wait" not in await header(olga)


async def test_who_reads_the_language_and_has_least_stands_first(desk: DeskScene) -> None:
    """R12."""
    for login, languages in (("olga", ("es",)), ("omar", ("es", "en")), ("nina", ("ne",)), ("zoe", ())):
        await on_duty(desk, login, languages=languages)
    await desk.staff("away", languages=("es",))
    sam = await desk.staff("sam", Role.SUPERVISOR)
    _, held = await desk.waits()
    await sam.text("/console/desk")
    await sam.post(f"/console/desk/{held.contact}/assign", {"to": await id_of(desk, "olga")})
    _, case = await desk.waits(says="hola, necesito ayuda con mi pasaporte por favor")
    text = await sam.text(f"/console/desk/{case.contact}/assign")
    places = [text.index(f"<bdi>{name}</bdi>") for name in ("Omar", "Olga", "Zoe", "Nina")]
    assert places == sorted(places)
    assert "Away" not in text
    assert ("1 conversation in hand" in text, "0 conversations in hand" in text) == (True, True)
    assert text.count("does not read their language") == 1
    assert "languages not entered" in text
    assert text.count(" checked>") == 1


async def test_one_that_somebody_took_meanwhile_says_who_has_it(desk: DeskScene) -> None:
    """R14."""
    olga, sam = await on_duty(desk, "olga"), await desk.staff("sam", Role.SUPERVISOR)
    await on_duty(desk, "omar")
    _, case = await desk.waits()
    path = f"/console/desk/{case.contact}/assign"
    await sam.text(path)
    await olga.post("/console/desk/take", {"contact": case.contact})
    omars = await id_of(desk, "omar")
    for ask in (partial(sam.post, path, {"to": omars}), partial(sam.get, path)):
        text = await (await sam.follow(await ask())).text()
        assert "Olga has this conversation already." in text
        assert "Give to somebody else" in text
    assert path not in await sam.text("/console/desk")


async def test_nobody_is_given_a_conversation_who_has_left_meanwhile(desk: DeskScene) -> None:
    await on_duty(desk, "olga")
    omar, sam = await on_duty(desk, "omar"), await desk.staff("sam", Role.SUPERVISOR)
    _, case = await desk.waits()
    path = f"/console/desk/{case.contact}/assign"
    assert "Omar" in await sam.text(path)
    await omar.post("/console/duty/leave")
    answer = await sam.post(path, {"to": await id_of(desk, "omar")})
    text = await answer.text()
    assert (answer.status, "not on duty any more" in text, "<bdi>Omar</bdi>" in text) == (422, True, False)
    desk.muster.clock.forward(SILENT_AFTER + timedelta(seconds=1))
    text = await sam.text(path)
    assert "Nobody who may answer this is on duty." in text
    assert (await sam.post(path, {})).status == 422
    async with desk.muster.store.look() as unit:
        assert await unit.claims.of(case.contact) is None


async def test_a_protection_conversation_is_given_to_specialists_only_and_unknown_to_others(desk: DeskScene) -> None:
    """R2, R16."""
    await on_duty(desk, "olga")
    await on_duty(desk, "pia", Role.SPECIALIST)
    sam = await desk.staff("sam", Role.SUPERVISOR)
    _, general = await desk.waits()
    text = await sam.text(f"/console/desk/{general.contact}/assign")
    assert ("Olga" in text, "Pia" in text) == (True, True)
    _, case = await desk.waits(Topic.ABUSE, Urgency.CRITICAL)
    for login in ("olga", "pia"):
        posted = await sam.post(f"/console/desk/{case.contact}/assign", {"to": await id_of(desk, login)})
        nobodys = await sam.post("/console/desk/nobody/assign", {"to": await id_of(desk, login)})
        assert (posted.status, nobodys.status) == (404, 404)
        assert (await posted.text()).replace(case.contact, "nobody") == await nobodys.text()


async def test_only_who_leads_gives(desk: DeskScene) -> None:
    """R2: for an employer there is no desk at all."""
    olga, ana = await on_duty(desk, "olga"), await desk.staff("ana", Role.AUTHOR, employer=FARM)
    _, case = await desk.waits()
    path, to = f"/console/desk/{case.contact}/assign", {"to": await id_of(desk, "olga")}
    await ana.text("/console/account")
    assert ((await olga.get(path)).status, (await olga.post(path, to)).status) == (403, 403)
    assert ((await ana.get(path)).status, (await ana.post(path, to)).status) == (404, 404)
