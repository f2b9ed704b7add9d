"""What a message leads to, rule by rule, in the order of urgency."""

from dataclasses import replace

import pytest

from bot.config import Thresholds
from bot.domain.message import MessageKind, Understanding
from bot.engine.effects import Fit
from bot.services.routing import Decision, Deed, Signal, Situation, Triggers, decide

LIMITS = Thresholds(danger=0.5, danger_doubt=0.2, intent=0.55, intent_doubt=0.25, switch=0.75)
TRIGGERS = Triggers(
    by_intent={
        "in_danger": "in_danger",
        "medical_help": "medical_help",
        "unpaid_wages": "unpaid_wages",
        "consular_help": "consular",
        "talk_to_human": "talk_to_human",
        "menu": "menu",
        "greet": "menu",
        "affirm": "menu",
        "stop": "stop",
    },
    life=frozenset({"in_danger", "medical_help"}),
)


def means(*ranking: tuple[str, float]) -> Understanding:
    return Understanding(ranking=ranking, source="nlu")


def flow_of(decision: Decision) -> str | None:
    assert decision.deed is Deed.BEGIN
    return decision.flow


@pytest.mark.parametrize(
    ("kind", "deed"),
    [
        (MessageKind.BLOCKED, Deed.REFUSE),
        (MessageKind.UNBLOCKED, Deed.PERMIT),
        (MessageKind.JOINED, Deed.BEGIN),
    ],
)
def test_what_a_channel_reports_of_itself_needs_no_understanding(kind: MessageKind, deed: Deed) -> None:
    assert decide(Situation(kind=kind), TRIGGERS, LIMITS).deed is deed


def test_stop_is_heard_before_everything_even_in_the_middle_of_a_danger_and_while_a_person_speaks() -> None:
    """R19."""
    situation = Situation(signal=Signal.STOP, fit=Fit.EXACT, open_flow="in_danger", is_owned=True)
    assert flow_of(decide(situation, TRIGGERS, LIMITS)) == "stop"


@pytest.mark.parametrize("signal", [Signal.SOS, Signal.DANGER])
def test_a_cry_for_help_interrupts_whatever_runs(signal: Signal) -> None:
    """R21."""
    situation = Situation(signal=signal, fit=Fit.LOOSE, open_flow="unpaid_wages")
    assert flow_of(decide(situation, TRIGGERS, LIMITS)) == "in_danger"


def test_a_danger_is_put_before_the_person_who_owns_the_conversation() -> None:
    situation = Situation(understanding=means(("in_danger", 0.9)), is_owned=True)
    decision = decide(situation, TRIGGERS, LIMITS)
    assert (decision.deed, decision.flow) == (Deed.RAISE, "in_danger")


def test_the_likelier_of_two_dangers_begins() -> None:
    situation = Situation(understanding=means(("medical_help", 0.5), ("in_danger", 0.4)))
    assert flow_of(decide(situation, TRIGGERS, LIMITS)) == "medical_help"


def test_danger_probabilities_count_together() -> None:
    situation = Situation(understanding=means(("in_danger", 0.3), ("medical_help", 0.25), ("abuse", 0.2)))
    assert flow_of(decide(situation, TRIGGERS, LIMITS)) == "in_danger"


def test_a_danger_flow_in_progress_hears_what_is_added_instead_of_beginning_again() -> None:
    situation = Situation(understanding=means(("in_danger", 0.95)), fit=Fit.NONE, open_flow="in_danger")
    assert decide(situation, TRIGGERS, LIMITS).deed is Deed.CONTINUE


def test_doubt_about_a_danger_goes_to_a_person() -> None:
    situation = Situation(understanding=means(("unpaid_wages", 0.6), ("in_danger", 0.25)))
    assert flow_of(decide(situation, TRIGGERS, LIMITS)) == "doubt_danger"


def test_an_exact_answer_raises_no_doubt() -> None:
    situation = Situation(understanding=means(("in_danger", 0.3)), fit=Fit.EXACT, open_flow="unpaid_wages")
    assert decide(situation, TRIGGERS, LIMITS).deed is Deed.CONTINUE


def test_the_bot_is_mute_while_a_person_owns_the_conversation() -> None:
    """R14."""
    situation = Situation(understanding=means(("unpaid_wages", 0.99)), is_owned=True, fit=Fit.EXACT)
    assert decide(situation, TRIGGERS, LIMITS).deed is Deed.HOLD


def test_free_text_is_not_taken_for_another_wish() -> None:
    situation = Situation(understanding=means(("consular_help", 0.99)), fit=Fit.LOOSE, open_flow="unpaid_wages")
    assert decide(situation, TRIGGERS, LIMITS).deed is Deed.CONTINUE


def test_asking_for_a_person_is_heard_in_the_middle_of_free_text() -> None:
    situation = Situation(understanding=means(("talk_to_human", 0.9)), fit=Fit.LOOSE, open_flow="unpaid_wages")
    assert flow_of(decide(situation, TRIGGERS, LIMITS)) == "talk_to_human"


@pytest.mark.parametrize(("confidence", "expected"), [(0.9, "consular"), (0.6, None)])
def test_a_clear_other_wish_replaces_an_answer_that_does_not_fit(confidence: float, expected: str | None) -> None:
    situation = Situation(understanding=means(("consular_help", confidence)), fit=Fit.NONE, open_flow="unpaid_wages")
    decision = decide(situation, TRIGGERS, LIMITS)
    assert decision == (Decision.begin(expected) if expected else Decision(deed=Deed.CONTINUE))


def test_a_plain_yes_never_leaves_the_question() -> None:
    situation = Situation(understanding=means(("affirm", 0.99)), fit=Fit.NONE, open_flow="unpaid_wages")
    assert decide(situation, TRIGGERS, LIMITS).deed is Deed.CONTINUE


def test_naming_a_language_changes_it_unless_it_answers_the_question() -> None:
    situation = Situation(signal=Signal.LANGUAGE, fit=Fit.LOOSE, open_flow="unpaid_wages")
    assert flow_of(decide(situation, TRIGGERS, LIMITS)) == "change_language"
    assert decide(replace(situation, fit=Fit.EXACT), TRIGGERS, LIMITS).deed is Deed.CONTINUE


@pytest.mark.parametrize("signal", [Signal.EMPTY, Signal.EMOJI, Signal.NUMBER, Signal.HELP])
def test_a_message_without_words_gets_the_menu(signal: Signal) -> None:
    assert flow_of(decide(Situation(signal=signal), TRIGGERS, LIMITS)) == "menu"


def test_a_clear_wish_begins_its_flow() -> None:
    assert flow_of(decide(Situation(understanding=means(("unpaid_wages", 0.7))), TRIGGERS, LIMITS)) == "unpaid_wages"


def test_ordinary_doubt_offers_the_likeliest_flows() -> None:
    ranking = (("unpaid_wages", 0.4), ("consular_help", 0.3), ("greet", 0.2), ("out_of_scope", 0.1))
    decision = decide(Situation(understanding=means(*ranking)), TRIGGERS, LIMITS)
    assert (decision.flow, decision.offers) == ("fallback", ("unpaid_wages", "consular"))


def test_noise_offers_nothing_and_never_a_confident_answer() -> None:
    decision = decide(Situation(understanding=means(("greet", 0.2), ("menu", 0.19))), TRIGGERS, LIMITS)
    assert (decision.flow, decision.offers) == ("fallback", ())


def test_an_intent_that_no_flow_answers_falls_back() -> None:
    assert flow_of(decide(Situation(understanding=means(("out_of_scope", 0.99))), TRIGGERS, LIMITS)) == "fallback"
