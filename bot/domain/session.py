"""Owns the session: one contact in one flow, and the stack that lets an emergency suspend it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from bot.domain.contact import ContactId
from bot.domain.values import Value

SessionId = NewType("SessionId", str)

ASIDE = timedelta(days=7)  # a talk that something else came before can be gone on with for so long


class SessionStatus(StrEnum):
    """WAITING sessions expect an answer; the newest WAITING one is heard, SUSPENDED ones lie below it."""

    RUNNING = "running"  # only inside one step of the engine: never stored
    WAITING = "waiting"
    SUSPENDED = "suspended"
    ENDED = "ended"

    @property
    def is_open(self) -> bool:
        return self in (SessionStatus.WAITING, SessionStatus.SUSPENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Where a sub-flow goes back to."""

    flow: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One contact in one flow: the step it waits at and what has been answered.

    `returns` is the stack of callers of a sub-flow (innermost last); answers are one namespace for all of them.
    `tries` counts the answers that did not fit the question waited at. `revision` grows with each stored change,
    so that a stale writer is refused.
    """

    id: SessionId
    contact: ContactId
    flow: str
    version: int
    step: str
    answers: Mapping[str, Value] = field(default_factory=dict)
    status: SessionStatus = SessionStatus.RUNNING
    returns: tuple[Return, ...] = ()
    tries: int = 0
    is_reminded: bool = False
    waits_until: datetime | None = None  # the next reminder or the timeout; where it is suspended, its end
    started_at: datetime
    revision: int = 0

    def ended(self) -> "Session":
        return replace(self, status=SessionStatus.ENDED, returns=(), waits_until=None)

    def put_aside(self, now: datetime) -> "Session":
        return replace(self, status=SessionStatus.SUSPENDED, waits_until=now + ASIDE)

    def is_due(self, now: datetime) -> bool:
        """Whether its time has passed."""
        return self.waits_until is not None and self.waits_until <= now
