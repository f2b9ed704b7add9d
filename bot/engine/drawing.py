"""Owns a flow's drawing in Mermaid: one box a step, one arrow a way."""

import textwrap
from collections.abc import Iterator

from bot.engine import flow as made
from bot.engine.flow import END, Flow, Step
from bot.engine.graph import Edge, edges

_WIDTH = 32  # characters a line of a box


def draw(flow: Flow) -> str:
    """The flow as a Mermaid flowchart."""
    ways = edges(flow)
    lines = [
        f"%% {flow.about}",
        "flowchart TD",
        *(f"    {_box(step)}" for step in flow.steps if not isinstance(step, made.Go)),
        *_arrows(flow, ways),
    ]
    if any(edge.target == END for edge in ways) or any(isinstance(step, made.End) for step in flow.steps):
        lines.append(f"    {_node(END)}((end))")
    return "\n".join(lines) + "\n"


def _arrows(flow: Flow, ways: tuple[Edge, ...]) -> Iterator[str]:
    """Jumps are drawn as the arrows they are, flows that begin as boxes of their own."""
    jumps = {step.id: flow.after(step) for step in flow.steps if isinstance(step, made.Go)}
    for edge in ways:
        if edge.source not in jumps:
            label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
            yield f"    {_node(edge.source)} -->{label} {_node(_landing(edge.target, jumps))}"
    for step in flow.steps:
        if isinstance(step, made.End):
            yield f"    {_node(step.id)} --> {_node(END)}"
        if isinstance(step, made.Choose):
            yield from (
                f'    {_node(step.id)} -->|"{_escaped(option.label)}"| flow_{option.start}[["{option.start}"]]'
                for option in step.options
                if option.start
            )


def _landing(target: str, jumps: dict[str, str]) -> str:
    for _ in range(len(jumps)):
        target = jumps.get(target, target)
    return target


def _node(step: str) -> str:
    return f"s_{step.replace('#', 'n')}"


def _box(step: Step) -> str:
    opening, text, closing = _shape(step)
    label = "<br>".join(_escaped(line) for line in textwrap.wrap(text, _WIDTH))
    title = f"<b>{step.id}</b><br>" if step.is_named else ""
    return f'{_node(step.id)}{opening}"{title}{label}"{closing}'


def _shape(step: Step) -> tuple[str, str, str]:
    match step:
        case made.Ask():
            return "[/", f"{step.wording.text.msgid} ({step.kind.value})", "/]"
        case made.Choose():
            return "[/", step.wording.text.msgid, "/]"
        case made.Branch():
            return "{", "?", "}"
        case made.Call():
            return "[[", f"call {step.action}", "]]"
        case made.Run() | made.Start():
            return "[[", f"{'run' if isinstance(step, made.Run) else 'start'} {step.flow}", "]]"
        case made.Handoff():
            return "{{", f"a person: {step.topic.value} ({step.urgency.name.lower()})", "}}"
        case made.Say():
            return "[", step.wording.text.msgid, "]"
        case _:
            return "[", "end", "]"


def _escaped(text: str) -> str:
    """Mermaid's own entities for what would end a label or read as markup."""
    marks = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", "\n": " "}
    return "".join(marks.get(character, character) for character in text)
