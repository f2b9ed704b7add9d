"""Owns what a flow is once its file has been read: frozen steps that know the line they were written on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from bot.domain.case import Topic, Urgency
from bot.domain.errors import MusterError
from bot.domain.values import Value
from bot.engine.conditions import Condition
from bot.engine.effects import Text, Wait

END = "end"  # the step that every flow has: `go: end`
FAILED = "failed"  # the outcome of an action that broke: a flow may catch it, else the host falls back
DEFAULT_TIMEOUT = timedelta(days=1)


class EngineError(MusterError):
    """A session cannot go on: its flow or step is gone, or it runs in circles. The host falls back and opens a case."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """Something wrong in a file, said so that its author can mend it; a note is worth reading but stops nothing."""

    file: str
    line: int
    message: str
    is_note: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {'note: ' if self.is_note else ''}{self.message}"


class AnswerKind(StrEnum):
    """What a question asks for; `place` is a named or a shared location, `photo` and `document` are evidence."""

    TEXT = "text"
    NUMBER = "number"
    AMOUNT = "amount"
    DATE = "date"
    PLACE = "place"
    PHOTO = "photo"
    DOCUMENT = "document"
    PHONE = "phone"
    COUNTRY = "country"

    @property
    def is_evidence(self) -> bool:
        return self in (AnswerKind.PHOTO, AnswerKind.DOCUMENT)

    @property
    def is_digits(self) -> bool:
        """Whether a bare number is an answer, so that it cannot also be the number of an option."""
        return self in (AnswerKind.NUMBER, AnswerKind.AMOUNT, AnswerKind.DATE, AnswerKind.PHONE)


class Source(StrEnum):
    """Where a question's options come from: the file, the languages offered, or the flows that the host offers."""

    WRITTEN = "written"
    LANGUAGES = "languages"
    OFFERS = "offers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A text as its author wrote it."""

    text: Text
    line: int

    @property
    def msgids(self) -> tuple[str, ...]:
        return tuple(part for part in (self.text.msgid, self.text.plural) if part is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The step that something leads to."""

    step: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    after: timedelta
    say: Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What a question does about answers that do not fit and answers that do not come.

    `again` are the texts after the first and the second unfit answer (the engine has its own);
    `otherwise` and `timeout_go` are None where the flow ends instead.
    """

    again: tuple[Wording, ...] = ()
    otherwise: Target | None = None
    remind: Reminder | None = None
    timeout_after: timedelta = DEFAULT_TIMEOUT
    timeout_go: Target | None = None

    @property
    def wait(self) -> Wait:
        return Wait(remind_after=self.remind.after if self.remind else None, timeout_after=self.timeout_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer to choose; it leads to `go`, to the flow `start`, or to the next step."""

    label: str
    value: str
    intents: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # language -> further ways to say it
    if_asked: str | None = None  # the value of the option that is meant where the words have a question mark
    go: Target | None = None
    start: str | None = None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way out of a branch."""

    when: Condition
    go: Target
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """An argument that is taken from the answers: `"{name}"` in the file."""

    name: str


# --- steps --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What every step has: an id (`#3` for the third without one of its own), its line, and where it goes on."""

    id: str
    line: int
    go: Target | None = None

    @property
    def is_named(self) -> bool:
        return not self.id.startswith("#")


@dataclass(frozen=True, slots=True, kw_only=True)
class Say(Step):
    wording: Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Step):
    """A question whose answer is a value; `least` and `most` bound a number or an amount."""

    wording: Wording
    kind: AnswerKind
    save: str
    least: Decimal | None = None
    most: Decimal | None = None
    is_optional: bool = False
    patience: Patience = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose(Step):
    """A question whose answer is one of its options; `source` says where those come from that are not written down."""

    wording: Wording
    save: str | None = None
    options: tuple[Option, ...] = ()
    source: Source = Source.WRITTEN
    patience: Patience = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch(Step):
    """Goes to the first case that holds; `otherwise` is None where the next step follows."""

    cases: tuple[Case, ...]
    otherwise: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Step):
    """Runs an action: `outcomes` say where each leads, `go` where the others do (the next step if none is named)."""

    action: str
    arguments: Mapping[str, Value | Variable] = field(default_factory=dict)
    outcomes: Mapping[str, Target] = field(default_factory=dict)

    @property
    def goes_on(self) -> bool:
        """Whether an outcome that is not named leads somewhere."""
        return self.go is not None or not set(self.outcomes) - {FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Step):
    """Runs another flow and comes back."""

    flow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Step):
    """Ends this flow and begins another in its place."""

    flow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff(Step):
    """Opens a case so that a person follows; the flow goes on."""

    topic: Topic
    urgency: Urgency = Urgency.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Go(Step):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Step):
    """Ends the flow; a sub-flow returns to its caller."""


Question = Ask | Choose


# --- flow ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """What begins a flow: intents, and key words by language."""

    intents: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    line: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One crisis flow. `is_life` interrupts whatever runs; `is_discreet` keeps sensitive words out of first lines.

    `title` is what an offer to begin it says; `takes` are the variables that may be known beforehand.
    """

    name: str
    title: str = ""
    version: int
    about: str
    is_life: bool = False
    is_discreet: bool = False
    triggers: Triggers = Triggers()
    takes: tuple[str, ...] = ()
    steps: tuple[Step, ...]
    file: str
    line: int = 1

    @property
    def first(self) -> Step:
        return self.steps[0]

    def find(self, step: str) -> Step | None:
        return next((candidate for candidate in self.steps if candidate.id == step), None)

    def step(self, step: str) -> Step:
        """The step of that id; raises EngineError when the flow has none."""
        found = self.find(step)
        if found is None:
            raise EngineError(
                f"flow {self.name!r} has no step {step!r}: it was changed while a conversation waited there"
            )
        return found

    def after(self, step: Step) -> str:
        """The id of the step that follows: where `step` goes, else the next one of the list, else the end."""
        if step.go is not None:
            return step.go.step
        place = [other.id for other in self.steps].index(step.id) + 1
        return self.steps[place].id if place < len(self.steps) else END


def payload(flow: str, step: str, value: str) -> str:
    """What comes back when an option is tapped."""
    return f"{flow}:{step}:{value}"
