"""Owns employers and their sites (workplaces and the housing that goes with them)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from bot.domain.values import Position

EmployerId = NewType("EmployerId", str)
SiteId = NewType("SiteId", str)


class Sector(StrEnum):
    """What a company does: the sections of the UN's International Standard Industrial Classification (ISIC Rev. 4)."""

    AGRICULTURE = "A"
    MINING = "B"
    MANUFACTURING = "C"
    ENERGY = "D"
    WATER = "E"
    CONSTRUCTION = "F"
    TRADE = "G"
    TRANSPORT = "H"
    HOSPITALITY = "I"
    INFORMATION = "J"
    FINANCE = "K"
    REAL_ESTATE = "L"
    PROFESSIONAL = "M"
    SUPPORT = "N"
    PUBLIC = "O"
    EDUCATION = "P"
    HEALTH = "Q"
    ARTS = "R"
    OTHER = "S"
    HOUSEHOLDS = "T"
    EXTRATERRITORIAL = "U"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """Somebody of the company who answers day and night when its plan is needed; the phone is E.164."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Employer:
    """A company whose people Muster can reach."""

    id: EmployerId
    name: str
    on_call: tuple[OnCall, ...] = ()
    sector: Sector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place of work: its code lets a worker name it, its assembly point is where to gather."""

    id: SiteId
    employer: EmployerId
    name: str
    code: str
    position: Position
    assembly_point: str = ""
    timezone: str = "UTC"
    languages: tuple[str, ...] = ()  # of its poster and its plan
    contact_phone: str = ""  # answered at the site, E.164
