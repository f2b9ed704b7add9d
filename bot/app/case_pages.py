"""Owns the composition of the pages of cases and of what is printed from them."""

from aiohttp import web

from bot.app.desks import Desks, flows
from bot.app.outside import Outside
from bot.console import cases
from bot.console.case_words import FactWords
from bot.services.casework import CaseWork
from bot.services.desk import Desk


def case_pages(outside: Outside, desks: Desks, operators: Desk) -> list[web.RouteDef]:
    """Everything under /console/cases."""
    store, clock = outside.store, desks.clock
    work = CaseWork(store=store, clock=clock, ids=desks.ids, desk=operators, targets=desks.cases.targets)
    facts = FactWords.of(flows(outside.settings).values())
    return [*cases.routes(work=work, clock=clock, facts=facts)]
