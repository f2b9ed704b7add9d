"""Owns the real time and new names: the only place that asks the machine for either."""

import secrets
from datetime import UTC, datetime

from bot.domain.case import CASE_ALPHABET, CASE_LENGTH, CASE_PREFIX


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomIds:
    """Identifiers that nobody can guess: 48 bits of time, so that they sort by making, and 80 bits of chance."""

    def new(self) -> str:
        milliseconds = int(datetime.now(UTC).timestamp() * 1000)
        return f"{milliseconds:012x}{secrets.token_hex(10)}"

    def case_number(self) -> str:
        return CASE_PREFIX + "".join(secrets.choice(CASE_ALPHABET) for _ in range(CASE_LENGTH))
