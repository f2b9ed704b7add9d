"""Owns how CAP writes a time: to the second, with a numeric offset, and -00:00 for UTC."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.domain.errors import InputError


def written(at: datetime, zone: ZoneInfo) -> str:
    """The time in a zone. CAP refuses "Z" and fractions; an offset of nothing is written -00:00."""
    text = at.astimezone(zone).replace(microsecond=0).isoformat()
    return text.removesuffix("+00:00") + "-00:00" if text.endswith("+00:00") else text


def read(text: str) -> datetime:
    """The time in UTC; raises InputError for one that no calendar has."""
    try:
        at = datetime.fromisoformat(text.strip())
        if at.tzinfo is None:
            raise ValueError("no offset")
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{text[:40]!r} is no time such as 2026-05-06T12:00:00-03:00") from error
