"""Owns places (consulates, shelters, clinics, hotlines): what is told of one, and when it may be told (R5, R6)."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import NewType
from zoneinfo import ZoneInfo

from bot.domain.values import Position

PlaceId = NewType("PlaceId", str)


class PlaceKind(StrEnum):
    SHELTER = "shelter"
    ASSEMBLY_POINT = "assembly_point"
    HOSPITAL = "hospital"
    CLINIC = "clinic"
    CONSULATE = "consulate"
    LABOUR_OFFICE = "labour_office"
    HOTLINE = "hotline"
    FOOD = "food"
    LEGAL_AID = "legal_aid"
    EMERGENCY = "emergency"  # the emergency number itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Open on `weekday` (Monday is 0) from `opens` until `closes`, local time; closing earlier means past midnight."""

    weekday: int
    opens: time
    closes: time

    def holds(self, weekday: int, at: time) -> bool:
        if self.closes > self.opens:
            return weekday == self.weekday and self.opens <= at < self.closes
        return (weekday == self.weekday and at >= self.opens) or (
            weekday == (self.weekday + 1) % 7 and at < self.closes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place or a phone number that may save a life, with where we have it from and until when it is believed.

    `hours` empty and `is_always_open` false means that the hours are not known.
    """

    id: PlaceId
    kind: PlaceKind
    name: str
    phones: tuple[str, ...] = ()  # E.164, or a short code such as 190
    street: str = ""
    position: Position | None = None
    nationality: str | None = None  # whom a consulate serves, ISO 3166-1 alpha-2
    who_for: str = ""
    languages: tuple[str, ...] = ()
    hours: tuple[Opening, ...] = ()
    is_always_open: bool = False
    timezone: str = "UTC"
    is_id_needed: bool | None = None
    fee: str = ""  # empty means free; else what it costs, in words
    source: str = ""
    checked_on: date
    expires_on: date
    blocked_at: datetime | None = None

    def may_be_told(self, today: date) -> bool:
        """R5: neither blocked nor past its expiry, and with a source."""
        return self.blocked_at is None and bool(self.source) and self.checked_on <= today <= self.expires_on

    def is_open(self, now: datetime) -> bool | None:
        """Whether it is open at the aware time `now`; None when the hours are not known."""
        if self.is_always_open:
            return True
        if not self.hours:
            return None
        local = now.astimezone(ZoneInfo(self.timezone))
        return any(opening.holds(local.weekday(), local.time()) for opening in self.hours)
