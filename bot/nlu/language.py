"""Owns which language a text is in: its script first, then what texts like it were in; sure only when all agree."""

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import name

import py3langid.langid as langid
import pycld2

from bot.nlu.bayes import NaiveBayes
from bot.nlu.examples import Example
from bot.services.ports import Guess

_SCRIPTS = {"ARABIC": ("ar", "ur", "fa"), "DEVANAGARI": ("ne", "hi"), "BENGALI": ("bn",), "SINHALA": ("si",)}
SURE = 0.97
MIN_LETTERS = 6  # "ok", "hi", "no" are said in every language


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageGuesser:
    """Guesses among the offered languages; what it learned tells Latin-letter Nepali and Arabic from English and Spanish."""

    languages: tuple[str, ...]
    latin: NaiveBayes

    @classmethod
    def learn(cls, examples: Iterable[Example], languages: tuple[str, ...]) -> "LanguageGuesser":
        pairs = ((example.text, example.language) for example in examples if example.is_latin)
        return cls(languages=languages, latin=NaiveBayes.learn(pairs))

    def guess(self, text: str, hint: str | None) -> Guess:
        letters = [letter for letter in text if letter.isalpha()]
        fallback = Guess(language=self._offered(hint))
        if not letters:
            return fallback
        script = self._script(letters)
        if script is not None:
            candidates = [language for language in _SCRIPTS.get(script, ()) if language in self.languages]
            if not candidates:
                return fallback
            return Guess(language=candidates[0], is_sure=len(candidates) == 1)
        return self._by_words(text, len(letters)) or fallback

    def _script(self, letters: list[str]) -> str | None:
        """The script of most of the letters, where it is not Latin."""
        foreign = [letter for letter in letters if ord(letter) > 0x2FF]
        if len(foreign) * 2 < len(letters):
            return None
        return name(foreign[0], "").partition(" ")[0]

    def _by_words(self, text: str, letters: int) -> Guess | None:
        ranking = self.latin.ranking(text, temperature=2.0)
        if not ranking:
            return None
        language, probability = ranking[0]
        if language not in self.languages:
            return None
        is_sure = probability >= SURE and letters >= MIN_LETTERS and self._agrees(text, language)
        return Guess(language=language, is_sure=is_sure)

    def _agrees(self, text: str, language: str) -> bool:
        """Whether no detector of the world's languages is certain of another one.

        Neither knows Nepali or Arabic in Latin letters, so for those only their certainty of English or Spanish counts.
        """
        is_reliable, _, details = pycld2.detect(text.encode("utf-8", "replace"), bestEffort=False)
        seen = details[0][1] if is_reliable else "un"
        if language in ("en", "es"):
            return seen in (language, "un") or langid.classify(text)[0] == language
        return seen not in ("en", "es")

    def _offered(self, hint: str | None) -> str | None:
        """The offered language that a phone's setting such as es-419 names."""
        code = (hint or "").replace("_", "-").split("-")[0].lower()
        return code if code in self.languages else None
