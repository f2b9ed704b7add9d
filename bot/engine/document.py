"""Owns a YAML file as nodes with lines, read safely: no aliases, no tags, every refusal with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from bot.engine.flow import Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20  # lists and mappings within one another
MAX_NODES = 20_000

Node = yaml.Node
_HINT = "Put quotes around a text with `: `, ` #`, `{` or `[`, and indent with spaces."
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where it was built in, is six times as fast


@dataclass(slots=True)
class Report:
    """Collects what is wrong in one file."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)  # the file's own

    def wrong(self, where: Node | int, message: str) -> None:
        line = where if isinstance(where, int) else line_of(where)
        self.problems.append(Problem(file=self.file, line=line, message=message))


def line_of(node: Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 1


def has_comment(node: Node, report: Report) -> bool:
    """Whether a comment follows the value on its last line: perhaps a `#` that was meant to be read."""
    mark = node.end_mark
    if mark is None or mark.line >= len(report.lines):
        return False
    return report.lines[mark.line][mark.column :].lstrip().startswith("#")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def compose(source: bytes, report: Report) -> yaml.MappingNode | None:
    """The document's mapping; None, with the reason reported, when the file cannot be read."""
    text = _decode(source, report)
    if text is None or not _is_plain(text, report):
        return None
    root = yaml.compose(text, _Loader)
    report.lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", text)  # as YAML counts lines
    if not isinstance(root, yaml.MappingNode):
        report.wrong(1 if root is None else root, "the file must be `key: value` lines, beginning with `flow:`")
        return None
    return root


def _decode(source: bytes, report: Report) -> str | None:
    if len(source) > MAX_BYTES:
        report.wrong(1, f"the file is larger than {MAX_BYTES // 1024} kB")
        return None
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        report.wrong(source[: error.start].count(b"\n") + 1, "the file is not UTF-8 text: save it as UTF-8")
        return None
    unfit = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]", text)
    if unfit:
        report.wrong(
            text[: unfit.start()].count("\n") + 1,
            f"there is an invisible character (U+{ord(unfit[0]):04X}) here: remove it",
        )
        return None
    return text


def _is_plain(text: str, report: Report) -> bool:
    """Whether the file holds one plain, small document: its events are looked at before any node is made of them."""
    depth = documents = count = 0
    try:
        for event in yaml.parse(text, _Loader):
            count += 1
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            documents += isinstance(event, yaml.DocumentStartEvent)
            wrong = _refusal(event, depth=depth, documents=documents, count=count)
            if wrong:
                report.wrong(_line(event), wrong)
                return False
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(part for part in (error.context, error.problem) if part)
        report.wrong(mark.line + 1 if mark else 1, f"this is not YAML: {reason}. {_HINT}")
        return False
    except (yaml.YAMLError, ValueError) as error:
        report.wrong(1, f"this is not YAML: {error}")
        return False
    return True


def _refusal(event: yaml.Event, *, depth: int, documents: int, count: int) -> str | None:
    if isinstance(event, yaml.AliasEvent):
        return "`*` aliases are not allowed: write the text again, or put quotes around it"
    if getattr(event, "anchor", None):
        return "`&` anchors are not allowed: put quotes around a text that begins with &"
    if getattr(event, "tag", None) and isinstance(event, yaml.NodeEvent) and _is_tagged(event):
        return "`!` tags are not allowed: put quotes around a text that begins with !"
    if documents > 1:
        return "one file holds one flow: remove the `---`"
    if depth > MAX_DEPTH:
        return f"more than {MAX_DEPTH} lists and mappings within one another"
    return f"more than {MAX_NODES} values in one file" if count > MAX_NODES else None


def _is_tagged(event: yaml.NodeEvent) -> bool:
    """Whether the author wrote a tag: on a quoted text, `!` alone stands for its being quoted."""
    implicit = getattr(event, "implicit", None)
    return implicit is False or implicit == (False, False)


def pairs(node: yaml.MappingNode, report: Report) -> Iterator[tuple[str, Node, Node]]:
    """The mapping's keys with their nodes and their values; repeated keys and keys that are no text are reported."""
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            report.wrong(key, "a key must be a word")
        elif key.value in seen:
            report.wrong(key, f"`{key.value}` is written twice")
        else:
            seen.add(key.value)
            yield key.value, key, value
