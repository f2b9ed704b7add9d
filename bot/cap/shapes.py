"""Owns how CAP writes shapes: "latitude,longitude" pairs, and a radius in kilometres."""

import re
from math import isfinite

from bot.domain.broadcast import Circle
from bot.domain.errors import InputError
from bot.domain.values import Position
from bot.services.alert_areas import DECIMALS, MAX_RADIUS_KM, Ring

_NUMBER = re.compile(r"[+-]?([0-9]{1,20}(\.[0-9]{0,40})?|\.[0-9]{1,40})")


def written_polygon(ring: Ring) -> str:
    """Raises InputError for a ring that is not closed, or has fewer than four points."""
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise InputError("A polygon must have four points or more and end where it begins: draw the area again.")
    return " ".join(map(_written_point, ring))


def written_circle(circle: Circle) -> str:
    if not 0 <= circle.radius_km <= MAX_RADIUS_KM:
        raise InputError("A circle's radius must be in kilometres and fit on the earth: draw the area again.")
    return f"{_written_point(circle.centre)} {_written(circle.radius_km)}"


def _written_point(point: Position) -> str:
    if not (abs(point.latitude) <= 90 and abs(point.longitude) <= 180):
        raise InputError("A point of the area is not on the earth: draw the area again.")
    return f"{_written(point.latitude)},{_written(point.longitude)}"


def _written(value: float) -> str:
    """Without exponent, and without a minus before nothing."""
    text = f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def read_polygon(text: str) -> list[Position]:
    """The points as they stand, closed or not, in either direction; raises InputError."""
    return [_point(pair) for pair in text.split()]


def read_circle(text: str) -> Circle:
    parts = text.split()
    if len(parts) != 2:
        raise InputError(f"{text[:60]!r} is no circle: write it as latitude,longitude radius in kilometres")
    radius = _number(parts[1])
    if not 0 <= radius <= MAX_RADIUS_KM:
        raise InputError(f"{parts[1][:20]!r} is no radius in kilometres")
    return Circle(centre=_point(parts[0]), radius_km=radius)


def _point(pair: str) -> Position:
    parts = pair.split(",")
    if len(parts) != 2:
        raise InputError(f"{pair[:60]!r} is no point: write it as latitude,longitude")
    latitude, longitude = _number(parts[0]), _number(parts[1])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise InputError(f"{pair[:60]!r} is not on the earth: CAP writes the latitude first")
    return Position(latitude=latitude, longitude=longitude)


def _number(text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else float("nan")
    if not isfinite(value):
        raise InputError(f"{text[:20]!r} is no number")
    return value
