"""Proves that the JSON Schema and the loader agree on what a flow file is."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from bot.engine.schema import flow_schema, schema_text
from tests.engine.scene import read_table
from tests.engine.test_loader import BROKEN, source_of

HERE = Path(__file__).parent
FLOWS = HERE.parents[1] / "flows"
VALIDATOR = Draft202012Validator(flow_schema())


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read: yes and 2026-01-01 are words, true is true."""


Core.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp", ":merge"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Core.add_implicit_resolver("tag:yaml.org,2002:bool", yaml.resolver.re.compile("^(true|false)$"), "tf")

SOUND = [source for path in sorted((HERE / "cases").glob("*.yml")) for source in read_table(path)["flows"]]
# Mistakes that no schema can see: they lie between keys, or in the file itself.
BEYOND = {
    "there is no step",
    "two steps have",
    "two options have",
    "there is no option",
    "its file",
    "a button carries",
    "min and max",
    "max is smaller",
}
BEYOND |= {
    "must come before",
    "not both",
    "cannot be read",
    "at character",
    "`else` stands",
    "a branch is",
    "is written twice",
    "`end` is the step",
}
BEYOND |= {
    "a variable in a text",
    "a variable stands alone",
    "anchors",
    "aliases",
    "tags",
    "not YAML",
    "one file holds",
    "U+",
}
BEYOND |= {"the text ends before", "Put quotes", "a key must be", "must be `key"}


def read(source: str) -> Any:
    loader = Core(source.replace("?", "."))  # Python's own reader takes a question mark in `{say: Who?}` for a key
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(flow_schema())


@pytest.mark.parametrize("source", SOUND, ids=[source.split()[1] for source in SOUND])
def test_it_accepts_sound_flows(source: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(read(source))] == []


@pytest.mark.parametrize("path", sorted(FLOWS.glob("*.yml")), ids=lambda path: path.stem)
def test_it_accepts_the_flows_of_the_house(path: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(read(path.read_text("utf-8")))] == []


SEEN = [broken for broken in BROKEN if not any(part in broken["says"] for part in BEYOND)]


@pytest.mark.parametrize("broken", SEEN, ids=[broken["name"] for broken in SEEN])
def test_it_refuses_broken_flows(broken: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(read(source_of(broken)))


def test_most_broken_flows_are_seen_by_the_schema_alone() -> None:
    assert len(SEEN) > len(BROKEN) / 2


def test_the_file_for_editors_is_that_of_the_format() -> None:
    assert (FLOWS / "schema.json").read_text("utf-8") == schema_text()
