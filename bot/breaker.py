"""Owns the circuit breaker: who asks a server that has failed several times lets it rest for a while."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Breaker:
    """Opens after `limit` failures in a row, and lets one question through every `rest` seconds to see."""

    clock: Callable[[], float]  # seconds, growing
    limit: int = 3
    rest: float = 5.0
    failures: int = 0
    _opened_at: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether questions are refused now; asking counts as the trial when the rest is over."""
        if self.failures < self.limit:
            return False
        if self.clock() - self._opened_at < self.rest:
            return True
        self._opened_at = self.clock()
        return False

    def note(self, *, is_ok: bool) -> None:
        """An answer came, or did not."""
        if is_ok:
            self.failures = 0
            return
        self.failures += 1
        if self.failures == self.limit:
            self._opened_at = self.clock()
