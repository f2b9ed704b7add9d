"""Owns the console's first page: what waits for the reader, what runs now, and what there is to do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console import alert_words
from bot.console.alert_scene import names, states
from bot.console.current import CURRENT, Current
from bot.console.render import page
from bot.console.visit import reader
from bot.domain.broadcast import Broadcast, BroadcastStatus
from bot.domain.delivery import BroadcastId
from bot.services.access import Deed, Reader, may, of_broadcasts
from bot.services.ports import Store, Unit

LOOKED_AT = 100  # broadcasts among which drafts are looked for
MOST_DRAFTS = 5  # shown; the list of alerts has all


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    store: Store

    async def show(self, request: web.Request) -> web.Response:
        who, now = reader(request), request.get(CURRENT, Current())
        async with self.store.look() as unit:
            drafts = await _drafts(unit, who)
            figures = await _figures(unit, who, now.running)
            staff = await names(unit, {one.author for one in (*now.to_approve, *now.waiting, *drafts)})
        return page(
            request, "home/home.html", now=now, drafts=drafts, figures=figures, staff=staff, labels=alert_words,
        )  # fmt: skip


async def _drafts(unit: Unit, who: Reader) -> Sequence[Broadcast]:
    """The newest drafts that this reader may go on with."""
    if not may(who, Deed.CHANGE, of_broadcasts(who.employer)):
        return ()
    found = await unit.broadcasts.of_employer(who.employer if who.role.is_employers else None, LOOKED_AT)
    return [one for one in found if one.status is BroadcastStatus.DRAFT][:MOST_DRAFTS]


async def _figures(
    unit: Unit, who: Reader, running: Sequence[Broadcast]
) -> Mapping[BroadcastId, Mapping[str, int | None]]:
    return {one.id: states(await unit.recipients.tally(one.id), who) for one in running}


async def still_here(_: web.Request) -> web.Response:
    """Somebody is typing: asked now and then so that a long text is not lost to the end of an idle session."""
    return web.Response(status=204)


def routes(*, store: Store) -> list[web.RouteDef]:
    return [web.get("/", Home(store=store).show), web.get("/still-here", still_here)]
