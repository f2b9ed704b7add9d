"""Owns the pages of people: the list, one person, and the import of a file by way of a preview."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.company import Company, choice, company_of, tongue
from bot.console.forms import Form, blank, read_form, upload
from bot.console.people_list import PAGE, REACHABLE, Filters, Person, as_csv, persons, sample_csv
from bot.console.preparedness import BARRIERS, CHANNELS
from bot.console.render import page
from bot.console.visit import see_other, visit, words
from bot.console.words import N_
from bot.domain.contact import Contact, ContactId
from bot.domain.employer import EmployerId, Site
from bot.domain.errors import Conflict, InputError
from bot.services.access import Deed
from bot.services.cells import Row
from bot.services.ports import Clock
from bot.services.preparedness import Means
from bot.services.roster import Edit, RosterDesk, edit, mark_left
from bot.services.roster_plan import Kind, Plan
from bot.services.roster_rows import COLUMNS, RosterSheet, read_person, read_roster

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


class PersonForm(BaseModel):
    """One person as typed; the words are read as those of a file are."""

    name: str = Field("", max_length=300)
    phone: str = Field("", max_length=120)
    whatsapp: str = Field("", max_length=120)
    language: str = Field("", max_length=60)
    site: str = Field("", max_length=64)
    group: str = Field("", max_length=300)
    nationality: str = Field("", max_length=60)
    employee_number: str = Field("", max_length=32)


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
class PeoplePages:
    desk: RosterDesk
    means: Means
    read_rows: ReadRows
    previews: Previews

    # --- the list -------------------------------------------------------------------------------------------------

    async def index(self, request: web.Request) -> web.Response:
        if (chosen := await choice(request, self.desk.store)) is not None:
            return chosen
        _ = words(request)
        company = await company_of(request, self.desk.store)
        people, sites = await self._people(company)
        filters = Filters.of(request.query)
        found = filters.chosen(people)
        pages = max(1, -(-len(found) // PAGE))
        at = min(max(1, _whole(request.query.get("page", "1"))), pages)
        asked = {name: request.query.get(name, "") for name in ("q", "site", "group", "reach", "left")}
        return page(
            request,
            "people/list.html",
            fragment="rows",
            company=company,
            people=found[(at - 1) * PAGE : at * PAGE],
            total=len(found),
            is_empty=not people,
            at=at,
            pages=pages,
            asked=asked,
            filters=blank(**asked),
            sites=[("", _("All sites")), *((site.id, site.name) for site in sites)],
            groups=[("", _("All groups")), *((name, name) for name in _groups(people))],
            reaches=[
                ("", _("Everybody")), (REACHABLE, _("Can be reached")),
                *((barrier.value, _(text)) for barrier, text in BARRIERS.items()),
            ],
            states=_states(_),
            tongue=lambda code: tongue(code, _.language),
        )  # fmt: skip

    async def export(self, request: web.Request) -> web.Response:
        company = await company_of(request, self.desk.store, Deed.EXPORT)
        people, _sites = await self._people(company)
        return _file(as_csv(Filters.of(request.query).chosen(people)), "people.csv")

    # --- one person -----------------------------------------------------------------------------------------------

    async def show(self, request: web.Request) -> web.Response:
        company, contact, sites = await self._person(request)
        (person,) = persons([contact], sites, self.means)
        return self._edit(request, company, person, sites, form=blank(**_typed(person)))

    async def save(self, request: web.Request) -> web.Response:
        _ = words(request)
        company, contact, sites = await self._person(request, Deed.CHANGE)
        (person,) = persons([contact], sites, self.means)
        form = await read_form(request, PersonForm)
        change = None
        if form.model is not None:
            change, form = _change(form, form.model, sites, self.desk.region)
        if change is not None:
            try:
                async with self.desk.store.transaction() as unit:
                    known = await unit.contacts.get(contact.id)
                    if known is None or known.employer != company.employer.id:
                        raise web.HTTPNotFound
                    await edit(unit, known, change)
            except Conflict as refusal:
                form, change = form.failed(_(str(refusal))), None
        if change is None:
            return self._edit(request, company, person, sites, form=form, status=422)
        return see_other(company.url(f"/people/{contact.id}"), _("Saved."), request=request)

    async def mark(self, request: web.Request) -> web.Response:
        """Has left, or is back."""
        _ = words(request)
        company, contact, _sites = await self._person(request, Deed.CHANGE)
        has_left = request.match_info["what"] == "left"
        async with self.desk.store.transaction() as unit:
            await mark_left(unit, contact, self.desk.clock.now() if has_left else None)
        told = _("Marked as left: no alert goes there any more.") if has_left else _("Back on the list.")
        return see_other(company.url(f"/people/{contact.id}"), told, request=request)

    # --- a file ---------------------------------------------------------------------------------------------------

    async def import_(self, request: web.Request) -> web.Response:
        company = await company_of(request, self.desk.store, Deed.CHANGE)
        return page(request, "people/import.html", company=company, form=blank(), columns=COLUMNS)

    async def sample(self, request: web.Request) -> web.Response:
        company = await company_of(request, self.desk.store)
        async with self.desk.store.transaction() as unit:
            return _file(sample_csv(await unit.sites.of(company.employer.id)), "people-sample.csv")

    async def read(self, request: web.Request) -> web.Response:
        company = await company_of(request, self.desk.store, Deed.CHANGE)
        try:
            name, body = await upload(request, "file", max_bytes=MAX_BYTES)
            async with self.desk.store.transaction() as unit:
                sites = await unit.sites.of(company.employer.id)
            # A large file takes seconds: others must not wait for it.
            sheet = await asyncio.to_thread(self._read, body, name[:80], sites)
        except InputError as refusal:
            form = blank().failed(words(request)(_braced(str(refusal))), "file")
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
        return self._plan(request, company, preview, plan)

    async def confirm(self, request: web.Request) -> web.Response:
        """Carry out what the preview showed; with problems only if leaving their rows out was chosen."""
        _ = words(request)
        company, preview = await self._preview(request)
        if preview is None:
            return self._expired(request, company)
        plan = await self.desk.plan(company.employer.id, preview.sheet, marks_leavers=preview.marks_leavers)
        skips_bad = "skip_bad" in await request.post()
        if not plan.items or (plan.problems and not skips_bad):
            return self._plan(request, company, preview, plan, status=422)
        done = await self.desk.carry_out(company.employer.id, preview.sheet, marks_leavers=preview.marks_leavers)
        self.previews.drop(request.match_info["preview"])
        told = _(
            "Imported: {new} new, {changed} changed, {same} the same, {leaving} left.",
            new=done.count(Kind.NEW), changed=done.count(Kind.CHANGED), same=done.count(Kind.SAME),
            leaving=len(done.leaving),
        )  # fmt: skip
        return see_other(company.url("/people"), told, request=request)

    # --- what they share ------------------------------------------------------------------------------------------

    async def _people(self, company: Company) -> tuple[list[Person], Sequence[Site]]:
        async with self.desk.store.transaction() as unit:
            sites = await unit.sites.of(company.employer.id)
            contacts = await unit.roster.people(company.employer.id)
        return persons(contacts, sites, self.means), sites

    async def _person(self, request: web.Request, deed: Deed = Deed.READ) -> tuple[Company, Contact, Sequence[Site]]:
        company = await company_of(request, self.desk.store, deed)
        async with self.desk.store.transaction() as unit:
            contact = await unit.contacts.get(ContactId(request.match_info["person"]))
            sites = await unit.sites.of(company.employer.id)
        if contact is None or contact.employer != company.employer.id:
            raise web.HTTPNotFound
        return company, contact, sites

    def _edit(
        self,
        request: web.Request,
        company: Company,
        person: Person,
        sites: Sequence[Site],
        *,
        form: Form[Any],
        status: int = 200,
    ) -> web.Response:
        _ = words(request)
        return page(
            request,
            "people/edit.html",
            status=status,
            company=company,
            person=person,
            form=form,
            sites=[("", _("No site")), *((site.code, site.name) for site in sites)],
            state=_states(_)[person.state.value],
        )

    async def _preview(self, request: web.Request) -> tuple[Company, Preview | None]:
        company = await company_of(request, self.desk.store, Deed.CHANGE)
        found = self.previews.of(request.match_info["preview"], _owner(request), company.employer.id)
        return company, found

    def _expired(self, request: web.Request, company: Company) -> web.Response:
        _ = words(request)
        told = _("This preview has ended. Nothing was imported. Choose the file again.")
        return see_other(company.url("/people/import"), told, kind="problem", request=request)

    def _plan(
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


def _states(_: Callable[[str], str]) -> Mapping[str, str]:
    channels = {channel.value: _(text) for channel, text in CHANNELS.items()}
    return channels | {barrier.value: _(text) for barrier, text in BARRIERS.items()}


def _groups(people: Iterable[Person]) -> list[str]:
    return sorted({group for person in people for group in person.groups})


def _typed(person: Person) -> dict[str, str]:
    """The person as the form shows them."""
    listing = person.listing
    return {
        "name": listing.name or "",
        "phone": "; ".join(listing.phones),
        "whatsapp": "same"
        if listing.whatsapp and listing.whatsapp == listing.phones[:1]
        else "; ".join(listing.whatsapp),
        "language": listing.language or "",
        "site": person.site.code if person.site else "",
        "group": "; ".join(person.groups),
        "nationality": listing.nationality or "",
        "employee_number": listing.employee_number or "",
    }


def _change(
    form: Form[PersonForm], typed: PersonForm, sites: Sequence[Site], region: str
) -> tuple[Edit | None, Form[PersonForm]]:
    """What was typed, read as a row of a file is; the same words tell what is wrong with it."""
    sheet = read_person(typed.model_dump(), sites=sites, region=region)
    for problem in sheet.problems:
        form = form.failed(problem.message, problem.column)
    if not sheet.entries:
        return None, form
    entry = sheet.entries[0]
    return Edit(listing=entry.listing, site=entry.site, groups=entry.groups), form


def _owner(request: web.Request) -> str:
    return hashlib.sha256(visit(request).token.encode()).hexdigest()


def _whole(text: str) -> int:
    return int(text[:9]) if text.isascii() and text.isdigit() else 1


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _file(body: bytes, name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)


def routes(*, desk: RosterDesk, means: Means, read_rows: ReadRows) -> Sequence[web.RouteDef]:
    """`read_rows` reads a file's bytes as a table; the name is for its complaints."""
    pages = PeoplePages(desk=desk, means=means, read_rows=read_rows, previews=Previews(desk.clock))
    return [
        web.get("/people", pages.index),
        web.get("/people/export.csv", pages.export),
        web.get("/people/sample.csv", pages.sample),
        web.get("/people/import", pages.import_),
        web.post("/people/import", pages.read),
        web.get("/people/import/{preview}", pages.preview),
        web.post("/people/import/{preview}", pages.confirm),
        web.get("/people/{person}", pages.show),
        web.post("/people/{person}", pages.save),
        web.post("/people/{person}/{what:left|back}", pages.mark),
    ]
