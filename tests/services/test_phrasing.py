"""From what a flow says to what a contact reads: language, plurals, options, one message where each one costs."""

from datetime import date

import pytest

from bot.domain.contact import Channel
from bot.engine.effects import Choice, Say, Text
from bot.i18n import Catalogs
from bot.services.faults import FALLBACK
from bot.services.phrasing import Phrasing

YES = Choice(payload="f.s.yes", label="Yes")


@pytest.fixture
def phrasing(catalogs: Catalogs) -> Phrasing:
    return Phrasing(catalogs=catalogs, given={"hotline": "+55 51 1555 0100", "emergency_number": "193"})


def say(msgid: str, *choices: Choice, asks_position: bool = False, **variables: object) -> Say:
    return Say(text=Text(msgid=msgid), choices=choices, asks_position=asks_position, variables=variables)  # type: ignore[arg-type]


def test_every_text_may_name_the_numbers_of_the_deployment(phrasing: Phrasing) -> None:
    assert phrasing.content(say("Call {emergency_number}."), "en", Channel.SMS).text == "Call 193."


def test_a_variable_that_nobody_answered_hides_no_number_of_the_deployment(phrasing: Phrasing) -> None:
    assert phrasing.content(say("Call {hotline}.", hotline=None), "en", Channel.SMS).text == "Call +55 51 1555 0100."


def test_options_are_in_the_readers_language_and_keep_their_payload(phrasing: Phrasing) -> None:
    """R12."""
    (option,) = phrasing.content(say("x", YES), "es", Channel.WEBCHAT).options
    assert (option.label, option.payload) == ("Sí", "f.s.yes")


def test_a_languages_own_name_is_not_translated(phrasing: Phrasing) -> None:
    literal = Choice(payload="p", label="English", is_literal=True)
    assert phrasing.content(say("x", literal), "ar", Channel.WEBCHAT).options[0].label == "English"


def test_on_sms_one_answer_is_one_message_and_elsewhere_each_text_its_own(phrasing: Phrasing) -> None:
    says = [say("Go up."), say("Are you safe?", YES)]
    (joined,) = phrasing.contents(says, "en", Channel.SMS)
    assert joined.text == "Go up.\n\nAre you safe?"
    assert len(joined.options) == 1
    assert len(phrasing.contents(says, "en", Channel.WEBCHAT)) == 2


def test_joining_keeps_the_question_wherever_it_stands(phrasing: Phrasing) -> None:
    """A text after the question must not cost its options, nor the button that shares a location."""
    (joined,) = phrasing.contents([say("Safe?", YES), say("I could not open it.")], "en", Channel.SMS)
    assert [option.payload for option in joined.options] == ["f.s.yes"]
    (joined,) = phrasing.contents([say("Where?", asks_position=True), say("Later.")], "en", Channel.SMS)
    assert joined.asks_position


def test_nothing_said_is_nothing(phrasing: Phrasing) -> None:
    assert phrasing.contents([], "en", Channel.SMS) == ()


def test_sms_carries_no_invisible_marks_and_the_web_chat_keeps_numbers_in_order(phrasing: Phrasing) -> None:
    """One such mark makes a whole SMS cost more than twice as much."""
    number = Say(text=FALLBACK)
    assert not set("\u2066\u2068\u2069") & set(phrasing.content(number, "ar", Channel.SMS).text)
    assert "\u2066+55 51 1555 0100\u2069" in phrasing.content(number, "ar", Channel.WEBCHAT).text


@pytest.mark.parametrize(
    ("count", "text"), [(1, "1 day"), (3, "3 days"), (0, "0 days"), (None, "0 days"), ("x", "0 days")]
)
def test_the_form_follows_the_number_and_a_missing_one_breaks_nothing(
    phrasing: Phrasing, count: object, text: str
) -> None:
    plural = Say(text=Text(msgid="{n} day", plural="{n} days", count="days"), variables={"days": count})  # type: ignore[dict-item]
    assert phrasing.content(plural, "en", Channel.SMS).text == text


def test_values_are_written_as_the_language_of_the_text_writes_them(phrasing: Phrasing) -> None:
    content = phrasing.content(say("Until {day}.", day=date(2026, 5, 6)), "en", Channel.SMS)
    assert content.text == "Until 6 May 2026."


def test_a_language_without_the_text_falls_back_to_english(phrasing: Phrasing) -> None:
    """R12: never a blank message."""
    assert phrasing.content(say("No catalog knows this."), "ne", Channel.SMS).text == "No catalog knows this."
