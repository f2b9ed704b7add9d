"""Owns reading a case number as people type it: any case, spaces, no hyphen, letters taken for digits."""

from collections.abc import Iterator

import regex

from bot.engine.extract.folding import digits

CASE_ALPHABET = (
    "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # bot.domain.case's, which the NLU server cannot import; a test compares
)
CASE_LENGTH = 6
# Left out of the alphabet because they look like others: a reader who sees one has seen the letter beside it.
_MISREAD = str.maketrans({"0": "Q", "O": "Q", "1": "L", "I": "L"})
_DASHED = regex.compile(
    r"(?<![\p{L}\p{N}])M\s*[-_.:#\u2010-\u2015]\s*([0-9A-Z](?:[ \-\u2010-\u2015]?[0-9A-Z]){5})(?![\p{L}\p{N}])"
)
_BARE = regex.compile(r"(?<![\p{L}\p{N}\-])M ?([0-9A-HJ-NP-Z]{3} ?[0-9A-HJ-NP-Z]{3})(?![\p{L}\p{N}])")


def case_number(text: str) -> str | None:
    """The first case number in the text as "M-7KQ2ZP", or None."""
    return next((number for number, _, _ in case_numbers(text)), None)


def case_numbers(text: str) -> Iterator[tuple[str, int, int]]:
    """Every case number, with its start and end in the text.

    Without its hyphen it must be the whole text, or stand out: capitals and two digits. Arabic words in Latin letters
    look like one ("m3allem").
    """
    plain = "".join(_plain(character) for character in text)
    for pattern in (_DASHED, _BARE):
        for match in pattern.finditer(plain):
            code = regex.sub(r"[^0-9A-Z]", "", match[1])
            is_whole = match.group() == plain.strip(" .,!?")
            is_shouted = text[match.start() : match.end()] == match.group()
            figures = sum(character.isdigit() for character in code)
            stands_out = is_whole or (is_shouted and figures > 1)
            if figures or is_shouted if pattern is _DASHED else stands_out and 0 < figures < CASE_LENGTH:
                yield f"M-{code.translate(_MISREAD)}", match.start(), match.end()


def _plain(character: str) -> str:
    """One character for one: ASCII digit, capital letter, full-width forms as ASCII."""
    if "！" <= character <= "～":
        character = chr(ord(character) - 0xFEE0)
    upper = digits(character).upper()
    return upper if len(upper) == 1 else character
