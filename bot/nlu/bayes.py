"""Owns a small naive Bayes over words and their parts: which label do texts like this one have?"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import exp, log

from bot.engine.extract import fold

WORD_WEIGHT = 2.0  # a whole word says more than each part of it
PARTS = (3, 4)  # letters in a row
SMOOTHING = 0.3


def features(word: str) -> Iterator[tuple[str, float]]:
    """A folded word and the runs of letters in it, with their weights."""
    yield word, WORD_WEIGHT
    padded = f"^{word}$"
    for length in PARTS:
        yield from ((padded[at : at + length], 1.0) for at in range(len(padded) - length + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class NaiveBayes:
    """Learned counts: weights[feature][label] and each label's total."""

    weights: Mapping[str, Mapping[str, float]]
    totals: Mapping[str, float]
    priors: Mapping[str, float]

    @classmethod
    def learn(cls, examples: Iterable[tuple[str, str]]) -> "NaiveBayes":
        """From pairs of text and label."""
        words: dict[str, Counter[str]] = defaultdict(Counter)
        lines: Counter[str] = Counter()
        for text, label in examples:
            lines[label] += 1
            words[label].update(fold(text).split())
        weights: dict[str, dict[str, float]] = defaultdict(dict)
        totals = dict.fromkeys(lines, 0.0)
        for label, counts in words.items():
            # Word by word, not line by line: most words come often, and each is cut to triples once.
            for word, count in counts.items():
                for feature, weight in features(word):
                    found = weights[feature]
                    found[label] = found.get(label, 0.0) + weight * count
                    totals[label] += weight * count
        priors = {label: count / lines.total() for label, count in lines.items()}
        return cls(weights=dict(weights), totals=totals, priors=priors)

    def ranking(self, text: str, *, temperature: float = 1.0) -> list[tuple[str, float]]:
        """Labels with their probabilities, the likeliest first; empty when nothing of the text is known.

        A higher temperature makes the probabilities more modest, as features that overlap ought to be.
        """
        found = (feature for word in fold(text).split() for feature in features(word))
        known = [(counts, weight * self._telling(counts)) for key, weight in found if (counts := self.weights.get(key))]
        if not known:
            return []
        whole_weight = sum(weight for _, weight in known)
        scores = {}
        for label, prior in self.priors.items():
            evidence = sum(weight * log(counts.get(label, 0.0) + SMOOTHING) for counts, weight in known)
            scores[label] = (
                log(prior) + evidence - whole_weight * log(self.totals[label] + SMOOTHING * len(self.weights))
            )
        best = max(scores.values())
        odds = {label: exp((score - best) / temperature) for label, score in scores.items()}
        whole = sum(odds.values())
        return sorted(((label, value / whole) for label, value in odds.items()), key=lambda pair: -pair[1])

    def _telling(self, counts: Mapping[str, float]) -> float:
        """What a feature weighs: the fewer labels have it, the more it tells."""
        return log(1 + len(self.priors) / len(counts))
