"""Owns reading how many people: "5 of us", "hami 5 jana", "أنا و3 عمال"."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import regex

from bot.engine.extract.lexicon import Token
from bot.engine.extract.quantities import Quantity, quantities
from bot.engine.extract.vocabulary import Vocabulary, vocabulary

_MOST_BARE = 999  # a bare number above it, in an answer, is a slip or a year
_MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPeople:
    """A count of people and the tokens it takes, both ends included."""

    count: int
    first: int
    last: int


def people_count(text: str, language: str | None) -> int | None:
    """How many people, in the answer to that question: a bare number counts, "me and 3 friends" are four.

    Of a range the upper end, so that nobody is left out; None if there is no count, or several different ones.
    """
    words = vocabulary(language)
    tokens = words.tokens(text)
    groups = list(people(tokens, words, is_answer=True))
    if groups:
        taken = {at for one in groups for at in range(one.first, one.last + 1)}
        leaves_out = any(first not in taken for _, first, _ in words.kin.all(tokens))
        return None if leaves_out else _together(groups, tokens, words)
    bare = {_count(one) for one in quantities(tokens, words) if _is_bare(one, tokens, words)}
    return bare.pop() if len(bare) == 1 else None


def _together(groups: list[FoundPeople], tokens: tuple[Token, ...], words: Vocabulary) -> int | None:
    """One count, the same count twice, or groups side by side: "5 men and 3 women", "we are 8, 5 men and 3 women"."""
    counts = [one.count for one in groups]
    if len(counts) == 1:
        return counts[0]
    for one, after in pairwise(groups):
        between = tokens[one.last + 1 : after.first]
        if len(between) > 1 or (between and words.conjunctions.at(between, 0) is None):
            return counts[0] if len(set(counts)) == 1 else None
    return counts[0] if counts[0] == sum(counts[1:]) else sum(counts)


def people(tokens: tuple[Token, ...], words: Vocabulary, *, is_answer: bool = False) -> Iterator[FoundPeople]:
    """Every count of people that says it is one, left to right; "a person" and "alone" only as an answer."""
    taken = -1
    for one in quantities(tokens, words):
        found = _with_noun(tokens, one, words) or _of_us(tokens, one, words)
        is_idle = one.value == 1 and not tokens[one.first].is_figure and not is_answer
        if found is not None and found.first > taken and not is_idle:
            yield found
            taken = found.last
    if taken < 0:
        for count, first, width in words.people_counted.all(tokens):
            if count > 1 or is_answer:
                yield FoundPeople(count=count, first=first, last=first + width - 1)


def _with_noun(tokens: tuple[Token, ...], one: Quantity, words: Vocabulary) -> FoundPeople | None:
    """A number and, with at most one word between, a word for people ("5 nepali workers")."""
    for at in (one.last + 1, one.last + 2):
        noun = words.people.at(tokens, at) if at < len(tokens) else None
        if noun is None or not _is_people(one) or not _is_adjective(tokens, one.last + 1, at, words):
            continue
        besides = _ends_before(tokens, one.first, words, besides=True)
        count = _count(one) + (1 if besides is not None else 0)
        first = one.first if besides is None else besides
        return FoundPeople(count=count, first=first, last=at + noun[1] - 1)
    return None


def _is_adjective(tokens: tuple[Token, ...], first: int, at: int, words: Vocabulary) -> bool:
    """Whether what stands between the number and the noun may describe people, and no mark parts them."""
    between = tokens[first:at]
    is_close = all(regex.fullmatch(r"[\s\-]*", token.gap) for token in tokens[first : at + 1])
    return is_close and not any(
        token.is_figure or words.units.at((token,), 0) or words.conjunctions.at((token,), 0) for token in between
    )


def _of_us(tokens: tuple[Token, ...], one: Quantity, words: Vocabulary) -> FoundPeople | None:
    """ "We are 5", where nothing else is counted."""
    start = _ends_before(tokens, one.first, words, besides=False)
    if start is None or one.is_phone_like or one.is_year or not _is_people(one, allow_doubtful=True):
        return None
    after = one.last + 1
    is_end = after >= len(tokens) or regex.search(r"[.,;!?\n]", tokens[after].gap) is not None
    if is_end or words.after_people.at(tokens, after) is not None:
        return FoundPeople(count=_count(one), first=start, last=one.last)
    return None


def _ends_before(tokens: tuple[Token, ...], first: int, words: Vocabulary, *, besides: bool) -> int | None:
    lexicon = words.besides_me if besides else words.we
    for width in range(min(4, first), 0, -1):
        found = lexicon.at(tokens[:first], first - width)
        if found is not None and found[1] == width:
            return first - width
    return None


def _is_people(one: Quantity, *, allow_doubtful: bool = True) -> bool:
    is_whole = one.value == one.value.to_integral_value()
    return is_whole and 0 < one.value <= _MOST and not one.is_phone_like and (allow_doubtful or not one.is_doubtful)


def _is_bare(one: Quantity, tokens: tuple[Token, ...], words: Vocabulary) -> bool:
    is_alone = one.first == 0 and one.last == len(tokens) - 1
    is_time = one.last + 1 < len(tokens) and words.units.at(tokens, one.last + 1) is not None
    return not is_time and 0 < one.value <= _MOST_BARE and _is_people(one) and (is_alone or one.is_countable)


def _count(one: Quantity) -> int:
    return int(one.value if one.upper is None else one.upper)
