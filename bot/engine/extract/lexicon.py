"""Owns finding phrases in a run of tokens: longest match, whole words in every script, particles written onto words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import regex

from bot.engine.extract.folding import fold, fold_with_origin

Meaning = TypeVar("Meaning")

_UNSPACED = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Han}\p{Hiragana}\p{Katakana}]")
_LATIN = regex.compile(r"\p{Latin}")
_PHRASE_GAP = regex.compile(r"[\s\-'./&]*")
_FIGURE = r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d])|\d+(?:[.,'٬٫]\d+)*"
_SHORTEST_STEM = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A folded word, figure or currency sign.

    `start` and `end` are indices in the original, `gap` is what stands between the token before and this one.
    """

    text: str
    start: int
    end: int
    gap: str
    is_figure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Affixes:
    """Particles written onto words ("नेपालमा", "والهند"), folded."""

    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()

    def stems(self, word: str) -> Iterator[str]:
        """What the word may be without its particles, the word itself first."""
        yield word
        starts = [
            word[len(p) :] for p in self.prefixes if word.startswith(p) and len(word) - len(p) >= _shortest_stem(p)
        ]
        yield from starts
        for whole in (word, *starts):
            for suffix in self.suffixes:
                if whole.endswith(suffix) and len(whole) - len(suffix) >= _shortest_stem(suffix):
                    yield whole[: -len(suffix)]


class Lexicon(Generic[Meaning]):
    """Phrases and what they mean."""

    def __init__(self, entries: Mapping[str, Meaning], affixes: Affixes = Affixes()) -> None:
        """`entries` maps a phrase in any spelling to its meaning; phrases of one word and of several may mix."""
        keyed = {
            tuple(t.text for t in tokenize(phrase, _mixed(phrase))): meaning for phrase, meaning in entries.items()
        }
        self._meanings = {key: meaning for key, meaning in keyed.items() if key}
        self._longest = max(map(len, self._meanings), default=0)
        self._affixes = affixes
        unspaced = sorted(
            (k[0] for k in self._meanings if len(k) == 1 and _UNSPACED.search(k[0])), key=len, reverse=True
        )
        self._unspaced = regex.compile("|".join(map(regex.escape, unspaced))) if unspaced else None

    def __contains__(self, word: str) -> bool:
        return (word,) in self._meanings

    def at(self, tokens: tuple[Token, ...], first: int) -> tuple[Meaning, int] | None:
        """The longest phrase that begins at token `first`: its meaning and the number of tokens it takes."""
        for width in range(min(self._longest, len(tokens) - first), 0, -1):
            phrase = tokens[first : first + width]
            if all(_PHRASE_GAP.fullmatch(token.gap) for token in phrase[1:]):
                for key in self._keys([token.text for token in phrase]):
                    if key in self._meanings:
                        return self._meanings[key], width
        return None

    def all(self, tokens: tuple[Token, ...]) -> Iterator[tuple[Meaning, int, int]]:
        """Every phrase from left to right without overlap: meaning, first token, number of tokens."""
        first = 0
        while first < len(tokens):
            found = self.at(tokens, first)
            if found is not None:
                yield found[0], first, found[1]
            first += found[1] if found is not None else 1

    def inside(self, token: Token) -> Iterator[tuple[Meaning, int, int]]:
        """Phrases inside a token of a script without spaces between words: meaning, start and end in the original."""
        if self._unspaced is None or not _UNSPACED.search(token.text):
            return
        for match in self._unspaced.finditer(token.text):
            yield self._meanings[(match.group(),)], token.start + match.start(), token.start + match.end()

    def _keys(self, words: list[str]) -> Iterator[tuple[str, ...]]:
        if len(words) == 1:
            yield from ((stem,) for stem in self._affixes.stems(words[0]))
            return
        for head in self._affixes.stems(words[0]):
            for tail in self._affixes.stems(words[-1]):
                yield (head, *words[1:-1], tail)


def tokenize(text: str, mixed: Iterable[str] = ()) -> tuple[Token, ...]:
    """Words, figures and currency signs of the text; `mixed` are words that hold digits ("3ashra")."""
    folded = fold_with_origin(text)
    tokens: list[Token] = []
    end = 0
    for match in _pattern(tuple(sorted(mixed, key=len, reverse=True))).finditer(folded.text):
        tokens.append(
            Token(
                text=match.group(),
                start=folded.origin[match.start()],
                end=max(folded.origin[match.end()], folded.origin[match.end() - 1] + 1),
                gap=folded.text[end : match.start()],
                is_figure=match.lastgroup == "figure",
            )
        )
        end = match.end()
    return tuple(tokens)


def _mixed(phrase: str) -> list[str]:
    """The words of a table's phrase that hold both letters and digits."""
    return [word for word in fold(phrase).split() if not word.isalpha() and word.isalnum() and not word.isdigit()]


def phrases(listed: str) -> list[str]:
    """The phrases of a comma-separated list, as written."""
    return [phrase.strip() for phrase in listed.split(",") if phrase.strip()]


def folded_phrases(listed: str) -> list[str]:
    """The phrases of a comma-separated list, folded."""
    return [fold(phrase) for phrase in phrases(listed)]


def _pattern(mixed: tuple[str, ...]) -> "regex.Pattern[str]":
    words = "|".join(map(regex.escape, mixed))
    first = rf"(?<![\p{{L}}\p{{N}}])(?P<mixed>{words})(?![\p{{L}}\p{{N}}])|" if mixed else ""
    return regex.compile(rf"{first}(?P<figure>{_FIGURE})|(?P<word>[\p{{L}}\p{{M}}]+)|(?P<sign>[\p{{Sc}}%٪])")


def _shortest_stem(particle: str) -> int:
    return 3 if _LATIN.match(particle) else _SHORTEST_STEM
