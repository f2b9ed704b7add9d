"""Owns the pages of sites: the list, one site, its poster, and who of the company is on call."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import available_timezones

from aiohttp import web
from pydantic import BaseModel, Field, field_validator

from bot.console.alert_words import CHANNELS
from bot.console.company import Company, choice, company_of
from bot.console.forms import Form, blank, read_form
from bot.console.render import page
from bot.console.visit import see_other, words
from bot.console.words import N_
from bot.domain.employer import OnCall, Site, SiteId
from bot.domain.errors import Conflict
from bot.domain.values import Position
from bot.services import joining
from bot.services.access import Deed
from bot.services.cells import persons_phone
from bot.services.joining import Poster, Ways
from bot.services.ports import Clock, Ids, Store

BAD_CODE = N_("A code has 3 to 32 letters and digits, at least one of each, such as RIVER1.")
TAKEN = N_("Another site has this code. Please take another.")
BAD_PHONE = N_("This is no phone number. Write it with its country, such as +55 51 99999 0000.")
BAD_ZONE = N_("This is no time zone. Write one such as America/Sao_Paulo.")
MAX_ON_CALL = 5

DrawPoster = Callable[[Poster, datetime], bytes]


class SiteForm(BaseModel):
    """A site as it is typed."""

    name: str = Field(max_length=120)
    code: str = Field(max_length=32)
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    assembly_point: str = Field("", max_length=300)
    contact_phone: str = Field("", max_length=40)
    timezone: str = Field(max_length=64)
    languages: tuple[str, ...] = ()

    @field_validator("code")
    @classmethod
    def _is_code(cls, value: str) -> str:
        code = joining.plain(value)
        if not joining.CODE.fullmatch(code):
            raise ValueError(BAD_CODE)
        return code

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        if value.strip() not in available_timezones():
            raise ValueError(BAD_ZONE)
        return value.strip()


class OnCallForm(BaseModel):
    """Who answers day and night: one a line, a name and a phone."""

    contacts: str = Field("", max_length=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePages:
    store: Store
    clock: Clock
    ids: Ids
    ways: Ways
    languages: Mapping[str, str]  # offered: code to own name
    region: str
    timezone: str
    draw_poster: DrawPoster

    async def index(self, request: web.Request) -> web.Response:
        if (chosen := await choice(request, self.store)) is not None:
            return chosen
        company = await company_of(request, self.store)
        async with self.store.transaction() as unit:
            sites = await unit.sites.of(company.employer.id)
            people = await unit.roster.people(company.employer.id)
        counts = Counter(one.site for one in people if one.left_at is None)
        return page(request, "sites/list.html", company=company, sites=sites, counts=counts)

    async def new(self, request: web.Request) -> web.Response:
        company = await company_of(request, self.store, Deed.CHANGE)
        return self._edit(request, company, blank(timezone=self.timezone, languages=list(self.languages)))

    async def add(self, request: web.Request) -> web.Response:
        company = await company_of(request, self.store, Deed.CHANGE)
        return await self._save(request, company, SiteId(self.ids.new()), None)

    async def show(self, request: web.Request) -> web.Response:
        company, site = await self._site(request)
        values = {
            "name": site.name, "code": site.code, "latitude": site.position.latitude,
            "longitude": site.position.longitude, "assembly_point": site.assembly_point,
            "contact_phone": site.contact_phone, "timezone": site.timezone, "languages": list(site.languages),
        }  # fmt: skip
        return self._edit(request, company, blank(**values), site)

    async def save(self, request: web.Request) -> web.Response:
        company, site = await self._site(request, Deed.CHANGE)
        return await self._save(request, company, site.id, site)

    async def poster(self, request: web.Request) -> web.Response:
        company, site = await self._site(request)
        sheet = joining.poster_of(site, company.employer, ways=self.ways, offered=tuple(self.languages))
        # Setting type takes a second: others must not wait for it.
        pdf = await asyncio.to_thread(self.draw_poster, sheet, self.clock.now())
        name = re.sub(r"[^A-Za-z0-9_-]", "-", site.code)
        headers = {"Content-Disposition": f'inline; filename="poster-{name}.pdf"'}
        return web.Response(body=pdf, content_type="application/pdf", headers=headers)

    async def on_call(self, request: web.Request) -> web.Response:
        company = await company_of(request, self.store)
        lines = "\n".join(f"{one.name}, {one.phone}" for one in company.employer.on_call)
        return page(request, "sites/on_call.html", company=company, form=blank(contacts=lines))

    async def save_on_call(self, request: web.Request) -> web.Response:
        _ = words(request)
        company = await company_of(request, self.store, Deed.CHANGE)
        form = await read_form(request, OnCallForm)
        if form.model is not None:
            try:
                on_call = _on_call(form.model.contacts, self.region)
            except ValueError as error:
                form = form.failed(_.of(error), "contacts")
        if form.model is None:
            return page(request, "sites/on_call.html", status=422, company=company, form=form)
        async with self.store.transaction() as unit:
            await unit.sites.put(replace(company.employer, on_call=on_call), [])
        return see_other(company.url("/sites"), _("Saved."), request=request)

    # ------------------------------------------------------------------------------------------------------------------

    async def _site(self, request: web.Request, deed: Deed = Deed.READ) -> tuple[Company, Site]:
        company = await company_of(request, self.store, deed)
        async with self.store.transaction() as unit:
            site = await unit.sites.get(SiteId(request.match_info["site"]))
        if site is None or site.employer != company.employer.id:
            raise web.HTTPNotFound
        return company, site

    def _edit(
        self, request: web.Request, company: Company, form: Form[SiteForm], site: Site | None = None, status: int = 200
    ) -> web.Response:
        return page(
            request,
            "sites/edit.html",
            status=status,
            company=company,
            site=site,
            form=form,
            offered=list(self.languages.items()),
            ways=self.ways.to(site) if site else (),
            channels=CHANNELS,
        )

    async def _save(self, request: web.Request, company: Company, id_: SiteId, before: Site | None) -> web.Response:
        _ = words(request)
        form = await read_form(request, SiteForm)
        phone = ""
        if form.model is not None and form.model.contact_phone:
            try:
                phone = persons_phone(form.model.contact_phone, self.region)
            except ValueError:
                form = form.failed(_(BAD_PHONE), "contact_phone")
        if form.model is None:
            return self._edit(request, company, form, before, status=422)
        typed = form.model
        site = Site(
            id=id_,
            employer=company.employer.id,
            name=typed.name.strip(),
            code=typed.code,
            position=Position(latitude=typed.latitude, longitude=typed.longitude),
            assembly_point=typed.assembly_point.strip(),
            timezone=typed.timezone,
            languages=tuple(language for language in self.languages if language in typed.languages),
            contact_phone=phone,
        )
        try:
            async with self.store.transaction() as unit:
                await unit.sites.put(company.employer, [site])
        except Conflict:
            return self._edit(request, company, form.failed(_(TAKEN), "code"), before, status=422)
        return see_other(company.url(f"/sites/{site.id}"), _("Saved."), request=request)


def _on_call(text: str, region: str) -> tuple[OnCall, ...]:
    """Lines of a name and a phone, apart by a comma; raises ValueError with what is wrong."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        name, _, phone = line.rpartition(",")
        try:
            found.append(OnCall(name=name.strip(), phone=persons_phone(phone.strip(), region)))
        except ValueError:
            raise ValueError(BAD_PHONE) from None
        if not name.strip():
            raise ValueError(N_("Write a name, a comma and a phone on each line."))
    if len(found) > MAX_ON_CALL:
        raise ValueError(N_("Name 5 people at most."))
    return tuple(found)


def routes(
    *,
    store: Store,
    clock: Clock,
    ids: Ids,
    ways: Ways,
    languages: Mapping[str, str],
    region: str,
    timezone: str,
    draw_poster: DrawPoster,
) -> Sequence[web.RouteDef]:
    pages = SitePages(
        store=store, clock=clock, ids=ids, ways=ways, languages=languages, region=region, timezone=timezone,
        draw_poster=draw_poster,
    )  # fmt: skip
    return [
        web.get("/sites", pages.index),
        web.get("/sites/new", pages.new),
        web.post("/sites/new", pages.add),
        web.get("/sites/on-call", pages.on_call),
        web.post("/sites/on-call", pages.save_on_call),
        web.get("/sites/{site}", pages.show),
        web.post("/sites/{site}", pages.save),
        web.get("/sites/{site}/poster.pdf", pages.poster),
    ]
