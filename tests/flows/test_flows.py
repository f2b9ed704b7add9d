"""The project's own flows: their dialogues, that every step is visited, and what their texts must and must not say."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import pytest

from bot.check import discretion
from bot.domain.contact import Channel
from bot.domain.session import SessionStatus
from bot.engine.effects import Answered, Begun, Call, Say
from bot.engine.extract import fold
from bot.engine.flow import Choose, Flow
from bot.engine.interpreter import advance
from bot.engine.patience import SKIP
from bot.engine.variables import wordings
from bot.i18n import Catalogs
from bot.services.routing import DANGER_INTENTS, Signal
from bot.services.signals import Signals
from tests.flows.runner import LANGUAGES, Dialogue, Play, catalogs, dialogues, flows, watched_flows

INTENTS = frozenset(
    """
    in_danger medical_help mental_distress missing_person report_safe evacuation_help shelter food_water situation_info
    consular_help documents_lost documents_withheld return_home visa_status forced_labour abuse unpaid_wages
    recruitment_fees dismissal find_job case_status talk_to_human menu change_language stop delete_data
    greet thanks affirm deny out_of_scope
    """.split()  # noqa: SIM905 - a table to be read
)
# What the host begins by itself (bot/services/turn.py, routing.py, conversation.py).
BEGUN_BY_HOST = ("welcome", "menu", "resume", "stop", "start", "fallback", "doubt_danger", "change_language", "privacy")
PROTECTION = ("unpaid_wages", "documents_withheld", "abuse", "forced_labour")
PROMISES = ("we will rescue", "you will get", "will come to you", "guarantee", "don't worry", "do not worry")
LABELS = ("victim", "víctima", "पीडित", "ضحية")
QUOTED = {"weather": "weather", "my case": "case_status", "erase me": "privacy", "menu": "menu"}


def rehearsal(flow: str, language: str) -> Play:
    """The means to run a flow without a script."""
    dialogue = Dialogue(flow=flow, about="rehearsal", language=language, known={}, steps=())
    return Play(dialogue, flows(), catalogs())


def said() -> Iterator[tuple[Flow, str]]:
    """Every English text of every flow."""
    for flow in flows().values():
        for step in flow.steps:
            yield from ((flow, msgid) for wording in wordings(step) for msgid in wording.msgids)


def offered() -> tuple[str, ...]:
    """The languages that have a catalog by now."""
    return tuple(language for language in LANGUAGES if language == "en" or any(catalogs().entries(language)))


# --- dialogues ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialogue", dialogues(), ids=str)
def test_a_scripted_dialogue_goes_as_written(dialogue: Dialogue) -> None:
    Play(dialogue, watched_flows(), catalogs()).play()


def test_every_step_of_every_flow_is_visited_by_a_dialogue() -> None:
    watched = watched_flows()
    for dialogue in dialogues():
        Play(dialogue, watched, catalogs()).play()
    steps = [(flow, step) for flow in watched.values() for step in flow.steps]
    missed = [f"{flow.file}:{step.line} {step.id}" for flow, step in steps if step.id not in flow.visited]
    assert not missed


def test_every_flow_has_a_file_of_dialogues_and_every_file_a_flow() -> None:
    assert {one.flow for one in dialogues()} == flows().keys()


def test_a_dialogue_that_expects_what_is_not_said_fails() -> None:
    wrong = Dialogue(flow="thanks", about="wrong", language="en", known={}, steps=({"hears": "Goodbye"},))
    with pytest.raises(AssertionError, match=r"thanks: wrong, step 1 \(hears: Goodbye\)"):
        Play(wrong, watched_flows(), catalogs()).play()


def test_what_the_deployment_gives_stands_in_every_text_that_names_it() -> None:
    """The host gives the emergency number by way of phrasing: a flow that does not know it may not blank it out."""
    play = rehearsal("in_danger", "en")
    first = advance(flows(), play.session, Begun(), play.setting).effects[0]
    assert isinstance(first, Say)
    assert "Call 190 now" in play.phrasing.content(first, "en", Channel.SMS).text


# --- what leads where ---------------------------------------------------------------------------------------------


def test_each_intent_begins_exactly_one_flow_and_what_is_out_of_scope_the_fallback() -> None:
    """The host begins `fallback` for what no flow claims; claimed, it would offer itself and cut into questions."""
    assert len(INTENTS) == 31
    claimed = [intent for flow in flows().values() for intent in flow.triggers.intents]
    assert sorted(claimed) == sorted(INTENTS - {"out_of_scope"})


def test_the_flows_that_the_host_begins_exist() -> None:
    assert set(BEGUN_BY_HOST) <= flows().keys()


def test_only_the_danger_intents_interrupt() -> None:
    life = [intent for flow in flows().values() if flow.is_life for intent in flow.triggers.intents]
    assert sorted(life) == sorted(DANGER_INTENTS)


# --- what is said -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DANGER_INTENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_r1_a_life_flow_says_the_emergency_number_and_what_to_do_before_it_asks(name: str, language: str) -> None:
    flow = next(flow for flow in flows().values() if name in flow.triggers.intents)
    play = rehearsal(flow.name, language)
    first = advance(flows(), play.session, Begun(), play.setting).effects
    assert isinstance(first[0], Say)
    assert not first[0].choices
    assert isinstance(first[1], Call)
    told = catalogs().text(first[0].text.msgid, language, emergency_number="190", isolate=False)
    assert "190" in told[:60]
    assert len(told) > 60


@pytest.mark.parametrize("name", PROTECTION)
def test_a_protection_flow_asks_first_whether_it_is_safe_to_write(name: str) -> None:
    first = flows()[name].first
    assert isinstance(first, Choose)
    assert flows()[name].is_discreet
    assert first.wording.text.msgid.endswith("Is it safe for you to write now?")


def test_r15_nobody_is_called_a_victim() -> None:
    for language in offered():
        for flow, msgid in said():
            told = catalogs().text(msgid, language).lower()
            assert not any(label in told for label in LABELS), (flow.name, language, told)


def test_nothing_is_promised() -> None:
    for flow, msgid in said():
        assert not any(promise in msgid.lower() for promise in PROMISES), (flow.name, msgid)


def test_no_text_shouts_or_uses_emoji() -> None:
    for language in offered():
        for flow, msgid in said():
            told = catalogs().text(msgid, language)
            assert not re.search("[!¡\u2600-\u27bf\U0001f000-\U0001faff]", told), (flow.name, language, told)


def test_english_sentences_are_short() -> None:
    """About twelve words a sentence (voice.md 2): none above 24, the mean below 10."""
    sentences = [
        sentence.split() for _, msgid in said() for sentence in re.split(r"[.?!:;\n]", msgid) if sentence.strip()
    ]
    assert max(len(sentence) for sentence in sentences) <= 24
    assert sum(map(len, sentences)) / len(sentences) < 10


# --- words that translators must keep in step ---------------------------------------------------------------------


@pytest.mark.parametrize("word", QUOTED)
def test_a_word_that_a_text_tells_to_write_begins_its_flow_in_every_language(word: str) -> None:
    words = {fold(one) for spoken in flows()[QUOTED[word]].triggers.words.values() for one in spoken}
    naming = [msgid for _, msgid in said() if f'"{word}"' in msgid]
    assert naming
    for language in offered():
        for msgid in naming:
            quoted = re.findall(r'["“«„](.+?)["”»“]', catalogs().text(msgid, language, isolate=False))
            assert [one for one in quoted if fold(one) in words], (language, quoted)


def test_the_word_that_skips_is_the_label_that_skips_in_every_language() -> None:
    for language in offered():
        skip = fold(catalogs().text(SKIP, language))
        for _, msgid in said():
            if '"skip"' in msgid:
                assert skip in fold(catalogs().text(msgid, language)), (language, msgid)


def test_two_options_of_a_question_never_share_a_label_in_any_languages() -> None:
    """A label in any language chooses its option, so one label may not stand for two."""
    for flow in flows().values():
        for step in flow.steps:
            options = step.options if isinstance(step, Choose) else ()
            spoken = [{fold(form) for form in catalogs().translations(option.label)} for option in options]
            for (one, said_one), (other, said_other) in combinations(zip(options, spoken, strict=True), 2):
                assert not said_one & said_other, (flow.name, one.label, other.label)


def test_r19_no_label_is_an_opt_out_word_but_that_of_stopping() -> None:
    """Whoever types a label instead of tapping it must not end all messages, nor raise an alarm, by it."""
    signals = Signals.load(LANGUAGES)
    for flow in flows().values():
        for step in flow.steps:
            for option in step.options if isinstance(step, Choose) else ():
                read = {signals.read(spoken).signal for spoken in catalogs().translations(option.label)}
                assert read.isdisjoint({Signal.STOP, Signal.START}) or option.start == "stop", (flow.name, option.label)
                assert read.isdisjoint({Signal.DANGER, Signal.SOS}) or flow.is_life, (flow.name, option.label)


def test_r19_the_key_words_of_flows_are_no_opt_out_words() -> None:
    signals = Signals.load(LANGUAGES)
    words = [word for flow in flows().values() for spoken in flow.triggers.words.values() for word in spoken]
    assert {signals.read(word).signal for word in words} <= {Signal.NONE, Signal.HELP}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", flows())
def test_every_option_is_chosen_by_its_label_and_by_its_number(name: str, language: str) -> None:
    play = rehearsal(name, language)
    for step in flows()[name].steps:
        waiting = replace(play.session, step=step.id, status=SessionStatus.WAITING)
        options = step.options if isinstance(step, Choose) else ()
        for place, option in enumerate(options, start=1):
            tapped = advance(flows(), waiting, Answered(choice=f"{name}:{step.id}:{option.value}"), play.setting)
            for typed in (catalogs().text(option.label, language, isolate=False), str(place)):
                assert advance(flows(), waiting, Answered(text=typed), play.setting) == tapped, (step.id, typed)


def test_titles_fit_a_button_in_every_language() -> None:
    for flow in flows().values():
        assert flow.title, flow.name
        for language in offered():
            title = catalogs().text(flow.title, language, isolate=False)
            assert len(title) <= 20, (flow.name, language, title)


@pytest.mark.parametrize("line", ["तलबको कुरा", "पैसाले हुँदैन", "राहदानीहरू"])
def test_a_sensitive_word_is_found_with_a_nepali_ending(line: str) -> None:
    (problem,) = discretion.problems([saying(line)], Catalogs(languages=("ne",), catalogs={}))
    assert "the ne text says" in problem.message


@pytest.mark.parametrize("line", ["म सन्देश पढ्छु", "दासढुङ्गा जाने बाटो"])
def test_other_words_are_not_sensitive_by_their_beginning(line: str) -> None:
    assert not list(discretion.problems([saying(line)], Catalogs(languages=("ne",), catalogs={})))


def saying(text: str) -> Flow:
    """A discreet flow that begins with the text."""
    flow = flows()["unpaid_wages"]
    first = flow.first
    assert isinstance(first, Choose)
    wording = replace(first.wording, text=replace(first.wording.text, msgid=text))
    return replace(flow, steps=(replace(first, wording=wording), *flow.steps[1:]))
