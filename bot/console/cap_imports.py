"""Owns the page that makes a draft of a CAP message of others, from a file or an address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.forms import Form, blank, read_form, upload
from bot.console.guard import require
from bot.console.render import page
from bot.console.visit import reader, words
from bot.domain.broadcast import Broadcast, Provenance
from bot.domain.delivery import BroadcastId
from bot.domain.employer import EmployerId, Site
from bot.domain.errors import InputError, Unavailable
from bot.domain.staff import StaffId
from bot.services.access import Deed, of_broadcasts
from bot.services.broadcasts import BroadcastDesk

MAX_FILE = 1024 * 1024  # bytes: an alert has a few thousand


class Intake(Protocol):
    """Reads alerts of others."""

    async def fetch(self, url: str) -> bytes:
        """What is at a public address; raises InputError or Unavailable."""
        ...

    def take(
        self,
        data: bytes,
        *,
        base: str,
        employer: EmployerId | None,
        author: StaffId,
        sites: Sequence[Site],
        ours: Mapping[Provenance, BroadcastId],
    ) -> tuple[Broadcast, tuple[str, ...]] | list[tuple[str, str, str]]:
        """A draft with what its author should look at; of a feed the address, title and time of each alert.

        Raises InputError with the line of what is wrong.
        """
        ...


class Source(BaseModel):
    url: str = Field("", max_length=2000)
    employer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapImports:
    desk: BroadcastDesk
    intake: Intake

    async def show(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, of_broadcasts(reader(request).employer))
        return await self._page(request, blank())

    async def take(self, request: web.Request) -> web.Response:
        who = reader(request)
        require(request, Deed.CHANGE, of_broadcasts(who.employer))
        form = await read_form(request, Source)
        if form.model is None:
            return await self._page(request, form, status=422)
        field = "url" if form.model.url else "file"
        try:
            taken = await self._take(request, form.model)
            if isinstance(taken, list):
                return await self._page(request, form, listed=taken)
            draft, remarks = taken
            stored = await self.desk.draft(who, draft)
        except (InputError, Unavailable) as error:
            return await self._page(request, form.failed(words(request).of(error), field), status=422)
        return page(request, "alerts/taken.html", broadcast=stored, remarks=remarks)

    async def _take(
        self, request: web.Request, source: Source
    ) -> tuple[Broadcast, tuple[str, ...]] | list[tuple[str, str, str]]:
        who, url = reader(request), source.url.strip()
        employer = who.employer if who.role.is_employers else EmployerId(source.employer) if source.employer else None
        data = await self.intake.fetch(url) if url else (await upload(request, "file", max_bytes=MAX_FILE))[1]
        async with self.desk.store.look() as unit:
            if employer and await unit.sites.employer(employer) is None:
                raise InputError("There is no such employer.")
            sites = await (unit.sites.of(employer) if employer else unit.sites.all())
        known = await self.desk.list(who)
        ours = {
            one.provenance: one.id
            for one in known
            if one.provenance and one.status.is_begun and one.employer == employer
        }
        return self.intake.take(
            data, base=url, employer=employer, author=StaffId(who.id), sites=sites, ours=ours
        )  # fmt: skip

    async def _page(
        self,
        request: web.Request,
        form: Form[Source],
        *,
        status: int = 200,
        listed: Sequence[tuple[str, str, str]] = (),
    ) -> web.Response:
        async with self.desk.store.look() as unit:
            employers = [] if reader(request).role.is_employers else await unit.sites.employers()
        return page(request, "alerts/cap.html", status=status, form=form, listed=listed, employers=employers)


def routes(*, desk: BroadcastDesk, intake: Intake) -> list[web.RouteDef]:
    pages = CapImports(desk=desk, intake=intake)
    return [web.get("/alerts/cap", pages.show), web.post("/alerts/cap", pages.take)]
