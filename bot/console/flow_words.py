"""Owns the words of a flow's steps: what each does and where it leads, as a list says it and a drawing shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.console.words import N_, Words
from bot.engine import flow as made
from bot.engine.flow import END, Flow, Step
from bot.engine.graph import Edge, edges
from bot.i18n import placeholders

KINDS: Final = {
    "say": N_("Says"),
    "ask": N_("Asks"),
    "choose": N_("Lets choose"),
    "branch": N_("Decides by itself"),
    "call": N_("Does"),
    "run": N_("Goes through another flow and comes back"),
    "start": N_("Begins another flow"),
    "handoff": N_("Opens a case for a person"),
    "go": N_("Goes on elsewhere"),
    "end": N_("Ends"),
}
_LABELS: Final = {
    "else": N_("otherwise"),
    "not understood": N_("not understood"),
    "no answer": N_("no answer"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where a step leads: to a step of this flow, to its end, or to another flow; `label` says when."""

    label: str
    step: str = ""
    flow: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step; `anchor` is fit for an address, `place` its number in the file."""

    id: str
    place: int
    kind: str
    text: str
    ways: tuple[Way, ...]

    @property
    def anchor(self) -> str:
        return anchor(self.id)

    @property
    def name(self) -> str:
        return str(self.place) if self.id.startswith("#") else f"{self.place} · {self.id}"


def anchor(step: str) -> str:
    return f"step-{step.replace('#', 'n')}"


def rows(flow: Flow, _: Words) -> tuple[Row, ...]:
    """The flow's steps in their order, what is said to contacts in the reader's language where it is translated."""
    leading = edges(flow)
    return tuple(
        Row(
            id=step.id,
            place=place,
            kind=type(step).__name__.lower(),
            text=_text(step, _),
            ways=tuple(_ways(step, [way for way in leading if way.source == step.id], _)),
        )
        for place, step in enumerate(flow.steps, 1)
    )


def said(msgid: str, _: Words) -> str:
    """A text to contacts, its variables left as they are written."""
    kept = {name: f"{{{name}}}" for name in placeholders(msgid)}
    return _.catalogs.text(msgid, _.language, domain="flows", isolate=False, **kept)


def _text(step: Step, _: Words) -> str:
    match step:
        case made.Say() | made.Ask() | made.Choose():
            return said(step.wording.text.msgid, _)
        case made.Call():
            return step.action
        case made.Run() | made.Start():
            return step.flow
        case made.Handoff():
            return f"{step.topic.value} · {step.urgency.name.lower()}"
        case _:
            return ""


def _ways(step: Step, leading: list[Edge], _: Words) -> Iterator[Way]:
    for edge in leading:
        label = _(_LABELS[edge.label]) if edge.label in _LABELS else _label(step, edge.label, _)
        yield Way(label=label, step="" if edge.target == END else edge.target)
    if isinstance(step, made.Choose):
        yield from (Way(label=said(option.label, _), flow=option.start) for option in step.options if option.start)
    if isinstance(step, made.Start | made.Run):
        yield Way(label="", flow=step.flow)


def _label(step: Step, label: str, _: Words) -> str:
    """An option's label is said to contacts; a condition or an outcome is the file's own."""
    return said(label, _) if label and isinstance(step, made.Choose) else label
