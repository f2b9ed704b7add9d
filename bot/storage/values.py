"""Owns how the domain's values are written down: JSON in which each kind that JSON lacks carries its name."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.domain.values import Evidence, Money, Period, Position, Value

KIND = "is"  # the key that names a value's kind

_READERS: Mapping[str, Callable[[Mapping[str, Any]], Value]] = {
    "decimal": lambda v: Decimal(v["value"]),
    "date": lambda v: date.fromisoformat(v["value"]),
    "money": lambda v: Money(value=Decimal(v["value"]), currency=v["currency"]),
    "period": lambda v: Period(count=v["count"], unit=v["unit"]),
    "position": lambda v: Position(latitude=v["latitude"], longitude=v["longitude"]),
    "evidence": lambda v: Evidence(document_id=v["document_id"], kind=v["kind"]),
}


def written(value: Value) -> Any:
    """The value as JSON can hold it; raises TypeError for what is no Value."""
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return {KIND: "decimal", "value": str(value)}
        case datetime():
            raise TypeError("a Value is a date; times are kept in columns of their own")
        case date():
            return {KIND: "date", "value": value.isoformat()}
        case Money():
            return {KIND: "money", "value": str(value.value), "currency": value.currency}
        case Period():
            return {KIND: "period", "count": value.count, "unit": value.unit}
        case Position():
            return {KIND: "position", "latitude": value.latitude, "longitude": value.longitude}
        case Evidence():
            return {KIND: "evidence", "document_id": value.document_id, "kind": value.kind}
    raise TypeError(f"{type(value).__name__} is no Value")


def read(value: Any) -> Value:
    """The value that `written` wrote down."""
    if isinstance(value, dict):
        return _READERS[value[KIND]](value)
    return value  # type: ignore[no-any-return]


def written_all(values: Mapping[str, Value]) -> dict[str, Any]:
    """Named values, such as a session's answers, as JSON can hold them."""
    return {name: written(value) for name, value in values.items()}


def read_all(values: Mapping[str, Any]) -> dict[str, Value]:
    """The named values that `written_all` wrote down."""
    return {name: read(value) for name, value in values.items()}


def to_bytes(document: Any) -> bytes:
    """A JSON document as bytes. Half a surrogate pair, which phones do send, survives."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def from_bytes(data: bytes) -> Any:
    """The JSON document that `to_bytes` made bytes of."""
    return json.loads(data.decode("utf-8", "surrogatepass"))
