"""Owns the pages of the report on the service: for a period of days in a time zone, and the same as a file."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.console.forms import INVALID, Form, blank
from bot.console.guard import require
from bot.console.render import LOOK, page
from bot.console.service_words import ServiceWords, columns
from bot.console.sheets import EXCEL, csv_file, excel_file
from bot.console.visit import reader, words
from bot.console.words import N_, zone_named
from bot.domain.errors import InputError
from bot.services.access import REPORT, Deed, may
from bot.services.ports import Clock
from bot.services.service_reports import Period, ServiceReport, ServiceReportDesk

PROBLEMS: Final = (  # what a Period says of itself
    N_("The period ends before it begins."),
    N_("The period is too long: three months at most."),
)


class Asked(BaseModel):
    """The days and the zone that the address asks for."""

    first: date
    last: date
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReports:
    desk: ServiceReportDesk
    clock: Clock

    async def show(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, REPORT)
        _, zone, who = words(request), request.app[LOOK].zone, reader(request)
        form, period = self._form(request)
        report = await self.desk.read(who, period)
        return page(
            request,
            "service_reports/show.html",
            status=422 if form.errors else 200,
            paper=ServiceWords(report=report, words=_).paper(),
            report=report,
            form=form,
            zones=[(name, name) for name in dict.fromkeys([zone.key, period.zone.key, "UTC"])],
            chart_title=_("By day"),
            chart=_chart(report),
            asked=f"first={period.first}&last={period.last}&zone={period.zone.key}",
            may_export=may(who, Deed.EXPORT, REPORT),
        )

    async def file(self, request: web.Request) -> web.Response:
        require(request, Deed.EXPORT, REPORT)
        form, period = self._form(request)
        if form.errors:
            raise web.HTTPNotFound
        _, suffix = words(request), request.match_info["suffix"]
        report = await self.desk.read(reader(request), period, deed=Deed.EXPORT)
        rows, heads = ServiceWords(report=report, words=_).rows(), columns(_)
        if suffix == "csv":
            make, kind = partial(csv_file, heads, rows), "text/csv"
        else:
            make = partial(excel_file, _("The service"), heads, rows, is_rtl=_.direction == "rtl")
            kind = EXCEL
        name = f"service-{period.first}-{period.last}.{suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=await asyncio.to_thread(make), content_type=kind, headers=headers)

    def _form(self, request: web.Request) -> tuple[Form[Asked], Period]:
        """What was asked for; the last seven days where nothing was, or nothing that can be read."""
        _, zone = words(request), request.app[LOOK].zone
        usual = Period.usual(self.clock.now(), zone)
        if not request.query:
            return blank(first=usual.first, last=usual.last, zone=zone.key), usual
        typed: Mapping[str, str] = dict(request.query)
        try:
            asked = Asked.model_validate(typed)
            period = Period(first=asked.first, last=asked.last, zone=zone_named(asked.zone or None, zone))
        except ValidationError as error:
            wrong = {str(problem["loc"][0]): _(INVALID) for problem in error.errors()}
            return Form(None, typed, wrong), usual
        except InputError as error:
            return Form(None, typed, {"last": _.of(error)}), usual
        return blank(first=period.first, last=period.last, zone=period.zone.key), period


def _chart(report: ServiceReport) -> str:
    """Days as the chart reads them: seconds since 1970 at which each begins, messages, cases."""
    begins = [report.period.begins(day).timestamp() for day in report.by_day]
    volumes = report.by_day.values()
    return json.dumps([begins, [one.messages for one in volumes], [one.cases for one in volumes]])


def routes(*, desk: ServiceReportDesk, clock: Clock) -> list[web.RouteDef]:
    pages = ServiceReports(desk=desk, clock=clock)
    return [
        web.get("/service", pages.show),
        web.get("/service/report.{suffix:csv|xlsx}", pages.file),
    ]
