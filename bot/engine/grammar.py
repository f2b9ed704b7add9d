"""Owns the format of a flow file: the keys of a flow and of each step kind, and how steps are made of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.domain.case import Topic, Urgency
from bot.engine import flow as made
from bot.engine.document import Report
from bot.engine.scalars import Always, Argument, Flag, Length, Line, Number, OneOf, StepName, When, name
from bot.engine.shapes import Fields, Key, ListOf, MapOf, Record, WordOr, Words

MAX_STEPS = 200  # in one flow
_SOURCES = {source.value: source for source in made.Source if source is not made.Source.WRITTEN}
_LANGUAGE = Line(what="a language code such as es", pattern=r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_KEY_WORDS = MapOf(key=_LANGUAGE, shape=ListOf(shape=Line(what="a word", longest=60), least=1))
_URGENCIES = {urgency.name.lower(): urgency for urgency in Urgency}

TRIGGERS = Record(
    what="triggers",
    keys={
        "intents": Key(ListOf(shape=name("an intent")), about="What people mean when this flow should begin."),
        "words": Key(_KEY_WORDS, about="Whole messages that begin this flow, by language."),
    },
)

FLOW = Record(
    what="a flow",
    keys={
        "flow": Key(name("the flow's name"), True, "The name of the file, without .yml."),
        "title": Key(Line(what="a title", longest=20), about="What a menu or an offer calls the flow."),
        "version": Key(Number(is_count=True), True, "Count up when a step changes its meaning."),
        "about": Key(Line(longest=300), True, "What the flow does, for the people who keep it."),
        "urgency": Key(OneOf(values={"normal": False, "life": True}), about="life: interrupts whatever runs."),
        "discreet": Key(Flag(), about="Never a sensitive word in the first line of a text."),
        "triggers": Key(TRIGGERS, about="What begins the flow."),
        "takes": Key(ListOf(shape=name("a variable")), about="Variables that may be known beforehand."),
        "steps": Key(ListOf(shape=Always(), most=MAX_STEPS), True, "What happens, from top to bottom."),
    },
)

_GO = Key(StepName(), about="The step that follows; without it, the next one.")
_PATIENCE = {
    "again": Key(ListOf(shape=Words(), least=1, most=2), about="Texts after the first and second unfit answer."),
    "otherwise": Key(StepName(), about="Where to go after the third unfit answer; without it a person takes over."),
    "remind": Key(
        Record(
            what="a reminder",
            keys={"after": Key(Length(), True, "Such as 10 minutes."), "say": Key(Words(), True)},
        ),
        about="One reminder while the question waits.",
    ),
    "timeout": Key(
        Record(what="a timeout", keys={"after": Key(Length(), True, "Such as 1 day."), "go": Key(StepName())}),
        about="How long the question waits (1 day), and where it goes then; without `go` the flow ends quietly.",
    ),
}
OPTION = Record(
    what="an option",
    keys={
        "label": Key(Line(what="a label", longest=60), True, "What the button says."),
        "value": Key(name("a value"), True, "What is saved."),
        "intents": Key(ListOf(shape=name("an intent"), least=1), about="Meanings that choose this option."),
        "words": Key(_KEY_WORDS, about="Further words that choose this option, by language."),
        "if_asked": Key(name("a value"), about="The option that is meant instead by words with a question mark."),
        "go": _GO,
        "start": Key(name("a flow"), about="Another flow begins in place of this one."),
    },
)
_CASE = Record(
    what="a branch",
    keys={
        "when": Key(When(), about="Such as: months > 6 and known(employer)"),
        "go": Key(StepName()),
        "else": Key(StepName(), about="Where to go when nothing above holds."),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of step: its keys, and what makes the step of them (None once a problem is reported)."""

    record: Record
    build: Callable[[Fields, str, Report], made.Step | None]


def _kind(word: str, build: Callable[[Fields, str, Report], made.Step | None], keys: Mapping[str, Key]) -> Kind:
    step_id = {"id": Key(name("an id"), about="Only needed where something goes to this step.")}
    return Kind(record=Record(what=f"a `{word}` step", keys={**step_id, **keys}), build=build)


# --- from keys to steps -------------------------------------------------------------------------------------------


def _say(fields: Fields, step: str, _: Report) -> made.Step:
    return made.Say(id=step, line=fields.line, go=fields.get("go"), wording=fields["say"])


def _ask(fields: Fields, step: str, report: Report) -> made.Step:
    kind: made.AnswerKind = fields.get("as", made.AnswerKind.TEXT)
    least, most = fields.get("min"), fields.get("max")
    if (least is not None or most is not None) and kind not in (made.AnswerKind.NUMBER, made.AnswerKind.AMOUNT):
        report.wrong(fields.lines["min" if least is not None else "max"], "only a number or an amount has min and max")
    if least is not None and most is not None and least > most:
        report.wrong(fields.lines["max"], "max is smaller than min")
    return made.Ask(
        id=step,
        line=fields.line,
        go=fields.get("go"),
        wording=fields["ask"],
        kind=kind,
        save=fields["save"],
        least=least,
        most=most,
        is_optional=fields.get("optional", False),
        patience=_patience(fields, report),
    )


def _choose(fields: Fields, step: str, report: Report) -> made.Step:
    written = fields["options"]
    source = _SOURCES.get(written, made.Source.WRITTEN) if isinstance(written, str) else made.Source.WRITTEN
    options = () if source is not made.Source.WRITTEN else tuple(_option(option, report) for option in written)
    return made.Choose(
        id=step,
        line=fields.line,
        go=fields.get("go"),
        wording=fields["choose"],
        save=fields.get("save"),
        options=options,
        source=source,
        patience=_patience(fields, report),
    )


def _option(fields: Fields, report: Report) -> made.Option:
    if "go" in fields and "start" in fields:
        report.wrong(fields.lines["start"], "an option has `go` or `start`, not both")
    return made.Option(
        label=fields["label"],
        value=fields["value"],
        intents=fields.get("intents", ()),
        words=fields.get("words", {}),
        if_asked=fields.get("if_asked"),
        go=fields.get("go"),
        start=fields.get("start"),
        line=fields.line,
    )


def _patience(fields: Fields, report: Report) -> made.Patience:
    remind, timeout = fields.get("remind"), fields.get("timeout")
    patience = made.Patience(
        again=fields.get("again", ()),
        otherwise=fields.get("otherwise"),
        remind=made.Reminder(after=remind["after"], say=remind["say"]) if remind else None,
        timeout_after=timeout["after"] if timeout else made.DEFAULT_TIMEOUT,
        timeout_go=timeout.get("go") if timeout else None,
    )
    if patience.remind and patience.remind.after >= patience.timeout_after:
        report.wrong(fields.lines["remind"], "the reminder must come before the timeout (1 day when there is none)")
    return patience


def _branch(fields: Fields, step: str, report: Report) -> made.Step | None:
    cases: list[made.Case] = []
    otherwise: made.Target | None = None
    for place, way in enumerate(fields["branch"], start=1):
        if "else" in way and ("when" in way or "go" in way or place < len(fields["branch"])):
            report.wrong(way.line, "`else` stands alone, as the last of a branch")
        elif "else" in way:
            otherwise = way["else"]
        elif "when" in way and "go" in way:
            cases.append(made.Case(when=way["when"], go=way["go"], line=way.line))
        else:
            report.wrong(way.line, "a branch is `{when: condition, go: step}` or `{else: step}`")
    return made.Branch(id=step, line=fields.line, cases=tuple(cases), otherwise=otherwise)


def _call(fields: Fields, step: str, _: Report) -> made.Step:
    return made.Call(
        id=step,
        line=fields.line,
        go=fields.get("go"),
        action=fields["call"],
        arguments=fields.get("with", {}),
        outcomes=fields.get("outcomes", {}),
    )


def _run(fields: Fields, step: str, _: Report) -> made.Step:
    return made.Run(id=step, line=fields.line, go=fields.get("go"), flow=fields["run"])


def _start(fields: Fields, step: str, _: Report) -> made.Step:
    return made.Start(id=step, line=fields.line, flow=fields["start"])


def _handoff(fields: Fields, step: str, _: Report) -> made.Step:
    told = fields["handoff"]
    urgency = told.get("urgency", Urgency.NORMAL)
    return made.Handoff(id=step, line=fields.line, go=fields.get("go"), topic=told["topic"], urgency=urgency)


def _go(fields: Fields, step: str, _: Report) -> made.Step:
    return made.Go(id=step, line=fields.line, go=fields["go"])


def _end(fields: Fields, step: str, _: Report) -> made.Step:
    return made.End(id=step, line=fields.line)


# --- the step kinds, in the order in which they are told of -------------------------------------------------------

KINDS: Mapping[str, Kind] = {
    "say": _kind("say", _say, {"say": Key(Words(), True, "Tell something."), "go": _GO}),
    "ask": _kind(
        "ask",
        _ask,
        {
            "ask": Key(Words(), True, "Ask for a value."),
            "as": Key(OneOf(values={kind.value: kind for kind in made.AnswerKind}), about="What is asked for (text)."),
            "save": Key(name("a variable"), True, "The variable that keeps the answer."),
            "min": Key(Number(), about="The smallest number."),
            "max": Key(Number(), about="The greatest number."),
            "optional": Key(Flag(), about="Skip or I don't know is accepted: the variable stays unknown."),
            "go": _GO,
            **_PATIENCE,
        },
    ),
    "choose": _kind(
        "choose",
        _choose,
        {
            "choose": Key(Words(), True, "Let choose one of the options."),
            "save": Key(name("a variable"), about="The variable that keeps the option's value."),
            "options": Key(
                WordOr(words=tuple(_SOURCES), other=ListOf(shape=OPTION, least=1, most=10)),
                True,
                "The options; or `languages`; or `offers`, the flows that the variable `offers` names.",
            ),
            "go": _GO,
            **_PATIENCE,
        },
    ),
    "branch": _kind("branch", _branch, {"branch": Key(ListOf(shape=_CASE, least=1), True, "Where to go, depending.")}),
    "call": _kind(
        "call",
        _call,
        {
            "call": Key(name("an action"), True, "Run an action."),
            "with": Key(MapOf(key=name("an argument"), shape=Argument()), about="What it is given."),
            "outcomes": Key(MapOf(key=name("an outcome"), shape=StepName()), about="Where each outcome leads."),
            "go": _GO,
        },
    ),
    "run": _kind("run", _run, {"run": Key(name("a flow"), True, "Run another flow and come back."), "go": _GO}),
    "start": _kind("start", _start, {"start": Key(name("a flow"), True, "Begin another flow in place of this one.")}),
    "handoff": _kind(
        "handoff",
        _handoff,
        {
            "handoff": Key(
                Record(
                    what="a handoff",
                    keys={
                        "topic": Key(OneOf(values={topic.value: topic for topic in Topic}), True),
                        "urgency": Key(OneOf(values=_URGENCIES)),
                    },
                ),
                True,
                "Open a case so that a person follows.",
            ),
            "go": _GO,
        },
    ),
    "go": _kind("go", _go, {"go": Key(StepName(), True, "Go on at another step.")}),
    "end": _kind("end", _end, {"end": Key(Always(), True, "The flow is over; a sub-flow returns.")}),
}
