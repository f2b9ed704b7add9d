"""A pace refuses what is too fast and says how long to wait."""

from datetime import timedelta

from bot.sandbox.clock import ManualClock
from bot.sandbox.pace import Pace


def test_a_burst_passes_then_the_rate_holds() -> None:
    pace, now = Pace(rate=2.0, burst=3.0), ManualClock().now()
    assert [pace.take("a", now) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert pace.take("a", now + timedelta(seconds=0.25)) == 0.25
    assert pace.take("a", now + timedelta(seconds=0.5)) == 0.0


def test_each_key_has_its_own_pace() -> None:
    pace, now = Pace(rate=1.0), ManualClock().now()
    assert (pace.take("a", now), pace.take("b", now)) == (0.0, 0.0)
    assert pace.take("a", now) == 1.0


def test_no_rate_never_refuses() -> None:
    pace, now = Pace(rate=None), ManualClock().now()
    assert not any(pace.take("a", now) for _ in range(1000))
