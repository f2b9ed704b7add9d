"""Names the intent of a message, with probabilities that mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression

_NOTHING = {"name": None, "confidence": 0.0}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class CalibratedClassifier(IntentClassifier, GraphComponent):
    """Logistic regression over the sentence features; a message without features gets no intent, not an error."""

    @classmethod
    def required_components(cls) -> list[type]:
        """At least one featurizer."""
        return [Featurizer]

    @staticmethod
    def required_packages() -> list[str]:
        """What must be importable for this component."""
        return ["sklearn"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """C: the inverse of regularisation; scale: factor on all features; ranking: how many intents an answer lists."""
        return {"C": 1.0, "scale": 5.5, "ranking": 10}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """All values are numbers."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CalibratedClassifier:
        """An untrained classifier."""
        return cls(config, model_storage, resource)

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = model_storage
        self._resource = resource
        self._labels: list[str] = []
        self._weights = np.empty((0, 0))
        self._bias = np.empty(0)

    def train(self, training_data: TrainingData) -> Resource:
        """Fits on all examples that have an intent and features, and stores the weights."""
        examples = [(_features(m), m.get(INTENT)) for m in training_data.intent_examples]
        known = [(row, label) for row, label in examples if row is not None]
        if known:
            self._fit(vstack([row for row, _ in known]).tocsr(), [label for _, label in known])
            self._persist()
        return self._resource

    def _fit(self, rows: csr_matrix, labels: list[str]) -> None:
        model = LogisticRegression(C=self._config["C"], class_weight="balanced", max_iter=300, random_state=42)
        model.fit(rows * self._config["scale"], labels)
        self._labels = [str(label) for label in model.classes_]
        self._weights, self._bias = model.coef_.T * self._config["scale"], model.intercept_

    def _persist(self) -> None:
        with self._storage.write_to(self._resource) as folder:
            np.savez(folder / "weights.npz", labels=self._labels, weights=self._weights, bias=self._bias)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> CalibratedClassifier:
        """The trained classifier from the model archive."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / "weights.npz") as stored:
            component._labels = stored["labels"].tolist()
            component._weights, component._bias = stored["weights"], stored["bias"]
        return component

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets `intent` and `intent_ranking` on each message."""
        rows = [_features(message) for message in messages]
        known = [row for row in rows if row is not None]
        answers = iter(self._rank(vstack(known).tocsr()) if known else [])
        for message, row in zip(messages, rows):
            ranking = [] if row is None else next(answers)
            message.set("intent", dict(ranking[0]) if ranking else dict(_NOTHING), add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def _rank(self, rows: csr_matrix) -> list[list[dict[str, Any]]]:
        chances = _softmax(rows @ self._weights + self._bias)
        best = np.argsort(-chances, axis=1, kind="stable")[:, : self._config["ranking"]]
        return [
            [{"name": self._labels[i], "confidence": float(row[i])} for i in order] for row, order in zip(chances, best)
        ]


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _features(message: Message) -> csr_matrix | None:
    """All sentence features of a message side by side, or None where a featurizer gave none."""
    found = [message.get_sparse_features(TEXT)[1], message.get_dense_features(TEXT)[1]]
    parts = [csr_matrix(features.features) for features in found if features]
    return hstack(parts).tocsr() if parts else None
