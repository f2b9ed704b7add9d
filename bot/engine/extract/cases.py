"""Owns reading a case number as people type it: any case, spaces or none, a missing hyphen, letters taken for digits."""

from collections.abc import Iterator

import regex

from bot.engine.extract.folding import digits

CASE_ALPHABET = (
    "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # bot.domain.case's, which the NLU server cannot import; a test compares
)
CASE_LENGTH = 6
# Left out of the alphabet because they look like others: a reader who sees one has seen the letter beside it.
_MISREAD = str.maketrans({"0": "Q", "O": "Q", "1": "L", "I": "L"})
_NUMBER = regex.compile(
    r"(?<![\p{L}\p{N}])M(?P<joint>[\s\-‐-―_.:#]*)(?P<code>[0-9A-Z](?:[ \-‐-―]?[0-9A-Z]){5})(?![\p{L}\p{N}])"
)


def case_number(text: str) -> str | None:
    """The first case number in the text as "M-7KQ2ZP", or None."""
    return next((number for number, _, _ in case_numbers(text)), None)


def case_numbers(text: str) -> Iterator[tuple[str, int, int]]:
    """Every case number, with its start and end in the text."""
    plain = "".join(_plain(character) for character in text)
    for match in _NUMBER.finditer(plain):
        code = regex.sub(r"[^0-9A-Z]", "", match["code"])
        # "m friend" and "M-people" are words; a code without any digit needs its hyphen and capitals.
        is_word = not any(character.isdigit() for character in code)
        if is_word and ("-" not in match["joint"] or text[match.start() : match.end()] != match.group()):
            continue
        code = code.translate(_MISREAD)
        if all(character in CASE_ALPHABET for character in code):
            yield f"M-{code}", match.start(), match.end()


def _plain(character: str) -> str:
    """One character for one: ASCII digit, capital letter, full-width forms as ASCII."""
    if "！" <= character <= "～":
        character = chr(ord(character) - 0xFEE0)
    upper = digits(character).upper()
    return upper if len(upper) == 1 else character
