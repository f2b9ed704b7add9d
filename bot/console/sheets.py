"""Owns tables as files: CSV and Excel with HXL's row of hashtags, safe to open in any spreadsheet program."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.cell import Cell as OpenpyxlCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

Cell = str | int | float
# OWASP's list for CSV injection; the wide ones count as the others in East Asian programs.
BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_TITLE = 31  # characters of a sheet's name, says Excel


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column's heading for people, and its hashtag of HXL 1.1 (hxlstandard.org/standard/1-1final)."""

    heading: str
    tag: str


def csv_file(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with a byte order mark, without which Excel garbles every name that is not Latin."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_harmless(column.heading) for column in columns])
    writer.writerow([column.tag for column in columns])
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", "replace")


def excel_file(title: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, is_rtl: bool) -> bytes:
    """One sheet; numbers are numbers, and every text is a text, whatever it begins with."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_harmless_title(title))
    sheet.sheet_view.rightToLeft = is_rtl
    sheet.freeze_panes = "A3"
    sheet.append([_text(sheet, column.heading, is_bold=True) for column in columns])
    sheet.append([_text(sheet, column.tag) for column in columns])
    for row in rows:
        sheet.append([_text(sheet, cell) if isinstance(cell, str) else cell for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _harmless(cell: Cell) -> Cell:
    """With an apostrophe before what a spreadsheet program would run."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip().startswith(BEGINS_FORMULA) else cell


def _harmless_title(title: str) -> str:
    """Without what Excel allows in no sheet's name."""
    return "".join(character for character in title if character not in r"[]:*?/\'")[:_LONGEST_TITLE] or "Muster"


def _text(sheet: Worksheet, text: str, *, is_bold: bool = False) -> OpenpyxlCell:
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type = "s"  # else "=..." is a formula
    if is_bold:
        cell.font = Font(bold=True)
    return cell
