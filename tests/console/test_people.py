"""The pages of people: what an employer sees of its own, the import by preview, and nothing for anybody else (R2)."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from openpyxl import Workbook

from bot.domain.contact import Address, Contact, ContactId, Permission, Scheme
from bot.domain.staff import Role
from bot.domain.values import Position
from bot.importing import read_rows
from bot.services.joining import join
from bot.services.roster import RosterDesk
from tests.console.companies import AHMED, HEADER, SITA, listed, open_company, people_of, sends_file
from tests.console.conftest import FARM, MILL, House
from tests.stand import NOW


@pytest.fixture
async def office(house: House) -> RosterDesk:
    return await open_company(house)


async def joined(house: House, **facts: object) -> Contact:
    """Somebody who wrote to us from a phone of their own and joined by a code."""
    address = Address(scheme=Scheme.TEL, path="+9779800000099")
    async with house.store.transaction() as unit:
        met = await unit.contacts.meet(address, ContactId("joined"))
        await unit.contacts.heard(address, NOW)
    async with house.store.transaction() as unit:
        known = await unit.contacts.get(met.id)
        assert known
        known = replace(known, **facts)  # type: ignore[arg-type]
        await join(unit, known, "AA1", NOW)
    return known


# --- the list -------------------------------------------------------------------------------------------------------


async def test_an_empty_list_says_how_to_begin(house: House, office: RosterDesk) -> None:
    browser = await house.author()
    assert "Import people" in await browser.text("/console/people")


async def test_the_list_shows_people_and_can_be_narrowed(house: House, office: RosterDesk) -> None:
    await listed(house, office)
    browser = await house.author()
    everybody = await browser.text("/console/people")
    assert "Sita Gurung" in everybody
    assert "Ahmed Ali" in everybody
    assert "Nepali" in everybody
    for query, has_sita in {
        "q=sita": True, "q=18": False, "q=0000001": True, "site=aa1": True, "site=bb2": False, "group=night": True,
        "reach=reachable": True, "reach=refused": False, "left=yes": False,
    }.items():  # fmt: skip
        assert ("Sita Gurung" in await browser.text(f"/console/people?{query}")) is has_sita, query


async def test_htmx_gets_the_rows_alone(house: House, office: RosterDesk) -> None:
    await listed(house, office)
    browser = await house.author()
    rows = await browser.text("/console/people?q=sita", headers={"HX-Request": "true"})
    assert "Sita Gurung" in rows
    assert "<h1" not in rows


async def test_a_long_list_comes_in_pages(house: House, office: RosterDesk) -> None:
    rows = "".join(f"Name {n:03},+97798000{n:05},ne,AA1,,{n}\n" for n in range(120))
    await listed(house, office, HEADER + rows)
    browser = await house.author()
    assert "Name 000" in await browser.text("/console/people")
    last = await browser.text("/console/people?page=3")
    assert "Name 119" in last
    assert "Name 000" not in last
    assert "Name 119" in await browser.text("/console/people?page=99999999999")


async def test_stop_is_shown_as_not_reachable(house: House, office: RosterDesk) -> None:
    """R19."""
    await listed(house, office)
    async with house.store.transaction() as unit:
        sita = next(one for one in await unit.roster.people(FARM.id) if one.name == "Sita Gurung")
        await unit.contacts.save(sita.permitting(sita.reaches[0].address, Permission.REFUSED, NOW))
    browser = await house.author()
    assert "Sita Gurung" in await browser.text("/console/people?reach=refused")


async def test_nothing_that_a_person_told_us_is_on_any_page(house: House, office: RosterDesk) -> None:
    """R2: the pages of somebody who talks with us are those of somebody who never did."""
    await listed(house, office)
    browser = await house.author()
    (sita,) = [one for one in await people_of(house) if one.name == "Sita Gurung"]
    paths = ["/console/people", f"/console/people/{sita.id}", "/console/people/export.csv", "/console/preparedness"]
    quiet = [await browser.text(path) for path in paths]
    async with house.store.transaction() as unit:
        known = await unit.contacts.get(sita.id)
        assert known
        await unit.contacts.heard(known.reaches[0].address, NOW)
        here = Position(latitude=12.345, longitude=6.789)
        told = replace(known, language="es", is_language_confirmed=True, nationality="BD", position=here)
        await unit.contacts.save(replace(told, position_at=NOW, met_at=NOW))
    assert [await browser.text(path) for path in paths] == quiet


async def test_who_joined_by_a_code_shows_a_name_and_no_number(house: House, office: RosterDesk) -> None:
    """R4: the number was given to us, not to the employer."""
    person = await joined(house, name="Maya")
    browser = await house.author()
    for path in ("/console/people", f"/console/people/{person.id}", "/console/people/export.csv"):
        text = await browser.text(path)
        assert "Maya" in text
        assert "0000099" not in text
    assert "Maya" not in await browser.text("/console/people?q=0000099")


async def test_a_name_that_is_a_script_is_only_a_name(house: House, office: RosterDesk) -> None:
    await listed(house, office, HEADER + '"<script>alert(1)</script>",+9779800000001,ne,AA1,,1\n')
    browser = await house.author()
    assert "<script>alert(1)" not in await browser.text("/console/people")


# --- the export -----------------------------------------------------------------------------------------------------


async def test_an_export_runs_nothing_in_a_spreadsheet_and_can_be_imported_again(
    house: House, office: RosterDesk
) -> None:
    evil = "=cmd|' /C calc'!A0"
    await listed(house, office, HEADER + f'"{evil}",+9779800000001,ne,AA1,"@SUM(1); night",-17\n')
    browser = await house.author()
    answer = await browser.get("/console/people/export.csv")
    body = await answer.read()
    assert "attachment" in answer.headers["Content-Disposition"]
    cells = [cell for row in list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))[1:] for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
    sheet = await office.read(FARM.id, read_rows(body, "again.csv"))
    plan = await office.plan(FARM.id, sheet)
    assert [(item.kind.value, item.changes) for item in plan.items] == [("same", ())]


async def test_the_sample_can_be_imported(house: House, office: RosterDesk) -> None:
    browser = await house.author()
    body = await (await browser.get("/console/people/sample.csv")).read()
    sheet = await office.read(FARM.id, read_rows(body, "sample.csv"))
    assert (len(sheet.entries), sheet.problems) == (2, ())


# --- one person -----------------------------------------------------------------------------------------------------


async def test_a_person_is_edited_moved_marked_and_put_back(house: House, office: RosterDesk) -> None:
    await listed(house, office, HEADER + SITA)
    (sita,) = await people_of(house)
    browser = await house.author()
    path = f"/console/people/{sita.id}"
    assert 'value="+9779800000001"' in await browser.text(path)
    fields = {"name": "Sita G.", "phone": "+977 9800000005", "language": "Nepali", "site": "BB2", "group": "a; b"}
    assert (await browser.post(path, fields)).status == 303
    (after,) = await people_of(house)
    assert (after.name, after.site, after.groups, after.employee_number) == ("Sita G.", "bb2", ("a", "b"), None)
    await browser.post(f"{path}/left")
    assert (await people_of(house))[0].left_at is not None
    assert "Sita G." not in await browser.text("/console/people")
    assert "Sita G." in await browser.text("/console/people?left=yes")
    await browser.post(f"{path}/back")
    assert (await people_of(house))[0].left_at is None


async def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(house: House, office: RosterDesk) -> None:
    await listed(house, office, HEADER + SITA)
    (sita,) = await people_of(house)
    browser = await house.author()
    await browser.get(f"/console/people/{sita.id}")
    answer = await browser.post(f"/console/people/{sita.id}", {"name": "New name", "phone": "banana"})
    text = await answer.text()
    assert answer.status == 422
    assert 'id="phone-error"' in text
    assert "is no phone number" in text
    assert 'value="New name"' in text
    assert (await people_of(house))[0] == sita


async def test_a_number_of_another_employers_list_is_refused_without_a_word_of_whose(
    house: House, office: RosterDesk
) -> None:
    """R2."""
    await listed(house, office, HEADER + SITA)
    await listed(house, office, HEADER + "Maya,+9779800000005,ne,MM1,,1\n", MILL)
    (sita,) = await people_of(house)
    browser = await house.author()
    await browser.get(f"/console/people/{sita.id}")
    text = await (await browser.post(f"/console/people/{sita.id}", {"phone": "+9779800000005"})).text()
    assert "cannot be put on your list" in text
    assert "Maya" not in text
    assert MILL.name not in text


async def test_who_joined_can_be_moved_without_being_listed(house: House, office: RosterDesk) -> None:
    person = await joined(house)
    browser = await house.author()
    await browser.get(f"/console/people/{person.id}")
    assert (await browser.post(f"/console/people/{person.id}", {"site": "BB2"})).status == 303
    (after,) = await people_of(house)
    assert (after.site, after.listing, len(after.reaches)) == ("bb2", None, 1)


# --- a file ---------------------------------------------------------------------------------------------------------


async def test_a_file_is_previewed_and_imported_only_then(house: House, office: RosterDesk) -> None:
    browser = await house.author()
    answer = await sends_file(browser, HEADER + SITA + AHMED)
    preview = await (await browser.follow(answer)).text()
    assert "New: 2" in preview
    assert "Sita Gurung" in preview
    assert await people_of(house) == []
    done = await browser.post(answer.headers["Location"])
    assert "Imported: 2 new" in await (await browser.follow(done)).text()
    assert len(await people_of(house)) == 2


async def test_a_preview_shows_changes_and_leavers(house: House, office: RosterDesk) -> None:
    await listed(house, office)
    browser = await house.author()
    answer = await sends_file(browser, HEADER + SITA.replace("AA1", "BB2"), leavers="yes")
    text = await (await browser.follow(answer)).text()
    assert "Changed: 1" in text
    assert "Site AA1" in text
    assert "Marked as left: 1" in text
    await browser.post(answer.headers["Location"])
    assert [one.left_at is None for one in await people_of(house)] == [True, False]


async def test_problems_keep_the_file_out_until_their_rows_are_left_out(house: House, office: RosterDesk) -> None:
    browser = await house.author()
    answer = await sends_file(browser, HEADER + SITA + "Bad,banana,ne,AA1,,19\n")
    path = answer.headers["Location"]
    assert "is no phone number" in await (await browser.follow(answer)).text()
    assert (await browser.post(path)).status == 422
    assert await people_of(house) == []
    assert (await browser.post(path, {"skip_bad": "yes"})).status == 303
    assert len(await people_of(house)) == 1


async def test_a_preview_is_its_sessions_own_and_ends(house: House, office: RosterDesk) -> None:
    """R2."""
    ana, abel = await house.author(), await house.approver()
    answer = await sends_file(ana, HEADER + SITA)
    path = answer.headers["Location"]
    assert (await abel.get(path)).headers["Location"] == "/console/people/import"
    assert (await abel.post(path)).headers["Location"] == "/console/people/import"
    house.clock.pass_(timedelta(minutes=20))
    assert (await ana.get(path)).status == 200
    house.clock.pass_(timedelta(minutes=11))
    assert (await ana.get(path)).headers["Location"] == "/console/people/import"
    assert await people_of(house) == []


def workbook() -> bytes:
    """A list as people really keep it: a title in merged cells, numbers as numbers, a merged column of sites."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Name", "Phone", "Employee number", "Site"])
    sheet.append(["Sita", 9779800000001, 17.0, "AA1"])
    sheet.append(["Ahmed", 5.51999990002e11, 18, None])
    sheet.merge_cells("D2:D3")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


HOSTILE = {
    "too large": (b"x" * (5 * 1024 * 1024 + 1), "too large"),
    "ten megabytes": (b"name,phone\n" * 1_000_000, "too large"),
    "nothing": (b"", "Please choose a file|empty"),
    "Latin-1": ("name,phone\nGinásio,1\n".encode("latin-1"), "not UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "not UTF-8"),
    "a cut Excel": (workbook()[:1000], "no Excel file"),
    "braces": (b"\xff{name}", "not UTF-8"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_file_is_refused_in_plain_words(house: House, office: RosterDesk, name: str) -> None:
    body, word = HOSTILE[name]
    browser = await house.author()
    answer = await sends_file(browser, body)
    text = await answer.text()
    assert answer.status == 422
    assert any(part in text for part in word.split("|")), text


async def test_merged_cells_and_numbers_as_numbers_are_read_or_told(house: House, office: RosterDesk) -> None:
    browser = await house.author()
    text = await (await browser.follow(await sends_file(browser, workbook(), "list.xlsx"))).text()
    assert "row" not in text or "of merged cells only the first one holds it" in text
    assert "Rows with problems: 2" in text or "Rows with problems: 1" in text


# --- everybody else -------------------------------------------------------------------------------------------------


async def test_another_employers_account_finds_nothing_anywhere(house: House, office: RosterDesk) -> None:
    """R2: neither pages nor forms, and no word of a name in any answer."""
    await listed(house, office)
    (first, *_) = await people_of(house)
    ana = await house.author()
    preview = (await sends_file(ana, HEADER + SITA)).headers["Location"]
    mill = await house.author(MILL, "mira")
    reads = [f"/console/people/{first.id}", "/console/sites/aa1", "/console/sites/aa1/poster.pdf"]
    reads += [f"{path}?employer=farm" for path in reads]
    for path in reads:
        answer = await mill.get(path)
        assert answer.status == 404, path
        assert first.name not in await answer.text()
    for path in (f"/console/people/{first.id}", f"/console/people/{first.id}/left", "/console/sites/aa1"):
        fields = {"name": "x", "code": "ZZ9", "latitude": "1", "longitude": "1", "timezone": "UTC"}
        assert (await mill.post(path, fields)).status == 404, path
    assert (await mill.get(preview)).status == 303
    for path in ("/console/people", "/console/people/export.csv", "/console/sites", "/console/preparedness"):
        for query in ("", "?employer=farm"):
            text = await mill.text(path + query)
            assert not [word for word in ("Sita", "Ahmed", "Site AA1", "Boa Terra") if word in text], path
    assert (await people_of(house))[0] == first


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.SPECIALIST])
async def test_the_call_centre_sees_no_employers_list(house: House, office: RosterDesk, role: Role) -> None:
    await listed(house, office)
    browser = await house.signed_in("olga", role)
    for path in ("/console/people", "/console/people?employer=farm", "/console/sites", "/console/preparedness"):
        assert (await browser.get(path)).status == 404, path


async def test_an_administrator_chooses_whose_list(house: House, office: RosterDesk) -> None:
    await listed(house, office)
    browser = await house.signed_in("root", Role.ADMINISTRATOR)
    assert "employer=farm" in await browser.text("/console/people")
    text = await browser.text("/console/people?employer=farm")
    assert "Sita Gurung" in text
    assert "/console/people/import?employer=farm" in text
    assert (await browser.get("/console/people?employer=nobody")).status == 404
