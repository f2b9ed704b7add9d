"""Owns reading places from rows of a table: plain words in, places and every problem by row and column out."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, TypeVar
from zoneinfo import available_timezones

import phonenumbers
from babel import Locale

from bot.domain.place import Place, PlaceId, PlaceKind
from bot.domain.values import Position
from bot.engine.extract import country, digits, fold
from bot.services.opening_hours import parse_week

Cell = str | int | float | bool | date | time | None
Row = tuple[int, Sequence[Cell]]  # its number in the file, the header being row 1, and its cells
T = TypeVar("T")

COLUMNS = (
    "id", "kind", "name", "phones", "street", "latitude", "longitude", "nationality", "who_for", "languages", "hours",
    "id_needed", "fee", "source", "checked_on", "expires_on", "timezone",
)  # fmt: skip
REQUIRED = ("kind", "name", "source", "checked_on", "expires_on")
MAX_COLUMNS = 100
MAX_PROBLEMS = 200  # more are not read by anybody: the file is of another kind
LONGEST = 300  # characters of a cell; a phone shows a place in a few lines
SHORT_CODE = range(2, 6)  # digits of a number such as 190 that is dialled without any prefix
FREE = frozenset({"", "0", "free", "no", "none", "gratis"})
YES, NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """What is wrong in one cell and what to write instead."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.message}" if self.column else f"row {self.row}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a table says: the rows that can be read as places, and the problems of the others."""

    places: tuple[Place, ...] = ()
    problems: tuple[RowProblem, ...] = ()

    def expired(self, today: date) -> int:
        """How many of the places are past their date already: stored, never told (R5)."""
        return sum(place.expires_on < today for place in self.places)


def read_places(rows: Iterable[Row], *, today: date, timezone: str, region: str) -> Sheet:
    """Read a header and its rows; `timezone` and `region` (ISO 3166-1) are for what rows leave out."""
    lines = iter(rows)
    first = next((line for line in lines if not _is_blank(line[1])), None)
    if first is None:
        return Sheet(problems=(RowProblem(row=1, column="", message="the file is empty: begin with a header row"),))
    columns, problems = _header(first)
    if problems:
        return Sheet(problems=tuple(problems))
    places: dict[PlaceId, Place] = {}
    for number, cells in lines:
        if _is_blank(cells):
            continue
        reader = _RowReader(number, dict(zip(columns, cells, strict=False)), today, timezone, region)
        if any(not _is_empty(cell) for cell in cells[len(columns) :]):
            reader.complain("", "has more cells than the header: is a separator inside a text? Put it in quotes")
        place = reader.place()
        if place is not None and place.id in places:
            reader.complain("id", f"{place.id!r} stands in an earlier row too: give each place an id of its own")
        if place is not None and not reader.problems:
            places[place.id] = place
        problems += reader.problems
        if len(problems) > MAX_PROBLEMS:
            problems.append(RowProblem(row=number, column="", message="too many problems: reading stopped here"))
            break
    return Sheet(places=tuple(places.values()), problems=tuple(problems))


def _header(line: Row) -> tuple[list[str], list[RowProblem]]:
    number, cells = line
    names = ["_".join(fold(str(cell or "")).replace("-", " ").replace("_", " ").split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        return [], [
            RowProblem(row=number, column="", message=f"has {len(names)} columns; at most {MAX_COLUMNS} are read")
        ]
    known = ", ".join(COLUMNS)
    problems = [
        RowProblem(
            row=number, column=name[:40] or "(no name)", message=f"is no column: remove it, or name it one of {known}"
        )
        for name in names
        if name not in COLUMNS
    ]
    problems += [
        RowProblem(row=number, column=name, message="stands twice in the header: keep one of them")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    problems += [
        RowProblem(row=number, column=name, message="is missing in the header")
        for name in REQUIRED
        if name not in names
    ]
    return names, problems


class _RowReader:
    """Reads one row; a cell that cannot be read leaves a problem behind, and the others are read all the same."""

    def __init__(self, number: int, cells: Mapping[str, Cell], today: date, timezone: str, region: str) -> None:
        self.problems: list[RowProblem] = []
        self._number = number
        self._cells = cells
        self._today = today
        self._timezone = timezone
        self._region = region

    def complain(self, column: str, message: str) -> None:
        self.problems.append(RowProblem(row=self._number, column=column, message=message))

    def place(self) -> Place | None:
        """The place, or None when anything is wrong with it."""
        kind, name, source = self._read("kind", _kind), self._read("name", _needed), self._read("source", _needed)
        checked_on, expires_on = self._read("checked_on", _day), self._read("expires_on", _day)
        hours = self._read("hours", parse_week)
        optional: dict[str, Any] = {
            "phones": self._read("phones", lambda text: _phones(text, self._region)),
            "street": self._read("street", str),
            "position": self._position(),
            "nationality": self._read("nationality", _nationality),
            "who_for": self._read("who_for", str),
            "languages": self._read("languages", _languages),
            "timezone": self._read("timezone", _timezone) or self._timezone,
            "is_id_needed": self._read("id_needed", _yes_or_no),
            "fee": self._read("fee", _fee),
        }
        named = self._read("id", _id)
        if self.problems or not (kind and name and source and checked_on and expires_on and hours):
            return None
        place = Place(
            id=PlaceId(named or _made_id(kind, name)),
            kind=kind,
            name=name,
            source=source,
            checked_on=checked_on,
            expires_on=expires_on,
            hours=hours.openings,
            is_always_open=hours.is_always_open,
            **optional,
        )
        self._agree(place)
        return None if self.problems else place

    def _read(self, column: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(_text(self._cells.get(column)))
        except ValueError as error:
            self.complain(column, str(error))
            return None

    def _position(self) -> Position | None:
        written = [name for name in ("latitude", "longitude") if not _is_empty(self._cells.get(name))]
        latitude = self._read("latitude", lambda text: _degrees(text, 90))
        longitude = self._read("longitude", lambda text: _degrees(text, 180))
        if len(written) == 1:
            missing = "longitude" if "latitude" in written else "latitude"
            self.complain(missing, "is missing: write both or neither")
        if latitude is None or longitude is None:
            return None
        if latitude == longitude == 0:
            self.complain("latitude", "0, 0 lies in the sea: leave both empty when the location is not known")
        return Position(latitude=latitude, longitude=longitude)

    def _agree(self, place: Place) -> None:
        """What single cells cannot tell."""
        if place.checked_on > self._today:
            self.complain(
                "checked_on", f"{place.checked_on} is in the future: write the day somebody really checked it"
            )
        if place.expires_on < place.checked_on:
            self.complain("expires_on", f"{place.expires_on} is before checked_on: write the last day it may be told")
        if place.kind is PlaceKind.CONSULATE and place.nationality is None:
            self.complain("nationality", "is missing: a consulate needs the country whose people it serves, such as NP")
        if not (place.phones or place.street or place.position):
            self.complain("phones", "nobody can reach this place: write phones, a street, or latitude and longitude")


# --- cells ----------------------------------------------------------------------------------------------------------


def _is_empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _is_blank(cells: Sequence[Cell]) -> bool:
    return all(_is_empty(cell) for cell in cells)


def _text(cell: Cell) -> str:
    """A cell as one line of text. Formulas are text like any other: nothing here runs them."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a spreadsheet holds 190 as 190.0
    if isinstance(cell, datetime) and cell.time() == time(0):
        cell = cell.date()
    text = " ".join(unicodedata.normalize("NFC", "" if cell is None else str(cell)).split())
    if len(text) > LONGEST:
        raise ValueError(f"has {len(text)} characters: shorten it to {LONGEST}")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in text):
        raise ValueError("holds a character that cannot be shown: type it again")
    return text


def _needed(text: str) -> str:
    if not text:
        raise ValueError("is empty: write it")
    return text


def _id(text: str) -> str:
    if len(text) > 64:
        raise ValueError("is longer than 64 characters: shorten it")
    return text


def _made_id(kind: PlaceKind, name: str) -> str:
    """The same place has the same id in the next file, so that it is changed and not doubled."""
    slug = "-".join("".join(c if c.isalnum() else " " for c in fold(name)).split())
    return f"{kind.value}-{slug}"[:64]


def _kind(text: str) -> PlaceKind:
    try:
        return PlaceKind("_".join(fold(text).replace("-", " ").replace("_", " ").split()))
    except ValueError:
        raise ValueError(f"{text!r} is no kind of place: write one of {', '.join(PlaceKind)}") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text).date()
    except ValueError:
        raise ValueError(f"{text!r} is no day: write it as 2026-05-31") from None


def _degrees(text: str, limit: int) -> float | None:
    if not text:
        return None
    try:
        degrees = float(digits(text).replace("−", "-").replace(",", ".").removesuffix("°").strip())
    except ValueError:
        degrees = float("nan")
    if not -limit <= degrees <= limit:  # NaN fits nowhere
        raise ValueError(f"{text!r} must be in degrees from -{limit} to {limit}, such as -29.4669")
    return degrees


def _phones(text: str, region: str) -> tuple[str, ...]:
    parts = text.replace(";", ",").replace("/", ",").replace("|", ",").split(",")
    return tuple(dict.fromkeys(_phone(part.strip(), region) for part in parts if part.strip()))


def _phone(text: str, region: str) -> str:
    """E.164, or a short code as it is dialled."""
    plain = digits(text).removeprefix("tel:")
    if plain.isascii() and plain.isdigit() and len(plain) in SHORT_CODE:
        return plain
    try:
        number = phonenumbers.parse("+" + plain[2:] if plain.startswith("00") else plain, region)
        # A number written out with its country is believed if its length fits: plans of numbers change.
        is_good = phonenumbers.is_valid_number(number) or (
            plain.startswith("+") and phonenumbers.is_possible_number(number)
        )
    except phonenumbers.NumberParseException:
        is_good = False
    if not is_good or any(character.isalpha() for character in plain):
        raise ValueError(f"{text!r} is no phone number: write it as +55 51 3200 0000, or a short code such as 190")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _nationality(text: str) -> str | None:
    if not text:
        return None
    code = text.upper() if text.upper() in _territories() else country(text, "en")
    if code is None:
        raise ValueError(f"{text!r} is no country: write its two letters, such as NP, or its English name")
    return code


def _languages(text: str) -> tuple[str, ...]:
    parts = text.replace(";", ",").replace("/", ",").replace("|", ",").split(",")
    return tuple(dict.fromkeys(_language(part.strip()) for part in parts if part.strip()))


def _language(text: str) -> str:
    code = _tongues().get(fold(text))
    if code is None:
        raise ValueError(f"{text!r} is no language: write codes such as pt, es or English names")
    return code


def _timezone(text: str) -> str:
    if text and text not in available_timezones():
        raise ValueError(f"{text!r} is no time zone: write one such as America/Sao_Paulo, or leave it empty")
    return text


def _yes_or_no(text: str) -> bool | None:
    word = fold(text)
    if word in YES or word in NO:
        return word in YES
    if word in ("", "unknown", "?"):
        return None
    raise ValueError(f"{text!r} must be yes, no or empty (not known)")


def _fee(text: str) -> str:
    return "" if fold(text) in FREE else text


@lru_cache(maxsize=1)
def _territories() -> frozenset[str]:
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha() and code not in ("ZZ", "EU", "UN"))


@lru_cache(maxsize=1)
def _tongues() -> Mapping[str, str]:
    """Codes and English names of languages, folded."""
    named = {str(code).replace("_", "-"): str(name) for code, name in Locale("en").languages.items()}
    return {fold(name): code for code, name in named.items()} | {fold(code): code for code in named}


# --- what an import would change ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an import does to one place: `fields` are the names of what differs, `before` is None for a new one."""

    place: Place
    before: Place | None
    fields: tuple[str, ...] = ()

    @property
    def is_new(self) -> bool:
        return self.before is None


def changes(known: Iterable[Place], coming: Iterable[Place]) -> list[Change]:
    """What would be new or different, in the order of the file; what is the same is left out.

    A blocked place stays blocked: only a person in the console may let it be told again.
    """
    by_id = {place.id: place for place in known}
    found = []
    for place in coming:
        before = by_id.get(place.id)
        if before is None:
            found.append(Change(place=place, before=None))
            continue
        kept = replace(place, blocked_at=before.blocked_at)
        if kept != before:
            differing = [f.name for f in fields(Place) if getattr(kept, f.name) != getattr(before, f.name)]
            found.append(Change(place=kept, before=before, fields=tuple(differing)))
    return found
