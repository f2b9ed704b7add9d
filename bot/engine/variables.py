"""Owns which variables are known where in a flow, and finds the texts and conditions that misuse one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bot.engine import flow as made
from bot.engine.answers import count_name
from bot.engine.conditions import Compare, Condition, Known, Literal, Name, Within, walk
from bot.engine.effects import Text
from bot.engine.flow import END, AnswerKind, Flow, Problem, Step, Wording
from bot.engine.graph import edges
from bot.engine.scalars import placeholders

Names = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a flow relies on: the other flows, the answers that each action sets, the variables given to all flows."""

    flows: Mapping[str, Flow]
    values: Mapping[str, Names] = field(default_factory=dict)
    given: Names = frozenset()


def problems(flow: Flow, world: World) -> Iterator[Problem]:
    """Variables used before anything sets them, those that may be unknown (as a note), and unfit comparisons."""
    sure, possible = _known(flow, world)
    for step in flow.steps:
        for name, line, is_shown in uses(step):
            if step.id not in possible or name in sure[step.id]:
                continue
            if name not in possible[step.id]:
                yield Problem(file=flow.file, line=line, message=f"nothing before this step sets `{name}`")
            elif is_shown:
                message = f"`{name}` may be unknown here, and the text would show a gap: ask `known({name})` before"
                yield Problem(file=flow.file, line=line, message=message, is_note=True)
    yield from _mismatches(flow)


# --- what a step uses and sets ------------------------------------------------------------------------------------


def wordings(step: Step) -> Iterator[Wording]:
    """Every text that a step can say; labels are not among them."""
    if isinstance(step, made.Say | made.Ask | made.Choose):
        yield step.wording
    if isinstance(step, made.Ask | made.Choose):
        yield from step.patience.again
        if step.patience.remind:
            yield step.patience.remind.say


def shown(text: Text) -> Names:
    """The variables that a text needs; a text with a plural may also name its count {n}."""
    if text.plural is None or text.count is None:
        return frozenset(placeholders(text.msgid))
    return frozenset({*placeholders(text.msgid), *placeholders(text.plural), text.count} - {"n"})


def uses(step: Step) -> Iterator[tuple[str, int, bool]]:
    """Every use of a variable as (name, line, whether it is shown to the worker)."""
    bounds = {"least", "most"} if isinstance(step, made.Ask) and step.least is not None else set()
    for wording in wordings(step):
        yield from ((name, wording.line, True) for name in sorted(shown(wording.text) - bounds))
    if isinstance(step, made.Branch):
        for case in step.cases:
            yield from ((name, case.line, False) for name in sorted(_asked(case.when)))
    if isinstance(step, made.Call):
        given = [value.name for value in step.arguments.values() if isinstance(value, made.Variable)]
        yield from ((name, step.line, False) for name in given)


def _asked(condition: Condition) -> Names:
    return condition.names | {node.name for node in walk(condition.node) if isinstance(node, Known)}


def sets(step: Step, world: World, *, _within: tuple[str, ...] = ()) -> Names:
    """Every variable that a step can set."""
    match step:
        case made.Ask():
            return frozenset({step.save, count_name(step)} if step.kind.is_evidence else {step.save})
        case made.Choose():
            return frozenset({step.save} if step.save else ())
        case made.Call():
            return world.values.get(step.action, frozenset())
        case made.Run() if step.flow in world.flows and step.flow not in _within:
            inner = world.flows[step.flow].steps
            return frozenset().union(*(sets(other, world, _within=(*_within, step.flow)) for other in inner))
        case _:
            return frozenset()


# --- what is known where ------------------------------------------------------------------------------------------

_Known = Mapping[str, Names]


def _known(flow: Flow, world: World, *, _within: tuple[str, ...] = ()) -> tuple[_Known, _Known]:
    """The variables known at each step that can be reached (and at the end): on every way to it, and on some way."""
    ways = edges(flow, world.values)
    by_id = {step.id: step for step in flow.steps}
    sure: dict[str, Names] = {flow.first.id: world.given}
    possible: dict[str, Names] = {flow.first.id: world.given | frozenset(flow.takes)}
    coming = [flow.first.id]
    while coming:
        here = coming.pop()
        for edge in (edge for edge in ways if edge.source == here):
            gained = edge.gains | _gained_within(by_id[here], world, (*_within, flow.name))
            surely = sure[here] | gained
            maybe = possible[here] | gained | sets(by_id[here], world)
            old = sure.get(edge.target), possible.get(edge.target, frozenset())
            new = surely if old[0] is None else old[0] & surely, old[1] | maybe
            if new != old:
                sure[edge.target], possible[edge.target] = new
                if edge.target != END:
                    coming.append(edge.target)
    return sure, possible


def _gained_within(step: Step, world: World, within: tuple[str, ...]) -> Names:
    """What a sub-flow surely sets on its way to its end."""
    if not isinstance(step, made.Run) or step.flow in within or step.flow not in world.flows:
        return frozenset()
    inner = world.flows[step.flow]
    ends = [sure for place, sure in _ends(inner, world, within)]
    return frozenset.intersection(*ends) if ends else frozenset()


def _ends(flow: Flow, world: World, within: tuple[str, ...]) -> Iterator[tuple[str, Names]]:
    sure, _ = _known(flow, world, _within=within)
    for place, names in sure.items():
        step = flow.find(place)
        if place == END or isinstance(step, made.End):
            yield place, names


# --- comparisons --------------------------------------------------------------------------------------------------

_NUMBERS = (AnswerKind.NUMBER, AnswerKind.AMOUNT)
_WORDS = (AnswerKind.TEXT, AnswerKind.COUNTRY, AnswerKind.PHONE)


def _mismatches(flow: Flow) -> Iterator[Problem]:
    """Comparisons that can never hold: a number with a word, an option's variable with a value that no option has."""
    saved = _saved(flow)
    for step in flow.steps:
        for case in step.cases if isinstance(step, made.Branch) else ():
            for name, sign, literal in _comparisons(case.when):
                wrong = _wrong(name, sign, literal, saved.get(name))
                if wrong:
                    yield Problem(file=flow.file, line=case.line, message=f"this condition never holds: {wrong}")


def _comparisons(condition: Condition) -> Iterator[tuple[str, str, Literal]]:
    for node in walk(condition.node):
        if isinstance(node, Compare) and isinstance(node.left, Name) and isinstance(node.right, Literal):
            yield node.left.name, node.sign, node.right
        if isinstance(node, Within) and isinstance(node.item, Name):
            yield from ((node.item.name, "=", item) for item in node.items if isinstance(item, Literal))


def _saved(flow: Flow) -> Mapping[str, AnswerKind | Names | None]:
    """What each variable of the flow holds: a kind, or the values of options; None where steps do not agree."""
    saved: dict[str, AnswerKind | Names | None] = {}
    for step in flow.steps:
        if isinstance(step, made.Ask):
            saved[step.save] = step.kind if saved.get(step.save, step.kind) == step.kind else None
        elif isinstance(step, made.Choose) and step.save and step.source is made.Source.WRITTEN:
            before = saved.get(step.save, frozenset())
            own = frozenset(option.value for option in step.options)
            saved[step.save] = before | own if isinstance(before, frozenset) else None
    return saved


def _wrong(name: str, sign: str, literal: Literal, holds: AnswerKind | Names | None) -> str | None:
    if isinstance(literal.value, str) and sign not in ("=", "!="):
        return f"words have no order, so `{name} {sign}` needs a number"
    if isinstance(holds, frozenset):
        if literal.value not in holds:
            return f"no option saves {_written(literal)} in `{name}`; there are {', '.join(sorted(holds))}"
    elif holds in _NUMBERS and not isinstance(literal.value, Decimal):
        return f"`{name}` is a number, {_written(literal)} is none"
    elif holds in _WORDS and not isinstance(literal.value, str):
        return f"`{name}` is words, {_written(literal)} is none: write it in quotes"
    elif holds is not None and holds not in (*_NUMBERS, *_WORDS):
        return f"`{name}` is a {holds.value}: only `known({name})` can be asked"
    return None


def _written(literal: Literal) -> str:
    return f"`{literal.value}`".lower() if isinstance(literal.value, bool) else f"`{literal.value}`"
