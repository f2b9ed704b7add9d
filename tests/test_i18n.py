"""Proves that a contact reads each text in their own language or an honest fallback, with values as it writes them."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from bot.domain.errors import ConfigurationError
from bot.domain.values import Evidence, Money, Period, Position
from bot.i18n import Catalogs, autonym, chain, direction, faults, figure, fill, numbers, placeholders, written

FAULTS = yaml.safe_load((Path(__file__).parent / "i18n_faults.yml").read_text("utf-8"))
ENGLISH_PLURALS = "nplurals=2; plural=(n != 1);"
# The rule that translators' tools write for Arabic; CLDR's own, in Babel, orders the last two forms otherwise.
ARABIC_PLURALS = "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;"
LRI, FSI, PDI = "\u2066", "\u2068", "\u2069"

SPANISH = """
msgid "Go up."
msgstr "Suba."

# machine-drafted, not reviewed by a speaker
msgid "Call {hotline}."
msgstr "Llame al {hotline}."

#, fuzzy
msgid "Stay off the road."
msgstr "Vaya a la carretera."

msgid "{n} person"
msgid_plural "{n} people"
msgstr[0] "{n} persona"
msgstr[1] "{n} personas"

msgid "You wrote {count} message to {name}"
msgid_plural "You wrote {count} messages to {name}"
msgstr[0] "Escribió {count} mensaje a {name}"
msgstr[1] ""
"""

ARABIC = """
msgid "{n} person"
msgid_plural "{n} people"
msgstr[0] "لا أحد"
msgstr[1] "شخص واحد"
msgstr[2] "شخصان"
msgstr[3] "{n} أشخاص"
msgstr[4] "{n} شخصًا"
msgstr[5] "{n} شخص"

msgid "Call {hotline}."
msgstr "اتصل {hotline}."

msgid "Call +974 4455 1234 now."
msgstr "اتصل +974 4455 1234 الآن."

msgid "{name} speaks with you."
msgstr "{name} يتحدث معك."
"""


@pytest.fixture
def catalogs(tmp_path: Path) -> Catalogs:
    write(tmp_path, "es", SPANISH)
    write(tmp_path, "es_419", '\nmsgid "Go up."\nmsgstr "Suban."\n')
    write(tmp_path, "ar", ARABIC)
    write(tmp_path, "es", '\nmsgid "Save"\nmsgstr "Guardar"\n', domain="console")
    return Catalogs.load(tmp_path, ["en", "es", "es-419", "es-PE", "ne", "ar"])


def write(folder: Path, language: str, entries: str, domain: str = "flows") -> None:
    path = folder / language / "LC_MESSAGES" / f"{domain}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    rule = ARABIC_PLURALS if language == "ar" else ENGLISH_PLURALS
    path.write_text(f'msgid ""\nmsgstr ""\n"Plural-Forms: {rule}\\n"\n{entries}', "utf-8")


# --- which text ---------------------------------------------------------------------------------------------------


def test_a_text_comes_in_the_readers_language(catalogs: Catalogs) -> None:
    assert catalogs.text("Go up.", "es") == "Suba."
    assert catalogs.text("Save", "es", domain="console") == "Guardar"


def test_a_regional_language_falls_back_to_its_base_and_then_to_english(catalogs: Catalogs) -> None:
    assert catalogs.text("Go up.", "es-419") == "Suban."
    assert catalogs.text("Go up.", "es-PE") == "Suba."
    assert catalogs.text("Go up.", "ne") == "Go up."
    assert [chain("es-419"), chain("ne"), chain("en")] == [("es-419", "es", "en"), ("ne", "en"), ("en",)]


def test_a_fuzzy_or_half_translated_text_counts_as_untranslated(catalogs: Catalogs) -> None:
    assert catalogs.text("Stay off the road.", "es") == "Stay off the road."
    assert not catalogs.has("Stay off the road.", "es")
    assert not catalogs.has("You wrote {count} message to {name}", "es")
    assert catalogs.plural(
        "You wrote {count} message to {name}", "You wrote {count} messages to {name}", 2, "es", count=2
    ) == ("You wrote 2 messages to ")


def test_the_language_a_text_really_came_in_is_told(catalogs: Catalogs) -> None:
    assert catalogs.language_of("Go up.", "es-PE") == "es"
    assert catalogs.language_of("Go up.", "ar") == "en"


def test_has_does_not_count_the_english_fallback(catalogs: Catalogs) -> None:
    assert [catalogs.has("Go up.", language) for language in ("en", "es", "es-PE", "ar", "ne")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_a_draft_is_used_and_marked_as_not_reviewed(catalogs: Catalogs) -> None:
    """R12: alerts ask this before they go out."""
    assert catalogs.text("Call {hotline}.", "es", hotline="190") == "Llame al 190."
    assert not catalogs.is_reviewed("es", "flows", "Call {hotline}.")
    assert catalogs.is_reviewed("es", "flows", "Go up.")
    assert not catalogs.is_reviewed("ne", "flows", "Go up.")
    assert catalogs.is_reviewed("en", "flows", "Go up.")


def test_translations_hold_every_language_that_has_the_text(catalogs: Catalogs) -> None:
    assert catalogs.translations("Go up.") == ("Go up.", "Suba.", "Suban.")


def test_entries_show_fuzzy_ones_with_their_line(catalogs: Catalogs) -> None:
    entries = {entry.msgid: entry for entry in catalogs.entries("es")}
    assert entries["Stay off the road."].is_fuzzy
    assert entries["Stay off the road."].line == 13
    assert list(catalogs.entries("ne")) == []


def test_plurals_without_a_rule_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "ar", ARABIC)
    path = tmp_path / "ar" / "LC_MESSAGES" / "flows.po"
    path.write_text(path.read_text("utf-8").replace("Plural-Forms", "X-Rule"), "utf-8")
    with pytest.raises(ConfigurationError, match="no Plural-Forms header"):
        Catalogs.load(tmp_path, ["ar"])


def test_all_unreadable_catalogs_are_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path, "es", '<<<<<<< HEAD\nmsgid "a"\nmsgstr "b"\n')
    write(tmp_path, "ar", '\nmsgid "a"\nmsgid "b"\nmsgstr "c"\n')
    with pytest.raises(ConfigurationError) as error:
        Catalogs.load(tmp_path, ["es", "ar"])
    assert len(error.value.problems) == 2
    assert all("flows.po" in problem for problem in error.value.problems)


# --- plurals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "n", "text"),
    [
        ("en", 1, "1 person"),
        ("en", 0, "0 people"),
        ("en", 1500, "1,500 people"),
        ("es", 1, "1 persona"),
        ("es", 1500, "1.500 personas"),
        ("ne", 2, "2 people"),
        ("ar", 0, "لا أحد"),
        ("ar", 1, "شخص واحد"),
        ("ar", 2, "شخصان"),
        ("ar", 7, "7 أشخاص"),
        ("ar", 11, "11 شخصًا"),
        ("ar", 100, "100 شخص"),
    ],
)
def test_a_count_takes_the_form_its_language_has_for_it(catalogs: Catalogs, language: str, n: int, text: str) -> None:
    assert catalogs.plural("{n} person", "{n} people", n, language) == text


# --- filling in ---------------------------------------------------------------------------------------------------


def test_a_variable_that_is_not_given_is_left_out() -> None:
    assert fill("Hi {name}, call {hotline}.", "en", variables={"hotline": "190"}) == "Hi , call 190."


def test_only_plain_names_are_filled_in() -> None:
    hostile = "{name.__class__} {name!r} {name:>9999999} {0} {} {{name}}"
    assert fill(hostile, "en", variables={"name": "Ram"}) == "{name.__class__} {name!r} {name:>9999999} {0} {} {name}"


def test_a_value_that_looks_like_a_placeholder_is_not_filled_again() -> None:
    assert fill("Hi {name}", "en", variables={"name": "{secret}", "secret": "x"}) == "Hi {secret}"


@pytest.mark.parametrize(
    ("value", "language", "text"),
    [
        (1500, "en", "1,500"),
        (1500, "es", "1.500"),
        (150000, "ne", "1,50,000"),
        (1500, "ar", "1,500"),
        (Decimal("2.5"), "es", "2,5"),
        (Money(value=Decimal(1500), currency="QAR"), "en", "1,500 Qatari riyals"),
        (Money(value=Decimal("1500.5"), currency="QAR"), "es", "1.500,50 riales cataríes"),
        (Money(value=Decimal(1500), currency="QAR"), "ar", "1,500 ريال قطري"),
        (Money(value=Decimal(1500), currency="QAR"), "ne", "1,500 कतारी रियल"),
        (Period(count=3, unit="month"), "en", "3 months"),
        (Period(count=1, unit="year"), "es", "1 año"),
        (Period(count=3, unit="month"), "ne", "3 महिना"),
        (Period(count=2, unit="month"), "ar", "شهران"),
        (Period(count=10, unit="week"), "en", "10 weeks"),
        (date(2026, 11, 22), "en", "22 November 2026"),
        (date(2026, 11, 22), "es", "22 de noviembre de 2026"),
        (date(2026, 11, 22), "ar", "22 نوفمبر 2026"),
        (datetime(2026, 11, 22, 14, 5, tzinfo=ZoneInfo("America/Sao_Paulo")), "en", "22 November 2026, 14:05"),
        (["Ana", "Ram", "Li"], "en", "Ana, Ram and Li"),
        (["Ana", "Ram"], "es", "Ana y Ram"),
        (None, "en", ""),
        ("Ram", "en", "Ram"),
    ],
)
def test_a_value_is_written_as_the_language_writes_it(value: object, language: str, text: str) -> None:
    assert written(value, language) == text


@pytest.mark.parametrize("language", ["en", "es", "es-419", "ne", "ar", "fr", "xx"])
def test_without_isolates_no_value_brings_an_invisible_or_a_hard_space(language: str) -> None:
    values = [
        1500000,
        Money(value=Decimal("1500.5"), currency="QAR"),
        date(2026, 11, 22),
        ["Ana", "علي"],
        "+974 4455 1234",
    ]
    values += [datetime(2026, 11, 22, 14, 5, tzinfo=ZoneInfo("Asia/Qatar")), Period(count=2, unit="month")]
    text = "".join(written(value, language, isolate=False) for value in values)
    assert not set(text) & set("\u00a0\u202f\u200e\u200f\u061c\u2066\u2067\u2068\u2069")


def test_a_photo_or_a_position_has_no_words() -> None:
    assert written(Evidence(document_id="d1", kind="photo"), "en") == ""
    assert written(Position(latitude=1.0, longitude=2.0), "en") == ""


# --- direction ----------------------------------------------------------------------------------------------------


def test_right_to_left_text_keeps_phone_numbers_and_latin_names_in_order(catalogs: Catalogs) -> None:
    assert catalogs.text("Call {hotline}.", "ar", hotline="+974 4455 1234") == f"اتصل {LRI}+974 4455 1234{PDI}."
    assert catalogs.text("Call +974 4455 1234 now.", "ar") == f"اتصل {LRI}+974 4455 1234{PDI} الآن."
    assert catalogs.text("{name} speaks with you.", "ar", name="Ana") == f"{FSI}Ana{PDI} يتحدث معك."
    assert catalogs.text("{name} speaks with you.", "ar", name="علي") == "علي يتحدث معك."


def test_isolates_can_be_left_out_where_they_cost_segments(catalogs: Catalogs) -> None:
    assert catalogs.text("Call {hotline}.", "ar", isolate=False, hotline="+974 4455 1234") == "اتصل +974 4455 1234."


def test_left_to_right_text_gets_no_isolates_but_around_a_right_to_left_name(catalogs: Catalogs) -> None:
    assert catalogs.text("Call {hotline}.", "es", hotline="+974 4455 1234") == "Llame al +974 4455 1234."
    assert catalogs.text("{name} speaks with you.", "en", name="علي") == f"{FSI}علي{PDI} speaks with you."


def test_an_english_fallback_for_an_arabic_reader_is_written_the_english_way(catalogs: Catalogs) -> None:
    assert catalogs.text("You are owed {sum}, call {hotline}.", "ar", sum=1500, hotline="+974 4455 1234") == (
        "You are owed 1,500, call +974 4455 1234."
    )


def test_direction_and_own_name_of_a_language() -> None:
    assert [direction(language) for language in ("en", "ne", "ar", "ur", "es-419", "xx")] == [
        "ltr",
        "ltr",
        "rtl",
        "rtl",
        "ltr",
        "ltr",
    ]
    assert [autonym(language) for language in ("en", "es", "ne", "ar")] == ["English", "Español", "नेपाली", "العربية"]


# --- comparing a text with its translation ------------------------------------------------------------------------


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case["translation"])
def test_what_a_translation_may_not_change_is_named(case: dict[str, object]) -> None:
    """R12: a number, date, phone or variable in a translation equals the source's."""
    assert faults(str(case["source"]), str(case["translation"])) == case["faults"]


def test_numbers_inside_variable_names_are_no_numbers() -> None:
    assert numbers("{line1} and 2") == ("2",)
    assert placeholders("{line1} {{no}} {b}") == {"line1", "b"}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "1,234,500.50"),
        ("es", "1.234.500,50"),
        ("pt", "1.234.500,50"),
        ("ar", "1,234,500.50"),
        ("xx", "1,234,500.50"),
    ],
)
def test_a_sum_is_grouped_and_pointed_as_its_reader_does_in_latin_digits(language: str, text: str) -> None:
    """R12: "1.500,50" and "1,500.50" are the same pay to their readers, and no mark that is not seen is among them."""
    assert figure(Decimal("1234500.5"), 2, language) == text
    assert figure(Decimal(20), 0, language) == "20"
