"""Owns opening hours as people read and write them: "Mon-Fri 08:00-17:00; Sat 08:00-12:00", "24/7", "daily 9-18"."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import time

from bot.domain.place import Opening
from bot.engine.extract import fold

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = frozenset({"24/7", "24h", "24 h", "24 hours", "always", "always open", "daily 00:00-24:00"})
HELP = "write hours such as Mon-Fri 08:00-17:00; Sat 08:00-12:00, or 24/7, or leave them empty"

_DAY = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_PART = re.compile(rf"(?P<days>daily|every day|{_DAY}(?:\s*[-,]\s*{_DAY})*)[\s:]+(?P<spans>\d.*)")
_SPAN = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?h?\s*-\s*(\d{1,2})(?:[:.h](\d{2}))?h?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week's hours: no openings and not always open means that they are not known."""

    openings: tuple[Opening, ...] = ()
    is_always_open: bool = False


def parse_week(text: str) -> Week:
    """Raises ValueError, which says what to write instead."""
    plain = fold(text).strip().rstrip(";. ")
    if not plain:
        return Week()
    if plain in ALWAYS:
        return Week(is_always_open=True)
    openings = [opening for part in plain.split(";") for opening in _openings(part.strip(), text)]
    return Week(openings=tuple(dict.fromkeys(openings)))


def _openings(part: str, text: str) -> Iterator[Opening]:
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError(f"{text!r} cannot be read: {HELP}")
    spans = [_span(span.strip(), text) for span in match["spans"].split(",")]
    for day in _days(match["days"]):
        for opens, closes in spans:
            yield Opening(weekday=day, opens=opens, closes=closes)


def _days(text: str) -> Iterator[int]:
    """The days of "mon-fri", "sat, sun", "fri-mon" (over the week's end) or "daily"."""
    if text in ("daily", "every day"):
        yield from range(7)
        return
    for group in text.split(","):
        first, *rest = [DAYS.index(day.strip()[:3]) for day in group.split("-")]
        last = rest[-1] if rest else first
        yield from ((first + offset) % 7 for offset in range((last - first) % 7 + 1))


def _span(text: str, whole: str) -> tuple[time, time]:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} in {whole!r} cannot be read: {HELP}")
    opens, closes = (_time(hour, minute, whole) for hour, minute in ((match[1], match[2]), (match[3], match[4])))
    return opens, closes


def _time(hour: str, minute: str | None, whole: str) -> time:
    """24:00 is the midnight at which the day ends."""
    if (int(hour), int(minute or 0)) == (24, 0):
        return time(0)
    try:
        return time(int(hour), int(minute or 0))
    except ValueError:
        raise ValueError(f"{whole!r} has a time that does not exist: {HELP}") from None


def write_week(hours: Iterable[Opening], day_name: Callable[[int], str]) -> str:
    """A week's hours, days with the same hours together: "Mon-Fri 08:00-17:00; Sat 08:00-12:00"."""
    days: dict[int, list[tuple[time, time]]] = {}
    for opening in sorted(hours, key=lambda one: (one.weekday, one.opens)):
        days.setdefault(opening.weekday, []).append((opening.opens, opening.closes))
    runs: list[tuple[int, int]] = []  # first and last day
    for day, spans in days.items():
        if runs and runs[-1][1] == day - 1 and days[day - 1] == spans:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return "; ".join(f"{_named(first, last, day_name)} {_spans(days[first])}" for first, last in runs)


def _named(first: int, last: int, day_name: Callable[[int], str]) -> str:
    return day_name(first) if first == last else f"{day_name(first)}-{day_name(last)}"


def _spans(spans: Sequence[tuple[time, time]]) -> str:
    return ", ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in spans)
