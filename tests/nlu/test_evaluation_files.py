"""The files that understanding is measured on: complete, well formed, and not what it was trained on."""

import csv
from collections import Counter
from pathlib import Path

import pytest
import regex
import yaml

from bot.engine.extract import fold
from bot.nlu.examples import Example
from bot.nlu.road import DANGER_FILE, Line, read_lines

from .conftest import DATA, LANGUAGES

INTENTS = frozenset(
    [
        *("in_danger", "medical_help", "mental_distress", "missing_person", "report_safe"),
        *("evacuation_help", "shelter", "food_water", "situation_info"),
        *("consular_help", "documents_lost", "documents_withheld", "return_home", "visa_status"),
        *("forced_labour", "abuse", "unpaid_wages", "recruitment_fees", "dismissal", "find_job", "case_status"),
        *("talk_to_human", "menu", "change_language", "stop", "delete_data"),
        *("greet", "thanks", "affirm", "deny", "out_of_scope"),
    ]
)
OWN_WORDS = 4  # a text of as many words is somebody's own wording; "hello" and "thank you sir" are anybody's


def words(text: str) -> tuple[str, ...]:
    return tuple(regex.findall(r"[\p{L}\p{M}\p{N}]+", fold(text)))


@pytest.fixture(scope="session")
def lines() -> list[Line]:
    return list(read_lines(DATA / "eval", LANGUAGES))


def test_there_are_31_intents_in_every_language_both_trained_and_measured(
    training: list[Example], evaluation: list[Example]
) -> None:
    assert len(INTENTS) == 31
    for language in LANGUAGES:
        assert {each.intent for each in training if each.language == language} == INTENTS
        assert {each.intent for each in evaluation if each.language == language} == INTENTS


@pytest.mark.parametrize("path", sorted(DATA.rglob("*.yml")), ids=lambda path: path.relative_to(DATA).as_posix())
def test_a_file_says_each_intent_once_and_every_line_is_a_message(path: Path) -> None:
    entries = yaml.safe_load(path.read_text("utf-8"))["nlu"]
    assert [intent for intent, count in Counter(entry["intent"] for entry in entries).items() if count > 1] == []
    for entry in entries:
        examples = entry["examples"].splitlines()
        assert [line for line in examples if not regex.fullmatch(r"- \S.*\S|- \S", line)] == [], entry["intent"]


def test_there_is_enough_to_measure_on(evaluation: list[Example]) -> None:
    counts = Counter((each.language, each.intent) for each in evaluation)
    urgent = Counter(each.language for each in evaluation if each.intent in ("in_danger", "medical_help"))
    assert min(counts.values()) >= 8
    assert min(urgent[language] for language in LANGUAGES) >= 30


def test_nepali_and_arabic_are_measured_in_latin_letters_too(evaluation: list[Example]) -> None:
    for language in ("ne", "ar"):
        scripts = Counter(each.is_latin for each in evaluation if each.language == language)
        assert min(scripts[True], scripts[False]) >= 100


def test_the_short_cries_are_labelled_in_every_language() -> None:
    with (DATA / "eval" / DANGER_FILE).open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    counts = Counter((row["language"], row["expect"]) for row in rows)
    assert set(counts) == {(language, expect) for language in LANGUAGES for expect in ("danger", "not")}
    assert all(count >= (30 if expect == "danger" else 10) for (_, expect), count in counts.items())


def test_what_is_measured_was_not_trained(training: list[Example], lines: list[Line]) -> None:
    trained = {words(example.text) for example in training}
    known = [line.text for line in lines if len(words(line.text)) >= OWN_WORDS and words(line.text) in trained]
    assert known == []


def test_most_of_what_is_measured_is_somebodys_own_wording(training: list[Example], lines: list[Line]) -> None:
    trained = {words(example.text) for example in training}
    assert sum(words(line.text) in trained for line in lines if words(line.text)) <= 0.1 * len(lines)
