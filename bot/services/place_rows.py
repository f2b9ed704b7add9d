"""Owns places as rows of a table: plain words in, places and every problem by row and column out; and back again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import available_timezones

from bot.domain.place import Place, PlaceId, PlaceKind
from bot.domain.values import Position
from bot.engine.extract import digits, fold
from bot.services.cells import (
    MAX_PROBLEMS,
    Cell,
    CellReader,
    Row,
    RowProblem,
    first_line,
    header,
    is_blank,
    is_empty,
    languages,
    nationality,
    needed,
    phones,
)
from bot.services.opening_hours import DAYS, parse_week, write_week

COLUMNS = (
    "id", "kind", "name", "phones", "street", "latitude", "longitude", "nationality", "who_for", "languages", "hours",
    "id_needed", "fee", "source", "checked_on", "expires_on", "timezone",
)  # fmt: skip
REQUIRED = ("kind", "name", "source", "checked_on", "expires_on")
FREE = frozenset({"", "0", "free", "no", "none", "gratis"})
BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # what spreadsheet programs would run
YES, NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})


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
    first = first_line(lines)
    if first is None:
        return Sheet(problems=(RowProblem(row=1, column="", message="the file is empty: begin with a header row"),))
    columns, problems = header(first, columns=COLUMNS, required=REQUIRED)
    if problems:
        return Sheet(problems=tuple(problems))
    places: dict[PlaceId, Place] = {}
    for number, cells in lines:
        if is_blank(cells):
            continue
        reader = _RowReader(CellReader(number, columns, [_bare(cell) for cell in cells]), today, timezone, region)
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


def read_place(typed: Mapping[str, str], *, today: date, timezone: str, region: str) -> Sheet:
    """One place as somebody typed it, by the names of the columns; read as a row of a table is."""
    rows: list[Row] = [(1, list(typed)), (2, [*typed.values()])]
    return read_places(rows, today=today, timezone=timezone, region=region)


class _RowReader:
    """Reads one row as a place."""

    def __init__(self, cells: CellReader, today: date, timezone: str, region: str) -> None:
        self.problems = cells.problems
        self.complain = cells.complain
        self._read = cells.read
        self._cells = cells.cells
        self._today = today
        self._timezone = timezone
        self._region = region

    def place(self) -> Place | None:
        """The place, or None when anything is wrong with it."""
        kind, name, source = self._read("kind", _kind), self._read("name", needed), self._read("source", needed)
        checked_on, expires_on = self._read("checked_on", _day), self._read("expires_on", _day)
        hours = self._read("hours", parse_week)
        optional: dict[str, Any] = {
            "phones": self._read("phones", lambda text: phones(text, self._region)),
            "street": self._read("street", str),
            "position": self._position(),
            "nationality": self._read("nationality", nationality),
            "who_for": self._read("who_for", str),
            "languages": self._read("languages", languages),
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

    def _position(self) -> Position | None:
        written = [name for name in ("latitude", "longitude") if not is_empty(self._cells.get(name))]
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


def _bare(cell: Cell) -> Cell:
    """Without the apostrophe by which a spreadsheet is told that a cell is text, as our own export tells it."""
    is_marked = isinstance(cell, str) and cell.startswith("'") and cell[1:].lstrip().startswith(BEGINS_FORMULA)
    return cell[1:] if is_marked and isinstance(cell, str) else cell


# --- and back: a place as a row --------------------------------------------------------------------------------------


def write_place(place: Place) -> Mapping[str, str]:
    """A place as `read_places` reads it, by column."""
    hours = "24/7" if place.is_always_open else write_week(place.hours, lambda day: DAYS[day].capitalize())
    return {
        "id": place.id,
        "kind": place.kind.value,
        "name": place.name,
        "phones": "; ".join(place.phones),
        "street": place.street,
        "latitude": str(place.position.latitude) if place.position else "",
        "longitude": str(place.position.longitude) if place.position else "",
        "nationality": place.nationality or "",
        "who_for": place.who_for,
        "languages": "; ".join(place.languages),
        "hours": hours,
        "id_needed": {True: "yes", False: "no", None: ""}[place.is_id_needed],
        "fee": place.fee,
        "source": place.source,
        "checked_on": place.checked_on.isoformat(),
        "expires_on": place.expires_on.isoformat(),
        "timezone": place.timezone,
    }


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
