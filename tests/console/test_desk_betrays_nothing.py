"""What the desk tells besides its words: reads that nobody entered, beats, repeated forms, and traces of what moved."""

from __future__ import annotations

import re

import pytest

from bot.console.desk_stream import CHECK
from bot.domain.activity import ActivityKind
from bot.domain.case import CaseStatus, Topic, Urgency
from bot.domain.staff import Role
from bot.services.access import Reader
from bot.services.duty import DutyDesk
from tests.console.desk_scene import DeskScene, desk
from tests.stand import CountingIds

__all__ = ["desk"]

SECRET = "my secret words"


async def reads(desk: DeskScene, subject: str) -> int:
    async with desk.muster.store.look() as unit:
        found = await unit.audit.search(subject=subject, limit=50)
    return sum(entry.deed == "read" for entry in found)


async def test_r17_words_that_a_stream_shows_to_who_never_opened_the_page_are_a_look(desk: DeskScene) -> None:
    _, case = await desk.waits(says=SECRET)
    browser = await desk.staff()
    async with desk.watching(browser, f"/console/desk/{case.contact}/live") as stream:
        assert SECRET in (await stream.until("timeline"))["timeline"]
    assert await reads(desk, case.contact) == 1


async def test_r17_a_stream_of_the_page_that_was_opened_is_no_other_look(desk: DeskScene) -> None:
    _, case = await desk.waits(says=SECRET)
    browser = await desk.staff()
    page = await browser.text(f"/console/desk/{case.contact}")
    found = re.search(r'sse-connect="([^"]+)"', page)
    assert found is not None
    async with desk.watching(browser, found[1].replace("&amp;", "&")) as stream:
        await stream.until("beat")
    assert await reads(desk, case.contact) == 1


async def test_r17_the_mark_of_another_conversation_or_another_person_opens_none(desk: DeskScene) -> None:
    _, case = await desk.waits(says=SECRET)
    _, other = await desk.waits(says="hello")
    olga, omar = await desk.staff("olga"), await desk.staff("omar")
    pages = [await olga.text(f"/console/desk/{other.contact}"), await omar.text(f"/console/desk/{case.contact}")]
    before = await reads(desk, case.contact)
    for page in pages:
        mark = page.split("opened=")[1].split('"')[0].split("&")[0]
        async with desk.watching(olga, f"/console/desk/{case.contact}/live?opened={mark}") as stream:
            await stream.until("timeline")
    assert await reads(desk, case.contact) == before + 2


@pytest.mark.parametrize(
    ("deed", "fields"), [("transfer", {}), ("hand-back", {"end": "settled"}), ("note", {}), ("reply", {"text": "x"})]
)
async def test_r17_a_wrong_form_that_shows_the_conversation_is_a_look(
    desk: DeskScene, deed: str, fields: dict[str, str]
) -> None:
    _, case = await desk.waits(says=SECRET)
    browser = await desk.staff()
    answer = await browser.post(f"/console/desk/{case.contact}/{deed}", fields)
    assert answer.status == 422
    assert SECRET in await answer.text()
    assert await reads(desk, case.contact) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_r17_who_is_written_to_is_a_look(desk: DeskScene, method: str) -> None:
    _, case = await desk.waits(says=SECRET)
    browser = await desk.staff()
    path = f"/console/desk/{case.contact}/compose"
    answer = await (browser.get(path) if method == "GET" else browser.post(path, {"do": "places", "kind": "shelter"}))
    assert answer.status == 200
    assert await reads(desk, case.contact) == 1


async def test_r16_no_beat_of_the_queue_tells_that_something_unseen_has_changed(desk: DeskScene) -> None:
    await desk.waits()
    olga, pia = await desk.staff(), await desk.staff("pia", Role.SPECIALIST)
    async with desk.watching(olga, "/console/desk/live") as hers, desk.watching(pia, "/console/desk/live") as trained:
        await hers.until("beat")
        await trained.until("beat")
        _, hidden = await desk.waits(Topic.ABUSE, Urgency.CRITICAL)
        desk.turns.again()
        assert hidden.number in (await trained.until("rows"))["rows"]
        await desk.waits(Topic.WAGES)
        desk.turns.again()
        first, _ = await hers.event()
        assert first != "beat"  # the hidden one alone moved nothing on her screen
        await trained.until("rows")


@pytest.mark.parametrize("path", ["reply", "compose"])
async def test_r14_a_reply_that_is_sent_twice_goes_out_once(desk: DeskScene, path: str) -> None:
    _, case = await desk.waits()
    browser = await desk.staff()
    await browser.post("/console/desk/take", {"contact": case.contact})
    page = await browser.text(f"/console/desk/{case.contact}" + ("/compose" if path == "compose" else ""))
    once = re.search(r'name="once" value="([^"]+)"', page)
    form = {"text": "The boat comes at six.", "do": "send", **({"once": once[1]} if once else {})}
    for _ in range(2):
        answer = await browser.post(f"/console/desk/{case.contact}/{path}", form)
        assert answer.status == 303
    async with desk.muster.store.look() as unit:
        sent = await unit.deliveries.history(case.contact, 50)
    assert [one.content.text for one in sent].count("The boat comes at six.") == 1
    again = await browser.text(f"/console/desk/{case.contact}")
    assert once is not None
    assert once[1] not in again


async def test_r17_a_note_that_is_sent_twice_is_kept_once_and_another_beside_it(desk: DeskScene) -> None:
    _, case = await desk.waits()
    browser = await desk.staff()
    path = f"/console/desk/{case.contact}"
    once = re.search(r'class="note-form".*?name="once" value="([^"]+)"', await browser.text(path), re.DOTALL)
    form = {"note": "He rings at six.", **({"once": once[1]} if once else {})}
    for typed in (form, form, {**form, "note": "At seven."}, {"note": "At seven."}):
        assert (await browser.post(f"{path}/note", typed)).status == 303
    async with desk.muster.store.look() as unit:
        notes = [one.text for one in await unit.activities.of(case.contact, 50) if one.kind is ActivityKind.NOTE]
    assert notes == ["He rings at six.", "At seven.", "At seven."]


async def test_r16_a_conversation_that_becomes_protected_does_not_stay_with_who_may_not_answer(desk: DeskScene) -> None:
    worker, case = await desk.waits()
    browser = await desk.staff()
    await browser.post("/console/desk/take", {"contact": case.contact})
    protected = await desk.opens(worker, Topic.ABUSE, Urgency.CRITICAL)
    assert (protected.owner, protected.status) == (None, CaseStatus.OPEN)
    async with desk.muster.store.transaction() as unit:
        assert await unit.alarms.claim(desk.muster.clock.now(), desk.muster.clock.now(), 9)  # specialists are told
    duty = DutyDesk(store=desk.muster.store, clock=desk.muster.clock, ids=CountingIds(), desk=desk.muster.operators)
    await duty.sweep()
    async with desk.muster.store.look() as unit:
        assert await unit.claims.of(case.contact) is None
        assert {one.status for one in await unit.cases.of(case.contact)} == {CaseStatus.OPEN}


@pytest.mark.parametrize("deed", ["role", "disabled"])
async def test_r16_who_may_no_more_loses_the_streams_that_are_open(desk: DeskScene, deed: str) -> None:
    _, case = await desk.waits(Topic.ABUSE, says=SECRET)
    pia = await desk.staff("pia", Role.SPECIALIST)
    await desk.staff("adam", Role.ADMINISTRATOR)
    async with desk.muster.store.look() as unit:
        known = next(one for one in await unit.staff.all() if one.login == "pia")
    async with (
        desk.watching(pia, f"/console/desk/{case.contact}/live") as one,
        desk.watching(pia, "/console/desk/live") as queue,
    ):
        await one.until("beat")
        await queue.until("beat")
        if deed == "role":
            by = Reader(role=Role.ADMINISTRATOR, id="adam")
            await desk.house.desk.change(known.id, name="Pia", role=Role.OPERATOR, by=by)
        else:
            await desk.house.desk.disable("pia")
        desk.muster.clock.forward(CHECK)
        await desk.waits(Topic.WAGES)
        desk.wire.tells()
        desk.turns.again()
        assert await one.is_over()
        assert await queue.is_over()
