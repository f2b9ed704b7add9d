"""Owns a flow as a graph: which step leads to which, what becomes known on the way, which steps are never reached."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.engine import flow as made
from bot.engine.answers import count_name
from bot.engine.conditions import Both, Condition, Known, Node
from bot.engine.flow import END, FAILED, Flow, Problem, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One way from a step to another (or to the end); `gains` are the variables that are surely known on it."""

    source: str
    target: str
    label: str = ""
    gains: frozenset[str] = frozenset()
    is_fall: bool = False  # nothing said so: the list just goes on


def edges(flow: Flow, values: Mapping[str, frozenset[str]] | None = None) -> tuple[Edge, ...]:
    """Every way through a flow; `values` are the answers that each action sets."""
    return tuple(edge for step in flow.steps for edge in _ways(flow, step, values or {}))


def _ways(flow: Flow, step: Step, values: Mapping[str, frozenset[str]]) -> Iterator[Edge]:
    match step:
        case made.End() | made.Start():
            return
        case made.Branch():
            yield from _branch(flow, step)
        case made.Call():
            yield from _call(flow, step, values.get(step.action, frozenset()))
        case made.Ask():
            saved = {step.save, count_name(step)} if step.kind.is_evidence else {step.save}
            yield _next(flow, step, gains=frozenset(() if step.is_optional else saved))
            yield from _patience(step)
        case made.Choose():
            yield from _options(flow, step)
            yield from _patience(step)
        case _:
            yield _next(flow, step)


def _next(flow: Flow, step: Step, *, label: str = "", gains: frozenset[str] = frozenset()) -> Edge:
    return Edge(source=step.id, target=flow.after(step), label=label, gains=gains, is_fall=step.go is None)


def _branch(flow: Flow, step: made.Branch) -> Iterator[Edge]:
    for case in step.cases:
        yield Edge(source=step.id, target=case.go.step, label=case.when.source, gains=surely_known(case.when))
    if step.otherwise is None:
        yield _next(flow, step, label="else")
    else:
        yield Edge(source=step.id, target=step.otherwise.step, label="else")


def surely_known(condition: Condition) -> frozenset[str]:
    """The variables that are known wherever the condition holds."""
    return _known(condition.node)


def _known(node: Node) -> frozenset[str]:
    match node:
        case Known():
            return frozenset({node.name})
        case Both():
            return frozenset().union(*(_known(part) for part in node.parts))
        case _:
            return frozenset()


def _call(flow: Flow, step: made.Call, values: frozenset[str]) -> Iterator[Edge]:
    for outcome, target in step.outcomes.items():
        gains = frozenset() if outcome == FAILED else values
        yield Edge(source=step.id, target=target.step, label=outcome, gains=gains)
    if step.goes_on:
        yield _next(flow, step, gains=values)


def _options(flow: Flow, step: made.Choose) -> Iterator[Edge]:
    gains = frozenset({step.save} if step.save else ())
    if step.source is made.Source.LANGUAGES:
        yield _next(flow, step, gains=gains)
    for option in step.options:
        if option.go is not None:
            yield Edge(source=step.id, target=option.go.step, label=option.label, gains=gains)
        elif option.start is None:
            yield _next(flow, step, label=option.label, gains=gains)


def _patience(step: made.Question) -> Iterator[Edge]:
    if step.patience.otherwise is not None:
        yield Edge(source=step.id, target=step.patience.otherwise.step, label="not understood")
    if step.patience.timeout_go is not None:
        yield Edge(source=step.id, target=step.patience.timeout_go.step, label="no answer")


# --- what is wrong with the way -----------------------------------------------------------------------------------


def problems(flow: Flow) -> Iterator[Problem]:
    """Steps that nothing leads to, steps after which nothing follows, circles in which nobody is asked anything."""
    ways = edges(flow)
    reached = _reached(flow, ways)
    for step in flow.steps:
        if step.id not in reached:
            yield Problem(file=flow.file, line=step.line, message=f"nothing leads to this step {_named(step)}")
    for edge in ways:
        if edge.is_fall and edge.target == END and edge.source in reached:
            step = flow.step(edge.source)
            message = f"nothing follows this step {_named(step)}: write `- end: true` after it, or `go:` in it"
            yield Problem(file=flow.file, line=step.line, message=message)
    yield from _circles(flow, ways)


def _named(step: Step) -> str:
    return f"(`{step.id}`)" if step.is_named else "(it has no id)"


def _reached(flow: Flow, ways: tuple[Edge, ...]) -> frozenset[str]:
    reached: set[str] = set()
    coming = [flow.first.id]
    while coming:
        here = coming.pop()
        if here not in reached:
            reached.add(here)
            coming += [edge.target for edge in ways if edge.source == here]
    return frozenset(reached)


def _circles(flow: Flow, ways: tuple[Edge, ...]) -> Iterator[Problem]:
    """Steps from which one comes back without a question on the way: it may go on for ever."""
    mute = {step.id for step in flow.steps if not isinstance(step, made.Ask | made.Choose)}
    silent = tuple(edge for edge in ways if edge.source in mute and edge.target in mute)
    told: set[str] = set()
    for step in flow.steps:
        beyond = _beyond(step.id, silent)
        if step.id in beyond and step.id not in told:
            told |= {other for other in beyond if step.id in _beyond(other, silent)}
            message = f"the flow comes back to this step {_named(step)} without asking anything on the way"
            yield Problem(file=flow.file, line=step.line, message=message)


def _beyond(step: str, ways: tuple[Edge, ...]) -> frozenset[str]:
    reached: set[str] = set()
    coming = [step]
    while coming:
        here = coming.pop()
        for edge in ways:
            if edge.source == here and edge.target not in reached:
                reached.add(edge.target)
                coming.append(edge.target)
    return frozenset(reached)
