"""Whatever of ours is written is valid, and says the same to whoever reads it."""

from datetime import UTC, datetime, timedelta
from math import cos, pi, sin
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cap.reading import read_alert
from bot.cap.writing import clean, headline_of
from bot.domain.broadcast import (
    AlertUrgency,
    Area,
    Broadcast,
    BroadcastKind,
    Category,
    Certainty,
    Circle,
    Info,
    MessageType,
    ResponseType,
    Severity,
    has_words,
)
from bot.domain.errors import InputError
from bot.domain.staff import StaffId
from bot.domain.values import Position
from tests.cap.alerts import EARLIER, flood, written

words = st.text(max_size=60)
said = words.filter(lambda text: has_words(clean(text)))
moments = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)
degrees = st.floats(-80, 80).map(lambda value: round(value, 6))
points = st.builds(Position, latitude=degrees, longitude=degrees)
languages = st.sampled_from(["en", "es", "ne", "ar", "zh", "my", "pt"])


@st.composite
def anticlockwise(draw: st.DrawFn) -> tuple[Position, ...]:
    centre, size, corners = draw(points), draw(st.floats(0.01, 5)), draw(st.integers(3, 12))
    ring = [
        Position(
            latitude=round(centre.latitude + size * sin(2 * pi * corner / corners), 6),
            longitude=round(centre.longitude + size * cos(2 * pi * corner / corners), 6),
        )
        for corner in range(corners)
    ]
    return (*ring, ring[0])


areas = st.builds(
    Area,
    description=said.map(clean),
    polygons=st.lists(anticlockwise(), max_size=3, unique=True).map(tuple),
    circles=st.lists(
        st.builds(Circle, centre=points, radius_km=st.integers(0, 20_000).map(lambda metres: metres / 1000)),
        max_size=2, unique=True,
    ).map(tuple),
)  # fmt: skip


@st.composite
def broadcasts(draw: st.DrawFn) -> Broadcast:
    texts = st.builds(Info, headline=said, instruction=said, description=said, reviewed_by=st.just(StaffId("reader")))
    infos = draw(st.dictionaries(languages, texts, min_size=1))
    begun, onset, life = draw(moments), draw(st.none() | moments), draw(st.none() | st.integers(0, 10**8))
    begins = max(begun, onset or begun)
    facts: dict[str, Any] = {
        name: draw(st.sampled_from(list(kind)))
        for name, kind in {
            "category": Category, "urgency": AlertUrgency, "severity": Severity, "certainty": Certainty,
            "response": ResponseType, "message_type": MessageType,
        }.items()
    }  # fmt: skip
    return flood(
        **facts,
        kind=draw(st.sampled_from([BroadcastKind.ALERT, BroadcastKind.DRILL])),
        infos=infos,
        source_language=draw(st.sampled_from(sorted(infos))),
        event=draw(said),
        area=draw(areas),
        begun_at=begun,
        onset_at=onset,
        expires_at=None if life is None else begins + timedelta(seconds=life),
    )


zones = st.sampled_from(["UTC", "America/Sao_Paulo", "Asia/Kathmandu", "Europe/London", "Pacific/Chatham"])


@given(broadcast=broadcasts(), zone=zones.map(ZoneInfo))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_is_valid_and_reads_the_same(broadcast: Broadcast, zone: ZoneInfo) -> None:
    references = () if broadcast.message_type is MessageType.ALERT else (EARLIER,)
    alert = read_alert(written(broadcast, zone=zone, references=references))
    assert alert.notes == ()
    assert alert.status == ("Exercise" if broadcast.kind is BroadcastKind.DRILL else "Actual")
    assert alert.references == references
    assert alert.source_language == broadcast.source_language
    assert {language: info.texts for language, info in alert.infos.items()} == {
        language: tuple(map(clean, (headline_of(broadcast, info), *info.texts[1:])))
        for language, info in broadcast.infos.items()
    }
    assert alert.event == clean(broadcast.event)
    assert alert.area == broadcast.area
    assert (alert.sent_at, alert.onset_at, alert.expires_at) == (
        broadcast.begun_at, broadcast.onset_at, broadcast.expires_at,
    )  # fmt: skip
    for name in ("message_type", "category", "urgency", "severity", "certainty", "response"):
        assert getattr(alert, name) == getattr(broadcast, name)


@given(data=st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_no_bytes_raise_anything_but_a_refusal(data: bytes) -> None:
    for body in (data, b"<alert>" + data, written(flood())[:200] + data):
        with pytest.raises(InputError) as refusal:
            read_alert(body)
        assert len(str(refusal.value)) < 2500
