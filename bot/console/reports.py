"""Owns the pages of after-action reports: the list, one report, and the same as a PDF."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from bot.console.board import begun, labels
from bot.console.guard import require
from bot.console.render import LOOK, page
from bot.console.report_words import paper
from bot.console.visit import reader, words
from bot.console.words import zone_named
from bot.domain.broadcast import Broadcast, BroadcastKind
from bot.services.access import Deed, Matter, may, of_broadcasts
from bot.services.audit import AuditDesk
from bot.services.board import BoardDesk
from bot.services.paper import Paper
from bot.services.ports import Clock
from bot.services.reports import Report, ReportDesk

Printer = Callable[[Paper, datetime], bytes]  # draws it as PDF, made at that time


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    desk: ReportDesk
    boards: BoardDesk
    clock: Clock
    audit: AuditDesk
    printer: Printer

    async def list(self, request: web.Request) -> web.Response:
        who = reader(request)
        require(request, Deed.READ, of_broadcasts(who.employer))
        found = await self.desk.list(who)
        drills = [one for one in found if one.kind is BroadcastKind.DRILL]
        real = [one for one in found if one.kind is not BroadcastKind.DRILL]
        return page(request, "reports/list.html", real=real, drills=drills, **labels())

    async def show(self, request: web.Request) -> web.Response:
        broadcast = await begun(self.boards, request)
        shown = await self._paper(request, broadcast)
        may_export = may(reader(request), Deed.EXPORT, of_broadcasts(broadcast.employer))
        return page(request, "reports/show.html", paper=shown, broadcast=broadcast, may_export=may_export)

    async def pdf(self, request: web.Request) -> web.Response:
        broadcast = await begun(self.boards, request, Deed.EXPORT)
        await self.audit.note(reader(request), Deed.EXPORT, Matter.BROADCAST, broadcast.id)
        shown = await self._paper(request, broadcast)
        body = await asyncio.to_thread(self.printer, shown, self.clock.now())
        headers = {"Content-Disposition": f'attachment; filename="{file_name("report", broadcast, "pdf")}"'}
        return web.Response(body=body, content_type="application/pdf", headers=headers)

    async def _paper(self, request: web.Request, broadcast: Broadcast) -> Paper:
        report: Report = await self.desk.report(reader(request), broadcast)
        return paper(report, words(request), zone_named(report.zone, request.app[LOOK].zone))


def file_name(what: str, broadcast: Broadcast, suffix: str) -> str:
    """ "drill-report-2026-05-06.pdf": that it was a drill is read before the file is opened."""
    day = f"{broadcast.begun_at:%Y-%m-%d}" if broadcast.begun_at else "draft"
    return f"{broadcast.kind}-{what}-{day}.{suffix}"


def routes(
    *, desk: ReportDesk, boards: BoardDesk, clock: Clock, audit: AuditDesk, printer: Printer
) -> list[web.RouteDef]:
    pages = Reports(desk=desk, boards=boards, clock=clock, audit=audit, printer=printer)
    return [
        web.get("/reports", pages.list),
        web.get("/reports/{id}", pages.show),
        web.get("/reports/{id}/report.pdf", pages.pdf),
    ]
