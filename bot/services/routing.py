"""Owns the decision what a message leads to: opt-out, danger, a person's turn, the open question, intent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bot.domain.message import MessageKind, Understanding
from bot.engine.effects import Fit
from bot.engine.extract import fold
from bot.services.letters import CHECK_IN

DANGER_INTENTS = ("in_danger", "medical_help")
# A question is open: these few wishes are heard in the middle of it, for they are about the talk itself.
CONTROL_INTENTS = frozenset({"talk_to_human", "change_language", "stop", "delete_data", "menu"})
# These mean something only as an answer; on their own they lead to the menu.
SMALL_TALK = frozenset({"affirm", "deny", "greet", "thanks"})
SAFE_INTENT = "report_safe"
# Asked in a drill, these are about the drill: its flow says that it is one, and asks again.
ABOUT_DRILL = frozenset({"menu", "situation_info"})
MAX_OFFERS = 3
DOUBTFUL = frozenset({"fallback", "doubt_danger"})  # the flows that ask what was meant
SURELY = 0.8  # at least this: another danger than the one talked about begins, as when a fire follows an injury


class Signal(StrEnum):
    """What a message says by its form alone, before anybody asks what it means."""

    NONE = "none"
    EMPTY = "empty"
    EMOJI = "emoji"
    NUMBER = "number"
    STOP = "stop"
    START = "start"
    HELP = "help"
    SOS = "sos"
    DANGER = "danger"
    LANGUAGE = "language"


class Limits(Protocol):
    """How sure understanding must be (config.Thresholds)."""

    @property
    def danger(self) -> float: ...
    @property
    def danger_doubt(self) -> float: ...
    @property
    def intent(self) -> float: ...
    @property
    def intent_doubt(self) -> float: ...
    @property
    def switch(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """What flows say of themselves: which intent starts which, and which of them are about life and death."""

    by_intent: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    life: frozenset[str] = frozenset()

    def by_word(self, text: str) -> str | None:
        """The flow whose key word the whole text is."""
        return self.words.get(fold(text))

    def danger(self, understanding: Understanding) -> str:
        """The life-safety flow that fits best: the likelier of the danger intents."""
        likeliest = max(DANGER_INTENTS, key=understanding.confidence_in)
        return self.by_intent.get(likeliest, "in_danger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that the decision depends on."""

    kind: MessageKind = MessageKind.WORDS
    signal: Signal = Signal.NONE
    keyword_flow: str | None = None  # the whole message is a flow's key word
    has_content: bool = False  # an attachment, a location, a phone
    understanding: Understanding = field(default_factory=Understanding)
    fit: Fit | None = None  # how the message fits the question waited at; None when none is open
    open_flow: str | None = None  # the flow of that question
    site_code: str | None = None  # the code of a site that the message asks to join
    is_code_asked: bool = False  # it asks so in words, or by a link; else the code is the whole message
    is_drill: bool = False  # that question is a drill's
    is_owned: bool = False  # a person has taken the conversation over
    is_lent: bool = False  # the open question is asked on that person's behalf


class Deed(StrEnum):
    """What is done with a message."""

    IGNORE = "ignore"
    REFUSE = "refuse"  # this address was blocked by its owner: note it and stay silent
    PERMIT = "permit"
    HOLD = "hold"  # a person answers: the bot stays mute
    RAISE = "raise"  # a person answers, and has to see at once that this is about a life
    CONTINUE = "continue"
    BEGIN = "begin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The deed, and for BEGIN the flow with the offers it is to make."""

    deed: Deed
    flow: str | None = None
    offers: tuple[str, ...] = ()

    @classmethod
    def begin(cls, flow: str, *, offers: Sequence[str] = ()) -> "Decision":
        return cls(deed=Deed.BEGIN, flow=flow, offers=tuple(offers))


IGNORE, HOLD, CONTINUE = Decision(deed=Deed.IGNORE), Decision(deed=Deed.HOLD), Decision(deed=Deed.CONTINUE)


def decide(situation: Situation, triggers: Triggers, limits: Limits) -> Decision:
    """What this message leads to. The order of the rules is the order of urgency."""
    return (
        _by_kind(situation)
        or _by_opt_out(situation)
        or _by_person(situation, triggers, limits)
        or _by_site_code(situation, triggers)
        or _by_danger(situation, triggers, limits)
        or _by_question(situation, triggers, limits)
        or _by_meaning(situation, triggers, limits)
    )


def is_doubted(situation: Situation, decision: Decision) -> bool:
    """Whether words were not surely understood: offered a choice of meanings, or asked the same question again."""
    if situation.kind not in (MessageKind.WORDS, MessageKind.EDITED) or situation.understanding.source == "none":
        return False
    is_asked_again = decision.deed is Deed.CONTINUE and situation.fit is Fit.NONE and not situation.is_owned
    return decision.flow in DOUBTFUL or (is_asked_again and situation.open_flow is not None)


def _by_kind(situation: Situation) -> Decision | None:
    match situation.kind:
        case MessageKind.BLOCKED:
            return Decision(deed=Deed.REFUSE)
        case MessageKind.UNBLOCKED:
            return Decision(deed=Deed.PERMIT)
        case MessageKind.JOINED if not situation.is_owned:
            return Decision.begin("join_site" if situation.site_code else "welcome")
        case _:
            return None


def _by_opt_out(situation: Situation) -> Decision | None:
    match situation.signal:
        case Signal.STOP:
            return Decision.begin("stop")
        case Signal.START:
            return Decision.begin("start")
        case _:
            return None


def _by_person(situation: Situation, triggers: Triggers, limits: Limits) -> Decision | None:
    """While a person speaks with the contact the bot is mute (R14), but hears what an alert or that person asked.

    A danger is theirs to answer, and is put before their eyes; so is what is no answer to a question of theirs.
    """
    if not situation.is_owned:
        return None
    if situation.open_flow == CHECK_IN and situation.fit is Fit.EXACT:
        return CONTINUE
    danger = situation.understanding.confidence_in(*DANGER_INTENTS)
    is_plain = situation.signal in (Signal.SOS, Signal.DANGER) or danger >= limits.danger
    if is_plain:
        return Decision(deed=Deed.RAISE, flow=triggers.danger(situation.understanding))
    return CONTINUE if situation.is_lent and situation.fit in (Fit.LOOSE, Fit.EXACT) else HOLD


def _by_danger(situation: Situation, triggers: Triggers, limits: Limits) -> Decision | None:
    """A life-safety message interrupts whatever runs, and doubt about a danger goes to a person.

    A question of the danger flow itself hears what the contact adds; an exact answer to a question is no alarm.
    """
    danger = situation.understanding.confidence_in(*DANGER_INTENTS)
    is_plain = situation.signal in (Signal.SOS, Signal.DANGER) or danger >= limits.danger
    if is_plain:
        wanted = triggers.danger(situation.understanding)
        is_heard = situation.open_flow == wanted or (situation.open_flow in triggers.life and danger < SURELY)
        return CONTINUE if is_heard else Decision.begin(wanted)
    if situation.open_flow in triggers.life:
        return None
    if situation.fit is Fit.EXACT or situation.keyword_flow:  # a whole message that is a command leaves no doubt
        return None
    if danger >= limits.danger_doubt:
        return CONTINUE if situation.open_flow == "doubt_danger" else Decision.begin("doubt_danger")
    return None


def _by_site_code(situation: Situation, triggers: Triggers) -> Decision | None:
    """Joining a site: a message that is nothing but that is no cry for help, however it sounds to understanding.

    A bare code may be the answer to a question, such as where somebody is.
    """
    if situation.site_code is None:
        return None
    is_free = situation.fit in (None, Fit.NONE) and situation.open_flow not in triggers.life
    return Decision.begin("join_site") if situation.is_code_asked or is_free else None


def _by_question(situation: Situation, triggers: Triggers, limits: Limits) -> Decision | None:
    if situation.fit is None:
        return None
    if situation.fit is Fit.EXACT:
        return CONTINUE
    if situation.signal is Signal.LANGUAGE:
        return Decision.begin("change_language")
    other = _other_flow(situation, triggers, limits)
    return Decision.begin(other) if other else CONTINUE


def _other_flow(situation: Situation, triggers: Triggers, limits: Limits) -> str | None:
    """The flow that a message, which does not exactly answer the question, asks for instead; None to stay."""
    if situation.keyword_flow and situation.keyword_flow != situation.open_flow:
        return situation.keyword_flow
    intent, confidence = situation.understanding.intent, situation.understanding.confidence
    flow = triggers.by_intent.get(intent or "")
    if flow is None or flow == situation.open_flow or intent in SMALL_TALK:
        return None
    if situation.open_flow == CHECK_IN and intent == SAFE_INTENT:
        return None  # it is meant as the answer: the alert's question asks once more rather than take a doubt for safe
    if situation.is_drill and intent in ABOUT_DRILL:
        return None
    is_out_of_danger = situation.open_flow in triggers.life and intent == SAFE_INTENT  # safe.yml asks once more
    if situation.fit is Fit.LOOSE and intent not in CONTROL_INTENTS and not is_out_of_danger:
        return None
    return flow if confidence >= limits.switch else None


def _by_meaning(situation: Situation, triggers: Triggers, limits: Limits) -> Decision:
    if situation.keyword_flow:
        return Decision.begin(situation.keyword_flow)
    match situation.signal:
        case Signal.LANGUAGE:
            return Decision.begin("change_language")
        case Signal.EMPTY if situation.has_content:
            return Decision.begin("fallback")
        case Signal.EMPTY | Signal.EMOJI | Signal.NUMBER | Signal.HELP:
            return Decision.begin("menu")
        case _:
            return _by_intent(situation.understanding, triggers, limits)


def _by_intent(understanding: Understanding, triggers: Triggers, limits: Limits) -> Decision:
    flow = triggers.by_intent.get(understanding.intent or "")
    if flow is not None and understanding.confidence >= limits.intent:
        return Decision.begin(flow)
    offers = [
        triggers.by_intent[intent]
        for intent, confidence in understanding.ranking
        if intent in triggers.by_intent and intent not in SMALL_TALK and confidence >= limits.intent_doubt / 2
    ]
    if understanding.confidence < limits.intent_doubt:
        offers = []
    return Decision.begin("fallback", offers=list(dict.fromkeys(offers))[:MAX_OFFERS])
