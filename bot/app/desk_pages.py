"""Owns the operators' desk as served: its pages, its streams and the files that they show."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from bot.app.desks import Desks, given, locale_of
from bot.app.outside import Outside
from bot.console import asking, composing, conversation, documents, queue, replies, same_person
from bot.console.case_words import FactWords
from bot.console.conversation_scene import Scene
from bot.console.desk_stream import ConversationStream, QueueStream, Seats
from bot.queue.viewing import Viewing
from bot.services.composing import Composer
from bot.services.desk import Desk
from bot.services.merging import MergeDesk
from bot.services.queue import Queue
from bot.services.replies import Replies
from bot.services.ringing import Ringing
from bot.services.staff import StaffDesk
from bot.services.translating import Translating
from bot.services.watch import Lookout

Close = Callable[[], Awaitable[None]]


def desk_pages(
    outside: Outside, desks: Desks, operators: Desk, staff: StaffDesk
) -> tuple[Sequence[web.RouteDef], Sequence[Close]]:
    """The routes, and what ends the streams when the server stops."""
    settings, store, clock = outside.settings, outside.store, desks.clock
    viewing = Viewing(redis=outside.redis, clock=clock)
    waiting = Queue(store=store, viewing=viewing, clock=clock)
    # Within a second of the truth, also where a reading takes as long as a rest.
    lookout = Lookout(reader=waiting, clock=clock, shortest=0.4, share=0.5)
    seats = Seats(staff=staff, clock=clock)
    following = ConversationStream(desk=operators, news=outside.live, viewing=viewing, seats=seats, clock=clock)
    translating = Translating(
        store=store, clock=clock, desk=operators, live=outside.live, translator=outside.translator
    )
    canned = Replies(store=store, clock=clock, ids=desks.ids)
    routes = [
        *queue.routes(
            desk=operators,
            queue=waiting,
            stream=QueueStream(lookout=lookout, seats=seats, clock=clock),
            clock=clock,
            languages=locale_of(settings).languages,
            ringing=Ringing(store=store, clock=clock),
        ),
        *conversation.routes(
            desk=operators,
            stream=following,
            viewing=viewing,
            clock=clock,
            scene=Scene(
                clock=clock,
                channels=outside.channels,
                default_language=settings.default_language,
                has_template=bool(settings.whatsapp_template),
                translating=translating,
                facts=FactWords.of(operators.conversation.house.flows.values()),
                flows=operators.conversation.house.flows,
            ),
        ),
        *composing.routes(composer=_composer(outside, desks, operators, canned), translating=translating),
        *asking.routes(desk=operators),
        *same_person.routes(desk=MergeDesk(store=store, bell=operators.bell, clock=clock, ids=desks.ids)),
        *replies.routes(replies=canned, languages=locale_of(settings).languages),
        *documents.routes(documents=desks.documents, store=store, clock=clock),
    ]
    return routes, (lookout.close, following.close, translating.close)


def _composer(outside: Outside, desks: Desks, operators: Desk, canned: Replies) -> Composer:
    return Composer(
        store=outside.store,
        clock=desks.clock,
        desk=operators,
        replies=canned,
        places=desks.places,
        documents=desks.documents,
        given=given(outside.settings),
        translator=outside.translator,
        has_links=bool(outside.settings.public_url),
    )
