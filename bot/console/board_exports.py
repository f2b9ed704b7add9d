"""Owns the board's exports: its sites and its people as CSV and Excel, for those who may take them away."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.console.board import begun
from bot.console.guard import require
from bot.console.render import LOOK
from bot.console.report_words import headline, mark
from bot.console.reports import file_name
from bot.console.sheets import EXCEL, Cell, Column, csv_file, excel_file
from bot.console.standing_words import STANDINGS
from bot.console.visit import reader, words
from bot.console.words import Words, zone_named
from bot.domain.broadcast import Broadcast
from bot.services.access import Deed, Matter, of_roster
from bot.services.audit import AuditDesk
from bot.services.board import Board, BoardDesk, Person, Standing
from bot.services.ports import Clock

# The hashtag of each standing: who asked for help is in need, the others are kinds of affected.
TAGS = {
    Standing.SAFE: "#affected +safe +self",
    Standing.VOUCHED: "#affected +safe +other",
    Standing.HELP: "#inneed",
    Standing.NO_ANSWER: "#affected +silent",
    Standing.NOT_REACHED: "#affected +unreached",
    Standing.CLOSED: "#affected +closed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table in words, before it is a file."""

    name: str
    columns: list[Column]
    rows: list[list[Cell]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    desk: BoardDesk
    clock: Clock
    audit: AuditDesk

    async def sites(self, request: web.Request) -> web.Response:
        broadcast = await begun(self.desk, request, Deed.EXPORT)
        await self._note(request, broadcast, Matter.BROADCAST)
        board = await self.desk.read(broadcast.id)
        return await _file(request, broadcast, site_sheet(board, self._common(request, board), words(request)))

    async def people(self, request: web.Request) -> web.Response:
        broadcast = await begun(self.desk, request, Deed.EXPORT)
        require(request, Deed.EXPORT, of_roster(broadcast.employer))
        await self._note(request, broadcast, Matter.ROSTER)
        board = await self.desk.read(broadcast.id)
        people = await self.desk.everybody(broadcast)
        return await _file(request, broadcast, people_sheet(people, self._common(request, board), words(request)))

    async def _note(self, request: web.Request, broadcast: Broadcast, matter: Matter) -> None:
        await self.audit.note(reader(request), Deed.EXPORT, matter, broadcast.id)

    def _common(self, request: web.Request, board: Board) -> list[tuple[Column, Cell]]:
        """What every row begins with: what it is about (a drill says so in each), and when this was so."""
        _, zone = words(request), zone_named(board.zone, request.app[LOOK].zone)
        return [
            (Column(heading=_("What"), tag="#meta +kind"), mark(board.broadcast, _)),
            (Column(heading=_("Message"), tag="#event +name"), headline(board.broadcast)),
            (Column(heading=_("Began"), tag="#date +start"), written_at(board.broadcast.begun_at, zone)),
            (Column(heading=_("As of"), tag="#date +updated"), written_at(self.clock.now(), zone)),
        ]


def written_at(at: datetime | None, zone: ZoneInfo) -> str:
    """With its offset from UTC, so that it means the same everywhere: "2026-05-06T12:00:00-03:00"."""
    return at.astimezone(zone).isoformat(timespec="seconds") if at else ""


def site_sheet(board: Board, common: list[tuple[Column, Cell]], _: Words) -> Sheet:
    columns = [
        *(column for column, cell in common),
        Column(heading=_("Site"), tag="#loc +name"),
        Column(heading=_("Latitude"), tag="#geo +lat"),
        Column(heading=_("Longitude"), tag="#geo +lon"),
        Column(heading=_("Recipients"), tag="#targeted"),
        *(Column(heading=_(STANDINGS[one]), tag=TAGS[one]) for one in Standing),
    ]
    rows: list[list[Cell]] = [
        [
            *(cell for column, cell in common),
            row.site.name if row.site else _("No site"),
            row.site.position.latitude if row.site else "",
            row.site.position.longitude if row.site else "",
            row.recipients,
            *(row.counts[one] for one in Standing),
        ]
        for row in board.sites
    ]
    return Sheet(name="sites", columns=columns, rows=rows)


def people_sheet(people: Sequence[Person], common: list[tuple[Column, Cell]], _: Words) -> Sheet:
    columns = [
        *(column for column, cell in common),
        Column(heading=_("Name"), tag="#contact +name"),
        Column(heading=_("Site"), tag="#loc +name"),
        Column(heading=_("Standing"), tag="#status"),
    ]
    rows: list[list[Cell]] = [
        [
            *(cell for column, cell in common),
            person.name or _("Not on your list"),
            person.site.name if person.site else _("No site"),
            _(STANDINGS[person.standing]),
        ]
        for person in people
    ]
    return Sheet(name="people", columns=columns, rows=rows)


async def _file(request: web.Request, broadcast: Broadcast, sheet: Sheet) -> web.Response:
    """Made beside the event loop: a list of a hundred thousand takes seconds."""
    suffix, _ = request.match_info["suffix"], words(request)
    if suffix == "csv":
        make, kind = partial(csv_file, sheet.columns, sheet.rows), "text/csv"
    else:
        title = mark(broadcast, _)
        make = partial(excel_file, title, sheet.columns, sheet.rows, is_rtl=_.direction == "rtl")
        kind = EXCEL
    name = file_name(sheet.name, broadcast, suffix)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=await asyncio.to_thread(make), content_type=kind, headers=headers)


def routes(*, desk: BoardDesk, clock: Clock, audit: AuditDesk) -> list[web.RouteDef]:
    exports = Exports(desk=desk, clock=clock, audit=audit)
    return [
        web.get("/board/{id}/sites.{suffix:csv|xlsx}", exports.sites),
        web.get("/board/{id}/people.{suffix:csv|xlsx}", exports.people),
    ]
