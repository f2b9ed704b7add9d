"""Owns looking at a broadcast before it goes out, letting it out by a second person, and what comes afterwards."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console import alert_words
from bot.console.alert_phones import phones
from bot.console.alert_scene import around, found, states
from bot.console.draft_form import typed_values
from bot.console.drafts import fault_text, field_of
from bot.console.forms import Form, blank, read_form
from bot.console.render import page
from bot.console.visit import reader, see_other, words
from bot.console.words import N_, Words
from bot.domain.broadcast import Audience, Broadcast, BroadcastKind, BroadcastStatus
from bot.domain.contact import Channel
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.staff import StaffId
from bot.services.access import Deed, Reader, may, of_broadcasts
from bot.services.broadcasts import BroadcastDesk, NotReady, Preview
from bot.services.proofreading import Fault

FALLBACKS = N_("Say first that you know of those who would read another language than their own.")


class Approval(BaseModel):
    """`recipients` is typed by hand, in digits of any script; `revision` is what was looked at."""

    recipients: str = Field(max_length=12)
    revision: int
    knows_fallbacks: bool = False

    @property
    def number(self) -> int | None:
        typed = "".join(self.recipients.split())
        return int(typed) if typed.isdecimal() else None


class Submission(BaseModel):
    knows_fallbacks: bool = False  # that some would read another language than their own


class Reviewed(BaseModel):
    language: str
    revision: int  # what was read


class Updated(BaseModel):
    includes_waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    desk: BroadcastDesk
    zone: ZoneInfo

    async def show(self, request: web.Request) -> web.Response:
        broadcast = await found(self.desk, request)
        if broadcast.status.is_begun:
            return await self._out(request, broadcast)
        return await self._before(request, broadcast, blank())

    async def submit(self, request: web.Request) -> web.Response:
        _, broadcast = words(request), await found(self.desk, request, Deed.CHANGE)
        form = await read_form(request, Submission)
        if not (form.model and form.model.knows_fallbacks) and await self._has_fallbacks(request, broadcast):
            return await self._before(request, broadcast, form.failed(_(FALLBACKS), "knows_fallbacks"), status=422)
        try:
            await self.desk.submit(reader(request), broadcast.id)
        except InputError as error:
            return await self._refused(request, broadcast, error)
        return see_other(_path(broadcast), _("Submitted. Somebody else has to approve it now."), request=request)

    async def take_back(self, request: web.Request) -> web.Response:
        _, broadcast = words(request), await found(self.desk, request, Deed.CHANGE)
        try:
            await self.desk.take_back(reader(request), broadcast.id)
        except InputError as error:
            return await self._refused(request, broadcast, error)
        return see_other(f"{_path(broadcast)}/edit", _("It is a draft again. Nobody was written to."), request=request)

    async def review(self, request: web.Request) -> web.Response:
        """Whoever approves may be the one who reads a language."""
        _, broadcast = words(request), await found(self.desk, request, Deed.CHANGE)
        form = await read_form(request, Reviewed)
        if form.model is None:
            raise web.HTTPBadRequest
        try:
            await self.desk.review(reader(request), broadcast.id, form.model.language, revision=form.model.revision)
        except InputError as error:
            return await self._refused(request, broadcast, error)
        language = alert_words.language_name(form.model.language, _)
        return see_other(
            f"{_path(broadcast)}#text-{form.model.language}",
            _("You stand for the text in {language}.", language=language),
            request=request,
        )

    async def approve(self, request: web.Request) -> web.Response:
        """Let it out: only the number of people that was shown, typed, lets the very thing that was shown go out."""
        _, broadcast = words(request), await found(self.desk, request, Deed.APPROVE)
        form = await read_form(request, Approval)
        number = form.model.number if form.model else None
        if form.model is None or number is None:
            problem = _("Type the number of people in digits.")
            return await self._before(request, broadcast, form.failed(problem, "recipients"), status=422)
        if broadcast.kind is BroadcastKind.ALERT and broadcast.status is BroadcastStatus.DRAFT:
            problem = _("It is still a draft: somebody has to submit it first.")
            return await self._before(request, broadcast, form.failed(problem), status=409)
        if not form.model.knows_fallbacks and await self._has_fallbacks(request, broadcast):
            return await self._before(request, broadcast, form.failed(_(FALLBACKS), "knows_fallbacks"), status=422)
        try:
            approved = await self.desk.approve(
                reader(request), broadcast.id, recipients=number, revision=form.model.revision
            )
        except Denied:
            problem = _("A live alert needs a second person: who wrote it cannot approve it.")
            return await self._before(request, broadcast, form.failed(problem), status=403)
        except Conflict:
            problem = _("This was changed after you looked at it. Look at it again, then type the number.")
            return await self._before(request, broadcast, Form(None, {}, {"": problem}), status=409)
        except InputError as error:
            return await self._refused(request, broadcast, error, number)
        is_out = approved.status is BroadcastStatus.LIVE
        told = _("It is going out now.") if is_out else _("Approved. It goes out at its time.")
        return see_other(_path(broadcast), told, request=request)

    # --- afterwards -------------------------------------------------------------------------------------------------

    async def ask_cancel(self, request: web.Request) -> web.Response:
        """Exactly what a cancellation would do."""
        broadcast = await found(self.desk, request, Deed.CHANGE)
        if broadcast.status in (BroadcastStatus.ENDED, BroadcastStatus.CANCELLED):
            return see_other(_path(broadcast), request=request)
        scene = await around(self.desk.store, broadcast, self.zone)
        who, now = StaffId(reader(request).id), self.desk.clock.now()
        word = broadcast.cancellation(id=broadcast.id, by=who, at=now)  # only looked at: its own name will be another
        async with self.desk.store.look() as unit:
            counted = states(await unit.recipients.tally(broadcast.id), reader(request))
            letters = await self.desk.letters(unit, word)
        screens = phones(word, letters, self.desk.ways, words(request)) if broadcast.status.is_begun else ()
        return page(
            request, "alerts/cancel.html", broadcast=broadcast, scene=scene, states=counted, screens=screens,
            title=alert_words.title(broadcast, words(request)), labels=alert_words,
        )  # fmt: skip

    async def cancel(self, request: web.Request) -> web.Response:
        _, broadcast = words(request), await found(self.desk, request, Deed.CHANGE)
        try:
            done = await self.desk.cancel(reader(request), broadcast.id)
        except InputError as error:
            return see_other(_path(broadcast), _.of(error), kind="problem", request=request)
        told = _("Cancelled. Nobody was written to.")
        if done.id != broadcast.id:
            told = _("Cancelled. Whoever was sent it is told so now.")
        return see_other(_path(broadcast), told, request=request)

    async def update(self, request: web.Request) -> web.Response:
        """A draft that replaces it, with its texts to be changed."""
        _, broadcast = words(request), await found(self.desk, request, Deed.CHANGE)
        form = await read_form(request, Updated)
        includes_waiting = form.model.includes_waiting if form.model else True
        try:
            draft = await self.desk.update(reader(request), broadcast.id, includes_waiting=includes_waiting)
        except InputError as error:
            return see_other(_path(broadcast), _.of(error), kind="problem", request=request)
        told = _("This is the update's draft. The first message stays as it is until the update is approved.")
        return see_other(f"/console/alerts/{draft.id}/edit", told, request=request)

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _has_fallbacks(self, request: web.Request, broadcast: Broadcast) -> bool:
        """Whether whoever lets it out has to say that they know who cannot read it (R12)."""
        preview = await self.desk.preview(reader(request), broadcast.id)
        return not preview.faults and bool(_told(preview, reader(request))["fallbacks"])

    async def _refused(
        self, request: web.Request, broadcast: Broadcast, error: InputError, number: int | None = None
    ) -> web.Response:
        """The page again, with why not; what is to be mended it lists by itself."""
        _ = words(request)
        problem = _("Something is to be mended first, see below.") if isinstance(error, NotReady) else _.of(error)
        if number is not None and not isinstance(error, NotReady):
            preview = await self.desk.preview(reader(request), broadcast.id)
            if preview.recipients != number:
                problem = _(
                    "This would go to {count} people, and you typed {number}. Look at it again, then type the number.",
                    count=preview.recipients, number=number,
                )  # fmt: skip
        return await self._before(request, broadcast, Form(None, {}, {"": problem}), status=422)

    async def _before(
        self, request: web.Request, broadcast: Broadcast, form: Form[Any], *, status: int = 200
    ) -> web.Response:
        """What the approver sees: every language on every channel, and what would happen (R7, R12)."""
        _, who = words(request), reader(request)
        preview = await self.desk.preview(who, broadcast.id)
        broadcast = preview.broadcast
        scene = await around(self.desk.store, broadcast, self.zone)
        if broadcast.status.is_begun:
            return await self._out(request, broadcast)
        return page(
            request, "alerts/preview.html", status=status, form=form, broadcast=broadcast, scene=scene,
            title=alert_words.title(broadcast, _), labels=alert_words, zone=scene.zone,
            recipients=preview.recipients, told=_told(preview, who),
            screens=phones(
                broadcast, preview.letters, self.desk.ways, _,
                {(line.channel, line.language) for line in preview.forecast.lines},
            ),
            span=lambda length: alert_words.span(length, _),
            form_repeats=typed_values(broadcast, scene.zone)["repeats"],
            faults=_listed(preview.faults, broadcast, _), notes=_listed(preview.notes, broadcast, _),
            allowed=_allowed(broadcast, who),
            names_place="place" in broadcast.fillings and broadcast.audience == Audience() and len(scene.sites) > 1,
        )  # fmt: skip

    async def _out(self, request: web.Request, broadcast: Broadcast) -> web.Response:
        _, who = words(request), reader(request)
        scene = await around(self.desk.store, broadcast, self.zone)
        async with self.desk.store.look() as unit:
            counted = states(await unit.recipients.tally(broadcast.id), who)
        known = await self.desk.list(who)
        return page(
            request, "alerts/out.html", broadcast=broadcast, scene=scene, title=alert_words.title(broadcast, _),
            labels=alert_words, zone=scene.zone, states=counted,
            earlier=[one for one in known if one.id in broadcast.references],
            later=[one for one in known if broadcast.id in one.references],
            allowed=_allowed(broadcast, who),
        )  # fmt: skip


def _listed(faults: Iterable[Fault], broadcast: Broadcast, _: Words) -> list[tuple[str, str | None, str]]:
    """The field that mends each, the language if it is in one's texts, and what is wrong."""
    return [(field_of(fault, broadcast), fault.language, fault_text(fault, _)) for fault in faults]


def _path(broadcast: Broadcast) -> str:
    return f"/console/alerts/{broadcast.id}"


def _allowed(broadcast: Broadcast, who: Reader) -> Mapping[str, bool]:
    """Which buttons this reader gets; the services ask again."""
    subject = of_broadcasts(broadcast.employer)
    is_own_alert = broadcast.kind is BroadcastKind.ALERT and broadcast.author == who.id
    is_offered = broadcast.status is BroadcastStatus.SUBMITTED or (
        broadcast.status is BroadcastStatus.DRAFT and broadcast.kind is not BroadcastKind.ALERT
    )
    may_approve = may(who, Deed.APPROVE, subject)
    return {
        "may_change": may(who, Deed.CHANGE, subject),
        "may_approve": may_approve,
        "is_own_alert": is_own_alert,
        "is_approvable": may_approve and is_offered and not is_own_alert,
    }


def _told(preview: Preview, who: Reader) -> dict[str, Any]:
    """The forecast as this reader may see it: an employer is told of no fewer than five people at a time (R2).

    Which channel a single worker uses says when they last wrote to us.
    """
    is_few = alert_words.count_shown(preview.recipients, who) is None
    forecast = (
        replace(preview.forecast, lines=(), missed={}, fallbacks={}, durations={}) if is_few else preview.forecast
    )
    by_channel: Counter[Channel] = Counter()
    templates: Counter[Channel] = Counter()
    for line in forecast.lines:
        by_channel[line.channel] += line.count
        templates[line.channel] += line.opens_window
    is_shown = {channel: alert_words.count_shown(count, who) is not None for channel, count in by_channel.items()}
    return {
        "lines": [(line, alert_words.count_shown(line.count, who)) for line in forecast.lines],
        "channels": alert_words.counts_shown(by_channel, who),
        "templates": {channel: count for channel, count in templates.items() if count},
        "is_shown": is_shown,
        "missed": alert_words.counts_shown(forecast.missed, who),
        "missed_in_all": alert_words.count_shown(sum(forecast.missed.values()), who),
        "fallbacks": alert_words.counts_shown(forecast.fallbacks, who),
        "fallbacks_in_all": alert_words.count_shown(sum(forecast.fallbacks.values()), who),
        "segments": forecast.segments if is_shown.get(Channel.SMS) else None,
        "durations": {channel: span for channel, span in forecast.durations.items() if is_shown.get(channel)},
        "is_few": is_few,
        "duration": preview.forecast.duration,
        "over_reach": alert_words.count_shown(forecast.over_reach, who),
    }


def routes(*, desk: BroadcastDesk, zone: ZoneInfo) -> list[web.RouteDef]:
    pages = Approvals(desk=desk, zone=zone)
    return [
        web.get("/alerts/{id}", pages.show),
        web.post("/alerts/{id}/submit", pages.submit),
        web.post("/alerts/{id}/take-back", pages.take_back),
        web.post("/alerts/{id}/review", pages.review),
        web.post("/alerts/{id}/approve", pages.approve),
        web.get("/alerts/{id}/cancel", pages.ask_cancel),
        web.post("/alerts/{id}/cancel", pages.cancel),
        web.post("/alerts/{id}/update", pages.update),
    ]
