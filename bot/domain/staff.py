"""Owns staff: who they are and work for, what they are here as, and when their sign-in is locked or has ended."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from bot.domain.employer import EmployerId

StaffId = NewType("StaffId", str)

FREE_TRIES = 5  # wrong passwords or codes in a row before the first lock
FIRST_LOCK = timedelta(minutes=1)  # doubles with each further wrong try, up to
LONGEST_LOCK = timedelta(hours=1)

IDLE_LIFE = timedelta(minutes=30)
WHOLE_LIFE = timedelta(hours=12)
HALFWAY_LIFE = timedelta(minutes=10)  # between the password and the code


class Role(StrEnum):
    """What a reader is here as."""

    CONTACT = "contact"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    SPECIALIST = "specialist"  # trained for protection cases (R16)
    AUTHOR = "author"  # of an employer
    APPROVER = "approver"  # of an employer
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"  # a worker or a tick: no person looks

    @property
    def leads(self) -> bool:
        """Whether this role gives out the work of others."""
        return self is Role.SUPERVISOR

    @property
    def answers(self) -> bool:
        """Whether this role speaks with contacts."""
        return self in (Role.OPERATOR, Role.SUPERVISOR, Role.SPECIALIST)

    @property
    def is_employers(self) -> bool:
        """Whether people of this role work for one employer and see nobody else's people."""
        return self in (Role.AUTHOR, Role.APPROVER)


STAFF_ROLES = tuple(role for role in Role if role not in (Role.CONTACT, Role.SYSTEM))


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """One person's account. `login` is casefolded. Secrets are TOTP's, in base 32.

    `offered_secret` has been shown for enrolment and never been answered with a code.
    """

    id: StaffId
    login: str
    name: str
    role: Role
    employer: EmployerId | None = None
    languages: tuple[str, ...] = ()
    password_hash: str
    totp_secret: str | None = None
    offered_secret: str | None = None
    last_totp_step: int | None = None  # of 30 seconds since the epoch: no code of it or of one before it counts again
    failures: int = 0
    locked_until: datetime | None = None
    created_at: datetime
    disabled_at: datetime | None = None

    def may_try(self, now: datetime) -> bool:
        """Whether a password or a code is looked at now."""
        return self.disabled_at is None and (self.locked_until is None or self.locked_until <= now)

    def charged(self, now: datetime) -> "Staff":
        """One more try, counted as wrong before anybody looks: a hundred at once are then no more than five."""
        failures = self.failures + 1
        lock = lock_after(failures)
        return replace(self, failures=failures, locked_until=now + lock if lock else None)

    def forgiven(self) -> "Staff":
        """The last try was right, and there is one more step to take: earlier wrong ones still count."""
        return replace(self, failures=max(0, self.failures - 1), locked_until=None)

    def admitted(self, step: int) -> "Staff":
        """Signed in with the code of this step."""
        return replace(self, failures=0, locked_until=None, last_totp_step=step)


def lock_after(failures: int) -> timedelta:
    """How long nobody may try after so many wrong tries in a row: nothing, then 1, 2, 4 ... 60 minutes."""
    if failures < FREE_TRIES:
        return timedelta()
    return min(FIRST_LOCK * (1 << min(failures - FREE_TRIES, 10)), LONGEST_LOCK)


class Stage(StrEnum):
    """How far a session has come."""

    PASSWORD = "password"  # noqa: S105 (the code is still to come)
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSession:
    """One sign-in: `id` is the hash of the token that only the browser has."""

    id: str
    staff: StaffId
    stage: Stage
    created_at: datetime
    seen_at: datetime
    expires_at: datetime

    @classmethod
    def begun(cls, id_: str, staff: StaffId, stage: Stage, now: datetime) -> "StaffSession":
        life = WHOLE_LIFE if stage is Stage.FULL else HALFWAY_LIFE
        return cls(id=id_, staff=staff, stage=stage, created_at=now, seen_at=now, expires_at=now + life)

    def is_over(self, now: datetime) -> bool:
        """Idle for too long, or too old in all."""
        return now >= self.expires_at or now - self.seen_at >= IDLE_LIFE
