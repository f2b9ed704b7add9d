"""Owns the small typed values that messages, answers and places are made of."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in its currency (ISO 4217)."""

    value: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A length of time as people say it: `unit` is day, week, month or year."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A point on the earth in degrees (WGS 84)."""

    latitude: float
    longitude: float

    def kilometres_to(self, other: "Position") -> float:
        """Great-circle distance in kilometres (haversine)."""
        a, b = radians(self.latitude), radians(other.latitude)
        across = radians(other.longitude - self.longitude)
        h = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(across / 2) ** 2
        return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(h)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A stored photo or document, by its document id."""

    document_id: str
    kind: str


# What a flow's variable can hold. Texts that a worker wrote are plain `str`.
Value = str | int | bool | Decimal | date | Money | Period | Position | Evidence | None
