"""Owns the pages of duty: coming and going, who is here, and the plan of shifts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.forms import Form, blank, read_form
from bot.console.render import is_htmx, page
from bot.console.visit import reader, see_other, words
from bot.console.words import N_
from bot.domain.duty import Shift, ShiftId
from bot.domain.errors import InputError
from bot.domain.staff import Role, StaffId
from bot.services.access import Deed, Matter, Reader, Subject, may
from bot.services.duty import DutyDesk, Planned

HOME = "/console/duty"
BACK, AHEAD = timedelta(days=1), timedelta(days=28)  # what is shown of the plan
HERE = N_("You are on duty. What you take stays with you while this console is open.")
GONE = N_("You are off duty.")
DOUBTED = N_("The clocks change in that hour: choose another time.")


class ShiftForm(BaseModel):
    """A shift as it is typed, in the deployment's own time; one that ends before it begins ends the day after."""

    staff: str = Field(max_length=64)
    day: date
    begins: time
    ends: time

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Its beginning and end in UTC; raises InputError for a time that does not exist, or exists twice."""
        until = self.day if self.ends > self.begins else self.day + timedelta(days=1)
        return _at(self.day, self.begins, zone), _at(until, self.ends, zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyPages:
    desk: DutyDesk
    zone: ZoneInfo

    async def show(self, request: web.Request) -> web.Response:
        _operator(request)
        return await self._page(request, blank(day=self._today().isoformat()))

    async def seen(self, request: web.Request) -> web.Response:
        """What every page of an operator sends each minute; answered with the part of the header that says so."""
        who = _operator(request)
        presence, offered = await self.desk.seen(who), await self.desk.offered(who)
        if not is_htmx(request):
            return see_other(HOME, request=request)
        owed = await self.desk.owed(who)
        return page(request, "duty/here.html", fragment="here", presence=presence, offered=offered, owed=owed)

    async def begin(self, request: web.Request) -> web.Response:
        _ = words(request)
        await self.desk.begin(_operator(request))
        return see_other("/console/desk", _(HERE), request=request)

    async def leave(self, request: web.Request) -> web.Response:
        _ = words(request)
        count = await self.desk.leave(_operator(request))
        told = _.plural("{n} conversation went back to the queue.", "{n} conversations went back to the queue.", count)
        return see_other(HOME, f"{_(GONE)} {told}" if count else _(GONE), request=request)

    async def plan(self, request: web.Request) -> web.Response:
        _leader(request)
        return await self._save(request, None)

    async def edit(self, request: web.Request) -> web.Response:
        _leader(request)
        planned = await self._planned(request)
        begins, ends = (at.astimezone(self.zone) for at in (planned.shift.begins_at, planned.shift.ends_at))
        form = blank(staff=planned.staff.id, day=f"{begins:%Y-%m-%d}", begins=f"{begins:%H:%M}", ends=f"{ends:%H:%M}")
        return await self._edit(request, planned.shift, form)

    async def save(self, request: web.Request) -> web.Response:
        _leader(request)
        return await self._save(request, (await self._planned(request)).shift)

    async def delete(self, request: web.Request) -> web.Response:
        _ = words(request)
        who = _leader(request)
        await self.desk.cancel(who, (await self._planned(request)).shift.id)
        return see_other(HOME, _("The shift is taken out of the plan."), request=request)

    # ------------------------------------------------------------------------------------------------------------------

    async def _save(self, request: web.Request, shift: Shift | None) -> web.Response:
        """Keep what was typed, or show what is wrong with it."""
        _ = words(request)
        form = await read_form(request, ShiftForm)
        if form.model is not None:
            try:
                begins_at, ends_at = form.model.span(self.zone)
                await self.desk.plan(
                    reader(request), StaffId(form.model.staff), begins_at, ends_at, shift.id if shift else None
                )
            except InputError as error:
                form = form.failed(_.of(error))
            else:
                return see_other(HOME, _("Saved."), request=request)
        if shift is not None:
            return await self._edit(request, shift, form, status=422)
        return await self._page(request, form, status=422)

    async def _page(self, request: web.Request, form: Form[ShiftForm], status: int = 200) -> web.Response:
        who, now, present = reader(request), self.desk.clock.now(), await self.desk.present()
        return page(
            request, "duty/duty.html", status=status, form=form, now=now, present=present,
            has_specialist=any(one.role is Role.SPECIALIST and not here.is_silent(now) for one, here in present),
            presence=await self.desk.presence(who),
            planned=await self.desk.shifts(who, now - BACK, now + AHEAD),
            operators=[(one.id, one.name) for one in await self.desk.operators()] if who.role.leads else [],
        )  # fmt: skip

    async def _edit(self, request: web.Request, shift: Shift, form: Form[ShiftForm], status: int = 200) -> web.Response:
        operators = [(one.id, one.name) for one in await self.desk.operators()]
        return page(request, "duty/shift.html", status=status, shift=shift, form=form, operators=operators)

    async def _planned(self, request: web.Request) -> Planned:
        """The shift of the address; 404 for one that is not in the plan that is shown."""
        now, sought = self.desk.clock.now(), ShiftId(request.match_info["shift"])
        planned = await self.desk.shifts(reader(request), now - BACK, now + AHEAD)
        found = next((one for one in planned if one.shift.id == sought), None)
        if found is None:
            raise web.HTTPNotFound
        return found

    def _today(self) -> date:
        return self.desk.clock.now().astimezone(self.zone).date()


def _operator(request: web.Request) -> Reader:
    """Who asks, if they speak with contacts at all; for others there is no duty."""
    who = reader(request)
    if not may(who, Deed.ANSWER, Subject(matter=Matter.CONVERSATION)):
        raise web.HTTPNotFound
    return who


def _leader(request: web.Request) -> Reader:
    who = _operator(request)
    if not who.role.leads:
        raise web.HTTPForbidden
    return who


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    earlier, later = (datetime.combine(day, clock.replace(fold=fold, tzinfo=zone)) for fold in (0, 1))
    if earlier.utcoffset() != later.utcoffset():
        raise InputError(DOUBTED)
    return earlier.astimezone(UTC)


def routes(*, desk: DutyDesk, zone: ZoneInfo) -> Sequence[web.RouteDef]:
    pages = DutyPages(desk=desk, zone=zone)
    return [
        web.get("/duty", pages.show),
        web.post("/duty/seen", pages.seen),
        web.post("/duty/begin", pages.begin),
        web.post("/duty/leave", pages.leave),
        web.post("/duty/shifts", pages.plan),
        web.get("/duty/shifts/{shift}", pages.edit),
        web.post("/duty/shifts/{shift}", pages.save),
        web.post("/duty/shifts/{shift}/delete", pages.delete),
    ]
