"""Proves that a flow file is read as it was meant, and that every mistake in one is told with its line."""

from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import ConfigurationError
from bot.engine.flow import Ask, Call, Choose, Say, Variable
from bot.engine.grammar import MAX_STEPS
from bot.engine.loader import load_flows, read_flow, read_flows
from tests.engine.scene import flow_of, read_table, steps

BROKEN: list[dict[str, Any]] = read_table(Path(__file__).parent / "broken_flows.yml")


def source_of(broken: dict[str, Any]) -> str:
    flow = str(broken["flow"])
    return steps(flow.rstrip("\n"), name="x") if flow.startswith("- ") and "flow:" not in flow else flow


@pytest.mark.parametrize("broken", BROKEN, ids=[broken["name"] for broken in BROKEN])
def test_a_mistake_is_told_with_its_line_and_nothing_else_is_told(broken: dict[str, Any]) -> None:
    flow, problems = read_flow(source_of(broken).encode(), "flows/x.yml")
    assert flow is None
    assert [problem.line for problem in problems] == [broken["line"]], [str(problem) for problem in problems]
    assert broken["says"] in problems[0].message
    assert str(problems[0]).startswith(f"flows/x.yml:{broken['line']}: ")


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    source = "flow: x\nverison: 1\nabout: x\nsteps:\n- sya: a\n- say: {b}\n- go: lost\n- ask: Who?\n  as: thing\n"
    _, problems = read_flow(source.encode(), "flows/x.yml")
    assert [problem.line for problem in problems] == [1, 2, 5, 6, 7, 8, 9]


def test_words_that_yaml_would_change_are_kept_as_they_were_typed() -> None:
    flow = flow_of(
        steps(
            "- say: 1.0",
            "- say: 2026-01-01",
            "- choose: no",
            "  options:",
            "  - {label: Yes, value: yes}",
            "  - {label: No, value: no}",
            "- end: yes",
        )
    )
    texts = [step.wording.text.msgid for step in flow.steps if isinstance(step, Say | Choose)]
    assert texts == ["1.0", "2026-01-01", "no"]
    choose = flow.steps[2]
    assert isinstance(choose, Choose)
    assert [(option.label, option.value) for option in choose.options] == [("Yes", "yes"), ("No", "no")]


def test_a_text_of_several_lines_keeps_them_and_loses_the_space_around() -> None:
    flow = flow_of(steps("- say: |", "    Go up.", "    Stay off the road.", "", "- end: true"))
    step = flow.first
    assert isinstance(step, Say)
    assert step.wording.text.msgid == "Go up.\nStay off the road."


def test_arguments_are_words_numbers_truths_or_variables() -> None:
    flow = flow_of(
        steps(
            '- call: find\n  with: {a: shelter, b: 3, c: 0.5, d: true, e: "{position}", f: "7", g: yes}', "- end: true"
        )
    )
    step = flow.first
    assert isinstance(step, Call)
    assert {name: str(value) for name, value in step.arguments.items() if name != "e"} == {
        "a": "shelter", "b": "3", "c": "0.5", "d": "True", "f": "7", "g": "yes"
    }  # fmt: skip
    assert (type(step.arguments["b"]), type(step.arguments["f"])) == (int, str)
    assert step.arguments["e"] == Variable(name="position")


def test_a_number_sign_in_quotes_or_within_a_word_is_text_and_a_comment_elsewhere_is_free() -> None:
    flow = flow_of(
        steps('- say: "Press #1"', "- say: C#minor", "- go: last # jumps", "- id: last # the last", "  end: true")
    )
    assert [step.wording.text.msgid for step in flow.steps if isinstance(step, Say)] == ["Press #1", "C#minor"]


def test_steps_know_their_lines_and_those_without_an_id_are_named_by_their_place() -> None:
    flow = flow_of(steps("- say: a", "- id: who", "  ask: Who?", "  save: who", "- end: true"))
    assert [(step.id, step.line, step.is_named) for step in flow.steps] == [
        ("#1", 5, False),
        ("who", 6, True),
        ("#3", 9, False),
    ]
    ask = flow.steps[1]
    assert isinstance(ask, Ask)
    assert ask.wording.line == 7


def test_a_flow_keeps_to_its_number_of_steps() -> None:
    flow, problems = read_flow(steps(*["- say: a"] * (MAX_STEPS + 1), name="x").encode(), "flows/x.yml")
    assert flow is None
    assert [problem.line for problem in problems] == [5]
    assert "make two flows of it" in problems[0].message


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake() -> None:
    source = steps("- say: नमस्ते", "- end: true", name="x").replace("\n", "\r\n")
    flow, problems = read_flow(b"\xef\xbb\xbf" + source.encode(), "flows/x.yml")
    assert (problems, flow is not None) == ((), True)


# --- folders ------------------------------------------------------------------------------------------------------


def write(folder: Path, **sources: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, source in sources.items():
        (folder / f"{name}.yml").write_text(source, "utf-8")
    return folder


def test_a_folder_of_flows_is_read_by_name(tmp_path: Path) -> None:
    folder = write(tmp_path / "flows", a=steps("- run: b", "- start: b", name="a"), b=steps("- end: true", name="b"))
    assert list(load_flows(folder)) == ["a", "b"]
    assert load_flows(folder)["a"].file == "flows/a.yml"


def test_flows_that_are_named_but_not_there_are_told(tmp_path: Path) -> None:
    options = "- choose: Which?\n  options:\n  - {label: a, value: a, start: lost}"
    folder = write(tmp_path / "flows", a=steps("- run: gone", options, "- start: gone", name="a"))
    _, problems = read_flows(folder)
    assert [(problem.line, problem.message) for problem in problems] == [
        (5, "there is no flow `gone`"),
        (8, "there is no flow `lost`"),
        (9, "there is no flow `gone`"),
    ]


def test_a_flow_that_could_not_be_read_is_not_said_to_be_missing(tmp_path: Path) -> None:
    folder = write(tmp_path / "flows", a=steps("- start: b", name="a"), b=steps("- say: {", name="b"))
    _, problems = read_flows(folder)
    assert [problem.file for problem in problems] == ["flows/b.yml"]


def test_loading_refuses_a_folder_with_any_problem_and_tells_all(tmp_path: Path) -> None:
    folder = write(tmp_path / "flows", a=steps("- sya: x", name="a"), b=steps("- say: {b}", name="b"))
    with pytest.raises(ConfigurationError) as refused:
        load_flows(folder)
    assert [problem.split(": ")[0] for problem in refused.value.problems] == ["flows/a.yml:5", "flows/b.yml:5"]


def test_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no flow here"):
        load_flows(tmp_path)
