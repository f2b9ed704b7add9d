"""Owns employers and their sites (workplaces and the housing that goes with them)."""

from dataclasses import dataclass
from typing import NewType

from bot.domain.values import Position

EmployerId = NewType("EmployerId", str)
SiteId = NewType("SiteId", str)


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
