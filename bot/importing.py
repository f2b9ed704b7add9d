"""Owns importing tables from files: CSV of any dialect and Excel, within limits; a plan, then all or nothing."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from bot.domain.employer import EmployerId
from bot.domain.errors import InputError
from bot.services.cells import MAX_COLUMNS, Row
from bot.services.place_rows import Change, Sheet, changes, read_places
from bot.services.ports import Store
from bot.services.roster import RosterDesk
from bot.services.roster_plan import Kind, Plan

MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_UNPACKED_BYTES = 50 * 1024 * 1024  # an Excel file is an archive, which may unpack to anything
MAX_PARTS = 500
MAX_ROWS = 20_001  # the header is one of them
UTF_8 = "Save it as Excel (.xlsx) or as CSV UTF-8."

Say = Callable[[str], None]


async def import_places(
    path: Path,
    *,
    store: Store,
    today: date,
    timezone: str,
    region: str,
    is_dry_run: bool = False,
    skips_bad: bool = False,
    say: Say = print,
) -> bool:
    """Read places from a file and store them, all or nothing unless `skips_bad`; returns whether the file was sound.

    `today` is the host country's day; `timezone` and `region` fill what rows leave out. Raises InputError for a file
    that is no table.
    """
    sheet = read_places(read_table(path), today=today, timezone=timezone, region=region)
    for problem in sheet.problems:
        say(str(problem))
    if sheet.problems and not (skips_bad and sheet.places):
        say("Nothing was imported. Mend these problems, or leave their rows out with --skip-bad.")
        return False
    async with store.transaction() as unit:
        found = changes(await unit.places.all(), sheet.places)
        if not is_dry_run:
            await unit.places.put([change.place for change in found])
    for line in plan(found):
        say(line)
    say(summary(found, sheet, today, is_dry_run=is_dry_run))
    return not sheet.problems


def plan(found: list[Change]) -> Iterator[str]:
    """One line for each place that is new or different."""
    for change in found:
        place, before = change.place, change.before
        blocked = " (stays blocked)" if place.blocked_at else ""
        if before is None:
            yield f"new      {place.id}: {place.name}"
            continue
        said = [f"{name} {_shown(getattr(before, name))} -> {_shown(getattr(place, name))}" for name in change.fields]
        yield f"changed  {place.id}: {'; '.join(said)}{blocked}"


def summary(found: list[Change], sheet: Sheet, today: date, *, is_dry_run: bool) -> str:
    """The last line: how many of each."""
    new = sum(change.is_new for change in found)
    same = len(sheet.places) - len(found)
    counts = f"{new} new, {len(found) - new} changed, {same} the same"
    expired = sheet.expired(today)
    past = f" {expired} are past their date: stored for review, told to nobody." if expired else ""
    left_out = len({problem.row for problem in sheet.problems})
    bad = f" Left out for their problems: {left_out} rows." if left_out else ""
    done = "Nothing was written (dry run)." if is_dry_run else "Imported."
    return f"{counts}.{past}{bad} {done}"


async def import_roster(
    path: Path,
    *,
    desk: RosterDesk,
    employer: EmployerId,
    is_dry_run: bool = False,
    skips_bad: bool = False,
    marks_leavers: bool = False,
    say: Say = print,
) -> bool:
    """Read an employer's people from a file and store them; returns whether the file was sound.

    With any problem nothing is written unless `skips_bad`. Raises InputError for a file that is no table and for an
    employer that is not known.
    """
    async with desk.store.transaction() as unit:
        known = await unit.sites.employer(employer)
        names = [one.id for one in await unit.sites.employers()]
    if known is None:
        raise InputError(f"{employer!r} is no employer here: write one of {', '.join(names) or '(none yet)'}")
    sheet = await desk.read(employer, read_table(path))
    plan = await desk.plan(employer, sheet, marks_leavers=marks_leavers)
    for problem in plan.problems:
        say(str(problem))
    if plan.problems and not (skips_bad and plan.items):
        say("Nothing was imported. Mend these problems, or leave their rows out with --skip-bad.")
        return False
    for line in roster_plan(plan):
        say(line)
    if not is_dry_run:
        await desk.carry_out(
            employer, sheet, marks_leavers=marks_leavers, say=lambda done, total: say(f"stored {done} of {total}")
        )
    say(roster_summary(plan, is_dry_run=is_dry_run))
    return not plan.problems


def roster_plan(plan: Plan) -> Iterator[str]:
    """One line for each person who is new, different or gone, by row."""
    for item in plan.items:
        where = (
            "rows " + " and ".join(map(str, item.entry.rows))
            if len(item.entry.rows) > 1
            else f"row {item.entry.rows[0]}"
        )
        if item.kind is Kind.NEW:
            yield f"new      {where}"
        elif item.kind is Kind.CHANGED:
            changes = "; ".join(f"{one.field} {one.old or '(empty)'} -> {one.new or '(empty)'}" for one in item.changes)
            yield f"changed  {where}: {changes}"
    for contact in plan.leaving:
        yield f"leaving  {contact.name_for_employer or contact.employee_number or '(no name)'}"


def roster_summary(plan: Plan, *, is_dry_run: bool) -> str:
    """The last line: how many of each."""
    counts = ", ".join(
        [
            f"{plan.count(Kind.NEW)} new",
            f"{plan.count(Kind.CHANGED)} changed",
            f"{plan.count(Kind.SAME)} the same",
            f"{plan.merged} merged",
            f"{len(plan.leaving)} leaving",
        ]
    )
    left_out = len({problem.row for problem in plan.problems})
    bad = f" Left out for their problems: {left_out} rows." if left_out else ""
    return f"{counts}.{bad} {'Nothing was written (dry run).' if is_dry_run else 'Imported.'}"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "(empty)"
    return str(value) if value not in (None, "") else "(empty)"


# --- files ----------------------------------------------------------------------------------------------------------


def read_table(path: Path) -> Iterator[Row]:
    """The rows of a CSV or Excel file with their numbers; raises InputError for what is neither, or is too large."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path.name} is larger than {MAX_FILE_BYTES // 1024 // 1024} MB: split it")
        body = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name} cannot be opened: {error.strerror}") from error
    return read_rows(body, path.name)


def read_rows(body: bytes, name: str) -> Iterator[Row]:
    """As `read_table`, from the file's bytes; what they are is seen from themselves, not from the name."""
    if not body.strip():
        raise InputError(f"{name} is empty: begin with a header row")
    rows = _excel_rows(body, name) if body.startswith(b"PK\x03\x04") else _csv_rows(body, name)
    for number, cells in rows:
        if number > MAX_ROWS:
            raise InputError(f"{name} has more than {MAX_ROWS} rows: split it")
        if len(cells) > MAX_COLUMNS:
            raise InputError(f"{name}, row {number} has {len(cells)} columns; at most {MAX_COLUMNS} are read")
        yield number, cells


def _csv_rows(body: bytes, name: str) -> Iterator[Row]:
    text = _decoded(body, name)
    if text.lower().startswith("sep=") and "\n" in text:  # Excel's own note of the separator
        text = text.partition("\n")[2]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}: {error}. {UTF_8}") from error


def _decoded(body: bytes, name: str) -> str:
    """The text of a CSV file: UTF-8, or UTF-16 where it says so. Other encodings would garble names without a word."""
    is_wide = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = body.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}, line {line} is not UTF-8 text. {UTF_8}") from error
    if "\0" in text:
        raise InputError(f"{name} is no table of text. {UTF_8}")
    return text


def _separator(text: str) -> str:
    """Comma, semicolon or tab, whichever the header has most of."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=header.count)


def _excel_rows(body: bytes, name: str) -> Iterator[Row]:
    _check_archive(body, name)
    try:
        with catch_warnings():
            simplefilter("ignore")  # openpyxl warns of styles and validations that it leaves out
            book = load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
            if not book.worksheets:
                raise InputError(f"{name} has no sheet with rows")
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what a file says of its own size is not believed
            yield from enumerate(sheet.iter_rows(values_only=True), start=1)
    except InputError:
        raise
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, OSError,
            SyntaxError, EOFError, IndexError, RuntimeError) as error:  # fmt: skip
        # openpyxl raises whatever its parts raise on a broken file; the file is what is wrong.
        raise InputError(f"{name} is no Excel file that can be read. {UTF_8}") from error


def _check_archive(body: bytes, name: str) -> None:
    """Refuse an archive that unpacks to too much, or whose XML defines entities: both are attacks."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
                raise InputError(f"{name} unpacks to too much: save only the sheet with the rows")
            left = MAX_UNPACKED_BYTES
            for part in parts:
                with archive.open(part) as file:
                    content = file.read(left + 1)  # a part may be larger than it says
                left -= len(content)
                if left < 0:
                    raise InputError(f"{name} unpacks to too much: save only the sheet with the rows")
                if b"<!DOCTYPE" in content[:4096].upper() or b"<!ENTITY" in content.upper():
                    raise InputError(
                        f"{name} holds XML that defines entities: this is no file of a spreadsheet program"
                    )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise InputError(f"{name} is no Excel file that can be read. {UTF_8}") from error
