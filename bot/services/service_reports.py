"""Owns the report on the service: who waits, how long answers take, what comes in, and what the desk does with it."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from statistics import median
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.domain.activity import ActivityKind
from bot.domain.case import Compartment, Topic, Urgency
from bot.domain.contact import Channel
from bot.domain.employer import SiteId
from bot.domain.errors import InputError
from bot.domain.staff import StaffId
from bot.services import access
from bot.services.access import REPORT, STAFF, Deed, Matter, Reader, Subject, may
from bot.services.audit import record
from bot.services.ports import Clock, Store
from bot.services.report_ports import CaseFigure, Done, Heard, Reached

Key = TypeVar("Key", bound=Hashable)
LONGEST = 92  # days of one report: a quarter, read in a second or two
USUAL = 7  # days, where nobody has chosen
_DAY = timedelta(days=1)
HANDOFFS = (
    ActivityKind.CLAIMED,
    ActivityKind.ANSWERED,
    ActivityKind.TRANSFERRED,
    ActivityKind.GIVEN_BACK,
    ActivityKind.HANDED_BACK,
    ActivityKind.ESCALATED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days of a time zone, the last one included. Raises InputError for what no report is made of."""

    first: date
    last: date
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise InputError("The period ends before it begins.")
        if (self.last - self.first).days >= LONGEST:
            raise InputError("The period is too long: three months at most.")

    @classmethod
    def usual(cls, now: datetime, zone: ZoneInfo) -> "Period":
        """The last seven days, today included."""
        today = now.astimezone(zone).date()
        return cls(first=today - (USUAL - 1) * _DAY, last=today, zone=zone)

    @property
    def days(self) -> Sequence[date]:
        return [self.first + number * _DAY for number in range((self.last - self.first).days + 1)]

    @property
    def since(self) -> datetime:
        return self.begins(self.first)

    @property
    def until(self) -> datetime:
        """When the day after the last one begins."""
        return self.begins(self.last + _DAY)

    def begins(self, day: date) -> datetime:
        """A day's beginning in UTC: a day of the zone may have 23 or 25 hours."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Who waits now for a first answer, of one urgency."""

    urgency: Urgency
    count: int
    late: int  # beyond the target
    since: datetime | None  # the longest


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How long something took. `due` had their target's time come or made it before; `in_time` of those made it."""

    count: int
    median: timedelta | None
    ninety: timedelta | None  # nine of ten were no slower
    in_time: int
    due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Cases opened in the period, of one urgency: how soon they were answered and resolved."""

    urgency: Urgency
    opened: int
    answer: Spans
    resolution: Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Messages that came and cases that were opened."""

    messages: int = 0
    cases: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one of the staff did in the period, by kind, and has in hand now."""

    staff: StaffId
    name: str
    done: Mapping[ActivityKind, int]
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReport:
    """All figures of one period, as one reader may know them. `loads` is None for who may not read accounts."""

    period: Period
    waiting: tuple[Waiting, ...]
    paces: tuple[Pace, ...]
    by_day: Mapping[date, Volume]
    by_language: Mapping[str | None, Volume]
    by_site: Mapping[SiteId | None, Volume]
    by_topic: Mapping[Topic, int]
    by_channel: Mapping[Channel, int]
    sites: Mapping[SiteId, str]
    reached: Reached
    done: Mapping[ActivityKind, int]
    loads: tuple[Load, ...] | None
    shows_protection: bool
    at: datetime

    @property
    def is_empty(self) -> bool:
        """Nothing came, nothing was sent and nobody waits."""
        has_people = self.reached.wrote or self.reached.written_to
        return not (has_people or any(self.by_topic.values()) or any(row.count for row in self.waiting))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReportDesk:
    """Makes reports on the service; in those for who may not read protection cases, these people are not counted."""

    store: Store
    clock: Clock

    async def read(self, reader: Reader, period: Period, *, deed: Deed = Deed.READ) -> ServiceReport:
        """The report, entered in the audit; raises Denied."""
        access.require(reader, deed, REPORT)
        shows = may(reader, Deed.READ, Subject(matter=Matter.CASE, compartment=Compartment.PROTECTION))
        sees_staff, now = may(reader, Deed.READ, STAFF), self.clock.now()
        days: dict[date, Sequence[Heard]] = {}
        async with self.store.look() as unit:
            figures = unit.service
            for day in period.days:
                begins, ends = period.begins(day), period.begins(day + _DAY)
                days[day] = await figures.heard(begins, ends, shows_protection=shows) if begins <= now else ()
            opened = await figures.opened(period.since, period.until, shows_protection=shows)
            done = await figures.done(HANDOFFS, period.since, period.until, shows_protection=shows)
            held = await figures.held(shows_protection=shows)
            names = {one.id: one.name for one in await unit.staff.all()} if sees_staff else {}
            report = ServiceReport(
                period=period,
                waiting=waiting(await figures.waiting(shows_protection=shows), now),
                paces=paces(opened, now),
                by_day=_by_day(days, opened, period),
                by_language=_together(_messages(days, _language), Counter(case.language for case in opened)),
                by_site=_together(_messages(days, _site), Counter(case.site for case in opened)),
                by_topic=dict(Counter(case.topic for case in opened).most_common()),
                by_channel=_messages(days, _channel),
                sites={site.id: site.name for site in await unit.sites.all()},
                reached=await figures.reached(period.since, period.until, shows_protection=shows),
                done=_totals(done),
                loads=_loads(done, held, names) if sees_staff else None,
                shows_protection=shows,
                at=now,
            )
        async with self.store.transaction() as unit:
            await record(unit, reader, deed, Matter.REPORT, "service", at=now, detail=f"{period.first} {period.last}")
        return report


def waiting(cases: Sequence[CaseFigure], now: datetime) -> tuple[Waiting, ...]:
    """Every urgency, the highest first."""
    return tuple(
        Waiting(
            urgency=urgency,
            count=len(those),
            late=sum(case.due_at < now for case in those),
            since=min((case.opened_at for case in those), default=None),
        )
        for urgency, those in _by_urgency(cases)
    )


def paces(cases: Sequence[CaseFigure], now: datetime) -> tuple[Pace, ...]:
    """Every urgency, the highest first."""
    return tuple(
        Pace(
            urgency=urgency,
            opened=len(those),
            answer=spans(((case.opened_at, case.answered_at, case.due_at) for case in those), now),
            resolution=spans(((case.opened_at, case.closed_at, case.resolve_by) for case in those), now),
        )
        for urgency, those in _by_urgency(cases)
    )


def spans(times: Iterable[tuple[datetime, datetime | None, datetime | None]], now: datetime) -> Spans:
    """From beginnings, ends and targets. What is not done counts against the target only once its time has come."""
    known = list(times)
    took = sorted(end - begin for begin, end, _ in known if end is not None)
    aims = [(end, target) for _, end, target in known if target is not None]
    return Spans(
        count=len(took),
        median=timedelta(seconds=median(one.total_seconds() for one in took)) if took else None,
        ninety=took[ceil(0.9 * len(took)) - 1] if took else None,
        in_time=sum(end is not None and end <= target for end, target in aims),
        due=sum(end is not None or target < now for end, target in aims),
    )


def _by_urgency(cases: Sequence[CaseFigure]) -> list[tuple[Urgency, list[CaseFigure]]]:
    return [(urgency, [case for case in cases if case.urgency is urgency]) for urgency in sorted(Urgency, reverse=True)]


def _by_day(
    days: Mapping[date, Sequence[Heard]], opened: Sequence[CaseFigure], period: Period
) -> Mapping[date, Volume]:
    cases = Counter(case.opened_at.astimezone(period.zone).date() for case in opened)
    return {day: Volume(messages=sum(one.messages for one in heard), cases=cases[day]) for day, heard in days.items()}


def _language(heard: Heard) -> str | None:
    return heard.language


def _site(heard: Heard) -> SiteId | None:
    return heard.site


def _channel(heard: Heard) -> Channel:
    return heard.channel


def _together(heard: Mapping[Key, int], cases: Mapping[Key, int]) -> Mapping[Key, Volume]:
    """The most messages first."""
    keys = sorted({*heard, *cases}, key=lambda key: (-heard.get(key, 0), -cases.get(key, 0), str(key)))
    return {key: Volume(messages=heard.get(key, 0), cases=cases.get(key, 0)) for key in keys}


def _messages(days: Mapping[date, Sequence[Heard]], key: Callable[[Heard], Key]) -> Mapping[Key, int]:
    counted: Counter[Key] = Counter()
    for heard in days.values():
        for one in heard:
            counted[key(one)] += one.messages
    return dict(counted.most_common())


def _loads(done: Sequence[Done], held: Mapping[StaffId, int], names: Mapping[StaffId, str]) -> tuple[Load, ...]:
    """By name; who did nothing and has nothing is left out."""
    theirs: dict[StaffId, dict[ActivityKind, int]] = {staff: {} for staff in held}
    for one in done:
        if one.staff is not None:
            theirs.setdefault(one.staff, {})[one.kind] = one.count
    loads = (
        Load(staff=staff, name=names.get(staff, staff), done=counts, held=held.get(staff, 0))
        for staff, counts in theirs.items()
    )
    return tuple(sorted(loads, key=lambda load: (load.name, load.staff)))


def _totals(done: Sequence[Done]) -> Mapping[ActivityKind, int]:
    return {kind: sum(one.count for one in done if one.kind is kind) for kind in HANDOFFS}
