"""Proves that typed values are read from what frightened people type, in four languages and any script's digits."""

import ast
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import case
from bot.engine import extract
from bot.engine.extract import cases

TABLES = Path(__file__).parent / "extract_tables"
PACKAGE = Path(cases.__file__).parent
OWN = "bot.engine.extract"
TODAY = date(2026, 11, 22)
OFFERED = ("en", "es", "ne", "ar")


def rows(kind: str) -> list[list[str]]:
    """The labelled lines of a kind's table, without its heading."""
    lines = (TABLES / f"{kind}.tsv").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines[1:] if line]


def documents(kind: str) -> Any:
    return yaml.safe_load((TABLES / f"{kind}.yml").read_text("utf-8"))


def plain(value: object) -> str:
    return "-" if value is None else str(value)


@pytest.mark.parametrize(("text", "language", "expected"), rows("number"))
def test_a_number_is_read_in_figures_and_words(text: str, language: str, expected: str) -> None:
    found = extract.number(text, language)
    assert found == (None if expected == "-" else Decimal(expected))


@pytest.mark.parametrize(("text", "language", "host", "expected"), rows("amount"))
def test_an_amount_is_read_with_its_currency(text: str, language: str, host: str, expected: str) -> None:
    found = extract.amount(text, language, host)
    value, _, currency = expected.partition(" ")
    assert found == (None if expected == "-" else extract.Amount(value=Decimal(value), currency=currency))


@pytest.mark.parametrize(("text", "language", "expected"), rows("period"))
def test_a_length_of_time_is_read(text: str, language: str, expected: str) -> None:
    assert plain(extract.period(text, language, today=TODAY)) == expected


@pytest.mark.parametrize(("text", "language", "expected"), rows("people_count"))
def test_people_are_counted_with_the_writer(text: str, language: str, expected: str) -> None:
    assert plain(extract.people_count(text, language)) == expected


@pytest.mark.parametrize(("text", "language", "expected"), rows("country"))
def test_a_country_is_read_from_its_name_or_its_people(text: str, language: str, expected: str) -> None:
    assert plain(extract.country(text, language)) == expected


@pytest.mark.parametrize(("text", "language", "expected"), rows("day"))
def test_a_past_day_is_read(text: str, language: str, expected: str) -> None:
    assert plain(extract.day(text, language, TODAY)) == expected


@pytest.mark.parametrize(("text", "expected"), rows("case_number"))
def test_a_case_number_is_read_however_it_is_typed(text: str, expected: str) -> None:
    assert plain(extract.case_number(text)) == expected


@pytest.mark.parametrize(("text", "region", "expected"), rows("phone"))
def test_a_phone_number_is_read_as_of_its_region(text: str, region: str, expected: str) -> None:
    assert plain(extract.phone(text, region)) == expected


@pytest.mark.parametrize(("text", "expected"), rows("language_named"))
def test_a_language_is_read_by_its_name_in_any_language(text: str, expected: str) -> None:
    assert plain(extract.language_named(text, OFFERED)) == expected


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [(group["options"], text, expected) for group in documents("option") for text, expected in group["chosen"].items()],
)
def test_an_option_is_chosen_by_number_label_beginning_or_slip(
    options: dict[str, list[str]], text: str, expected: int | None
) -> None:
    for language in (*OFFERED, None):
        chosen = extract.option(text, list(options), list(options.values()), language)
        assert chosen == expected, language


@pytest.mark.parametrize("labelled", documents("entities"), ids=lambda labelled: labelled["text"])
def test_every_value_in_a_message_is_found_where_it_stands(labelled: dict[str, Any]) -> None:
    currency = "BRL" if labelled["language"] == "es" else None
    found = extract.entities(labelled["text"], labelled["language"], TODAY, default_currency=currency)
    assert [[one.kind, str(one.value), one.text] for one in found] == labelled["found"]
    assert all(labelled["text"][one.start : one.end] == one.text for one in found)


def test_a_bare_number_is_an_amount_a_period_or_a_count_only_when_asked_for() -> None:
    assert extract.entities("3", "en", TODAY) == []
    assert extract.period("3", "en") is None
    assert extract.period("3", "en", default_unit="month") == extract.Period(count=3, unit="month")
    assert str(extract.amount("3", "en", "QAR")) == "3 QAR"


def test_a_day_to_come_is_read_only_when_asked_for() -> None:
    assert extract.day("tomorrow", "en", TODAY, future=True) == date(2026, 11, 23)
    assert extract.day("12/05", "en", TODAY, future=True) == date(2027, 5, 12)
    assert extract.day("monday", "en", TODAY, future=True) == date(2026, 11, 23)
    assert extract.day("05/12", "en-US", TODAY) == date(2026, 5, 12)


def test_since_a_month_is_no_period_without_knowing_today() -> None:
    assert extract.period("since March", "en") is None


@pytest.mark.parametrize("zero", ["0", "٠", "۰", "०", "০", "๐", "၀", "០", "０"])
def test_digits_of_any_script_become_ascii(zero: str) -> None:
    written = "".join(chr(ord(zero) + number) for number in (1, 9, 0))
    assert extract.digits(f"a {written}!") == "a 190!"


def test_only_offered_languages_are_named() -> None:
    assert extract.language_named("hindi", (*OFFERED, "hi")) == "hi"
    assert extract.language_named("हिन्दी", (*OFFERED, "hi")) == "hi"
    assert extract.language_named("nepali", ("en", "es")) is None
    assert extract.language_named("español", ("en", "es-419")) == "es-419"


def test_case_numbers_share_the_alphabet_of_those_given_out() -> None:
    """The NLU server reads with this module and cannot import the domain."""
    assert (cases.CASE_ALPHABET, cases.CASE_LENGTH) == (case.CASE_ALPHABET, case.CASE_LENGTH)


def test_the_tables_cover_every_language_offered() -> None:
    lines = [row for kind in ("number", "amount", "period", "people_count", "country", "day") for row in rows(kind)]
    assert len(lines) >= 300
    assert all(sum(row[1] == language for row in lines) >= 60 for language in OFFERED)


def test_a_lone_length_of_time_answers_when_it_happened() -> None:
    assert extract.day("3 months", "en", TODAY) == date(2026, 8, 22)
    assert extract.day("3 months", "en", TODAY, future=True) == date(2027, 2, 22)


def test_the_nlu_server_can_import_it() -> None:
    """Its environment is Python 3.10 with four packages, and bot's own top packages may bring nothing else in."""
    for path in (*PACKAGE.rglob("*.py"), PACKAGE.parent / "__init__.py", PACKAGE.parent.parent / "__init__.py"):
        tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 10))
        names = {
            name
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        allowed = sys.stdlib_module_names | {"babel", "regex", "phonenumbers", "dateparser"}
        assert {name for name in names if name.split(".")[0] not in allowed and not name.startswith(OWN)} == set(), path


def test_tables_can_be_built_before_the_first_message() -> None:
    extract.prepare(OFFERED)
    assert extract.country("Nepal", "en") == "NP"


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60), language=st.sampled_from([*OFFERED, "es-419", "th", "xx", None]))
def test_no_text_breaks_a_reader(text: str, language: str | None) -> None:
    for one in extract.entities(text, language, TODAY):
        assert text[one.start : one.end] == one.text != ""
    extract.number(text, language)
    extract.amount(text, language, "QAR")
    extract.period(text, language, today=TODAY, default_unit="month")
    extract.people_count(text, language)
    extract.day(text, language, TODAY)
    extract.phone(text, "QA")
    extract.option(text, ["Yes", "No"], [["Sí"], []], language)
    extract.language_named(text, OFFERED)
