"""Owns what an operator lets the bot ask: the questions of a flow, in the worker's language, answered into the case."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.forms import read_form
from bot.console.visit import reader, see_other, words
from bot.console.words import N_, Words
from bot.domain.contact import ContactId
from bot.domain.errors import Conflict, Denied, InputError
from bot.engine.flow import Ask, Flow
from bot.services.desk import Desk

ASKED = N_("The bot asks now. You keep the conversation; the answers come to the case.")
CHOOSE = N_("Choose what is to be asked.")
OF_NO_USE = frozenset({"talk_to_human", "case_status"})  # the contact speaks with a person already


class AskForm(BaseModel):
    flow: str = Field("", max_length=64)


def questions(flows: Iterable[Flow], _: Words) -> list[tuple[str, str]]:
    """The flows by which a contact is asked something in their own words, each by its title, in the reader's order."""
    asking = [flow for flow in flows if flow.triggers.intents and any(isinstance(step, Ask) for step in flow.steps)]
    named = [(one.name, title(one, _)) for one in asking if one.name not in OF_NO_USE]
    return sorted(named, key=lambda one: one[1].casefold())


def title(flow: Flow, _: Words) -> str:
    """What the flow is called where one is offered to begin it."""
    return _.catalogs.text(flow.title, _.language)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingPages:
    desk: Desk

    async def ask(self, request: web.Request) -> web.Response:
        _, contact = words(request), ContactId(request.match_info["contact"])
        path, form = f"/console/desk/{contact}", await read_form(request, AskForm)
        offered = dict(questions(self.desk.conversation.house.flows.values(), _))
        try:
            await self.desk.look_again(reader(request), contact, history=1)
            if form.model is None or form.model.flow not in offered:
                return see_other(path, _(CHOOSE), kind="problem", request=request)
            await self.desk.ask(reader(request), contact, form.model.flow)
        except Denied as error:
            raise web.HTTPNotFound from error
        except (Conflict, InputError) as error:
            return see_other(path, _.of(error), kind="problem", request=request)
        return see_other(f"{path}#composer", _(ASKED), request=request)


def routes(*, desk: Desk) -> Sequence[web.RouteDef]:
    return [web.post("/desk/{contact}/ask", AskingPages(desk=desk).ask)]
