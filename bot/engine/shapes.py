"""Owns the shapes of values in a flow file: each reads itself from YAML and describes itself as JSON Schema."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

import yaml

from bot.engine.conditions import ConditionError, parse
from bot.engine.document import Node, Report, has_comment, line_of, pairs
from bot.engine.effects import Text
from bot.engine.flow import Target, Variable, Wording

NAME = r"[a-z][a-z0-9_]{0,39}"
_PLACEHOLDER = re.compile(r"\{(" + NAME + r")\}")
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_LENGTH = r"[1-9][0-9]{0,4} (minute|hour|day|week)s?"
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}

Schema = dict[str, Any]


class _Wrong:
    """What reading gives for a value that was reported."""


WRONG = _Wrong()


class Shape(Protocol):
    def read(self, node: Node, report: Report) -> Any:
        """The value; WRONG once it has been reported."""
        ...

    def schema(self) -> Schema: ...


def placeholders(text: str) -> tuple[str, ...]:
    """The variables that a text shows, in their order."""
    return tuple(_PLACEHOLDER.findall(text))


def _scalar(node: Node, report: Report, what: str) -> str | None:
    """The value as it was typed, so that yes, 1.0 and 2026-01-01 are what the author sees."""
    if not isinstance(node, yaml.ScalarNode):
        report.wrong(node, f"expected {what}, found a {'list' if isinstance(node, yaml.SequenceNode) else 'mapping'}")
        return None
    text = str(node.value).strip()
    if not text:
        report.wrong(node, f"expected {what}, found nothing")
        return None
    return text


# --- single values ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Some text, of at most `longest` characters, matching `pattern` where there is one."""

    what: str = "a text"
    pattern: str | None = None
    longest: int = 200

    def read(self, node: Node, report: Report) -> Any:
        text = _scalar(node, report, self.what)
        if text is None:
            return WRONG
        if self.pattern and not re.fullmatch(self.pattern, text):
            report.wrong(node, f"expected {self.what}, found {text[:60]!r}")
            return WRONG
        if len(text) > self.longest:
            report.wrong(node, f"{self.what} may have {self.longest} characters, this has {len(text)}")
            return WRONG
        return text

    def schema(self) -> Schema:
        found: Schema = {"type": ["string", "number", "boolean"], "maxLength": self.longest}
        return {"type": "string", "pattern": f"^(?:{self.pattern})$"} if self.pattern else found


def name(what: str) -> Line:
    """A name that other things refer to."""
    return Line(what=f"{what} (small letters, digits and _)", pattern=NAME, longest=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    def read(self, node: Node, report: Report) -> Any:
        text = _scalar(node, report, "true or false")
        if text is None:
            return WRONG
        if text.lower() not in _TRUTHS:
            report.wrong(node, f"expected true or false, found {text[:60]!r}")
            return WRONG
        return _TRUTHS[text.lower()]

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """`true`, and nothing else."""

    def read(self, node: Node, report: Report) -> Any:
        if Flag().read(node, report) is True:
            return True
        report.wrong(node, "expected true")
        return WRONG

    def schema(self) -> Schema:
        return {"const": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number; a whole one from 1 where `is_count`."""

    is_count: bool = False

    def read(self, node: Node, report: Report) -> Any:
        what = "a whole number from 1" if self.is_count else "a number"
        text = _scalar(node, report, what)
        if text is None:
            return WRONG
        number = Decimal(text) if re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", text) else None
        if number is None or (self.is_count and (number < 1 or number % 1)):
            report.wrong(node, f"expected {what}, found {text[:60]!r}")
            return WRONG
        return int(number) if self.is_count else number

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": 1} if self.is_count else {"type": "number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """A length of time: `10 minutes`, `1 day`."""

    def read(self, node: Node, report: Report) -> Any:
        text = _scalar(node, report, "a length of time such as `10 minutes` or `1 day`")
        if text is None:
            return WRONG
        if not re.fullmatch(_LENGTH, text):
            report.wrong(node, f"expected a length of time such as `10 minutes` or `1 day`, found {text[:60]!r}")
            return WRONG
        count, unit = text.split()
        return int(count) * _UNITS[unit.removesuffix("s")]

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^{_LENGTH}$"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """One of a few words, each standing for a value."""

    values: Mapping[str, Any]

    def read(self, node: Node, report: Report) -> Any:
        expected = f"one of {', '.join(self.values)}"
        text = _scalar(node, report, expected)
        if text is None:
            return WRONG
        if text not in self.values:
            report.wrong(node, f"expected {expected}; found {text[:60]!r}")
            return WRONG
        return self.values[text]

    def schema(self) -> Schema:
        return {"enum": list(self.values)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepName:
    """A step to go to, or `end`."""

    def read(self, node: Node, report: Report) -> Any:
        text = name("the id of a step, or end").read(node, report)
        return WRONG if text is WRONG else Target(step=text, line=line_of(node))

    def schema(self) -> Schema:
        return name("").schema()


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A condition."""

    def read(self, node: Node, report: Report) -> Any:
        text = _scalar(node, report, "a condition such as `months > 6 and known(employer)`")
        if text is None:
            return WRONG
        try:
            return parse(text)
        except ConditionError as error:
            report.wrong(node, f"the condition cannot be read: {error}")
            return WRONG

    def schema(self) -> Schema:
        return {"type": ["string", "boolean"], "minLength": 1, "maxLength": 500}


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """What an action is given: a word, a number, true, false, or a variable written as `"{name}"`."""

    def read(self, node: Node, report: Report) -> Any:
        text = _scalar(node, report, "a word, a number or a variable")
        if text is None:
            return WRONG
        if variable := _PLACEHOLDER.fullmatch(text):
            return Variable(name=variable[1])
        if "{" in text or "}" in text:
            report.wrong(node, 'a variable stands alone in an argument: write `"{name}"`')
            return WRONG
        return self._literal(node, text)

    def _literal(self, node: Node, text: str) -> Any:
        if node.tag == "tag:yaml.org,2002:bool" and text in ("true", "false"):
            return text == "true"
        if node.tag == "tag:yaml.org,2002:int" and re.fullmatch(r"-?(0|[1-9]\d{0,11})", text):
            return int(text)
        if node.tag == "tag:yaml.org,2002:float" and re.fullmatch(r"-?\d{1,12}\.\d{1,12}", text):
            return Decimal(text)
        return text

    def schema(self) -> Schema:
        return {"type": ["string", "number", "boolean"]}


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
        if any(brace in _PLACEHOLDER.sub("", text) for brace in "{}"):
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


def known_keys(records: Sequence[Record]) -> frozenset[str]:
    """All keys that any of these records has."""
    return frozenset(key for record in records for key in record.keys)
