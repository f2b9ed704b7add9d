"""How Telegram reads a text: formatting marks become entities, counted as everything there in UTF-16 units."""

import re
from html.parser import HTMLParser

Entity = dict[str, object]

_FOUND = re.compile(
    r"(?P<bot_command>(?<!\S)/[A-Za-z0-9_]{1,32}(@\w+)?)|(?P<url>https?://\S+)|(?P<mention>(?<!\w)@\w{4,32})"
)
_HTML_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
}
_MARKS = {
    "*": "bold",
    "__": "underline",
    "_": "italic",
    "~": "strikethrough",
    "||": "spoiler",
    "```": "pre",
    "`": "code",
}
_MARKDOWN = re.compile(
    r"\\(?P<escaped>.)|(?P<mark>```|`|\|\||__|_|\*|~)|(?P<link>\[([^\]]*)\]\(([^)]*)\))|(?P<letter>.)", re.S
)
_RESERVED = frozenset("[]()>#+-=|{}.!")


class CannotParse(Exception):
    """The text breaks the rules of its parse_mode; the argument says how, as Telegram words it."""


def utf16_length(text: str) -> int:
    """Return the length of `text` in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def find_entities(text: str) -> list[Entity]:
    """Return the entities that Telegram marks by itself: commands, links, mentions."""
    return [
        {
            "type": str(match.lastgroup if match.lastgroup else "url"),
            "offset": utf16_length(text[: match.start()]),
            "length": utf16_length(match.group()),
        }
        for match in _FOUND.finditer(text)
    ]


def parse(text: str, mode: str) -> tuple[str, list[Entity]]:
    """Return the plain text and its entities; modes HTML and MarkdownV2 (not the legacy Markdown).

    Raises CannotParse.
    """
    if not mode:
        return text, find_entities(text)
    if mode.lower() == "html":
        return _parse_html(text)
    if mode.lower() == "markdownv2":
        return _parse_markdown(text)
    raise CannotParse("unsupported parse_mode")


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.entities: list[Entity] = []
        self._open: list[tuple[str, Entity]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HTML_TAGS:
            raise CannotParse(f'Unsupported start tag "{tag}" at byte offset {self._offset()}')
        entity: Entity = {"type": _HTML_TAGS[tag], "offset": utf16_length(self.text), "length": 0}
        if tag == "a":
            entity["url"] = dict(attrs).get("href") or ""
        self._open.append((tag, entity))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            raise CannotParse(f"Unexpected end tag at byte offset {self._offset()}")
        _, entity = self._open.pop()
        entity["length"] = utf16_length(self.text) - _number(entity["offset"])
        if entity["length"]:
            self.entities.append(entity)

    def handle_data(self, data: str) -> None:
        self.text += data

    def end(self) -> None:
        self.close()
        if self._open:
            raise CannotParse(f'Can\'t find end tag corresponding to start tag "{self._open[-1][0]}"')

    def _offset(self) -> int:
        return self.getpos()[1]


def _parse_html(text: str) -> tuple[str, list[Entity]]:
    parser = _Html()
    parser.feed(text)
    parser.end()
    return parser.text, sorted(parser.entities, key=lambda entity: _number(entity["offset"]))


def _parse_markdown(text: str) -> tuple[str, list[Entity]]:
    plain = ""
    entities: list[Entity] = []
    opened: dict[str, int] = {}
    for match in _MARKDOWN.finditer(text):
        mark = match["mark"]
        if match["escaped"]:
            plain += match["escaped"]
        elif mark and mark in opened:
            start = opened.pop(mark)
            entities.append({"type": _MARKS[mark], "offset": start, "length": utf16_length(plain) - start})
        elif mark:
            opened[mark] = utf16_length(plain)
        elif match["link"]:
            label, url = match[4], match[5]
            entities.append(
                {"type": "text_link", "offset": utf16_length(plain), "length": utf16_length(label), "url": url}
            )
            plain += label
        elif match["letter"] in _RESERVED and not opened.keys() & {"`", "```"}:
            raise CannotParse(f"Character '{match['letter']}' is reserved and must be escaped with the preceding '\\'")
        else:
            plain += match["letter"]
    if opened:
        kind = _MARKS[next(iter(opened))]
        raise CannotParse(f"Can't find end of the entity of type {kind} starting at byte offset 0")
    return plain, sorted(entities, key=lambda entity: _number(entity["offset"]))


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
