"""Proves every step kind by tables: a flow, a session and an event lead to a session and its effects."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.engine.flow import AnswerKind, Ask
from bot.engine.grammar import KINDS
from bot.engine.interpreter import advance
from tests.engine.scene import NOW, event_of, flows_of, plain, read_table, session_of, setting, written_effect

FOLDER = Path(__file__).parent / "cases"
TABLES: dict[str, dict[str, Any]] = {path.stem: read_table(path) for path in sorted(FOLDER.glob("*.yml"))}
CASES = [
    pytest.param(table, case, id=f"{name}: {case['name']}") for name, table in TABLES.items() for case in table["cases"]
]


@pytest.mark.parametrize(("table", "case"), CASES)
def test_an_event_leads_to_the_session_and_the_effects_of_the_table(
    table: dict[str, Any], case: dict[str, Any]
) -> None:
    flows = flows_of(*table["flows"])
    before = session_of(case.get("session", {}), next(iter(flows)))
    after = advance(flows, before, event_of(case["event"]), setting(language=case.get("language", "en")))
    expected = case["then"]
    assert [written_effect(effect) for effect in after.effects] == expected.get("effects", [])
    assert after.session.status.value == expected.get("status", "waiting")
    if "at" in expected:
        assert after.session.step == expected["at"]
    for field in ("flow", "tries", "is_reminded"):
        if field in expected:
            assert getattr(after.session, field) == expected[field]
    if "answers" in expected:
        assert {name: plain(value) for name, value in after.session.answers.items()} == expected["answers"]
    if "returns" in expected:
        assert [[back.flow, back.step] for back in after.session.returns] == expected["returns"]
    if "waits_minutes" in expected:
        assert after.session.waits_until is not None
        assert (after.session.waits_until - NOW).total_seconds() / 60 == expected["waits_minutes"]


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_step_kind_has_cases_of_its_own(kind: str) -> None:
    assert kind in TABLES, f"write tests/engine/cases/{kind}.yml"
    sources = [yaml.load(source, yaml.CSafeLoader) for source in TABLES[kind]["flows"]]
    assert any(kind in step for source in sources for step in source["steps"])
    assert TABLES[kind]["cases"]


@pytest.mark.parametrize("kind", list(AnswerKind))
def test_every_kind_of_answer_has_a_case_that_reads_it(kind: AnswerKind) -> None:
    asked = {
        step.id
        for flow in flows_of(*TABLES["ask"]["flows"]).values()
        for step in flow.steps
        if isinstance(step, Ask) and step.kind is kind
    }
    answered = {case["session"]["at"] for case in TABLES["ask"]["cases"] if case["then"].get("answers")}
    assert asked & answered
