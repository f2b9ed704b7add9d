"""Owns targets: by when a contact is answered and a case is resolved, in working time where no life is at stake."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from bot.domain.case import Urgency
from bot.domain.place import Opening

_DAY = timedelta(days=1)
_LONGEST = 400  # days looked ahead for working time


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When the desk works: no hours at all mean around the clock."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    hours: tuple[Opening, ...] = ()
    holidays: frozenset[date] = frozenset()

    def after(self, start: datetime, span: timedelta) -> datetime:
        """When `span` of working time has passed since the aware time `start`, in UTC."""
        if not self.hours or not span:  # no work at all is done at once, whatever the hour
            return (start + span).astimezone(UTC)
        left = span
        for opens, closes in self._open_times(start.astimezone(UTC)):
            if closes - opens >= left:
                return (opens + left).astimezone(UTC)
            left -= closes - opens
        return (start + span).astimezone(UTC)  # a calendar of holidays only

    def _open_times(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """From `start` on, in order and in UTC, where a change of summer time takes no hour and gives none.

        Hours that overlap count once.
        """
        first, reached = start.astimezone(self.zone).date() - _DAY, start  # yesterday's night shift may still go on
        hours = sorted(self.hours, key=lambda one: one.opens)
        for day in (first + _DAY * number for number in range(_LONGEST)):
            for opening in hours:
                if opening.weekday != day.weekday() or day in self.holidays:
                    continue
                last = day if opening.closes > opening.opens else day + _DAY
                opens = datetime.combine(day, opening.opens, self.zone).astimezone(UTC)
                closes = datetime.combine(last, opening.closes, self.zone).astimezone(UTC)
                if closes > reached:
                    yield max(opens, reached), closes
                    reached = closes


_FIRST_ANSWER = {
    Urgency.CRITICAL: timedelta(minutes=5),
    Urgency.HIGH: timedelta(minutes=30),
    Urgency.NORMAL: timedelta(hours=8),
    Urgency.LOW: timedelta(hours=16),
}
_RESOLUTION = {
    Urgency.CRITICAL: timedelta(hours=4),
    Urgency.HIGH: timedelta(days=1),
    Urgency.NORMAL: timedelta(hours=40),
    Urgency.LOW: timedelta(hours=80),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """How long a contact may wait. Who may be in danger waits by the clock, everybody else by the desk's calendar.

    The times are this project's own proposal; an organisation's plan replaces them.
    """

    calendar: Calendar = field(default_factory=Calendar)
    first_answer: Mapping[Urgency, timedelta] = field(default_factory=lambda: MappingProxyType(_FIRST_ANSWER))
    resolution: Mapping[Urgency, timedelta] = field(default_factory=lambda: MappingProxyType(_RESOLUTION))

    def answer_by(self, urgency: Urgency, since: datetime) -> datetime:
        """By when a person answers."""
        return self._after(urgency, since, self.first_answer[urgency])

    def resolve_by(self, urgency: Urgency, since: datetime) -> datetime:
        """By when it is resolved."""
        return self._after(urgency, since, self.resolution[urgency])

    def _after(self, urgency: Urgency, since: datetime, span: timedelta) -> datetime:
        return since + span if urgency >= Urgency.HIGH else self.calendar.after(since, span)
