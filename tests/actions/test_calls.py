"""What the flows ask of actions is there to be had: kinds of places, topics, urgencies."""

import pytest

from actions.cases import _topic, _urgency
from actions.places import kinds
from bot.engine import flow as made
from bot.engine.loader import load_flows
from tests.stand import ROOT

FLOWS = load_flows(ROOT / "flows")
CALLS = [(name, step) for name, flow in FLOWS.items() for step in flow.steps if isinstance(step, made.Call)]


def given(action: str) -> list[tuple[str, made.Call]]:
    return [(f"{name}:{step.line}", step) for name, step in CALLS if step.action == action]


def literal(step: made.Call, name: str) -> object:
    argument = step.arguments.get(name)
    return getattr(argument, "value", argument)


def test_flows_call_actions_at_all() -> None:
    assert len(given("find_places")) > 5
    assert len(given("open_case")) > 5


@pytest.mark.parametrize(("where", "step"), given("find_places"))
def test_every_kind_of_place_that_a_flow_asks_for_exists(where: str, step: made.Call) -> None:
    assert kinds(literal(step, "kind")), where  # type: ignore[arg-type]


@pytest.mark.parametrize(("where", "step"), given("open_case"))
def test_every_topic_and_urgency_that_a_flow_names_exists(where: str, step: made.Call) -> None:
    assert _topic(literal(step, "topic")), where  # type: ignore[arg-type]
    assert _urgency(literal(step, "urgency")), where  # type: ignore[arg-type]
