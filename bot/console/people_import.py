"""Owns the import of people from a file: by way of a preview, before which nothing is written."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from bot.console.company import Company, company_of
from bot.console.forms import blank, upload
from bot.console.people_list import sample_csv
from bot.console.render import page
from bot.console.visit import see_other, visit, words
from bot.console.words import N_
from bot.domain.employer import EmployerId, Site
from bot.domain.errors import InputError
from bot.services.access import Deed
from bot.services.cells import Row
from bot.services.ports import Clock
from bot.services.roster import RosterDesk
from bot.services.roster_plan import Kind, Plan
from bot.services.roster_rows import COLUMNS, RosterSheet, read_roster

MAX_BYTES = 5 * 1024 * 1024
PREVIEW_LIFE = timedelta(minutes=30)
MAX_PREVIEWS = 20  # in this process: each may hold 20,000 people
SHOWN = 200  # changes and problems on a preview; the counts are of all

ReadRows = Callable[[bytes, str], Iterable[Row]]

FIELDS = {
    "name": N_("Name"), "phones": N_("Phone"), "whatsapp": N_("WhatsApp"), "language": N_("Language"),
    "nationality": N_("Nationality"), "employee_number": N_("Employee number"), "site": N_("Site"),
    "groups": N_("Groups"), "left": N_("Left"), "joined by code": N_("Joined by a code"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A file that was read and not yet imported; `owner` is the hash of the session that may see it."""

    owner: str
    employer: EmployerId
    file: str
    sheet: RosterSheet
    marks_leavers: bool
    expires_at: datetime


@dataclass(slots=True)
class Previews:
    """Files between reading and importing, in this process only: lost with it, and then read again."""

    clock: Clock
    _kept: dict[str, Preview] = field(default_factory=dict)

    def keep(self, preview: Preview) -> str:
        """Keep it instead of an earlier one of the same session; returns its name."""
        now = self.clock.now()
        others = {id_: one for id_, one in self._kept.items() if one.expires_at > now and one.owner != preview.owner}
        self._kept = dict(list(others.items())[-(MAX_PREVIEWS - 1) :])
        id_ = secrets.token_urlsafe(16)
        self._kept[id_] = preview
        return id_

    def of(self, id_: str, owner: str, employer: EmployerId) -> Preview | None:
        """The session's own preview of that employer, while it lives."""
        found = self._kept.get(id_)
        is_theirs = found is not None and (found.owner, found.employer) == (owner, employer)
        return found if found is not None and is_theirs and found.expires_at > self.clock.now() else None

    def drop(self, id_: str) -> None:
        self._kept.pop(id_, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPages:
    desk: RosterDesk
    read_rows: ReadRows
    previews: Previews

    async def show(self, request: web.Request) -> web.Response:
        company = await company_of(request, self.desk.store, Deed.CHANGE)
        return page(request, "people/import.html", company=company, form=blank(), columns=COLUMNS)

    async def sample(self, request: web.Request) -> web.Response:
        company = await company_of(request, self.desk.store)
        async with self.desk.store.transaction() as unit:
            return csv_answer(sample_csv(await unit.sites.of(company.employer.id)), "people-sample.csv")

    async def read(self, request: web.Request) -> web.Response:
        company = await company_of(request, self.desk.store, Deed.CHANGE)
        try:
            name, body = await upload(request, "file", max_bytes=MAX_BYTES)
            async with self.desk.store.transaction() as unit:
                sites = await unit.sites.of(company.employer.id)
            # A large file takes seconds: others must not wait for it.
            sheet = await asyncio.to_thread(self._read, body, name[:80], sites)
        except InputError as refusal:
            form = blank().failed(words(request).of(refusal), "file")
            return page(request, "people/import.html", status=422, company=company, form=form, columns=COLUMNS)
        marks_leavers = "leavers" in await request.post()
        preview = Preview(
            owner=_owner(request),
            employer=company.employer.id,
            file=name[:80],
            sheet=sheet,
            marks_leavers=marks_leavers,
            expires_at=self.desk.clock.now() + PREVIEW_LIFE,
        )
        return see_other(company.url(f"/people/import/{self.previews.keep(preview)}"), request=request)

    def _read(self, body: bytes, name: str, sites: Sequence[Site]) -> RosterSheet:
        return read_roster(self.read_rows(body, name), sites=sites, region=self.desk.region)

    async def preview(self, request: web.Request) -> web.Response:
        company, preview = await self._preview(request)
        if preview is None:
            return self._expired(request, company)
        plan = await self.desk.plan(company.employer.id, preview.sheet, marks_leavers=preview.marks_leavers)
        return self._page(request, company, preview, plan)

    async def confirm(self, request: web.Request) -> web.Response:
        """Carry out what the preview showed; with problems only if leaving their rows out was chosen."""
        _ = words(request)
        company, preview = await self._preview(request)
        if preview is None:
            return self._expired(request, company)
        plan = await self.desk.plan(company.employer.id, preview.sheet, marks_leavers=preview.marks_leavers)
        skips_bad = "skip_bad" in await request.post()
        if not plan.items or (plan.problems and not skips_bad):
            return self._page(request, company, preview, plan, status=422)
        done = await self.desk.carry_out(company.employer.id, preview.sheet, marks_leavers=preview.marks_leavers)
        self.previews.drop(request.match_info["preview"])
        told = _(
            "Imported: {new} new, {changed} changed, {same} the same, {leaving} left.",
            new=done.count(Kind.NEW), changed=done.count(Kind.CHANGED), same=done.count(Kind.SAME),
            leaving=len(done.leaving),
        )  # fmt: skip
        return see_other(company.url("/people"), told, request=request)

    async def _preview(self, request: web.Request) -> tuple[Company, Preview | None]:
        company = await company_of(request, self.desk.store, Deed.CHANGE)
        found = self.previews.of(request.match_info["preview"], _owner(request), company.employer.id)
        return company, found

    def _expired(self, request: web.Request, company: Company) -> web.Response:
        _ = words(request)
        told = _("This preview has ended. Nothing was imported. Choose the file again.")
        return see_other(company.url("/people/import"), told, kind="problem", request=request)

    def _page(
        self, request: web.Request, company: Company, preview: Preview, plan: Plan, status: int = 200
    ) -> web.Response:
        _ = words(request)
        changed = [item for item in plan.items if item.kind is Kind.CHANGED]
        new = [item for item in plan.items if item.kind is Kind.NEW]
        return page(
            request,
            "people/preview.html",
            status=status,
            company=company,
            preview=preview,
            plan=plan,
            counts={kind.value: plan.count(kind) for kind in Kind},
            new=new[:SHOWN],
            changed=changed[:SHOWN],
            problems=plan.problems[:SHOWN],
            bad_rows=len({problem.row for problem in plan.problems}),
            leaving=plan.leaving[:SHOWN],
            fields={name: _(text) for name, text in FIELDS.items()},
        )


def _owner(request: web.Request) -> str:
    return hashlib.sha256(visit(request).token.encode()).hexdigest()


def csv_answer(body: bytes, name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)


def routes(*, desk: RosterDesk, read_rows: ReadRows) -> Sequence[web.RouteDef]:
    """`read_rows` reads a file's bytes as a table; the name is for its complaints."""
    pages = ImportPages(desk=desk, read_rows=read_rows, previews=Previews(desk.clock))
    return [
        web.get("/people/sample.csv", pages.sample),
        web.get("/people/import", pages.show),
        web.post("/people/import", pages.read),
        web.get("/people/import/{preview}", pages.preview),
        web.post("/people/import/{preview}", pages.confirm),
    ]
