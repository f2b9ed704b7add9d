"""Owns the way around the console: which pages each role is offered."""

from dataclasses import dataclass

from bot.console.words import N_, Words
from bot.domain.staff import Role
from bot.services.access import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One entry of the navigation; `is_here` when the page shown lies there."""

    path: str
    name: str
    is_here: bool


_EMPLOYERS = (
    ("/console/alerts", N_("Alerts")),
    ("/console/board", N_("Board")),
    ("/console/people", N_("People")),
    ("/console/sites", N_("Sites")),
    ("/console/preparedness", N_("Preparedness")),
    ("/console/reports", N_("Reports")),
)
_BY_ROLE = {Role.AUTHOR: _EMPLOYERS, Role.APPROVER: _EMPLOYERS, Role.ADMINISTRATOR: _EMPLOYERS}


def places_for(reader: Reader, words: Words, path: str) -> tuple[Place, ...]:
    """What this reader's role is offered. What lies behind an entry is for `services/access` to allow."""
    return tuple(
        Place(path=to, name=words(name), is_here=path == to or path.startswith(f"{to}/"))
        for to, name in _BY_ROLE.get(reader.role, ())
    )
