"""The queue's page (R2, R14, R16): who waits, in order; what may be seen; one who takes is the one who has."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import console
from bot.console.conversation_following import BETWEEN_BEATS
from bot.console.desk_stream import BEAT_SECONDS, REFRESH_SECONDS
from bot.console.queue import Alike, Asked
from bot.domain.case import CaseStatus, Topic, Urgency
from bot.domain.staff import Role
from bot.services.access import Reader
from tests.console.conftest import FARM
from tests.console.desk_scene import DeskScene, desk

__all__ = ["desk"]


async def test_an_empty_queue_says_so(desk: DeskScene) -> None:
    text = await (await desk.staff()).text("/console/desk")
    assert "Nobody waits. Whoever asks for a person appears here by itself." in text


async def test_the_urgent_stand_first_and_each_row_says_what_it_is(desk: DeskScene) -> None:
    _, low = await desk.waits(Topic.DOCUMENTS, Urgency.LOW)
    _, critical = await desk.waits(Topic.MEDICAL, Urgency.CRITICAL)
    text = await (await desk.staff()).text("/console/desk")
    assert text.index(critical.number) < text.index(low.number)
    for part in ("Critical", "Medical help", "Answer within", "◆", "Waits for a person"):
        assert part in text, part


async def test_whoever_waits_too_long_is_called_late_in_words(desk: DeskScene) -> None:
    await desk.waits(Topic.MEDICAL, Urgency.CRITICAL)
    desk.muster.clock.forward(timedelta(minutes=9))
    assert "Answer is late by" in await (await desk.staff()).text("/console/desk")


async def test_taking_one_makes_the_bot_silent_and_tells_the_worker(desk: DeskScene) -> None:
    """R14."""
    worker, case = await desk.waits()
    browser = await desk.staff()
    await browser.text("/console/desk")
    answer = await browser.post("/console/desk/take", {"contact": case.contact})
    assert answer.headers["Location"] == f"/console/desk/{case.contact}"
    assert "You are now writing with a person: Olga" in worker.said[-1].text
    assert "You have this conversation" in await (await browser.follow(answer)).text()
    assert "With Olga" in await browser.text("/console/desk")


async def test_two_race_for_one_and_the_slower_reads_who_was_faster(desk: DeskScene) -> None:
    """R14."""
    _, case = await desk.waits()
    one, two = await desk.staff("olga"), await desk.staff("omar")
    for browser in (one, two):
        await browser.text("/console/desk")
    answers = await asyncio.gather(*(b.post("/console/desk/take", {"contact": case.contact}) for b in (one, two)))
    pages = [await (await b.follow(answer)).text() for b, answer in zip((one, two), answers, strict=True)]
    winners = [number for number, page in enumerate(pages) if "You have this conversation" in page]
    assert len(winners) == 1
    name = ("Olga", "Omar")[winners[0]]
    assert f"{name} has this conversation already." in pages[1 - winners[0]]


async def test_take_the_next_gives_who_speaks_my_language(desk: DeskScene) -> None:
    _, first = await desk.waits(says="hello")
    _, second = await desk.waits(says="hola, necesito ayuda con mi pasaporte por favor")
    browser = await desk.staff(languages=("es",))
    await browser.text("/console/desk")
    answer = await browser.post("/console/desk/next")
    assert answer.headers["Location"] == f"/console/desk/{second.contact}"
    answer = await browser.post("/console/desk/next")
    assert answer.headers["Location"] == f"/console/desk/{first.contact}"
    answer = await browser.post("/console/desk/next")
    assert "Ahora nadie espera a una persona." in await (await browser.follow(answer)).text()


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR])
async def test_a_protection_case_is_nowhere_for_who_is_no_specialist(desk: DeskScene, role: Role) -> None:
    """R2, R16: no row, no count, no choice of a filter; and its address is as one that does not exist."""
    worker, case = await desk.waits(Topic.DOCUMENTS)
    await desk.opens(worker, Topic.ABUSE, Urgency.CRITICAL)
    browser = await desk.staff(role=role)
    text = await browser.text("/console/desk")
    assert case.number not in text
    assert case.contact not in text
    assert "<strong>0</strong> critical" in text
    assert "Compartment" not in text
    assert "Nobody waits" in text
    for query in ("topic=abuse", "compartment=protection", "place=waiting"):
        assert case.number not in await browser.text(f"/console/desk?{query}")
    assert (
        "Nobody waits for a person now."
        in await (await browser.follow(await browser.post("/console/desk/next"))).text()
    )
    missing = await browser.post("/console/desk/take", {"contact": "c-unknown"})
    theirs = await browser.post("/console/desk/take", {"contact": case.contact})
    assert (missing.status, theirs.status) == (404, 404)
    assert (await missing.text()).replace("c-unknown", "x") == (await theirs.text()).replace(case.contact, "x")


async def test_a_specialist_sees_and_filters_protection_cases(desk: DeskScene) -> None:
    worker, case = await desk.waits(Topic.DOCUMENTS)
    await desk.opens(worker, Topic.ABUSE, Urgency.CRITICAL)
    _, other = await desk.waits(Topic.DOCUMENTS)
    browser = await desk.staff("pia", Role.SPECIALIST)
    text = await browser.text("/console/desk?compartment=protection")
    assert case.number in text
    assert other.number not in text
    assert other.number in await browser.text("/console/desk")


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.APPROVER, Role.ADMINISTRATOR])
async def test_who_answers_nobody_finds_no_desk(desk: DeskScene, role: Role) -> None:
    """R2."""
    _, case = await desk.waits()
    employer = FARM if role.is_employers else None
    browser = await desk.staff("ana", role, employer=employer)
    for path in (
        "/console/desk",
        "/console/desk/live",
        f"/console/desk/{case.contact}",
        f"/console/desk/{case.contact}/live",
    ):
        answer = await browser.get(path)
        assert answer.status == 404, path
        assert case.number not in await answer.text()
    assert 'href="/console/desk"' not in await browser.text("/console/")
    for path in ("take", "next", f"{case.contact}/reply", f"{case.contact}/note", f"{case.contact}/give-back"):
        answer = await browser.post(f"/console/desk/{path}", {"contact": case.contact, "text": "x", "note": "x"})
        assert answer.status == 404, path


async def test_filters_are_in_the_address_and_say_when_nobody_matches(desk: DeskScene) -> None:
    _, wages = await desk.waits(Topic.WAGES)
    _, papers = await desk.waits(Topic.DOCUMENTS)
    browser = await desk.staff()
    text = await browser.text("/console/desk?topic=wages")
    assert wages.number in text
    assert papers.number not in text
    assert "Nobody matches what you filter by." in await browser.text("/console/desk?mine=true")
    assert (await browser.get("/console/desk?topic=nonsense")).status == 404


async def test_the_stream_shows_who_comes_and_who_is_taken(desk: DeskScene) -> None:
    browser = await desk.staff()
    async with desk.watching(browser, "/console/desk/live") as stream:
        first = await stream.until("rows")
        assert "Nobody waits" in first["rows"]
        _, case = await desk.waits(Topic.MEDICAL, Urgency.CRITICAL)
        desk.turns.again()
        news = await stream.until("rows")
        assert case.number in news["rows"]
        assert case.contact in news["tally"]  # whose appearance rings
        await browser.post("/console/desk/take", {"contact": case.contact})
        desk.turns.again()
        assert "With Olga" in (await stream.until("rows"))["rows"]


async def test_a_stream_has_nothing_of_a_protection_case(desk: DeskScene) -> None:
    """R16."""
    worker, case = await desk.waits(Topic.WAGES)
    olga, pia = await desk.staff(), await desk.staff("pia", Role.SPECIALIST)
    async with desk.watching(olga, "/console/desk/live") as hers, desk.watching(pia, "/console/desk/live") as trained:
        assert case.number in (await hers.until("rows"))["rows"]
        await trained.until("rows")
        await desk.opens(worker, Topic.ABUSE, Urgency.CRITICAL)
        desk.turns.again()
        gone, there = await hers.until("rows"), await trained.until("rows")
    assert case.number not in gone["rows"]
    assert case.contact not in gone["tally"] + gone["rows"]
    assert case.number in there["rows"]


async def test_who_looks_and_who_writes_is_in_the_list(desk: DeskScene) -> None:
    _, case = await desk.waits()
    olga, omar = await desk.staff("olga"), await desk.staff("omar")
    await olga.text(f"/console/desk/{case.contact}")
    assert "Olga is looking" in await omar.text("/console/desk")
    await olga.post(f"/console/desk/{case.contact}/typing")
    assert "Olga is writing" in await omar.text("/console/desk")


@pytest.mark.parametrize("order", [("pia", "olga", "sue"), ("olga", "sue", "pia")])
async def test_readers_of_different_compartments_never_share_what_was_drawn(
    desk: DeskScene, order: tuple[str, ...]
) -> None:
    """R16: whoever's list is drawn first, and whatever they filter by, the others get theirs."""
    _, plain = await desk.waits(Topic.WAGES)
    _, secret = await desk.waits(Topic.ABUSE, Urgency.CRITICAL)
    roles = {"pia": Role.SPECIALIST, "olga": Role.OPERATOR, "sue": Role.SUPERVISOR}
    browsers = {login: await desk.staff(login, role) for login, role in roles.items()}
    for query in ("", "?place=waiting", "?compartment=protection"):
        async with AsyncExitStack() as stack:
            seen = {}
            for login in order:
                stream = await stack.enter_async_context(desk.watching(browsers[login], f"/console/desk/live{query}"))
                seen[login] = "".join((await stream.until("beat")).values())
        assert secret.number in seen["pia"]
        for login in ("olga", "sue"):
            assert secret.contact not in seen[login]
            assert (plain.number in seen[login]) == (query != "?compartment=protection")


async def test_who_is_alike_is_drawn_once_and_only_mine_is_shared_with_nobody(desk: DeskScene) -> None:
    """R16: what is shared rests on all by which access may tell two readers apart, but their id."""
    told_apart = {field.name for field in fields(Reader)} - {"id"}
    assert told_apart <= {field.name for field in fields(Alike)}
    olga, omar = Reader(role=Role.OPERATOR, id="olga"), Reader(role=Role.OPERATOR, id="omar")
    everything, own = Asked(), Asked(mine=True)
    assert Alike.of(olga, everything, "en") == Alike.of(omar, everything, "en")
    assert Alike.of(olga, everything, "en") != Alike.of(olga, everything, "ar")
    assert Alike.of(olga, everything, "en") != Alike.of(olga, Asked(language="ne"), "en")
    assert Alike.of(olga, own, "en") != Alike.of(omar, own, "en")
    for role in set(Role) - {Role.OPERATOR}:
        assert Alike.of(olga, everything, "en") != Alike.of(Reader(role=role, id="olga"), everything, "en")


async def test_a_screen_that_was_cut_off_gets_the_whole_truth_when_it_is_back(desk: DeskScene) -> None:
    """What came, changed and went meanwhile: the first thing it gets is the list as it is now."""
    browser = await desk.staff()
    _, taken = await desk.waits()
    async with desk.watching(browser, "/console/desk/live") as stream:
        assert taken.number in (await stream.until("rows"))["rows"]
    _, came = await desk.waits(Topic.MEDICAL, Urgency.CRITICAL)
    _, gone = await desk.waits()
    await (await desk.staff("omar")).post("/console/desk/take", {"contact": taken.contact})
    async with desk.muster.store.transaction(gone.contact) as unit:
        await unit.cases.save(replace(gone, status=CaseStatus.CLOSED, closed_at=desk.muster.clock.now()))
    async with desk.watching(browser, "/console/desk/live") as stream:
        back = await stream.until("beat")
    assert came.number in back["rows"]
    assert came.contact in back["tally"]
    assert "With Omar" in back["rows"]
    assert gone.number not in back["rows"]


async def test_a_quiet_queue_gives_signs_of_life_before_the_page_calls_itself_not_live() -> None:
    """The page waits for ten seconds: one sign may be lost on the way."""
    silence = re.search(r"SILENCE = ([\d_]+)", (Path(console.__file__).parent / "static" / "console.js").read_text())
    assert silence is not None
    longest = int(silence[1]) / 1000
    assert longest > 2 * BEAT_SECONDS
    assert BETWEEN_BEATS.total_seconds() + REFRESH_SECONDS < longest
