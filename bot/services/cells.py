"""Owns reading the cells of tables from outside: headers, texts, phones, countries, languages, problems by cell."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import TypeVar

import phonenumbers
from babel import Locale

from bot.engine.extract import country, digits, fold

Cell = str | int | float | bool | date | time | None
Row = tuple[int, Sequence[Cell]]  # its number in the file, the header being row 1, and its cells
T = TypeVar("T")

MAX_COLUMNS = 100
MAX_PROBLEMS = 200  # more are not read by anybody: the file is of another kind
LONGEST = 300  # characters of a cell; a phone shows a place in a few lines
WRITTEN_IN = ("en", "es", "pt", "ar")  # the languages in which people name languages in such tables, likeliest first
SHORT_CODE = range(2, 6)  # digits of a number such as 190 that is dialled without any prefix
_SHORTENED = re.compile(r"\d+([.,]\d+)?[eE]\+?\d+")  # 5.5512E+11: the spreadsheet has thrown the last digits away


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """What is wrong in one cell and what to write instead."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.message}" if self.column else f"row {self.row}: {self.message}"


class CellReader:
    """Reads one row; a cell that cannot be read leaves a problem behind, and the others are read all the same."""

    def __init__(self, number: int, columns: Sequence[str], cells: Sequence[Cell]) -> None:
        self.problems: list[RowProblem] = []
        self.number = number
        self.cells: Mapping[str, Cell] = dict(zip(columns, cells, strict=False))
        if any(not is_empty(cell) for cell in cells[len(columns) :]):
            self.complain("", "has more cells than the header: is a separator inside a text? Put it in quotes")

    def complain(self, column: str, message: str) -> None:
        self.problems.append(RowProblem(row=self.number, column=column, message=message))

    def read(self, column: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(text(self.cells.get(column)))
        except ValueError as error:
            self.complain(column, str(error))
            return None


def header(
    line: Row,
    *,
    columns: Sequence[str],
    required: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> tuple[list[str], list[RowProblem]]:
    """The columns that a header names, whatever its case and spaces, and what is wrong with it.

    `aliases` are other names of a column, as `plain` writes them.
    """
    number, cells = line
    names = [plain(cell) for cell in cells]
    names = [(aliases or {}).get(name, name) for name in names]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        return [], [
            RowProblem(row=number, column="", message=f"has {len(names)} columns; at most {MAX_COLUMNS} are read")
        ]
    known = ", ".join(columns)
    problems = [
        RowProblem(
            row=number, column=name[:40] or "(no name)", message=f"is no column: remove it, or name it one of {known}"
        )
        for name in names
        if name not in columns
    ]
    problems += [
        RowProblem(row=number, column=name, message="stands twice in the header: keep one of them")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    problems += [
        RowProblem(row=number, column=name, message="is missing in the header")
        for name in required
        if name not in names
    ]
    return names, problems


def plain(cell: Cell) -> str:
    """A heading as it is compared: folded, its words joined by "_"."""
    return "_".join(fold(str(cell or "")).replace("-", " ").replace("_", " ").split())


def first_line(lines: Iterable[Row]) -> Row | None:
    """The first line with anything in it."""
    return next((line for line in lines if not is_blank(line[1])), None)


def is_empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def is_blank(cells: Sequence[Cell]) -> bool:
    return all(is_empty(cell) for cell in cells)


def text(cell: Cell) -> str:
    """A cell as one line of text. Formulas are text like any other: nothing here runs them."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a spreadsheet holds 190 as 190.0
    if isinstance(cell, datetime) and cell.time() == time(0):
        cell = cell.date()
    written = " ".join(unicodedata.normalize("NFC", "" if cell is None else str(cell)).split())
    if len(written) > LONGEST:
        raise ValueError(f"has {len(written)} characters: shorten it to {LONGEST}")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in written):
        raise ValueError("holds a character that cannot be shown: type it again")
    return written


def needed(text: str) -> str:
    if not text:
        raise ValueError("is empty: write it")
    return text


def parts(text: str) -> list[str]:
    """What a cell lists, apart by any of the usual separators."""
    for separator in ("،", "؛", ";", "/", "|"):
        text = text.replace(separator, ",")
    return [part.strip() for part in text.split(",") if part.strip()]


def phones(text: str, region: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phone(part, region) for part in parts(text)))


def phone(text: str, region: str) -> str:
    """E.164, or a short code as it is dialled."""
    plain = digits(text).removeprefix("tel:")
    if plain.isascii() and plain.isdigit() and len(plain) in SHORT_CODE:
        return plain
    number = e164(plain, region)
    if number is None:
        raise ValueError(f"{text!r} is no phone number: write it as +55 51 3200 0000, or a short code such as 190")
    return number


def persons_phone(text: str, region: str) -> str:
    """The E.164 number of a person; raises ValueError with what to write instead."""
    if is_shortened(text):
        raise ValueError(
            f"{text!r} has lost its last digits in a spreadsheet: format the column as text and write the number again"
        )
    number = e164(digits(text).removeprefix("tel:"), region)
    if number is None:
        raise ValueError(f"{text!r} is no phone number: write it with its country, such as +55 51 99999 0000")
    return number


def is_shortened(text: str) -> bool:
    """Whether it is a long number as a spreadsheet writes it for short."""
    return _SHORTENED.fullmatch(text) is not None


def e164(plain: str, region: str) -> str | None:
    """The number in E.164; None for what is none. `region` (ISO 3166-1) is for numbers without a country's."""
    if any(character.isalpha() for character in plain):
        return None
    try:
        number = phonenumbers.parse("+" + plain[2:] if plain.startswith("00") else plain, region)
    except phonenumbers.NumberParseException:
        return None
    # A number written out with its country is believed if its length fits: plans of numbers change.
    is_good = phonenumbers.is_valid_number(number) or (
        plain.startswith(("+", "00")) and phonenumbers.is_possible_number(number)
    )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if is_good else None


def nationality(text: str) -> str | None:
    if not text:
        return None
    code = text.upper() if text.upper() in _territories() else country(text, "en")
    if code is None:
        raise ValueError(f"{text!r} is no country: write its two letters, such as NP, or its English name")
    return code


def languages(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(language(part) for part in parts(text)))


def language(text: str) -> str:
    code = _tongues().get(fold(text))
    if code is None:
        raise ValueError(f"{text!r} is no language: write codes such as pt, es or English names")
    return code


@lru_cache(maxsize=1)
def _territories() -> frozenset[str]:
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha() and code not in ("ZZ", "EU", "UN"))


@lru_cache(maxsize=1)
def _tongues() -> Mapping[str, str]:
    """Codes of languages, and their names in the languages that these tables are written in, folded."""
    codes = {str(code).replace("_", "-") for code in Locale("en").languages}
    named = {
        fold(str(name)): str(code).replace("_", "-")
        for written_in in reversed(WRITTEN_IN)
        for code, name in Locale(written_in).languages.items()
    }
    return named | {fold(code): code for code in codes}
