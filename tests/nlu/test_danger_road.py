"""Dangers through the whole routing: words, the NLU server's probabilities or key words, the decision (R1, R22)."""

import asyncio
import os
from pathlib import Path

import pytest

from bot.app.desks import flows, triggers_of
from bot.config import Thresholds, load
from bot.domain.message import Understanding
from bot.nlu.keywords import Keywords
from bot.nlu.provision import NoPython, default_provision
from bot.nlu.road import DANGER_FILE, DOUBT, Heard, Line, Recall, as_text, danger_recall, read_lines, served
from bot.services.ports import Understander
from bot.services.routing import Limits, Triggers

from .conftest import DATA, LANGUAGES

CHECKOUT = DATA.parent
RECALL, ALARMS = 0.97, 0.08  # what holds with the NLU server; the aim is 0.99
KEYWORD_RECALL, KEYWORD_ALARMS = 0.93, 0.10  # and without it
TRIGGERS = Triggers(
    by_intent={"in_danger": "in_danger", "medical_help": "medical_help", "greet": "menu", "shelter": "shelter"},
    life=frozenset({"in_danger", "medical_help"}),
)


class Says:
    """Understands everything the same way."""

    def __init__(self, *ranking: tuple[str, float]) -> None:
        self.ranking = ranking

    async def understand(self, text: str, language: str | None) -> Understanding:
        return Understanding(ranking=self.ranking, source="nlu")


def line(text: str, *, is_danger: bool = True) -> Line:
    return Line(text=text, language="en", group="in_danger" if is_danger else "shelter", is_danger=is_danger)


async def travel(lines: list[Line], understander: Understander, limits: Limits | None = None) -> list[Heard]:
    limits = limits or Thresholds(danger=0.5, danger_doubt=0.2)
    return await danger_recall(lines, understander=understander, languages=LANGUAGES, triggers=TRIGGERS, limits=limits)


async def test_a_word_is_heard_whatever_it_is_taken_to_mean() -> None:
    (heard,) = await travel([line("fire")], Says(("greet", 1.0)))
    assert (heard.flow, heard.is_heard) == ("in_danger", True)


async def test_a_meaning_is_heard_surely_or_in_doubt() -> None:
    sure, doubt, no = [
        (await travel([line("it comes nearer")], Says(("greet", 1 - chance), ("medical_help", chance))))[0]
        for chance in (0.5, 0.2, 0.1)
    ]
    assert [(each.flow, each.is_heard) for each in (sure, doubt)] == [("medical_help", True), (DOUBT, True)]
    assert not no.is_heard


async def test_what_needs_no_understanding_is_not_asked_for() -> None:
    travelled = await travel([line(text) for text in ("", "👍", "12", "STOP")], Says(("in_danger", 1.0)))
    assert not any(each.is_heard for each in travelled)


async def test_the_measure_counts_what_was_heard_missed_and_false() -> None:
    lines = [line("fire"), line("it comes nearer"), line("fire", is_danger=False), line("a bed", is_danger=False)]
    travelled = await travel(lines, Says(("shelter", 0.9)))
    found = Recall.of(travelled)
    assert (found.dangers, found.heard, found.surely, found.others, found.alarms) == (2, 1, 1, 2, 1)
    assert (found.recall, found.alarm_rate) == (0.5, 0.5)
    assert found.missed == (lines[1],)
    text = as_text(travelled)
    assert "heard 1 of 2 (50.0%)" in text
    assert "false alarms by label: shelter 1" in text
    assert "missed: en in_danger: it comes nearer" in text


def test_nothing_measured_is_nothing_missed() -> None:
    assert (Recall.of([]).recall, Recall.of([]).alarm_rate) == (1.0, 0.0)


# --- the real road ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return list(read_lines(DATA / "eval", LANGUAGES))


@pytest.fixture(scope="module")
def triggers() -> Triggers:
    return triggers_of(flows(load()))


async def real(lines: list[Line], understander: Understander, triggers: Triggers) -> list[Heard]:
    limits = load().thresholds
    return await danger_recall(lines, understander=understander, languages=LANGUAGES, triggers=triggers, limits=limits)


async def test_without_the_server_most_dangers_are_heard_by_key_words(
    lines: list[Line], keywords: Keywords, triggers: Triggers
) -> None:
    """R22."""
    travelled = await real(lines, keywords, triggers)
    print(as_text(travelled))
    found = Recall.of(travelled)
    assert found.recall >= KEYWORD_RECALL
    assert found.alarm_rate <= KEYWORD_ALARMS


async def test_one_word_of_danger_is_heard_without_the_server(
    lines: list[Line], keywords: Keywords, triggers: Triggers
) -> None:
    short = [each for each in lines if each.group == DANGER_FILE and len(each.text.split()) == 1]
    assert Recall.of(await real(short, keywords, triggers)).missed == ()


async def test_key_words_never_answer_a_danger_with_a_greeting(
    lines: list[Line], keywords: Keywords, triggers: Triggers
) -> None:
    travelled = await real([each for each in lines if each.group == DANGER_FILE], keywords, triggers)
    assert [each.line.text for each in travelled if each.line.is_danger and each.flow in ("menu", "thanks")] == []


@pytest.fixture(scope="module")
def trained() -> tuple[Path, Path]:
    """The NLU server's interpreter and the model of the present data, made if need be."""
    provision = default_provision(say=print)
    try:
        return provision.python, provision.ensure()
    except NoPython as problem:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(problem))


@pytest.fixture(scope="module")
def travelled(trained: tuple[Path, Path], lines: list[Line], triggers: Triggers) -> list[Heard]:
    async def go() -> list[Heard]:
        async with served(*trained, checkout=CHECKOUT) as rasa:
            return await real(lines, rasa, triggers)

    return asyncio.run(go())


def test_nearly_every_danger_is_heard(travelled: list[Heard]) -> None:
    """The aim of the whole routing: 99 %."""
    print(as_text(travelled))
    assert Recall.of(travelled).recall >= RECALL


def test_the_short_cries_are_heard(travelled: list[Heard]) -> None:
    assert Recall.of([each for each in travelled if each.line.group == DANGER_FILE]).recall >= RECALL


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_every_language(travelled: list[Heard], language: str) -> None:
    assert Recall.of([each for each in travelled if each.line.language == language]).recall >= RECALL - 0.04


def test_false_alarms_stay_few(travelled: list[Heard]) -> None:
    assert Recall.of(travelled).alarm_rate <= ALARMS


def test_no_danger_is_answered_with_a_greeting(travelled: list[Heard]) -> None:
    assert [each.line.text for each in travelled if each.line.is_danger and each.flow in ("menu", "thanks")] == []


def test_a_server_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    async def go() -> None:
        async with served(Path("/bin/false"), tmp_path / "none", checkout=CHECKOUT):
            raise AssertionError

    with pytest.raises(OSError, match="ended before"):
        asyncio.run(go())
