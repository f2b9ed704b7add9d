"""How the sounds of each script are spelled in Latin letters, brought to one rough form in which both sides meet.

A language joins by an entry in ROMANISATIONS: how its own letters sound, and how its writers spell those sounds.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

VOWELS = "aeiou"


@dataclass(frozen=True)
class Romanisation:
    """One language's way. `letters`: native letter to rough Latin; `spellings`: patterns in Latin text to rough Latin.

    `inherent` is the vowel that a bare consonant carries before another letter ("" where it carries none); `articles`
    are short words with a native form of their own.
    """

    language: str
    script: str
    letters: dict[str, str]
    spellings: tuple[tuple[str, str], ...]
    inherent: str = ""
    articles: tuple[tuple[str, str], ...] = ()

    def from_native(self, word: str) -> str:
        """The rough Latin form of a native word."""
        rough = []
        for here, following in zip(word, word[1:] + " ", strict=True):
            sound = self.letters.get(here, "")
            bare = bool(sound) and sound[-1] not in VOWELS and _is_letter(following)
            rough.append(sound + (self.inherent if bare and unicodedata.category(here) == "Lo" else ""))
        return _single("".join(rough))

    def from_latin(self, word: str) -> str:
        """The rough form of a Latin spelling."""
        for pattern, sound in self.spellings:
            word = re.sub(pattern, sound, word)
        return _single(word)


def skeleton(rough: str) -> str:
    """The consonants alone: what two spellings of one word nearly always share."""
    return _single(re.sub(f"[{VOWELS}yw]", "", rough)) or rough[:1]


def _single(text: str) -> str:
    return re.sub(r"(.)\1+", r"\1", text)


def _is_letter(character: str) -> bool:
    return unicodedata.category(character) == "Lo"


_DEVANAGARI = {
    **dict(zip("कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह", "kkggncccjnttddnttddnpfbbmyrlbsssh", strict=True)),
    **dict(zip("अआइईउऊएऐओऔ", "aaiiuueeoo", strict=True)),
    **dict(zip("ािीुूेैोौ", "aiiuueeoo", strict=True)),
    "ज": "j", "झ": "j", "ऋ": "ri", "ृ": "ri", "ं": "n", "ँ": "n",
    **{native: str(digit) for digit, native in enumerate("०१२३४५६७८९")},
}  # fmt: skip

NEPALI = Romanisation(
    language="ne",
    script="DEVANAGARI",
    letters=_DEVANAGARI,
    inherent="a",
    spellings=(
        (r"6", "ca"), (r"chh|ch|x", "c"), (r"sh", "s"), (r"ph", "f"), (r"([kgtdbjc])h", r"\1"), (r"z", "j"),
        (r"[vw]", "b"), (r"aa|ah\b", "a"), (r"ee|ii", "i"), (r"oo|uu", "u"), (r"ai|ei", "e"), (r"au|ou|aw", "o"),
        (r"q|ck", "k"),
    ),
)  # fmt: skip

_ARABIC = {
    **dict(zip("بتثجحخدذرزسشصضطظغفقكلمنهوي", "btsjhxdzrzScsdtzgfqklmnhwy".lower(), strict=True)),
    "ا": "a", "أ": "a", "إ": "i", "آ": "a", "ى": "a", "ة": "a", "ع": "a", "ء": "", "ئ": "y", "ؤ": "w",
    "و": "u", "ي": "i", "پ": "b", "گ": "g", "چ": "c", "ڤ": "f", "ک": "k",
    **{native: str(digit) for digit, native in enumerate("٠١٢٣٤٥٦٧٨٩")},
}  # fmt: skip

ARABIC = Romanisation(
    language="ar",
    script="ARABIC",
    letters=_ARABIC,
    spellings=(
        (r"3'|gh|8", "g"), (r"7'|5|kh", "x"), (r"2|3|'|’", "a"), (r"6|th", "t"), (r"7", "h"), (r"9", "q"),
        (r"sh|ch|\$", "c"), (r"dh", "d"), (r"ee|ii|ei|ai", "i"), (r"oo|ou|uu|ow", "u"), (r"v", "f"),
        (r"p", "b"), (r"y", "i"), (r"[wo]", "u"),
    ),
    articles=(
        ("el", "ال"), ("al", "ال"), ("il", "ال"), ("w", "و"), ("b", "ب"),
        ("fel", "في ال"), ("bel", "بال"), ("wel", "وال"), ("lel", "لل"),
    ),
)  # fmt: skip

ROMANISATIONS = {each.language: each for each in (NEPALI, ARABIC)}
