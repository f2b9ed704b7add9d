"""Opening hours as people write them."""

from datetime import UTC, datetime, time

import pytest

from bot.domain.place import Opening, Place, PlaceId, PlaceKind
from bot.services.opening_hours import parse_week


def week(*spans: tuple[str, str, str]) -> set[tuple[int, time, time]]:
    return {
        (int(day), time.fromisoformat(opens), time.fromisoformat(closes))
        for days, opens, closes in spans
        for day in days
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon-Fri 08:00-17:00", week(("01234", "08:00", "17:00"))),
        ("Mon-Fri 08:00-17:00; Sat 08:00-12:00", week(("01234", "08:00", "17:00"), ("5", "08:00", "12:00"))),
        ("mon–fri 8–17", week(("01234", "08:00", "17:00"))),
        ("MONDAY - FRIDAY 8:30 - 17:15.", week(("01234", "08:30", "17:15"))),
        ("Tue, Thu 13:00-18:00", week(("13", "13:00", "18:00"))),
        ("Mon-Wed, Sat 9-12", week(("0125", "09:00", "12:00"))),
        ("Mon-Fri 08:00-12:00, 13:00-17:00", week(("01234", "08:00", "12:00"), ("01234", "13:00", "17:00"))),
        ("Fri-Mon 22:00-02:00", week(("4560", "22:00", "02:00"))),
        ("daily 06:00-24:00", week(("0123456", "06:00", "00:00"))),
        ("every day 9-18", week(("0123456", "09:00", "18:00"))),
        ("Sun: 09h00-12h", week(("6", "09:00", "12:00"))),
        ("Thurs 9.00-12.30", week(("3", "09:00", "12:30"))),
        ("Mon ०८:००-१७:००", week(("0", "08:00", "17:00"))),
        ("", set()),
    ],
)
def test_hours_are_read(text: str, expected: set[tuple[int, time, time]]) -> None:
    read = parse_week(text)
    assert {(one.weekday, one.opens, one.closes) for one in read.openings} == expected
    assert not read.is_always_open


@pytest.mark.parametrize("text", ["24/7", " 24/7 ", "24h", "24 hours", "Always open", "daily 00:00-24:00"])
def test_day_and_night_is_read(text: str) -> None:
    assert parse_week(text).is_always_open


@pytest.mark.parametrize(
    "text",
    [
        "Mon-Fri", "08:00-17:00", "Mon 08:00", "Mon 8-25", "Mon 08:60-17:00", "Mon 24:01-25:00", "weekdays 8-17",
        "Monster 8-17", "Sunset 18-20", "Mon-Fry 8-17", "Mon 8-17 Tue 8-17", "Mon 8-17,", "-", "2026-07-24", "Mon;;",
        "Mon 8-17;x", "?" * 200,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="Mon-Fri 08:00-17:00"):
        parse_week(text)


@pytest.mark.parametrize(
    ("day", "hour", "is_open"),
    [(4, 23, True), (5, 1, True), (5, 3, False), (4, 1, False), (0, 23, False), (5, 12, False)],
)
def test_past_midnight_counts_for_the_evening_before(day: int, hour: int, is_open: bool) -> None:
    hours: tuple[Opening, ...] = parse_week("Fri 22:00-02:00").openings
    place = Place(
        id=PlaceId("p"), kind=PlaceKind.FOOD, name="p", hours=hours,
        checked_on=datetime(2026, 1, 1, tzinfo=UTC).date(), expires_on=datetime(2026, 1, 1, tzinfo=UTC).date(),
    )  # fmt: skip
    assert place.is_open(datetime(2026, 5, 4 + day, hour, tzinfo=UTC)) is is_open
