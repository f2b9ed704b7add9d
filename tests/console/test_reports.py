"""The after-action report over HTTP: every recipient accounted for, to those who may know."""

from datetime import timedelta

import pytest

from bot.console import reports
from bot.domain.broadcast import Audience, BroadcastKind, BroadcastStatus, MessageType
from bot.domain.checkin import RecipientState, Safety
from bot.domain.delivery import BroadcastId
from bot.domain.errors import Reason
from bot.domain.staff import Role
from bot.printing.report import draw_report
from bot.services.audit import AuditDesk
from bot.services.board import BoardDesk
from bot.services.reports import ReportDesk
from tests.console.alarm import SECRETS, Alarm, alarmed
from tests.console.conftest import MILL, House
from tests.console.test_board import row
from tests.console.test_board_exports import exports
from tests.stand import NOW


@pytest.fixture(autouse=True)
def pages(house: House) -> None:
    house.pages += reports.routes(
        desk=ReportDesk(store=house.store, clock=house.clock),
        boards=BoardDesk(store=house.store, clock=house.clock),
        clock=house.clock,
        audit=AuditDesk(store=house.store, clock=house.clock),
        printer=draw_report,
    )


async def flooded(house: House, **fields: object) -> Alarm:
    """An alert to sixty: most answered, some were only sent it, a few could not be reached."""
    alarm = await alarmed(house.store, people=60, **fields)
    numbers = await alarm.numbers()
    await alarm.sent(*numbers[:54], at=NOW + timedelta(seconds=5))
    for i, number in enumerate(numbers[:48]):
        safety = Safety.HELP if i % 12 == 0 else Safety.SAFE
        await alarm.answers(number, safety=safety, at=NOW + timedelta(seconds=10 * (i + 1)))
    await alarm.is_at(RecipientState.FAILED, *numbers[54:58], reason=Reason.LANDLINE)
    await alarm.is_at(RecipientState.NOT_REACHED, *numbers[58:], reason=Reason.NO_ADDRESS)
    return alarm


async def test_r20_the_report_accounts_for_everybody_and_says_how_fast(house: House) -> None:
    browser, alarm = await house.author(), await flooded(house)
    text = await browser.text(f"/console/reports/{alarm.id}")
    assert row(text, "Answered") == ["48"]
    assert row(text, "Failed: the number is a landline") == ["4"]
    assert row(text, "All") == ["60"]
    assert row(text, "50%") == ["5 min 0 s", "4 min 30 s"]
    assert row(text, "90%") == ["not reached yet", "not reached yet"]
    assert "54 (90%)" in text  # reached


async def test_it_says_who_wrote_and_approved_and_what_cancelled_it(house: House) -> None:
    browser = await house.author()
    alarm = await alarmed(house.store, status=BroadcastStatus.CANCELLED, ended_at=NOW + timedelta(minutes=9))
    await alarmed(
        house.store,
        "word",
        message_type=MessageType.CANCEL,
        references=(alarm.id,),
        begun_at=NOW + timedelta(minutes=9),
        audience=Audience(of=alarm.id),
        asks_check_in=False,
    )
    text = await browser.text(f"/console/reports/{alarm.id}")
    assert "<dt>Cancelled by</dt><dd><bdi>LIVE ALERT · Cancellation: Flood: leave the lower floors, 6 May" in text
    assert "<dt>Approved by</dt><dd><bdi>abel, 6 May 2026, 12:00" in text


async def test_r12_the_report_tells_who_was_sent_another_language_than_their_own(house: House) -> None:
    """Nobody stands for Spanish: it goes out in English to all sixty, of whom half read Spanish."""
    await alarmed(house.store, "before", people=60, languages=("en", "es"))
    alarm = await alarmed(house.store, languages=("en",))
    text = await (await house.author()).text(f"/console/reports/{alarm.id}")
    assert (row(text, "English")[-1], row(text, "English, not their own")[-1]) == ("30", "30")


async def test_what_an_update_replaced_is_not_called_cancelled(house: House) -> None:
    """R8: its readers were told something newer, not that the danger is over."""
    browser = await house.author()
    alarm = await alarmed(house.store, replaced_by=BroadcastId("newer"), status=BroadcastStatus.CANCELLED)
    text = await browser.text(f"/console/reports/{alarm.id}")
    assert "Replaced by an update" in text
    assert ">Cancelled<" not in text


async def test_r9_a_drill_stands_beside_the_real_thing_and_is_not_counted_with_it(house: House) -> None:
    browser = await house.author()
    drill = await alarmed(house.store, "drill", kind=BroadcastKind.DRILL, begun_at=NOW - timedelta(days=3), people=60)
    await drill.answers(*(await drill.numbers())[:6], at=NOW - timedelta(days=3) + timedelta(minutes=1))
    alarm = await flooded(house)
    text = await browser.text(f"/console/reports/{alarm.id}")
    assert row(text, "Answered") == ["48"]
    assert row(text, "Answered themselves") == ["48 (80%)", "6 (10%)"]
    assert "Beside the last drill" in text
    listed = await browser.text("/console/reports")
    assert listed.index("Alerts and notices") < listed.index(f"/reports/{alarm.id}") < listed.index(">Drills<")
    assert listed.index(">Drills<") < listed.index("/reports/drill")


async def test_r2_small_counts_are_hidden_from_the_employer_and_not_from_the_organisation(house: House) -> None:
    author, alarm = await house.author(), await flooded(house)
    supervisor = await house.signed_in("sue", Role.SUPERVISOR)
    theirs = await author.text(f"/console/reports/{alarm.id}")
    ours = await supervisor.text(f"/console/reports/{alarm.id}")
    assert "* is hidden: a count below 5" in theirs
    assert "is hidden" not in ours
    language = ours.split("By language", 1)[1]
    assert row(language, "English") == ["24", "3", "2", "1", "30"]


async def test_r2_of_an_audience_of_few_not_even_the_languages_and_channels_are_named(house: House) -> None:
    """A drill to one person would tell what they read, and where they wrote to us from."""
    author, supervisor = await house.author(), await house.signed_in("sue", Role.SUPERVISOR)
    few = await alarmed(house.store, people=4)
    await few.sent(*await few.numbers())
    theirs = await author.text(f"/console/reports/{few.id}")
    assert not any(word in theirs for word in ("By language", "Arabic", "Spanish", "By channel", "SMS"))
    assert "By site" in theirs
    assert "Spanish" in await supervisor.text(f"/console/reports/{few.id}")


async def test_nobodys_name_or_address_is_in_a_report(house: House) -> None:
    browser, alarm = await house.author(), await flooded(house)
    text = await browser.text(f"/console/reports/{alarm.id}")
    assert not any(secret in text for secret in (*SECRETS, "Private Nickname", "Worker 0"))


async def test_the_pdf_is_a_pdf_named_after_its_kind_and_in_the_audit(house: House) -> None:
    browser, alarm = await house.author(), await alarmed(house.store, kind=BroadcastKind.DRILL)
    answer = await browser.get(f"/console/reports/{alarm.id}/report.pdf")
    assert (await answer.read()).startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="drill-report-2026-05-06.pdf"'
    assert await exports(house) == [("broadcast", alarm.id)]


@pytest.mark.parametrize("path", ["", "/report.pdf"])
async def test_r2_another_employer_finds_no_report(house: House, path: str) -> None:
    alarm = await alarmed(house.store)
    stranger = await house.approver(MILL)
    assert (await stranger.get(f"/console/reports/{alarm.id}{path}")).status == 404
    assert f"/reports/{alarm.id}" not in await stranger.text("/console/reports")
    assert await exports(house) == []


async def test_operators_may_read_a_report_and_not_take_it_away(house: House) -> None:
    alarm = await alarmed(house.store)
    operator = await house.signed_in("oli", Role.OPERATOR)
    assert "PDF" not in await operator.text(f"/console/reports/{alarm.id}")
    assert (await operator.get(f"/console/reports/{alarm.id}/report.pdf")).status == 403
