"""Owns the administrator's pages of accounts: who may sign in, as what, for whom; and of employers."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.account import ROLES
from bot.console.forms import Form, blank, read_form
from bot.console.guard import require
from bot.console.render import page
from bot.console.sector_words import SECTORS
from bot.console.visit import reader, see_other, words
from bot.console.words import N_
from bot.domain.employer import Employer, EmployerId, Sector
from bot.domain.errors import InputError
from bot.domain.staff import STAFF_ROLES, Role, Staff, StaffId
from bot.services import audit
from bot.services.access import STAFF, Deed, Matter
from bot.services.ports import Clock, Ids, Store
from bot.services.staff import StaffDesk

PASSWORD_BYTES = 12  # 96 random bits, 16 characters: told once, to be changed at the first sign-in
DONE = {
    "disable": N_("{name} cannot sign in any more and is signed out everywhere."),
    "enable": N_("{name} may sign in again."),
    "leave": N_("{name} is signed out everywhere."),
}


class AccountForm(BaseModel):
    """Somebody of the staff, as it is typed."""

    name: str = Field(max_length=120)
    role: Role
    employer: str = Field("", max_length=64)
    languages: tuple[str, ...] = ()


class NewAccountForm(AccountForm):
    login: str = Field(max_length=254)


class EmployerForm(BaseModel):
    """An employer. Its sector is the organisation's to say: it decides with whom its people's wages are counted."""

    name: str = Field(max_length=120)
    sector: Sector | Literal[""] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffPages:
    desk: StaffDesk
    store: Store
    clock: Clock
    ids: Ids
    languages: Sequence[tuple[str, str]]  # of contacts: code and own name

    async def index(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, STAFF)
        return page(
            request, "staff/list.html", people=await self.desk.all(), roles=ROLES, employers=await self._named()
        )

    async def new(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, STAFF)
        return await self._edit(request, blank(languages=[]))

    async def add(self, request: web.Request) -> web.Response:
        """The password is on this one answer and nowhere else."""
        _ = words(request)
        require(request, Deed.CHANGE, STAFF)
        form = await read_form(request, NewAccountForm)
        if form.model is None:
            return await self._edit(request, form, status=422)
        typed, password = form.model, secrets.token_urlsafe(PASSWORD_BYTES)
        try:
            staff = await self.desk.add(
                login=typed.login,
                name=typed.name,
                role=typed.role,
                password=password,
                employer=EmployerId(typed.employer) if typed.employer else None,
                languages=typed.languages,
                by=reader(request),
            )
        except InputError as error:
            return await self._edit(request, form.failed(_.of(error)), status=422)
        return page(request, "staff/told.html", one=staff, password=password)

    async def show(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, STAFF)
        one = await self._one(request)
        values = {
            "name": one.name, "role": one.role.value, "employer": one.employer or "", "languages": list(one.languages),
        }  # fmt: skip
        return await self._edit(request, blank(**values), one)

    async def save(self, request: web.Request) -> web.Response:
        _ = words(request)
        require(request, Deed.CHANGE, STAFF)
        one, form = await self._one(request), await read_form(request, AccountForm)
        if form.model is None:
            return await self._edit(request, form, one, status=422)
        typed = form.model
        try:
            await self.desk.change(
                one.id,
                name=typed.name,
                role=typed.role,
                employer=EmployerId(typed.employer) if typed.employer else None,
                languages=typed.languages,
                by=reader(request),
            )
        except InputError as error:
            return await self._edit(request, form.failed(_.of(error)), one, status=422)
        return see_other(f"/console/staff/{one.id}", _("Saved."), request=request)

    async def renew(self, request: web.Request) -> web.Response:
        """For a forgotten password or a lost phone: a new password, told once, and a second factor to enrol."""
        require(request, Deed.CHANGE, STAFF)
        one, password = await self._one(request), secrets.token_urlsafe(PASSWORD_BYTES)
        await self.desk.renew(one.login, password, by=reader(request))
        return page(request, "staff/told.html", one=one, password=password)

    async def turn(self, request: web.Request) -> web.Response:
        """Disable, enable, or sign out everywhere."""
        _ = words(request)
        require(request, Deed.CHANGE, STAFF)
        one, what = await self._one(request), request.match_info["what"]
        try:
            if what == "disable":
                await self.desk.disable(one.login, by=reader(request))
            elif what == "enable":
                await self.desk.enable(one.login, by=reader(request))
            else:
                await self.desk.sign_out_everywhere(one.id, by=reader(request))
        except InputError as error:
            return see_other(f"/console/staff/{one.id}", _.of(error), kind="problem", request=request)
        return see_other(f"/console/staff/{one.id}", _(DONE[what], name=one.name), request=request)

    async def employers(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, STAFF)
        return await self._employers(request, blank())

    async def add_employer(self, request: web.Request) -> web.Response:
        return await self._save_employer(request, Employer(id=EmployerId(self.ids.new()), name=""))

    async def change_employer(self, request: web.Request) -> web.Response:
        async with self.store.look() as unit:
            known = await unit.sites.employer(EmployerId(request.match_info["employer"]))
        if known is None:
            raise web.HTTPNotFound
        return await self._save_employer(request, known)

    # ------------------------------------------------------------------------------------------------------------------

    async def _save_employer(self, request: web.Request, employer: Employer) -> web.Response:
        _ = words(request)
        require(request, Deed.CHANGE, STAFF)
        form = await read_form(request, EmployerForm)
        if form.model is None:
            return await self._employers(request, form, status=422)
        async with self.store.transaction() as unit:
            changed = replace(employer, name=form.model.name.strip(), sector=form.model.sector or None)
            await unit.sites.put(changed, [])
            now = self.clock.now()
            await audit.record(unit, reader(request), Deed.CHANGE, Matter.STAFF, employer.id, at=now, detail="employer")
        return see_other("/console/staff/employers", _("Saved."), request=request)

    async def _employers(self, request: web.Request, form: Form[EmployerForm], *, status: int = 200) -> web.Response:
        _ = words(request)
        async with self.store.look() as unit:
            employers = await unit.sites.employers()
        sectors = [("", _("Sector not known")), *((one.value, _(label)) for one, label in SECTORS.items())]
        return page(request, "staff/employers.html", status=status, form=form, employers=employers, sectors=sectors)

    async def _one(self, request: web.Request) -> Staff:
        async with self.store.look() as unit:
            known = await unit.staff.get(StaffId(request.match_info["staff"]))
        if known is None:
            raise web.HTTPNotFound
        return known

    async def _named(self) -> dict[EmployerId, str]:
        async with self.store.look() as unit:
            return {employer.id: employer.name for employer in await unit.sites.employers()}

    async def _edit(
        self, request: web.Request, form: Form[Any], one: Staff | None = None, *, status: int = 200
    ) -> web.Response:
        _ = words(request)
        return page(
            request,
            "staff/edit.html",
            status=status,
            one=one,
            form=form,
            roles=[(role.value, _(ROLES[role])) for role in STAFF_ROLES],
            employers=[("", _("None: works for the organisation")), *(await self._named()).items()],
            offered=self.languages,
        )


def routes(
    *, desk: StaffDesk, store: Store, clock: Clock, ids: Ids, languages: Sequence[tuple[str, str]]
) -> Sequence[web.RouteDef]:
    pages = StaffPages(desk=desk, store=store, clock=clock, ids=ids, languages=languages)
    return [
        web.get("/staff", pages.index),
        web.get("/staff/new", pages.new),
        web.post("/staff/new", pages.add),
        web.get("/staff/employers", pages.employers),
        web.post("/staff/employers", pages.add_employer),
        web.post("/staff/employers/{employer}", pages.change_employer),
        web.get("/staff/{staff}", pages.show),
        web.post("/staff/{staff}", pages.save),
        web.post("/staff/{staff}/renew", pages.renew),
        web.post("/staff/{staff}/{what:disable|enable|leave}", pages.turn),
    ]
