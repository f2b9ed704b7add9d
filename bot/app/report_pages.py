"""Owns the composition of the supervisor's reports: on the service, and for brands and programmes."""

from collections.abc import Sequence

from aiohttp import web

from bot.app.desks import Desks
from bot.app.outside import Outside
from bot.console import due_diligence, service_reports
from bot.printing.report import draw_report
from bot.services.due_diligence import DueDiligenceDesk
from bot.services.service_reports import ServiceReportDesk


def report_pages(outside: Outside, desks: Desks) -> Sequence[web.RouteDef]:
    settings, store, clock = outside.settings, outside.store, desks.clock
    quarters = DueDiligenceDesk(store=store, clock=clock, zone=settings.zone, currency=settings.currency)
    return [
        *service_reports.routes(desk=ServiceReportDesk(store=store, clock=clock), clock=clock),
        *due_diligence.routes(desk=quarters, printer=draw_report, host=settings.region),
    ]
