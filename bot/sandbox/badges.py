"""Owns the badges of the demo's staff: who may sign in to the console, by which password and which present code."""

from dataclasses import dataclass
from datetime import datetime

import pyotp

STEP = 30  # seconds that a code is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """One account of the demo; without a secret its owner has enrolled a second factor of their own."""

    login: str
    name: str
    role: str
    password: str
    totp_secret: str | None

    def code(self, now: datetime) -> str | None:
        """The present code of the second factor; each counts once."""
        return pyotp.TOTP(self.totp_secret).at(now) if self.totp_secret else None

    def show(self, now: datetime) -> dict[str, object]:
        return {
            "login": self.login,
            "name": self.name,
            "role": self.role,
            "password": self.password,
            "code": self.code(now),
        }


def seconds_left(now: datetime) -> int:
    """Until the next codes."""
    return STEP - int(now.timestamp()) % STEP
