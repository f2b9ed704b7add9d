"""Owns what a message says by its form alone: empty, emoji, a number, STOP, a cry for help, a language."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Any

import regex
import yaml

from bot.engine import extract
from bot.services.routing import Signal

_SOS_EMOJI = "\U0001f198"
_ALARM_EMOJI = regex.compile("[\U0001f6a8\u26d1]")  # police light, rescue helmet: also used to adorn news and adverts
_SOS_LETTERS = regex.compile(r"\bS\.? ?O\.? ?S\b|\bs\.o\.s\b")  # not "sos", which is Spanish for "you are"
_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")
_NUMBER = regex.compile(r"[^\p{L}\p{N}]*\p{N}+[^\p{L}\p{N}]*")
_APOSTROPHES = regex.compile("['\u02bc]")
_GAPS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_REPEATED = regex.compile(r"(\p{L})\1{2,}")  # "sooos", "heeelp"
MAX_CRY_WORDS = 16  # in a longer message a phrase may be by the way: what it means decides
MAX_ALARM_WORDS = 6  # beside an alarm emoji
MAX_BARE_WORDS = 6  # danger words with words around them
NEAR = 2  # words before or behind a cry in which a denial is looked for

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The signal, and for LANGUAGE which one is named."""

    signal: Signal
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Word lists of all offered languages, looked up at once: a frightened person mixes them."""

    whole: Mapping[Words, Signal]
    bare: frozenset[str]  # single danger words
    around: frozenset[str]
    cries: "Phrases"
    harmless: "Phrases"
    denied_before: frozenset[str]
    denied_behind: frozenset[str]
    emoji: frozenset[str]
    languages: Words

    @classmethod
    def load(cls, languages: Iterable[str]) -> "Signals":
        """The lists beside this module, for these languages; English opt-out words always count."""
        offered = tuple(languages)
        document = _document()

        def texts(kind: str) -> list[str]:
            lists = document[kind]
            return [
                str(text) for language in dict.fromkeys(("en", *offered, "world")) for text in lists.get(language, ())
            ]

        kinds = ("danger", "help", "start", "sos", "stop")  # the later wins
        whole = {_words(text): Signal(kind) for kind in kinds for text in texts(kind)}

        def words(kind: str) -> frozenset[str]:
            return frozenset(word for text in texts(kind) for word in _words(text))

        return cls(
            whole=whole,
            bare=frozenset(found[0] for found, signal in whole.items() if signal in _URGENT and len(found) == 1),
            around=words("around"),
            cries=Phrases.of(texts("cries")),
            harmless=Phrases.of(texts("harmless")),
            denied_before=words("denied_before"),
            denied_behind=words("denied_behind"),
            emoji=frozenset(document["emoji"]),
            languages=offered,
        )

    def read(self, text: str) -> Reading:
        """What the text's form says; NONE leaves it to understanding."""
        if _SOS_EMOJI in text:
            return Reading(signal=Signal.SOS)
        if not _LETTER_OR_DIGIT.search(text):
            return Reading(signal=self._without_words(text))
        if _NUMBER.fullmatch(text.strip()):
            return Reading(signal=Signal.NUMBER)
        words = _words(text)
        signal = self.whole.get(words) or self.whole.get(_shortened(words)) or self._urgent(text, words)
        if signal:
            return Reading(signal=signal)
        language = extract.language_named(text, self.languages) if len(words) == 1 else None
        return Reading(signal=Signal.LANGUAGE, language=language) if language else Reading(signal=Signal.NONE)

    def _without_words(self, text: str) -> Signal:
        if _ALARM_EMOJI.search(text):
            return Signal.SOS
        if any(emoji in text for emoji in self.emoji):
            return Signal.DANGER
        return Signal.EMOJI if text.strip() else Signal.EMPTY

    def _urgent(self, text: str, words: Words) -> Signal | None:
        is_shouted = not text.isupper() and _SOS_LETTERS.search(text)
        if is_shouted or set(words) == {"sos"} or (_ALARM_EMOJI.search(text) and len(words) <= MAX_ALARM_WORDS):
            return Signal.SOS
        return Signal.DANGER if self._is_bare(_shortened(words)) or self._cries(words) else None

    def _is_bare(self, words: Words) -> bool:
        """Whether nothing is said but danger words and words that surround them: "fire fire please help"."""
        if len(words) > MAX_BARE_WORDS or self.bare.isdisjoint(words):
            return False
        return all(word in self.bare or word in self.around for word in words)

    def _cries(self, words: Words) -> bool:
        if len(words) > MAX_CRY_WORDS or any(self.harmless.within(words)):
            return False
        return any(not self._is_denied(words, start, end) for start, end in self.cries.within(words))

    def _is_denied(self, words: Words, start: int, end: int) -> bool:
        before, behind = words[max(0, start - NEAR) : start], words[end : end + NEAR]
        return not (self.denied_before.isdisjoint(before) and self.denied_behind.isdisjoint(behind))


_URGENT = (Signal.DANGER, Signal.SOS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Phrases to be found among words, by their first word; a phrase's last word may be the beginning of one."""

    by_first: Mapping[str, tuple[tuple[Words, bool], ...]]
    beginnings: Words  # one-word phrases that may go on

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Phrases":
        found = [(_words(text), text.endswith("*")) for text in texts]
        firsts = {words[0] for words, _ in found}
        return cls(
            by_first={first: tuple(phrase for phrase in found if phrase[0][0] == first) for first in firsts},
            beginnings=tuple(words[0] for words, is_open in found if is_open and len(words) == 1),
        )

    def within(self, words: Words) -> Iterator[tuple[int, int]]:
        """Where phrases stand: the index of their first word and of the one behind them."""
        for start, word in enumerate(words):
            if word.startswith(self.beginnings):
                yield start, start + 1
            for phrase, is_open in self.by_first.get(word, ()):
                end = start + len(phrase)
                last = words[end - 1] if end <= len(words) else ""
                if words[start : end - 1] == phrase[:-1] and (
                    last.startswith(phrase[-1]) if is_open else last == phrase[-1]
                ):
                    yield start, end


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    """The lists as they are written; they come with the program, so they are read once in a process."""
    document: dict[str, Any] = yaml.safe_load(files("bot.services").joinpath("signals.yml").read_text("utf-8"))
    return document


def _words(text: str) -> Words:
    """The text's words as they are compared."""
    return tuple(_GAPS.sub(" ", _APOSTROPHES.sub("", extract.fold(text))).split())


def _shortened(words: Words) -> Words:
    """Without letters and words that are only repeated: "heeelp fire fire"."""
    return tuple(word for word, _ in groupby(_REPEATED.sub(r"\1", word) for word in words))
