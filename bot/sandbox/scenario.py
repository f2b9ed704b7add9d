"""Owns the demo scenario, a flood in southern Brazil with fictional places: loads it into a store, always fresh."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.domain.contact import Address, Contact, Permission, Reach, Scheme
from bot.domain.employer import Employer, EmployerId, Sector, Site, SiteId
from bot.domain.errors import ConfigurationError
from bot.domain.place import Place
from bot.domain.staff import Role
from bot.domain.values import Position
from bot.sandbox.badges import Badge
from bot.sandbox.crew import Member
from bot.services import roster_rows
from bot.services.place_rows import COLUMNS, changes, read_places
from bot.services.ports import Store
from bot.services.roster import RosterDesk
from bot.services.staff import StaffDesk, new_totp_secret

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
    first = rows[0]
    employer = Employer(id=EmployerId(first["employer_id"]), name=first["employer"], sector=Sector(first["sector"]))
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


# --- the company's people ---------------------------------------------------------------------------------------------


async def enlist(desk: RosterDesk, members: Sequence[Member], now: datetime) -> int:
    """Put the crew on the company's list, once: what somebody changes there stays. Returns how many are on it.

    Whoever has written before is known on that channel from now on, and within WhatsApp's window.
    """
    employer, _ = read_sites()
    phones = [Address(scheme=Scheme.TEL, path=member.phone) for member in members]
    async with desk.store.transaction() as unit:
        is_new = not await unit.roster.owners(phones)
    if is_new:
        sheet = await desk.read(employer.id, _roster())
        if sheet.problems:
            raise ConfigurationError([f"{FOLDER / 'crew.csv'}: {problem}" for problem in sheet.problems])
        await desk.carry_out(employer.id, sheet)
    async with desk.store.transaction() as unit:
        for member, phone in zip(members, phones, strict=True):
            contact = await unit.contacts.find(phone)
            if contact is not None and member.has_written:
                await unit.contacts.save(_known(contact, member, now))
        return len(await unit.roster.people(employer.id))


def _roster() -> Iterable[tuple[int, Sequence[str]]]:
    yield 1, roster_rows.COLUMNS
    for number, row in _rows("crew.csv"):
        yield number, [row[name] for name in roster_rows.COLUMNS]


def _known(contact: Contact, member: Member, now: datetime) -> Contact:
    """The contact as if heard just now on the member's channel; a STOP that was said there stays."""
    address = Address(scheme=Scheme(member.channel), path=member.number)
    before = contact.reach(address) or Reach(address=address)
    has_spoken = before.permission is not Permission.NONE
    reach = replace(before, permission=before.permission if has_spoken else Permission.WROTE, last_heard_at=now)
    others = tuple(other for other in contact.reaches if other.address != address)
    return replace(contact, reaches=(reach, *others), met_at=contact.met_at or now)


async def hire(desk: StaffDesk, store: Store) -> list[Badge]:
    """Make the demo's accounts, once, each with a second factor of chance; returns their badges."""
    badges = []
    for _, row in _rows("staff.csv"):
        async with store.transaction() as unit:
            account = await unit.staff.hold(row["login"])
        account = account or await desk.add(
            login=row["login"],
            name=row["name"],
            role=Role(row["role"]),
            password=row["password"],
            employer=EmployerId(row["employer_id"]) if row["employer_id"] else None,
            languages=tuple(row["languages"].split()),
            totp_secret=new_totp_secret(),
        )
        badges.append(
            Badge(
                login=account.login,
                name=account.name,
                role=account.role.value,
                password=row["password"],
                totp_secret=account.totp_secret,
            )
        )
    return badges


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
