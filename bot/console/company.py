"""Owns whose company a page is about: the reader's own, or for those who belong to none the one that they chose."""

from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from bot.console.guard import require
from bot.console.render import page
from bot.console.visit import reader
from bot.domain.employer import Employer, EmployerId
from bot.services.access import Deed, of_roster
from bot.services.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The employer of a page, and how its links keep to it."""

    employer: Employer
    is_chosen: bool  # by somebody who belongs to no employer

    def url(self, path: str, **query: object) -> str:
        """The console's path with what it asks for; empty values are left out."""
        asked = {name: value for name, value in query.items() if value not in (None, "", 0)}
        if self.is_chosen:
            asked["employer"] = self.employer.id
        return f"/console{path}" + (f"?{urlencode(asked)}" if asked else "")


async def company_of(request: web.Request, store: Store, deed: Deed = Deed.READ) -> Company:
    """Raises 404 for an employer that is not there or not the reader's, 403 for what may be read but not done."""
    who = reader(request)
    wanted = who.employer or EmployerId(request.query.get("employer", ""))
    require(request, deed, of_roster(wanted))
    async with store.transaction() as unit:
        employer = await unit.sites.employer(wanted)
    if employer is None:
        raise web.HTTPNotFound
    return Company(employer=employer, is_chosen=who.employer is None)


async def choice(request: web.Request, store: Store) -> web.Response | None:
    """The page on which somebody who belongs to no employer chooses one; None where there is nothing to choose."""
    who = reader(request)
    if who.employer is not None or request.query.get("employer"):
        return None
    require(request, Deed.READ, of_roster(None))
    async with store.transaction() as unit:
        employers = await unit.sites.employers()
    return page(request, "sites/companies.html", employers=employers, path=request.path)
