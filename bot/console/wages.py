"""Owns the page of a wage claim: its lines entered, worked out before one's eyes, and stated as PDF."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from bot.console.forms import Form, blank, clean
from bot.console.render import page
from bot.console.visit import reader, see_other, words
from bot.console.words import N_, Words
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.wages import MAX_LINES, Fault, Pay, Working, digits_of
from bot.i18n import autonym, figure
from bot.services.case_file import stamp
from bot.services.casework import CaseWork
from bot.services.wages import Printer, Unsound, WageDesk

FAULTS: Final = {
    Fault.NO_LINES: N_("Enter at least one period."),
    Fault.TOO_MANY: N_("There are too many lines. Put months of the same pay together."),
    Fault.BACKWARDS: N_("It ends before it begins."),
    Fault.NOT_YET: N_("It ends in the future: only work that was done is owed."),
    Fault.TOO_LONG_AGO: N_("It begins too long ago. Check the year."),
    Fault.NEGATIVE: N_("An amount is below zero."),
    Fault.TOO_LARGE: N_("An amount is too large. Check the zeros."),
    Fault.DIGITS: N_("An amount has more digits after the point than its currency has."),
    Fault.CURRENCY: N_("This is no currency. Write its three letters, such as BRL."),
    Fault.DEDUCTED: N_("More is taken off than was agreed."),
    Fault.NO_REASON: N_("Say what is taken off for."),
    Fault.OVERLAP: N_("Another line claims some of these days already."),
}
UNREADABLE = N_("This line cannot be read. Write days, and amounts in digits such as 1500.50.")
NUMBERED = N_("Line {n}: {problem}")
FIELDS = ("begins", "ends", "currency", "agreed", "deducted", "why", "paid")
SPARE = 2  # empty lines to write more into


@dataclass(frozen=True, slots=True, kw_only=True)
class WagePages:
    work: CaseWork
    desk: WageDesk
    printer: Printer
    hosts: Sequence[str]  # languages of a statement, the host country's first

    async def show(self, request: web.Request) -> web.Response:
        file = await self._file(request)
        lines = [_typed(line) for line in self.desk.proposed(file.case)]
        return self._page(request, file, lines, blank())

    async def save(self, request: web.Request) -> web.Response:
        """Lines come as rows of fields of the same names; a row with nothing in it is none."""
        _, number = words(request), request.match_info["number"]
        posted = await request.post()
        rows = _rows(posted)
        form, status = blank(), 422
        try:
            lines = [_read(row, place, _) for place, row in enumerate(rows)]
            await self.desk.enter(reader(request), number, lines, seen=str(posted.get("seen", "")))
            return see_other(f"/console/cases/{quote(number, safe='')}/wages", _("Saved."), request=request)
        except Denied as error:
            raise web.HTTPNotFound from error
        except Unsound as error:
            told = [_(NUMBERED, n=place + 1, problem=_(FAULTS[fault])) for place, fault in error.found]
            form = form.failed(" ".join(told))
        except InputError as error:
            form = form.failed(str(error))
        except Conflict as error:
            form, status = form.failed(_.of(error)), 409
        return self._page(request, await self._file(request), rows, form, status=status)

    async def statement(self, request: web.Request) -> web.Response:
        host = request.query.get("language", "")
        if host not in self.hosts:
            raise web.HTTPNotFound
        number = request.match_info["number"]
        try:
            pdf = await self.desk.statement(reader(request), number, host, self.printer)
        except (Denied, InputError) as error:
            raise web.HTTPNotFound from error
        headers = {"Content-Disposition": 'attachment; filename="statement.pdf"'}
        return web.Response(body=pdf, content_type="application/pdf", headers=headers)

    async def _file(self, request: web.Request) -> Any:
        try:
            return await self.work.open(reader(request), request.match_info["number"])
        except Denied as error:
            raise web.HTTPNotFound from error

    def _page(
        self, request: web.Request, file: Any, lines: Sequence[Mapping[str, str]], form: Form[Any], status: int = 200
    ) -> web.Response:
        spare = {**dict.fromkeys(FIELDS, ""), "currency": lines[-1]["currency"] if lines else self.desk.currency}
        rows = [*lines, *[spare] * SPARE][:MAX_LINES]
        working = self.desk.working(file.case)
        return page(
            request,
            "cases/wages.html",
            status=status,
            case=file.case,
            form=form,
            rows=rows,
            is_proposed=not file.case.pay and bool(lines),
            seen=stamp(file.case),
            working=working,
            told=_told(working, words(request).language),
            today=self.desk.today.isoformat(),
            hosts=[(code, autonym(code)) for code in self.hosts],
            theirs=file.contact.language,
        )


def _told(working: Working | None, language: str) -> dict[str, Any]:
    """The working in figures as the reader's language writes them, each with its currency's own digits."""
    if working is None:
        return {"lines": [], "totals": []}
    lines = [
        (
            line,
            *(
                figure(amount, digits_of(line.currency), language)
                for amount in (line.agreed, line.deducted, line.paid, line.owed)
            ),
        )
        for line in working.lines
    ]
    return {
        "lines": lines,
        "totals": [(figure(sum_, digits_of(one), language), one) for one, sum_ in working.totals.items()],
    }


def _typed(line: Pay) -> dict[str, str]:
    return {
        "begins": line.begins.isoformat(), "ends": line.ends.isoformat(), "currency": line.currency,
        "agreed": f"{line.agreed:f}", "deducted": f"{line.deducted:f}" if line.deducted else "", "why": line.why,
        "paid": f"{line.paid:f}",
    }  # fmt: skip


def _rows(posted: Any) -> list[dict[str, str]]:
    """The rows in which anything but the currency stands, as they were typed."""
    columns = {name: [clean(str(value)).strip()[:200] for value in posted.getall(name, [])] for name in FIELDS}
    count = min(max(map(len, columns.values()), default=0), MAX_LINES + SPARE)
    rows = [
        {name: values[place] if place < len(values) else "" for name, values in columns.items()}
        for place in range(count)
    ]
    return [row for row in rows if any(value for name, value in row.items() if name != "currency")]


def _read(row: Mapping[str, str], place: int, _: Words) -> Pay:
    """One line; raises InputError (translated) for what is no day and no amount."""
    try:
        return Pay(
            begins=date.fromisoformat(row["begins"]),
            ends=date.fromisoformat(row["ends"]),
            currency=row["currency"].upper(),
            agreed=Decimal(row["agreed"]),
            deducted=Decimal(row["deducted"] or "0"),
            why=row["why"],
            paid=Decimal(row["paid"] or "0"),
        )
    except (ValueError, InvalidOperation):
        raise InputError(_(NUMBERED, n=place + 1, problem=_(UNREADABLE))) from None


def routes(*, work: CaseWork, desk: WageDesk, printer: Printer, hosts: Sequence[str]) -> Sequence[web.RouteDef]:
    pages = WagePages(work=work, desk=desk, printer=printer, hosts=hosts)
    return [
        web.get("/cases/{number}/wages", pages.show),
        web.post("/cases/{number}/wages", pages.save),
        web.get("/cases/{number}/wages.pdf", pages.statement),
    ]
