"""The pace that a stand-in will not let a sender exceed."""

from datetime import datetime


class Pace:
    """A token bucket: `rate` a second on average, `burst` at once; a rate of None never refuses."""

    def __init__(self, *, rate: float | None, burst: float = 1.0) -> None:
        self._rate = rate
        self._burst = burst
        self._levels: dict[str, tuple[float, datetime]] = {}

    def take(self, key: str, now: datetime) -> float:
        """Take one token of `key`; 0.0 if there was one, else the seconds until there will be (nothing is taken)."""
        if self._rate is None:
            return 0.0
        level, at = self._levels.get(key, (self._burst, now))
        level = min(self._burst, level + (now - at).total_seconds() * self._rate)
        if level < 1.0:
            return (1.0 - level) / self._rate
        self._levels[key] = (level - 1.0, now)
        return 0.0
