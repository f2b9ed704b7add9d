"""Owns the pages of the live board: who of a broadcast's people is safe, who needs help, who has not been heard of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from bot.console.alert_words import KINDS, MESSAGE_TYPES, status
from bot.console.board_stream import BoardStream
from bot.console.forms import Form, blank, read_form
from bot.console.guard import require
from bot.console.render import LOOK, page
from bot.console.standing_words import CLOSINGS, STANDINGS, account_line
from bot.console.visit import reader, see_other, words
from bot.console.words import N_, Words, zone_named
from bot.domain.broadcast import Broadcast
from bot.domain.checkin import Closing
from bot.domain.delivery import BroadcastId
from bot.domain.employer import SiteId
from bot.domain.errors import Denied
from bot.i18n import written
from bot.services.access import Deed, Reader, may, of_broadcasts, of_roster
from bot.services.board import Board, BoardDesk, Standing
from bot.services.checkins import CheckInDesk
from bot.services.ports import Clock

# What has to be looked at is on the screen of a phone before it is scrolled.
URGENT_FIRST = (
    Standing.HELP, Standing.NO_ANSWER, Standing.NOT_REACHED, Standing.SAFE, Standing.VOUCHED, Standing.CLOSED,
)  # fmt: skip
NOBODY = N_("Choose at least one person.")
LAST = 2**53  # beyond any recipient's number, and within what every database counts


class Closings(BaseModel):
    """Who is closed and why; `is_sure` comes from the page that asks once more."""

    people: tuple[Annotated[int, Field(ge=0, le=LAST)], ...]
    reason: Closing
    is_sure: bool = False


class Asked(BaseModel):
    """Which page of the silent is asked for."""

    site: str = Field("", max_length=64)
    after: int = Field(0, ge=0, le=LAST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boards:
    desk: BoardDesk
    check_ins: CheckInDesk
    stream: BoardStream
    clock: Clock
    hotline: str

    async def list(self, request: web.Request) -> web.Response:
        who = reader(request)
        require(request, Deed.READ, of_broadcasts(who.employer))
        return page(request, "board/list.html", broadcasts=await self.desk.list(who), **labels())

    async def show(self, request: web.Request) -> web.Response:
        broadcast = await begun(self.desk, request)
        values = self._values(request, await self.desk.read(broadcast.id), reader(request))
        return page(request, "board/show.html", has_map=True, **values)

    async def live(self, request: web.Request) -> web.StreamResponse:
        return await self.stream.run(request, await begun(self.desk, request), self._values)

    async def silent(self, request: web.Request) -> web.Response:
        broadcast = await begun(self.desk, request)
        require(request, Deed.READ, of_roster(broadcast.employer))
        return await self._silent(request, broadcast, blank())

    async def close(self, request: web.Request) -> web.Response:
        """Asked once more on a page of its own, with the names, before anybody is closed (R10)."""
        _, broadcast = words(request), await begun(self.desk, request)
        require(request, Deed.CHANGE, of_broadcasts(broadcast.employer))
        form = await read_form(request, Closings)
        if form.model is None:
            form = form.failed(_(NOBODY), "people") if "people" in form.errors else form
            return await self._silent(request, broadcast, form, status=422)
        if not form.model.is_sure:
            people = await self.desk.those(broadcast, form.model.people)
            return page(
                request, "board/close.html", people=people, reason=form.model.reason, broadcast=broadcast, **labels()
            )
        closed = await self.check_ins.close(reader(request), broadcast.id, form.model.people, form.model.reason)
        told = _.plural("{n} person is closed.", "{n} people are closed.", closed)
        if left := len(set(form.model.people)) - closed:
            kept = _.plural(
                "{n} was not closed: this person has answered, or was closed before.",
                "{n} were not closed: they have answered, or were closed before.",
                left,
            )
            told = f"{told} {kept}"
        return see_other(f"/console/board/{broadcast.id}/silent", told, request=request)

    async def _silent(
        self, request: web.Request, broadcast: Broadcast, form: Form[Closings], *, status: int = 200
    ) -> web.Response:
        asked = _asked(request)
        people, following = await self.desk.silent(broadcast, site=SiteId(asked.site) or None, after=asked.after)
        values = self._values(request, await self.desk.read(broadcast.id), reader(request))
        return page(
            request, "board/silent.html", status=status, form=form, people=people, following=following, asked=asked,
            **values,
        )  # fmt: skip

    def _values(self, request: web.Request, board: Board, who: Reader) -> dict[str, Any]:
        """What the templates of a board know."""
        _, broadcast, now = words(request), board.broadcast, self.clock.now()
        subject = of_broadcasts(broadcast.employer)
        zone = zone_named(board.zone, request.app[LOOK].zone)
        return {
            "board": board,
            "broadcast": broadcast,
            "board_zone": zone,
            "account": [(account_line(line, _), count) for line, count in board.account.items()],
            "since": since((broadcast.ended_at or now) - (broadcast.begun_at or now), _),
            "sees_names": may(who, Deed.READ, of_roster(broadcast.employer)),
            "may_close": may(who, Deed.CHANGE, subject),
            "may_export": may(who, Deed.EXPORT, subject),
            "hotline": self.hotline,
            "now": now,
            "clock_time": f"{now.astimezone(zone):%H:%M}",
            "at_second": partial(at_second, zone=zone, first=broadcast.begun_at),
            "number": partial(written, language=_.language),
            "closing_pairs": [(one.value, _(text)) for one, text in CLOSINGS.items()],
            "lost_at": None,
            **labels(),
        }


async def begun(desk: BoardDesk, request: web.Request, deed: Deed = Deed.READ) -> Broadcast:
    """The broadcast of the address; 404 for what is not there, not begun or not theirs, 403 for what may be read."""
    broadcast = BroadcastId(request.match_info["id"])
    try:
        found = await desk.broadcast(reader(request), broadcast)
    except Denied as error:
        raise web.HTTPNotFound from error
    require(request, deed, of_broadcasts(found.employer))
    return found


def labels() -> Mapping[str, Any]:
    """Words that templates translate: `_(standings[standing])`."""
    return {
        "standings": STANDINGS,
        "Standing": Standing,
        "urgent_first": URGENT_FIRST,
        "closings": CLOSINGS,
        "kinds": KINDS,
        "types": MESSAGE_TYPES,
        "status_of": status,
    }


def since(span: timedelta, _: Words) -> str:
    """How long ago, in hours and minutes."""
    minutes = max(0, int(span.total_seconds()) // 60)
    if minutes < 60:
        return _.plural("{n} minute", "{n} minutes", minutes)
    if minutes < 48 * 60:
        return _("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
    return _.plural("{n} day", "{n} days", minutes // (24 * 60))


def at_second(at: datetime, *, zone: ZoneInfo, first: datetime | None) -> str:
    """A time of the chart's table; with its day once a day has gone by."""
    is_long = first is not None and at - first > timedelta(days=1)
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if is_long else f"{at.astimezone(zone):%H:%M:%S}"


def _asked(request: web.Request) -> Asked:
    try:
        return Asked.model_validate(dict(request.query))
    except ValidationError as error:
        raise web.HTTPNotFound from error


def routes(
    *, desk: BoardDesk, check_ins: CheckInDesk, stream: BoardStream, clock: Clock, hotline: str
) -> list[web.RouteDef]:
    pages = Boards(desk=desk, check_ins=check_ins, stream=stream, clock=clock, hotline=hotline)
    return [
        web.get("/board", pages.list),
        web.get("/board/{id}", pages.show),
        web.get("/board/{id}/live", pages.live),
        web.get("/board/{id}/silent", pages.silent),
        web.post("/board/{id}/close", pages.close),
    ]
