"""Owns how a session goes through a flow: a pure function from an event to the session after it and the effects."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.domain.case import Topic, Urgency
from bot.domain.session import Return, Session, SessionStatus
from bot.domain.values import Value
from bot.engine import flow as made
from bot.engine.answers import OFFERS, read, skip_payload, value_of, with_options
from bot.engine.effects import (
    Advance,
    Answered,
    Begun,
    Call,
    Called,
    Choice,
    Effect,
    Event,
    Fit,
    GivenBack,
    Handoff,
    Lapsed,
    Say,
    Setting,
    Start,
    Text,
)
from bot.engine.flow import END, FAILED, EngineError, Flow, Question, Step, payload
from bot.engine.patience import GIVE_UP, MOST_TRIES, SKIP, again
from bot.engine.variables import shown

MAX_STEPS = 100  # steps that one event may lead through
MAX_RETURNS = 10  # sub-flows within one another

Flows = Mapping[str, Flow]

__all__ = ["advance", "fit", "question", "value_of"]


def advance(flows: Flows, session: Session, event: Event, setting: Setting) -> Advance:
    """What `event` leads to. Raises EngineError when a flow or step is gone, or it runs in circles."""
    match event:
        case Begun():
            return _begin(flows, session, event, setting)
        case Answered():
            return _answer(flows, session, event, setting)
        case Called():
            return _resume(flows, session, event, setting)
        case Lapsed():
            return _lapse(flows, session, setting)
        case GivenBack():
            return _ask(flows, replace(session, tries=0), (), setting)


def fit(flows: Flows, session: Session, answered: Answered, setting: Setting) -> Fit:
    """How well the answer fits the question that the session waits at; raises EngineError as `advance` does."""
    flow, waiting = _question(flows, session, setting)
    reading = read(flow, waiting, answered, setting)
    return Fit.NONE if reading is None else reading.fit


def question(flows: Flows, session: Session, setting: Setting) -> Say:
    """The question that the session waits at, as it is asked; raises EngineError as `advance` does."""
    flow, waiting = _question(flows, session, setting)
    return _asking(flow, waiting, waiting.wording.text, session)


# --- events -------------------------------------------------------------------------------------------------------


def _begin(flows: Flows, session: Session, event: Begun, setting: Setting) -> Advance:
    flow = _flow(flows, session.flow)
    begun = replace(session, answers={**session.answers, **event.answers}, returns=())
    return _walk(flows, _at(begun, flow, flow.first.id), (), setting)


def _answer(flows: Flows, session: Session, answered: Answered, setting: Setting) -> Advance:
    flow, waiting = _question(flows, session, setting)
    reading = read(flow, waiting, answered, setting)
    if reading is None:
        return _unfit(flows, session, setting)
    known = replace(session, answers={**session.answers, **reading.saves})
    option = reading.option
    if option is not None and option.start is not None:
        return Advance(session=known.ended(), effects=(Start(flow=option.start),))
    target = option.go.step if option is not None and option.go is not None else flow.after(waiting)
    return _walk(flows, _at(known, flow, target), (), setting)


def _unfit(flows: Flows, session: Session, setting: Setting) -> Advance:
    """A patient second and third try; then elsewhere, or to a person."""
    flow, waiting = _question(flows, session, setting)
    tries = session.tries + 1
    if tries < MOST_TRIES:
        say = _asking(flow, waiting, again(waiting, tries), session)
        return Advance(session=_waiting(replace(session, tries=tries), waiting, setting), effects=(say,))
    if waiting.patience.otherwise is not None:
        return _walk(flows, _at(session, flow, waiting.patience.otherwise.step), (), setting)
    handoff = Handoff(topic=Topic.NOT_UNDERSTOOD, urgency=Urgency.NORMAL)
    return Advance(session=session.ended(), effects=(Say(text=GIVE_UP), handoff))


def _resume(flows: Flows, session: Session, event: Called, setting: Setting) -> Advance:
    flow, step = _here(flows, session)
    if not isinstance(step, made.Call):
        raise EngineError(f"step {step.id!r} of flow {flow.name!r} runs no action that could have ended")
    target = step.outcomes.get(event.outcome)
    if target is None and (event.outcome == FAILED or not step.goes_on):
        raise EngineError(f"step {step.id!r} of flow {flow.name!r} does not say what follows {event.outcome!r}")
    known = replace(session, answers={**session.answers, **event.values})
    return _walk(flows, _at(known, flow, target.step if target else flow.after(step)), (), setting)


def _lapse(flows: Flows, session: Session, setting: Setting) -> Advance:
    """The reminder once, then the timeout; nothing when the time has not come, for bells ring twice."""
    if session.waits_until is None or setting.now < session.waits_until:
        return Advance(session=session)
    flow, waiting = _question(flows, session, setting)
    remind = waiting.patience.remind
    if remind is not None and not session.is_reminded:
        rest = waiting.patience.timeout_after - remind.after
        reminded = replace(session, is_reminded=True, waits_until=setting.now + rest)
        return Advance(session=reminded, effects=(_asking(flow, waiting, remind.say.text, session),))
    if waiting.patience.timeout_go is None:
        return Advance(session=session.ended())
    return _walk(flows, _at(session, flow, waiting.patience.timeout_go.step), (), setting)


# --- walking ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """What one step did: its effects, and the session where it goes on."""

    session: Session
    effects: tuple[Effect, ...] = ()


def _walk(flows: Flows, session: Session, effects: tuple[Effect, ...], setting: Setting) -> Advance:
    """Step by step, until the flow waits, calls an action or is over."""
    for _ in range(MAX_STEPS):
        if session.step == END:
            if not session.returns:
                return Advance(session=session.ended(), effects=effects)
            session = _returned(flows, session)
            continue
        flow, step = _here(flows, session)
        match step:
            case made.Ask() | made.Choose():
                return _ask(flows, session, effects, setting)
            case made.Call():
                return Advance(session=session, effects=(*effects, _call(step, session)))
            case made.Start():
                return Advance(session=session.ended(), effects=(*effects, Start(flow=step.flow)))
        move = _move(flows, flow, step, session)
        session, effects = move.session, (*effects, *move.effects)
    raise EngineError(f"flow {session.flow!r} runs in circles: {MAX_STEPS} steps without a question or an end")


def _move(flows: Flows, flow: Flow, step: Step, session: Session) -> _Move:
    match step:
        case made.Run():
            return _Move(session=_entered(flows, step, session))
        case made.Branch():
            return _Move(session=_at(session, flow, _way(flow, step, session)))
        case made.End():
            return _Move(session=_at(session, flow, END))
        case made.Say():
            effects: tuple[Effect, ...] = (_say(step.wording.text, session),)
        case made.Handoff():
            effects = (Handoff(topic=step.topic, urgency=step.urgency),)
        case _:
            effects = ()
    return _Move(session=_at(session, flow, flow.after(step)), effects=effects)


def _way(flow: Flow, branch: made.Branch, session: Session) -> str:
    for case in branch.cases:
        if case.when.holds(session.answers):
            return case.go.step
    return branch.otherwise.step if branch.otherwise else flow.after(branch)


def _entered(flows: Flows, run: made.Run, session: Session) -> Session:
    if len(session.returns) >= MAX_RETURNS:
        raise EngineError(f"flow {session.flow!r} runs in circles: {MAX_RETURNS} sub-flows within one another")
    flow = _flow(flows, run.flow)
    returns = (*session.returns, Return(flow=session.flow, step=session.step))
    return _at(replace(session, returns=returns), flow, flow.first.id)


def _returned(flows: Flows, session: Session) -> Session:
    back = session.returns[-1]
    flow = _flow(flows, back.flow)
    step = flow.step(back.step)
    if not isinstance(step, made.Run):
        raise EngineError(f"flow {flow.name!r} was changed: step {step.id!r} runs no sub-flow to come back from")
    return _at(replace(session, returns=session.returns[:-1]), flow, flow.after(step))


def _call(step: made.Call, session: Session) -> Call:
    return Call(
        action=step.action,
        arguments={
            name: session.answers.get(given.name) if isinstance(given, made.Variable) else given
            for name, given in step.arguments.items()
        },
    )


# --- the session --------------------------------------------------------------------------------------------------


def _flow(flows: Flows, name: str) -> Flow:
    if name not in flows:
        raise EngineError(f"there is no flow {name!r}")
    return flows[name]


def _here(flows: Flows, session: Session) -> tuple[Flow, Step]:
    """Where the session stands. A step without an id of its own is another one once the flow has a new version."""
    flow = _flow(flows, session.flow)
    step = flow.step(session.step)
    if session.version != flow.version and not step.is_named:
        raise EngineError(f"flow {flow.name!r} has a new version, and step {step.id!r} had no id to be found by")
    return flow, step


def _question(flows: Flows, session: Session, setting: Setting) -> tuple[Flow, Question]:
    """The question waited at, with the options that it offers now."""
    flow, step = _here(flows, session)
    if session.status is SessionStatus.ENDED or not isinstance(step, made.Ask | made.Choose):
        raise EngineError(f"the session waits for no answer at step {step.id!r} of flow {flow.name!r}")
    if isinstance(step, made.Choose):
        return flow, with_options(step, flows, session.answers.get(OFFERS), setting)
    return flow, step


def _at(session: Session, flow: Flow, step: str) -> Session:
    return replace(
        session,
        flow=flow.name,
        version=flow.version,
        step=step,
        status=SessionStatus.RUNNING,
        tries=0,
        is_reminded=False,
        waits_until=None,
    )


def _waiting(session: Session, waiting: Question, setting: Setting) -> Session:
    wait = waiting.patience.wait
    until = setting.now + (wait.remind_after or wait.timeout_after)
    return replace(session, status=SessionStatus.WAITING, is_reminded=False, waits_until=until)


# --- saying -------------------------------------------------------------------------------------------------------


def _ask(flows: Flows, session: Session, effects: tuple[Effect, ...], setting: Setting) -> Advance:
    flow, waiting = _question(flows, session, setting)
    say = _asking(flow, waiting, waiting.wording.text, session)
    return Advance(session=_waiting(session, waiting, setting), effects=(*effects, say))


def _asking(flow: Flow, waiting: Question, text: Text, session: Session) -> Say:
    """A text with the means to answer the question."""
    bounds: dict[str, Value] = {}
    if isinstance(waiting, made.Ask):
        bounds = {"least": waiting.least, "most": waiting.most}
    return replace(
        _say(text, session, bounds),
        choices=_offered(flow, waiting),
        asks_position=isinstance(waiting, made.Ask) and waiting.kind is made.AnswerKind.PLACE,
    )


def _offered(flow: Flow, waiting: Question) -> tuple[Choice, ...]:
    if isinstance(waiting, made.Choose):
        is_literal = waiting.source is made.Source.LANGUAGES
        sent = [(payload(flow.name, waiting.id, option.value), option.label) for option in waiting.options]
        return tuple(Choice(payload=value, label=label, is_literal=is_literal) for value, label in sent)
    # Where a bare number is an answer, "1" cannot also stand for an option: there "skip" is only said, not offered.
    if waiting.is_optional and not waiting.kind.is_digits:
        return (Choice(payload=skip_payload(flow, waiting), label=SKIP),)
    return ()


def _say(text: Text, session: Session, bounds: Mapping[str, Value] | None = None) -> Say:
    values = {**(bounds or {}), **session.answers}
    return Say(text=text, variables={name: values.get(name) for name in sorted(shown(text))})
