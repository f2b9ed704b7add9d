"""Gives Rasa the letter groups of a message three ways: as written, as it sounds, and in its own script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.nlu.server.component import StoredComponent
from bot.nlu.server.native import NATIVE
from bot.nlu.server.sounds import sounds

# Each view: how a message's text is seen, what is counted in it. Chosen by cross-validation on the training files.
_VIEWS: dict[str, dict[str, Any]] = {
    "written": {"analyzer": "char_wb", "ngram_range": (2, 5)},
    "sounds": {"analyzer": "char_wb", "ngram_range": (1, 4)},
    "sounding words": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"\S+"},
    "native": {"analyzer": "char_wb", "ngram_range": (2, 4)},
}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class LetteringsFeaturizer(StoredComponent, SparseFeaturizer):
    """One sparse sentence vector a message: tf-idf of letter groups, each view of unit length."""

    @classmethod
    def required_components(cls) -> list[type]:
        """Rasa wants a tokenizer before any featurizer."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """rarest: a letter group seen in fewer training messages is left out."""
        return {"rarest": 2}

    @staticmethod
    def required_packages() -> list[str]:
        """What must be importable for this component."""
        return ["sklearn"]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._identifier = self.name
        self._counters: dict[str, TfidfVectorizer] = {}

    def train(self, training_data: TrainingData) -> Resource:
        """Learns which letter groups there are, and how rare."""
        examples = [message for message in training_data.training_examples if message.get(TEXT)]
        for name, settings in _VIEWS.items():
            counter = _counter(settings, min_df=self.config["rarest"] if len(examples) > 100 else 1)
            self._counters[name] = counter.fit([_seen(message, name) for message in examples])
        return self.persist()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Features for all training examples."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Features for a batch of messages; a text without one known letter group gets none."""
        worded = [message for message in messages if message.get(TEXT)]
        if worded:
            views = (
                counter.transform([_seen(each, name) for each in worded]) for name, counter in self._counters.items()
            )
            rows = hstack(list(views)).tocsr()
            for index, message in enumerate(worded):
                self._add(message, rows[index])
        return messages

    def _add(self, message: Message, row: csr_matrix) -> None:
        if row.nnz:
            message.add_features(Features(row, FEATURE_TYPE_SENTENCE, TEXT, self._identifier))

    def write(self, folder: Path) -> None:
        """Stores every view's letter groups and their rarities."""
        for number, counter in enumerate(self._counters.values()):
            groups = json.dumps(counter.get_feature_names_out().tolist(), ensure_ascii=False)
            (folder / f"{number}.json").write_text(groups, "utf-8")
            np.save(folder / f"{number}.npy", counter.idf_)

    def read(self, folder: Path) -> None:
        """Takes back what `write` stored."""
        for number, (name, settings) in enumerate(_VIEWS.items()):
            groups = json.loads((folder / f"{number}.json").read_text("utf-8"))
            counter = _counter(settings, vocabulary={group: column for column, group in enumerate(groups)})
            counter.idf_ = np.load(folder / f"{number}.npy")
            self._counters[name] = counter


def _counter(settings: dict[str, Any], **more: Any) -> TfidfVectorizer:
    return TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **settings, **more)


def _seen(message: Message, view: str) -> str:
    text: str = message.get(TEXT)
    if view == "native":
        return message.get(NATIVE) or text
    return sounds(text) if view.startswith("sound") else text
