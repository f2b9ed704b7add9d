"""Tells each message's language, and writes a message in Latin letters in its language's own script."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.server.component import StoredComponent
from bot.nlu.server.language import LanguageGuesser
from bot.nlu.server.letters import ROMANISATIONS
from bot.nlu.server.romanised import NativeWords, counted

LANGUAGE = "language"
NATIVE = "native_text"

_LOOKUPS = Path(__file__).resolve().parents[3] / "nlu_data" / "lookups"
_COMMONEST_ENGLISH = 20_000


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class NativeScript(StoredComponent):
    """Sets `language` and `native_text` on every message, for the components after it; neither is in the answer.

    Learns languages from the metadata that our training step adds; without it, all text stays as it was written.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """english_share: with so many of its words common in English a text is English, whatever the guess."""
        return {"english_share": 0.8, "common_words": 30_000}

    @staticmethod
    def required_packages() -> list[str]:
        """What must be importable for this component."""
        return ["sklearn", "wordfreq"]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._guesser = LanguageGuesser()
        self._english: frozenset[str] = frozenset()
        self._counts: dict[str, dict[str, int]] = {}
        self._words: dict[str, NativeWords] = {}

    def train(self, training_data: TrainingData) -> Resource:
        """Learns how each language looks and which words it has."""
        import wordfreq

        examples = [(message.get(TEXT), _told_language(message)) for message in training_data.intent_examples]
        self._guesser.fit([text for text, _ in examples], [language for _, language in examples])
        self._english = frozenset(wordfreq.top_n_list("en", _COMMONEST_ENGLISH))
        for language, own in ROMANISATIONS.items():
            texts = [text for text, told in examples if told == language and not _is_latin(text)]
            common = _looked_up(language) + _listed(language, self.config["common_words"])
            self._counts[language] = dict(counted(texts, (word for word in common if own.from_native(word))))
        self._index()
        return self.persist()

    def _index(self) -> None:
        self._words = {each: NativeWords(ROMANISATIONS[each], counts) for each, counts in self._counts.items()}

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """As `process`: training sees the guesses that parsing will see."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the language and the text in native script."""
        texts = [message.get(TEXT) or "" for message in messages]
        for message, text, guess in zip(messages, texts, self._guesser.guess(texts), strict=True):
            language, native = self._converted(text, guess)
            message.set(LANGUAGE, language)
            message.set(NATIVE, native)
        return messages

    def _converted(self, text: str, guess: str) -> tuple[str, str]:
        if guess not in self._words or not _is_latin(text):
            return guess, text
        if self._english_share(text) >= self.config["english_share"]:
            return "en", text
        return guess, self._words[guess].convert(text)

    def _english_share(self, text: str) -> float:
        words = [word for word in text.lower().split() if word.isalpha()]
        return sum(word in self._english for word in words) / len(words) if len(words) > 1 else 0.0

    def write(self, folder: Path) -> None:
        """Stores languages and words."""
        self._guesser.write(folder)
        words = {"english": sorted(self._english), "counts": self._counts}
        (folder / "words.json").write_text(json.dumps(words, ensure_ascii=False), "utf-8")

    def read(self, folder: Path) -> None:
        """Takes back what `write` stored."""
        self._guesser.read(folder)
        words = json.loads((folder / "words.json").read_text("utf-8"))
        self._english, self._counts = frozenset(words["english"]), words["counts"]
        self._index()


def _told_language(message: Message) -> str:
    told = (message.get(METADATA) or {}).get(METADATA_INTENT) or {}
    return str(told.get(LANGUAGE, ""))


def _is_latin(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    latin = sum(character.isascii() or "LATIN" in unicodedata.name(character, "") for character in letters)
    return latin * 2 > len(letters)


def _looked_up(language: str) -> list[str]:
    file = _LOOKUPS / f"{language}.txt"
    lines: Iterable[str] = file.read_text("utf-8").splitlines() if file.exists() else []
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def _listed(language: str, most: int) -> list[str]:
    import wordfreq

    return list(wordfreq.top_n_list(language, most)) if language in wordfreq.available_languages() else []
