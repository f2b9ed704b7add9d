"""Letting the bot ask from within a conversation: in the worker's language, while one person keeps the talk (R14)."""

from __future__ import annotations

import re

from bot.domain.case import Topic
from tests.console.desk_scene import DeskScene, desk

__all__ = ["desk"]


async def test_the_bot_asks_for_the_amount_and_the_person_keeps_the_talk(desk: DeskScene) -> None:
    """R14: what is answered to the bot is not answered by the bot's other flows, and the person reads it."""
    worker, case = await desk.waits(Topic.WAGES, says="hola")
    olga = await desk.staff()
    path = f"/console/desk/{case.contact}"
    await olga.text(path)
    assert "Let the bot ask" not in await olga.text(path)
    await olga.post("/console/desk/take", {"contact": case.contact})
    text = await olga.text(path)
    assert re.search(r'<option value="unpaid_wages">Unpaid wages</option>', text)
    assert 'value="talk_to_human"' not in text
    answer = await olga.post(f"{path}/ask", {"flow": "unpaid_wages"})
    text = await (await olga.follow(answer)).text()
    assert "The bot asks now." in text
    assert "You have this conversation" in text
    assert "sin peligro" in worker.said[-1].text
    await worker.says("1")
    await worker.says("Granja Sul")
    await worker.says("3")
    await worker.says("4500")
    assert "4500" in await olga.text(path)
    assert "You have this conversation" in await olga.text(path)


async def test_who_asked_for_a_person_and_had_one_is_not_asked_again_what_it_is_about(desk: DeskScene) -> None:
    """R14: going on with that would open the same case once more; other flows go on, by their own titles."""
    olga = await desk.staff()
    for numbers, chosen in ((("English", "9"), "end"), (("English", "8", "1"), "resume")):
        worker = desk.muster.worker()
        await worker.says("menu")
        for number in numbers:
            await worker.says(number)
        contact = (await worker.contact()).id
        await olga.text("/console/desk")
        await olga.post("/console/desk/take", {"contact": contact})
        text = await olga.text(f"/console/desk/{contact}")
        assert f'name="how" value="{chosen}" checked' in text, numbers
    assert "<bdi>Unpaid wages</bdi>" in text


async def test_nothing_is_asked_by_who_does_not_have_the_talk_or_that_is_no_question(desk: DeskScene) -> None:
    worker, case = await desk.waits()
    olga, omar = await desk.staff("olga"), await desk.staff("omar")
    path = f"/console/desk/{case.contact}"
    await olga.text(path)
    await olga.post("/console/desk/take", {"contact": case.contact})
    before = len(worker.said)
    await omar.text(path)
    answer = await omar.post(f"{path}/ask", {"flow": "unpaid_wages"})
    assert "Somebody else has this conversation." in await (await omar.follow(answer)).text()
    for flow in ("", "stop", "nonsense"):
        answer = await olga.post(f"{path}/ask", {"flow": flow})
        assert "Choose what is to be asked." in await (await olga.follow(answer)).text(), flow
    assert len(worker.said) == before


async def test_what_one_may_not_see_cannot_be_asked_about(desk: DeskScene) -> None:
    """R2, R16: as for what is not there."""
    _, case = await desk.waits(Topic.ABUSE)
    olga = await desk.staff()
    await olga.text("/console/desk")
    for flow in ("unpaid_wages", "nonsense"):
        theirs = await olga.post(f"/console/desk/{case.contact}/ask", {"flow": flow})
        nobodys = await olga.post("/console/desk/nobody/ask", {"flow": flow})
        assert (theirs.status, nobodys.status) == (404, 404), flow
