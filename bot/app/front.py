"""Owns what is served: webhooks, web chat, the console, public alerts and health."""

from collections.abc import Mapping

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from yarl import URL

from bot.app.desks import Desks, given, locale_of
from bot.cap.intake import Intake
from bot.cap.publishing import Publisher
from bot.config import Settings
from bot.console import alerts, board, frame
from bot.console.board_stream import BoardStream
from bot.console.words import LANGUAGES
from bot.domain.contact import Channel
from bot.i18n import Catalogs
from bot.nlu.rasa import RasaClient
from bot.queue.live import Live
from bot.services.board import BoardDesk
from bot.services.broadcasts import BroadcastDesk
from bot.services.inbox import Inbox
from bot.services.ports import Channeller
from bot.services.staff import StaffDesk
from bot.services.watch import Lookout
from bot.storage.store import SqlStore
from bot.web import alerts as public_alerts
from bot.web import health, server, webchat, webhooks


def _probes(
    store: SqlStore, redis: Redis, rasa: RasaClient, channels: Mapping[Channel, Channeller]
) -> Mapping[str, health.Probe]:
    async def database() -> str:
        await store.ping()
        return "ok"

    async def doorbell() -> str:
        await redis.ping()
        return "ok"

    async def channel_names() -> str:
        return ", ".join(sorted(channels))

    return {"database": database, "redis": doorbell, "nlu": rasa.health, "channels": channel_names}


def front(
    settings: Settings,
    desks: Desks,
    *,
    store: SqlStore,
    redis: Redis,
    live: Live,
    rasa: RasaClient,
    inbox: Inbox,
    channels: Mapping[Channel, Channeller],
    broadcasts: BroadcastDesk,
    session: aiohttp.ClientSession,
) -> web.Application:
    """The application of this process's web side."""
    application = server.build(
        [
            *webhooks.routes(inbox=inbox, channels=channels, public_url=settings.public_url),
            *webchat.routes(
                inbox=inbox,
                store=store,
                live=live,
                catalogs=desks.catalogs,
                documents=desks.documents,
                clock=desks.clock,
                languages=locale_of(settings).languages,
                settings=settings,
            ),
            *public_alerts.routes(store=store, clock=desks.clock, publisher=_publisher(settings)),
            *health.routes(
                probes=_probes(store, redis, rasa, channels),
                vital=frozenset({"database", "redis"}),
                registry=CollectorRegistry(),
            ),
        ]
    )
    frame.mount(application, _console(settings, desks, store=store, session=session, broadcasts=broadcasts))
    return application


def _publisher(settings: Settings) -> Publisher:
    """Speaks for this deployment in the feed of public alerts."""
    here = settings.public_url or f"http://{settings.host}:{settings.port}"
    return Publisher(
        sender=URL(here).host or "localhost", sender_name=settings.organisation, public_url=here, zone=settings.zone
    )


def _console(
    settings: Settings, desks: Desks, *, store: SqlStore, session: aiohttp.ClientSession, broadcasts: BroadcastDesk
) -> web.Application:
    """The staff's pages, one family after the other."""
    clock = desks.clock
    staff = StaffDesk(store=store, clock=desks.clock, ids=desks.ids)
    catalogs = Catalogs.load(settings.root / "locales", LANGUAGES)
    boards = BoardDesk(store=store, clock=clock)
    pages = [
        *alerts.routes(
            desk=broadcasts,
            zone=settings.zone,
            intake=Intake(session=session, clock=clock, ids=desks.ids, languages=settings.languages),
        ),
        *board.routes(
            desk=boards,
            check_ins=desks.check_ins,
            stream=BoardStream(lookout=Lookout(reader=boards, clock=clock), staff=staff, clock=clock),
            clock=clock,
            hotline=given(settings)["hotline"],
        ),
    ]
    return frame.application(desk=staff, clock=clock, catalogs=catalogs, settings=settings, pages=pages)
