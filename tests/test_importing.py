"""Files from outside become places, all or nothing; a hostile one is refused with a clear word."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.domain.employer import Employer, EmployerId
from bot.domain.errors import InputError
from bot.domain.place import Place
from bot.importing import (
    MAX_FILE_BYTES,
    MAX_ROWS,
    MAX_UNPACKED_BYTES,
    import_places,
    import_roster,
    read_rows,
    read_table,
)
from bot.services.place_rows import read_places
from bot.services.roster import RosterDesk
from bot.storage.store import SqlStore
from tests.stand import NOW, CountingIds, StillClock, clock, ids, store

__all__ = ["clock", "ids", "store"]

TODAY = date(2026, 5, 6)
HEADER = "kind,name,phones,source,checked_on,expires_on"
ROW = "shelter,Gym,190,Civil Defence,2026-05-01,2026-06-01"
CSV = f"{HEADER}\n{ROW}\n"


def excel(*rows: tuple[object, ...], change: Callable[[Workbook], None] | None = None) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    if change:
        change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


GOOD_EXCEL = excel(tuple(HEADER.split(",")), ("shelter", "Gym", 190, "CD", date(2026, 5, 1), datetime(2026, 6, 1)))  # noqa: DTZ001


def repacked(body: bytes, name: str, content: bytes | None, *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An Excel file with one of its parts replaced, added or (None) left out."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(file, "w", compression) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        if content is not None:
            new.writestr(name, content)
    return file.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
XMLNS = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
BOMB = b'<!DOCTYPE z [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + XMLNS + b"</worksheet>"
OUTSIDE = b'<!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + XMLNS + b"<sheetData/></worksheet>"
WIDE_SHEET = (
    XMLNS
    + b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>'
    b"</sheetData></worksheet>"
)
FAR_SHEET = (
    XMLNS
    + b'<sheetData><row r="1048576"><c r="A1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>'
)


def many_parts() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for n in range(600):
            archive.writestr(f"part{n}", b"")
    return file.getvalue()


def as_chart(book: Workbook) -> None:
    book.create_chartsheet()
    book.remove(book.worksheets[0])


def nested_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", GOOD_EXCEL)
    return file.getvalue()


# What each file is, and a word of what the reader is told. None: it is read, and its rows are good.
FILES: dict[str, tuple[bytes, str | None]] = {
    # --- sound files in odd clothes
    "plain": (CSV.encode(), None),
    "with a BOM": (b"\xef\xbb\xbf" + CSV.encode(), None),
    "of semicolons": (CSV.replace(",", ";").encode(), None),
    "of tabs": (CSV.replace(",", "\t").encode(), None),
    "with Excel's sep line": (b"sep=;\r\n" + CSV.replace(",", ";").encode(), None),
    "of Windows lines": (CSV.replace("\n", "\r\n").encode(), None),
    "of old Mac lines": (CSV.replace("\n", "\r").encode(), None),
    "in UTF-16": (CSV.encode("utf-16"), None),
    "in big-endian UTF-16": (b"\xfe\xff" + CSV.encode("utf-16-be"), None),
    "without a last line break": (CSV.rstrip().encode(), None),
    "with blank lines": (f"\n\n{HEADER}\n\n{ROW}\n\n\n".encode(), None),
    "with quotes": (f'{HEADER}\nshelter,"Gym, the ""big"" one",190,CD,2026-05-01,2026-06-01\n'.encode(), None),
    "with a line break in a cell": (f'{HEADER}\nshelter,"Gym\nhall",190,CD,2026-05-01,2026-06-01\n'.encode(), None),
    "with a formula": (f"{HEADER}\nshelter,=cmd|' /C calc'!A0,190,CD,2026-05-01,2026-06-01\n".encode(), None),
    "with an expired row": (f"{HEADER}\nshelter,Gym,190,CD,2020-05-01,2020-06-01\n".encode(), None),
    "Excel": (GOOD_EXCEL, None),
    "Excel named csv": (GOOD_EXCEL, None),
    "Excel with a lying size": (GOOD_EXCEL, None),
    # --- no table at all
    "empty": (b"", "is empty"),
    "only spaces": (b"  \n\r\n\t ", "is empty"),
    "only a BOM": (b"\xef\xbb\xbf", "is empty"),
    "only a BOM of UTF-16": (b"\xff\xfe", "is empty"),
    "only a separator note": (b"sep=;\n", "is empty"),
    "one word": (b"hello", "is missing in the header"),
    "a JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 50, "not UTF-8"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "not UTF-8"),
    "a PDF": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "not UTF-8"),
    "zeros": (b"\x00" * 1000, "no table of text"),
    "a NUL in a name": (CSV.replace("Gym", "G\0ym").encode(), "no table of text"),
    "odd UTF-16": (b"\xff\xfea", "not UTF-8"),
    "Latin-1": (CSV.replace("Gym", "Ginásio").encode("latin-1"), "line 2 is not UTF-8"),
    "Windows Arabic": (CSV.replace("Gym", "مدرسة").encode("cp1256"), "not UTF-8"),
    "random bytes": (bytes(range(256)) * 4, "not UTF-8"),
    "an old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "not UTF-8"),
    "a web page": (b"<html><table><tr><td>kind</td></tr></table></html>", "is missing in the header"),
    "JSON": (b'[{"kind": "shelter"}]', "is missing in the header"),
    "a program": (b"MZ\x90\x00" + b"\x00" * 100, "not UTF-8"),
    "a shell script": (b"#!/bin/sh\nrm -rf /\n", "is missing in the header"),
    # --- broken tables
    "an open quote": (f'{HEADER}\nshelter,"Gym,190\n'.encode(), "unexpected end"),
    "a stray quote": (f'{HEADER}\nshelter,"Gym"x,190\n'.encode(), "Save it as Excel"),
    "a cell of a megabyte": (f"{HEADER}\nshelter,{'x' * 1_000_000}\n".encode(), "field larger"),
    "a million columns": (b"," * 1_000_000, "at most 100"),
    "a wide row": (f"{HEADER}\n{',' * 200}\n".encode(), "at most 100"),
    "too many rows": (f"{HEADER}\n".encode() + b"\n" * (MAX_ROWS + 1) + b"a", "more than"),
    "too large": (b"x" * (MAX_FILE_BYTES + 1), "larger than"),
    "an unknown column": (CSV.replace("phones", "fones").encode(), "fones: is no column"),
    "a column twice": (CSV.replace("source", "name").encode(), "stands twice"),
    "no header": (f"{ROW}\n".encode(), "is missing in the header"),
    "a duplicated id": ((CSV + ROW + "\n").encode(), "earlier row"),
    "more cells than columns": (f"{HEADER}\n{ROW},x\n".encode(), "more cells than the header"),
    "a bad latitude": (f"{HEADER},latitude,longitude\n{ROW},95,5\n".encode(), "row 2, latitude: '95'"),
    "a bad longitude": (f"{HEADER},latitude,longitude\n{ROW},5,-181\n".encode(), "row 2, longitude: '-181'"),
    "a bad phone": (CSV.replace("190", "banana").encode(), "row 2, phones: 'banana'"),
    "a day that does not exist": (CSV.replace("2026-06-01", "2026-06-31").encode(), "row 2, expires_on: '2026-06-31'"),
    "a formula for a phone": (CSV.replace("190", "=HYPERLINK(1)").encode(), "row 2, phones"),
    "invisible characters": (CSV.replace("Gym", "G\u0007ym").encode(), "cannot be shown"),
    # --- Excel files that are not what they say
    "a cut Excel": (GOOD_EXCEL[: len(GOOD_EXCEL) // 2], "no Excel file"),
    "only Excel's first bytes": (b"PK\x03\x04", "no Excel file"),
    "Excel's first bytes and noise": (b"PK\x03\x04" + bytes(range(256)) * 10, "no Excel file"),
    "an archive of nothing": (nested_zip(), "no Excel file"),
    "an archive of many parts": (many_parts(), "unpacks to too much"),
    "an Excel bomb": (repacked(GOOD_EXCEL, "xl/bomb.xml", b"0" * (MAX_UNPACKED_BYTES + 1)), "unpacks to too much"),
    "an Excel with entities": (repacked(GOOD_EXCEL, SHEET, BOMB), "defines entities"),
    "an Excel that asks for a file": (repacked(GOOD_EXCEL, SHEET, OUTSIDE), "defines entities"),
    "an Excel without its sheet": (repacked(GOOD_EXCEL, SHEET, None), "no sheet with rows"),
    "an Excel with a broken sheet": (repacked(GOOD_EXCEL, SHEET, XMLNS + b"<sheetData><row"), "no Excel file"),
    "an Excel without its book": (repacked(GOOD_EXCEL, "xl/workbook.xml", None), "no Excel file"),
    "an Excel with a book of noise": (repacked(GOOD_EXCEL, "xl/workbook.xml", b"noise"), "no Excel file"),
    "an Excel with a broken type list": (repacked(GOOD_EXCEL, "[Content_Types].xml", b"<a/>"), "no Excel file"),
    "an Excel of 16,384 columns": (repacked(GOOD_EXCEL, SHEET, WIDE_SHEET), "at most 100"),
    "an Excel of a million rows": (repacked(GOOD_EXCEL, SHEET, FAR_SHEET), "more than"),
    "an empty Excel": (excel(), "is empty"),
    "an Excel with a formula for a name": (
        excel(tuple(HEADER.split(",")), ("shelter", '=CONCAT("a")', 190, "CD", date(2026, 5, 1), date(2026, 6, 1))),
        "row 2, name: is empty",
    ),
    "an Excel with an error cell": (
        excel(tuple(HEADER.split(",")), ("shelter", "Gym", "#REF!", "CD", date(2026, 5, 1), date(2026, 6, 1))),
        "row 2, phones: '#REF!'",
    ),
    "an Excel chart sheet only": (
        excel(change=as_chart),
        "no Excel file",
    ),
}


def test_there_are_enough_hostile_files() -> None:
    assert sum(word is not None for _, word in FILES.values()) >= 50
    assert len(FILES) >= 70


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_read_or_refused_in_plain_words(name: str, tmp_path: Path) -> None:
    body, word = FILES[name]
    path = tmp_path / ("places.csv" if name == "Excel named csv" else "places.xlsx")
    path.write_bytes(body)
    try:
        sheet = read_places(read_table(path), today=TODAY, timezone="UTC", region="BR")
        told = [str(problem) for problem in sheet.problems]
    except InputError as error:
        sheet, told = None, [str(error)]
    if word is None:
        assert sheet is not None
        assert (told, len(sheet.places)) == ([], 1)
    else:
        assert any(word in line for line in told), told
        assert all(str(tmp_path) not in line and len(line) < 500 for line in told)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        list(read_table(tmp_path / "nothing.csv"))
    with pytest.raises(InputError, match="cannot be opened"):
        list(read_table(tmp_path))


def test_excels_own_dates_and_numbers_are_read() -> None:
    (place,) = read_places(read_rows(GOOD_EXCEL, "x"), today=TODAY, timezone="UTC", region="BR").places
    assert (place.phones, place.checked_on, place.expires_on) == (("190",), date(2026, 5, 1), date(2026, 6, 1))


def test_a_formula_in_a_text_file_stays_the_text_that_it_is() -> None:
    body = FILES["with a formula"][0]
    (place,) = read_places(read_rows(body, "x"), today=TODAY, timezone="UTC", region="BR").places
    assert place.name == "=cmd|' /C calc'!A0"


# --- into the store -------------------------------------------------------------------------------------------------


class Desk:
    """Imports files into a real store and keeps what is said."""

    def __init__(self, store: SqlStore, folder: Path) -> None:
        self.store = store
        self.path = folder / "places.csv"
        self.said: list[str] = []

    async def imports(self, text: str, *, is_dry_run: bool = False, skips_bad: bool = False) -> bool:
        self.path.write_text(text, encoding="utf-8")
        self.said = []
        return await import_places(
            self.path, store=self.store, today=TODAY, timezone="UTC", region="BR", is_dry_run=is_dry_run,
            skips_bad=skips_bad, say=self.said.append,
        )  # fmt: skip

    async def stored(self) -> list[Place]:
        async with self.store.transaction() as unit:
            return list(await unit.places.all())


@pytest.fixture
def desk(store: SqlStore, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


BAD_ROW = "church,Nave,190,CD,2026-05-01,2026-06-01"


async def test_a_sound_file_is_stored_and_said(desk: Desk) -> None:
    assert await desk.imports(CSV)
    assert [place.name for place in await desk.stored()] == ["Gym"]
    assert desk.said == ["new      shelter-gym: Gym", "1 new, 0 changed, 0 the same. Imported."]


async def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    await desk.imports(CSV)
    assert await desk.imports(CSV)
    assert desk.said == ["0 new, 0 changed, 1 the same. Imported."]


async def test_a_change_is_said_field_by_field(desk: Desk) -> None:
    await desk.imports(CSV)
    assert await desk.imports(CSV.replace("190", "193; 190").replace("2026-06-01", "2026-07-01"))
    assert desk.said == [
        "changed  shelter-gym: phones 190 -> 193, 190; expires_on 2026-06-01 -> 2026-07-01",
        "0 new, 1 changed, 0 the same. Imported.",
    ]
    assert (await desk.stored())[0].phones == ("193", "190")


async def test_a_dry_run_says_the_same_and_writes_nothing(desk: Desk) -> None:
    assert await desk.imports(CSV, is_dry_run=True)
    assert desk.said == ["new      shelter-gym: Gym", "1 new, 0 changed, 0 the same. Nothing was written (dry run)."]
    assert await desk.stored() == []


async def test_one_bad_row_keeps_the_whole_file_out(desk: Desk) -> None:
    assert not await desk.imports(f"{CSV}{BAD_ROW}\n")
    assert await desk.stored() == []
    assert desk.said[0].startswith("row 3, kind: 'church' is no kind of place")
    assert "--skip-bad" in desk.said[-1]


async def test_bad_rows_can_be_left_out_on_demand(desk: Desk) -> None:
    assert not await desk.imports(f"{CSV}{BAD_ROW}\n", skips_bad=True)
    assert [place.name for place in await desk.stored()] == ["Gym"]
    assert desk.said[-1] == "1 new, 0 changed, 0 the same. Left out for their problems: 1 rows. Imported."


async def test_a_file_of_bad_rows_only_imports_nothing_even_then(desk: Desk) -> None:
    assert not await desk.imports(f"{HEADER}\n{BAD_ROW}\n", skips_bad=True)
    assert "Nothing was imported" in desk.said[-1]


async def test_expired_places_are_stored_for_review_and_counted(desk: Desk) -> None:
    """R5."""
    assert await desk.imports(CSV.replace("2026-06-01", "2026-05-05"))
    assert "1 are past their date: stored for review, told to nobody." in desk.said[-1]
    async with desk.store.transaction() as unit:
        assert [place.name for place in await unit.places.expired(TODAY)] == ["Gym"]


async def test_a_blocked_place_stays_blocked_and_it_is_said(desk: Desk) -> None:
    """R5."""
    await desk.imports(CSV)
    (place,) = await desk.stored()
    async with desk.store.transaction() as unit:
        await unit.places.put([replace(place, blocked_at=NOW)])
    await desk.imports(CSV.replace("190", "193"))
    assert desk.said[0].endswith("(stays blocked)")
    assert (await desk.stored())[0].blocked_at is not None


# --- an employer's people -------------------------------------------------------------------------------------------

FARM = EmployerId("farm")
PEOPLE = "name,phone,employee_number,language\nSita,+9779800000001,17,ne\nAhmed,+9779800000002,18,ar\n"


class Office:
    """Imports an employer's people into a real store and keeps what is said."""

    def __init__(self, store: SqlStore, clock: StillClock, ids: CountingIds, folder: Path) -> None:
        self.desk = RosterDesk(store=store, clock=clock, ids=ids, region="BR")
        self.path = folder / "people.csv"
        self.said: list[str] = []

    async def imports(self, text: str, *, employer: str = FARM, **how: bool) -> bool:
        self.path.write_text(text, encoding="utf-8")
        self.said = []
        return await import_roster(
            self.path, desk=self.desk, employer=EmployerId(employer), say=self.said.append, **how
        )

    async def stored(self) -> list[str | None]:
        async with self.desk.store.transaction() as unit:
            return [one.name for one in await unit.roster.people(FARM) if one.left_at is None]


@pytest.fixture
async def office(store: SqlStore, clock: StillClock, ids: CountingIds, tmp_path: Path) -> Office:
    async with store.transaction() as unit:
        await unit.sites.put(Employer(id=FARM, name="Farm"), [])
    return Office(store, clock, ids, tmp_path)


async def test_people_are_imported_with_progress_and_a_sum(office: Office) -> None:
    assert await office.imports(PEOPLE)
    assert office.said == [
        "new      row 2",
        "new      row 3",
        "stored 2 of 2",
        "2 new, 0 changed, 0 the same, 0 merged, 0 leaving. Imported.",
    ]
    assert await office.stored() == ["Sita", "Ahmed"]


async def test_a_dry_run_of_people_writes_nothing(office: Office) -> None:
    assert await office.imports(PEOPLE, is_dry_run=True)
    assert office.said[-1] == "2 new, 0 changed, 0 the same, 0 merged, 0 leaving. Nothing was written (dry run)."
    assert await office.stored() == []


async def test_a_changed_person_is_told_by_row_and_field(office: Office) -> None:
    await office.imports(PEOPLE)
    await office.imports(PEOPLE.replace("17,ne", "17,es"))
    assert office.said[0] == "changed  row 2: language ne -> es"


async def test_one_bad_person_keeps_the_whole_file_out_unless_left_out(office: Office) -> None:
    bad = f"{PEOPLE}Bad,banana,19,ne\n"
    assert not await office.imports(bad)
    assert office.said[0].startswith("row 4, phone: 'banana' is no phone number")
    assert await office.stored() == []
    assert not await office.imports(bad, skips_bad=True)
    assert (
        office.said[-1]
        == "2 new, 0 changed, 0 the same, 0 merged, 0 leaving. Left out for their problems: 1 rows. Imported."
    )
    assert await office.stored() == ["Sita", "Ahmed"]


async def test_leavers_are_named_and_marked_only_on_demand(office: Office) -> None:
    await office.imports(PEOPLE)
    only = "".join(PEOPLE.splitlines(keepends=True)[:2])
    await office.imports(only)
    assert await office.stored() == ["Sita", "Ahmed"]
    await office.imports(only, marks_leavers=True)
    assert "leaving  Ahmed" in office.said
    assert await office.stored() == ["Sita"]


async def test_an_employer_that_is_not_known_is_told_with_those_that_are(office: Office) -> None:
    with pytest.raises(InputError, match="'mill' is no employer here: write one of farm"):
        await office.imports(PEOPLE, employer="mill")


async def test_a_file_of_twenty_thousand_people_is_within_the_limits() -> None:
    body = "phone\n" + "\n".join(f"+97798{n:08}" for n in range(20_000))
    assert sum(1 for _ in read_rows(body.encode(), "people.csv")) == 20_001
