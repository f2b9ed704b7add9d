"""Owns reading countries and nationalities: CLDR's names in all our languages, demonyms and everyday short forms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import regex
from babel import Locale

from bot.engine.extract.folding import fold
from bot.engine.extract.lexicon import Lexicon, folded_phrases, tokenize
from bot.engine.extract.vocabulary import vocabulary
from bot.engine.extract.words import LANGUAGES

# Whose CLDR country names are read: our languages, and those that migrants among our contacts are likely to write.
NAME_LANGUAGES = (*LANGUAGES, "hi", "bn", "ur", "fil", "id", "my", "th", "km", "vi", "si", "ta", "am", "fr", "pt", "zh")
_SHORTEST_FOREIGN = (
    5  # shorter Latin names of other languages are everyday words of ours (Vietnamese "Mỹ" folds to "my")
)
_TERRITORY = regex.compile(r"[A-Z]{2}")
_NO_COUNTRY = frozenset({"ZZ", "EU", "EZ", "UN", "QO", "XA", "XB"})
_ASIDE = regex.compile(r"\s*[(（\[].*?[)）\]]")
_IN_ASIDE = regex.compile(r"[(（\[](.*?)[)）\]]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCountry:
    """A country (ISO 3166-1 alpha-2) and where it stands in the text, in characters."""

    code: str
    start: int
    end: int


def country(text: str, language: str | None) -> str | None:
    """The one country or nationality of the text as an ISO 3166-1 alpha-2 code; None if there is none, or several."""
    found = {one.code for one in countries(text, language)}
    return found.pop() if len(found) == 1 else None


def countries(text: str, language: str | None) -> Iterator[FoundCountry]:
    """Every country or nationality, left to right: the longest name at each place, whole words in every script."""
    languages = vocabulary(language).languages
    names = _names(languages)
    tokens = tokenize(text)
    alone = _names(languages, has_blocks=False).at(tokens, 0) if tokens else None
    if alone is not None and alone[1] == len(tokens):  # as a whole answer "Mali" is the country, whatever else it means
        yield FoundCountry(code=alone[0], start=tokens[0].start, end=tokens[-1].end)
        return
    spoken = {first: (code, width) for code, first, width in names.all(tokens)}
    for at, token in enumerate(tokens):
        if at in spoken:
            code, width = spoken[at]
            if code:
                yield FoundCountry(code=code, start=token.start, end=tokens[at + width - 1].end)
        else:
            yield from (
                FoundCountry(code=code, start=start, end=end) for code, start, end in names.inside(token) if code
            )


@lru_cache(maxsize=32)  # two tables a language, and those of "any": an eviction costs the next message a second
def _names(languages: tuple[str, ...], *, has_blocks: bool = True) -> Lexicon[str]:
    """Name -> code; the languages given win over the others, our own tables over CLDR's names.

    With blocks, phrases that only look like a country mean "".
    """
    foreign = [language for language in NAME_LANGUAGES if language not in languages]
    names: dict[str, str] = {}
    for language in reversed(foreign):
        names.update({name: code for name, code in _cldr_names(language) if _is_distinct(name)})
    for language in reversed([one for one in languages if one in NAME_LANGUAGES]):
        names.update(dict(_cldr_names(language)))
    own = vocabulary(languages[0] if len(languages) < len(LANGUAGES) else None).words
    spoken_of = {phrase for words in own for listed in words.languages.values() for phrase in folded_phrases(listed)}
    for words in reversed(vocabulary(None).words):
        names.update(
            {k: v for k, v in _spoken(words.countries, has_blocks).items() if k not in spoken_of and words not in own}
        )
    for words in reversed(own):
        names.update(_spoken(words.countries, has_blocks))
    if has_blocks:  # else "hindi" would be "hind" with a suffix
        names = {**dict.fromkeys(spoken_of, ""), **names}
    names.pop("congo", None)  # two countries, and neither is meant more often
    return Lexicon(names, vocabulary(None).affixes)


def _cldr_names(language: str) -> Iterator[tuple[str, str]]:
    for code, name in Locale.parse(language).territories.items():
        if not _TERRITORY.fullmatch(code) or code in _NO_COUNTRY:
            continue
        yield fold(_ASIDE.sub("", name)), code
        yield fold(name.replace("&", "and")), code
        for aside in _IN_ASIDE.findall(name):
            yield fold(aside), code
        folded = fold(_ASIDE.sub("", name))
        if folded.startswith("ال") and len(folded) > 4:
            yield folded[2:], code  # Arabic names are typed with and without their article


def _is_distinct(name: str) -> bool:
    return len(name) >= _SHORTEST_FOREIGN or (not regex.search(r"\p{Latin}", name) and len(name) >= 2)


def _spoken(table: Mapping[str, str], has_blocks: bool) -> dict[str, str]:
    listed = ((code, phrases) for code, phrases in table.items() if code or has_blocks)
    return {phrase: code for code, phrases in listed for phrase in folded_phrases(phrases)}
