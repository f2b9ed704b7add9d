"""Owns scripted dialogues: reads them from YAML and plays them on the engine alone, with actions that only pretend."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.check import GIVEN
from bot.domain.case import Topic, Urgency
from bot.domain.contact import Channel, ContactId
from bot.domain.message import Understanding
from bot.domain.session import Session, SessionId, SessionStatus
from bot.domain.values import Evidence, Position, Value
from bot.engine import interpreter
from bot.engine.effects import Answered, Begun, Call, Called, Event, Handoff, Lapsed, Say, Setting, Start
from bot.engine.flow import Flow, Step
from bot.engine.loader import load_flows
from bot.i18n import Catalogs, autonym
from bot.services.phrasing import Phrasing

ROOT = Path(__file__).parents[2]
DIALOGUES = Path(__file__).parent
LANGUAGES = ("en", "es", "ne", "ar")
GIVENS = {"organisation": "Helping Hands", "emergency_number": "190", "hotline": "+55 51 5550 0199"}
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HERE = Position(latitude=-29.68, longitude=-51.13)
CASE_NUMBER = "M-4K7P2Q"
# How each action ends when a dialogue does not say otherwise.
OUTCOMES: Mapping[str, Called] = {
    "find_places": Called(outcome="found", values={"places_text": "School gym, +55 51 5550 0101", "count": 1}),
    "open_case": Called(outcome="done", values={"case_number": CASE_NUMBER}),
    "case_status": Called(
        outcome="found", values={"status_text": "Case M-4K7P2Q is open.", "case_number": CASE_NUMBER}
    ),
    "set_language": Called(outcome="done"),
    "opt_out": Called(outcome="done"),
    "opt_in": Called(outcome="done"),
    "erase_me": Called(outcome="done"),
    "record_check_in": Called(outcome="recorded"),
    "vouch": Called(outcome="recorded"),
    "ask_safety": Called(outcome="none"),
    "join_site": Called(
        outcome="joined",
        values={"site_name": "Lajeado plant", "employer_name": "Boa Terra", "is_listed": False, "is_new": True},
    ),
    "record_consent": Called(outcome="given"),
    "consents_given": Called(
        outcome="some",
        values={"consents_text": "1. To the consulate, for a passport. You said yes on 6 May.", "consent_ids": "k1"},
    ),
    "take_back_consent": Called(outcome="done"),
    "employer_of": Called(outcome="known", values={"employer_name": "Boa Terra"}),
    "leave_site": Called(outcome="done"),
    "what_you_know": Called(outcome="done", values={"summary": "Language: Español"}),
}
assert GIVENS.keys() == GIVEN
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """One scripted dialogue: `about` says what it shows, `known` is what the host seeds."""

    flow: str
    about: str
    language: str
    known: Mapping[str, Value]
    steps: tuple[Mapping[str, Any], ...]

    def __str__(self) -> str:
        return f"{self.flow}: {self.about}"


def dialogues() -> list[Dialogue]:
    """Every dialogue of this folder, by file name."""
    return [dialogue for path in sorted(DIALOGUES.glob("*.yml")) for dialogue in _read(path)]


def _read(path: Path) -> Iterator[Dialogue]:
    for entry in yaml.safe_load(path.read_text("utf-8")):
        assert entry.keys() <= {"about", "language", "known", "steps"}, f"{path.name}: {sorted(entry)}"
        known = {name: HERE if value == "position" else value for name, value in entry.get("known", {}).items()}
        steps = tuple({step: None} if isinstance(step, str) else step for step in entry["steps"])
        yield Dialogue(
            flow=path.stem, about=entry["about"], language=entry.get("language", "en"), known=known, steps=steps
        )


# --- the flows, watched -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Watched(Flow):
    """A flow that notes which of its steps were visited."""

    visited: set[str] = field(default_factory=set, compare=False)

    def step(self, step: str) -> Step:
        self.visited.add(step)
        return Flow.step(self, step)


@cache
def flows() -> Mapping[str, Flow]:
    """The project's flows."""
    return load_flows(ROOT / "flows")


def watched_flows() -> dict[str, Watched]:
    """The project's flows, none of their steps visited yet."""
    return {
        name: Watched(**{part.name: getattr(flow, part.name) for part in fields(flow)})
        for name, flow in flows().items()
    }


@cache
def catalogs() -> Catalogs:
    """The project's translations."""
    return Catalogs.load(ROOT / "locales", LANGUAGES)


# --- one dialogue -------------------------------------------------------------------------------------------------


class Play:
    """Plays one dialogue; every expectation that is not met is an AssertionError that says where."""

    def __init__(self, dialogue: Dialogue, flows: Mapping[str, Flow], texts: Catalogs) -> None:
        self.dialogue, self.flows, self.texts = dialogue, flows, texts
        self.phrasing = Phrasing(catalogs=texts, given=GIVENS)
        self.setting = Setting(
            now=NOW,
            language=dialogue.language,
            region="BR",
            currency="BRL",
            timezone="America/Sao_Paulo",
            labels=texts.translations,
            languages=tuple((code, autonym(code)) for code in LANGUAGES),
        )
        self.session = Session(
            id=SessionId("s"), contact=ContactId("c"), flow=dialogue.flow, version=1, step="", started_at=NOW
        )
        self.says: list[Say] = []  # since the worker last did something
        self.outcomes: dict[str, deque[Called]] = {}
        self.cases: list[tuple[str, str]] = []
        self.begun: str | None = None  # the flow that this one started in its place
        self.has_begun = False

    def play(self) -> None:
        for place, step in enumerate(self.dialogue.steps, start=1):
            ((word, value),) = step.items()
            try:
                self._do(word, value)
            except AssertionError as error:
                heard = "\n".join(self.heard())
                raise AssertionError(
                    f"{self.dialogue}, step {place} ({word}: {value}): {error}\nheard:\n{heard}"
                ) from None

    def _do(self, word: str, value: Any) -> None:
        if word == "action":
            self._expect(value)
            return
        if not self.has_begun:
            self.has_begun = True
            self._advance(Begun(answers={**GIVENS, **self.dialogue.known}))
        match word:
            case "says":
                self._answer(Answered(text=str(value)))
            case "means":
                self._answer(Answered(text="...", understanding=Understanding(ranking=((value, 0.9),))))
            case "taps":
                self._answer(Answered(choice=self._payload(value)))
            case "shares":
                self._answer(Answered(position=HERE))
            case "sends":
                self._answer(Answered(evidence=(Evidence(document_id="d1", kind=value),)))
            case "waits":
                self._wait(value)
            case _:
                self._check(word, value)

    def _check(self, word: str, value: Any) -> None:
        match word:
            case "hears":
                assert any(value in text for text in self.heard()), "not heard"
            case "hears_not":
                assert not any(value in text for text in self.heard()), "heard"
            case "hears_nothing":
                assert not self.says, "something was said"
            case "hears_first":
                assert self.heard()[0].startswith(value), "not the first words"
            case "offers":
                assert list(self.labels()) == value, f"offered: {list(self.labels())}"
            case "is_at":
                assert (self.session.flow, self.session.step) == (self.dialogue.flow, value), f"at {self.session.step}"
                assert self.session.status is SessionStatus.WAITING
            case "knows":
                shown = {name: _plain(self.session.answers.get(name)) for name in value}
                assert shown == value, f"knows {shown}"
            case "opens_case":
                assert (value["topic"], value["urgency"]) in self.cases, f"opened: {self.cases}"
                self.cases = [case for case in self.cases if case != (value["topic"], value["urgency"])]
            case "opens_no_case":
                assert not self.cases, f"opened: {self.cases}"
            case "begins":
                assert self.begun == value, f"began {self.begun}"
            case "ended":
                assert self.session.status is SessionStatus.ENDED, f"waits at {self.session.step}"
            case _:
                raise AssertionError("no such step of a dialogue")

    # --- what the worker reads ------------------------------------------------------------------------------------

    def heard(self) -> list[str]:
        """The texts since the worker last did something, as they would be read."""
        contents = self.phrasing.contents(self.says, self.setting.language, Channel.TELEGRAM)
        return [content.text for content in contents]

    def labels(self) -> dict[str, str]:
        """The options on offer: label -> payload."""
        contents = self.phrasing.contents(self.says, self.setting.language, Channel.TELEGRAM)
        return {option.label: option.payload for option in contents[-1].options} if contents else {}

    def _payload(self, label: str) -> str:
        labels = self.labels()
        assert label in labels, f"not offered; offered: {list(labels)}"
        return labels[label]

    # --- the engine's turn ----------------------------------------------------------------------------------------

    def _answer(self, answered: Answered) -> None:
        assert self.session.status is SessionStatus.WAITING, "nothing was asked"
        self._advance(answered)

    def _wait(self, length: str) -> None:
        count, unit = length.split()
        self.setting = replace(
            self.setting, now=self.setting.now + timedelta(seconds=int(count) * _UNITS[unit.removesuffix("s")])
        )
        self._advance(Lapsed())

    def _advance(self, event: Event) -> None:
        self.says, self.begun = [], None
        pending: Event | None = event
        while pending is not None:
            step = interpreter.advance(self.flows, self.session, pending, self.setting)
            self.session, pending = step.session, None
            for effect in step.effects:
                match effect:
                    case Say():
                        self.says.append(effect)
                    case Handoff():
                        self._open(effect.topic, effect.urgency)
                    case Start():
                        self.begun = effect.flow
                    case Call():
                        pending = self._run(effect)

    def _run(self, call: Call) -> Called:
        """What the dialogue says that the action ends with, else its usual outcome."""
        waiting = self.outcomes.get(call.action)
        called = waiting.popleft() if waiting else OUTCOMES[call.action]
        if call.action == "open_case" and called.outcome == "done":
            self._open(Topic(str(call.arguments["topic"])), Urgency[str(call.arguments["urgency"]).upper()])
        if call.action == "set_language" and called.outcome == "done":
            self.setting = replace(self.setting, language=str(call.arguments["language"]))
        return called

    def _open(self, topic: Topic, urgency: Urgency) -> None:
        self.cases.append((topic.value, urgency.name.lower()))

    def _expect(self, ending: Mapping[str, Any]) -> None:
        """`{find_places: none}`, or `{case_status: {found: {status_text: ...}}}` with the values that it sets."""
        ((action, told),) = ending.items()
        ((outcome, values),) = told.items() if isinstance(told, Mapping) else ((told, None),)
        usual = OUTCOMES[action]
        given = values if values is not None else usual.values if outcome == usual.outcome else {}
        self.outcomes.setdefault(action, deque()).append(Called(outcome=outcome, values=given))


def _plain(value: Value) -> object:
    """A value as a dialogue writes it: numbers and words as they are, everything else by its text."""
    return value if isinstance(value, str | int | None) else str(value)
