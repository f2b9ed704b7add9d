"""Owns evening out spelling before comparing: case, accents, Arabic and Devanagari variants, any script's digits."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Letters that people type for one another; NFKD has already split accents and hamza from their letters.
_SAME = str.maketrans(
    {
        "ى": "ي", "ی": "ي", "ې": "ي", "ک": "ك", "ة": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ٱ": "ا", "گ": "ك",
        "ँ": "ं", "ी": "ि", "ू": "ु", "ई": "इ", "ऊ": "उ", "श": "स", "ष": "स", "ण": "न",
        "ı": "i", "đ": "d", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe",
        "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'",
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "،": ",",
    }
)  # fmt: skip
_DROPPED_RANGES = (
    (0x0300, 0x036F),  # accents
    (0x064B, 0x065F), (0x0670, 0x0670), (0x0640, 0x0640), (0x0621, 0x0621),  # Arabic vowels, hamza, tatweel
    (0x093C, 0x093C), (0x09BC, 0x09BC), (0x0A3C, 0x0A3C),  # nukta
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2069), (0xFEFF, 0xFEFF),  # joiners and direction marks
    (0xFE00, 0xFE0F), (0x20E3, 0x20E3), (0x00AD, 0x00AD),  # emoji variants, keycap, soft hyphen
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A folded text; `origin[i]` is the index in the original of folded character i (one entry more for the end)."""

    text: str
    origin: tuple[int, ...]


def digits(text: str) -> str:
    """The text with every decimal digit of any script as an ASCII digit; nothing else changes, nor its length."""
    return "".join(_ascii_digit(character) for character in text)


def fold(text: str) -> str:
    """The text as it is compared: without case, accents, invisible marks and letter variants, digits in ASCII."""
    return "".join(_fold_character(character) for character in text)


def fold_with_origin(text: str) -> Folded:
    """As `fold`, remembering where each character came from."""
    pieces: list[str] = []
    origin: list[int] = []
    for index, character in enumerate(text):
        piece = _fold_character(character)
        pieces.append(piece)
        origin.extend([index] * len(piece))
    return Folded(text="".join(pieces), origin=(*origin, len(text)))


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character)
    kept = "".join(_ascii_digit(part) for part in plain if not _is_dropped(part))
    return kept.casefold().translate(_SAME)


def _ascii_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def _is_dropped(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _DROPPED_RANGES)
