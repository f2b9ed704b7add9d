"""Proves what a reader gets around an alert's own words, for every kind of it and in every language."""

from collections.abc import Callable
from typing import Any

import pytest
from babel.messages.pofile import read_po

from bot.channels.segments import numbered, segments
from bot.domain.broadcast import BroadcastKind, MessageType
from bot.engine.extract import fold
from bot.i18n import Catalogs
from bot.services import framing, hazards
from bot.services.framing import Framed
from bot.services.routing import Signal
from bot.services.signals import Signals
from tests.stand import LANGUAGES, ROOT

Frame = Callable[..., Framed]
ALERT, NOTICE, DRILL = BroadcastKind.ALERT, BroadcastKind.NOTICE, BroadcastKind.DRILL
NEW, UPDATE, CANCEL = MessageType.ALERT, MessageType.UPDATE, MessageType.CANCEL
INFO = ("Flood in Porto Alegre since 14:00.", "It can stay for hours.", "Go up now.")
DRILL_WORDS = {"en": "DRILL", "es": "SIMULACRO", "ne": "अभ्यास", "ar": "تدريب"}
GONE = "no longer applies"


@pytest.fixture
def framed(catalogs: Catalogs) -> Frame:
    def frame(
        kind: BroadcastKind = ALERT, message_type: MessageType = NEW, info: framing.Texts = INFO, **but: Any
    ) -> Framed:
        usual: dict[str, Any] = {
            "sender": "Helping Hands",
            "employer": "Serra Azul",
            "asks_check_in": True,
            "needs_introduction": False,
            "round": 0,
            "language": "en",
            "catalogs": catalogs,
        }
        return framing.frame(kind, message_type, info, **{**usual, **but})

    return frame


def test_an_alert_begins_with_its_headline_then_what_to_do_then_why(framed: Frame) -> None:
    lines = framed().text.split("\n")
    assert lines[:3] == [INFO[0], INFO[2], INFO[1]]
    assert "Helping Hands" in lines[3]


def test_an_alert_without_a_description_has_no_empty_line(framed: Frame) -> None:
    assert "" not in framed(info=("Fire in hall 2.", " ", "Get out.")).text.split("\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_r3_the_worker_is_told_what_the_employer_sees_before_the_question(framed: Frame, language: str) -> None:
    lines = framed(language=language).text.split("\n")
    assert "Serra Azul" in lines[-2]
    assert lines[-1].rstrip().endswith(("?", "؟"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_r3_no_employer_is_said_to_see_the_answer_to_an_alert_that_is_not_its_own(framed: Frame, language: str) -> None:
    """Its accounts cannot open that board."""
    lines = framed(language=language, is_employers=False).text.split("\n")
    assert "Helping Hands" in lines[-2]
    assert "Serra Azul" not in "\n".join(lines)


def test_the_question_stands_last_so_that_its_numbers_follow_it(framed: Frame) -> None:
    found = framed(needs_introduction=True)
    assert numbered(*found).endswith("Are you safe?\n1 I am safe\n2 I need help")


def test_nothing_is_offered_where_nothing_is_asked(framed: Frame) -> None:
    found = framed(asks_check_in=False)
    assert found.labels == ()
    assert "safe" not in found.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_fit_a_button(framed: Frame, language: str) -> None:
    assert all(len(label) <= 20 for label in framed(language=language).labels)


# --- drills -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("message_type", MessageType)
@pytest.mark.parametrize("round_", [0, 2])
@pytest.mark.parametrize("introduces", [True, False])
def test_r9_a_drill_says_so_in_its_first_characters_and_its_last_line(
    framed: Frame, language: str, message_type: MessageType, round_: int, introduces: bool
) -> None:
    found = framed(DRILL, message_type, language=language, round=round_, needs_introduction=introduces)
    lines = found.text.split("\n")
    assert lines[0].startswith(DRILL_WORDS[language])
    assert DRILL_WORDS[language] in lines[-1]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [ALERT, NOTICE])
def test_r9_what_is_no_drill_never_says_drill(framed: Frame, kind: BroadcastKind, language: str) -> None:
    assert fold(DRILL_WORDS[language]) not in fold(framed(kind, language=language, needs_introduction=True).text)


# --- introductions and notices ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", BroadcastKind)
@pytest.mark.parametrize("asks", [True, False])
def test_somebody_who_never_wrote_learns_who_writes_why_what_the_employer_sees_and_stop(
    framed: Frame, language: str, kind: BroadcastKind, asks: bool
) -> None:
    """R3, R19."""
    text = framed(kind, language=language, needs_introduction=True, asks_check_in=asks).text
    assert text.count("Serra Azul") == 2  # why, and what it sees
    assert "Helping Hands" in text
    assert "STOP" in text


def test_the_word_that_stops_is_one_that_is_heard() -> None:
    """R19."""
    assert Signals.load(LANGUAGES).read("STOP").signal is Signal.STOP


def test_on_an_alert_the_introduction_comes_after_what_to_do(framed: Frame) -> None:
    text = framed(needs_introduction=True).text
    assert text.index("Go up now.") < text.index("STOP")


def test_on_a_notice_the_introduction_comes_first(framed: Frame) -> None:
    lines = framed(NOTICE, needs_introduction=True, asks_check_in=False).text.split("\n")
    assert "STOP" in lines[0]
    assert INFO[0] in lines


def test_on_a_drill_the_introduction_comes_after_what_to_do_as_on_an_alert(framed: Frame) -> None:
    """People practise what they will read in earnest."""
    text = framed(DRILL, needs_introduction=True).text
    assert text.index("Go up now.") < text.index("STOP")


def test_a_notice_says_that_it_is_not_urgent_before_its_headline(framed: Frame) -> None:
    text = framed(NOTICE).text
    assert text.index("not urgent") < text.index(INFO[0])


def test_who_knows_us_is_told_in_one_line_who_says_so(framed: Frame) -> None:
    text = framed().text
    assert text.count("Helping Hands") == 1
    assert "STOP" not in text


# --- updates, cancellations, reminders ----------------------------------------------------------------------------


def test_an_update_says_first_what_is_new_and_what_to_do_then_what_it_replaces(framed: Frame) -> None:
    lines = framed(message_type=UPDATE, replaced="Flood in Canoas.").text.split("\n")
    assert lines[:3] == [f"UPDATE: {INFO[0]}", INFO[2], INFO[1]]
    assert lines[3] == "This replaces our message: Flood in Canoas."


@pytest.mark.parametrize("replaced", [None, INFO[0]])
def test_an_update_under_the_same_headline_says_it_once(framed: Frame, replaced: str | None) -> None:
    text = framed(message_type=UPDATE, replaced=replaced).text
    assert text.count(INFO[0]) == 1
    assert "This replaces our last message." in text


@pytest.mark.parametrize("replaced", [None, INFO[0]])
def test_r8_a_cancellation_never_repeats_what_to_do(framed: Frame, replaced: str | None) -> None:
    found = framed(message_type=CANCEL, replaced=replaced)
    assert found.text.startswith(f"CANCELLED. This {GONE}: {INFO[0]}")
    assert INFO[2] not in found.text
    assert INFO[1] not in found.text


def test_a_cancellation_in_words_of_its_own_says_them_too(framed: Frame) -> None:
    said = ("False alarm.", "", "You can go on working.")
    found = framed(message_type=CANCEL, info=said, replaced=INFO[0])
    assert found.text.split("\n")[:3] == [
        f"CANCELLED. This {GONE}: {INFO[0]}",
        "False alarm.",
        "You can go on working.",
    ]


def test_a_cancellation_asks_nothing(framed: Frame) -> None:
    assert framed(message_type=CANCEL).labels == ()
    assert "?" not in framed(message_type=CANCEL).text


def test_a_reminder_is_short_and_says_how_to_answer(framed: Frame) -> None:
    """R10: asked again, without the whole alert."""
    found = framed(round=1, needs_introduction=True)
    assert found.text.startswith(f"Reminder: {INFO[0]}")
    assert INFO[1] not in found.text
    assert INFO[2] not in found.text
    assert "STOP" not in found.text
    assert found.text.endswith("Are you safe?")
    assert found.labels == ("I am safe", "I need help")
    assert segments(numbered(*found))[1] <= 2


@pytest.mark.parametrize(("language", "most"), [("en", 2), ("es", 5), ("ne", 5), ("ar", 5)])
def test_a_reminder_of_any_usual_hazard_costs_little(
    framed: Frame, language: str, most: int, catalogs: Catalogs
) -> None:
    """In SMS segments, with its numbered answers: it goes out again and again."""
    values = {"site": "Serra Azul, unit 2", "place": "Novo Hamburgo", "time": "18:00", "authority": "Civil Defence"}
    for hazard in hazards.load():
        info = hazards.draft(hazard, language, catalogs, values)[:3]
        found = framed(info=info, round=1, language=language, isolate=False)
        assert segments(numbered(*found))[1] <= most, hazard.key


# --- languages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_has_no_invisible_marks(framed: Frame, language: str) -> None:
    marks = set("\u2066\u2067\u2068\u2069")
    everything = {"needs_introduction": True, "message_type": UPDATE, "replaced": "Flood 1", "language": language}
    assert not marks & set(framed(isolate=False, **everything).text)
    assert bool(marks & set(framed(**everything).text)) is (language == "ar")


def test_every_sentence_of_the_frame_stands_in_the_template_for_translators() -> None:
    with (ROOT / "locales" / "bot.pot").open(encoding="utf-8") as file:
        listed = {message.id for message in read_po(file)}
    assert {framing.QUESTION, framing.SAFE, framing.HELP} <= listed
