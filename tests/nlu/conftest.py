"""What the tests of understanding share: the training messages and what is learned from them, once for all."""

from pathlib import Path

import pytest

from bot.nlu.examples import Example, read_examples
from bot.nlu.keywords import Keywords
from bot.nlu.language import LanguageGuesser

DATA = Path(__file__).resolve().parents[2] / "nlu_data"
LANGUAGES = ("en", "es", "ne", "ar")


@pytest.fixture(scope="session")
def training() -> list[Example]:
    return list(read_examples(DATA, LANGUAGES))


@pytest.fixture(scope="session")
def evaluation() -> list[Example]:
    return list(read_examples(DATA / "eval", LANGUAGES))


@pytest.fixture(scope="session")
def keywords(training: list[Example]) -> Keywords:
    return Keywords.learn(training)


@pytest.fixture(scope="session")
def linguist(training: list[Example]) -> LanguageGuesser:
    return LanguageGuesser.learn(training, LANGUAGES)
