"""Rows become places; what is wrong is told by row and column, with what to write instead."""

from dataclasses import replace
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.place import Place, PlaceKind
from bot.domain.values import Position
from bot.services.cells import MAX_PROBLEMS, Cell
from bot.services.place_rows import COLUMNS, Sheet, changes, read_places
from tests.stand import NOW

TODAY = date(2026, 5, 6)
GOOD: dict[str, Cell] = {
    "id": "gym-1",
    "kind": "shelter",
    "name": "School gym",
    "phones": "+55 51 3200 0000; 190",
    "street": "Rua A 1",
    "latitude": "-29.46",
    "longitude": "-51.96",
    "nationality": "",
    "who_for": "families",
    "languages": "pt; es",
    "hours": "24/7",
    "id_needed": "no",
    "fee": "free",
    "source": "Civil Defence",
    "checked_on": "2026-05-01",
    "expires_on": "2026-06-01",
    "timezone": "",
}


def sheet(*rows: dict[str, Cell], header: tuple[str, ...] = COLUMNS) -> Sheet:
    lines = [(1, list(header)), *((at, [row.get(name) for name in header]) for at, row in enumerate(rows, start=2))]
    return read_places(lines, today=TODAY, timezone="America/Sao_Paulo", region="BR")


def one(**changed: Cell) -> Place:
    read = sheet({**GOOD, **changed})
    assert read.problems == ()
    return read.places[0]


def test_a_row_becomes_a_place() -> None:
    """R5, R6."""
    assert one() == Place(
        id=one().id,
        kind=PlaceKind.SHELTER,
        name="School gym",
        phones=("+555132000000", "190"),
        street="Rua A 1",
        position=Position(latitude=-29.46, longitude=-51.96),
        who_for="families",
        languages=("pt", "es"),
        is_always_open=True,
        timezone="America/Sao_Paulo",
        is_id_needed=False,
        source="Civil Defence",
        checked_on=date(2026, 5, 1),
        expires_on=date(2026, 6, 1),
    )


@pytest.mark.parametrize(
    ("column", "written", "field", "read"),
    [
        ("kind", "Assembly point", "kind", PlaceKind.ASSEMBLY_POINT),
        ("kind", "LEGAL-AID", "kind", PlaceKind.LEGAL_AID),
        ("name", "  Two   spaces\n", "name", "Two spaces"),
        ("name", "=cmd|' /C calc'!A0", "name", "=cmd|' /C calc'!A0"),
        ("name", "नेपाली विद्यालय", "name", "नेपाली विद्यालय"),
        ("phones", 190.0, "phones", ("190",)),
        ("phones", 190, "phones", ("190",)),
        ("phones", "190 / 193", "phones", ("190", "193")),
        ("phones", "190,190", "phones", ("190",)),
        ("phones", "0055 51 3200 0000", "phones", ("+555132000000",)),
        ("phones", "(51) 3200-0000", "phones", ("+555132000000",)),
        ("phones", 5132000000, "phones", ("+555132000000",)),
        ("phones", "+55 51 1555 0101", "phones", ("+555115550101",)),
        ("phones", "+977 1 5970000", "phones", ("+97715970000",)),
        ("phones", "٠٨٠٠ ١٢٣ ٤٥٦٧", "phones", ("+558001234567",)),
        ("phones", "", "phones", ()),
        ("latitude", "-29,46", "position", Position(latitude=-29.46, longitude=-51.96)),
        ("latitude", "−29.46°", "position", Position(latitude=-29.46, longitude=-51.96)),
        ("latitude", -29.46, "position", Position(latitude=-29.46, longitude=-51.96)),
        ("nationality", "np", "nationality", "NP"),
        ("nationality", "Nepal", "nationality", "NP"),
        ("languages", "Portuguese, haitian creole / ar", "languages", ("pt", "ht", "ar")),
        ("languages", "", "languages", ()),
        ("id_needed", "YES", "is_id_needed", True),
        ("id_needed", True, "is_id_needed", True),
        ("id_needed", False, "is_id_needed", False),
        ("id_needed", None, "is_id_needed", None),
        ("id_needed", "unknown", "is_id_needed", None),
        ("fee", 0, "fee", ""),
        ("fee", "Free", "fee", ""),
        ("fee", "R$ 60", "fee", "R$ 60"),
        ("checked_on", date(2026, 5, 2), "checked_on", date(2026, 5, 2)),
        ("checked_on", datetime(2026, 5, 2), "checked_on", date(2026, 5, 2)),  # noqa: DTZ001 (as Excel gives it)
        ("checked_on", datetime(2026, 5, 2, 9, 30), "checked_on", date(2026, 5, 2)),  # noqa: DTZ001
        ("checked_on", "2026-05-06", "checked_on", TODAY),
        ("timezone", "America/Manaus", "timezone", "America/Manaus"),
    ],
)
def test_cells_are_read_as_people_write_them(column: str, written: Cell, field: str, read: object) -> None:
    assert getattr(one(**{column: written}), field) == read


@pytest.mark.parametrize(
    ("column", "written", "hint"),
    [
        ("kind", "", "write one of shelter"),
        ("kind", "church", "write one of shelter"),
        ("name", "", "is empty"),
        ("name", " \t ", "is empty"),
        ("name", "x" * 301, "shorten it to 300"),
        ("name", "a\x00b", "cannot be shown"),
        ("name", "a\x1b[31mb", "cannot be shown"),
        ("name", "\ud800", "cannot be shown"),
        ("id", "x" * 65, "64 characters"),
        ("phones", "call us", "+55 51 3200 0000"),
        ("phones", "+55 51 12", "+55 51 3200 0000"),
        ("phones", "3200-0000", "+55 51 3200 0000"),
        ("phones", "1", "+55 51 3200 0000"),
        ("phones", "9" * 40, "+55 51 3200 0000"),
        ("phones", "+55 51 3200 0000 ext. 5", "+55 51 3200 0000"),
        ("phones", "=1+1", "+55 51 3200 0000"),
        ("phones", "0800-FLOWERS", "+55 51 3200 0000"),
        ("latitude", "91", "-90 to 90"),
        ("latitude", "-90.001", "-90 to 90"),
        ("latitude", "nan", "-90 to 90"),
        ("latitude", "inf", "-90 to 90"),
        ("latitude", "29 27 S", "-90 to 90"),
        ("latitude", "1e400", "-90 to 90"),
        ("latitude", "", "both or neither"),
        ("longitude", "181", "-180 to 180"),
        ("longitude", "", "both or neither"),
        ("longitude", True, "-180 to 180"),
        ("nationality", "Wakanda", "two letters"),
        ("nationality", "ZZ", "two letters"),
        ("nationality", "Nepal and India", "two letters"),
        ("languages", "pt; klingonese", "codes such as pt"),
        ("hours", "weekdays", "Mon-Fri 08:00-17:00"),
        ("hours", datetime(2026, 7, 24), "24/7"),  # noqa: DTZ001 (what Excel makes of 24/7)
        ("hours", time(8), "Mon-Fri"),
        ("id_needed", "maybe", "yes, no or empty"),
        ("id_needed", 2, "yes, no or empty"),
        ("source", "", "is empty"),
        ("checked_on", "", "2026-05-31"),
        ("checked_on", "06/05/2026", "2026-05-31"),
        ("checked_on", "yesterday", "2026-05-31"),
        ("checked_on", "2026-02-30", "2026-05-31"),
        ("checked_on", 46148, "2026-05-31"),
        ("checked_on", "2026-05-07", "is in the future"),
        ("checked_on", "2026-13-01", "2026-05-31"),
        ("expires_on", "", "2026-05-31"),
        ("expires_on", "2026-04-30", "before checked_on"),
        ("timezone", "Brasilia", "America/Sao_Paulo"),
        ("timezone", "../../etc/passwd", "America/Sao_Paulo"),
    ],
)
def test_a_wrong_cell_is_told_by_row_and_column_with_what_to_write(column: str, written: Cell, hint: str) -> None:
    read = sheet(GOOD | {"id": "other", "name": "Other"}, GOOD | {column: written})
    assert [place.id for place in read.places] == ["other"]
    assert [(problem.row, problem.column) for problem in read.problems] == [(3, column)]
    assert hint in str(read.problems[0])
    assert str(read.problems[0]).startswith(f"row 3, {column}: ")


def test_every_wrong_cell_of_a_row_is_told_at_once() -> None:
    read = sheet(GOOD | {"phones": "x", "latitude": "x", "languages": "x", "timezone": "x"})
    assert [problem.column for problem in read.problems] == ["phones", "latitude", "languages", "timezone"]


def test_a_place_at_0_0_is_one_that_nobody_looked_up() -> None:
    assert "sea" in str(sheet(GOOD | {"latitude": "0", "longitude": "0"}).problems[0])


def test_a_consulate_needs_its_country() -> None:
    assert "serves" in str(sheet(GOOD | {"kind": "consulate"}).problems[0])


def test_a_place_that_nobody_can_reach_is_refused() -> None:
    read = sheet(GOOD | {"phones": "", "street": "", "latitude": "", "longitude": ""})
    assert "nobody can reach" in str(read.problems[0])


def test_the_same_id_twice_is_refused() -> None:
    read = sheet(GOOD, GOOD | {"name": "Another"})
    assert "earlier row" in str(read.problems[0])
    assert read.problems[0].row == 3


def test_without_an_id_the_kind_and_name_make_one_that_stays_the_same() -> None:
    assert one(id=None).id == "shelter-school-gym"
    assert one(id="", name="  SCHOOL  Gym ").id == "shelter-school-gym"
    assert "earlier row" in str(sheet(GOOD | {"id": ""}, GOOD | {"id": ""}).problems[0])


def test_an_expired_place_is_accepted_and_counted() -> None:
    """R5: it is stored for review, not told."""
    read = sheet(
        GOOD | {"checked_on": "2025-01-01", "expires_on": "2026-05-05"}, GOOD | {"id": "g2", "expires_on": "2026-05-06"}
    )
    assert read.problems == ()
    assert read.expired(TODAY) == 1


# --- headers --------------------------------------------------------------------------------------------------------


def test_a_header_is_read_whatever_its_case_spaces_and_order() -> None:
    header = ("Name", " KIND ", "Checked on", "expires-on", "Source", "Phones")
    row = ("Gym", "shelter", "2026-05-01", "2026-06-01", "CD", "190")
    read = read_places([(1, header), (2, row)], today=TODAY, timezone="UTC", region="BR")
    assert read.problems == ()
    assert read.places[0].name == "Gym"


def test_blank_lines_are_passed_over_and_rows_keep_their_numbers() -> None:
    rows = [(1, [""]), (2, list(COLUMNS)), (3, []), (4, [None, " "]), (5, [GOOD[name] for name in COLUMNS[:3]])]
    read = read_places(rows, today=TODAY, timezone="UTC", region="BR")
    assert {problem.row for problem in read.problems} == {5}


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        (("kind", "name"), "source: is missing in the header"),
        ((*COLUMNS, "notes"), "notes: is no column"),
        ((*COLUMNS, "name"), "name: stands twice"),
        (("kind", "", "name", "source", "checked_on", "expires_on"), "(no name): is no column"),
        (tuple(f"c{n}" for n in range(101)), "at most 100"),
        (("x" * 5000,), "is no column"),
        ((1, 2.5, None), "is no column"),
    ],
)
def test_a_wrong_header_is_told_and_no_row_is_read(header: tuple[Cell, ...], hint: str) -> None:
    read = read_places([(1, header), (2, ["a"] * 6)], today=TODAY, timezone="UTC", region="BR")
    assert read.places == ()
    assert any(hint in str(problem) for problem in read.problems)
    assert all(len(str(problem)) < 500 for problem in read.problems)


def test_a_row_longer_than_its_header_is_told() -> None:
    read = read_places(
        [(1, COLUMNS), (2, [*GOOD.values(), "more"])], today=TODAY, timezone="UTC", region="BR"
    )  # fmt: skip
    assert "more cells than the header" in str(read.problems[0])


@pytest.mark.parametrize("rows", [[], [(1, [])], [(1, [None]), (2, ["", " "])]])
def test_an_empty_table_is_told(rows: list[tuple[int, list[Cell]]]) -> None:
    assert "empty" in str(read_places(rows, today=TODAY, timezone="UTC", region="BR").problems[0])


def test_a_table_of_another_kind_does_not_drown_its_reader() -> None:
    read = sheet(*({"kind": "x"} for _ in range(5000)))
    assert MAX_PROBLEMS < len(read.problems) < MAX_PROBLEMS + 20
    assert "stopped" in str(read.problems[-1])


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40), st.dates(), st.times(), st.datetimes()
)


@given(st.lists(st.lists(CELLS, max_size=20), max_size=6), st.booleans())
def test_no_table_makes_the_reader_fail(rows: list[list[Cell]], has_header: bool) -> None:
    header = [(1, COLUMNS)] if has_header else []
    read = read_places([*header, *enumerate(rows, start=2)], today=TODAY, timezone="UTC", region="BR")
    assert len(read.places) <= len(rows)


# --- what changes ---------------------------------------------------------------------------------------------------


def test_new_changed_and_same_places_are_told_apart() -> None:
    known, coming = [one(), one(id="g2")], [one(phones="190", fee="R$ 5"), one(id="g2"), one(id="g3")]
    found = changes(known, coming)
    assert [(change.place.id, change.is_new, set(change.fields)) for change in found] == [
        ("gym-1", False, {"phones", "fee"}),
        ("g3", True, set()),
    ]


def test_an_import_never_unblocks_a_place() -> None:
    """R5: what somebody reported as wrong stays untold until a person looks at it."""
    blocked = replace(one(), blocked_at=NOW)
    assert changes([blocked], [one()]) == []
    (change,) = changes([blocked], [one(phones="190")])
    assert change.place.blocked_at == NOW
    assert change.fields == ("phones",)
