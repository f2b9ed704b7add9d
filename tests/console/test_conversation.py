"""A conversation's page (R2, R13, R14, R16, R17): all that was said, live, and what a person does in it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, cast

import pytest

from bot.console.conversation_following import BETWEEN_BEATS
from bot.domain.case import CaseStatus, Outcome, Topic, Urgency
from bot.domain.contact import Channel, ContactId
from bot.domain.errors import Reason, SendError
from bot.domain.staff import Role
from bot.services.desk import HandBack
from tests.console.conftest import Browser
from tests.console.desk_scene import DeskScene, desk
from tests.dialogue import PORTO_ALEGRE

__all__ = ["desk"]

HTMX = {"HX-Request": "true"}


async def held(desk: DeskScene, browser: Browser, **case: object) -> tuple:
    """A worker whose conversation this browser has taken; its page was opened."""
    worker, made = await desk.waits(**case)
    await browser.text("/console/desk")
    await browser.post("/console/desk/take", {"contact": made.contact})
    return worker, made, f"/console/desk/{made.contact}"


async def test_it_shows_who_said_what_in_order(desk: DeskScene) -> None:
    browser = await desk.staff()
    worker, case, path = await held(desk, browser, says="my foreman has my papers")
    await browser.text(path)
    await browser.post(f"{path}/reply", {"text": "I am here."})
    await worker.says("<b>thank you</b>")
    text = await browser.text(path)
    order = [
        "my foreman has my papers",
        "Olga took it.",
        "You are now writing with a person",
        "I am here.",
        "&lt;b&gt;thank you",
    ]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    for part in ("Worker", "Bot", "Olga", "Sent", case.number, "Wants a person"):
        assert part in text, part


async def test_opening_it_is_audited_once_and_refreshing_is_not(desk: DeskScene) -> None:
    """R17."""
    _, case = await desk.waits()
    browser = await desk.staff()

    async def reads() -> int:
        async with desk.muster.store.look() as unit:
            found = await unit.audit.search(subject=case.contact, limit=50)
        return sum(entry.deed == "read" for entry in found)

    page = await browser.text(f"/console/desk/{case.contact}")
    assert await reads() == 1
    stream_of_it = page.split('sse-connect="')[1].split('"')[0].replace("&amp;", "&")
    async with desk.watching(browser, stream_of_it) as stream:
        await stream.until("beat")
        desk.wire.tells()
        await browser.post(f"/console/desk/{case.contact}/typing")
    assert await reads() == 1


async def test_a_reply_reaches_the_worker_and_the_composer_is_empty_again(desk: DeskScene) -> None:
    browser = await desk.staff()
    worker, _, path = await held(desk, browser)
    await browser.text(path)
    answer = await browser.post(f"{path}/reply", {"text": "Can you write safely?"}, headers=_own(browser) | HTMX)
    assert answer.status == 200
    part = await answer.text()
    assert "Sent." in part
    assert "Can you write safely?" not in part
    assert "<html" not in part
    assert worker.said[-1].text == "Can you write safely?"


async def test_what_was_written_is_kept_when_somebody_else_has_it_by_then(desk: DeskScene) -> None:
    """R14: two answers from two people cannot be."""
    olga, omar = await desk.staff("olga"), await desk.staff("omar")
    worker, _case, path = await held(desk, olga)
    await omar.text(path)
    said = len(worker.said)
    answer = await omar.post(f"{path}/reply", {"text": "A long answer."})
    assert answer.status == 422
    text = await answer.text()
    assert "Somebody else has this conversation." in text
    assert "A long answer." in text
    assert len(worker.said) == said


async def test_who_has_not_taken_it_finds_the_composer_closed_and_why(desk: DeskScene) -> None:
    _, case = await desk.waits()
    text = await (await desk.staff()).text(f"/console/desk/{case.contact}")
    assert "Take the conversation first: then you can write." in text
    assert "<fieldset disabled" in text
    assert "Nobody has this conversation. The bot answers." in text


async def test_a_note_is_seen_by_staff_and_never_sent(desk: DeskScene) -> None:
    browser = await desk.staff()
    worker, _case, path = await held(desk, browser)
    await browser.text(path)
    said = len(worker.said)
    await browser.post(f"{path}/note", {"note": "sounds afraid"})
    text = await browser.text(path)
    assert "sounds afraid" in text
    assert "Olga noted:" in text
    assert len(worker.said) == said


@pytest.mark.parametrize("how", list(HandBack))
async def test_handing_back_settled_resolves_and_says_so(desk: DeskScene, how: HandBack) -> None:
    browser = await desk.staff()
    worker, case, path = await held(desk, browser)
    await browser.text(path)
    answer = await browser.post(f"{path}/hand-back", {"end": "settled", "outcome": "helped", "how": how.value})
    assert "Handed back to the bot." in await (await browser.follow(answer)).text()
    mine = next(one for one in await worker.cases() if one.id == case.id)
    assert (mine.status, mine.outcome) == (CaseStatus.RESOLVED, Outcome.HELPED)
    assert "writing with a program again" in " ".join(content.text for content in worker.said)


async def test_handing_back_asks_how_it_ended_and_when_it_goes_on(desk: DeskScene) -> None:
    browser = await desk.staff()
    worker, case, path = await held(desk, browser)
    await browser.text(path)
    answer = await browser.post(f"{path}/hand-back", {"end": "settled"})
    assert (answer.status, "Choose how it ended." in await answer.text()) == (422, True)
    answer = await browser.post(f"{path}/hand-back", {"end": "follow_up", "next_step": "call the mill"})
    text = await answer.text()
    assert (answer.status, "Say when you follow it up." in text, "call the mill" in text) == (422, True, True)
    answer = await browser.post(f"{path}/hand-back", {"end": "follow_up", "next_step_at": "2001-01-01T09:00"})
    assert "This time is over already." in await answer.text()
    later = f"{desk.muster.clock.now() + timedelta(days=2):%Y-%m-%dT%H:%M}"
    sent = {"end": "follow_up", "next_step": "call the mill", "next_step_at": later, "how": "end"}
    assert (await browser.post(f"{path}/hand-back", sent)).status == 303
    mine = next(one for one in await worker.cases() if one.id == case.id)
    assert (mine.status, mine.next_step) == (CaseStatus.WAITING, "call the mill")


async def test_giving_it_to_a_colleague_with_a_note(desk: DeskScene) -> None:
    olga, omar = await desk.staff("olga"), await desk.staff("omar")
    _worker, _case, path = await held(desk, olga)
    page = await olga.text(path)
    omars = page.split('">Omar</option>')[0].rpartition('value="')[2]
    answer = await olga.post(f"{path}/transfer", {"to": omars, "why": "speaks her language"})
    assert "Omar has it now." in await (await olga.follow(answer)).text()
    text = await omar.text(path)
    assert "Olga gave it to Omar." in text
    assert "speaks her language" in text
    assert "You have this conversation" in text
    answer = await olga.post(f"{path}/transfer", {"to": omars})
    assert answer.status == 422


async def test_it_cannot_be_given_to_who_may_not_read_it(desk: DeskScene) -> None:
    """R16."""
    pia, olga = await desk.staff("pia", Role.SPECIALIST), await desk.staff("olga")
    _, _case, path = await held(desk, pia, topic=Topic.ABUSE)
    page = await pia.text(path)
    assert "Olga" not in page
    account = await olga.text("/console/account")
    assert account
    async with desk.muster.store.look() as unit:
        olgas = next(one.id for one in await unit.staff.all() if one.login == "olga")
    answer = await pia.post(f"{path}/transfer", {"to": olgas})
    assert answer.status == 422
    assert "Choose somebody who may read this conversation." in await answer.text()


async def test_giving_it_back_puts_it_into_the_queue(desk: DeskScene) -> None:
    browser = await desk.staff()
    _, case, path = await held(desk, browser)
    await browser.text(path)
    answer = await browser.post(f"{path}/give-back")
    text = await (await browser.follow(answer)).text()
    assert "It is back in the queue." in text
    assert f"take-{case.contact}" in text


async def test_a_protection_conversation_is_as_one_that_does_not_exist(desk: DeskScene) -> None:
    """R2, R16."""
    _, case = await desk.waits(Topic.ABUSE, Urgency.CRITICAL)
    browser = await desk.staff()
    path = f"/console/desk/{case.contact}"
    for verb in ("", "/live"):
        theirs, nobodys = await browser.get(path + verb), await browser.get(f"/console/desk/nobody{verb}")
        assert (theirs.status, nobodys.status) == (404, 404)
        assert (await theirs.text()).replace(case.contact, "nobody") == await nobodys.text()
    for deed in ("reply", "note", "give-back", "transfer", "hand-back", "typing"):
        answer = await browser.post(f"{path}/{deed}", {"text": "x", "note": "x", "to": "x", "end": "queue"})
        assert answer.status == 404, deed
    assert not desk.eyes.seen


async def test_a_screen_loses_the_conversation_when_a_protection_case_opens(desk: DeskScene) -> None:
    """R16."""
    worker, case = await desk.waits(says="my secret words")
    browser = await desk.staff()
    page = await browser.text(f"/console/desk/{case.contact}")
    assert "my secret words" in page
    async with desk.watching(browser, f"/console/desk/{case.contact}/live") as stream:
        assert "my secret words" in (await stream.until("timeline"))["timeline"]
        await stream.until("beat")
        await desk.opens(worker, Topic.ABUSE)
        desk.wire.tells()
        gone = await stream.until("gone")
        assert "You may not see this conversation any more." in gone["timeline"]
        assert gone["standing"] == gone["facts"] == ""
        assert await stream.is_over()


async def test_a_screen_gets_only_what_is_new_and_what_has_changed(desk: DeskScene) -> None:
    worker, case = await desk.waits(says="first words")
    browser = await desk.staff()
    page = await browser.text(f"/console/desk/{case.contact}")
    shown = page.split("shown=")[1].split('"')[0]
    async with desk.watching(browser, f"/console/desk/{case.contact}/live?shown={shown}") as stream:
        assert "timeline" not in await stream.until("beat")  # the page has it all
        await worker.says("second words")
        desk.wire.tells()
        news = (await stream.until("entries"))["entries"]
    assert "second words" in news
    assert "first words" not in news


async def test_a_screen_that_was_cut_off_catches_up_without_a_gap(desk: DeskScene) -> None:
    worker, case = await desk.waits(says="first words")
    browser = await desk.staff()
    page = await browser.text(f"/console/desk/{case.contact}")
    shown = page.split("shown=")[1].split('"')[0]
    await worker.says("while nobody listened")
    async with desk.watching(browser, f"/console/desk/{case.contact}/live?shown={shown}") as stream:
        whole = (await stream.until("timeline"))["timeline"]
    assert whole.index("first words") < whole.index("while nobody listened")


async def test_a_screen_reads_again_only_what_has_changed(desk: DeskScene) -> None:
    """Two hundred open conversations must not read all their histories every few seconds."""
    worker, case = await desk.waits(says="first words")
    browser, operators = await desk.staff(), desk.following.desk
    readings: list[object] = []

    class Counting:
        async def look_again(self, *args: object, **more: object) -> object:
            readings.append(args)
            return await operators.look_again(*args, **more)  # type: ignore[arg-type]

        async def trace(self, contact: ContactId) -> str:
            return await operators.trace(contact)

    desk.following.desk = Counting()  # type: ignore[assignment]
    async with desk.watching(browser, f"/console/desk/{case.contact}/live") as stream:
        await stream.until("beat")
        for _ in range(7):
            cast(Any, desk.muster.clock).forward(BETWEEN_BEATS)
            desk.wire.tells()
            await stream.until("beat")
        assert len(readings) <= 3  # a new minute may have begun: clocks move on by themselves
        before = len(readings)
        await worker.says("second words")
        desk.wire.tells()
        assert "second words" in (await stream.until("entries"))["entries"]
    assert len(readings) > before


async def test_a_failed_delivery_says_why_in_plain_words(desk: DeskScene) -> None:
    browser = await desk.staff()
    worker, _, path = await held(desk, browser, channel=Channel.SMS)
    await browser.text(path)
    desk.muster.broken[worker.address] = SendError(Reason.LANDLINE)
    await browser.post(f"{path}/reply", {"text": "hello?"})
    assert "Not delivered: the number is a landline" in await browser.text(path)


async def test_a_location_is_coordinates_a_map_and_a_link(desk: DeskScene) -> None:
    browser = await desk.staff()
    worker, _, path = await held(desk, browser)
    await worker.shares(PORTO_ALEGRE)
    text = await browser.text(path)
    assert "-30.03460, -51.21770" in text
    assert 'class="place" data-latitude="-30.0346"' in text
    assert 'rel="noopener noreferrer"' in text


async def test_the_length_is_counted_as_the_channel_counts(desk: DeskScene) -> None:
    browser = await desk.staff()
    _, _, path = await held(desk, browser, channel=Channel.SMS)
    await browser.text(path)
    for text, told in (
        ("a" * 160, "160 characters, 1 SMS segment"),
        ("a" * 161, "161 characters, 2 SMS segments"),
        ("ن" * 71, "71 characters, 2 SMS segments"),
    ):
        answer = await browser.post("/console/desk/count", {"text": text, "channel": "sms"})
        assert await answer.text() == told
    answer = await browser.post("/console/desk/count", {"text": "hi", "channel": "webchat"})
    assert await answer.text() == "2 characters"


async def test_whatsapp_shows_its_window_and_closes_outside_it(desk: DeskScene) -> None:
    browser = await desk.staff()
    _, _, path = await held(desk, browser, channel=Channel.WHATSAPP)
    desk.muster.clock.forward(timedelta(minutes=25))
    text = await browser.text(path)
    assert "WhatsApp: you can write freely for 23 h" in text
    assert "<fieldset disabled" not in text
    desk.muster.clock.forward(timedelta(hours=24))
    browser = await (await desk.house.browser()).sign_in("olga")
    text = await browser.text(path)
    assert "This cannot be sent until they write." in text
    assert "<fieldset disabled data-shut" in text


async def test_everything_that_came_before_is_there_page_by_page_once_and_in_order(desk: DeskScene) -> None:
    """Without JavaScript too; much happens in one moment here, for the clock stands still half of the time."""
    browser = await desk.staff()
    worker, case, path = await held(desk, browser, says="word 0 ")
    for number in range(1, 200):  # the bot is mute: each is one entry
        await worker.says(f"word {number} ")
        if number % 2:
            desk.muster.clock.forward(timedelta(seconds=1))
        if number % 50 == 0:
            await browser.post(f"{path}/note", {"note": f"word {number} noted "})
    found: list[str] = []
    text = await browser.text(path)
    assert "word 0 " not in text
    while True:
        shown = re.findall(r"word (\d+ (?:noted)?)", text.split('id="talk-title"')[1].split('id="composer"')[0])
        found = [*shown, *found]
        earlier = re.search(rf'href="({path}\?before=[^"]+)"', text)
        if earlier is None:
            break
        text = await browser.text(earlier[1])
        assert "What is new is not shown here." in text
    said = [one for number in range(200) for one in ([f"{number} "] + [f"{number} noted"] * (number in (50, 100, 150)))]
    assert found == said
    async with desk.muster.store.look() as unit:
        entries = await unit.audit.search(subject=case.contact, limit=50)
    assert sum((one.deed, one.detail) == ("read", "earlier") for one in entries) == 3  # R17


@pytest.mark.parametrize("mark", ["x", "1-x:y", "1-message:", "99999999999999999999999-message:a", "1-message:a%00b"])
async def test_a_place_that_cannot_be_is_not_there(desk: DeskScene, mark: str) -> None:
    browser = await desk.staff()
    _, _, path = await held(desk, browser)
    assert (await browser.get(f"{path}?before={mark}")).status == 404
    assert (await browser.get(f"{path}/live?since={mark}")).status == 404


async def test_a_screen_follows_from_its_first_entry_on_however_much_comes(desk: DeskScene) -> None:
    """What was loaded from before stands above it: nothing may be missing in between after a break."""
    browser = await desk.staff()
    worker, _, path = await held(desk, browser)
    for number in range(70):
        await worker.says(f"word {number} ")
        desk.muster.clock.forward(timedelta(seconds=1))
    text = await browser.text(path)
    first = re.findall(r"word (\d+) ", text)[0]
    since = re.search(r"live\?since=([^&]+)&", text)
    assert since is not None
    for number in range(70, 170):
        await worker.says(f"word {number} ")
        desk.muster.clock.forward(timedelta(seconds=1))
    async with desk.watching(browser, f"{path}/live?since={since[1]}&shown=other") as stream:
        timeline = (await stream.until("timeline"))["timeline"]
    assert re.findall(r"word (\d+) ", timeline) == [str(number) for number in range(int(first), 170)]


def _own(browser: Browser) -> dict[str, str]:
    return {"Origin": str(browser.client.make_url("/")).rstrip("/")}
