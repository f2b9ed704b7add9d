"""Owns reading flow files: YAML to Flow, with every problem told by file and line."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import yaml

from bot.domain.errors import ConfigurationError
from bot.engine import flow as made
from bot.engine.document import Node, Report, compose
from bot.engine.flow import END, Flow, Problem, Step, Target, Triggers, payload
from bot.engine.grammar import FLOW, KINDS, MAX_STEPS
from bot.engine.scalars import NAME, WRONG
from bot.engine.shapes import Fields, Record

MAX_PAYLOAD_BYTES = 64  # Telegram's callback_data


def load_flows(folder: Path) -> Mapping[str, Flow]:
    """The flows of a folder by name; raises ConfigurationError with every problem."""
    flows, problems = read_flows(folder)
    if problems:
        raise ConfigurationError([str(problem) for problem in problems])
    return flows


def read_flows(folder: Path) -> tuple[Mapping[str, Flow], tuple[Problem, ...]]:
    """The flows of a folder that could be read, and what is wrong with it; files are named `folder/file.yml`."""
    flows: dict[str, Flow] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.y*ml")):
        flow, found = read_flow(path.read_bytes(), f"{folder.name}/{path.name}")
        problems += found
        if flow is not None:
            flows[flow.name] = flow
    if not flows and not problems:
        problems.append(Problem(file=folder.name, line=1, message="there is no flow here: add a .yml file"))
    return flows, (*problems, *lost_flows(flows, unread=frozenset(Path(problem.file).stem for problem in problems)))


def lost_flows(flows: Mapping[str, Flow], *, unread: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """Flows that are named by `run` or `start` and do not exist."""
    for flow in flows.values():
        for line, name in _named_flows(flow):
            if name not in flows and name not in unread:
                yield Problem(file=flow.file, line=line, message=f"there is no flow `{name}`")


def _named_flows(flow: Flow) -> Iterator[tuple[int, str]]:
    for step in flow.steps:
        if isinstance(step, made.Run | made.Start):
            yield step.line, step.flow
        elif isinstance(step, made.Choose):
            yield from ((option.line, option.start) for option in step.options if option.start)


@lru_cache(maxsize=128)
def read_flow(source: bytes, file: str) -> tuple[Flow | None, tuple[Problem, ...]]:
    """One flow; None when any problem was found. The same source is read once in a process."""
    report = Report(file=file)
    root = compose(source, report)
    flow = _flow(root, report) if root is not None else None
    problems = tuple(sorted(set(report.problems)))
    return (None if problems else flow), problems


def _flow(root: yaml.MappingNode, report: Report) -> Flow | None:
    steps_node = next((value for key, value in root.value if getattr(key, "value", None) == "steps"), None)
    head = _head(root).read(root, report)
    ids, steps = _steps(steps_node, report) if steps_node is not None else ((), ())
    _lost_steps(steps, frozenset(ids), report)
    _unfit_options(steps, report)
    if head is WRONG or not steps:
        return None
    flow = Flow(
        name=head["flow"],
        title=head.get("title", ""),
        version=head["version"],
        about=head["about"],
        is_life=head.get("urgency", False),
        is_discreet=head.get("discreet", False),
        triggers=_triggers(head.get("triggers")),
        takes=head.get("takes", ()),
        steps=steps,
        file=report.file,
        line=head.line,
    )
    if Path(report.file).stem != flow.name:
        report.wrong(
            head.lines["flow"],
            f"the flow is called `{flow.name}`, its file {Path(report.file).name}: give both one name",
        )
    return flow


def _triggers(fields: Fields | None) -> Triggers:
    if fields is None:
        return Triggers()
    return Triggers(intents=fields.get("intents", ()), words=fields.get("words", {}), line=fields.line)


class _Anything:
    """Steps are read one by one, by their kind."""

    def read(self, node: Node, report: Report) -> object:
        return node

    def schema(self) -> dict[str, object]:
        return {}


def _head(root: yaml.MappingNode) -> Record:
    keys = {**FLOW.keys, "steps": replace(FLOW.keys["steps"], shape=_Anything())}
    return Record(what=FLOW.what, keys=keys)


# --- steps --------------------------------------------------------------------------------------------------------


def _steps(node: Node, report: Report) -> tuple[tuple[str, ...], tuple[Step, ...]]:
    """The ids of all steps, and the steps that could be read."""
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        report.wrong(node, "`steps` is a list: lines that begin with `- `")
        return (), ()
    if len(node.value) > MAX_STEPS:
        report.wrong(node, f"a flow may have {MAX_STEPS} steps, this has {len(node.value)}: make two flows of it")
        return (), ()
    ids = tuple(_id(item, place) for place, item in enumerate(node.value, start=1))
    _repeated_ids(node, ids, report)
    read = [_step(item, step_id, report) for item, step_id in zip(node.value, ids, strict=True)]
    return ids, tuple(step for step in read if step is not None)


def _id(node: Node, place: int) -> str:
    given = next((value for key, value in _children(node) if getattr(key, "value", None) == "id"), None)
    text = given.value.strip() if isinstance(given, yaml.ScalarNode) else ""
    return text if re.fullmatch(NAME, text) else f"#{place}"


def _children(node: Node) -> list[tuple[Node, Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


def _repeated_ids(node: yaml.SequenceNode, ids: tuple[str, ...], report: Report) -> None:
    seen: Counter[str] = Counter()
    for item, step_id in zip(node.value, ids, strict=True):
        seen[step_id] += 1
        if seen[step_id] == 2:
            report.wrong(item, f"two steps have the id `{step_id}`")
        if step_id == END:
            report.wrong(item, "`end` is the step that every flow has already: take another id")


def _step(node: Node, step_id: str, report: Report) -> Step | None:
    kind = _kind(node, report)
    if kind is None:
        return None
    fields = KINDS[kind].record.read(node, report)
    return None if fields is WRONG else KINDS[kind].build(fields, step_id, report)


def _kind(node: Node, report: Report) -> str | None:
    """The one key that says what a step does: `go` does so only where nothing else does."""
    if not isinstance(node, yaml.MappingNode):
        report.wrong(node, "a step is `key: value` lines, such as `say: ...`")
        return None
    words = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value in KINDS]
    deeds = [word for word in dict.fromkeys(words) if word != "go"] or list(dict.fromkeys(words))
    if len(deeds) == 1:
        return str(deeds[0])
    if deeds:
        report.wrong(
            node, f"a step does one thing, this has {' and '.join(f'`{word}`' for word in deeds)}: make steps of it"
        )
    else:
        report.wrong(node, f"a step needs one of {', '.join(KINDS)}")
    return None


# --- references ---------------------------------------------------------------------------------------------------


def targets(step: Step) -> tuple[Target, ...]:
    """Every step that this one names."""
    found: list[Target | None] = [step.go]
    if isinstance(step, made.Ask | made.Choose):
        found += [step.patience.otherwise, step.patience.timeout_go]
    if isinstance(step, made.Choose):
        found += [option.go for option in step.options]
    if isinstance(step, made.Branch):
        found += [*(case.go for case in step.cases), step.otherwise]
    if isinstance(step, made.Call):
        found += step.outcomes.values()
    return tuple(target for target in found if target is not None)


def _lost_steps(steps: Iterable[Step], ids: frozenset[str], report: Report) -> None:
    for step in steps:
        for target in targets(step):
            if target.step not in ids and target.step != END:
                report.wrong(target.line, f"there is no step `{target.step}` in this flow")


def _unfit_options(steps: Iterable[Step], report: Report) -> None:
    for step in steps:
        seen: set[str] = set()
        options = step.options if isinstance(step, made.Choose) else ()
        for option in options:
            if option.if_asked is not None and option.if_asked not in {one.value for one in options}:
                report.wrong(option.line, f"there is no option with the value `{option.if_asked}`")
            if option.value in seen:
                report.wrong(option.line, f"two options have the value `{option.value}`")
            seen.add(option.value)
            size = len(payload(Path(report.file).stem, step.id, option.value).encode())
            if size > MAX_PAYLOAD_BYTES:
                message = f"flow, step and value have {size} bytes, a button carries {MAX_PAYLOAD_BYTES}: shorten one"
                report.wrong(option.line, message)
