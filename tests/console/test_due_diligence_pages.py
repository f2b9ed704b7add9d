"""The pages and files of the report for brands and programmes, and who may have them (R2)."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from bot.console import due_diligence
from bot.domain.case import Case, CaseId, Compartment, Topic, Urgency
from bot.domain.contact import Address, ContactId, Scheme
from bot.domain.employer import Sector
from bot.domain.staff import Role
from bot.printing.report import draw_report
from bot.services.due_diligence import DueDiligenceDesk
from tests.console.conftest import FARM, House
from tests.console.test_board import row

SPRING = timedelta(days=80)  # before the clock's time: in the first quarter
WAGES = {("farm", "NP"): 9, ("farm", "IN"): 3, ("mill", "NP"): 2}


@pytest.fixture(autouse=True)
def pages(house: House) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    desk = DueDiligenceDesk(store=house.store, clock=house.clock, zone=zone, currency="BRL")
    house.pages += due_diligence.routes(desk=desk, printer=draw_report, host="BR")


async def unpaid(house: House, topic: Topic = Topic.WAGES, *, first: int = 0, **facts: str) -> None:
    """Twelve at the farm and two at the mill were not paid, or have another matter."""
    at, number = house.clock.now() - SPRING, first
    async with house.store.transaction() as unit:
        await unit.sites.put(FARM, [])
        for (employer, country), count in WAGES.items():
            for _ in range(count):
                number += 1
                address = Address(scheme=Scheme.TEL, path=f"+55519{number:08d}")
                contact = await unit.contacts.meet(address, ContactId(f"c{number}"))
                works_at = FARM.id if employer == "farm" else None
                await unit.contacts.save(replace(contact, employer=works_at, nationality=country, name="Sita Rai"))
                await unit.cases.add(
                    Case(
                        id=CaseId(f"k{number}"), number=f"M-{number:06d}", contact=contact.id, topic=topic,
                        urgency=Urgency.NORMAL, compartment=Compartment.GENERAL, opened_at=at, due_at=at,
                        facts=facts,
                    )
                )  # fmt: skip


async def test_a_quarter_is_told_by_employer_and_corridor_with_small_groups_joined(house: House) -> None:
    await unpaid(house, Topic.DOCUMENTS, can_leave="yes")
    browser = await house.signed_in("sue", Role.SUPERVISOR)
    text = await browser.text("/console/due-diligence")
    assert "2026-Q1, work in Brazil" in text
    assert "2026-Q2 is not counted yet. It can be read from 15 July 2026 on." in text
    assert row(text, "All employers") == ["14", "14"]  # the mill's two can be told from no other row
    assert "Fewer than 5 people, or nobody." in text
    assert "Boa Terra" not in text
    assert "Sita" not in text


async def test_unpaid_wages_are_told_by_sector_and_name_no_employer(house: House) -> None:
    await unpaid(house)
    await unpaid(house, first=50)
    await unpaid(house, first=100)
    async with house.store.transaction() as unit:
        await unit.sites.put(replace(FARM, sector=Sector.AGRICULTURE), [])
    browser = await house.signed_in("sue", Role.SUPERVISOR)
    text = await browser.text("/console/due-diligence")
    assert row(text, "Farming, forestry and fishing") == ["9", "27", "36"]
    assert row(text, "Sector not known") == ["0", "6", "6"]
    assert "Boa Terra" not in text
    assert "All employers" not in text


async def test_r2_no_filter_changes_what_is_told(house: House) -> None:
    await unpaid(house)
    browser = await house.signed_in("sue", Role.SUPERVISOR)
    whole = await browser.text("/console/due-diligence/report.csv")
    for asked in ("employer=farm", "country=NP", "first=2026-02-01&last=2026-02-28", "quarter=2026-Q1&topic=wages"):
        assert await browser.text(f"/console/due-diligence/report.csv?{asked}") == whole


@pytest.mark.parametrize("quarter", ["2026-Q2", "2027-Q1", "x", "", "2001-Q1"])
async def test_a_quarter_that_is_not_offered_is_not_there(house: House, quarter: str) -> None:
    browser = await house.signed_in("sue", Role.SUPERVISOR)
    assert (await browser.get(f"/console/due-diligence?quarter={quarter}")).status == 404


async def test_it_is_taken_away_as_pdf_csv_and_excel_and_each_time_is_entered(house: House) -> None:
    await unpaid(house)
    browser = await house.signed_in("adam", Role.ADMINISTRATOR)
    pdf = await browser.get("/console/due-diligence/report.pdf")
    assert (await pdf.read()).startswith(b"%PDF")
    table = await browser.text("/console/due-diligence/report.csv")
    assert "#affected" in table
    book = load_workbook(io.BytesIO(await (await browser.get("/console/due-diligence/report.xlsx")).read()))
    assert book.active is not None
    assert ("2026-Q1", "Unpaid wages", "All", "All", "All", None, 14, None) in [
        tuple(cell or None for cell in line) for line in book.active.iter_rows(values_only=True)
    ]
    async with house.store.look() as unit:
        entries = await unit.audit.search(matter="report", limit=9)
    assert [(one.deed, one.subject) for one in entries] == [("export", "due-diligence:2026-Q1")] * 3


async def test_r2_others_do_not_learn_that_there_is_one(house: House) -> None:
    for role, employer in ((Role.AUTHOR, FARM), (Role.APPROVER, FARM), (Role.OPERATOR, None), (Role.SPECIALIST, None)):
        browser = await house.signed_in(role.value, role, employer)
        refused = 403 if role is Role.SPECIALIST else 404  # who may read the other report knows that there are reports
        for path in (
            "/console/due-diligence",
            "/console/due-diligence/report.csv",
            "/console/due-diligence/report.pdf",
        ):
            assert (await browser.get(path)).status == refused, (role, path)
