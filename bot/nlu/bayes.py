"""Owns a small naive Bayes over words and letter triples: which label do texts like this one have?"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import exp, log

from bot.engine.extract import fold

WORD_WEIGHT = 2.0  # a whole word says more than the three triples that it is made of
SMOOTHING = 0.3


def features(text: str) -> Iterator[tuple[str, float]]:
    """The text's words and its letter triples, with their weights."""
    for word in fold(text).split():
        yield word, WORD_WEIGHT
        padded = f"^{word}$"
        yield from ((padded[at : at + 3], 1.0) for at in range(len(padded) - 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class NaiveBayes:
    """Learned counts: weights[feature][label] and each label's total."""

    weights: Mapping[str, Mapping[str, float]]
    totals: Mapping[str, float]
    priors: Mapping[str, float]

    @classmethod
    def learn(cls, examples: Iterable[tuple[str, str]]) -> "NaiveBayes":
        """From pairs of text and label."""
        weights: dict[str, Counter[str]] = defaultdict(Counter)
        totals: Counter[str] = Counter()
        lines: Counter[str] = Counter()
        for text, label in examples:
            lines[label] += 1
            for feature, weight in features(text):
                weights[feature][label] += weight  # type: ignore[assignment]
                totals[label] += weight  # type: ignore[assignment]
        known = sum(lines.values())
        return cls(weights=weights, totals=totals, priors={label: count / known for label, count in lines.items()})

    def ranking(self, text: str, *, temperature: float = 1.0) -> list[tuple[str, float]]:
        """Labels with their probabilities, the likeliest first; empty when nothing of the text is known.

        A higher temperature makes the probabilities more modest, as features that overlap ought to be.
        """
        known = [(feature, weight) for feature, weight in features(text) if feature in self.weights]
        if not known:
            return []
        size = len(self.weights)
        scores = {label: log(prior) for label, prior in self.priors.items()}
        for feature, weight in known:
            counts = self.weights[feature]
            for label, total in self.totals.items():
                scores[label] += weight * log((counts.get(label, 0) + SMOOTHING) / (total + SMOOTHING * size))
        best = max(scores.values())
        odds = {label: exp((score - best) / temperature) for label, score in scores.items()}
        whole = sum(odds.values())
        return sorted(((label, value / whole) for label, value in odds.items()), key=lambda pair: -pair[1])
