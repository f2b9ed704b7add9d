"""Guesses the language of a text among those trained on, by the letter groups it is made of (naive Bayes)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer

_GROUPS = 2**18  # letter groups are hashed into so many columns
_SMOOTHING = 0.05


class LanguageGuesser:
    """Learns from texts with their languages; says the likeliest language of a new text."""

    def __init__(self) -> None:
        self._hashed = HashingVectorizer(
            analyzer="char_wb",
            ngram_range=(1, 4),
            n_features=_GROUPS,
            alternate_sign=False,
            norm=None,
            dtype=np.float32,
        )
        self._languages: list[str] = []
        self._weights = np.empty((_GROUPS, 0), np.float32)

    def fit(self, texts: Sequence[str], languages: Sequence[str]) -> None:
        """Counts letter groups by language."""
        self._languages = sorted(set(languages))
        groups = self._hashed.transform(texts)
        labels = np.array(languages)
        counts = np.vstack([np.asarray(groups[labels == each].sum(axis=0)) for each in self._languages]) + _SMOOTHING
        self._weights = np.log(counts / counts.sum(axis=1, keepdims=True)).T.astype(np.float32)

    def guess(self, texts: Sequence[str]) -> list[str]:
        """The likeliest language of each text; the only or first one where there is nothing to choose by."""
        if not texts or not self._languages:
            return ["" for _ in texts]
        scores = self._hashed.transform(texts) @ self._weights
        return [self._languages[index] for index in np.argmax(scores, axis=1)]

    def write(self, folder: Path) -> None:
        """Stores what was learnt."""
        np.savez_compressed(folder / "language.npz", languages=np.array(self._languages), weights=self._weights)

    def read(self, folder: Path) -> None:
        """Takes back what `write` stored."""
        with np.load(folder / "language.npz") as stored:
            self._languages, self._weights = stored["languages"].tolist(), stored["weights"]
