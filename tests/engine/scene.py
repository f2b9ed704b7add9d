"""A place for flows to play in: a setting, sessions, and values and effects in a form that tables can hold."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from bot.domain.contact import ContactId
from bot.domain.message import Entity, Understanding
from bot.domain.session import Return, Session, SessionId, SessionStatus
from bot.domain.values import Evidence, Money, Period, Position, Value
from bot.engine.effects import (
    Answered,
    Begun,
    Call,
    Called,
    Effect,
    Event,
    GivenBack,
    Handoff,
    Lapsed,
    Say,
    Setting,
    Start,
)
from bot.engine.flow import Flow
from bot.engine.loader import read_flow

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LANGUAGES = (("en", "English"), ("es", "Español"), ("ne", "नेपाली"), ("ar", "العربية"))
LABELS = {
    "Yes": ("Sí", "हो", "نعم"),
    "No": ("No", "होइन", "لا"),
    "Skip": ("Omitir", "छोड्नुहोस्", "تخطي"),
    "I don't know": ("No sé", "थाहा छैन", "لا أعرف"),
    "Unpaid wages": ("Salario no pagado",),
}


def setting(now: datetime = NOW, language: str = "en") -> Setting:
    return Setting(
        now=now,
        language=language,
        region="BR",
        currency="BRL",
        timezone="America/Sao_Paulo",
        labels=lambda label: LABELS.get(label, ()),
        languages=LANGUAGES,
    )


def flow_of(source: str) -> Flow:
    """A flow that has no problems, from its YAML."""
    name = source.split("flow:", 1)[1].split(maxsplit=1)[0]
    flow, problems = read_flow(source.encode(), f"flows/{name}.yml")
    assert flow is not None, [str(problem) for problem in problems]
    return flow


def flows_of(*sources: str) -> dict[str, Flow]:
    return {flow.name: flow for flow in map(flow_of, sources)}


def steps(*lines: str, name: str = "sample", head: str = "") -> str:
    """A flow's YAML from the lines of its steps."""
    return f"flow: {name}\nversion: 1\nabout: A sample.\n{head}steps:\n" + "\n".join(lines) + "\n"


def session(flow: str, step: str = "", **changes: Any) -> Session:
    values: dict[str, Any] = {
        "id": SessionId("s1"),
        "contact": ContactId("c1"),
        "flow": flow,
        "version": 1,
        "step": step,
        "status": SessionStatus.WAITING if step else SessionStatus.RUNNING,
        "started_at": NOW,
        "waits_until": NOW + timedelta(days=1) if step else None,
        **changes,
    }
    return Session(**values)


def read_table(path: Path) -> Any:
    """A YAML file as flow files are read: a question mark may stand in `{say: Who is there?}`."""
    return yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)


# --- tables -------------------------------------------------------------------------------------------------------


def event_of(written: Any) -> Event:
    """An event from a table: `begun`, `lapsed`, `given_back`, {answered: ...}, {called: outcome, values: ...}."""
    if isinstance(written, str):
        return {"begun": Begun(), "lapsed": Lapsed(), "given_back": GivenBack()}[written]
    if "begun" in written:
        return Begun(answers={name: value_of(value) for name, value in written["begun"].items()})
    if "called" in written:
        return Called(
            outcome=written["called"],
            values={name: value_of(value) for name, value in written.get("values", {}).items()},
        )
    return answered_of(written["answered"])


def answered_of(written: Any) -> Answered:
    """A text alone, or a mapping of what was sent."""
    if isinstance(written, str):
        return Answered(text=written)
    return Answered(
        text=str(written.get("text", "")),
        choice=written.get("choice"),
        position=position_of(written["position"]) if "position" in written else None,
        evidence=tuple(Evidence(document_id=name, kind=kind) for name, kind in written.get("evidence", [])),
        phone=written.get("phone"),
        understanding=Understanding(
            ranking=tuple((intent, float(sure)) for intent, sure in written.get("means", [])),
            entities=tuple(Entity(kind=kind, value=value_of(value)) for kind, value in written.get("entities", [])),
        ),
    )


def position_of(written: list[float]) -> Position:
    return Position(latitude=written[0], longitude=written[1])


def value_of(written: Any) -> Value:
    if isinstance(written, dict) and "position" in written:
        return position_of(written["position"])
    if isinstance(written, dict) and "money" in written:
        value, currency = written["money"].split()
        return Money(value=Decimal(value), currency=currency)
    return Decimal(str(written)) if isinstance(written, float) else written


def session_of(written: Mapping[str, Any], flow: str) -> Session:
    """A session from a table: `at` a step, with answers, tries, returns."""
    changes: dict[str, Any] = {
        "answers": {name: value_of(value) for name, value in written.get("answers", {}).items()},
        "returns": tuple(Return(flow=back[0], step=back[1]) for back in written.get("returns", [])),
    }
    changes |= {name: written[name] for name in ("tries", "is_reminded", "version") if name in written}
    if "status" in written:
        changes["status"] = SessionStatus(written["status"])
    if "waits_minutes" in written:
        changes["waits_until"] = NOW + timedelta(minutes=written["waits_minutes"])
    return session(written.get("flow", flow), written.get("at", ""), **changes)


def plain(value: Value) -> Any:
    """A value as tables write it."""
    match value:
        case Money():
            return f"{value.value:f} {value.currency}"
        case Position():
            return f"{value.latitude}, {value.longitude}"
        case Evidence():
            return f"{value.kind} {value.document_id}"
        case Period():
            return f"{value.count} {value.unit}"
        case Decimal():
            return int(value) if value == int(value) else float(value)
        case date():
            return value.isoformat()
        case _:
            return value


def written_effect(effect: Effect) -> dict[str, Any]:
    """An effect as tables write it, without what is empty."""
    match effect:
        case Say():
            told: dict[str, Any] = {
                "say": effect.text.msgid,
                "plural": effect.text.plural,
                "with": {name: plain(value) for name, value in effect.variables.items()},
                "choices": [f"{choice.payload} {choice.label}" for choice in effect.choices],
                "literal": any(choice.is_literal for choice in effect.choices),
                "asks_position": effect.asks_position,
            }
        case Call():
            told = {"call": effect.action, "with": {name: plain(value) for name, value in effect.arguments.items()}}
        case Handoff():
            told = {"handoff": effect.topic.value, "urgency": effect.urgency.name.lower()}
        case Start():
            told = {"start": effect.flow}
    return {key: value for key, value in told.items() if value not in (None, {}, [], False)}
