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
from bot.console import alerts, board, board_exports, frame, people, preparedness, reports, sites
from bot.console.board_stream import BoardStream
from bot.console.words import LANGUAGES
from bot.domain.contact import Channel
from bot.i18n import Catalogs
from bot.importing import read_rows
from bot.nlu.rasa import RasaClient
from bot.printing.poster import draw_poster
from bot.printing.report import draw_report
from bot.queue.live import Live
from bot.services.access import LogJournal
from bot.services.board import BoardDesk
from bot.services.broadcasts import BroadcastDesk
from bot.services.hazards import draft
from bot.services.hazards import load as load_hazards
from bot.services.inbox import Inbox
from bot.services.joining import Ways
from bot.services.ports import Channeller
from bot.services.preparedness import BroadcastDrills, Means, PreparednessDesk
from bot.services.reports import ReportDesk
from bot.services.roster import RosterDesk
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
    console = _console(settings, desks, store=store, session=session, broadcasts=broadcasts, channels=channels)
    frame.mount(application, console)
    return application


def _publisher(settings: Settings) -> Publisher:
    """Speaks for this deployment in the feed of public alerts."""
    here = settings.public_url or f"http://{settings.host}:{settings.port}"
    return Publisher(
        sender=URL(here).host or "localhost", sender_name=settings.organisation, public_url=here, zone=settings.zone
    )


def _console(
    settings: Settings,
    desks: Desks,
    *,
    store: SqlStore,
    session: aiohttp.ClientSession,
    broadcasts: BroadcastDesk,
    channels: Mapping[Channel, Channeller],
) -> web.Application:
    """The staff's pages, one family after the other."""
    clock = desks.clock
    staff = StaffDesk(store=store, clock=desks.clock, ids=desks.ids)
    catalogs = Catalogs.load(settings.root / "locales", LANGUAGES)
    boards, journal = BoardDesk(store=store, clock=clock), LogJournal()
    lookout = Lookout(reader=boards, clock=clock)
    pages = [
        *alerts.routes(
            desk=broadcasts,
            zone=settings.zone,
            intake=Intake(session=session, clock=clock, ids=desks.ids, languages=settings.languages),
        ),
        *board.routes(
            desk=boards,
            check_ins=desks.check_ins,
            stream=BoardStream(lookout=lookout, staff=staff, clock=clock),
            clock=clock,
            hotline=given(settings)["hotline"],
        ),
        *board_exports.routes(desk=boards, clock=clock, journal=journal),
        *reports.routes(
            desk=ReportDesk(store=store, clock=clock), boards=boards, clock=clock, journal=journal, printer=draw_report
        ),
        *_company(settings, desks, store=store, channels=channels),
    ]
    made = frame.application(desk=staff, clock=clock, catalogs=catalogs, settings=settings, pages=pages)

    async def end_streams(_: web.Application) -> None:
        await lookout.close()

    made.on_shutdown.append(end_streams)
    return made


def _company(
    settings: Settings, desks: Desks, *, store: SqlStore, channels: Mapping[Channel, Channeller]
) -> list[web.RouteDef]:
    """The pages of an employer's people, sites and preparedness."""
    languages = locale_of(settings).languages
    hazards = load_hazards()

    def is_reviewed(language: str) -> bool:
        return all(draft(hazard, language, desks.catalogs, {}).is_reviewed for hazard in hazards)

    means = Means(
        channels=frozenset(channels),
        has_template=bool(settings.whatsapp_template),
        languages=settings.languages,
        is_reviewed=is_reviewed,
    )
    ways = Ways(
        public_url=settings.public_url or f"http://{settings.host}:{settings.port}",
        telegram_bot=settings.telegram_name if Channel.TELEGRAM in channels else "",
        whatsapp_number=settings.whatsapp_from if Channel.WHATSAPP in channels else "",
        sms_number=settings.sms_from if Channel.SMS in channels else "",
    )
    return [
        *people.routes(
            desk=RosterDesk(store=store, clock=desks.clock, ids=desks.ids, region=settings.region),
            means=means,
            read_rows=read_rows,
        ),
        *sites.routes(
            store=store,
            clock=desks.clock,
            ids=desks.ids,
            ways=ways,
            languages=languages,
            region=settings.region,
            timezone=settings.timezone,
            draw_poster=lambda poster, at: draw_poster(
                poster, catalogs=desks.catalogs, given=given(settings), made_at=at
            ),
        ),
        *preparedness.routes(
            store=store,
            desk=PreparednessDesk(store=store, means=means, drills=BroadcastDrills(store=store)),
        ),
    ]
