"""Owns what WhatsApp asks of a template's text before approving it: words around its variables, and enough of them."""

import re

_VARIABLE = re.compile(r"\{\{(\w+)\}\}")
_WORD = re.compile(r"\w")


def flaw(body: str) -> str:
    """Why WhatsApp would refuse the template, or nothing.

    Rejections as Twilio's error 63040 lists them; the number of words (more than twice as many as variables) is what
    senders have found, for Meta publishes none.
    """
    names = _VARIABLE.findall(body)
    if not names:
        return ""
    before, *between, after = (text for number, text in enumerate(_VARIABLE.split(body)) if number % 2 == 0)
    if not _WORD.search(before) or not _WORD.search(after):
        return "The text begins or ends with a variable."
    if not all(text.strip() for text in between):
        return "Two variables stand side by side."
    if {*names} != {str(number) for number in range(1, len({*names}) + 1)}:
        return "The variables are not numbered 1, 2, 3."
    words = [word for word in " ".join((before, *between, after)).split() if _WORD.search(word)]
    if len(words) <= 2 * len(names):
        return "There are too many variables for so few words."
    return ""
