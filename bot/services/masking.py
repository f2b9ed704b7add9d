"""Owns taking out of a text what tells who wrote it: names, phones, numbers, addresses and places."""

import re
import unicodedata
from collections.abc import Iterable

import phonenumbers

from bot.engine.extract import fold

NAME, PLACE, PHONE, LINK, NUMBER = "(name)", "(place)", "(phone)", "(link)", "0"
SHORTEST = 2  # letters of a name: initials are found in every word

_LINK = re.compile(r"(?:https?://|www\.)\S+|[^\s@]+@\S+|@\w+", re.IGNORECASE)
_NUMBER = re.compile(r"[^\W_]*\d[^\W_]*")  # with the letters that are a part of it: 2500rs, AB123456
_NUMBERS = re.compile(r"0(?:[ .,:/+-]{1,2}0)+")
_WORD = re.compile(r"[^\s.,;:!?()\[\]{}\"'“”‘’«»/\\|<>@#*_+=~…،؛؟।-]+")
_MASKS = frozenset(mask.strip("()") for mask in (NAME, PLACE, PHONE, LINK))


def masked(text: str, *, names: Iterable[str] = (), places: Iterable[str] = (), region: str) -> str:
    """The text on one line without these names and places, and without any phone, number, link or handle.

    `region` (ISO 3166-1) is that of phones without a country. What was masked once is masked again to the same. A name
    that is not among `names` stays: a person reads the text before it is kept.
    """
    text = _plain(text)
    text = _LINK.sub(LINK, text)
    text = _without_phones(text, region)
    names = [name for name in map(_plain, names) if len(name) >= SHORTEST]
    text = _without(text, sorted(filter(None, map(_plain, places)), key=len, reverse=True), PLACE)
    text = _without(text, sorted(names, key=len, reverse=True), NAME)
    text = _without_words(text, {fold(word) for name in names for word in _WORD.findall(name)})
    text = _NUMBERS.sub(NUMBER, _NUMBER.sub(NUMBER, text))
    return " ".join(text.split())


def has_words(text: str) -> bool:
    """Whether a masked text says anything besides its masks."""
    for mask in (NAME, PLACE, PHONE, LINK):
        text = text.replace(mask, "")
    return any(character.isalpha() for character in text)


def _plain(text: str) -> str:
    """One line, composed, without characters that are not seen and without brackets, by which Rasa marks entities."""
    seen = "".join(
        " " if unicodedata.category(one) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") or one in "[]{}" else one
        for one in unicodedata.normalize("NFC", text)
    )
    return " ".join(seen.split())


def _without_phones(text: str, region: str) -> str:
    leniency = phonenumbers.Leniency.POSSIBLE
    found = [(one.start, one.end) for one in phonenumbers.PhoneNumberMatcher(text, region, leniency=leniency)]
    for start, end in reversed(found):
        text = text[:start] + PHONE + text[end:]
    return text


def _without(text: str, phrases: Iterable[str], mask: str) -> str:
    """Without these phrases, as whole words where they are Latin: other scripts join what stands before a name."""
    for phrase in phrases:
        pattern = re.escape(phrase)
        text = re.sub(rf"(?<!\w){pattern}(?!\w)" if phrase.isascii() else pattern, mask, text, flags=re.IGNORECASE)
    return text


def _without_words(text: str, words: Iterable[str]) -> str:
    """Without any single word of a name, whatever its case and accents; a mask is never masked."""
    known = {word for word in words if len(word) >= SHORTEST} - _MASKS
    return _WORD.sub(lambda found: NAME if fold(found[0]) in known else found[0], text)
