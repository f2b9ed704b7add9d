"""Targets: by when somebody is answered, over nights, weekends, holidays, night shifts and changes of summer time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.case import Urgency
from bot.domain.place import Opening
from bot.domain.targets import Calendar, Targets

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
OFFICE = tuple(Opening(weekday=day, opens=time(9), closes=time(17)) for day in range(5))
NIGHTS = tuple(Opening(weekday=day, opens=time(22), closes=time(6)) for day in range(7))
ROUND_THE_CLOCK = tuple(Opening(weekday=day, opens=time(0), closes=time(0)) for day in range(7))


def at(text: str, zone: ZoneInfo = SAO_PAULO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-05-06 10:00", 2, "2026-05-06 12:00"),  # a Wednesday
        ("2026-05-06 10:00", 7, "2026-05-06 17:00"),  # to the very end of the day
        ("2026-05-06 16:00", 2, "2026-05-07 10:00"),  # over night
        ("2026-05-06 03:00", 2, "2026-05-06 11:00"),  # before the doors open
        ("2026-05-08 16:00", 2, "2026-05-11 10:00"),  # over the weekend
        ("2026-05-09 12:00", 8, "2026-05-11 17:00"),  # from a Saturday
        ("2026-05-06 10:00", 40, "2026-05-13 10:00"),  # a working week
    ],
)
def test_working_time_passes_while_the_desk_works(start: str, hours: int, expected: str) -> None:
    calendar = Calendar(zone=SAO_PAULO, hours=OFFICE)
    assert calendar.after(at(start), hours * HOUR) == at(expected)


def test_a_holiday_takes_its_whole_day() -> None:
    calendar = Calendar(zone=SAO_PAULO, hours=OFFICE, holidays=frozenset({date(2026, 5, 7), date(2026, 5, 8)}))
    assert calendar.after(at("2026-05-06 16:00"), 2 * HOUR) == at("2026-05-11 10:00")


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    calendar = Calendar(zone=SAO_PAULO, hours=NIGHTS, holidays=frozenset({date(2026, 5, 7)}))
    assert calendar.after(at("2026-05-07 02:00"), 2 * HOUR) == at("2026-05-07 04:00")
    assert calendar.after(at("2026-05-07 05:00"), 2 * HOUR) == at("2026-05-08 23:00")


def test_a_day_without_a_gap_is_a_whole_day() -> None:
    calendar = Calendar(zone=SAO_PAULO, hours=ROUND_THE_CLOCK)
    assert calendar.after(at("2026-05-06 23:00"), 30 * HOUR) == at("2026-05-08 05:00")


def test_hours_that_overlap_count_once() -> None:
    """Two shifts that hand over to each other are not twice the time."""
    shifts = (
        Opening(weekday=2, opens=time(8), closes=time(16)),
        Opening(weekday=2, opens=time(14), closes=time(22)),
        Opening(weekday=2, opens=time(9), closes=time(10)),
    )
    assert Calendar(zone=SAO_PAULO, hours=shifts).after(at("2026-05-06 08:00"), 14 * HOUR) == at("2026-05-06 22:00")


def test_the_hour_that_spring_takes_and_autumn_gives_is_no_working_time_lost_or_won() -> None:
    """In Berlin the clock went from 2 to 3 on 29 March 2026 and goes from 3 to 2 on 25 October."""
    calendar = Calendar(zone=BERLIN, hours=NIGHTS)
    assert calendar.after(at("2026-03-28 22:00", BERLIN), 7 * HOUR) == at(
        "2026-03-29 06:00", BERLIN
    )  # seven hours long
    assert calendar.after(at("2026-10-24 22:00", BERLIN), 9 * HOUR) == at("2026-10-25 06:00", BERLIN)  # nine
    assert Calendar(zone=BERLIN, hours=OFFICE).after(at("2026-03-27 16:00", BERLIN), 2 * HOUR) == at(
        "2026-03-30 10:00", BERLIN
    )


def test_without_hours_the_desk_works_around_the_clock() -> None:
    assert Calendar().after(at("2026-05-09 23:00"), 8 * HOUR) == at("2026-05-10 07:00")


def test_a_calendar_of_holidays_alone_does_not_wait_forever() -> None:
    days = frozenset(date(2026, 1, 1) + timedelta(days=number) for number in range(1000))
    assert Calendar(hours=OFFICE, holidays=days).after(at("2026-05-06 10:00"), HOUR) == at("2026-05-06 11:00")


@pytest.mark.parametrize("urgency", [Urgency.HIGH, Urgency.CRITICAL])
def test_a_danger_waits_by_the_clock_though_the_desk_is_closed(urgency: Urgency) -> None:
    targets = Targets(calendar=Calendar(zone=SAO_PAULO, hours=OFFICE))
    sunday = at("2026-05-10 02:00")
    assert targets.answer_by(urgency, sunday) - sunday <= timedelta(minutes=30)
    assert targets.resolve_by(urgency, sunday) - sunday <= timedelta(days=1)


def test_the_more_urgent_the_sooner() -> None:
    targets = Targets(calendar=Calendar(zone=SAO_PAULO, hours=OFFICE))
    start = at("2026-05-06 10:00")
    answers = [targets.answer_by(urgency, start) for urgency in Urgency]
    assert answers == sorted(answers, reverse=True)
    assert all(targets.resolve_by(urgency, start) > targets.answer_by(urgency, start) for urgency in Urgency)


def _opening(weekday: int, opens: int, minutes: int) -> Opening:
    first, last = divmod(opens, 60), divmod((opens + minutes) % (24 * 60), 60)
    return Opening(weekday=weekday, opens=time(*first), closes=time(*last))


openings = st.builds(_opening, st.integers(0, 6), st.integers(0, 24 * 60 - 1), st.integers(60, 24 * 60))
calendars = st.builds(
    Calendar,
    zone=st.sampled_from([SAO_PAULO, BERLIN, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe")]),
    hours=st.lists(openings, min_size=1, max_size=6).map(tuple),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5),
)
starts = st.timedeltas(timedelta(), timedelta(days=330)).map(lambda passed: datetime(2026, 1, 1, tzinfo=UTC) + passed)
spans = st.timedeltas(timedelta(), timedelta(hours=30))


@given(calendars, starts, spans, spans)
def test_time_adds_up(calendar: Calendar, start: datetime, first: timedelta, second: timedelta) -> None:
    """To work a while and then a while more is to work both in one go."""
    assert calendar.after(calendar.after(start, first), second) == calendar.after(start, first + second)


@given(calendars, starts, spans, st.timedeltas(timedelta(), timedelta(days=10)))
def test_who_comes_later_is_never_due_earlier(
    calendar: Calendar, start: datetime, span: timedelta, later: timedelta
) -> None:
    due = calendar.after(start, span)
    assert start + span <= due
    assert due <= calendar.after(start + later, span)
    assert due.utcoffset() == timedelta()


@given(calendars, starts, st.timedeltas(timedelta(minutes=1), timedelta(hours=30)))
def test_what_is_due_is_due_in_working_hours(calendar: Calendar, start: datetime, span: timedelta) -> None:
    just_before = (calendar.after(start, span) - timedelta(microseconds=1)).astimezone(calendar.zone)
    days = (just_before.date(), just_before.date() - timedelta(days=1))
    assert any(
        _covers(opening, day, just_before.astimezone(UTC), calendar.zone)
        for day in days
        for opening in calendar.hours
        if day not in calendar.holidays
    )


def _covers(opening: Opening, day: date, moment: datetime, zone: ZoneInfo) -> bool:
    if opening.weekday != day.weekday():
        return False
    last = day if opening.closes > opening.opens else day + timedelta(days=1)
    begins = datetime.combine(day, opening.opens, zone).astimezone(UTC)
    return begins <= moment < datetime.combine(last, opening.closes, zone).astimezone(UTC)
