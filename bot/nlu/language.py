"""Owns which language a text is in: its script first, then what texts like it were in; sure only of words it knows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain
from unicodedata import name

import pycld2
import regex
import yaml

from bot.engine.extract import fold
from bot.nlu.bayes import NaiveBayes
from bot.nlu.examples import Example
from bot.services.ports import Guess

_SCRIPTS = {"ARABIC": ("ar", "ur", "fa", "ps"), "DEVANAGARI": ("ne", "hi"), "BENGALI": ("bn",), "SINHALA": ("si",)}
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}']+")
# These talk about other languages, or about anything: what they say is no evidence of the language that they are in.
_NO_EVIDENCE = ("change_language", "out_of_scope")
_WORLDLY = ("en", "es")  # what the detector of the world's languages knows well
SURE = 0.97  # the least probability of a language among the offered ones
SURELY_KNOWN = 0.6  # the least share of words that training messages of the language have
HARDLY_KNOWN = 0.2  # a text of more words than one with no more than this share is in none of these languages
COMMON = 2  # messages that a word comes in before it counts as the language's own
MIN_WORDS = 2  # "ok", "salam", "passport" are said in every language


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageGuesser:
    """Guesses among the offered languages; what it learned tells Latin-letter Nepali and Arabic from English."""

    languages: tuple[str, ...]
    latin: NaiveBayes
    words: Mapping[str, frozenset[str]]  # by language, the words of its training messages
    strangers: frozenset[str]  # words of languages that are not offered

    @classmethod
    def learn(cls, examples: Iterable[Example], languages: tuple[str, ...]) -> "LanguageGuesser":
        telling = [example for example in examples if example.intent not in _NO_EVIDENCE]
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for example in telling:
            counts[example.language].update(set(_words(example.text)))
        words = {
            language: frozenset(word for word, count in found.items() if count >= COMMON)
            for language, found in counts.items()
        }
        return cls(
            languages=languages,
            latin=NaiveBayes.learn((example.text, example.language) for example in telling if example.is_latin),
            words=words,
            strangers=_strangers(languages),
        )

    def guess(self, text: str, hint: str | None) -> Guess:
        words = _words(text)
        script = _script(words)
        language, probability = self._likeliest(text, words, script)
        if language is None or self._is_strange(words, language, script):
            return Guess(language=self._offered(hint))
        is_known = probability >= SURE and len(words) >= MIN_WORDS and self._share(words, language) >= SURELY_KNOWN
        return Guess(language=language, is_sure=is_known and self._is_undisputed(text, words, language))

    def _likeliest(self, text: str, words: list[str], script: str | None) -> tuple[str | None, float]:
        """The offered language that the text is in by its script, else by its words; and how probable that is."""
        if script != "LATIN":
            candidates = [language for language in _SCRIPTS.get(script or "", ()) if language in self.languages]
            return (candidates[0], 1.0) if candidates else (None, 0.0)
        offered = [entry for entry in self.latin.ranking(text, temperature=2.0) if entry[0] in self.languages]
        likeliest, probability = offered[0] if offered else (None, 0.0)
        if likeliest not in _WORLDLY and "en" in self.languages and self._share(words, "en") == 1.0:
            return "en", 0.0  # Nepali and Arabic speakers write such words too, but here is nothing else
        return likeliest, probability

    def _is_strange(self, words: list[str], language: str, script: str | None) -> bool:
        """Whether the text is likely in none of the offered languages: Tagalog is not answered in Devanagari.

        Who writes another language in Latin letters may well read English or Spanish: those are guessed all the same.
        """
        if language in _WORLDLY or len(words) < MIN_WORDS or self._share(words, language) > HARDLY_KNOWN:
            return False
        return script == "LATIN" or self._has_strangers(words, language)

    def _share(self, words: list[str], language: str) -> float:
        """How many of the words come in the training messages of the language."""
        own = self.words.get(language, frozenset())
        return sum(word in own for word in words) / max(1, len(words))

    def _is_undisputed(self, text: str, words: list[str], language: str) -> bool:
        """Whether no word is another language's own, and no detector of the world's languages is certain of another.

        It does not know Nepali or Arabic in Latin letters, nor short Nepali from Hindi: only a certainty of English or
        Spanish counts against those.
        """
        if self._has_strangers(words, language):
            return False
        is_reliable, _, details = pycld2.detect(text.encode("utf-8", "replace"), bestEffort=False)
        seen = details[0][1] if is_reliable else language
        return seen == language if language in _WORLDLY else seen not in _WORLDLY

    def _has_strangers(self, words: list[str], language: str) -> bool:
        own = self.words.get(language, frozenset())
        return any(word in self.strangers and word not in own for word in words)

    def _offered(self, hint: str | None) -> str | None:
        """The offered language that a phone's setting such as es-419 names."""
        code = (hint or "").replace("_", "-").split("-")[0].lower()
        return code if code in self.languages else None


def _words(text: str) -> list[str]:
    """The text's words as they are compared, without numbers."""
    return [word for word in _WORD.findall(fold(text)) if not word.isdigit()]


def _script(words: list[str]) -> str | None:
    """The script of the words; a third of them outweighs Latin ones, for many write English words in between."""
    letters = (next((letter for letter in word if letter.isalpha()), "") for word in words)
    scripts = Counter(name(letter).partition(" ")[0] for letter in letters if letter)
    foreign = Counter({script: count for script, count in scripts.items() if script != "LATIN"})
    if foreign and foreign.total() * 3 >= scripts.total():
        return foreign.most_common(1)[0][0]
    return "LATIN" if scripts else None


def _strangers(languages: tuple[str, ...]) -> frozenset[str]:
    document: dict[str, list[str]] = yaml.safe_load(files("bot.nlu").joinpath("others.yml").read_text("utf-8"))
    lists = (words for language, words in document.items() if language not in languages)
    return frozenset(map(fold, chain.from_iterable(lists)))
