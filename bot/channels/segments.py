"""Owns how long a text is on each channel, and splitting: in the channel's units, never inside a grapheme cluster."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate

import regex

from bot.domain.delivery import Content

# 3GPP TS 23.038: the GSM 7-bit default alphabet, and its extension table whose characters cost two septets.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_GRAPHEME = regex.compile(r"\X")
# Full-width and Ethiopic marks end a sentence by themselves; the others only before a space: "3.5" is one number.
_SENTENCE_END = regex.compile(r"[.!?؟।॥။។៕…]+[\"'»”’)\]]*\s+|[。！？．።]+[」』”）]*\s*|\n+\s*")
# Not the spaces that forbid a break; the zero-width space is how Khmer, Burmese and Thai mark where a word ends.
_WORD_END = regex.compile(r"[^\S\u00a0\u2007\u202f]+|\u200b+")

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
    return sum(2 if character > "\uffff" else 1 for character in text)


@lru_cache(maxsize=256)  # a broadcast asks the same few texts thousands of times
def segments(text: str) -> tuple[Encoding, int]:
    """The encoding, and into how many SMS the text goes: 160 septets or else 153 each, 70 UCS-2 units or else 67 each.

    A character that takes two of them never lies across two segments.
    """
    kind = encoding(text)
    if kind is Encoding.GSM7:
        return kind, _filled(map(septets, text), single=160, part=153)
    return kind, _filled(map(utf16_units, text), single=70, part=67)


def _filled(widths: Iterable[int], *, single: int, part: int) -> int:
    total, count, used = 0, 1, 0
    for width in widths:
        total += width
        if used + width > part:
            count, used = count + 1, 0
        used += width
    return 1 if total <= single else count


def split(text: str, limit: int, measure: Measure = utf16_units) -> list[str]:
    """Parts of at most `limit` units each, cut at a sentence, else at a word, else between graphemes.

    Nothing but white space at the cuts is lost. A single grapheme longer than the limit stands alone. `measure` adds
    up: the length of a text is that of its graphemes together.
    """
    parts: list[str] = []
    rest = text.strip()
    while rest and measure(rest) > limit:
        cut_at = _cut_at(rest, limit, measure)
        parts.append(rest[:cut_at].rstrip())
        rest = rest[cut_at:].lstrip()
    return [*parts, rest] if rest else parts


def ends_sentence(text: str) -> bool:
    """Whether nothing of a sentence is left open at the end of the text."""
    return any(match.end() > len(text) for match in _SENTENCE_END.finditer(f"{text} "))


def _cut_at(text: str, limit: int, measure: Measure) -> int:
    """Where to cut: the last sentence end past the half, else the last word end past a quarter, else a grapheme's."""
    ends = _grapheme_ends(text, limit, measure)
    longest = ends[-1]
    allowed = frozenset(ends)
    for pattern, least in ((_SENTENCE_END, longest / 2), (_WORD_END, longest / 4)):
        found = [match.end() for match in pattern.finditer(text, 0, longest) if match.end() in allowed]
        if found and found[-1] >= least:
            return found[-1]
    return longest


def _grapheme_ends(text: str, limit: int, measure: Measure) -> Sequence[int]:
    """The ends of the graphemes that fit together; that of the first one at least."""
    # No more graphemes can fit than there are units.
    found = [match for match, _ in zip(_GRAPHEME.finditer(text), range(max(1, limit)), strict=False)]
    lengths = list(accumulate(measure(match.group()) for match in found))
    return [match.end() for match in found[: max(1, bisect_right(lengths, limit))]]


def trimmed(text: str, limit: int, measure: Measure = utf16_units) -> str:
    """The text, or its beginning and an ellipsis within `limit` units, cut between graphemes."""
    if measure(text) <= limit:
        return text
    return text[: _grapheme_ends(text, limit - 1, measure)[-1]].rstrip() + "…"


def numbered(text: str, labels: Sequence[str]) -> str:
    """The text with its options as lines to be answered by number ("1 Safe"), for channels without buttons."""
    lines = [f"{number} {label}" for number, label in enumerate(labels, start=1)]
    return "\n".join([text, *lines] if text else lines)


def cut(
    content: Content, limit: int, measure: Measure = utf16_units, *, is_numbered: bool = False
) -> tuple[Content, ...]:
    """The content in parts of at most `limit` units; what is asked with it (options, position) stays on the last one.

    With `is_numbered` the options are drawn as lines of the text too, together in one part where they fit in one.
    """
    parts = split(content.text, limit, measure) or [content.text]
    if is_numbered and content.options:
        parts = _with_options(parts, [option.label for option in content.options], limit, measure)
    bare = [replace(content, text=part, options=(), asks_position=False, attachment=None) for part in parts[:-1]]
    return (*bare, replace(content, text=parts[-1]))


def _with_options(parts: Sequence[str], labels: Sequence[str], limit: int, measure: Measure) -> list[str]:
    last = numbered(parts[-1], labels)
    if measure(last) <= limit:
        return [*parts[:-1], last]
    return [*parts, *split(numbered("", labels), limit, measure)]
