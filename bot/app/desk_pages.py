"""Owns the operators' desk as served: its pages, its streams and the files that they show."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from bot.app.desks import Desks, locale_of
from bot.app.outside import Outside
from bot.console import conversation, documents, queue
from bot.console.desk_stream import ConversationStream, QueueStream, Seats
from bot.queue.viewing import Viewing
from bot.services.desk import Desk
from bot.services.queue import Queue
from bot.services.staff import StaffDesk
from bot.services.watch import Lookout

Close = Callable[[], Awaitable[None]]


def desk_pages(
    outside: Outside, desks: Desks, operators: Desk, staff: StaffDesk
) -> tuple[Sequence[web.RouteDef], Sequence[Close]]:
    """The routes, and what ends the streams when the server stops."""
    settings, store, clock = outside.settings, outside.store, desks.clock
    viewing = Viewing(redis=outside.redis, clock=clock)
    waiting = Queue(store=store, viewing=viewing, clock=clock)
    lookout = Lookout(reader=waiting, clock=clock)
    seats = Seats(staff=staff, clock=clock)
    following = ConversationStream(desk=operators, news=outside.live, viewing=viewing, seats=seats, clock=clock)
    routes = [
        *queue.routes(
            desk=operators,
            queue=waiting,
            stream=QueueStream(lookout=lookout, seats=seats, clock=clock),
            clock=clock,
            languages=locale_of(settings).languages,
        ),
        *conversation.routes(
            desk=operators,
            stream=following,
            viewing=viewing,
            clock=clock,
            channels=outside.channels,
            default_language=settings.default_language,
            has_template=bool(settings.whatsapp_template),
        ),
        *documents.routes(documents=desks.documents, store=store, clock=clock),
    ]
    return routes, (lookout.close, following.close)
