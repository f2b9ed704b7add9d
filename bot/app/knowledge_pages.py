"""Owns what the desk keeps for everybody, as served: places."""

from collections.abc import Sequence

from aiohttp import web

from bot.app.desks import Desks
from bot.app.outside import Outside
from bot.console import places
from bot.importing import read_rows
from bot.services.place_desk import PlaceDesk


def knowledge_pages(outside: Outside, desks: Desks) -> Sequence[web.RouteDef]:
    settings, store = outside.settings, outside.store
    directory = PlaceDesk(store=store, clock=desks.clock, zone=settings.zone, region=settings.region)
    return places.routes(desk=directory, read_rows=read_rows)
