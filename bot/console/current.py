"""Owns what is going on now for one reader: what waits for whose approval, what runs, and what the menu says of it."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.console.assets import PREFIX
from bot.console.visit import visit
from bot.domain.broadcast import Broadcast, BroadcastKind, BroadcastStatus
from bot.domain.errors import Unavailable
from bot.services.access import Deed, Reader, may, of_broadcasts
from bot.services.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """The oldest first: it has waited longest."""

    to_approve: tuple[Broadcast, ...] = ()  # waits for this reader
    waiting: tuple[Broadcast, ...] = ()  # waits for somebody else, or for its time
    running: tuple[Broadcast, ...] = ()


CURRENT: Final = web.RequestKey("console_current", Current)


def may_approve(who: Reader, broadcast: Broadcast) -> bool:
    """Whether this reader is one who lets it out: nobody is for a live alert of their own (R7)."""
    is_own_alert = broadcast.kind is BroadcastKind.ALERT and broadcast.author == who.id
    return may(who, Deed.APPROVE, of_broadcasts(broadcast.employer)) and not is_own_alert


async def current(store: Store, who: Reader) -> Current:
    """What this reader may see of it."""
    async with store.look() as unit:
        found = await unit.broadcasts.in_status(
            BroadcastStatus.SUBMITTED, BroadcastStatus.APPROVED, BroadcastStatus.LIVE
        )
    theirs = [one for one in found if may(who, Deed.READ, of_broadcasts(one.employer))]
    to_approve = [one for one in theirs if one.status is BroadcastStatus.SUBMITTED and may_approve(who, one)]
    running = [one for one in theirs if one.status is BroadcastStatus.LIVE]
    waiting = [one for one in theirs if one not in to_approve and one not in running]
    return Current(to_approve=tuple(to_approve), waiting=tuple(waiting), running=tuple(running))


def noticing(store: Store) -> Middleware:
    """Lets every page of somebody who is signed in know what is going on; without the database it says nothing."""

    @web.middleware
    async def notice(request: web.Request, handler: Handler) -> web.StreamResponse:
        signed_in = visit(request).signed_in
        is_page = not request.path.startswith(PREFIX) and "text/event-stream" not in request.headers.get("Accept", "")
        if signed_in is not None and signed_in.is_full and is_page:
            try:
                request[CURRENT] = await current(store, signed_in.reader)
            except Unavailable:
                request[CURRENT] = Current()
        return await handler(request)

    return notice
