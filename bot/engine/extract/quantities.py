"""Owns reading numbers: figures with the separators of every locale, number words, scales, halves and ranges."""

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

import regex

from bot.engine.extract.currencies import currency_names
from bot.engine.extract.lexicon import Token
from bot.engine.extract.vocabulary import Vocabulary, vocabulary

_GROUPED = regex.compile(r"\d{1,3}([.,'٬ ])\d{3}(?:\1\d{3})*")
_LAKH_GROUPED = regex.compile(r"\d{1,2}(?:,\d{2})+,\d{3}")
_PHONE_DIGITS = 9  # figures of so many digits without separators are phones or papers, not counts
_YEARS = range(1950, 2100)
_GLUED = frozenset(["k", "x", "st", "nd", "rd", "th", "pm", "am", "gb", "mb", "km", "kg", "m", "hr", "hrs", "h", "min"])
_LATIN_END = regex.compile(r"\p{Latin}")
_MEASURES = frozenset(["%", "٪", "st", "nd", "rd", "th", "pm", "am", "gb", "mb", "km", "kg"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number in a text, with the tokens it takes (`first` to `last`, both included).

    `upper` is the far end of a range. `is_doubtful`: a word that mostly means something else.
    """

    value: Decimal
    first: int
    last: int
    upper: Decimal | None = None
    is_doubtful: bool = False
    is_phone_like: bool = False
    is_year: bool = False

    @property
    def is_countable(self) -> bool:
        """Not a phone number, a year or a doubtful word."""
        return not (self.is_phone_like or self.is_year or self.is_doubtful)


def number(text: str, language: str | None) -> Decimal | None:
    """The one number of the text: "12", "१२", "twelve", "dos mil"; of a range ("3-4") the lower end.

    None if there is none, or several different ones.
    """
    words = vocabulary(language)
    tokens = words.tokens(text)
    found = quantities(tokens, words)
    if len(found) == 1 and found[0].first == 0 and found[0].last == len(tokens) - 1:
        return None if found[0].is_phone_like else found[0].value
    values = {one.value for one in found if one.is_countable}
    return values.pop() if len(values) == 1 else None


@lru_cache(maxsize=8)  # the readers of one text share its numbers
def quantities(
    tokens: tuple[Token, ...], words: Vocabulary, *, decimal_point: str | None = None
) -> tuple[Quantity, ...]:
    """Every number from left to right; dates, times, percentages and ordinals left out."""
    found: list[Quantity] = []
    first = 0
    while first < len(tokens):
        chain = _chain(tokens, first)
        if chain > first and not _is_range(tokens, first, chain):
            first = chain + 1
            continue
        one = _quantity(tokens, first, words, decimal_point)
        if one is not None:
            one = _with_range(tokens, one, words, decimal_point)
            found.append(one)
        first = one.last + 1 if one is not None else first + 1
    return tuple(found)


def figure(text: str, decimal_point: str | None = None) -> Decimal | None:
    """The value of a run of digits and separators ("1.500,50", "1,50,000", "1 500"); None where it makes no number.

    A single separator before exactly three digits groups thousands, unless it is the `decimal_point` given.
    """
    if text.isdigit():
        return Decimal(text)
    text = text.replace("٫", "." if "." not in text else ",")
    if (_GROUPED.fullmatch(text) or _LAKH_GROUPED.fullmatch(text)) and not _is_pointed(text, decimal_point):
        return Decimal(regex.sub(r"\D", "", text))
    marks = regex.findall(r"\D", text)
    if len(set(marks)) == 1 and len(marks) == 1:
        return Decimal(text.replace(marks[0], ".")) if marks[0] in ".," else None
    whole, point, fraction = text.rpartition(marks[-1])
    if point in ".," and marks.count(point) == 1 and figure(whole) is not None and len(set(marks)) == 2:
        value = figure(whole)
        return None if value is None else value + Decimal(f"0.{fraction}")
    return None


def _is_pointed(text: str, decimal_point: str | None) -> bool:
    return decimal_point is not None and text.count(decimal_point) == 1 and len(regex.findall(r"\D", text)) == 1


def _quantity(tokens: tuple[Token, ...], first: int, words: Vocabulary, point: str | None) -> Quantity | None:
    """Adds up what stands together: figures and words, times scales ("2 lakh 50 hajar", "dos mil quinientos")."""
    total = current = Decimal(0)
    room: Decimal | None = None  # the next part must be below it: "twenty five" is one number, "five six" are two
    at = first
    while at < len(tokens):
        part = _part(tokens, at, first, words, point)
        if part is None:
            break
        value, width, is_scale = part
        if is_scale:
            if current == 0 and at > first:
                break
            total, current = _scaled(total, current, value)
            room = value
        elif room is None or value < room or _is_arabic_ten(tokens[at], current, value):
            current += value
            room = _room(value, tokens[at].is_figure)
        else:
            break
        at += width
    if at == first:
        return None
    half = _half(tokens, at, words)
    return _described(tokens, Quantity(value=total + current + half[0], first=first, last=at - 1 + half[1]), words)


def _part(
    tokens: tuple[Token, ...], at: int, first: int, words: Vocabulary, point: str | None
) -> tuple[Decimal, int, bool] | None:
    """Value, tokens taken, whether it multiplies; a conjunction before it is taken along."""
    token = tokens[at]
    if at > first and not regex.fullmatch(r"[\s\-]*", token.gap):
        return None
    if token.is_figure and _is_inside_word(tokens, at, words):
        return None
    if token.is_figure:
        value = figure(token.text, point)
        is_second = at > first and tokens[at - 1].is_figure
        return None if value is None or _is_ordinal(tokens, at) or is_second else (value, 1, False)
    if token.text == "k" and at > first and token.gap == "" and tokens[at - 1].is_figure:
        return Decimal(1000), 1, True
    scale = words.scales.at(tokens, at)
    if scale is not None:
        return Decimal(scale[0]), scale[1], True
    named = words.numbers.at(tokens, at)
    if named is not None:
        return named[0], named[1], False
    joint = words.conjunctions.at(tokens, at) if at > first else None
    if joint is None or at + joint[1] >= len(tokens) or tokens[at + joint[1]].is_figure:
        return None
    after = _part(tokens, at + joint[1], at + joint[1], words, point)
    return None if after is None or after[2] else (after[0], after[1] + joint[1], False)


def _scaled(total: Decimal, current: Decimal, scale: Decimal) -> tuple[Decimal, Decimal]:
    times = current or Decimal(1)
    return (total, times * scale) if scale == 100 else (total + times * scale, Decimal(0))


def _room(value: Decimal, is_figure: bool) -> Decimal:
    if is_figure or value != value.to_integral_value():
        return Decimal(0)
    zeros = len(str(int(value))) - len(str(int(value)).rstrip("0"))
    return Decimal(10**zeros) if zeros and value else Decimal(0)


def _is_arabic_ten(token: Token, current: Decimal, value: Decimal) -> bool:
    """Arabic puts the unit first: "five and twenty"."""
    is_joined = token.text.startswith("و") or token.text in {"w", "wa", "o"}
    return is_joined and 0 < current % 10 == current % 100 and value in range(20, 100, 10)


def _half(tokens: tuple[Token, ...], at: int, words: Vocabulary) -> tuple[Decimal, int]:
    """The half after a number ("two and a half"): its value and the tokens it takes."""
    joint = words.conjunctions.at(tokens, at) if at < len(tokens) else None
    start = at + joint[1] if joint else at
    is_joined = joint is not None or (at < len(tokens) and tokens[at].text.startswith("و"))
    half = words.halves.at(tokens, start) if start < len(tokens) and is_joined else None
    return (Decimal("0.5"), start - at + half[1]) if half else (Decimal(0), 0)


def _described(tokens: tuple[Token, ...], one: Quantity, words: Vocabulary) -> Quantity:
    token = tokens[one.first]
    if one.first != one.last:
        return one
    if not token.is_figure:
        return replace(one, is_doubtful=token.text in words.doubtful_numbers)
    is_long = token.text.isdigit() and len(token.text) >= _PHONE_DIGITS
    is_zero_led = token.text.startswith("0") and len(token.text) >= 6 and token.text.isdigit()
    digits_around = sum(t.is_figure for t in tokens[max(0, one.first - 2) : one.first + 3])
    is_sum = one.first > 0 and tokens[one.first - 1].is_figure  # "1500+500"
    is_dialled = (token.gap.rstrip().endswith("+") and not is_sum) or (
        digits_around >= 3 and _is_in_digit_run(tokens, one.first)
    )
    return replace(
        one,
        is_phone_like=is_long or is_zero_led or is_dialled,
        is_year=len(token.text) == 4
        and token.text.isdigit()
        and int(token.text) in _YEARS
        and _has_cue(tokens, one, words),
    )


def _has_cue(tokens: tuple[Token, ...], one: Quantity, words: Vocabulary) -> bool:
    before = one.first > 0 and words.year_cues.at(tokens[: one.first], one.first - 1) is not None
    after = one.last + 1 < len(tokens) and (
        words.since_after.at(tokens, one.last + 1) is not None or words.year_cues.at(tokens, one.last + 1) is not None
    )
    is_beside_month = any(
        0 <= at < len(tokens) and words.months.at(tokens, at) is not None for at in (one.first - 1, one.last + 1)
    )
    return before or after or is_beside_month


def _is_in_digit_run(tokens: tuple[Token, ...], at: int) -> bool:
    """Among at least three figures with nothing but spaces, brackets or hyphens between: a phone number in pieces."""
    first = last = at
    while first > 0 and tokens[first - 1].is_figure and regex.fullmatch(r"[\s\-()]+", tokens[first].gap):
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].is_figure and regex.fullmatch(r"[\s\-()]+", tokens[last + 1].gap):
        last += 1
    return last - first >= 2


def _chain(tokens: tuple[Token, ...], first: int) -> int:
    """The last of the figures linked to this one as dates, times and dotted numbers are."""
    last = first
    if tokens[first].is_figure:
        while (
            last + 1 < len(tokens) and tokens[last + 1].is_figure and regex.fullmatch(r"[/:\-.]", tokens[last + 1].gap)
        ):
            last += 1
    return last


def _is_range(tokens: tuple[Token, ...], first: int, last: int) -> bool:
    low, high = figure(tokens[first].text), figure(tokens[last].text)
    return last == first + 1 and tokens[last].gap == "-" and low is not None and high is not None and low < high


def _with_range(tokens: tuple[Token, ...], low: Quantity, words: Vocabulary, point: str | None) -> Quantity:
    at = low.last + 1
    if at >= len(tokens) or low.is_phone_like:
        return low
    word = words.range_words.at(tokens, at)
    start = at + word[1] if word else at if regex.fullmatch(r"\s*-\s*", tokens[at].gap) else len(tokens)
    high = _quantity(tokens, start, words, point) if start < len(tokens) else None
    if high is None or high.value <= low.value or high.is_phone_like or high.is_doubtful:
        return low
    scale = high.value / low.value if low.value and low.first == low.last and high.first != high.last else 1
    value = low.value * 1000 if scale > 100 and high.value % 1000 == 0 and low.value < 100 else low.value
    return replace(low, value=value, last=high.last, upper=high.value)


def _is_inside_word(tokens: tuple[Token, ...], at: int, words: Vocabulary) -> bool:
    """Whether a digit is a letter of an Arabic word in Latin letters ("ma3", "3al"), and not "rs500" or "5jana"."""
    before, after = tokens[at - 1] if at else None, tokens[at + 1] if at + 1 < len(tokens) else None
    names = currency_names(words.languages)
    is_led = before is not None and tokens[at].gap == "" and _LATIN_END.search(before.text) is not None
    is_followed = after is not None and after.gap == "" and _LATIN_END.match(after.text) is not None
    if is_led:
        return is_followed or not any(names.at(tokens[:at], at - width) for width in (1, 2) if at >= width)
    if not is_followed or after is None or after.text in _GLUED:
        return False
    known = (words.units, words.scales, words.people, words.months, names)
    return not any(lexicon.at(tokens, at + 1) for lexicon in known)


def _is_ordinal(tokens: tuple[Token, ...], at: int) -> bool:
    """Percentages, ordinals, hours and measures are no counts."""
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    return after is not None and after.gap.strip() == "" and after.text in _MEASURES
