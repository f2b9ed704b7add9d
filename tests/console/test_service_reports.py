"""The report on the service: its figures, its files, and who is in nobody's sums (R2, R16)."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from bot.console import service_reports
from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.case import Case, Topic, Urgency
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.message import Message, MessageId, Received
from bot.domain.staff import Role, StaffId
from bot.services.service_reports import Period, ServiceReportDesk
from tests.console.case_house import CaseHouse, case_house
from tests.console.conftest import Browser, House
from tests.console.test_board import row

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def cases(house: House) -> AsyncIterator[CaseHouse]:
    house.pages += service_reports.routes(
        desk=ServiceReportDesk(store=house.store, clock=house.clock), clock=house.clock
    )
    async with case_house(house) as opened:
        yield opened


async def says(cases: CaseHouse, case: Case, times: int = 1) -> None:
    """The case's contact writes."""
    now = cases.house.clock.now()
    async with cases.house.store.transaction() as unit:
        for _ in range(times):
            id_ = cases.house.ids.new()
            received = Received(
                channel=Channel.SMS,
                address=Address(scheme=Scheme.TEL, path="+5551955500150"),
                provider_id=id_,
                text="x",
            )
            await unit.messages.add(
                Message(id=MessageId(id_), contact=case.contact, received=received, received_at=now, handled_at=now)
            )


async def saved(cases: CaseHouse, case: Case, **changes: object) -> None:
    async with cases.house.store.transaction() as unit:
        await unit.cases.save(replace(case, **changes))  # type: ignore[arg-type]


async def figures(browser: Browser, asked: str = "") -> dict[tuple[str, str, str], str]:
    """What the CSV says: by table, row and figure."""
    text = await browser.text(f"/console/service/report.csv{asked}")
    _, tags, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert tags[-1] == "#indicator +value +num"
    return {(line[3], line[4], line[5]): line[7] for line in rows}


async def test_an_empty_period_says_so(cases: CaseHouse) -> None:
    browser = await cases.as_(Role.SUPERVISOR)
    assert "Nobody wrote in this period" in await browser.text("/console/service")


async def test_times_are_told_by_urgency_against_their_targets(cases: CaseHouse) -> None:
    for minutes, name in ((1, "Ana"), (2, "Bo"), (3, "Cy"), (9, "Di")):  # critical ones are answered within five
        case = await cases.case(name, Topic.MEDICAL, Urgency.CRITICAL)
        at = case.opened_at + minutes * MINUTE
        await saved(cases, case, answered_at=at, closed_at=at + 60 * MINUTE)
    await cases.case("Ed", Topic.MEDICAL, Urgency.CRITICAL)  # nobody answers; the target has not come yet
    text = await (await cases.as_(Role.SUPERVISOR)).text("/console/service")
    assert row(text, "Critical: first answer") == ["5", "4", "2 minutes", "9 minutes", "75%"]
    assert row(text, "Critical: resolution") == ["5", "4", "1 h 2 min", "1 h 9 min", "100%"]
    cases.house.clock.pass_(10 * MINUTE)
    text = await (await (await cases.house.browser()).sign_in("supervisor")).text("/console/service")
    assert row(text, "Critical: first answer")[-1] == "60%"  # three of five: the silent one counts now
    assert row(text, "Critical") == ["1", "1", "10 minutes"]


async def test_days_are_those_of_the_zone_that_was_chosen(cases: CaseHouse) -> None:
    case = await cases.case()  # 6 May, 15:00 UTC
    cases.house.clock.pass_(timedelta(hours=10))  # 7 May in UTC, still the 6th in Porto Alegre
    await says(cases, case, 3)
    days = "?first=2026-05-06&last=2026-05-07&zone="
    browser = await cases.as_(Role.SUPERVISOR)
    there = await figures(browser, days + "America/Sao_Paulo")
    assert there["By day", "2026-05-06", "Messages"] == "3"
    assert there["By day", "2026-05-07", "Messages"] == "0"
    assert (await figures(browser, days + "UTC"))["By day", "2026-05-07", "Messages"] == "3"


async def test_r16_protection_is_in_the_figures_of_the_specialist_alone(cases: CaseHouse) -> None:
    wages = await cases.case("Sita Rai", Topic.WAGES)
    abuse = await cases.case("Bina Rai", Topic.ABUSE, Urgency.HIGH)
    other = await cases.case("Bina Rai", Topic.DOCUMENTS)  # their whole file lies where the strictest lies
    assert other.contact == abuse.contact
    await says(cases, wages, 2)
    await says(cases, abuse, 5)
    for role in (Role.SUPERVISOR, Role.ADMINISTRATOR):
        told = await figures(await cases.as_(role))
        assert told["By channel", "SMS", "Messages"] == "2"
        assert told["People reached", "", "People who wrote"] == "1"
        assert ("By topic", "Abuse", "Cases opened") not in told
        assert ("By topic", "Documents", "Cases opened") not in told
        assert told["Waiting now for a first answer", "High", "Waiting"] == "0"
    text = await (await cases.as_(Role.SPECIALIST)).text("/console/service")
    assert row(text, "SMS") == ["7"]
    assert row(text, "Abuse") == ["1"]


async def test_load_counts_what_each_did_without_protection(cases: CaseHouse) -> None:
    wages, abuse = await cases.case("Sita Rai"), await cases.case("Bina Rai", Topic.ABUSE)
    olga = await cases.house.add("olga", Role.OPERATOR)
    async with cases.house.store.transaction() as unit:
        await unit.activities.add(
            [
                Activity(
                    id=ActivityId(f"a{number}"), contact=case.contact, case=case.id, staff=StaffId(olga.id),
                    kind=ActivityKind.CLAIMED, at=cases.house.clock.now(),
                )
                for number, case in enumerate((wages, abuse, abuse))
            ]
        )  # fmt: skip
    text = await (await cases.as_(Role.SUPERVISOR)).text("/console/service")
    assert row(text, "Olga") == ["1", "0", "0", "0"]
    assert row(text, "Conversations taken") == ["1"]
    assert "Olga" not in await (await cases.as_(Role.SPECIALIST)).text("/console/service")


async def test_the_workbook_has_tags_and_numbers(cases: CaseHouse) -> None:
    await says(cases, await cases.case(), 4)
    answer = await (await cases.as_(Role.SUPERVISOR)).get("/console/service/report.xlsx")
    sheet = load_workbook(io.BytesIO(await answer.read())).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][0] == "#date +start"
    assert [line[7] for line in rows if line[3:6] == ("By channel", "SMS", "Messages")] == [4]


@pytest.mark.parametrize(
    "asked", ["first=2026-05-06&last=2026-05-01", "first=2020-01-01&last=2026-05-01", "first=x&last=y"]
)
async def test_a_period_that_cannot_be_is_said_and_never_exported(cases: CaseHouse, asked: str) -> None:
    browser = await cases.as_(Role.SUPERVISOR)
    answer = await browser.get(f"/console/service?{asked}")
    assert answer.status == 422
    assert 'aria-invalid="true"' in await answer.text()
    assert (await browser.get(f"/console/service/report.csv?{asked}")).status == 404


async def test_r2_only_those_who_may_read_reports_see_that_there_are_any(cases: CaseHouse) -> None:
    for role in (Role.AUTHOR, Role.APPROVER, Role.OPERATOR):
        browser = await cases.as_(role)
        for path in ("/console/service", "/console/service/report.csv", "/console/service/report.xlsx"):
            assert (await browser.get(path)).status == 404, (role, path)
    assert (await (await cases.as_(Role.SPECIALIST)).get("/console/service/report.csv")).status == 403


async def test_r17_opening_and_taking_away_are_entered(cases: CaseHouse) -> None:
    browser = await cases.as_(Role.SUPERVISOR)
    await browser.text("/console/service")
    await browser.text("/console/service/report.csv")
    async with cases.house.store.look() as unit:
        entries = await unit.audit.search(matter="report", limit=9)
    assert [(one.deed, one.subject, one.detail) for one in reversed(entries)] == [
        ("read", "service", "2026-04-30 2026-05-06"),
        ("export", "service", "2026-04-30 2026-05-06"),
    ]


def test_a_day_of_the_zone_has_twenty_three_hours_when_summer_time_begins() -> None:
    period = Period(first=date(2026, 3, 29), last=date(2026, 3, 29), zone=ZoneInfo("Europe/Madrid"))
    assert period.until - period.since == timedelta(hours=23)
