"""What a message says by its form alone, on a labelled table: STOP, cries for help, numbers, languages (R1, R19)."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from bot.services import signals
from bot.services.routing import Signal
from bot.services.signals import MAX_CRY_WORDS, Signals

LANGUAGES = ("en", "es", "ne", "ar")
SIGNALS = Signals.load(LANGUAGES)
CARRIER_WORDS = [
    *("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"),
    *("START", "UNSTOP", "HELP", "INFO"),
]


def rows() -> list[tuple[str, str]]:
    lines = Path(__file__).with_name("signals.tsv").read_text("utf-8").split("\n")[1:]
    return [(signal, text) for signal, _, text in (line.partition("\t") for line in lines if line)]


def test_the_table_is_worth_measuring_on() -> None:
    counts = Counter(signal for signal, _ in rows())
    assert counts.total() >= 150
    assert set(counts) == set(Signal)
    assert counts["none"] >= 60


@pytest.mark.parametrize(("signal", "text"), rows())
def test_the_form_of_a_message_says(signal: str, text: str) -> None:
    """R19."""
    assert SIGNALS.read(text).signal == signal


@pytest.mark.parametrize("word", CARRIER_WORDS)
@pytest.mark.parametrize("languages", [LANGUAGES, ("ar",), ("th",)])
def test_the_words_that_phone_companies_know_are_heard_whatever_languages_are_offered(
    word: str, languages: tuple[str, ...]
) -> None:
    """R19."""
    expected = {"START": "start", "UNSTOP": "start", "HELP": "help", "INFO": "help"}.get(word, "stop")
    assert Signals.load(languages).read(word).signal == expected


@pytest.mark.parametrize("word", ["yes", "YES", "sí", "हो", "نعم"])
def test_a_plain_yes_stays_an_answer_to_a_question(word: str) -> None:
    assert SIGNALS.read(word).signal is Signal.NONE


@pytest.mark.parametrize(
    ("text", "language"),
    [("English", "en"), ("español", "es"), ("नेपाली", "ne"), ("nepali", "ne"), ("العربية", "ar"), ("arabic", "ar")],
)
def test_a_language_named_alone_is_told(text: str, language: str) -> None:
    """R12."""
    assert SIGNALS.read(text).language == language


def test_a_language_that_is_not_offered_is_none() -> None:
    assert Signals.load(("en", "es")).read("नेपाली").signal is Signal.NONE


def test_a_phrase_in_a_long_message_is_left_to_understanding() -> None:
    cry = "we are trapped"
    padding = " ".join(["word"] * (MAX_CRY_WORDS - 3))
    assert SIGNALS.read(f"{cry} {padding}").signal is Signal.DANGER
    assert SIGNALS.read(f"{cry} {padding} word").signal is Signal.NONE


def test_words_of_a_language_that_is_not_offered_are_no_signal() -> None:
    assert Signals.load(("en", "es")).read("रोक्नुहोस्").signal is Signal.NONE


@pytest.mark.parametrize(
    "text", ["\ud83d", "\x00", "a" * 100_000, "fire " * 20_000, "\u202e\u200f", "ـــ", "़", "'", "s" * 9]
)
def test_no_text_breaks_it(text: str) -> None:
    assert SIGNALS.read(text).signal in Signal


def test_every_word_is_a_text_for_yaml_reads_a_bare_no_as_false() -> None:
    document = yaml.safe_load(Path(signals.__file__).with_suffix(".yml").read_text("utf-8"))
    lists = [words for kind in document.values() for words in (kind.values() if isinstance(kind, dict) else [kind])]
    assert [word for words in lists for word in words if not isinstance(word, str) or not word.strip()] == []
