"""Owns the audit's pages: who looked at or changed what, searched, and whether the chain is whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from bot.console.account import ROLES
from bot.console.guard import require
from bot.console.render import LOOK, page
from bot.console.visit import reader, see_other, words
from bot.console.words import N_
from bot.domain.staff import Role
from bot.services.access import AUDIT, Deed, Matter
from bot.services.audit import AuditDesk
from bot.services.staff import StaffDesk

PAGE = 100
DEEDS = {
    Deed.READ: N_("looked at"),
    Deed.ANSWER: N_("spoke in"),
    Deed.CHANGE: N_("changed"),
    Deed.EXPORT: N_("took away"),
    Deed.ERASE: N_("erased"),
    Deed.APPROVE: N_("approved"),
}
MATTERS = {
    Matter.CASE: N_("a case"),
    Matter.CONVERSATION: N_("a conversation"),
    Matter.DOCUMENT: N_("a document"),
    Matter.PLACE: N_("a place"),
    Matter.ROSTER: N_("a list of people"),
    Matter.BROADCAST: N_("a broadcast"),
    Matter.STAFF: N_("an account"),
    Matter.AUDIT: N_("the audit"),
    Matter.REPORT: N_("a report"),
    Matter.SETTINGS: N_("the settings"),
    Matter.TRAINING: N_("training data"),
}


class Sought(BaseModel):
    """What is looked for."""

    subject: str = Field("", max_length=128)
    reader: str = Field("", max_length=64)
    matter: Matter | None = None
    since: date | None = None
    until: date | None = None
    before: int | None = Field(None, ge=1, le=2**62)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPages:
    desk: AuditDesk
    staff: StaffDesk

    async def index(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, AUDIT)
        sought, zone = _sought(request), request.app[LOOK].zone
        async with self.desk.store.look() as unit:
            entries = await unit.audit.search(
                subject=sought.subject.strip(),
                reader=sought.reader,
                matter=sought.matter.value if sought.matter else "",
                since=datetime.combine(sought.since, time(), zone) if sought.since else None,
                until=datetime.combine(sought.until + timedelta(days=1), time(), zone) if sought.until else None,
                before=sought.before,
                limit=PAGE + 1,
            )
        if not sought.before:  # one look is one entry, however many pages are turned
            await self.desk.note(reader(request), Deed.READ, Matter.AUDIT, "search", detail=_searched(sought))
        following = entries[PAGE - 1].number if len(entries) > PAGE else None
        return page(
            request,
            "audit/list.html",
            entries=entries[:PAGE],
            older=str(request.rel_url.update_query(before=following)) if following else "",
            sought=sought,
            people={one.id: one.name for one in await self.staff.all()},
            roles=ROLES,
            is_role=_is_role,
            deeds=DEEDS,
            matters=MATTERS,
        )

    async def check(self, request: web.Request) -> web.Response:
        _ = words(request)
        require(request, Deed.READ, AUDIT)
        broken, last = await self.desk.first_break(), await self.desk.last()
        if broken is not None:
            told = _("The chain is broken at entry {number}: it was changed, removed or put in.", number=broken)
            return see_other("/console/audit", told, kind="problem", request=request)
        count = last.number if last else 0
        told = _.plural("The chain is whole: {n} entry.", "The chain is whole: {n} entries.", count)
        return see_other("/console/audit", told, request=request)


def _sought(request: web.Request) -> Sought:
    """What the address asks for; what cannot be read is left out."""
    given = {name: value for name, value in request.query.items() if value.strip()}
    try:
        return Sought.model_validate(given)
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        return Sought.model_validate({name: value for name, value in given.items() if name not in wrong})


def _searched(sought: Sought) -> str:
    """The names of the fields that were searched by."""
    return " ".join(name for name, value in sought.model_dump(exclude_none=True).items() if value)


def _is_role(role: str) -> bool:
    return role in {one.value for one in ROLES} and role != Role.CONTACT


def routes(*, desk: AuditDesk, staff: StaffDesk) -> Sequence[web.RouteDef]:
    pages = AuditPages(desk=desk, staff=staff)
    return [web.get("/audit", pages.index), web.post("/audit/check", pages.check)]
