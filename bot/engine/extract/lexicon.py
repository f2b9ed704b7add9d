"""Owns finding phrases in a run of tokens: longest match, whole words in every script, particles written onto words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Generic, TypeVar

import regex

from bot.engine.extract.folding import fold, fold_with_origin

Meaning = TypeVar("Meaning")

_UNSPACED = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Han}\p{Hiragana}\p{Katakana}]")
_LATIN = regex.compile(r"\p{Latin}")
_PHRASE_GAP = regex.compile(r"[\s\-'./&]*")
_FIGURE = r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d])|\d+(?:[.,'٬٫]\d+)*"


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


class Affixes:
    """Particles written onto words ("नेपालमा", "والهند"), folded."""

    def __init__(self, *, prefixes: Iterable[str] = (), suffixes: Iterable[str] = ()) -> None:
        self.prefixes = tuple(sorted(set(prefixes), key=lambda particle: (-len(particle), particle)))
        self.suffixes = tuple(sorted(set(suffixes), key=lambda particle: (-len(particle), particle)))
        self.stems = lru_cache(maxsize=4096)(self._stems)  # asked for every word by every lexicon

    def _stems(self, word: str) -> tuple[str, ...]:
        """What the word may be without its particles, the word itself first."""
        starts = [word[len(p) :] for p in self.prefixes if word.startswith(p) and len(word) >= len(p) + _shortest(p)]
        wholes = (word, *starts)
        ends = [
            w[: -len(s)] for w in wholes for s in self.suffixes if w.endswith(s) and len(w) >= len(s) + _shortest(s)
        ]
        return tuple(dict.fromkeys((*wholes, *ends)))


class Lexicon(Generic[Meaning]):
    """Phrases and what they mean."""

    def __init__(self, entries: Mapping[str, Meaning], affixes: Affixes | None = None) -> None:
        """`entries` maps a phrase in any spelling to its meaning; phrases of one word and of several may mix."""
        self._meanings = {key: meaning for phrase, meaning in entries.items() if (key := _key(phrase))}
        self._stems = affixes.stems if affixes is not None else lambda word: (word,)
        widths: dict[str, set[int]] = {}
        for key in self._meanings:
            widths.setdefault(key[0], set()).add(len(key))
        self._widths = {head: tuple(sorted(found, reverse=True)) for head, found in widths.items()}
        unspaced = sorted(
            (k[0] for k in self._meanings if len(k) == 1 and _UNSPACED.search(k[0])), key=len, reverse=True
        )
        self._unspaced = regex.compile("|".join(map(regex.escape, unspaced))) if unspaced else None

    def __contains__(self, word: str) -> bool:
        return (word,) in self._meanings

    def at(self, tokens: tuple[Token, ...], first: int) -> tuple[Meaning, int] | None:
        """The longest phrase that begins at token `first`: its meaning and the number of tokens it takes."""
        best: tuple[Meaning, int] | None = None
        for head in self._stems(tokens[first].text):
            for width in self._widths.get(head, ()):
                if first + width > len(tokens) or (best is not None and width <= best[1]):
                    continue
                key = self._key_at(tokens[first : first + width], head)
                if key is not None:
                    best = self._meanings[key], width
                    break
        return best

    def _key_at(self, phrase: tuple[Token, ...], head: str) -> tuple[str, ...] | None:
        """The key that the tokens spell, the first one taken as `head`, the last one with or without its particles."""
        if len(phrase) == 1:
            return (head,)
        if not all(_PHRASE_GAP.fullmatch(token.gap) for token in phrase[1:]):
            return None
        middle = tuple(token.text for token in phrase[1:-1])
        keys = ((head, *middle, tail) for tail in self._stems(phrase[-1].text))
        return next((key for key in keys if key in self._meanings), None)

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


def tokenize(text: str, pattern: "regex.Pattern[str] | None" = None) -> tuple[Token, ...]:
    """Words, figures and currency signs of the text, as `token_pattern` finds them."""
    folded = fold_with_origin(text)
    tokens: list[Token] = []
    end = 0
    for match in (pattern or token_pattern()).finditer(folded.text):
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


@lru_cache(maxsize=64)
def token_pattern(mixed: tuple[str, ...] = ()) -> "regex.Pattern[str]":
    """What makes a token; `mixed` are words that hold digits ("3ashra"), folded."""
    words = "|".join(map(regex.escape, sorted(mixed, key=len, reverse=True)))
    first = rf"(?<![\p{{L}}\p{{N}}])(?P<mixed>{words})(?![\p{{L}}\p{{N}}])|" if mixed else ""
    return regex.compile(rf"{first}(?P<figure>{_FIGURE})|(?P<word>[\p{{L}}\p{{M}}]+)|(?P<sign>[\p{{Sc}}%٪])")


@cache  # of the tables' phrases alone, which several languages share
def _key(phrase: str) -> tuple[str, ...]:
    """A table's phrase as tokens' texts; its words that hold both letters and digits stay whole."""
    mixed = [word for word in fold(phrase).split() if not word.isalpha() and word.isalnum() and not word.isdigit()]
    return tuple(token.text for token in tokenize(phrase, token_pattern(tuple(mixed))))


def phrases(listed: str) -> list[str]:
    """The phrases of a comma-separated list, as written."""
    return [phrase.strip() for phrase in listed.split(",") if phrase.strip()]


def folded_phrases(listed: str) -> list[str]:
    """The phrases of a comma-separated list, folded."""
    return [fold(phrase) for phrase in phrases(listed)]


def _shortest(particle: str) -> int:
    """How much of a word must be left without the particle."""
    return 3 if _LATIN.match(particle) else 2
