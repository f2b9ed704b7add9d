"""Owns "my account": who I am here, my password, and signing out everywhere."""

from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel

from bot.console import visit as visits
from bot.console.forms import Form, blank, read_form
from bot.console.render import page
from bot.console.visit import SIGN_IN, reader, see_other, signed_in, visit, words
from bot.console.words import N_
from bot.domain.errors import InputError
from bot.domain.staff import Role
from bot.services.staff import StaffDesk

ROLES = {
    Role.AUTHOR: N_("Author: writes alerts"),
    Role.APPROVER: N_("Approver: checks and sends alerts"),
    Role.OPERATOR: N_("Operator"),
    Role.SUPERVISOR: N_("Supervisor"),
    Role.SPECIALIST: N_("Specialist for protection cases"),
    Role.ADMINISTRATOR: N_("Administrator"),
}


class NewPassword(BaseModel):
    current: str
    new: str
    again: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    desk: StaffDesk
    is_secure: bool

    async def show(self, request: web.Request) -> web.Response:
        return self._page(request, blank())

    async def change_password(self, request: web.Request) -> web.Response:
        _ = words(request)
        form = await read_form(request, NewPassword)
        if form.model is None:
            return self._page(request, form, status=422)
        if form.model.new != form.model.again:
            return self._page(request, form.failed(_("The two new passwords differ."), "again"), status=422)
        try:
            token = await self.desk.change_password(visit(request).token, form.model.current, form.model.new)
        except InputError as error:
            return self._page(request, form.failed(_.of(error)), status=422)
        response = web.Response(status=303, headers={"Location": "/console/account?changed=1"})
        visits.give_token(response, token, is_secure=self.is_secure)
        return response

    async def leave_everywhere(self, request: web.Request) -> web.Response:
        await self.desk.sign_out_everywhere(signed_in(request).staff.id, by=reader(request))
        return see_other(SIGN_IN, request=request)

    def _page(self, request: web.Request, form: Form[NewPassword], *, status: int = 200) -> web.Response:
        _ = words(request)
        return page(
            request, "account/account.html", status=status, form=form,
            role=_(ROLES[signed_in(request).staff.role]), is_changed="changed" in request.query,
        )  # fmt: skip


def routes(*, desk: StaffDesk, is_secure: bool) -> list[web.RouteDef]:
    pages = Account(desk=desk, is_secure=is_secure)
    return [
        web.get("/account", pages.show),
        web.post("/account/password", pages.change_password),
        web.post("/account/sign-out-everywhere", pages.leave_everywhere),
    ]
