"""Owns the pages of the operators' queue: who waits for a person, live; and taking one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from bot.console.desk_stream import BEAT, Events, QueueStream, event
from bot.console.desk_words import COMPARTMENTS, PLACES, SHAPES, SOMEBODY, TOPICS, URGENCIES, clock_of, name_of, span
from bot.console.forms import read_form
from bot.console.render import draw, page
from bot.console.visit import reader, see_other, signed_in, words
from bot.console.words import N_, Words
from bot.domain.case import Compartment, Topic
from bot.domain.contact import ContactId
from bot.domain.employer import EmployerId, SiteId
from bot.domain.errors import Conflict, Denied
from bot.domain.staff import Role, StaffId
from bot.services.access import Deed, Matter, Reader, Subject, may
from bot.services.desk import Desk
from bot.services.desk_ports import QueueRow
from bot.services.ports import Clock
from bot.services.queue import Filter, Place, Queue, Sight, in_order, is_late, next_for, place_of, since, tally, visible
from bot.services.ringing import Ringing, is_urgent, ring_of

TEMPLATE = "desk/queue.html"
MOST_ROWS = 100  # on one screen
TAKEN = N_("{name} has this conversation already.")
NOBODY = N_("Nobody waits for a person now.")


class Asked(BaseModel):
    """What the address asks to see."""

    language: str = Field("", max_length=12)
    topic: Topic | None = None
    site: str = Field("", max_length=64)
    compartment: Compartment | None = None
    place: Place | None = None
    mine: bool = False


class Taking(BaseModel):
    contact: str = Field(max_length=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Who gets the very same bytes: the same words, the same permissions and the same question.

    Everything by which services/access may tell two readers apart is in it, but their id; a list of what is the
    reader's own is shared with nobody.
    """

    language: str
    role: Role
    employer: EmployerId | None
    asked: str
    owner: str

    @classmethod
    def of(cls, who: Reader, asked: Asked, language: str) -> "Alike":
        owner = who.id if asked.mine else ""
        return cls(language=language, role=who.role, employer=who.employer, asked=asked.model_dump_json(), owner=owner)


@dataclass(slots=True)
class Drawn:
    """What was drawn of one sight, for all who see the same; it goes when the next sight comes."""

    sight: Sight
    rows: dict[tuple[str, bool, ContactId], str] = field(default_factory=dict)  # by language, and whether one leads
    events: dict[Alike, Events] = field(default_factory=dict)
    beats: dict[tuple[str, datetime | None, datetime], bytes] = field(default_factory=dict)


@dataclass(kw_only=True)
class QueuePages:
    desk: Desk
    queue: Queue
    stream: QueueStream
    clock: Clock
    languages: Mapping[str, str]  # offered: code to own name
    ringing: Ringing
    _drawn: Drawn | None = None

    async def show(self, request: web.Request) -> web.Response:
        asked, who = self._asked(request), _operator(request)
        sight = await self.queue.read()
        values = {**self._values(request, sight, who, asked), **self._choices(request, sight, who)}
        return page(request, TEMPLATE, asked=asked, query=urlencode(_plain(asked)), **values)

    async def live(self, request: web.Request) -> web.StreamResponse:
        asked = self._asked(request)
        _operator(request)

        def events(sight: Sight, who: Reader, lost_at: datetime | None) -> Events:
            drawn = self._drawn_of(sight)
            return {**self._events(request, drawn, who, asked), BEAT: self._beat(request, drawn, lost_at)}

        return await self.stream.run(request, events)

    async def alarms(self, request: web.Request) -> web.Response:
        """What every page of an operator asks every few seconds, so that it rings wherever they are."""
        rings = await self.ringing.of(_operator(request))
        return web.json_response({"is_on_duty": rings.is_on_duty, "urgent": list(rings.urgent)})

    async def take(self, request: web.Request) -> web.Response:
        _operator(request)
        form = await read_form(request, Taking)
        if form.model is None:
            raise web.HTTPNotFound
        return await self._take(request, ContactId(form.model.contact))

    async def take_next(self, request: web.Request) -> web.Response:
        """Whoever waits longest of the most urgent who speak a language of the reader's."""
        _, who, languages = words(request), _operator(request), signed_in(request).staff.languages
        passed: set[ContactId] = set()
        while (row := next_for(await self.desk.queue(who), languages, self.clock.now(), passed=passed)) is not None:
            try:
                await self.desk.claim(who, row.contact)
            except (Conflict, Denied):  # a colleague was faster
                passed.add(row.contact)
            else:
                return see_other(f"/console/desk/{row.contact}", request=request)
        return see_other("/console/desk", _(NOBODY), request=request)

    async def _take(self, request: web.Request, contact: ContactId) -> web.Response:
        _, who, path = words(request), reader(request), f"/console/desk/{contact}"
        try:
            try:
                await self.desk.claim(who, contact)
            except Conflict:
                view = await self.desk.look_again(who, contact, history=1)
                name = name_of(view.claim.staff, view.names, _) if view.claim else _(SOMEBODY)
                return see_other(path, _(TAKEN, name=name), kind="problem", request=request)
        except Denied as error:
            raise web.HTTPNotFound from error
        return see_other(path, request=request)

    # --- drawing ------------------------------------------------------------------------------------------------------

    def _drawn_of(self, sight: Sight) -> Drawn:
        if self._drawn is None or self._drawn.sight is not sight:
            self._drawn = Drawn(sight)
        return self._drawn

    def _events(self, request: web.Request, drawn: Drawn, who: Reader, asked: Asked) -> Events:
        """The live parts, drawn once for all who ask the same and may see the same."""
        alike = Alike.of(who, asked, words(request).language)
        if alike not in drawn.events:
            values = self._values(request, drawn.sight, who, asked)
            drawn.events[alike] = {
                part: event(part, draw(request, TEMPLATE, part, **values)) for part in ("tally", "rows")
            }
        return drawn.events[alike]

    def _beat(self, request: web.Request, drawn: Drawn, lost_at: datetime | None) -> bytes:
        """The sign of life, drawn once a second for all of one language."""
        now = self.clock.now().replace(microsecond=0)
        key = words(request).language, lost_at, now
        if key not in drawn.beats:
            drawn.beats[key] = event(BEAT, draw(request, TEMPLATE, BEAT, lost_at=lost_at, now=now))
        return drawn.beats[key]

    def _values(self, request: web.Request, sight: Sight, who: Reader, asked: Asked) -> dict[str, Any]:
        now = self.clock.now()
        seen = visible(sight.rows, who)
        chosen = in_order((row for row in seen if _filter(asked, who).takes(row, now)), now)
        urgent = [ring_of(row) for row in seen if is_urgent(row)]
        return {
            "rows": [self._row(request, sight, row, now, leads=who.role.leads) for row in chosen[:MOST_ROWS]],
            "more": len(chosen) - MOST_ROWS,
            "chosen": len(chosen),
            "tally": tally(seen, now),
            "urgent": " ".join(sorted(urgent)),
            "is_filtered": asked != Asked(),
            "lost_at": None,
            "now": now,
        }

    def _row(self, request: web.Request, sight: Sight, row: QueueRow, now: datetime, *, leads: bool) -> str:
        """One row's HTML; nothing else in it is of the reader, so that it is drawn once for all of one language."""
        _ = words(request)
        if self._drawn is not None and self._drawn.sight is sight:
            known = self._drawn.rows.get((_.language, leads, row.contact))
            if known is not None:
                return known
        clock, is_over = clock_of(row, now, _)
        place = place_of(row, now)
        text = draw(
            request, "desk/row.html", "row", row=row, clock=clock, is_late=is_over or is_late(row, now),
            shape=SHAPES[row.urgency],
            urgency=_(URGENCIES[row.urgency]), topics=[_(TOPICS[topic]) for topic in sorted(row.topics)],
            place=place.value, standing=_standing(place, row, sight, _),
            site=sight.sites.get(row.site) if row.site else None,
            language=_.tongue(row.language) if row.language else "", waits=span(now - since(row), _),
            viewers=viewers(sight, row.contact, _), leads=leads, is_protected=row.compartment is Compartment.PROTECTION,
        )  # fmt: skip
        if self._drawn is not None and self._drawn.sight is sight:
            self._drawn.rows[_.language, leads, row.contact] = text
        return text

    def _choices(self, request: web.Request, sight: Sight, who: Reader) -> dict[str, Any]:
        """What the filters offer; only sites of people whom the reader may know of."""
        _ = words(request)
        seen = visible(sight.rows, who)
        sites = {row.site for row in seen if row.site is not None}
        spoken = sorted({*self.languages, *(row.language for row in seen if row.language)})
        return {
            "languages": [(code, _.tongue(code)) for code in spoken],
            "topics": [(topic.value, _(text)) for topic, text in TOPICS.items()],
            "sites": sorted(((site, sight.sites.get(site, site)) for site in sites), key=lambda pair: pair[1]),
            "places": [(place.value, _(text)) for place, text in PLACES.items()],
            "compartments": [(one.value, _(text)) for one, text in COMPARTMENTS.items()]
            if _sees_protection(who)
            else [],
        }

    def _asked(self, request: web.Request) -> Asked:
        try:
            return Asked.model_validate({name: value for name, value in request.query.items() if value})
        except ValidationError as error:
            raise web.HTTPNotFound from error


def _operator(request: web.Request) -> Reader:
    """Who reads, if they speak with contacts at all; the desk is not there for others."""
    who = reader(request)
    if not may(who, Deed.ANSWER, Subject(matter=Matter.CONVERSATION)):
        raise web.HTTPNotFound
    return who


def _sees_protection(who: Reader) -> bool:
    return may(who, Deed.READ, Subject(matter=Matter.CONVERSATION, compartment=Compartment.PROTECTION))


def _filter(asked: Asked, who: Reader) -> Filter:
    return Filter(
        languages=frozenset({asked.language} if asked.language else ()),
        topics=frozenset({asked.topic} if asked.topic else ()),
        sites=frozenset({SiteId(asked.site)} if asked.site else ()),
        compartment=asked.compartment,
        places=frozenset({asked.place} if asked.place else ()),
        owner=StaffId(who.id) if asked.mine else None,
    )


def _plain(asked: Asked) -> dict[str, str]:
    """As an address has it."""
    given = asked.model_dump(mode="json", exclude_defaults=True)
    return {name: "true" if value is True else str(value) for name, value in given.items()}


def _standing(place: Place, row: QueueRow, sight: Sight, _: Words) -> str:
    if row.claim is None:
        return _(PLACES[place])
    name = name_of(row.claim.staff, sight.staff, _)
    return _("With {name}: waits for an answer", name=name) if place is Place.OWED else _("With {name}", name=name)


def viewers(sight: Sight, contact: ContactId, _: Words) -> list[str]:
    """Who looks at it or writes in it, as short sentences."""
    here = [one for one in sight.glances if one.contact == contact]
    return [glance(name_of(one.staff, sight.staff, _), _, is_typing=one.is_typing) for one in here]


def glance(name: str, _: Words, *, is_typing: bool) -> str:
    return _("{name} is writing", name=name) if is_typing else _("{name} is looking", name=name)


def routes(
    *, desk: Desk, queue: Queue, stream: QueueStream, clock: Clock, languages: Mapping[str, str], ringing: Ringing
) -> Sequence[web.RouteDef]:
    pages = QueuePages(desk=desk, queue=queue, stream=stream, clock=clock, languages=languages, ringing=ringing)
    return [
        web.get("/desk", pages.show),
        web.get("/desk/live", pages.live),
        web.get("/desk/alarms", pages.alarms),
        web.post("/desk/take", pages.take),
        web.post("/desk/next", pages.take_next),
    ]
