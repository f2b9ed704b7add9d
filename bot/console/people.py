"""Owns the pages of people: the list, one person, and the addresses of all pages of people."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console import people_import
from bot.console.alert_words import CHANNELS
from bot.console.company import Company, choice, company_of
from bot.console.forms import Form, blank, read_form
from bot.console.people_import import ReadRows, csv_answer
from bot.console.people_list import PAGE, REACHABLE, Filters, Person, as_csv, persons
from bot.console.preparedness import BARRIERS
from bot.console.render import page
from bot.console.visit import see_other, words
from bot.domain.contact import Contact, ContactId
from bot.domain.employer import Site
from bot.domain.errors import Conflict
from bot.services.access import Deed
from bot.services.preparedness import Means
from bot.services.roster import Edit, RosterDesk, edit, mark_left
from bot.services.roster_rows import read_person


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
class PeoplePages:
    desk: RosterDesk
    means: Means

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
            tongue=_.tongue,
        )  # fmt: skip

    async def export(self, request: web.Request) -> web.Response:
        company = await company_of(request, self.desk.store, Deed.EXPORT)
        people, _sites = await self._people(company)
        return csv_answer(as_csv(Filters.of(request.query).chosen(people)), "people.csv")

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
                form, change = form.failed(_.of(refusal)), None
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


def _whole(text: str) -> int:
    return int(text[:9]) if text.isascii() and text.isdigit() else 1


def routes(*, desk: RosterDesk, means: Means, read_rows: ReadRows) -> Sequence[web.RouteDef]:
    """`read_rows` reads a file's bytes as a table; the name is for its complaints."""
    pages = PeoplePages(desk=desk, means=means)
    return [
        web.get("/people", pages.index),
        web.get("/people/export.csv", pages.export),
        *people_import.routes(desk=desk, read_rows=read_rows),
        web.get("/people/{person}", pages.show),
        web.post("/people/{person}", pages.save),
        web.post("/people/{person}/{what:left|back}", pages.mark),
    ]
