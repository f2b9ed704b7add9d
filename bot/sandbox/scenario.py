"""Owns the demo scenario, a flood in southern Brazil with fictional places: loads it into a store, always fresh."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.domain.errors import ConfigurationError
from bot.domain.place import Place
from bot.domain.values import Position
from bot.services.place_rows import COLUMNS, changes, read_places
from bot.services.ports import Store

FOLDER = Path(__file__).with_suffix("")
TIMEZONE, REGION = "America/Sao_Paulo", "BR"

_DAY = re.compile(r"today(?:([+-])(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """How much of the scenario is in the store now; `told` counts the places that workers are told of."""

    sites: int
    places: int
    told: int


async def load(store: Store, now: datetime) -> Loaded:
    """Put the scenario into the store; loading it again renews its days, and what somebody blocked stays blocked."""
    today = now.astimezone(ZoneInfo(TIMEZONE)).date()
    employer, sites = read_sites()
    places = demo_places(now)
    async with store.transaction() as unit:
        await unit.sites.put(employer, sites)
        found = changes(await unit.places.all(), places)
        await unit.places.put([change.place for change in found])
        stored = await unit.places.all()
    ours = {place.id for place in places}
    told = sum(place.id in ours and place.may_be_told(today) for place in stored)
    return Loaded(sites=len(sites), places=len(places), told=told)


def demo_places(now: datetime) -> list[Place]:
    """The scenario's places with days counted from today; raises ConfigurationError when its file is broken."""
    today = now.astimezone(ZoneInfo(TIMEZONE)).date()
    rows = _rows("places.csv")
    table = [(1, COLUMNS), *((number, [_cell(row[name], today) for name in COLUMNS]) for number, row in rows)]
    sheet = read_places(table, today=today, timezone=TIMEZONE, region=REGION)
    if sheet.problems:
        raise ConfigurationError([f"{FOLDER / 'places.csv'}: {problem}" for problem in sheet.problems])
    blocked = {row["id"] for _, row in rows if row["blocked"]}
    return [replace(place, blocked_at=now) if place.id in blocked else place for place in sheet.places]


def read_sites() -> tuple[Employer, list[Site]]:
    """The fictional company and its sites."""
    rows = [row for _, row in _rows("sites.csv")]
    employer = Employer(id=EmployerId(rows[0]["employer_id"]), name=rows[0]["employer"])
    return employer, [
        Site(
            id=SiteId(row["id"]),
            employer=employer.id,
            name=row["name"],
            code=row["code"],
            position=Position(latitude=float(row["latitude"]), longitude=float(row["longitude"])),
            assembly_point=row["assembly_point"],
            timezone=TIMEZONE,
        )
        for row in rows
    ]


def _rows(name: str) -> list[tuple[int, Mapping[str, str]]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(enumerate(csv.DictReader(file), start=2))


def _cell(text: str, today: date) -> str:
    """A cell with "today+30" as that day."""
    match = _DAY.fullmatch(text)
    if match is None:
        return text
    days = timedelta(days=int(match[2] or 0))
    return (today - days if match[1] == "-" else today + days).isoformat()
