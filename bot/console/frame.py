"""Owns the console as one application: its door, its look, its own pages and those of every page family."""

from collections.abc import Iterable

from aiohttp import web

from bot.config import Settings
from bot.console import account, home, sign_in
from bot.console.assets import Assets
from bot.console.current import noticing
from bot.console.guard import Door
from bot.console.render import Look, install
from bot.i18n import Catalogs
from bot.services.ports import Clock, Store
from bot.services.staff import StaffDesk


def application(
    *,
    desk: StaffDesk,
    store: Store,
    clock: Clock,
    catalogs: Catalogs,
    settings: Settings,
    pages: Iterable[web.AbstractRouteDef] = (),
) -> web.Application:
    """The console; `pages` are the routes of the page families, with addresses after "/console"."""
    door = Door(desk=desk, catalogs=catalogs, public_url=settings.public_url)
    assets = Assets()
    made = web.Application(middlewares=[*door.middlewares, noticing(store)])
    made.on_response_prepare.append(door.carry)
    install(made, Look(organisation=settings.organisation, zone=settings.zone, assets=assets))
    made.add_routes(sign_in.routes(desk=desk, clock=clock, public_url=settings.public_url))
    made.add_routes(account.routes(desk=desk, is_secure=door.is_secure))
    made.add_routes(home.routes(store=store))
    made.add_routes(pages)
    made.router.add_get("/static/{name:.+}", assets.serve)
    return made


def mount(root: web.Application, console: web.Application) -> None:
    """Serve the console under /console."""

    async def to_first_page(_: web.Request) -> web.Response:
        return web.Response(status=308, headers={"Location": "/console/"})

    root.router.add_get("/console", to_first_page)
    root.add_subapp("/console", console)
