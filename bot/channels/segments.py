"""Owns how long a text is on each channel, and splitting: in the channel's units, never inside a grapheme cluster."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from math import ceil

import regex

from bot.domain.delivery import Content

# 3GPP TS 23.038: the GSM 7-bit default alphabet, and its extension table whose characters cost two septets.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_GRAPHEME = regex.compile(r"\X")
_SENTENCE_END = regex.compile(r"[.!?。！？؟।။។…]+[\"'»”)\]]*\s+|\n+")
_WORD_END = regex.compile(r"\s+")

Measure = Callable[[str], int]


class Encoding(StrEnum):
    """How an SMS is coded: one character outside GSM-7 turns the whole text to UCS-2."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


def encoding(text: str) -> Encoding:
    return Encoding.GSM7 if all(character in _BASIC or character in _EXTENDED for character in text) else Encoding.UCS2


def septets(text: str) -> int:
    """Length of a GSM-7 text in septets."""
    return sum(2 if character in _EXTENDED else 1 for character in text)


def utf16_units(text: str) -> int:
    """Length in UTF-16 code units: what Telegram counts, and UCS-2 SMS."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def segments(text: str) -> tuple[Encoding, int]:
    """The encoding, and into how many SMS the text goes: 160 then 153 septets, or 70 then 67 UCS-2 units."""
    kind = encoding(text)
    if kind is Encoding.GSM7:
        length, single, part = septets(text), 160, 153
    else:
        length, single, part = utf16_units(text), 70, 67
    return kind, 1 if length <= single else ceil(length / part)


def split(text: str, limit: int, measure: Measure = utf16_units) -> list[str]:
    """Parts of at most `limit` units each, cut at a sentence, else at a word, else between graphemes.

    Nothing but white space at the cuts is lost. A single grapheme longer than the limit stands alone.
    """
    parts: list[str] = []
    rest = text.strip()
    while rest and measure(rest) > limit:
        cut = _cut(rest, limit, measure)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts


def _cut(text: str, limit: int, measure: Measure) -> int:
    """Where to cut: the last sentence end past the half, else the last word, else a grapheme."""
    longest = _longest(text, limit, measure)
    sentences = [match.end() for match in _SENTENCE_END.finditer(text, 0, longest)]
    if sentences and sentences[-1] * 2 >= longest:
        return sentences[-1]
    words = [match.end() for match in _WORD_END.finditer(text, 0, longest)]
    return words[-1] if words and words[-1] > 0 else longest


def _longest(text: str, limit: int, measure: Measure) -> int:
    """The end of the last grapheme that still fits; the first grapheme at least."""
    end = used = 0
    for match in _GRAPHEME.finditer(text):
        used += measure(match.group())
        if used > limit and end:
            break
        end = match.end()
    return end


def numbered(text: str, labels: Sequence[str]) -> str:
    """The text with its options as lines to be answered by number, for channels without buttons."""
    lines = [f"{number} {label}" for number, label in enumerate(labels, start=1)]
    return "\n".join([text, *lines]) if lines else text


def cut(content: Content, limit: int, measure: Measure, *, is_numbered: bool = False) -> tuple[Content, ...]:
    """The content in parts of at most `limit` units; what is asked with it (options, position) stays on the last one.

    With `is_numbered` the options are drawn as lines of the text too.
    """
    text = numbered(content.text, [option.label for option in content.options]) if is_numbered else content.text
    parts = split(text, limit, measure) or [text]
    bare = [replace(content, text=part, options=(), asks_position=False, attachment=None) for part in parts[:-1]]
    return (*bare, replace(content, text=parts[-1]))
