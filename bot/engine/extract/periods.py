"""Owns reading lengths of time: "3 months", "teen mahina", the Arabic dual, "since March", "March and April"."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import regex

from bot.engine.extract.lexicon import Lexicon, Token
from bot.engine.extract.quantities import Quantity, quantities
from bot.engine.extract.vocabulary import Vocabulary, vocabulary

UNITS = ("day", "week", "month", "year")
_SMALLER = {"year": (12, "month"), "month": (30, "day"), "week": (7, "day"), "day": (1, "day")}
_ISO_LETTERS = {"day": "D", "week": "W", "month": "M", "year": "Y"}
_CLOSE = regex.compile(r"[\s\-]*")
_MOST = 1000
_HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A length of time as people say it: `unit` is day, week, month or year. Its text is ISO 8601's ("P3M")."""

    count: int
    unit: str

    def __str__(self) -> str:
        return f"P{self.count}{_ISO_LETTERS[self.unit]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPeriod:
    """A period and the tokens it takes, both ends included."""

    period: Period
    first: int
    last: int


def period(
    text: str, language: str | None, *, today: date | None = None, default_unit: str | None = None
) -> Period | None:
    """The one period of the text; of a range the lower end. None if there is none, or several different ones.

    "Since March" needs `today`. A bare number counts `default_unit`s where one is given. Fractions go to the
    next smaller unit: a year and a half is 18 months, half a month 15 days.
    """
    words = vocabulary(language)
    tokens = words.tokens(text)
    found = {one.period for one in periods(tokens, words, today)}
    if found or default_unit is None:
        return found.pop() if len(found) == 1 else None
    bare = {
        one.value for one in quantities(tokens, words) if not one.is_phone_like and not one.is_year and one.value > 0
    }
    return _whole(bare.pop(), default_unit) if len(bare) == 1 else None


def periods(tokens: tuple[Token, ...], words: Vocabulary, today: date | None = None) -> Iterator[FoundPeriod]:
    """Every period of the text, left to right."""
    counted = list(_counted(tokens, words))
    used = {at for one in counted for at in range(one.first, one.last + 1)}
    named = [one for one in _by_month_names(tokens, words, today) if not used & set(range(one.first, one.last + 1))]
    yield from sorted([*counted, *named], key=lambda one: one.first)


def _counted(tokens: tuple[Token, ...], words: Vocabulary) -> Iterator[FoundPeriod]:
    before = {one.last + 1: one for one in quantities(tokens, words) if _is_length(one)}
    at = 0
    while at < len(tokens):
        found = _dual(tokens, at, words) or _of_number(tokens, at, before.get(at), words) or _of_one(tokens, at, words)
        if found is not None:
            yield found
        at = found.last + 1 if found else at + 1


def _is_length(one: Quantity) -> bool:
    return not one.is_phone_like and not one.is_year and 0 < one.value < _MOST


def _dual(tokens: tuple[Token, ...], at: int, words: Vocabulary) -> FoundPeriod | None:
    """A word that holds its own count, and "and a half" after it."""
    unit = words.duals.at(tokens, at)
    if unit is None:
        return None
    half, width = _half_after(tokens, at + unit[1], words)
    first = _before(words.since, tokens, at)
    length = _whole(unit[0][0] + half, unit[0][1])
    return FoundPeriod(period=length, first=at if first is None else first, last=at + unit[1] - 1 + width)


def _of_number(tokens: tuple[Token, ...], at: int, counted: Quantity | None, words: Vocabulary) -> FoundPeriod | None:
    """A unit, or a salary, right after a number."""
    if counted is None or not _CLOSE.fullmatch(tokens[at].gap):
        return None
    unit = words.units.at(tokens, at)
    pay = words.pay.at(tokens, at)
    if unit is None:
        return (
            FoundPeriod(period=_whole(counted.value, "month"), first=counted.first, last=at + pay[1] - 1)
            if pay
            else None
        )
    (times, name), width = unit
    if at + width < len(tokens) and tokens[at + width].text == "old":
        return None  # an age
    half, half_width = _half_after(tokens, at + width, words)
    length = _whole((counted.value + half) * times, name)
    return FoundPeriod(period=length, first=counted.first, last=at + width - 1 + half_width)


def _of_one(tokens: tuple[Token, ...], at: int, words: Vocabulary) -> FoundPeriod | None:
    """A unit without a number, where it means one or half of it: "for a month", "a year and a half", "since a week"."""
    unit = words.units.at(tokens, at)
    is_of_month = unit is not None and at + unit[1] < len(tokens) and words.months.at(tokens, at + unit[1]) is not None
    if unit is None or is_of_month or tokens[at].text not in words.singulars:
        return None
    (times, name), width = unit
    half, half_width = _half_after(tokens, at + width, words)
    last = at + width - 1 + half_width
    article = _before(words.articles, tokens, at)
    half_first = _before(words.halves, tokens, at if article is None else article)
    if half_first is not None:
        return FoundPeriod(period=_whole(_HALF * times, name), first=half_first, last=last)
    since = _before(words.since, tokens, at if article is None else article)
    if since is None and not half and (article is None or not _is_lasting(tokens, article, last, words)):
        return None
    first = since if since is not None else article
    return FoundPeriod(period=_whole((1 + half) * times, name), first=at if first is None else first, last=last)


def _is_lasting(tokens: tuple[Token, ...], first: int, last: int, words: Vocabulary) -> bool:
    """Whether "a month" is a length and not a rate: alone, before "ago" or after a word such as "for"."""
    is_alone = first == 0 and last == len(tokens) - 1
    is_ago = last + 1 < len(tokens) and words.ago.at(tokens, last + 1) is not None
    return is_alone or is_ago or _before(words.lasting, tokens, first) is not None


def _before(lexicon: Lexicon[bool], tokens: tuple[Token, ...], at: int) -> int | None:
    """Where a phrase of the lexicon that ends right before token `at` begins; the longest."""
    for width in range(min(3, at), 0, -1):
        found = lexicon.at(tokens[:at], at - width)
        if found is not None and found[1] == width:
            return at - width
    return None


def _half_after(tokens: tuple[Token, ...], at: int, words: Vocabulary) -> tuple[Decimal, int]:
    """ "and a half" after the unit: its value and the tokens it takes."""
    joint = words.conjunctions.at(tokens, at) if at < len(tokens) else None
    start = at + joint[1] if joint else at
    is_joined = joint is not None or (at < len(tokens) and tokens[at].text.startswith("و"))
    half = words.halves.at(tokens, start) if start < len(tokens) and is_joined else None
    return (_HALF, start - at + half[1]) if half else (Decimal(0), 0)


def _by_month_names(tokens: tuple[Token, ...], words: Vocabulary, today: date | None) -> Iterator[FoundPeriod]:
    """ "Since March" up to `today`; "March and April" as two months."""
    months = list(words.months.all(tokens))
    beyond = 0
    for index, (month, at, width) in enumerate(months):
        later = months[index + 1] if index + 1 < len(months) else None
        if at < beyond:
            continue
        if later is not None and (later[0] - month) % 12 and _joins(tokens, at + width, later[1], words):
            beyond = later[1] + later[2]
            yield FoundPeriod(period=Period(count=(later[0] - month) % 12 + 1, unit="month"), first=at, last=beyond - 1)
            continue
        since = _since(tokens, at, width, words)
        year, last = _year_after(tokens, at + width)
        length = _until(today, year, month) if today and since is not None else None
        if length is not None and since is not None:
            yield FoundPeriod(period=length, first=since, last=last)
    yield from _since_years(tokens, words, today)


def _joins(tokens: tuple[Token, ...], first: int, later: int, words: Vocabulary) -> bool:
    if later - first > 1:
        return False
    if first == later:
        return regex.fullmatch(r"\s*[,\-/]\s*", tokens[later].gap) is not None or tokens[later].text.startswith("و")
    return words.conjunctions.at(tokens, first) is not None or words.range_words.at(tokens, first) is not None


def _since(tokens: tuple[Token, ...], at: int, width: int, words: Vocabulary) -> int | None:
    """Where the word for "since" before or after these tokens stands."""
    before = _before(words.since, tokens, at)
    if before is not None:
        return before
    after = at + width
    last = tokens[after - 1].text
    attached = any(last.endswith(suffix) for suffix in ("देखि", "dekhi") if last != suffix)
    is_after = after < len(tokens) and words.since_after.at(tokens, after) is not None
    return at if attached or is_after else None


def _since_years(tokens: tuple[Token, ...], words: Vocabulary, today: date | None) -> Iterator[FoundPeriod]:
    for one in quantities(tokens, words):
        if today is None or not one.is_year or one.value >= today.year or not one.value > 1970:
            continue
        start = _since(tokens, one.first, 1, words)
        beside_month = one.first > 0 and words.months.at(tokens[: one.first], one.first - 1) is not None
        if start is not None and not beside_month:
            count = today.year - int(one.value)
            yield FoundPeriod(period=Period(count=count, unit="year"), first=start, last=one.last)


def _year_after(tokens: tuple[Token, ...], at: int) -> tuple[int | None, int]:
    for skip in (0, 1):
        if at + skip < len(tokens) and tokens[at + skip].is_figure and len(tokens[at + skip].text) == 4:
            return int(tokens[at + skip].text) if tokens[at + skip].text.isdigit() else None, at + skip
    return None, at - 1


def _until(today: date, year: int | None, month: int) -> Period | None:
    """Months from the given one until today; without a year the latest such month."""
    count = (today.year - year) * 12 + today.month - month if year is not None else (today.month - month) % 12
    return Period(count=count, unit="month") if 0 < count < 600 else None


def _whole(value: Decimal, unit: str) -> Period:
    while value != value.to_integral_value() and unit != "day":
        times, unit = _SMALLER[unit]
        value *= times
    return Period(count=int(value.to_integral_value(ROUND_HALF_UP)), unit=unit)
