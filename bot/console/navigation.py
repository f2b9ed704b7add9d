"""Owns the way around the console: which pages each reader is offered."""

from dataclasses import dataclass

from bot.console.current import Current
from bot.console.words import N_, Words
from bot.services.access import Deed, Matter, Reader, Subject, may


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One entry of the navigation; `is_here` when the page shown lies there, `news` what waits there, counted."""

    path: str
    name: str
    is_here: bool
    count: int = 0
    news: str = ""


_PLACES = (
    ("/console/desk", N_("Desk"), Matter.CONVERSATION),
    ("/console/duty", N_("Duty"), Matter.CONVERSATION),
    ("/console/cases", N_("Cases"), Matter.CASE),
    ("/console/alerts", N_("Alerts"), Matter.BROADCAST),
    ("/console/board", N_("Board"), Matter.BROADCAST),
    ("/console/people", N_("People"), Matter.ROSTER),
    ("/console/sites", N_("Sites"), Matter.ROSTER),
    ("/console/preparedness", N_("Preparedness"), Matter.ROSTER),
    ("/console/reports", N_("Reports"), Matter.BROADCAST),
    ("/console/service", N_("Figures"), Matter.REPORT),
    ("/console/places", N_("Places"), Matter.PLACE),
    ("/console/corrections", N_("Not understood"), Matter.TRAINING),
    ("/console/replies", N_("Replies"), Matter.SETTINGS),
    ("/console/settings", N_("Settings"), Matter.SETTINGS),
    ("/console/staff", N_("Staff"), Matter.STAFF),
    ("/console/audit", N_("Audit"), Matter.AUDIT),
)


def places_for(reader: Reader, words: Words, path: str, now: Current) -> tuple[Place, ...]:
    """What this reader may read at all; each page asks `services/access` again for what it shows."""
    approvals, running = len(now.to_approve), len(now.running)
    news = {
        "/console/alerts": (
            approvals, words.plural("{n} waits for your approval", "{n} wait for your approval", approvals)
        ),
        "/console/board": (running, words.plural("{n} runs now", "{n} run now", running)),
    }  # fmt: skip
    places = []
    for to, name, matter in _PLACES:
        subject = Subject(matter=matter, employer=reader.employer)
        deeds = (Deed.CHANGE,) if matter is Matter.PLACE else (Deed.READ, Deed.EXPORT)  # places are read by everybody
        if any(may(reader, deed, subject) for deed in deeds):
            count, told = news.get(to, (0, ""))
            is_here = path == to or path.startswith(f"{to}/")
            places.append(Place(path=to, name=words(name), is_here=is_here, count=count, news=told))
    return tuple(places)
