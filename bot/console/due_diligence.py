"""Owns the pages of the report for brands and programmes: a quarter's concerns in protected counts, and its files."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from aiohttp import web

from bot.console.guard import require
from bot.console.render import page
from bot.console.sector_words import SECTORS
from bot.console.sheets import EXCEL, Cell, Column, csv_file, excel_file
from bot.console.visit import reader, words
from bot.console.words import N_, Words
from bot.domain.employer import Sector
from bot.domain.errors import Denied
from bot.i18n import written
from bot.services.access import REPORT, Deed
from bot.services.disclosure import FEWEST
from bot.services.due_diligence import (
    BY_SECTOR,
    OTHERS,
    UNKNOWN,
    Circle,
    Concern,
    DueDiligence,
    DueDiligenceDesk,
    Finding,
    Quarter,
    Range,
)
from bot.services.paper import Grid, Paper, Part

Printer = Callable[[Paper, datetime], bytes]  # draws it as PDF, made at that time
HIDDEN: Final = "*"
CONCERNS: Final = {
    Concern.FORCED_LABOUR: N_("Clues of forced labour"),
    Concern.FEES: N_("Fees for the job"),
    Concern.DOCUMENTS: N_("Papers withheld"),
    Concern.WAGES: N_("Unpaid wages"),
}
IN_PROTECTION: Final = N_("{concern}: people in protection")
FEW: Final = N_("Fewer than {n} people, or nobody.")
NOTES: Final = (
    N_("People are counted who told of it in this quarter, once in each table. Tables do not add up to each other."),
    N_("{mark} hides a count from 1 to {few}, and others by which it could be computed. Small groups are joined."),
    N_("Unpaid wages are told by the employer's sector (ISIC Rev. 4), everything else by employer."),
    N_("The quarter was counted once and does not change any more."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDiligenceWords:
    """One report in one language."""

    report: DueDiligence
    words: Words
    host: str  # ISO 3166-1: the country where people work
    currency: str

    def paper(self) -> Paper:
        _ = self.words
        return Paper(
            title=_("Due diligence"),
            mark=_("Due diligence"),
            is_drill=False,
            subtitle=_("{quarter}, work in {country}", quarter=str(self.report.quarter), country=_.country(self.host)),
            language=_.language,
            parts=(self._notes(), *(part for one in self.report.findings for part in self._parts(one))),
        )

    def rows(self) -> list[list[Cell]]:
        """One count a row; a hidden one is empty and said to be hidden."""
        _, quarter = self.words, str(self.report.quarter)
        return [[quarter, self._title(one), *row] for one in self.report.findings for row in self._counts(one)]

    def _notes(self) -> Part:
        _ = self.words
        lines = tuple(_(note, mark=HIDDEN, few=FEWEST - 1) for note in NOTES)
        return Part(title=_("How to read this"), lines=lines)

    def _parts(self, one: Finding) -> Iterator[Part]:
        _ = self.words
        if one.total is None:
            yield Part(title=self._title(one), lines=(_(FEW, n=FEWEST),))
            return
        named = _("Sector") if one.concern in BY_SECTOR else _("Employer")
        columns = (named, *(self._corridor(key, one.columns) for key in one.columns), _("All"))
        rows = tuple(
            (self._group(row.name, one), *map(self._cell, row.cells), self._number(row.total)) for row in one.rows
        )
        sums = (_("All"), *map(self._number, one.totals), self._number(one.total))
        yield Part(title=self._title(one), grid=Grid(columns=columns, rows=rows, sums=sums))
        if len(one.ranges) > 1:
            grid = Grid(
                columns=(_("Amount ({currency})", currency=self.currency), _("People")),
                rows=tuple((self._range(range_), self._number(range_[2])) for range_ in one.ranges),
                sums=(_("All"), self._number(one.total)),
            )
            yield Part(title=_("{concern}: amounts", concern=self._title(one)), grid=grid)

    def _counts(self, one: Finding) -> Iterator[list[Cell]]:
        _ = self.words
        if one.total is None:
            yield [_("All"), _("All"), _("All"), "", "", _(FEW, n=FEWEST)]
            return
        for row in one.rows:
            for key, count in zip(one.columns, row.cells, strict=True):
                note = _("hidden") if count is None else ""
                corridor = self._corridor(key, one.columns)
                yield [*self._groups(row.name, one), corridor, "", "" if count is None else count, note]
            yield [*self._groups(row.name, one), _("All"), "", row.total, ""]
        for key, count in zip(one.columns, one.totals, strict=True):
            yield [_("All"), _("All"), self._corridor(key, one.columns), "", count, ""]
        yield [_("All"), _("All"), _("All"), "", one.total, ""]
        for range_ in one.ranges if len(one.ranges) > 1 else ():
            yield [_("All"), _("All"), _("All"), f"{self._range(range_)} ({self.currency})", range_[2], ""]

    # --- words ------------------------------------------------------------------------------------------------------

    def _title(self, one: Finding) -> str:
        concern = self.words(CONCERNS[one.concern])
        return self.words(IN_PROTECTION, concern=concern) if one.circle is Circle.PROTECTION else concern

    def _groups(self, key: str, one: Finding) -> tuple[str, str]:
        """The cells of employer and sector: a row is of one of them, and of all of the other."""
        group, every = self._group(key, one), self.words("All")
        return (every, group) if one.concern in BY_SECTOR else (group, every)

    def _group(self, key: str, one: Finding) -> str:
        return self._sector(key, one) if one.concern in BY_SECTOR else self._employer(key, one)

    def _sector(self, key: str, one: Finding) -> str:
        _ = self.words
        if key == OTHERS:
            return _("All sectors") if len(one.rows) == 1 else _("Other sectors")
        return _("Sector not known") if key == UNKNOWN else _(SECTORS[Sector(key)])

    def _employer(self, key: str, one: Finding) -> str:
        _ = self.words
        if key == OTHERS:
            return _("All employers") if len(one.rows) == 1 else _("Other employers")
        return _("Employer not known") if key == UNKNOWN else self.report.employers.get(key, _("Employer not known"))

    def _corridor(self, key: str, columns: tuple[str, ...]) -> str:
        """From where to where: "Nepal → Brazil"."""
        _ = self.words
        if key == OTHERS:
            return _("All countries") if len(columns) == 1 else _("Other countries")
        if key == UNKNOWN:
            return _("Country not known")
        return _("{origin} → {host}", origin=_.country(key), host=_.country(self.host))

    def _range(self, range_: Range) -> str:
        _, (begin, end, _count) = self.words, range_
        if begin is None:
            return _("no amount named") if end is None else _("below {end}, or no amount named", end=self._number(end))
        if end is None:
            return _("{begin} or more", begin=self._number(begin))
        return _("{begin} to below {end}", begin=self._number(begin), end=self._number(end))

    def _cell(self, count: int | None) -> str:
        return HIDDEN if count is None else self._number(count)

    def _number(self, count: int) -> str:
        return written(count, self.words.language)


def columns(_: Words) -> list[Column]:
    return [
        Column(heading=_("Quarter"), tag="#date +quarter"),
        Column(heading=_("Concern"), tag="#indicator +name"),
        Column(heading=_("Employer"), tag="#org +employer"),
        Column(heading=_("Sector"), tag="#sector"),
        Column(heading=_("Corridor"), tag="#meta +corridor"),
        Column(heading=_("Amount"), tag="#value +range"),
        Column(heading=_("People"), tag="#affected"),
        Column(heading=_("Note"), tag="#meta +note"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDiligencePages:
    desk: DueDiligenceDesk
    printer: Printer
    host: str

    async def show(self, request: web.Request) -> web.Response:
        require(request, Deed.EXPORT, REPORT)
        told = await self._words(request, Deed.READ)
        return page(
            request,
            "service_reports/due_diligence.html",
            paper=told.paper(),
            quarter=str(told.report.quarter),
            quarters=[str(one) for one in self.desk.quarters()],
            coming=self.desk.coming,
        )

    async def file(self, request: web.Request) -> web.Response:
        require(request, Deed.EXPORT, REPORT)
        told, suffix = await self._words(request, Deed.EXPORT), request.match_info["suffix"]
        _, heads = told.words, columns(told.words)
        if suffix == "pdf":
            make, kind = partial(self.printer, told.paper(), told.report.made_at), "application/pdf"
        elif suffix == "csv":
            make, kind = partial(csv_file, heads, told.rows()), "text/csv"
        else:
            make = partial(excel_file, _("Due diligence"), heads, told.rows(), is_rtl=_.direction == "rtl")
            kind = EXCEL
        name = f"due-diligence-{told.report.quarter}.{suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=await asyncio.to_thread(make), content_type=kind, headers=headers)

    async def _words(self, request: web.Request, deed: Deed) -> DueDiligenceWords:
        """The report that the address names; 404 for a quarter that is not offered."""
        asked: Mapping[str, str] = request.query
        try:
            quarter = Quarter.parse(asked["quarter"]) if "quarter" in asked else self.desk.quarters()[0]
            report = await self.desk.read(reader(request), quarter, deed=deed)
        except (ValueError, Denied) as error:
            raise web.HTTPNotFound from error
        return DueDiligenceWords(report=report, words=words(request), host=self.host, currency=self.desk.currency)


def routes(*, desk: DueDiligenceDesk, printer: Printer, host: str) -> list[web.RouteDef]:
    """`host` is the country (ISO 3166-1) where people work."""
    pages = DueDiligencePages(desk=desk, printer=printer, host=host)
    return [
        web.get("/due-diligence", pages.show),
        web.get("/due-diligence/report.{suffix:csv|xlsx|pdf}", pages.file),
    ]
