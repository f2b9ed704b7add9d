"""Owns the looked-up form of the word tables: a language's own words before the English, or all languages at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

import regex
from babel import Locale

from bot.engine.extract.folding import fold
from bot.engine.extract.lexicon import Affixes, Lexicon, Token, folded_phrases, phrases, token_pattern, tokenize
from bot.engine.extract.words import LANGUAGES, Words, words_of

Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vocabulary:
    """All lexicons that the readers of one language use. `languages` says whose words they hold, first wins."""

    languages: tuple[str, ...]
    words: tuple[Words, ...]
    affixes: Affixes
    pattern: "regex.Pattern[str]"
    numbers: Lexicon[Decimal]
    scales: Lexicon[int]
    conjunctions: Lexicon[bool]
    halves: Lexicon[bool]
    articles: Lexicon[bool]
    range_words: Lexicon[bool]
    units: Lexicon[tuple[int, str]]
    duals: Lexicon[tuple[int, str]]
    singulars: Lexicon[bool]
    pay: Lexicon[bool]
    lasting: Lexicon[bool]
    since: Lexicon[bool]
    since_after: Lexicon[bool]
    ago: Lexicon[bool]
    dated_months: Lexicon[int]  # those of the Gregorian calendar: a day of theirs is a date
    months: Lexicon[int]
    days: Lexicon[int]
    year_cues: Lexicon[bool]
    people: Lexicon[bool]
    people_counted: Lexicon[int]
    we: Lexicon[bool]
    after_people: Lexicon[bool]
    besides_me: Lexicon[bool]
    negations: Lexicon[bool]
    negations_after: Lexicon[bool]
    weekdays: Lexicon[int]
    number_marks: Lexicon[bool]
    kin: Lexicon[bool]
    ordinals: Lexicon[int]
    doubtful_numbers: frozenset[str]
    doubtful_months: frozenset[str]

    def tokens(self, text: str) -> tuple[Token, ...]:
        """The text in tokens."""
        return tokenize(text, self.pattern)


def chosen_languages(language: str | None) -> tuple[str, ...]:
    """Whose words to read: the language's (by its base tag), then English; all if it is None or has no words here."""
    base = (language or "").replace("_", "-").split("-")[0].lower()
    if base not in LANGUAGES:
        return LANGUAGES
    return (base,) if base == "en" else (base, "en")


def vocabulary(language: str | None) -> Vocabulary:
    """The vocabulary for a language tag; built once."""
    return _vocabulary(chosen_languages(language))


@lru_cache(maxsize=32)
def _vocabulary(languages: tuple[str, ...]) -> Vocabulary:
    words = tuple(words_of(language) for language in languages)
    affixes = Affixes(
        prefixes=[word for one in words for word in folded_phrases(one.prefixes)],
        suffixes=[word for one in words for word in folded_phrases(one.suffixes)],
    )

    def flags(name: str) -> Lexicon[bool]:
        return Lexicon({phrase: True for one in words for phrase in phrases(getattr(one, name))}, affixes)

    def strict(name: str) -> Lexicon[bool]:
        return Lexicon({phrase: True for one in words for phrase in phrases(getattr(one, name))})

    numbers = {phrase: Decimal(value) for phrase, value in _merged([one.numbers for one in words]).items()}
    gregorian = {**_cldr_months(languages), **_merged([one.months for one in words])}
    return Vocabulary(
        languages=languages,
        words=words,
        affixes=affixes,
        pattern=token_pattern(_mixed(words)),
        numbers=Lexicon(numbers, _without_letters(affixes)),
        scales=Lexicon(_merged([one.scales for one in words]), affixes),
        conjunctions=strict("conjunctions"),
        halves=flags("halves"),
        articles=strict("articles"),
        range_words=strict("range_words"),
        units=Lexicon(_merged([one.units for one in words]), affixes),
        duals=Lexicon(_merged([one.duals for one in words]), affixes),
        singulars=strict("singulars"),
        pay=flags("pay"),
        lasting=strict("lasting"),
        since=strict("since"),
        since_after=strict("since_after"),
        ago=strict("ago"),
        dated_months=Lexicon(gregorian, affixes),
        months=Lexicon({**gregorian, **_merged([one.other_months for one in words])}, affixes),
        days=Lexicon(_merged([one.days for one in words])),
        year_cues=strict("year_cues"),
        people=flags("people"),
        people_counted=Lexicon(_merged([one.people_counted for one in words])),
        we=strict("we"),
        after_people=strict("after_people"),
        besides_me=strict("besides_me"),
        negations=strict("negations"),
        negations_after=strict("negations_after"),
        weekdays=Lexicon({**_cldr_weekdays(languages), **_merged([one.weekdays for one in words])}, affixes),
        number_marks=strict("number_marks"),
        kin=strict("kin"),
        ordinals=Lexicon(_merged([one.ordinals for one in words])),
        doubtful_numbers=frozenset(word for one in words for word in folded_phrases(one.doubtful_numbers)),
        doubtful_months=frozenset(word for one in words for word in folded_phrases(one.doubtful_months)),
    )


def _merged(tables: list[Mapping[Meaning, str]]) -> dict[str, Meaning]:
    """Phrase -> meaning; the first table wins."""
    merged: dict[str, Meaning] = {}
    for table in tables:
        for meaning, listed in table.items():
            for phrase in phrases(listed):
                merged.setdefault(fold(phrase), meaning)
    return merged


def _cldr_months(languages: tuple[str, ...]) -> dict[str, int]:
    names: dict[str, int] = {}
    for language in languages:
        for month, name in Locale(language).months["stand-alone"]["wide"].items():
            names.setdefault(name, month)
    return names


def _cldr_weekdays(languages: tuple[str, ...]) -> dict[str, int]:
    names: dict[str, int] = {}
    for language in languages:
        for weekday, name in Locale(language).days["stand-alone"]["wide"].items():
            names.setdefault(name, weekday)
    return names


def _mixed(words: tuple[Words, ...]) -> tuple[str, ...]:
    """Words of all tables that hold both letters and digits, as Arabic is written in Latin letters ("arba3a")."""
    listed = [
        listed
        for one in words
        for name in Words.__dataclass_fields__
        for value in [getattr(one, name)]
        for listed in ([value] if isinstance(value, str) else value.values())
    ]
    parts = (part for line in listed for phrase in folded_phrases(line) for part in phrase.split())
    return tuple(sorted({p for p in parts if any(c.isdigit() for c in p) and any(c.isalpha() for c in p)}))


def _without_letters(affixes: Affixes) -> Affixes:
    """Without the suffixes of a single Latin letter: "unos" is no "uno"."""
    return Affixes(prefixes=affixes.prefixes, suffixes=[s for s in affixes.suffixes if len(s) > 1 or not s.isascii()])
