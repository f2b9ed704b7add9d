"""Owns the page of missing persons: who is missed, who they may be and why, and what each side has agreed to (R4)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.case_words import CONSENT_STATES, country
from bot.console.forms import Form, blank, read_form
from bot.console.render import page
from bot.console.visit import reader, see_other, words
from bot.console.words import N_
from bot.domain.contact import ContactId
from bot.domain.errors import Conflict, Denied, InputError
from bot.services.access import Reader
from bot.services.missing import MissingDesk

ASKED, RECORDED = N_("Asked."), N_("Saved.")
TOLD = N_("Noted. Tell each of them now, in their own conversation.")


class FoundForm(BaseModel):
    number: str = Field(max_length=40)
    found_name: str = Field(max_length=120)
    found_where: str = Field("", max_length=300)


class SideForm(BaseModel):
    number: str = Field(max_length=40)
    side: str = Field(max_length=64)
    note: str = Field("", max_length=1000)


Deed = Callable[[Reader, Any], Awaitable[str]]  # says what was done


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPages:
    desk: MissingDesk

    async def index(self, request: web.Request) -> web.Response:
        return await self._page(request, blank())

    def taking(self, model: type[BaseModel], deed: Deed) -> Callable[[web.Request], Awaitable[web.Response]]:
        """What takes one of the page's forms."""

        async def take(request: web.Request) -> web.Response:
            _, form, status = words(request), await read_form(request, model), 422
            try:
                if form.model is not None:
                    told = await deed(reader(request), form.model)
                    return see_other("/console/missing", _(told), request=request)
            except Denied as error:
                raise web.HTTPNotFound from error
            except InputError as error:
                form = form.failed(_.of(error))
            except Conflict as error:
                form, status = form.failed(_.of(error)), 409
            return await self._page(request, form, status=status)

        return take

    async def found(self, who: Reader, form: FoundForm) -> str:
        await self.desk.report_found(who, form.number, form.found_name, form.found_where)
        return RECORDED

    async def ask(self, who: Reader, form: SideForm) -> str:
        await self.desk.ask(who, form.number, ContactId(form.side))
        return ASKED

    async def record(self, who: Reader, form: SideForm) -> str:
        await self.desk.record(who, form.number, ContactId(form.side), form.note)
        return RECORDED

    async def tell(self, who: Reader, form: SideForm) -> str:
        await self.desk.tell(who, form.number, ContactId(form.side))
        return TOLD

    async def _page(self, request: web.Request, form: Form[Any], status: int = 200) -> web.Response:
        _ = words(request)
        try:
            missed = await self.desk.list(reader(request))
        except Denied as error:
            raise web.HTTPNotFound from error
        return page(
            request,
            "cases/missing.html",
            status=status,
            missed=missed,
            form=form,
            consent_states=CONSENT_STATES,
            country=lambda code: country(code, _),
        )


def routes(*, desk: MissingDesk) -> Sequence[web.RouteDef]:
    pages = MissingPages(desk=desk)
    return [
        web.get("/missing", pages.index),
        web.post("/missing/found", pages.taking(FoundForm, pages.found)),
        web.post("/missing/ask", pages.taking(SideForm, pages.ask)),
        web.post("/missing/record", pages.taking(SideForm, pages.record)),
        web.post("/missing/tell", pages.taking(SideForm, pages.tell)),
    ]
