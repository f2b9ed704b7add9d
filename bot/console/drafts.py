"""Owns the page of a draft: its form, saving it without losing a word, counting its audience, reviewing a language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.console import alert_words
from bot.console.alert_scene import Scene, around, found
from bot.console.draft_form import Edited, changed, fillable, is_same, typed_values
from bot.console.forms import Form, read_form
from bot.console.render import draw, page
from bot.console.visit import reader, see_other, words
from bot.console.words import Words
from bot.domain.broadcast import Broadcast, BroadcastStatus
from bot.domain.contact import Channel
from bot.domain.errors import Conflict, InputError
from bot.i18n import direction
from bot.services.access import Deed
from bot.services.alert_areas import sites_in
from bot.services.broadcasts import BroadcastDesk, Preview
from bot.services.hazards import Hazard
from bot.services.proofreading import FIELDS, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    desk: BroadcastDesk
    zone: ZoneInfo
    templates: tuple[Hazard, ...]

    async def edit(self, request: web.Request) -> web.Response:
        broadcast = await found(self.desk, request, Deed.CHANGE)
        if broadcast.status is not BroadcastStatus.DRAFT:
            return see_other(f"/console/alerts/{broadcast.id}", request=request)
        scene = await around(self.desk.store, broadcast, self.zone)
        preview = await self.desk.preview(reader(request), broadcast.id)
        errors = errors_of((*preview.faults, *preview.notes), broadcast, words(request))
        form: Form[Any] = Form(None, typed_values(broadcast, scene.zone), errors)
        return self._page(request, broadcast, scene, form, preview)

    async def save(self, request: web.Request) -> web.Response:
        _, who = words(request), reader(request)
        stored = await found(self.desk, request, Deed.CHANGE)
        scene = await around(self.desk.store, stored, self.zone)
        form = await read_form(request, Edited)
        if form.model is None:
            return self._page(request, stored, scene, form, status=422)
        typed = self._changed(stored, form.model, scene)
        try:
            if not is_same(stored, typed):
                stored = await self.desk.change(who, typed)
            if form.model.review:
                stored = await self.desk.review(who, stored.id, form.model.review)
        except Conflict:
            return await self._differing(request, form)
        except InputError as error:
            return self._page(request, stored, scene, form.failed(_.of(error)), status=422)
        return self._saved(request, stored, form.model)

    async def count(self, request: web.Request) -> web.Response:
        """Who would get what is typed now: asked by the page as the audience changes; nothing is stored."""
        stored = await found(self.desk, request, Deed.CHANGE)
        scene = await around(self.desk.store, stored, self.zone)
        form = await read_form(request, Edited)
        if form.model is None:
            values: dict[str, Any] = {"problem": next(iter(form.errors.values()))}
        else:
            typed = self._changed(stored, form.model, scene)
            values = _counted(request, await self.desk.foresee(reader(request), typed), scene)
        return web.Response(text=draw(request, "alerts/count.html", "count", **values), content_type="text/html")

    # --- inside -----------------------------------------------------------------------------------------------------

    def _changed(self, stored: Broadcast, form: Edited, scene: Scene) -> Broadcast:
        return changed(
            stored, form, languages=self._languages(stored), zone=scene.zone, now=self.desk.clock.now()
        )  # fmt: skip

    def _languages(self, broadcast: Broadcast) -> tuple[str, ...]:
        """The source's first, then those offered here, then what else an imported alert has."""
        return tuple(dict.fromkeys([broadcast.source_language, *self.desk.catalogs.languages, *broadcast.infos]))

    def _saved(self, request: web.Request, stored: Broadcast, form: Edited) -> web.Response:
        _ = words(request)
        if form.go == "look":
            return see_other(f"/console/alerts/{stored.id}", request=request)
        if form.review:
            language = alert_words.language_name(form.review, _)
            told = _("Saved. You stand for the text in {language}.", language=language)
            return see_other(f"/console/alerts/{stored.id}/edit#text-{form.review}", told, request=request)
        return see_other(f"/console/alerts/{stored.id}/edit", _("Saved."), request=request)

    async def _differing(self, request: web.Request, form: Form[Edited]) -> web.Response:
        """Somebody saved meanwhile: what was typed stays in the fields, with what is stored now beside it."""
        _ = words(request)
        now = await found(self.desk, request, Deed.CHANGE)
        scene = await around(self.desk.store, now, self.zone)
        theirs = typed_values(now, scene.zone)
        other = {name: value for name, value in theirs.items() if _typed(form.values.get(name)) != _typed(value)}
        problem = _(
            "{name} has changed this draft in the meantime. Your text is still here, theirs is shown below each field. "
            "Compare them, then save: yours will stand.",
            name=scene.name(now.author),
        )
        shown: Form[Any] = Form(None, {**form.values, "revision": now.revision}, {"": problem})
        return self._page(request, now, scene, shown, status=409, other=other)

    def _page(
        self,
        request: web.Request,
        broadcast: Broadcast,
        scene: Scene,
        form: Form[Any],
        preview: Preview | None = None,
        *,
        status: int = 200,
        other: Mapping[str, Any] | None = None,
    ) -> web.Response:
        _ = words(request)
        languages = self._languages(broadcast)
        return page(
            request, "alerts/edit.html", status=status, has_map=True, form=form, broadcast=broadcast, scene=scene,
            title=alert_words.title(broadcast, _), labels=alert_words, other=other or {}, zone=scene.zone,
            languages={tag: alert_words.language_name(tag, _) for tag in languages}, texts=FIELDS,
            directions={tag: direction(tag) for tag in languages}, fillable=fillable(broadcast),
            machine_drafted=self._machine_drafted(broadcast), preview=preview,
            site_choices=[(site.id, site.name) for site in scene.sites],
            group_choices=[(group, group) for group in scene.groups],
            counted=_counted(request, preview, scene) if preview else None,
            points=[{"name": one.name, "at": [one.position.latitude, one.position.longitude]} for one in scene.sites],
        )  # fmt: skip

    def _machine_drafted(self, broadcast: Broadcast) -> frozenset[str]:
        """The languages whose template no speaker has read."""
        template = next((one for one in self.templates if one.key == broadcast.hazard), None)
        if template is None:
            return frozenset()
        catalogs = self.desk.catalogs
        return frozenset(
            language
            for language in broadcast.infos
            if not all(catalogs.is_reviewed(language, "bot", text) for text in template.texts)
        )


def errors_of(faults: Iterable[Fault], broadcast: Broadcast, _: Words) -> dict[str, str]:
    """Faults as the errors of the form's fields."""
    found: dict[str, str] = {}
    for fault in faults:
        name = field_of(fault, broadcast)
        text = fault_text(fault, _)
        found[name] = f"{found[name]} {text}" if name in found else text
    return found


def field_of(fault: Fault, broadcast: Broadcast) -> str:
    """The name of the form's field that mends it."""
    if fault.where in FIELDS:
        return f"{fault.where}-{fault.language or broadcast.source_language}"
    return {"audience": "sites", "references": ""}.get(fault.where, fault.where)


def fault_text(fault: Fault, _: Words) -> str:
    """The fault in the reader's language."""
    known = fault.variables.get("channel")
    named = {"channel": _(alert_words.CHANNELS[Channel(str(known))])} if known else {}
    return _(fault.msgid, **{**fault.variables, **named})


def _counted(request: web.Request, preview: Preview, scene: Scene) -> dict[str, Any]:
    who, forecast = reader(request), preview.forecast
    area = preview.broadcast.audience.area
    is_few = alert_words.count_shown(forecast.recipients, who) is None  # nothing at all is told of so few (R2)
    inside = set(sites_in(area, scene.sites)) if area else set()
    return {
        "problem": "",
        "recipients": forecast.recipients,
        "missed": 0 if is_few else alert_words.count_shown(sum(forecast.missed.values()), who),
        "fallbacks": 0 if is_few else alert_words.count_shown(sum(forecast.fallbacks.values()), who),
        "inside": [site.name for site in scene.sites if site.id in inside] if area else None,
    }


def _typed(value: Any) -> Any:
    """The same for a field that is empty and one that was not sent."""
    return list(value) if isinstance(value, list | tuple) and value else str(value or "").strip()


def routes(*, desk: BroadcastDesk, zone: ZoneInfo, templates: tuple[Hazard, ...]) -> list[web.RouteDef]:
    pages = Drafts(desk=desk, zone=zone, templates=templates)
    return [
        web.get("/alerts/{id}/edit", pages.edit),
        web.post("/alerts/{id}/edit", pages.save),
        web.post("/alerts/{id}/count", pages.count),
    ]
