"""Owns reading a day: "yesterday", "hijo", "3 days ago", "12/11", "५ मंसिर", month names by dateparser."""

from datetime import date, datetime, time, timedelta

import dateparser
import regex
from babel import Locale
from dateparser.data.languages_info import language_order

from bot.engine.extract.folding import digits
from bot.engine.extract.lexicon import Token
from bot.engine.extract.periods import Period, periods
from bot.engine.extract.vocabulary import Vocabulary, vocabulary

_NUMERIC = regex.compile(r"(?<!\d)(\d{1,4})\s?[/.\-]\s?(\d{1,2})(?:\s?[/.\-]\s?(\d{2,4}))?(?!\d)")
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_OLDEST = timedelta(days=365 * 110)  # no living person was there


def day(text: str, language: str | None, today: date, *, future: bool = False) -> date | None:
    """The day that the text names. A day and month without a year is the latest such day, or with `future` the next.

    A later day than today is None unless `future`. Figures are read day first, except where the locale's own short form
    puts the month or the year first.
    """
    words = vocabulary(language)
    tokens = words.tokens(text)
    found = (
        (None if future else _ago(tokens, words, today))
        or _named(tokens, words, today)
        or _numeric(text, language, today, future=future)
    )
    found = found or _spelled(tokens, words, today, future=future) or _weekday(tokens, words, today, future=future)
    if found is None and _has_month(text, tokens, words):
        found = _parsed(text, language, tokens, words, today, future=future)
    if found is None or found < today - _OLDEST or (found > today and not future):
        return None
    return found


def _named(tokens: tuple[Token, ...], words: Vocabulary, today: date) -> date | None:
    distances = {distance for distance, _, _ in words.days.all(tokens)}
    return today + timedelta(days=distances.pop()) if len(distances) == 1 else None


def _ago(tokens: tuple[Token, ...], words: Vocabulary, today: date) -> date | None:
    """A period with a word for "ago" beside it."""
    for one in periods(tokens, words):
        before = any(
            words.ago.at(tokens[: one.first], at) for at in range(max(0, one.first - 2), one.first)
        )  # "hace 3 días", "قبل يومين"
        after = one.last + 1 < len(tokens) and words.ago.at(tokens, one.last + 1) is not None
        inner = words.ago.at(tokens, one.first) is not None
        is_alone = one.first == 0 and one.last == len(tokens) - 1  # "when did it happen?" "3 months"
        if before or after or inner or is_alone:
            return _earlier(today, one.period)
    return None


def _earlier(today: date, length: Period) -> date:
    if length.unit not in ("month", "year"):
        return today - timedelta(days=length.count * _DAYS[length.unit])
    months = today.year * 12 + today.month - 1 - length.count * (12 if length.unit == "year" else 1)
    year, month = divmod(months, 12)
    for last in (today.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(today.day, last))
        except ValueError:
            continue
    return today


def _numeric(text: str, language: str | None, today: date, *, future: bool) -> date | None:
    match = _NUMERIC.search(digits(text))
    if match is None:
        return None
    first, second, third = (int(part) if part else None for part in match.groups())
    if first is not None and first > 31:
        return _safe(first, second, third)
    month, dom = (first, second) if _month_first(language) and first is not None and first <= 12 else (second, first)
    if third is not None:
        return _safe(third + 2000 if third < 100 else third, month, dom)
    if "/" not in match.group() and "." not in match.group():
        return None  # "3-4" is a range
    return _nearest(today, month, dom, future=future)


def _spelled(tokens: tuple[Token, ...], words: Vocabulary, today: date, *, future: bool) -> date | None:
    """A day of a month by its name: "15 de marzo de 2025", "March 15th"."""
    months = list(words.dated_months.all(tokens))
    if len(months) != 1:
        return None
    month, at, width = months[0]
    before = [int(token.text) for token in tokens[max(0, at - 3) : at] if _is_day(token)]
    after = tokens[at + width : at + width + 3]
    year = next((int(token.text) for token in after if token.text.isdigit() and len(token.text) == 4), None)
    dom = before[-1] if before else next((int(token.text) for token in after[:1] if _is_day(token)), None)
    return _safe(year, month, dom) if year else _nearest(today, month, dom, future=future)


def _is_day(token: Token) -> bool:
    return token.is_figure and token.text.isdigit() and len(token.text) <= 2


def _month_first(language: str | None) -> bool:
    pattern = Locale.parse((language or "en").replace("-", "_")).date_formats["short"].pattern if language else "d/M/y"
    return "-US" in (language or "") and pattern.lower().index("m") < pattern.lower().index("d")


def _nearest(today: date, month: int | None, dom: int | None, *, future: bool) -> date | None:
    years = (today.year, today.year + 1) if future else (today.year, today.year - 1)
    days = [found for year in years if (found := _safe(year, month, dom))]
    return next((found for found in days if (found >= today if future else found <= today)), None)


def _safe(year: int | None, month: int | None, dom: int | None) -> date | None:
    try:
        return date(year or 0, month or 0, dom or 0)
    except ValueError:
        return None


def _weekday(tokens: tuple[Token, ...], words: Vocabulary, today: date, *, future: bool) -> date | None:
    """The latest such weekday, today included; the next with `future`. A figure beside it makes it part of a date."""
    found = {weekday for weekday, _, _ in words.weekdays.all(tokens)}
    if len(found) != 1 or any(token.is_figure for token in tokens):
        return None
    back = (today.weekday() - found.pop()) % 7
    return today + timedelta(days=(7 - back) % 7) if future else today - timedelta(days=back)


def _has_month(text: str, tokens: tuple[Token, ...], words: Vocabulary) -> bool:
    """Whether dateparser should look: it makes a date of any bare number, and is slow on long texts."""
    has_word = any(not token.is_figure for token in tokens)
    return has_word and len(text) <= 80 and any(token.is_figure for token in tokens)


def _parsed(
    text: str, language: str | None, tokens: tuple[Token, ...], words: Vocabulary, today: date, *, future: bool
) -> date | None:
    """What dateparser makes of it, in more languages than our tables; never against a weekday that the text names."""
    settings = {
        "RELATIVE_BASE": datetime.combine(today, time(12)),
        "PREFER_DATES_FROM": "future" if future else "past",
        "DATE_ORDER": "DMY",
        "REQUIRE_PARTS": ["day"],
        "TIMEZONE": "UTC",
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    base = (language or "").replace("_", "-").split("-")[0]
    known = [one for one in dict.fromkeys((base, *words.languages)) if one in language_order]
    found = dateparser.parse(digits(text).strip(" .!?"), languages=known, settings=settings)
    if found is None or any(weekday != found.weekday() for weekday, _, _ in words.weekdays.all(tokens)):
        return None
    return found.date()
