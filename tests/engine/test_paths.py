"""Proves what is found on a flow's ways: lost steps, dead ends, circles, unknown variables; and its drawing."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from bot.engine import graph, variables
from bot.engine.drawing import draw
from bot.engine.flow import Flow, Problem
from bot.engine.variables import World
from tests.engine.scene import flow_of, flows_of, read_table, steps

WORLD = World(flows={}, values={"find": frozenset({"places_text"})}, given=frozenset({"emergency_number"}))


def told(problems: Iterable[Problem]) -> list[tuple[int, str, bool]]:
    return [(problem.line, problem.message, problem.is_note) for problem in sorted(problems)]


TABLE: dict[str, list[dict[str, Any]]] = read_table(Path(__file__).with_name("paths.yml"))


@pytest.mark.parametrize("way", TABLE["ways"], ids=[way["name"] for way in TABLE["ways"]])
def test_lost_steps_dead_ends_and_circles_are_told_by_line(way: dict[str, Any]) -> None:
    assert [line for line, _, _ in told(graph.problems(flow_of(steps(way["steps"]))))] == way["lines"]


@pytest.mark.parametrize("use", TABLE["uses"], ids=[use["name"] for use in TABLE["uses"]])
def test_variables_used_too_early_are_told_by_line(use: dict[str, Any]) -> None:
    head = "takes: [nationality]\n" if "nationality" in use["steps"] else ""
    flow = flow_of(steps(use["steps"].rstrip(), "- end: true", head=head))
    found = told(variables.problems(flow, WORLD))
    assert [(line, is_note) for line, _, is_note in found] == [
        (expected["line"], expected.get("note", False)) for expected in use["told"]
    ]
    for (_, message, _), expected in zip(found, use["told"], strict=True):
        assert expected["says"] in message


def test_what_a_sub_flow_surely_sets_is_known_after_it_and_what_it_may_set_perhaps() -> None:
    flows = flows_of(
        steps("- run: inner", "- say: '{sure} {perhaps}'", "- end: true", name="outer"),
        steps(
            "- ask: Sure?", "  save: sure", "- ask: Perhaps?", "  save: perhaps", "  optional: true", "- end: true",
            name="inner",
        ),
    )  # fmt: skip
    found = told(variables.problems(flows["outer"], World(flows=flows)))
    assert [(line, is_note) for line, _, is_note in found] == [(6, True)]
    assert "`perhaps` may be unknown" in found[0][1]


def test_sub_flows_that_run_each_other_do_not_make_the_check_run_for_ever() -> None:
    flows = flows_of(
        steps("- run: b", "- say: '{x}'", "- end: true", name="a"), steps("- run: a", "- end: true", name="b")
    )
    assert [line for line, _, _ in told(variables.problems(flows["a"], World(flows=flows)))] == [6]


COMPARISONS = [
    ("months = 'six'", "`months` is a number, `six` is none"),
    ("months > 'six'", "words have no order"),
    ("months = true", "`months` is a number, `true` is none"),
    ("name = 3", "`name` is words"),
    ("name > 3", "`name` is words"),
    ("name < 'b'", "words have no order"),
    ("sure = 'maybe'", "no option saves `maybe` in `sure`; there are no, yes"),
    ("sure in ['yes', 'perhaps']", "no option saves `perhaps`"),
    ("sure = 1", "no option saves `1`"),
    ("where = 'here'", "`where` is a place: only `known(where)`"),
    ("photo = 'x'", "`photo` is a photo"),
]


@pytest.mark.parametrize(("condition", "says"), COMPARISONS)
def test_comparisons_that_can_never_hold_are_told(condition: str, says: str) -> None:
    found = told(variables.problems(_compared(condition), WORLD))
    assert [line for line, _, _ in found] == [14]
    assert says in found[0][1]


@pytest.mark.parametrize(
    "condition",
    ["months > 6", "amount < 10", "name = 'x'", "sure = 'yes'", "sure != 'no'", "known(photo)", "months in [1, 2]"],
)
def test_comparisons_that_can_hold_are_not_told(condition: str) -> None:
    assert told(variables.problems(_compared(condition), WORLD)) == []


def _compared(condition: str) -> Flow:
    asked = [("months", "number"), ("amount", "amount"), ("name", "text"), ("where", "place"), ("photo", "photo")]
    lines = [f"- {{ask: {name}, as: {kind}, save: {name}}}" for name, kind in asked]
    lines += ["- choose: sure", "  save: sure", "  options: [{label: Y, value: yes}, {label: N, value: no}]"]
    return flow_of(steps(*lines, "- branch:", f'  - {{when: "{condition}", go: end}}', "- end: true"))


# --- drawing ------------------------------------------------------------------------------------------------------


def test_a_drawing_has_every_step_every_way_and_no_loose_end() -> None:
    flow = flow_of(
        steps(
            '- say: Say "this"#1 <b>now</b> and go on for a while so that the line must be broken.',
            "- id: sure",
            "  choose: Sure?",
            "  options:",
            "  - {label: 'Yes', value: yes, go: end}",
            "  - {label: Tell more, value: more, start: menu}",
            "  - {label: Back, value: back, go: top}",
            "- id: top",
            "  branch: [{when: sure = 'x' and known(y), go: sure}]",
            "- handoff: {topic: person}",
            "- call: find",
            "  outcomes: {found: jump, failed: sure}",
            "- id: jump",
            "  go: sure",
        )
    )
    drawing = draw(flow)
    assert drawing.splitlines()[1] == "flowchart TD"
    boxes = set(re.findall(r"^    (\w+)(?=[\[({])", drawing, re.M))
    arrows = re.findall(r"^    (\w+) -->(?:\|\"[^\"]*\"\|)? (\w+)", drawing, re.M)
    assert {"s_n1", "s_sure", "s_top", "s_n4", "s_n5", "s_end"} == boxes
    assert {end for arrow in arrows for end in arrow} <= boxes | {"flow_menu"}
    assert ("s_n5", "s_sure") in arrows
    assert '"this"' not in drawing
    assert "#quot;this#quot;#35;1" in drawing
