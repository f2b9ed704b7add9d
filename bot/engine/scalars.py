"""Owns the shapes of single values in a flow file: each reads itself from YAML and describes itself as JSON Schema."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

import yaml

from bot.engine.conditions import ConditionError, parse
from bot.engine.document import Node, Report, line_of
from bot.engine.flow import Target, Variable

NAME = r"[a-z][a-z0-9_]{0,39}"
PLACEHOLDER = re.compile(r"\{(" + NAME + r")\}")
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
    return tuple(PLACEHOLDER.findall(text))


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
        if variable := PLACEHOLDER.fullmatch(text):
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
