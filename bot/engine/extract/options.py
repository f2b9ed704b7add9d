"""Owns choosing one of the offered options from what was typed: a number, a label, its beginning, a near spelling."""

from collections.abc import Iterable, Sequence

import regex

from bot.engine.extract.folding import fold
from bot.engine.extract.lexicon import Lexicon, Token
from bot.engine.extract.quantities import quantities
from bot.engine.extract.vocabulary import Vocabulary, vocabulary

_MOST_WORDS_BESIDE = 3  # a label inside a longer message is talk, not a choice
# fmt: off
_YES_OR_NO = frozenset(map(fold, (
    "yes", "no", "not", "si", "ho", "hoina", "haina", "cha", "chha", "chaina", "xaina", "la", "na3am",
    "छ", "छैन", "हो", "होइन", "لا", "نعم",
)))
_POLITE = frozenset(map(fold, (
    "ok", "okay", "please", "pls", "plz", "thanks", "thank", "you", "sir", "madam", "maam", "i", "do", "it", "is",
    "por", "favor", "gracias", "señor", "señora", "hajur", "dhanyabad", "kripaya", "haina", "हजुर", "धन्यवाद", "कृपया",
    "shukran", "min", "fadlak", "law", "samaht", "من", "فضلك", "لو", "سمحت", "شكرا",
)))
# fmt: on
_MARKS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")


def option(
    text: str, labels: Sequence[str], synonyms: Sequence[Sequence[str]] = (), language: str | None = None
) -> int | None:
    """The index (from 0) of the option that the text chooses, or None when it chooses none or could mean several.

    `labels` holds one label an option, `synonyms` (as long, or empty) what else stands for it: its labels in other
    languages, other words. In this order: a whole label; a position (from 1) in any script's digits or words; a label
    inside a short message without a negation; an unambiguous beginning or word of a label; a label with one slip from
    five letters, two from eight.
    """
    spoken = [_forms((label, *(synonyms[i] if i < len(synonyms) else ()))) for i, label in enumerate(labels)]
    said = _once(_plain(text))
    if not said:
        return None
    words = vocabulary(language)
    exact = _only(i for i, forms in enumerate(spoken) if said in forms)
    if exact is not None:
        return exact
    for spoken_words in (words, vocabulary(None)):
        position = _position(text, len(labels), spoken_words)
        if position is not None:
            return position
    tokens = words.tokens(text)
    return _inside(tokens, spoken, words) if " " in said else _near(said, spoken, words)


def _forms(labels: Iterable[str]) -> frozenset[str]:
    return frozenset(form for form in map(_plain, labels) if form)


def _plain(text: str) -> str:
    return str(_MARKS.sub(" ", fold(text))).strip()


def _once(said: str) -> str:
    """A word said again and again, once."""
    return said.split(maxsplit=1)[0] if len(set(said.split())) == 1 else said


def _only(found: Iterable[int]) -> int | None:
    kinds = set(found)
    return kinds.pop() if len(kinds) == 1 else None


def _position(text: str, count: int, words: Vocabulary) -> int | None:
    """A number alone, or after a word such as "no" or "option"."""
    tokens = words.tokens(text)
    mark = words.number_marks.at(tokens, 0) if len(tokens) > 1 else None
    start = mark[1] if mark else 0
    ordinal = words.ordinals.at(tokens, start) if start < len(tokens) else None
    if ordinal is not None and all(one.text in words.doubtful_numbers for one in tokens[start + ordinal[1] :]):
        return ordinal[0] - 1 if ordinal[0] <= count else None  # "the first", "the first one"
    found = quantities(tokens[start:], words)
    if len(found) != 1 or found[0].first != 0 or found[0].upper is not None:
        return None
    rest = tokens[start + found[0].last + 1 :]
    mark_after = words.number_marks.at(rest, 0) if rest else None
    if rest and (mark_after is None or mark_after[1] < len(rest)):
        return None
    value = found[0].value
    return int(value) - 1 if value in range(1, count + 1) else None


def _inside(tokens: tuple[Token, ...], spoken: Sequence[frozenset[str]], words: Vocabulary) -> int | None:
    """The option whose label stands in the message; "not safe" never chooses "Safe"."""
    lexicon = Lexicon({form: i for i, forms in enumerate(spoken) for form in forms}, words.affixes)
    shared = {form for i, forms in enumerate(spoken) for other in spoken[i + 1 :] for form in forms & other}
    found = [(i, first, width) for i, first, width in lexicon.all(tokens)]
    taken = {at for _, first, width in found for at in range(first, first + width)}
    rest = [token for at, token in enumerate(tokens) if at not in taken]
    is_denied = any(words.negations.at(tokens, at) for at in range(len(tokens)) if at not in taken)
    if any(_is_slight(tokens[first : first + width]) for _, first, width in found) and not _is_polite(rest):
        return None
    if found and not is_denied and len(rest) <= _MOST_WORDS_BESIDE and not shared:
        return _only(i for i, _, _ in found)
    return None if found else _near(" ".join(token.text for token in tokens), spoken, words)


def _is_slight(label: Sequence[Token]) -> bool:
    """A bare yes or no stands in sentences of its own: "no money", "no reason to live" choose nothing."""
    return len(label) == 1 and label[0].text in _YES_OR_NO


def _is_polite(rest: Sequence[Token]) -> bool:
    return all(token.text in _POLITE for token in rest)


def _near(said: str, spoken: Sequence[frozenset[str]], words: Vocabulary) -> int | None:
    begun = [i for i, forms in enumerate(spoken) if any(_begins(said, form) for form in forms)]
    if begun:
        return _only(begun)
    part = _only(i for i, forms in enumerate(spoken) if any(_is_part(said, form, words) for form in forms))
    if part is not None:
        return part
    return _only(i for i, forms in enumerate(spoken) if any(_is_slip(said, form, words) for form in forms))


def _begins(said: str, form: str) -> bool:
    """Two letters of a label, or one of a short one ("y" for "yes"), or its first whole word."""
    return form.startswith(said) and (len(said) >= 2 or len(form) <= 4)


def _is_part(said: str, form: str, words: Vocabulary) -> bool:
    """Whole words of a label ("help" of "I need help"), unless the label denies them ("sure" of "Not sure")."""
    return len(said) >= 4 and f" {said} " in f" {form} " and _denies(said, words) == _denies(form, words)


def _denies(form: str, words: Vocabulary) -> bool:
    return any(True for _ in words.negations.all(words.tokens(form)))


def _is_slip(said: str, form: str, words: Vocabulary) -> bool:
    allowed = 2 if len(form) >= 8 else 1 if len(form) >= 5 else 0
    is_close = allowed > 0 and said[0] == form[0] and _distance_within(said, form, allowed)
    return is_close and _denies(said, words) == _denies(form, words)


def _distance_within(one: str, other: str, most: int) -> bool:
    """Whether at most `most` letters are changed, missing, added or swapped with their neighbour."""
    if abs(len(one) - len(other)) > most:
        return False
    above: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above, row, before = row, [i], above
        for j, b in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
    return row[-1] <= most
