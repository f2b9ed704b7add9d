"""Owns the list of alerts, drills and notices, how a new one begins, and the addresses of all alert pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel

from bot.console import alert_words, approval, cap_imports, drafts
from bot.console.alert_scene import names
from bot.console.cap_imports import Intake
from bot.console.forms import Form, blank, read_form
from bot.console.guard import require
from bot.console.render import page
from bot.console.visit import reader, see_other, words
from bot.console.words import N_
from bot.domain.broadcast import Broadcast, BroadcastKind, BroadcastStatus, Info
from bot.domain.employer import Employer, EmployerId
from bot.services import hazards
from bot.services.access import Deed, Reader, may, of_broadcasts
from bot.services.broadcasts import BroadcastDesk
from bot.services.hazards import Hazard

_FILTERS: Final[Mapping[str, tuple[str, Callable[[Broadcast], bool]]]] = {
    "all": (N_("All"), lambda _: True),
    "live": (N_("Live now"), lambda one: one.status is BroadcastStatus.LIVE),
    "drafts": (N_("Drafts"), lambda one: one.status is BroadcastStatus.DRAFT),
    "waiting": (N_("Waiting for approval"), lambda one: one.status is BroadcastStatus.SUBMITTED),
    "drills": (N_("Drills"), lambda one: one.kind is BroadcastKind.DRILL),
}
MOST_LISTED = 200


class Begun(BaseModel):
    """What begins a draft; `employer` is chosen by the organisation's own staff, "" being everybody's."""

    kind: BroadcastKind
    hazard: str = ""
    language: str = ""
    employer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    desk: BroadcastDesk
    zone: ZoneInfo
    templates: tuple[Hazard, ...]

    async def show(self, request: web.Request) -> web.Response:
        who = reader(request)
        require(request, Deed.READ, of_broadcasts(who.employer))
        chosen = request.query.get("show", "all")
        _, is_meant = _FILTERS.get(chosen, _FILTERS["all"])
        listed = [one for one in await self.desk.list(who, limit=MOST_LISTED) if is_meant(one)]
        async with self.desk.store.look() as unit:
            totals = await unit.recipients.totals([one.id for one in listed])
            staff = await names(unit, {one for it in listed for one in (it.author, it.approver)})
            employers = {} if who.role.is_employers else {one.id: one.name for one in await unit.sites.employers()}
        return page(
            request, "alerts/list.html", listed=listed, totals=totals, staff=staff, employers=employers, chosen=chosen,
            filters={key: label for key, (label, _) in _FILTERS.items()}, labels=alert_words,
            may_write=may(who, Deed.CHANGE, of_broadcasts(who.employer)),
        )  # fmt: skip

    async def new(self, request: web.Request) -> web.Response:
        who = reader(request)
        require(request, Deed.CHANGE, of_broadcasts(who.employer))
        kind = request.query.get("kind", "")
        offered = self.desk.catalogs.languages
        spoken = words(request).language
        language = spoken if spoken in offered else offered[0]
        form = blank(kind=kind if kind in list(BroadcastKind) else BroadcastKind.DRILL.value, language=language)
        return await self._new(request, form)

    async def begin(self, request: web.Request) -> web.Response:
        """Store a draft with a template's texts in every language, and go on to its form."""
        who, _ = reader(request), words(request)
        require(request, Deed.CHANGE, of_broadcasts(who.employer))
        form = await read_form(request, Begun)
        if form.model is None:
            return await self._new(request, form, status=422)
        employer = EmployerId(form.model.employer) if form.model.employer and not who.role.is_employers else None
        if employer and employer not in {one.id for one in await self._employers(who)}:
            return await self._new(request, form.failed(_("Please choose one of the list."), "employer"), status=422)
        draft = self.desk.new(who, form.model.kind, employer=employer)
        draft = replace(draft, source_language=self._language(form.model.language))
        template = next((one for one in self.templates if one.key == form.model.hazard), None)
        stored = await self.desk.draft(who, self._from(template, draft) if template else draft)
        return see_other(f"/console/alerts/{stored.id}/edit", request=request)

    def _language(self, asked: str) -> str:
        offered = self.desk.catalogs.languages
        return asked if asked in offered else offered[0]

    def _from(self, template: Hazard, draft: Broadcast) -> Broadcast:
        """The draft as its template has it, in every language; nobody has reviewed it yet."""
        written = {
            language: hazards.draft(template, language, self.desk.catalogs, {})
            for language in self.desk.catalogs.languages
        }
        infos = {
            language: Info(headline=text.headline, description=text.description, instruction=text.instruction)
            for language, text in written.items()
        }
        asks = template.asks_check_in and draft.asks_check_in
        return replace(
            draft,
            hazard=template.key,
            event=template.event,
            category=template.category,
            urgency=template.urgency,
            severity=template.severity,
            certainty=template.certainty,
            response=template.response,
            infos=infos,
            asks_check_in=asks,
            repeats=draft.repeats if asks else (),
            expires_at=draft.created_at + timedelta(hours=template.life_hours),
        )

    async def _new(self, request: web.Request, form: Form[Any], *, status: int = 200) -> web.Response:
        _ = words(request)
        known = [(one.id, one.name) for one in await self._employers(reader(request))]
        events = {one.key: self.desk.catalogs.text(one.event, _.language, domain="bot") for one in self.templates}
        return page(
            request, "alerts/new.html", status=status, form=form, events=events,
            employers=[("", _("All employers")), *known] if known else [],
            languages=[(one, alert_words.language_name(one, _)) for one in self.desk.catalogs.languages],
        )  # fmt: skip

    async def _employers(self, who: Reader) -> Sequence[Employer]:
        """Those that this reader may write for besides their own."""
        if who.role.is_employers:
            return ()
        async with self.desk.store.look() as unit:
            return await unit.sites.employers()


def routes(*, desk: BroadcastDesk, zone: ZoneInfo, intake: Intake) -> list[web.RouteDef]:
    """Everything under /alerts; `zone` is the deployment's, `intake` reads CAP messages of others."""
    pages = Alerts(desk=desk, zone=zone, templates=hazards.load())
    return [
        web.get("/alerts", pages.show),
        web.get("/alerts/new", pages.new),
        web.post("/alerts", pages.begin),
        *cap_imports.routes(desk=desk, intake=intake),
        *drafts.routes(desk=desk, zone=zone, templates=pages.templates),
        *approval.routes(desk=desk, zone=zone),
    ]
