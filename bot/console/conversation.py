"""Owns the pages of one conversation: all that was said and done, live, and what a person may do in it."""

import hashlib
import secrets
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.alert_words import CHANNELS
from bot.console.asking import OF_NO_USE, questions, title
from bot.console.case_words import FactWords
from bot.console.composing import spoken
from bot.console.conversation_lines import Line, lines
from bot.console.desk_stream import BEAT, GONE, ConversationStream, Parts
from bot.console.desk_words import CASE_STATUSES, OUTCOMES, SHAPES, TOPICS, URGENCIES, name_of, span, until
from bot.console.forms import Form, blank, read_form
from bot.console.queue import glance
from bot.console.render import LOOK, draw, is_htmx, page
from bot.console.visit import is_marked, mark, reader, see_other, words
from bot.console.words import N_, Words
from bot.domain.case import Case, Outcome
from bot.domain.contact import WHATSAPP_WINDOW, Channel, Contact, ContactId, Reach, Scheme
from bot.domain.delivery import Content
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.staff import StaffId
from bot.engine.flow import Flow
from bot.services.desk import LONGEST, Desk, HandBack, View
from bot.services.desk_ports import Glance, Viewing
from bot.services.ports import Channeller, Clock
from bot.services.timeline import Mark
from bot.services.translating import Translating

Answer = TypeVar("Answer")

TEMPLATE = "desk/conversation.html"
BETWEEN_BEATS = timedelta(seconds=4)  # the page calls itself not live after ten seconds without one
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
    channels: Mapping[Channel, Channeller]
    default_language: str
    has_template: bool  # whether WhatsApp lets us write to who has been silent for a day
    translating: Translating
    facts: FactWords

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
        following = _Following(
            pages=self, request=request, known=request.headers.get("Last-Event-ID") or request.query.get("shown", "")
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
        length = self._length(form.model.text, form.model.channel, words(request)) if form.model else ""
        return web.Response(text=length)

    # --- doing --------------------------------------------------------------------------------------------------------

    async def reply(self, request: web.Request) -> web.Response:
        _, view = words(request), await self._look(request)
        form = await read_form(request, ReplyForm)
        if form.model is not None:
            content = Content(text=form.model.text, language=view.contact.language or self.default_language)
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
        values = {**self.values(request, view, glances), **forms, "sent": "", "is_past": False, **more}
        drawn = [(line, draw_line(request, line)) for line in values["lines"]]
        return page(
            request,
            TEMPLATE,
            status=status,
            fragment=fragment,
            has_map=True,
            drawn=[text for _, text in drawn],
            shown=_digest([text for _, text in drawn]),
            opened=mark(request, _opened(view.contact.id)),
            once=secrets.token_urlsafe(16),
            **values,
        )

    def values(self, request: web.Request, view: View, glances: Sequence[Glance]) -> dict[str, Any]:
        """What the templates of a conversation know."""
        _, who, now, contact = words(request), reader(request), self.clock.now(), view.contact
        is_mine = view.claim is not None and view.claim.staff == who.id
        return {
            "view": view,
            "contact": contact,
            "lines": lines(view, _, self.translating.beside(view, spoken(request))),
            "is_mine": is_mine,
            "holder": name_of(view.claim.staff, view.names, _) if view.claim else "",
            "may_move": is_mine or (view.claim is not None and who.role.leads),
            "may_assign": who.role.leads,
            "cases": [self._case(case, now, _) for case in view.cases],
            "language": _.tongue(contact.language) if contact.language else _("not known"),
            "nationality": _country(contact, _),
            "ways": [_way(one, _) for one in contact.reaches],
            "channel": view.address.channel if view.address else None,
            "channel_name": _(CHANNELS[view.address.channel]) if view.address else "",
            "window": self._window(view, now, _),
            "length": self._length("", view.address.channel, _) if view.address else "",
            "viewers": [
                glance(name_of(one.staff, view.names, _), _, is_typing=one.is_typing)
                for one in glances
                if one.staff != who.id
            ],
            "colleagues": _others(view),
            "outcomes": [(one.value, _(text)) for one, text in OUTCOMES.items()],
            "questions": questions(self.desk.conversation.house.flows.values(), _),
            "flow": _open_flow(view, self.desk.conversation.house.flows, _),
            # To go on asking why they want a person would open their case once more.
            "goes_on": not view.sessions or view.sessions[0].flow not in OF_NO_USE,
            "since": str(view.entries[0].mark) if view.entries else "",
            "longest": LONGEST,
            "lost_at": None,
            "now": now,
        }  # fmt: skip

    def _case(self, case: Case, now: datetime, _: Words) -> dict[str, Any]:
        clock, is_late = "", False
        if case.status.is_open and case.answered_at is None:
            clock, is_late = until(case.due_at, now, N_("Answer within {time}"), N_("Answer is late by {time}"), _)
        elif case.status.is_open and case.resolve_by is not None:
            clock, is_late = until(
                case.resolve_by, now, N_("Resolve within {time}"), N_("Resolution is late by {time}"), _
            )
        return {
            "case": case,
            "urgency": _(URGENCIES[case.urgency]),
            "shape": SHAPES[case.urgency],
            "topic": _(TOPICS[case.topic]),
            "status": _(CASE_STATUSES[case.status]),
            "clock": clock,
            "is_late": is_late,
            "facts": [fact for fact in self.facts.facts(case, _) if fact.answer],
        }

    def _window(self, view: View, now: datetime, _: Words) -> tuple[str, str]:
        """Whether WhatsApp lets us write now, and for how long; nothing on other channels."""
        reach = view.contact.reach(view.address) if view.address else None
        if reach is None or reach.address.scheme is not Scheme.WHATSAPP:
            return "", ""
        if reach.is_in_window(now) and reach.last_heard_at is not None:
            left = reach.last_heard_at + WHATSAPP_WINDOW - now
            return "open", _("WhatsApp: you can write freely for {time} more.", time=span(left, _))
        if self.has_template:
            return "template", _("WhatsApp: silent for 24 hours. What you write goes out inside an approved template.")
        return "shut", _(
            "WhatsApp: silent for 24 hours, and no template is set up. This cannot be sent until they write."
        )

    def _length(self, text: str, channel: Channel, _: Words) -> str:
        channeller = self.channels.get(channel)
        if channeller is None:
            return _("This channel is off here.")
        parts = channeller.fit(Content(text=text.strip(), language=self.default_language)) if text.strip() else ()
        characters = _.plural("{n} character", "{n} characters", len(text.strip()))
        if channel is Channel.SMS:
            pieces = _.plural("{n} SMS segment", "{n} SMS segments", int(sum(channeller.cost(part) for part in parts)))
        elif len(parts) > 1:
            pieces = _.plural("{n} message", "{n} messages", len(parts))
        else:
            return characters
        return _("{characters}, {pieces}", characters=characters, pieces=pieces)


@dataclass(slots=True, kw_only=True)
class _Following:
    """One screen that follows a conversation: what it has, so that only what is new is sent and nothing is drawn twice.

    A photo that is looked at or a voice that plays must not be drawn anew because something else came in.
    """

    pages: ConversationPages
    request: web.Request
    known: str  # digest of the entries that the screen has
    drawn: dict[str, tuple[Line, str]] | None = None
    parts: Parts = field(default_factory=dict)
    beat: tuple[datetime, datetime | None] | None = None
    looked: tuple[View, tuple[Glance, ...]] | None = None  # what was drawn last

    def draw(self, view: View | None, glances: tuple[Glance, ...], lost_at: datetime | None) -> tuple[Parts, str]:
        """The events to send, by name, and what the screen will have then."""
        if view is None and lost_at is None:
            gone = draw(self.request, TEMPLATE, GONE)
            return {"standing": "", "facts": "", "timeline": gone, GONE: ""}, ""
        beat = self._beat(lost_at)
        if view is None or (self.looked is not None and self.looked[0] is view and self.looked[1] == glances):
            return beat, self.known
        self.looked = view, glances
        values = self.pages.values(self.request, view, glances)
        parts = {name: draw(self.request, TEMPLATE, name, **values) for name in ("standing", "facts")}
        changed = {name: text for name, text in parts.items() if self.parts.get(name) != text}
        self.parts = parts
        return {**changed, **self._timeline(values["lines"]), **beat}, self.known

    def _beat(self, lost_at: datetime | None) -> Parts:
        """A sign of life now and then; at once when the data is lost or found again."""
        now = self.pages.clock.now()
        if self.beat is not None and self.beat[1] == lost_at and now - self.beat[0] < BETWEEN_BEATS:
            return {}
        self.beat = now, lost_at
        return {BEAT: draw(self.request, TEMPLATE, BEAT, lost_at=lost_at, now=now)}

    def _timeline(self, now: Sequence[Line]) -> Parts:
        before, self.drawn = self.drawn, {}
        for line in now:
            known = before.get(line.id) if before is not None else None
            self.drawn[line.id] = (
                known if known is not None and known[0] == line else (line, draw_line(self.request, line))
            )
        texts = [text for _, text in self.drawn.values()]
        had, self.known = self.known, _digest(texts)
        if before is None:
            return {} if had == self.known else {"timeline": "".join(texts)}
        missing = [name for name in before if name not in self.drawn]
        if missing != list(before)[: len(missing)]:  # not only the oldest: something in between was erased
            return {"timeline": "".join(texts)}
        news = [text for name, (_, text) in self.drawn.items() if name not in before]
        again = [
            _again(text) for name, (line, text) in self.drawn.items() if name in before and before[name][0] != line
        ]
        return {"entries": "".join([*again, *news])} if news or again else {}


def draw_line(request: web.Request, line: Line) -> str:
    return draw(request, "desk/entry.html", "entry", line=line)


def _again(text: str) -> str:
    """The entry in the place of the one that has its id."""
    return str.replace(text, "<li ", '<li hx-swap-oob="true" ', 1)


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]


def _open_flow(view: View, flows: Mapping[str, Flow], _: Words) -> str:
    """What the bot was doing, in words."""
    flow = flows.get(view.sessions[0].flow) if view.sessions else None
    return title(flow, _) if flow is not None and flow.title else ""


def _country(contact: Contact, _: Words) -> str:
    return _.country(contact.nationality) if contact.nationality else ""


def _way(reach: Reach, _: Words) -> tuple[str, str, bool]:
    """A channel, the number there if it is one, and whether nobody may write to it."""
    is_number = reach.address.scheme in (Scheme.TEL, Scheme.WHATSAPP)
    path = reach.address.path if is_number else ""
    return _(CHANNELS[reach.address.channel]), path, not reach.is_open


def _others(view: View) -> list[tuple[StaffId, str]]:
    """Who may be given the conversation, by name."""
    holder = view.claim.staff if view.claim else None
    return sorted(((staff, name) for staff, name in view.colleagues.items() if staff != holder), key=lambda one: one[1])


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
    *,
    desk: Desk,
    stream: ConversationStream,
    viewing: Viewing,
    clock: Clock,
    channels: Mapping[Channel, Channeller],
    default_language: str,
    has_template: bool,
    translating: Translating,
    facts: FactWords,
) -> Sequence[web.RouteDef]:
    pages = ConversationPages(
        desk=desk, stream=stream, viewing=viewing, clock=clock, channels=channels, default_language=default_language,
        has_template=has_template, translating=translating, facts=facts,
    )  # fmt: skip
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
