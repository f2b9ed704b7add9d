"""Owns what is served: webhooks, web chat, the console, public alerts and health."""

from collections.abc import Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry
from yarl import URL

from bot.app.case_pages import case_pages
from bot.app.desk_pages import desk_pages
from bot.app.desks import Desks, given, locale_of
from bot.app.duties import duty_desk
from bot.app.knowledge_pages import knowledge_pages
from bot.app.outside import Outside
from bot.app.report_pages import report_pages
from bot.app.setup_pages import setup_pages
from bot.cap.intake import Intake
from bot.cap.publishing import Publisher
from bot.config import Settings
from bot.console import (
    alerts,
    assigning,
    audit_pages,
    board,
    board_exports,
    duty,
    frame,
    people,
    preparedness,
    reports,
    sites,
    staff_pages,
)
from bot.console.board_stream import BoardStream
from bot.console.words import LANGUAGES
from bot.domain.contact import Channel
from bot.i18n import Catalogs
from bot.importing import read_rows
from bot.printing.poster import draw_poster
from bot.printing.report import draw_report
from bot.queue.beat import Beat
from bot.services.audit import AuditDesk
from bot.services.board import BoardDesk
from bot.services.broadcasts import BroadcastDesk
from bot.services.desk import Desk
from bot.services.hazards import draft
from bot.services.hazards import load as load_hazards
from bot.services.inbox import Inbox
from bot.services.joining import Ways
from bot.services.preparedness import BroadcastDrills, Means, PreparednessDesk
from bot.services.reports import ReportDesk
from bot.services.roster import RosterDesk
from bot.services.staff import StaffDesk
from bot.services.watch import Lookout
from bot.web import alerts as public_alerts
from bot.web import health, media, server, webchat, webhooks


def front(
    outside: Outside, desks: Desks, *, inbox: Inbox, broadcasts: BroadcastDesk, operators: Desk
) -> web.Application:
    """The application of this process's web side."""
    settings, store = outside.settings, outside.store
    application = server.build(
        [
            *webhooks.routes(inbox=inbox, channels=outside.channels, public_url=settings.public_url),
            *webchat.routes(
                inbox=inbox,
                store=store,
                live=outside.live,
                catalogs=desks.catalogs,
                documents=desks.documents,
                clock=desks.clock,
                languages=locale_of(settings).languages,
                settings=settings,
                link=outside.files.path,
            ),
            *media.routes(files=outside.files),
            *public_alerts.routes(store=store, clock=desks.clock, publisher=_publisher(settings)),
            *health.routes(
                probes=_probes(outside), vital=frozenset({"database", "redis"}), registry=CollectorRegistry()
            ),
        ]
    )
    frame.mount(application, _console(outside, desks, broadcasts, operators))
    return application


def _probes(outside: Outside) -> Mapping[str, health.Probe]:
    async def database() -> str:
        await outside.store.ping()
        return "ok"

    async def doorbell() -> str:
        await outside.redis.ping()
        return "ok"

    async def channel_names() -> str:
        return ", ".join(sorted(outside.channels))

    return {
        "database": database,
        "redis": doorbell,
        "nlu": outside.rasa.health,
        "worker": Beat(outside.redis).look,
        "channels": channel_names,
    }


def _here(settings: Settings) -> str:
    return settings.public_url or f"http://{settings.host}:{settings.port}"


def _publisher(settings: Settings) -> Publisher:
    """Speaks for this deployment in the feed of public alerts."""
    here = _here(settings)
    return Publisher(
        sender=URL(here).host or "localhost", sender_name=settings.organisation, public_url=here, zone=settings.zone
    )


def _console(outside: Outside, desks: Desks, broadcasts: BroadcastDesk, operators: Desk) -> web.Application:
    """The staff's pages, one family after the other."""
    settings, store, clock = outside.settings, outside.store, desks.clock
    staff = StaffDesk(store=store, clock=clock, ids=desks.ids)
    catalogs = Catalogs.load(settings.root / "locales", LANGUAGES)
    boards, audit = BoardDesk(store=store, clock=clock), AuditDesk(store=store, clock=clock)
    lookout = Lookout(reader=boards, clock=clock)
    present = duty_desk(settings, desks, store=store, operators=operators)
    of_desk, closings = desk_pages(outside, desks, operators, staff)
    pages = [
        *alerts.routes(
            desk=broadcasts,
            zone=settings.zone,
            intake=Intake(session=outside.session, clock=clock, ids=desks.ids, languages=settings.languages),
        ),
        *board.routes(
            desk=boards,
            check_ins=desks.check_ins,
            stream=BoardStream(lookout=lookout, staff=staff, clock=clock),
            clock=clock,
            hotline=given(settings)["hotline"],
        ),
        *board_exports.routes(desk=boards, clock=clock, audit=audit),
        *reports.routes(
            desk=ReportDesk(store=store, clock=clock), boards=boards, clock=clock, audit=audit, printer=draw_report
        ),
        *_company(outside, desks),
        *of_desk,
        *case_pages(outside, desks, operators),
        *duty.routes(desk=present, zone=settings.zone),
        *assigning.routes(desk=operators, duty=present),
        *staff_pages.routes(
            desk=staff, store=store, clock=clock, ids=desks.ids, languages=list(locale_of(settings).languages.items())
        ),
        *audit_pages.routes(desk=audit, staff=staff),
        *setup_pages(outside, desks, probes=_probes(outside), here=_here(settings)),
        *knowledge_pages(outside, desks),
        *report_pages(outside, desks),
    ]
    made = frame.application(desk=staff, store=store, clock=clock, catalogs=catalogs, settings=settings, pages=pages)

    async def end_streams(_: web.Application) -> None:
        for close in (lookout.close, *closings):
            await close()

    made.on_shutdown.append(end_streams)
    return made


def _company(outside: Outside, desks: Desks) -> list[web.RouteDef]:
    """The pages of an employer's people, sites and preparedness."""
    settings, store = outside.settings, outside.store
    means = _means(outside, desks.catalogs)
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
            ways=_ways_to_join(outside),
            languages=locale_of(settings).languages,
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


def _means(outside: Outside, catalogs: Catalogs) -> Means:
    """What this deployment can warn people with."""
    hazards = load_hazards()

    def is_reviewed(language: str) -> bool:
        return all(draft(hazard, language, catalogs, {}).is_reviewed for hazard in hazards)

    return Means(
        channels=frozenset(outside.channels),
        has_template=bool(outside.settings.whatsapp_template),
        languages=outside.settings.languages,
        is_reviewed=is_reviewed,
    )


def _ways_to_join(outside: Outside) -> Ways:
    """Where a poster sends people."""
    settings, channels = outside.settings, outside.channels
    return Ways(
        public_url=_here(settings),
        telegram_bot=settings.telegram_name if Channel.TELEGRAM in channels else "",
        whatsapp_number=settings.whatsapp_from if Channel.WHATSAPP in channels else "",
        sms_number=settings.sms_from if Channel.SMS in channels else "",
    )
