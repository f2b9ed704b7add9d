"""Owns the console's first page: what there is to do next."""

from aiohttp import web

from bot.console.render import page


async def show(request: web.Request) -> web.Response:
    return page(request, "home/home.html")


async def still_here(_: web.Request) -> web.Response:
    """Somebody is typing: asked now and then so that a long text is not lost to the end of an idle session."""
    return web.Response(status=204)


def routes() -> list[web.RouteDef]:
    return [web.get("/", show), web.get("/still-here", still_here)]
