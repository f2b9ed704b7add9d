"""Owns reading a shared location: what a provider sends as degrees is a point on the earth, or refused."""

from math import isfinite

from bot.domain.errors import InputError
from bot.domain.values import Position


def position(latitude: object, longitude: object) -> Position:
    """Degrees, as numbers or as text; raises InputError for what is no point on the earth (NaN, 999)."""
    try:
        north, east = float(latitude), float(longitude)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError("latitude and longitude must be numbers") from error
    if not (isfinite(north) and isfinite(east) and abs(north) <= 90 and abs(east) <= 180):
        raise InputError("latitude and longitude must be degrees on the earth")
    return Position(latitude=north, longitude=east)
