"""Names the intent of a message, with probabilities that mean what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, vstack

from bot.nlu.server.component import StoredComponent
from bot.nlu.server.kernel import Inputs, KernelModel
from bot.nlu.server.native import LANGUAGE


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class CalibratedClassifier(StoredComponent, IntentClassifier):
    """Kernel least squares over dense and sparse sentence features, whichever there are.

    A message without features gets no intent, not an error.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """At least one featurizer."""
        return [Featurizer]

    @staticmethod
    def required_packages() -> list[str]:
        """What must be importable for this component."""
        return ["sklearn", "scipy"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Chosen by cross-validation on the training files.

        narrowness: of the kernel over dense vectors; sparse: weight of the sparse features beside them; smoothing:
        added to the kernel's diagonal; ranking: how many intents an answer lists.
        """
        return {"narrowness": 1.5, "sparse": 0.15, "smoothing": 0.15, "ranking": 10}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._model = KernelModel(
            narrowness=self.config["narrowness"], sparse=self.config["sparse"], smoothing=self.config["smoothing"]
        )

    def train(self, training_data: TrainingData) -> Resource:
        """Fits on all examples that have features, and stores the model. Raises ValueError where there are none."""
        known = [message for message in training_data.intent_examples if _is_known(message)]
        self._model.fit(_inputs(known), [message.get(INTENT) for message in known])
        return self.persist()

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets `intent` and `intent_ranking` on each message."""
        known = [message for message in messages if _is_known(message)]
        rankings = iter(self._rank(known) if known else [])
        for message in messages:
            ranking = next(rankings) if _is_known(message) else []
            first = dict(ranking[0]) if ranking else {"name": None, "confidence": 0.0}
            message.set("intent", first, add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def _rank(self, messages: list[Message]) -> list[list[dict[str, Any]]]:
        chances = self._model.chances(_inputs(messages))
        best = np.argsort(-chances, axis=1, kind="stable")[:, : self.config["ranking"]]
        return [
            [{"name": self._model.labels[index], "confidence": float(row[index])} for index in order]
            for row, order in zip(chances, best, strict=True)
        ]

    def write(self, folder: Path) -> None:
        """Stores the model."""
        self._model.write(folder / "kernel.npz")

    def read(self, folder: Path) -> None:
        """Takes back what `write` stored."""
        self._model.read(folder / "kernel.npz")


def _is_known(message: Message) -> bool:
    return any(features is not None for features in _found(message))


def _found(message: Message) -> tuple[Any, Any]:
    return message.get_dense_features(TEXT)[1], message.get_sparse_features(TEXT)[1]


def _inputs(messages: list[Message]) -> Inputs:
    """The features of all messages; a kind that one message lacks is zero for it, one that all lack is absent."""
    dense, sparse = zip(*(_found(message) for message in messages), strict=True)
    wide = next((each.features.shape[1] for each in dense if each), 0)
    long = next((each.features.shape[1] for each in sparse if each), 0)
    return Inputs(
        languages=[message.get(LANGUAGE) or "" for message in messages],
        dense=np.vstack([each.features if each else np.zeros((1, wide), np.float32) for each in dense])
        if wide
        else None,
        sparse=vstack([each.features if each else csr_matrix((1, long), dtype=np.float32) for each in sparse]).tocsr()
        if long
        else None,
    )
