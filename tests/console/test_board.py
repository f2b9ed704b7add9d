"""The board over HTTP: what it shows and to whom, and how the silent are closed."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.console import board
from bot.console.board_stream import BoardStream
from bot.domain.broadcast import BroadcastKind, BroadcastStatus
from bot.domain.checkin import Closing, RecipientState, Safety, Source
from bot.domain.errors import Reason
from bot.domain.staff import Role
from bot.services.board import BoardDesk
from bot.services.checkins import CheckInDesk
from bot.services.watch import Lookout
from tests.console.alarm import NORTH, SECRETS, alarmed
from tests.console.conftest import FARM, MILL, House
from tests.stand import NOW


@pytest.fixture(autouse=True)
def _boards(house: House) -> None:
    desk = BoardDesk(store=house.store, clock=house.clock)
    stream = BoardStream(lookout=Lookout(reader=desk, clock=house.clock), staff=house.desk, clock=house.clock)
    house.pages += board.routes(
        desk=desk,
        check_ins=CheckInDesk(store=house.store, clock=house.clock, region="BR"),
        stream=stream,
        clock=house.clock,
        hotline="+55 51 5550 0190",
    )


# Of a site: needs help, no answer, not reached, safe, safe as another reports, closed, all.
def row(text: str, name: str) -> list[str]:
    """The figures of the first table row that is called so."""
    plain = text.replace("<bdi>", "").replace("</bdi>", "")
    line = plain.split(f'<th scope="row">{name}</th>', 1)[1].split("</tr>")[0]
    return re.findall(r'<td class="number[^"]*"[^>]*>([^<]*)<', line)


async def test_everybody_is_counted_by_site_and_in_total(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store)
    one, two, three, four, *_ = await alarm.numbers()
    await alarm.answers(one)
    await alarm.answers(two, safety=Safety.HELP)
    await alarm.answers(three, source=Source.OTHER)
    await alarm.is_at(RecipientState.NOT_REACHED, four, reason=Reason.NO_ADDRESS)

    text = await browser.text(f"/console/board/{alarm.id}")

    assert row(text, "North field") == ["0", "1", "0", "1", "1", "0", "3"]
    assert row(text, "South &lt;mill&gt;") == ["1", "1", "1", "0", "0", "0", "3"]
    assert row(text, "All") == ["1", "2", "1", "1", "1", "0", "6"]
    assert row(text, "Not reached: no number or address is known") == ["1"]
    assert "2 of 6 have answered themselves" in text


async def test_r3_no_words_no_address_and_no_name_but_the_lists_own_are_shown(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store)
    numbers = await alarm.numbers()
    await alarm.answers(*numbers[:3], safety=Safety.HELP)

    pages = [await browser.text(f"/console/board/{alarm.id}{part}") for part in ("", "/silent")]

    for text in pages:
        assert "Worker 000" in text
        assert not any(secret in text for secret in (*SECRETS, "Private Nickname"))


async def test_r2_whoever_works_elsewhere_by_now_is_nameless_to_the_former_employer(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store, people=1)
    async with house.store.transaction() as unit:
        await unit.sites.put(MILL, [])
        gone = (await unit.roster.people(FARM.id))[0]
        await unit.contacts.save(replace(gone, employer=MILL.id, site=None))

    text = await browser.text(f"/console/board/{alarm.id}/silent")

    assert "Not on your list" in text
    assert "Worker 0000" not in text
    assert "+5511100" not in text


async def test_r9_a_drill_says_so_on_every_page(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store, kind=BroadcastKind.DRILL)
    number = (await alarm.numbers())[0]
    for path in ("/console/board", f"/console/board/{alarm.id}", f"/console/board/{alarm.id}/silent"):
        text = await browser.text(path)
        assert '<span class="drill-mark">DRILL: practice, no danger</span>' in text
        assert "live-mark" not in text
    answer = await browser.post(f"/console/board/{alarm.id}/close", {"people": str(number), "reason": "found"})
    assert "drill-mark" in await answer.text()


async def test_a_message_that_asks_nothing_shows_only_how_far_it_came(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store, kind=BroadcastKind.NOTICE, asks_check_in=False)
    text = await browser.text(f"/console/board/{alarm.id}")
    assert row(text, "Waiting to be sent") == ["6"]
    assert "Needs help" not in text


async def test_a_slip_in_a_sites_time_zone_costs_no_board(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store, sites=(replace(NORTH, timezone="America/Sao Paulo"),))
    assert "12:00" in await browser.text(f"/console/board/{alarm.id}")


async def test_the_list_has_what_runs_or_ended_of_late(house: House) -> None:
    browser = await house.author()
    await alarmed(house.store, "running", event="Running one", infos={})
    await alarmed(house.store, "over", event="Ended one", infos={}, status=BroadcastStatus.ENDED, ended_at=NOW)
    await alarmed(house.store, "draft", event="Draft one", infos={}, status=BroadcastStatus.DRAFT, begun_at=None)
    house.clock.pass_(timedelta(hours=10))
    browser = await (await house.browser()).sign_in("ana")
    text = await browser.text("/console/board")
    assert ("Running one" in text, "Ended one" in text, "Draft one" in text) == (True, True, False)
    house.clock.pass_(timedelta(days=8))
    browser = await (await house.browser()).sign_in("ana")
    text = await browser.text("/console/board")
    assert ("Running one" in text, "Ended one" in text) == (True, False)


async def test_without_javascript_the_page_renews_itself(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store)
    text = await browser.text(f"/console/board/{alarm.id}")
    assert '<noscript><meta http-equiv="refresh" content="15"></noscript>' in text


# --- closing ------------------------------------------------------------------------------------------------------


async def test_r10_the_silent_are_closed_with_a_reason_after_one_more_question(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store)
    one, two, *_ = await alarm.numbers()
    path = f"/console/board/{alarm.id}"
    await browser.text(f"{path}/silent")

    asked = await browser.post(f"{path}/close", {"people": [str(one), str(two)], "reason": "on_leave"})
    text = await asked.text()
    assert "Close 2 people?" in text
    assert "Worker 0000" in text
    assert row(await browser.text(path), "All")[5] == "0"

    done = await browser.post(
        f"{path}/close", {"people": [str(one), str(two)], "reason": "on_leave", "is_sure": "true"}
    )
    text = await (await browser.follow(done)).text()
    assert "2 people are closed." in text
    assert "Worker 0000" not in text
    assert row(await browser.text(path), "All") == ["0", "4", "0", "0", "0", "2", "6"]
    async with house.store.look() as unit:
        closed = await unit.recipients.get(one)
    assert closed is not None
    assert (closed.closing, closed.closed_by is not None, closed.has_answered) == (Closing.ON_LEAVE, True, False)


async def test_whoever_answers_while_the_page_is_open_is_not_closed(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store)
    one, two, *_ = await alarm.numbers()
    await browser.text(f"/console/board/{alarm.id}/silent")
    await alarm.answers(one)
    done = await browser.post(
        f"/console/board/{alarm.id}/close", {"people": [str(one), str(two)], "reason": "found", "is_sure": "true"}
    )
    text = await (await browser.follow(done)).text()
    assert "1 person is closed." in text
    assert "1 was not closed" in text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": "found"}, "Choose at least one person."),
        ({"people": "1"}, "Please fill this in."),
        ({"people": "1", "reason": "safe"}, "Please choose one of the list."),
        ({"people": "x", "reason": "found"}, "Choose at least one person."),
        ({"people": str(2**63), "reason": "found"}, "Choose at least one person."),
    ],
)
async def test_a_form_without_a_person_or_a_reason_closes_nobody(
    house: House, fields: dict[str, str], told: str
) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store)
    await browser.text(f"/console/board/{alarm.id}/silent")
    answer = await browser.post(f"/console/board/{alarm.id}/close", {"is_sure": "true", **fields})
    assert answer.status == 422
    assert told in await answer.text()


async def test_silent_people_come_in_pages_and_by_site(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store, people=205)
    first = await browser.text(f"/console/board/{alarm.id}/silent")
    assert first.count('name="people"') == 100
    following = first.split("&amp;after=")[1].split('"')[0]
    second = await browser.text(f"/console/board/{alarm.id}/silent?site=&after={following}")
    assert second.count('name="people"') == 100
    assert "Worker 0100" in second
    south = await browser.text(f"/console/board/{alarm.id}/silent?site=south")
    assert ("Worker 0001" in south, "Worker 0000" in south) == (True, False)
    assert (await browser.get(f"/console/board/{alarm.id}/silent?after=many")).status == 404


# --- who may ------------------------------------------------------------------------------------------------------

PAGES = ("", "/live", "/silent")


@pytest.mark.parametrize("part", PAGES)
async def test_r2_another_employer_finds_nothing_there(house: House, part: str) -> None:
    alarm = await alarmed(house.store)
    stranger = await house.approver(MILL)
    answer = await stranger.get(f"/console/board/{alarm.id}{part}")
    assert answer.status == 404
    missing = await stranger.get(f"/console/board/no-such{part}")
    assert await answer.text() == (await missing.text()).replace("no-such", alarm.id)


async def test_r2_another_employer_closes_nobody(house: House) -> None:
    alarm = await alarmed(house.store)
    stranger = await house.approver(MILL)
    mill = await alarmed(house.store, "mills", employer=MILL, sites=(), people=1)
    numbers = [str(number) for number in await alarm.numbers()]
    fields = {"people": numbers, "reason": "found", "is_sure": "true"}
    await stranger.text(f"/console/board/{mill.id}/silent")

    assert (await stranger.post(f"/console/board/{alarm.id}/close", fields)).status == 404
    done = await stranger.post(f"/console/board/{mill.id}/close", fields)  # its own board, others' numbers
    assert "0 people are closed" in await (await stranger.follow(done)).text()
    asked = await stranger.post(f"/console/board/{mill.id}/close", {**fields, "is_sure": ""})
    assert "Worker" not in await asked.text()
    async with house.store.look() as unit:
        assert not [tally for tally in await unit.recipients.tally(alarm.id) if tally.closing]


async def test_operators_see_figures_and_neither_names_nor_the_form(house: House) -> None:
    alarm = await alarmed(house.store)
    await alarm.answers((await alarm.numbers())[0], safety=Safety.HELP)
    operator = await house.signed_in("olga", Role.OPERATOR)
    text = await operator.text(f"/console/board/{alarm.id}")
    assert row(text, "All")[0] == "1"
    assert "Worker 0" not in text
    assert (await operator.get(f"/console/board/{alarm.id}/silent")).status == 404
    fields = {"people": "1", "reason": "found", "is_sure": "true"}
    assert (await operator.post(f"/console/board/{alarm.id}/close", fields)).status == 403


async def test_what_has_not_begun_has_no_board(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store, status=BroadcastStatus.SUBMITTED, begun_at=None)
    assert (await browser.get(f"/console/board/{alarm.id}")).status == 404
