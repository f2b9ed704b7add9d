"""What leaves the board as a file: figures and statuses with hashtags, harmless, for those who may."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from openpyxl import load_workbook

from bot.console import board_exports
from bot.domain.broadcast import BroadcastKind
from bot.domain.checkin import Safety
from bot.domain.contact import Listing
from bot.domain.staff import Role
from bot.services.audit import AuditDesk
from bot.services.board import BoardDesk
from tests.console.alarm import NORTH, SECRETS, alarmed
from tests.console.conftest import FARM, MILL, Browser, House


@pytest.fixture(autouse=True)
def pages(house: House) -> None:
    desk = BoardDesk(store=house.store, clock=house.clock)
    house.pages += board_exports.routes(
        desk=desk, clock=house.clock, audit=AuditDesk(store=house.store, clock=house.clock)
    )


async def exports(house: House) -> list[tuple[str, str]]:
    """What was taken away, as the audit has it."""
    async with house.store.look() as unit:
        entries = await unit.audit.after(0, 10)
    taken = [entry for entry in entries if entry.deed == "export"]
    assert all(entry.is_allowed for entry in taken)
    return [(entry.matter, entry.subject) for entry in taken]


async def table(browser: Browser, path: str) -> list[list[Any]]:
    """The rows of an export, whichever kind of file it is."""
    answer = await browser.get(path)
    assert answer.status == 200, path
    body = await answer.read()
    if path.endswith("csv"):
        assert body.startswith(b"\xef\xbb\xbf")
        return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    return [list(row) for row in load_workbook(io.BytesIO(body)).active.iter_rows(values_only=True)]


async def test_sites_have_their_figures_under_hashtags_with_the_zone_of_each_time(house: House) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    one, two, *_ = await alarm.numbers()
    await alarm.answers(one)
    await alarm.answers(two, safety=Safety.HELP)

    head, tags, north, south = await table(browser, f"/console/board/{alarm.id}/sites.csv")

    assert dict(zip(tags, head, strict=True))["#inneed"] == "Needs help"
    row = dict(zip(tags, north, strict=True))
    assert (row["#loc +name"], row["#targeted"], row["#affected +safe +self"]) == ("North field", "3", "1")
    assert row["#date +start"] == "2026-05-06T12:00:00-03:00"
    assert dict(zip(tags, south, strict=True))["#inneed"] == "1"


async def test_excel_has_numbers_as_numbers(house: House) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    _, tags, north, _ = await table(browser, f"/console/board/{alarm.id}/sites.xlsx")
    row = dict(zip(tags, north, strict=True))
    assert (row["#targeted"], row["#geo +lat"]) == (3, NORTH.position.latitude)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_people_have_name_site_and_status_and_nothing_else(house: House, kind: str) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    await alarm.answers((await alarm.numbers())[0], safety=Safety.HELP)
    _, tags, first, *others = await table(browser, f"/console/board/{alarm.id}/people.{kind}")
    assert tags[4:] == ["#contact +name", "#loc +name", "#status"]
    assert first[4:] == ["Worker 0000", "North field", "Needs help"]
    assert {row[-1] for row in others} == {"No answer"}
    text = str([first, *others])
    assert not any(secret in text for secret in (*SECRETS, "Private Nickname", "+5511"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_name_that_is_a_formula_is_a_name(house: House, kind: str) -> None:
    browser, alarm = await house.author(), await alarmed(house.store, people=1)
    async with house.store.transaction() as unit:
        one = (await unit.roster.people(FARM.id))[0]
        await unit.contacts.save(replace(one, listing=Listing(name='=HYPERLINK("http://x")\x07')))
    answer = await browser.get(f"/console/board/{alarm.id}/people.{kind}")
    if kind == "csv":
        assert "'=HYPERLINK" in (await answer.read()).decode("utf-8-sig")
        return
    sheet = load_workbook(io.BytesIO(await answer.read())).active
    assert (sheet["E3"].value, sheet["E3"].data_type) == ('=HYPERLINK("http://x")', "s")


async def test_r9_an_export_of_a_drill_says_so_in_its_name_and_in_every_row(house: House) -> None:
    browser, alarm = await house.author(), await alarmed(house.store, kind=BroadcastKind.DRILL)
    for what in ("sites", "people"):
        answer = await browser.get(f"/console/board/{alarm.id}/{what}.csv")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="drill-{what}-2026-05-06.csv"'
        rows = (await answer.read()).decode("utf-8-sig").splitlines()[2:]
        assert all(row.startswith('"DRILL: practice, no danger"') for row in rows)


async def test_every_export_is_in_the_audit(house: House) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    await table(browser, f"/console/board/{alarm.id}/sites.csv")
    await table(browser, f"/console/board/{alarm.id}/people.xlsx")
    assert await exports(house) == [("broadcast", alarm.id), ("roster", alarm.id)]


@pytest.mark.parametrize("file", ["sites.csv", "sites.xlsx", "people.csv", "people.xlsx"])
async def test_r2_another_employer_gets_nothing(house: House, file: str) -> None:
    alarm = await alarmed(house.store)
    stranger = await house.approver(MILL)
    assert (await stranger.get(f"/console/board/{alarm.id}/{file}")).status == 404
    assert await exports(house) == []


async def test_a_supervisor_takes_away_figures_and_no_names_an_operator_neither(house: House) -> None:
    alarm = await alarmed(house.store)
    supervisor, operator = await house.signed_in("sue", Role.SUPERVISOR), await house.signed_in("oli", Role.OPERATOR)
    statuses = [
        (await who.get(f"/console/board/{alarm.id}/{file}.csv")).status
        for who in (supervisor, operator)
        for file in ("sites", "people")
    ]
    assert statuses == [200, 404, 403, 403]
