"""Owns the pages of one conversation: all that was said and done, live, and what a person may do in it."""

import secrets
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.conversation_following import TEMPLATE, Following, digest, draw_line
from bot.console.conversation_scene import Scene
from bot.console.desk_stream import ConversationStream
from bot.console.desk_words import name_of
from bot.console.forms import Form, blank, read_form
from bot.console.render import LOOK, is_htmx, page
from bot.console.visit import is_marked, mark, reader, see_other, words
from bot.console.words import N_
from bot.domain.case import Outcome
from bot.domain.contact import Channel, ContactId
from bot.domain.delivery import Content
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.staff import StaffId
from bot.services.desk import LONGEST, Desk, HandBack, View
from bot.services.desk_ports import Viewing
from bot.services.ports import Clock
from bot.services.timeline import Mark

Answer = TypeVar("Answer")

FEW = 60  # entries shown at once
HANDED = N_("Handed back to the bot.")
GIVEN_BACK = N_("It is back in the queue.")
GIVEN = N_("{name} has it now.")
NOT_HELD = N_("Nobody had it.")
NO_OUTCOME = N_("Choose how it ended.")
NO_DAY = N_("Say when you follow it up.")
PAST = N_("This time is over already.")
MOVED = N_("Put together with another conversation of the same person. Here it goes on.")


class ReplyForm(BaseModel):
    text: str = Field("", max_length=LONGEST)
    once: str = Field("", max_length=64)  # names this form: what is sent twice goes out once


class NoteForm(BaseModel):
    note: str = Field(max_length=LONGEST)
    once: str = Field("", max_length=64)


class TransferForm(BaseModel):
    to: str = Field(max_length=64)
    why: str = Field("", max_length=LONGEST)


class HandBackForm(BaseModel):
    """How a talk ends; the time is that of the deployment's zone."""

    end: Literal["settled", "follow_up", "queue"] = "settled"
    outcome: Outcome | None = None
    next_step: str = Field("", max_length=500)
    next_step_at: datetime | None = None
    how: HandBack = HandBack.RESUME


class CountForm(BaseModel):
    text: str = Field("", max_length=LONGEST)
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPages:
    desk: Desk
    stream: ConversationStream
    viewing: Viewing
    clock: Clock
    scene: Scene

    async def show(self, request: web.Request) -> web.Response:
        """Opening it is entered in the audit, once, and so is each look at what came before."""
        contact, before = _contact(request), _mark(request, "before")
        try:
            view = await self._allowed(self.desk.open(reader(request), contact, history=FEW, before=before))
        except web.HTTPNotFound:
            kept = await self.desk.moved_to(reader(request), contact)
            if kept is None:
                raise
            return see_other(_path(kept), words(request)(MOVED), request=request)
        await self.viewing.note(contact, StaffId(reader(request).id))
        return await self._page(request, view, is_past=before is not None, fragment="earlier" if before else None)

    async def live(self, request: web.Request) -> web.StreamResponse:
        contact, since = _contact(request), _mark(request, "since")
        is_opened = is_marked(request, request.query.get("opened", ""), _opened(contact))
        await (self._look(request) if is_opened else self._open(request))  # 404 before the stream begins
        following = Following(
            scene=self.scene,
            request=request,
            known=request.headers.get("Last-Event-ID") or request.query.get("shown", ""),
        )
        return await self.stream.run(request, contact, following.draw, since=since)

    async def typing(self, request: web.Request) -> web.Response:
        """A sign that somebody writes, for colleagues; who may not see the conversation leaves none."""
        view = await self._look(request)
        await self.viewing.note(view.contact.id, StaffId(reader(request).id), is_typing=True)
        return web.Response(status=204)

    async def count(self, request: web.Request) -> web.Response:
        """How long a reply is as it stands, in the channel's own measure."""
        form = await read_form(request, CountForm)
        length = self.scene.length(form.model.text, form.model.channel, words(request)) if form.model else ""
        return web.Response(text=length)

    # --- doing --------------------------------------------------------------------------------------------------------

    async def reply(self, request: web.Request) -> web.Response:
        _, view = words(request), await self._look(request)
        form = await read_form(request, ReplyForm)
        if form.model is not None:
            content = Content(text=form.model.text, language=view.contact.language or self.scene.default_language)
            once = _once(form.model.once, content.text)
            try:
                await self.desk.reply(reader(request), view.contact.id, content, once=once)
            except (Conflict, InputError) as error:
                form = form.failed(_.of(error), "text")
        return await self._after(request, "composer", reply=form)

    async def note(self, request: web.Request) -> web.Response:
        _, contact = words(request), _contact(request)
        form = await read_form(request, NoteForm)
        if form.model is not None:
            try:
                await self._allowed(
                    self.desk.note(
                        reader(request), contact, form.model.note, once=_once(form.model.once, form.model.note)
                    )
                )
            except InputError as error:
                form = form.failed(_.of(error), "note")
        return await self._after(request, "noting", note=form)

    async def give_back(self, request: web.Request) -> web.Response:
        _, contact = words(request), _contact(request)
        try:
            was_held = await self._allowed(self.desk.give_back(reader(request), contact))
        except Conflict as error:
            return see_other(_path(contact), _.of(error), kind="problem", request=request)
        return see_other("/console/desk", _(GIVEN_BACK if was_held else NOT_HELD), request=request)

    async def transfer(self, request: web.Request) -> web.Response:
        _, view = words(request), await self._look(request)
        form = await read_form(request, TransferForm)
        if form.model is not None:
            to = StaffId(form.model.to)
            try:
                await self.desk.transfer(reader(request), view.contact.id, to, form.model.why)
            except (Conflict, InputError) as error:
                form = form.failed(_.of(error), "to")
            else:
                return see_other("/console/desk", _(GIVEN, name=name_of(to, view.names, _)), request=request)
        return await self._page(request, await self._open(request), status=422, transfer=form)

    async def hand_back(self, request: web.Request) -> web.Response:
        _, contact = words(request), (await self._look(request)).contact.id
        form = self._checked(await read_form(request, HandBackForm), request)
        if form.model is not None:
            typed = form.model
            try:
                await self.desk.hand_back(
                    reader(request),
                    contact,
                    typed.how,
                    closing=typed.outcome if typed.end == "settled" else None,
                    next_step=typed.next_step if typed.end == "follow_up" else "",
                    next_step_at=_local(typed.next_step_at, request) if typed.end == "follow_up" else None,
                )
            except (Conflict, InputError) as error:
                form = form.failed(_.of(error))
            else:
                return see_other("/console/desk", _(HANDED), request=request)
        return await self._page(request, await self._open(request), status=422, hand_back=form)

    def _checked(self, form: Form[HandBackForm], request: web.Request) -> Form[HandBackForm]:
        _, typed = words(request), form.model
        if typed is None:
            return form
        if typed.end == "settled" and typed.outcome is None:
            return form.failed(_(NO_OUTCOME), "outcome")
        if typed.end == "follow_up":
            at = _local(typed.next_step_at, request)
            if at is None or at <= self.clock.now():
                return form.failed(_(NO_DAY if at is None else PAST), "next_step_at")
        return form

    async def _after(self, request: web.Request, part: str, **forms: Form[Any]) -> web.Response:
        """Only the part that was sent, emptied, for htmx; what was typed stays where it could not be done."""
        form = next(iter(forms.values()))
        is_done = form.model is not None
        if is_done and not is_htmx(request):
            return see_other(f"{_path(_contact(request))}#{part}", request=request)
        view = await (self._look(request) if is_htmx(request) else self._open(request))
        return await self._page(
            request,
            view,
            status=200 if is_done else 422,
            fragment=part,
            sent=part if is_done else "",
            **({} if is_done else forms),
        )

    # --- looking ------------------------------------------------------------------------------------------------------

    async def _open(self, request: web.Request) -> View:
        """With an entry in the audit: whoever is shown it whole may never have opened its page."""
        return await self._allowed(self.desk.open(reader(request), _contact(request), history=FEW))

    async def _look(self, request: web.Request) -> View:
        """Without an entry in the audit: who asks has opened it, or is shown nothing that was said."""
        return await self._allowed(self.desk.look_again(reader(request), _contact(request), history=FEW))

    async def _allowed(self, asking: Awaitable[Answer]) -> Answer:
        """What may not be done with a conversation that one may not see is not there."""
        try:
            return await asking
        except Denied as error:
            raise web.HTTPNotFound from error

    async def _page(
        self, request: web.Request, view: View, *, status: int = 200, fragment: str | None = None, **more: Any
    ) -> web.Response:
        glances = tuple(one for one in await self.viewing.all() if one.contact == view.contact.id)
        forms = {name: blank() for name in ("reply", "note", "transfer", "hand_back")}
        values = {**self.scene.values(request, view, glances), **forms, "sent": "", "is_past": False, **more}
        drawn = [(line, draw_line(request, line)) for line in values["lines"]]
        return page(
            request,
            TEMPLATE,
            status=status,
            fragment=fragment,
            has_map=True,
            drawn=[text for _, text in drawn],
            shown=digest([text for _, text in drawn]),
            opened=mark(request, _opened(view.contact.id)),
            once=secrets.token_urlsafe(16),
            **values,
        )


def _opened(contact: ContactId) -> str:
    """What the mark of a page says, by which its stream is known."""
    return f"opened {contact}"


def _contact(request: web.Request) -> ContactId:
    return ContactId(request.match_info["contact"])


def _once(form: str, typed: str) -> str:
    """What names a form and what is in it; "" for one without a name."""
    return f"{form} {typed}" if form else ""


def _path(contact: ContactId) -> str:
    return f"/console/desk/{contact}"


def _mark(request: web.Request, name: str) -> Mark | None:
    """An entry's place that the address names."""
    text = request.query.get(name, "")
    try:
        return Mark.read(text) if text else None
    except ValueError as error:
        raise web.HTTPNotFound from error


def _local(at: datetime | None, request: web.Request) -> datetime | None:
    """A time as typed, which is of the deployment's zone where it names none."""
    if at is None:
        return None
    zone: ZoneInfo = request.app[LOOK].zone
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def routes(
    *, desk: Desk, stream: ConversationStream, viewing: Viewing, clock: Clock, scene: Scene
) -> Sequence[web.RouteDef]:
    pages = ConversationPages(desk=desk, stream=stream, viewing=viewing, clock=clock, scene=scene)
    return [
        web.post("/desk/count", pages.count),
        web.get("/desk/{contact}", pages.show),
        web.get("/desk/{contact}/live", pages.live),
        web.post("/desk/{contact}/typing", pages.typing),
        web.post("/desk/{contact}/reply", pages.reply),
        web.post("/desk/{contact}/note", pages.note),
        web.post("/desk/{contact}/give-back", pages.give_back),
        web.post("/desk/{contact}/transfer", pages.transfer),
        web.post("/desk/{contact}/hand-back", pages.hand_back),
    ]
