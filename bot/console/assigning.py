"""Owns the page on which who leads gives a conversation that nobody has to somebody who is here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.conversation import GIVEN
from bot.console.desk_words import SHAPES, SOMEBODY, TOPICS, URGENCIES, name_of
from bot.console.forms import Form, blank, read_form
from bot.console.queue import TAKEN
from bot.console.render import page
from bot.console.visit import reader, see_other, words
from bot.console.words import Words
from bot.domain.case import Case
from bot.domain.contact import ContactId
from bot.domain.errors import Denied, InputError
from bot.domain.staff import StaffId
from bot.services.access import Deed, Matter, Subject, may, of_conversation
from bot.services.assigning import MOST, Choice
from bot.services.desk import Desk, View
from bot.services.duty import DutyDesk

QUEUE = "/console/desk"


class AssignForm(BaseModel):
    to: str = Field(max_length=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssigningPages:
    desk: Desk
    duty: DutyDesk

    async def show(self, request: web.Request) -> web.Response:
        view = await self._view(request)
        return self._taken(request, view) if view.claim else await self._page(request, view, blank())

    async def assign(self, request: web.Request) -> web.Response:
        _, view = words(request), await self._view(request)
        form = await read_form(request, AssignForm)
        if form.model is not None:
            to = StaffId(form.model.to)
            try:
                is_given = await self.duty.assign(reader(request), view.contact.id, to)
            except Denied as error:
                raise web.HTTPNotFound from error
            except InputError as error:
                form = form.failed(_.of(error), "to")
            else:
                if not is_given:
                    return self._taken(request, await self._view(request))
                return see_other(QUEUE, _(GIVEN, name=name_of(to, view.names, _)), request=request)
        return await self._page(request, view, form, status=422)

    async def _view(self, request: web.Request) -> View:
        """Of the conversation only how it stands: what was said in it is not shown here, so nothing is entered."""
        who = reader(request)
        if not may(who, Deed.ANSWER, Subject(matter=Matter.CONVERSATION)):
            raise web.HTTPNotFound
        if not who.role.leads:
            raise web.HTTPForbidden
        try:
            return await self.desk.look_again(who, ContactId(request.match_info["contact"]), history=1)
        except Denied as error:
            raise web.HTTPNotFound from error

    async def _page(
        self, request: web.Request, view: View, form: Form[AssignForm], *, status: int = 200
    ) -> web.Response:
        _, contact = words(request), view.contact
        subject = of_conversation(contact.id, view.cases)
        choices = await self.duty.choices(reader(request), subject, contact.language)
        return page(
            request,
            "desk/assign.html",
            status=status,
            form=form,
            contact=contact,
            cases=[_case(one, _) for one in view.cases if one.status.is_open],
            language=_.tongue(contact.language) if contact.language else _("not known"),
            people=[_person(one, _) for one in choices],
        )

    def _taken(self, request: web.Request, view: View) -> web.Response:
        """Somebody was faster: the conversation says who, and there it can be given on."""
        _ = words(request)
        name = name_of(view.claim.staff, view.names, _) if view.claim else _(SOMEBODY)
        return see_other(f"{QUEUE}/{view.contact.id}", _(TAKEN, name=name), kind="problem", request=request)


def _case(case: Case, _: Words) -> dict[str, str]:
    return {
        "number": case.number,
        "shape": SHAPES[case.urgency],
        "urgency": _(URGENCIES[case.urgency]),
        "topic": _(TOPICS[case.topic]),
    }


def _person(choice: Choice, _: Words) -> dict[str, Any]:
    """One who could be given it, as a line: who, what they have in hand, what they read."""
    languages = ", ".join(_.tongue(code) for code in choice.staff.languages)
    return {
        "id": choice.staff.id,
        "name": choice.staff.name,
        "load": _.plural("{n} conversation in hand", "{n} conversations in hand", choice.load),
        "languages": languages or _("languages not entered"),
        "reads": choice.reads,
        "is_full": choice.load >= MOST,
    }


def routes(*, desk: Desk, duty: DutyDesk) -> Sequence[web.RouteDef]:
    pages = AssigningPages(desk=desk, duty=duty)
    return [
        web.get("/desk/{contact}/assign", pages.show),
        web.post("/desk/{contact}/assign", pages.assign),
    ]
