"""Owns what a message says by its form alone: empty, emoji, a number, STOP, a cry for help, a language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import regex
import yaml

from bot.engine import extract
from bot.services.routing import Signal

_SOS_EMOJI = regex.compile("[\U0001f198\U0001f6a8\u26d1]")  # SOS button, police light, rescue helmet
_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")
_NUMBER = regex.compile(r"[\W_]*\p{N}+[\W_]*")
_GAPS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_REPEATED = regex.compile(r"(\p{L})\1{2,}")  # "sooos", "heeelp"
MAX_DANGER_WORDS = 12  # in a longer message single words may be by the way: what it means decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The signal, and for LANGUAGE which one is named."""

    signal: Signal
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Word lists of all offered languages, looked up at once: a frightened person mixes them."""

    whole: Mapping[str, Signal]
    inside: Sequence[str]
    harmless: Sequence[str]
    languages: tuple[str, ...]

    @classmethod
    def load(cls, languages: Iterable[str]) -> "Signals":
        """The lists beside this module, for these languages; English opt-out words always count."""
        offered = tuple(languages)
        document: dict[str, Any] = yaml.safe_load(files("bot.services").joinpath("signals.yml").read_text("utf-8"))

        def words(kind: str) -> list[str]:
            lists = document[kind]
            return [word for language in dict.fromkeys(("en", *offered)) for word in lists.get(language, ())]

        danger = words("danger")
        whole = {_plain(word.rstrip("*")): Signal.DANGER for word in danger}
        for kind in ("help", "start", "sos", "stop"):
            whole |= {_plain(word): Signal(kind) for word in words(kind)}
        return cls(
            whole=whole,
            inside=tuple(_plain(word.rstrip("*")) for word in danger if word.endswith("*")),
            harmless=tuple(_plain(word) for word in words("harmless")),
            languages=offered,
        )

    def read(self, text: str) -> Reading:
        """What the text's form says; NONE leaves it to understanding."""
        if _SOS_EMOJI.search(text):
            return Reading(signal=Signal.SOS)
        if not _LETTER_OR_DIGIT.search(text):
            return Reading(signal=Signal.EMOJI if text.strip() else Signal.EMPTY)
        if _NUMBER.fullmatch(text.strip()):
            return Reading(signal=Signal.NUMBER)
        return self._words(_plain(text), text)

    def _words(self, plain: str, text: str) -> Reading:
        found = self.whole.get(plain) or self.whole.get(_REPEATED.sub(r"\1", plain))
        if found is None and plain.replace(" ", "").removesuffix("sos").replace("sos", "") == "" and "sos" in plain:
            found = Signal.SOS
        if found is None and self._cries(plain):
            found = Signal.DANGER
        if found is not None:
            return Reading(signal=found)
        language = extract.language_named(text, self.languages) if len(plain.split()) <= 1 else None
        return Reading(signal=Signal.LANGUAGE, language=language) if language else Reading(signal=Signal.NONE)

    def _cries(self, plain: str) -> bool:
        if len(plain.split()) > MAX_DANGER_WORDS or any(_holds(plain, word) for word in self.harmless):
            return False
        return any(_holds(plain, phrase, is_prefix=True) for phrase in self.inside)


def _plain(text: str) -> str:
    return _GAPS.sub(" ", extract.fold(text)).strip()


def _holds(plain: str, phrase: str, *, is_prefix: bool = False) -> bool:
    """Whether the phrase stands in the text at word borders (its last word may go on where `is_prefix`)."""
    return f" {phrase}" in f" {plain}" if is_prefix else f" {phrase} " in f" {plain} "
