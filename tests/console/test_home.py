"""The first page and the menu: what waits for the reader, what runs, and what is being written."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.broadcast import BroadcastKind, BroadcastStatus, Info
from bot.domain.staff import Role
from tests.console.alarm import alarmed
from tests.console.alert_house import begun, open_alerts, people, plain, submitted
from tests.console.conftest import FARM, MILL, House


async def test_what_waits_for_approval_is_the_first_thing_that_an_approver_reads(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    path = await submitted(author, kind="alert")
    text = await approver.text("/console/")
    assert "Waits for your approval LIVE ALERT" in plain(text)
    assert f'href="{path}"' in text
    assert "Alerts 1 (1 waits for your approval)" in plain(await approver.text("/console/alerts"))


async def test_r7_what_the_author_may_not_approve_waits_for_somebody_else(house: House) -> None:
    open_alerts(house)
    writer, approver = await house.approver(login="eva"), await house.approver()
    await people(house)
    await submitted(writer, kind="alert")
    own = plain(await writer.text("/console/"))
    assert "Waits for somebody else, or for its time LIVE ALERT" in own
    assert "your approval" not in own
    assert "your approval" in plain(await approver.text("/console/"))


async def test_what_runs_is_told_with_its_figures_and_the_way_to_its_board(house: House) -> None:
    author, alarm = await house.author(), await alarmed(house.store, people=20)
    numbers = await alarm.numbers()
    await alarm.sent(*numbers[:10])
    await alarm.answers(*numbers[:5])
    text = await author.text("/console/")
    assert "Running now LIVE ALERT" in plain(text)
    assert "20 people · still to be written to: 10 · have answered: 5" in plain(text)
    assert f'href="/console/board/{alarm.id}"' in text
    assert "Board 1 (1 runs now)" in plain(text)


async def test_r2_the_first_page_tells_an_employer_no_small_count(house: House) -> None:
    author, alarm = await house.author(), await alarmed(house.store, people=20)
    await alarm.answers(*(await alarm.numbers())[:2])
    text = plain(await author.text("/console/"))
    assert "20 people" in text
    assert "have answered" not in text
    admin = await house.signed_in("root", Role.ADMINISTRATOR)
    assert "have answered: 2" in plain(await admin.text("/console/"))


async def test_a_drill_that_runs_says_so_first(house: House) -> None:
    await alarmed(house.store, kind=BroadcastKind.DRILL)
    assert "Running now DRILL" in plain(await (await house.author()).text("/console/"))


async def test_drafts_are_found_again_from_the_first_page(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    path = await begun(author)
    text = await author.text("/console/")
    assert f'href="{path}"' in text
    assert "Drafts DRILL Draft" in plain(text)


async def test_r2_nothing_of_another_employers_is_told(house: House) -> None:
    await house.author()
    await alarmed(house.store)
    await alarmed(house.store, "b2", status=BroadcastStatus.SUBMITTED, begun_at=None)
    stranger = await house.approver(MILL, "eva")
    text = plain(await stranger.text("/console/"))
    assert "Flood" not in text
    assert "runs now" not in text
    assert FARM.name not in text


async def test_a_title_leaves_out_what_each_readers_own_site_fills(house: House) -> None:
    alarm = await alarmed(
        house.store,
        infos={"en": Info(headline="Flood in Lajeado since 11:30. This is for {site}. Go up.", instruction="")},
    )
    assert alarm.broadcast.title == "Flood in Lajeado since 11:30. Go up."
    assert (
        replace(alarm.broadcast, infos={"en": Info(headline="Fire at {site}.", instruction="")}).title == "Fire at …."
    )
    assert replace(alarm.broadcast, infos={"en": Info(headline=" ", instruction="")}).title == "Flood"
