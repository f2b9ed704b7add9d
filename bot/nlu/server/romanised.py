"""Turns words written in Latin letters back into their language's own script, where the encoder knows them."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

from bot.nlu.server.letters import VOWELS, Romanisation, skeleton

_WORD = re.compile(r"[a-z0-9'’$]*[a-z][a-z0-9'’$]*")
_FARTHEST = 0.34  # cost a letter beyond which a word stays as it is written
_SAME_CONSONANT = 0.4  # a neighbouring sound taken for another
_NEIGHBOURS = tuple(
    map(frozenset, ("td", "sc", "sz", "zj", "jg", "gk", "kq", "kx", "xh", "bf", "qg", "dz", "nm", "bm"))
)


class NativeWords:
    """The words of one language, found by how they sound. `counts` says how common each native word is."""

    def __init__(self, romanisation: Romanisation, counts: Mapping[str, float]) -> None:
        self._romanisation = romanisation
        self._total = sum(counts.values()) or 1.0
        self._by_skeleton: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
        for word, count in counts.items():
            rough = romanisation.from_native(word)
            if rough:
                self._by_skeleton[skeleton(rough)].append((rough, word, math.log(self._total / count) * 0.06))
        self.find = lru_cache(maxsize=50_000)(self._find)

    def convert(self, text: str) -> str:
        """The text with every Latin word that sounds like a native one replaced by it."""
        articles = dict(self._romanisation.articles)
        converted = _WORD.sub(lambda found: articles.get(found.group()) or self.find(found.group()), text.lower())
        return re.sub(r"\b(ال|وال|بال|لل|و|ب) (?=\w)", r"\1", converted)

    def _find(self, word: str) -> str:
        rough = self._romanisation.from_latin(word)
        bones = skeleton(rough)
        near = {bones: 0.0, **{bones[:i] + bones[i + 1 :]: 0.0 for i in range(len(bones)) if len(bones) > 2}}
        found = [
            (distance(rough, other) + rarity, native)
            for key in near
            for other, native, rarity in self._by_skeleton.get(key, ())
        ]
        if not found:
            return word
        cost, native = min(found)
        return native if cost <= 0.75 + _FARTHEST * len(rough) else word


def distance(one: str, other: str) -> float:
    """Edit distance between rough forms: vowels cost little, neighbouring consonants less than strange ones."""
    row = [0.0]
    for letter in other:
        row.append(row[-1] + _gap(letter))
    for mine in one:
        above, row = row, [row[0] + _gap(mine)]
        for place, letter in enumerate(other):
            row.append(min(above[place] + _swap(mine, letter), above[place + 1] + _gap(mine), row[-1] + _gap(letter)))
    return row[-1]


def _gap(letter: str) -> float:
    return 0.25 if letter in VOWELS else 0.45 if letter in "hyw" else 1.0


def _swap(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one in VOWELS and other in VOWELS:
        return 0.2
    return _SAME_CONSONANT if frozenset((one, other)) in _NEIGHBOURS else 1.2


def counted(texts: Iterable[str], common: Iterable[str]) -> Counter[str]:
    """How common each word is: words of our own texts weigh most, then a list of common words, best first."""
    counts: Counter[str] = Counter()
    for rank, word in enumerate(common):
        counts[word] += max(1, int(2_000 / (rank + 10)))
    for text in texts:
        for word in re.findall(r"\w[\w\u0900-\u0903\u093a-\u094f\u200d]*", text):
            counts[word] += 10
    return counts
