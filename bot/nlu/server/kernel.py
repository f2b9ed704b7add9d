"""Kernel least squares: one linear solve trains all classes, and gives the leave-one-out scores that calibrate them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import spotri
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix

_PULL = 5.0  # a language seen rarely borrows the mean of all: as if so many of its vectors lay there


@dataclass(frozen=True)
class Inputs:
    """Features of some messages, a row each; `dense` rows have unit length; either kind may be absent."""

    languages: list[str]
    dense: np.ndarray | None
    sparse: csr_matrix | None


class KernelModel:
    """Scores by similarity to every training message: a Gaussian of dense vectors plus `sparse` times a dot product.

    Dense vectors are first centred by language: what a language adds to all its sentences says nothing about meaning.
    """

    def __init__(self, *, narrowness: float, sparse: float, smoothing: float) -> None:
        self._narrowness = narrowness
        self._sparse_weight = sparse
        self._smoothing = smoothing
        self.labels: list[str] = []
        self._sharpness = 1.0
        self._means: dict[str, np.ndarray] = {}
        self._dense = np.empty((0, 0), np.float32)
        self._dense_weights = np.empty((0, 0), np.float32)
        self._sparse_weights = np.empty((0, 0), np.float32)

    def fit(self, inputs: Inputs, labels: list[str]) -> None:
        """Learns from labelled messages. Raises ValueError where there are none.

        Memory: 4 bytes times the square of their number, three times over (1.2 GB for 10,000).
        """
        if not labels:
            raise ValueError("No training message has features.")
        self.labels = sorted(set(labels))
        numbers = np.array([self.labels.index(label) for label in labels])
        wanted = np.where(numbers[:, np.newaxis] == np.arange(len(self.labels)), 1, -1).astype(np.float32)
        kernel = np.zeros((len(labels), len(labels)), np.float32)
        if inputs.dense is not None:
            self._means = _means(inputs.dense, inputs.languages)
            self._dense = self._centred(inputs.dense, inputs.languages)
            kernel += self._gaussian(self._dense)
        if inputs.sparse is not None:
            kernel += self._sparse_weight * (inputs.sparse @ inputs.sparse.T).toarray()
        weights, left_out = _solve(kernel, wanted, self._smoothing)
        self._sharpness = _sharpness(left_out, numbers)
        self._dense_weights = weights
        if inputs.sparse is not None:
            self._sparse_weights = (self._sparse_weight * (inputs.sparse.T @ weights)).astype(np.float32)

    def chances(self, inputs: Inputs) -> np.ndarray:
        """The probability of every label, shape (messages, labels)."""
        scores = np.zeros((len(inputs.languages), len(self.labels)), np.float32)
        if inputs.dense is not None and self._dense.size:
            scores += self._gaussian(self._centred(inputs.dense, inputs.languages)) @ self._dense_weights
        if inputs.sparse is not None and self._sparse_weights.size:
            scores += inputs.sparse @ self._sparse_weights
        return _softmax(scores.astype(np.float64) * self._sharpness)

    def _gaussian(self, dense: np.ndarray) -> np.ndarray:
        squares = 2.0 - 2.0 * (dense @ self._dense.T)
        return np.exp(-self._narrowness * squares, out=squares)

    def _centred(self, dense: np.ndarray, languages: list[str]) -> np.ndarray:
        everybody = self._means[""]
        moved = dense - np.vstack([self._means.get(language, everybody) for language in languages])
        return (moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)).astype(np.float32)

    def write(self, file: Path) -> None:
        """Stores what was learnt."""
        np.savez(
            file,
            labels=np.array(self.labels),
            sharpness=self._sharpness,
            languages=np.array(list(self._means)),
            means=np.array(list(self._means.values())),
            dense=self._dense,
            dense_weights=self._dense_weights if self._dense.size else np.empty((0, 0), np.float32),
            sparse_weights=self._sparse_weights,
        )

    def read(self, file: Path) -> None:
        """Takes back what `write` stored."""
        with np.load(file) as stored:
            self.labels, self._sharpness = stored["labels"].tolist(), float(stored["sharpness"])
            self._means = dict(zip(stored["languages"].tolist(), stored["means"], strict=True))
            self._dense, self._dense_weights = stored["dense"], stored["dense_weights"]
            self._sparse_weights = stored["sparse_weights"]


def _means(dense: np.ndarray, languages: list[str]) -> dict[str, np.ndarray]:
    """The mean vector of each language, drawn towards the mean of all, which stands under the empty name."""
    told = np.array(languages)
    everybody = dense.mean(axis=0)
    own = {each: dense[told == each] for each in sorted(set(languages))}
    means = {each: (rows.sum(axis=0) + _PULL * everybody) / (len(rows) + _PULL) for each, rows in own.items()}
    return {**means, "": everybody}


def _solve(kernel: np.ndarray, wanted: np.ndarray, smoothing: float) -> tuple[np.ndarray, np.ndarray]:
    """The weights, and what each message would have scored had it been left out (an identity of least squares)."""
    kernel[np.diag_indices_from(kernel)] += smoothing
    factor, lower = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
    weights = cho_solve((factor, lower), wanted, check_finite=False)
    inverse, _ = spotri(factor, lower=1, overwrite_c=1)
    return weights.astype(np.float32), wanted - weights / np.diag(inverse)[:, np.newaxis]


def _sharpness(scores: np.ndarray, numbers: np.ndarray) -> float:
    """The factor on scores with which the softmax is most honest about messages not learnt from."""

    def surprise(factor: float) -> float:
        chances = _softmax(scores.astype(np.float64) * factor)
        return float(-np.log(chances[np.arange(len(numbers)), numbers] + 1e-12).mean())

    return float(minimize_scalar(surprise, bounds=(0.5, 30.0), method="bounded").x)


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
