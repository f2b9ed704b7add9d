"""Writes a message of any script by its consonants alone, so that spellings of one word fall together."""

from __future__ import annotations

import re
import unicodedata

# Rough on purpose: aspirated and plain, long and short, emphatic and plain sounds are one; vowels are dropped.
_LETTERS = {
    **dict(zip("بتثجحخدذرزسشصضطظغفقكلمنهويپگچڤک", "bttjhxddrzscsdtzgfqklmnhwybgcfk", strict=True)),
    **dict.fromkeys("اةىءأإآئؤع", ""),
    **dict(zip("कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसहंँृऋ", "kkggnccjjnttddnttddnppbbmyrlwssshnnrr", strict=True)),
}
_PAIRS = (
    ("kh", "x"), ("gh", "g"), ("ch", "c"), ("sh", "c"), ("th", "t"), ("dh", "d"), ("ph", "f"), ("bh", "b"), ("jh", "j"),
    ("ck", "k"),
)  # fmt: skip
# How Arabic is typed on a Latin keyboard.
_ARABIC_DIGITS = str.maketrans({"2": "", "3": "", "5": "x", "6": "t", "7": "h", "8": "g", "9": "q"})
_WORD = re.compile(r"[\w'’\u0900-\u097f]+")
_EMPTY = "_"  # a word of vowels only still stands in its place


def sounds(text: str) -> str:
    """The text's words as consonants in Latin letters, joined by single spaces."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).lower())
    return " ".join(re.sub(r"(.)\1+", r"\1", _spelled(word)) or _EMPTY for word in words)


def _spelled(word: str) -> str:
    if any(letter in _LETTERS for letter in word):
        return "".join(_LETTERS.get(letter, letter if letter.isdigit() else "") for letter in word)
    plain = "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
    if re.search("[a-z]", plain):
        plain = plain.translate(_ARABIC_DIGITS)
    for pair, sound in _PAIRS:
        plain = plain.replace(pair, sound)
    return re.sub("[aeiou'’]", "", plain.replace("v", "w"))
