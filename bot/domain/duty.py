"""Owns duty: who of the staff is here to answer, and when they are planned to be."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from bot.domain.staff import StaffId

ShiftId = NewType("ShiftId", str)

SILENT_AFTER = timedelta(minutes=3)  # without a sign of their screen: the browser was closed or the network is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One person on duty: since when, and when their screen last gave a sign."""

    staff: StaffId
    since: datetime
    seen_at: datetime

    def is_silent(self, now: datetime) -> bool:
        """Whether what waits with them must be given to others."""
        return now - self.seen_at >= SILENT_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A planned time of duty."""

    id: ShiftId
    staff: StaffId
    begins_at: datetime
    ends_at: datetime
