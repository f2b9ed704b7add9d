"""Rows become people: lenient in headings, strict in numbers, each person once, every problem by row and column."""

from collections.abc import Sequence

import pytest

from bot.domain.contact import Listing
from bot.domain.employer import EmployerId, Site, SiteId
from bot.domain.values import Position
from bot.services.cells import MAX_PROBLEMS, Cell
from bot.services.roster_rows import RosterSheet, read_roster


def site(name: str, code: str) -> Site:
    here = Position(latitude=-29.4, longitude=-51.9)
    return Site(id=SiteId(code.lower()), employer=EmployerId("farm"), name=name, code=code, position=here)


SITES = (site("Fazenda São João", "FSJ1"), site("Lajeado", "LAJ2"))


def read(*rows: Sequence[Cell], sites: Sequence[Site] = SITES, region: str = "BR") -> RosterSheet:
    return read_roster(enumerate(rows, start=1), sites=sites, region=region)


def problems(*rows: Sequence[Cell]) -> list[str]:
    return [str(problem) for problem in read(*rows).problems]


ROW = {
    "name": "Sita Gurung",
    "phone": "+977 980-000-0001",
    "language": "Nepali",
    "site": "fsj1",
    "group": "night; kitchen",
    "nationality": "Nepal",
    "employee_number": "17",
    "whatsapp": "same",
}


def test_every_column_is_read() -> None:
    (entry,) = read(tuple(ROW), tuple(ROW.values())).entries
    assert entry.listing == Listing(
        name="Sita Gurung",
        phones=("+9779800000001",),
        whatsapp=("+9779800000001",),
        language="ne",
        nationality="NP",
        employee_number="17",
    )
    assert (entry.rows, entry.site, entry.groups) == ((2,), SiteId("fsj1"), ("night", "kitchen"))


@pytest.mark.parametrize(
    "header",
    [
        ("Name", " PHONE ", "Language", "Site", "Group(s)".replace("(s)", "s"), "Employee-Number"),
        ("Nombre", "Teléfono", "Idioma", "Sitio", "Grupo", "Número de empleado"),
        ("nome completo", "celular", "LÍNGUA", "obra", "turno", "Matrícula"),
        ("الاسم", "رقم الهاتف", "اللغة", "الموقع", "المجموعة", "رقم الموظف"),
    ],
)
def test_headings_in_four_languages_mean_the_same(header: tuple[str, ...]) -> None:
    (entry,) = read(header, ("Sita", "+9779800000001", "ne", "LAJ2", "night", 17)).entries
    assert entry.listing == Listing(name="Sita", phones=("+9779800000001",), language="ne", employee_number="17")
    assert (entry.site, entry.groups) == (SiteId("laj2"), ("night",))


@pytest.mark.parametrize("word", ["ne", "Nepali", "nepalí", "nepalês", "النيبالية", "NE"])
def test_a_language_is_known_by_code_and_by_its_name_in_four_languages(word: str) -> None:
    (entry,) = read(("phone", "language"), ("+9779800000001", word), sites=()).entries
    assert entry.listing.language == "ne"


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("(51) 99999-0002", "+5551999990002"),
        (51999990002, "+5551999990002"),
        (5551999990002.0, "+5551999990002"),
        ("0055 51 99999 0002", "+5551999990002"),
        ("٠٠٥٥٥١٩٩٩٩٩٠٠٠٢", "+5551999990002"),
        ("'+5551999990002", "+5551999990002"),
        ("tel:+5551999990002", "+5551999990002"),
        ("+977 9800000001", "+9779800000001"),
    ],
)
def test_phones_are_read_for_the_country_whatever_a_spreadsheet_made_of_them(cell: Cell, number: str) -> None:
    (entry,) = read(("phone",), (cell,), sites=()).entries
    assert entry.listing.phones == (number,)


@pytest.mark.parametrize("cell", ["5.5512E+11", "5,55199999E+12", "5.5e12"])
def test_a_number_that_a_spreadsheet_has_shortened_is_not_guessed(cell: str) -> None:
    (told,) = problems(("phone",), (cell,))
    assert told.startswith(f"row 2, phone: {cell!r} has lost its last digits in a spreadsheet: format the column")


@pytest.mark.parametrize(
    ("column", "cell", "word"),
    [
        ("phone", "banana", "is no phone number"),
        ("phone", "190", "is no phone number"),
        ("phone", "+1", "is no phone number"),
        ("phone", "=HYPERLINK(1)", "is no phone number"),
        ("phone", "+5551999990001/+5551999990002/+5551999990003/+5551999990004", "at most 3"),
        ("language", "Klingonish", "is no language"),
        ("site", "LAJ9", "is no site of this employer: write one of FSJ1, LAJ2"),
        ("site", "", "is empty: write it in every row"),
        ("nationality", "Atlantis", "is no country"),
        ("whatsapp", "perhaps", "must be same, no or a number"),
        ("employee_number", "9" * 33, "longer than 32"),
        ("group", "x" * 65, "more than 64 characters"),
        ("name", "x" * 301, "shorten it"),
        ("name", "G\u0007ym", "cannot be shown"),
    ],
)
def test_each_problem_names_its_row_and_column(column: str, cell: str, word: str) -> None:
    (told,) = problems(tuple(ROW), tuple((ROW | {column: cell}).values()))
    assert told.startswith(f"row 2, {column}: ")
    assert word in told


@pytest.mark.parametrize("cell", ["no", "NO", False, 0, 0.0, "-"])
def test_no_whatsapp_is_told_apart_from_an_empty_cell(cell: Cell) -> None:
    (entry,) = read(("phone", "whatsapp"), ("+9779800000001", cell), sites=()).entries
    assert (entry.is_without_whatsapp, entry.listing.whatsapp) == (True, ())
    (silent,) = read(("phone", "whatsapp"), ("+9779800000001", None), sites=()).entries
    assert not silent.is_without_whatsapp


def test_same_whatsapp_needs_a_phone() -> None:
    assert "needs a phone in the same row" in problems(("phone", "whatsapp", "employee_number"), ("", "same", "3"))[0]


def test_somebody_without_any_number_cannot_be_known_again() -> None:
    assert "row 2, phone: is empty" in problems(("name", "phone", "site"), ("Sita", "", "LAJ2"))[0]


def test_somebody_without_a_phone_is_kept_by_their_employee_number() -> None:
    (entry,) = read(("name", "phone", "employee_number"), ("Sita", "", "3"), sites=()).entries
    assert entry.listing.addresses == ()


def test_with_one_site_only_nobody_has_to_write_it() -> None:
    (entry,) = read(("phone",), ("+9779800000001",), sites=SITES[:1]).entries
    assert entry.site == SiteId("fsj1")


def test_a_column_that_is_not_needed_is_refused() -> None:
    """Nothing is taken in that no alert needs."""
    assert "passport: is no column: remove it" in problems(("phone", "passport"), ("+9779800000001", "X1"))[0]


def test_a_title_in_merged_cells_above_the_header_is_told() -> None:
    told = problems(("Our people 2026", None, None), ("name", "phone", "site"), ("Sita", "+9779800000001", "LAJ2"))
    assert "row 1, our_people_2026: is no column" in told[0]


def test_an_empty_file_and_one_without_numbers_are_told() -> None:
    assert "the file is empty" in problems()[0]
    assert "phone: is missing in the header" in problems(("name", "site"), ("Sita", "LAJ2"))[0]


def test_reading_stops_where_everything_is_wrong() -> None:
    assert len(read(("phone",), *[("x",)] * 1000).problems) == MAX_PROBLEMS + 2


# --- the same person twice ------------------------------------------------------------------------------------------

HEADER = ("name", "phone", "employee_number", "group", "language")


def test_rows_of_the_same_phone_or_number_are_one_person() -> None:
    sheet = read(
        HEADER,
        ("Sita Gurung", "+9779800000001", "", "night", ""),
        ("SITA GURUNG", "+9779800000001", "17", "kitchen", "ne"),
        ("", "+9779800000002", "17", "", ""),
        sites=(),
    )
    (entry,) = sheet.entries
    assert entry.rows == (2, 3, 4)
    assert entry.groups == ("night", "kitchen")
    assert entry.listing == Listing(
        name="Sita Gurung", phones=("+9779800000001", "+9779800000002"), language="ne", employee_number="17"
    )
    assert (sheet.merged, sheet.problems) == (2, ())


@pytest.mark.parametrize(
    ("second", "column"),
    [
        (("Ahmed Ali", "+9779800000001", "", "", ""), "name"),
        (("Sita", "+9779800000001", "18", "", ""), "employee_number"),
        (("Ahmed Ali", "+9779800000009", "17", "", ""), "name"),
        (("Sita", "+9779800000001", "17", "", "ar"), "language"),
    ],
)
def test_one_number_for_different_people_is_a_problem(second: tuple[str, ...], column: str) -> None:
    sheet = read(HEADER, ("Sita", "+9779800000001", "17", "", "ne"), second, sites=())
    (problem,) = sheet.problems
    assert (problem.row, problem.column) == (3, column)
    assert "row 2" in problem.message


def test_another_site_is_told_by_its_code() -> None:
    (told,) = problems(("phone", "site"), ("+9779800000001", "LAJ2"), ("+9779800000001", "FSJ1"))
    assert told.startswith("row 3, site: row 2 has the same phone or employee number with another site ('LAJ2')")


def test_a_whole_crew_under_one_employee_number_is_a_problem() -> None:
    """Or they would be one person with a thousand phones."""
    crew = [(f"+97798000000{n:02}", "", "1") for n in range(5)]
    sheet = read(("phone", "group", "employee_number"), *crew, sites=())
    (entry,) = sheet.entries
    assert entry.rows == (2, 3, 4)
    assert [(problem.row, problem.column) for problem in sheet.problems] == [(5, "phone"), (6, "phone")]
    assert "together they have 4 of these, and one person has 3 at most" in sheet.problems[0].message


def test_a_row_between_two_people_is_a_problem() -> None:
    told = problems(
        HEADER[:3], ("", "+9779800000001", "17"), ("", "+9779800000002", "18"), ("", "+9779800000001", "18")
    )
    assert "rows 2 and 3 have these numbers too" in told[0]
