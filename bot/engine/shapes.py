"""Owns the shapes that are made of others: texts with plurals, lists, mappings, records with known keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.engine.document import Node, Report, has_comment, line_of, pairs
from bot.engine.effects import Text
from bot.engine.flow import Wording
from bot.engine.scalars import PLACEHOLDER, WRONG, Line, Schema, Shape, name

# --- texts --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text for the worker: plain, or `{one: ..., other: ..., count: variable}`."""

    longest: int = 4000

    def read(self, node: Node, report: Report) -> Any:
        if isinstance(node, yaml.MappingNode):
            if all(isinstance(value, yaml.ScalarNode) and not value.value for _, value in node.value):
                report.wrong(node, "put quotes around a text that begins with `{`")
                return WRONG
            return self._plural(node, report)
        text = self._text(node, report)
        return WRONG if text is WRONG else Wording(text=Text(msgid=text), line=line_of(node))

    def _plural(self, node: yaml.MappingNode, report: Report) -> Any:
        form = _Form(self)
        fields = Record(
            what="a text with a plural",
            keys={"one": Key(form, True), "other": Key(form, True), "count": Key(name("a variable"), True)},
        ).read(node, report)
        if fields is WRONG:
            return WRONG
        text = Text(msgid=fields["one"], plural=fields["other"], count=fields["count"])
        return Wording(text=text, line=line_of(node))

    def _text(self, node: Node, report: Report) -> Any:
        text = Line(longest=self.longest).read(node, report)
        if text is WRONG:
            return WRONG
        if has_comment(node, report):
            report.wrong(node, "the text ends before ` #`: put quotes around it, or write the comment on its own line")
            return WRONG
        if any(brace in PLACEHOLDER.sub("", text) for brace in "{}"):
            report.wrong(node, "a variable in a text is written `{name}`, in small letters, digits and _")
            return WRONG
        return text

    def schema(self) -> Schema:
        plain = _Form(self).schema()
        return {
            "anyOf": [
                plain,
                {
                    "type": "object",
                    "properties": {"one": plain, "other": plain, "count": name("").schema()},
                    "required": ["one", "other", "count"],
                    "additionalProperties": False,
                },
            ]
        }


@dataclass(frozen=True, slots=True)
class _Form:
    """One form of a text."""

    words: Words

    def read(self, node: Node, report: Report) -> Any:
        return self.words._text(node, report)

    def schema(self) -> Schema:
        return Line(longest=self.words.longest).schema()


# --- lists and mappings -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    shape: Shape
    least: int = 0
    most: int = 100

    def read(self, node: Node, report: Report) -> Any:
        if not isinstance(node, yaml.SequenceNode):
            report.wrong(node, "expected a list: `[one, two]`, or lines that begin with `- `")
            return WRONG
        if not self.least <= len(node.value) <= self.most:
            report.wrong(node, f"expected {self.least} to {self.most} entries, found {len(node.value)}")
        values = [self.shape.read(item, report) for item in node.value]
        return WRONG if WRONG in values else tuple(values)

    def schema(self) -> Schema:
        return {"type": "array", "items": self.shape.schema(), "minItems": self.least, "maxItems": self.most}


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOf:
    """Keys of the author's choice, all values of one shape."""

    key: Line
    shape: Shape

    def read(self, node: Node, report: Report) -> Any:
        if not isinstance(node, yaml.MappingNode):
            report.wrong(node, f"expected `{{key: value}}` with {self.key.what} as key")
            return WRONG
        read = {
            self.key.read(key_node, report): self.shape.read(value, report)
            for _, key_node, value in pairs(node, report)
        }
        return WRONG if WRONG in read or WRONG in read.values() else read

    def schema(self) -> Schema:
        properties = {self.key.schema()["pattern"]: self.shape.schema()}
        return {"type": "object", "patternProperties": properties, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record."""

    shape: Shape
    is_required: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """A record that was read: the values of its keys with their lines."""

    values: Mapping[str, Any]
    lines: Mapping[str, int]
    line: int

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Keys that are known beforehand."""

    what: str
    keys: Mapping[str, Key] = field(default_factory=dict)

    def read(self, node: Node, report: Report) -> Any:
        if not isinstance(node, yaml.MappingNode):
            report.wrong(node, f"expected {self.what} as `key: value` lines")
            return WRONG
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, key_node, value in pairs(node, report):
            if key not in self.keys:
                report.wrong(key_node, f"{self.what} has no key `{key[:40]}`; it may have {', '.join(self.keys)}")
                continue
            values[key], lines[key] = self.keys[key].shape.read(value, report), line_of(key_node)
        missing = [key for key, spec in self.keys.items() if spec.is_required and key not in values]
        for key in missing:
            report.wrong(node, f"{self.what} needs `{key}`")
        if missing or WRONG in values.values():
            return WRONG
        return Fields(values=values, lines=lines, line=line_of(node))

    def schema(self) -> Schema:
        properties = {
            key: {**spec.shape.schema(), **({"description": spec.about} if spec.about else {})}
            for key, spec in self.keys.items()
        }
        required = [key for key, spec in self.keys.items() if spec.is_required]
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class WordOr:
    """One of a few fixed words, or another shape."""

    words: tuple[str, ...]
    other: Shape

    def read(self, node: Node, report: Report) -> Any:
        if isinstance(node, yaml.ScalarNode) and node.value in self.words:
            return node.value
        return self.other.read(node, report)

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": list(self.words)}, self.other.schema()]}
