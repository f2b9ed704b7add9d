"""Owns the language of `when`: comparisons, and/or/not, in, known(x); read by a small parser, never by eval."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.values import Money, Value

MAX_LENGTH = 500  # characters
MAX_DEPTH = 20  # brackets and nots within one another

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
      | (?P<string>"[^"]*"|'[^']*')
      | (?P<name>[a-z_][a-z0-9_]*)
      | (?P<sign><=|>=|==|!=|<|>|=|\(|\)|\[|\]|,)
    )""",
    re.VERBOSE,
)
_WORDS = frozenset({"and", "or", "not", "in", "known", "true", "false"})


class ConditionError(ValueError):
    """A condition cannot be read; `position` is the character (from 1) where."""

    def __init__(self, message: str, position: int) -> None:
        self.position = position
        super().__init__(f"{message} (at character {position})")


# --- what a condition is ------------------------------------------------------------------------------------------
# Truth has three values: a comparison with something unknown, or of things that cannot be compared, is None; so is
# `not` of it, and a condition that comes out as None does not hold.

Truth = bool | None
Answers = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    value: str | bool | Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    left: Literal | Name
    sign: str
    right: Literal | Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    item: Literal | Name
    items: tuple[Literal | Name, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    part: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    parts: tuple["Node", ...]


Node = Literal | Name | Known | Compare | Within | Not | Both | Either


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition that has been read; `source` is as its author wrote it."""

    source: str
    node: Node

    def holds(self, answers: Answers) -> bool:
        return truth(self.node, answers) is True

    @property
    def names(self) -> frozenset[str]:
        """The variables that it reads, but for those it only asks `known` of."""
        return frozenset(node.name for node in walk(self.node) if isinstance(node, Name))


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for part in _parts(node):
        yield from walk(part)


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case Both() | Either():
            return node.parts
        case Not():
            return (node.part,)
        case Compare():
            return (node.left, node.right)
        case Within():
            return (node.item, *node.items)
        case _:
            return ()


# --- truth --------------------------------------------------------------------------------------------------------


def truth(node: Node, answers: Answers) -> Truth:
    """Whether the node is true with these answers; None when that cannot be said."""
    match node:
        case Both():
            return _both(truth(part, answers) for part in node.parts)
        case Either():
            return _not(_both(_not(truth(part, answers)) for part in node.parts))
        case Not():
            return _not(truth(node.part, answers))
        case Known():
            return answers.get(node.name) is not None
        case Compare():
            return compare(_value(node.left, answers), node.sign, _value(node.right, answers))
        case Within():
            left = _value(node.item, answers)
            return _not(_both(_not(compare(left, "=", _value(item, answers))) for item in node.items))
        case _:
            value = _value(node, answers)
            return value if isinstance(value, bool) else None


def _both(parts: Iterator[Truth]) -> Truth:
    found = list(parts)
    if False in found:
        return False
    return None if None in found else True


def _not(part: Truth) -> Truth:
    return None if part is None else not part


def _value(node: Literal | Name, answers: Answers) -> Value:
    return node.value if isinstance(node, Literal) else answers.get(node.name)


_ORDER: Mapping[str, Callable[[int], bool]] = {
    "=": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


def compare(left: Value, sign: str, right: Value) -> Truth:
    """Numbers by size, words and truths by sameness; None for what cannot be compared."""
    first, second = _number(left), _number(right)
    if first is not None and second is not None:
        return _ORDER[sign]((first > second) - (first < second))
    if sign not in ("=", "!=") or not isinstance(left, str | bool) or type(left) is not type(right):
        return None
    return (left == right) is (sign == "=")


def _number(value: Value) -> Decimal | None:
    """The size of a number or of an amount, whatever its currency."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Money):
        value = value.value
    if isinstance(value, int):
        return Decimal(value)
    return value if isinstance(value, Decimal) and value.is_finite() else None


# --- reading ------------------------------------------------------------------------------------------------------


def parse(source: str) -> Condition:
    """Read a condition; raises ConditionError."""
    if len(source) > MAX_LENGTH:
        raise ConditionError(f"a condition may have {MAX_LENGTH} characters", MAX_LENGTH)
    return Condition(source=source, node=_Parser(source).read())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    kind: str
    text: str
    position: int


def _tokens(source: str) -> Iterator[_Token]:
    at = 0
    while source[at:].strip():
        found = _TOKEN.match(source, at)
        if found is None or found.lastgroup is None:
            start = at + len(source[at:]) - len(source[at:].lstrip())
            raise ConditionError(f"{source[start]!r} is not understood here", start + 1)
        text = found[found.lastgroup]
        kind = "word" if text in _WORDS else found.lastgroup
        yield _Token(kind=kind, text=text, position=found.start(found.lastgroup) + 1)
        at = found.end()
    yield _Token(kind="end", text="", position=len(source) + 1)


class _Parser:
    """Recursive descent: or, and, not, comparison, value."""

    def __init__(self, source: str) -> None:
        self._tokens = list(_tokens(source))
        self._depth = 0

    def read(self) -> Node:
        node = self._either()
        if self._next.kind != "end":
            raise self._wrong("expected `and`, `or` or the end")
        return node

    @property
    def _next(self) -> _Token:
        return self._tokens[0]

    def _take(self, *texts: str) -> _Token | None:
        if self._next.kind in ("word", "sign") and self._next.text in texts:
            return self._tokens.pop(0)
        return None

    def _need(self, text: str) -> None:
        if self._take(text) is None:
            raise self._wrong(f"expected `{text}`")

    def _wrong(self, message: str) -> ConditionError:
        found = f"found `{self._next.text}`" if self._next.text else "found nothing"
        return ConditionError(f"{message}, {found}", self._next.position)

    def _either(self) -> Node:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(parts=tuple(parts))

    def _both(self) -> Node:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else Both(parts=tuple(parts))

    def _not(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConditionError("too many brackets within one another", self._next.position)
        node = Not(part=self._not()) if self._take("not") else self._comparison()
        self._depth -= 1
        return node

    def _comparison(self) -> Node:
        if self._take("("):
            node = self._either()
            self._need(")")
            return node
        if self._take("known"):
            return self._known()
        left = self._value()
        if sign := self._take("=", "==", "!=", "<", "<=", ">", ">="):
            return Compare(left=left, sign="=" if sign.text == "==" else sign.text, right=self._value())
        if self._take("not"):
            self._need("in")
            return Not(part=self._within(left))
        return self._within(left) if self._take("in") else left

    def _known(self) -> Known:
        self._need("(")
        if self._next.kind != "name":
            raise self._wrong("expected the name of a variable")
        name = self._tokens.pop(0).text
        self._need(")")
        return Known(name=name)

    def _within(self, item: Literal | Name) -> Within:
        self._need("[")
        items = [self._value()]
        while self._take(","):
            items.append(self._value())
        self._need("]")
        return Within(item=item, items=tuple(items))

    def _value(self) -> Literal | Name:
        if truth_word := self._take("true", "false"):
            return Literal(value=truth_word.text == "true")
        if self._next.kind not in ("number", "string", "name"):
            raise self._wrong("expected a variable, a number or a quoted word")
        token = self._tokens.pop(0)
        if token.kind == "number":
            return Literal(value=Decimal(token.text))
        return Literal(value=token.text[1:-1]) if token.kind == "string" else Name(name=token.text)
