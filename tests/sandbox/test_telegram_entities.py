"""Formatting marks become entities, counted in UTF-16 units."""

import pytest

from bot.sandbox.telegram_entities import CannotParse, find_entities, parse

Found = tuple[str, list[tuple[object, object, object]]]


def read(text: str, mode: str) -> Found:
    plain, entities = parse(text, mode)
    return plain, [(one["type"], one["offset"], one["length"]) for one in entities]


@pytest.mark.parametrize(
    ("mode", "text", "read_as"),
    [
        ("", "no <b>marks</b> *here*", ("no <b>marks</b> *here*", [])),
        ("HTML", "<b>a <i>b</i></b> &lt;3", ("a b <3", [("bold", 0, 3), ("italic", 2, 1)])),
        ("html", "😀<code>x</code>", ("😀x", [("code", 2, 1)])),
        ("HTML", '<a href="https://example.org">here</a>', ("here", [("text_link", 0, 4)])),
        (
            "MarkdownV2",
            r"*a* _b_ __c__ ~d~ 1\.",
            ("a b c d 1.", [("bold", 0, 1), ("italic", 2, 1), ("underline", 4, 1), ("strikethrough", 6, 1)]),
        ),
        ("MarkdownV2", "`x.y` [here](https://example.org)", ("x.y here", [("code", 0, 3), ("text_link", 4, 4)])),
    ],
)
def test_marks_become_entities(mode: str, text: str, read_as: Found) -> None:
    assert read(text, mode) == read_as


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("HTML", "<b>a"),
        ("HTML", "a</b>"),
        ("HTML", "<i><b>a</i></b>"),
        ("MarkdownV2", "*a"),
        ("MarkdownV2", "a!"),
        ("XML", "a"),
    ],
)
def test_broken_marks_are_refused(mode: str, text: str) -> None:
    with pytest.raises(CannotParse):
        parse(text, mode)


def test_commands_links_and_mentions_are_found() -> None:
    found = [
        (one["type"], one["offset"], one["length"]) for one in find_entities("😀 /start x a/b https://a.org @rosa_l")
    ]
    assert found == [("bot_command", 3, 6), ("url", 16, 13), ("mention", 30, 7)]
