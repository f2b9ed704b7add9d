"""Owns what goes into the engine and what comes out: events happen to a session, effects are what the host does."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from bot.domain.case import Topic, Urgency
from bot.domain.message import Understanding
from bot.domain.session import Session
from bot.domain.values import Evidence, Position, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where and when a step of the engine happens: everything it may not find out for itself.

    `labels` gives every translation of an option's English label, so that "2", "Seguro" and "safe" all choose it.
    `languages` are those offered, as (code, own name), for a question whose options are the languages.
    """

    now: datetime
    language: str
    region: str  # the host country, ISO 3166-1 alpha-2: how local phone numbers are read
    currency: str  # the host country's, ISO 4217: what "dollars" or "riyals" means here
    timezone: str
    labels: Callable[[str], Iterable[str]]
    languages: tuple[tuple[str, str], ...] = ()


# --- events -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The session starts at the flow's first step; `answers` is what is known beforehand."""

    answers: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The contact wrote, tapped or sent something while the session waited."""

    text: str = ""
    choice: str | None = None  # an option's payload
    position: Position | None = None
    evidence: tuple[Evidence, ...] = ()
    phone: str | None = None
    understanding: Understanding = Understanding()


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """An action ended with one of its named outcomes; `values` become answers."""

    outcome: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed:
    """`waits_until` has passed: the reminder or the timeout is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """What interrupted the session is over: the question it waited at is asked again."""


Event = Begun | Answered | Called | Lapsed | GivenBack


class Fit(IntEnum):
    """How well an answer fits the question that a session waits at."""

    NONE = 0  # it is no answer to this question
    LOOSE = 1  # free text, which any words fit
    EXACT = 2  # a tapped option, its number or label, a value of the kind asked for


# --- effects ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """An English text (the msgid of its translations); with `plural`, the form follows the variable `count`."""

    msgid: str
    plural: str | None = None
    count: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option to offer: its label is a msgid, or, when `is_literal`, shown as it stands (a language's own name)."""

    payload: str
    label: str
    is_literal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Tell the contact a text, in their language, with `variables` by name."""

    text: Text
    variables: Mapping[str, Value] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    asks_position: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Run an action and come back with `Called`; always the last effect of its advance."""

    action: str
    arguments: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """Open a case so that a person follows; the flow goes on."""

    topic: Topic
    urgency: Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The session is over and another flow begins in its place."""

    flow: str


Effect = Say | Call | Handoff | Start


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What one event led to: the session (WAITING, ENDED, or RUNNING before a Call returns) and effects in order."""

    session: Session
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long a question waits: a reminder first, where the flow has one, then the timeout."""

    remind_after: timedelta | None
    timeout_after: timedelta
