"""Owns the pages of places: the list with its map, one place, calling it, blocking it, and the file of them all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console import place_import
from bot.console.composing import KINDS
from bot.console.forms import Form, blank, read_form
from bot.console.guard import require
from bot.console.people_import import ReadRows, csv_answer
from bot.console.place_import import HOME, as_csv
from bot.console.place_words import STATES, step_words
from bot.console.render import page
from bot.console.visit import inside, reader, see_other, words
from bot.console.words import N_
from bot.domain.errors import Conflict, InputError
from bot.domain.place import Place, PlaceId
from bot.engine.extract import fold
from bot.services.access import PLACE, Deed, may
from bot.services.cells import RowProblem
from bot.services.place_desk import REVIEWED, PlaceDesk, State, mark_of, state_of
from bot.services.place_rows import write_place
from bot.services.places import spaced

PAGE: Final = 100
REVIEW: Final = "review"  # the state that is asked for by who calls what expires
USUAL_LIFE: Final = timedelta(days=90)  # offered after a call; whoever called may choose another
SAVED, CALLED = N_("Saved."), N_("Checked today.")
BLOCKED = N_("Blocked. Nobody is told of it any more.")
UNBLOCKED = N_("Unblocked. It is told again while it has not expired.")


class PlaceForm(BaseModel):
    """A place as it is typed; the words are read as those of a file are."""

    kind: str = Field("", max_length=40)
    name: str = Field("", max_length=300)
    phones: str = Field("", max_length=300)
    street: str = Field("", max_length=300)
    latitude: str = Field("", max_length=40)
    longitude: str = Field("", max_length=40)
    nationality: str = Field("", max_length=60)
    who_for: str = Field("", max_length=300)
    languages: str = Field("", max_length=300)
    hours: str = Field("", max_length=300)
    id_needed: str = Field("", max_length=10)
    fee: str = Field("", max_length=300)
    source: str = Field("", max_length=300)
    checked_on: str = Field("", max_length=10)
    expires_on: str = Field("", max_length=10)
    timezone: str = Field("", max_length=64)


class CorrectedForm(PlaceForm):
    seen: str = Field("", max_length=64)


class CallForm(BaseModel):
    until: date
    back: str = Field("", max_length=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A place as the list shows it."""

    place: Place
    state: State
    path: str
    phones: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacePages:
    desk: PlaceDesk

    # --- the list -------------------------------------------------------------------------------------------------

    async def index(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, PLACE)
        _, today = words(request), self.desk.today
        known = await self.desk.all(reader(request))
        asked = {name: request.query.get(name, "") for name in ("q", "kind", "state")}
        found = chosen(known, asked, today)
        pages = max(1, -(-len(found) // PAGE))
        at = min(max(1, _whole(request.query.get("page", "1"))), pages)
        return page(
            request,
            "places/list.html",
            fragment="rows",
            has_map=True,
            rows=[self._row(place) for place in found[(at - 1) * PAGE : at * PAGE]],
            total=len(found),
            is_empty=not known,
            waiting=sum(state_of(place, today) in REVIEWED for place in known),
            at=at,
            pages=pages,
            asked=asked,
            more=lambda number: str(request.rel_url.update_query(page=number)),
            export=str(request.rel_url.with_path(f"{HOME}/export.csv")),
            filters=blank(**asked),
            kinds=[("", _("All kinds")), *((kind.value, _(text)) for kind, text in KINDS.items())],
            choices=[
                ("", _("All states")), (REVIEW, _("To be called and reviewed")),
                *((state.value, _(text)) for state, text in STATES.items()),
            ],
            **self._shown(request),
        )  # fmt: skip

    async def export(self, request: web.Request) -> web.Response:
        require(request, Deed.EXPORT, PLACE)
        who = reader(request)
        found = chosen(await self.desk.all(who), request.query, self.desk.today)
        return csv_answer(as_csv(await self.desk.export(who, found)), "places.csv")

    # --- one place ------------------------------------------------------------------------------------------------

    async def new(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, PLACE)
        today = self.desk.today
        form = blank(timezone=self.desk.zone.key, checked_on=today.isoformat(), kind=request.query.get("kind", ""))
        return await self._edit(request, form)

    async def add(self, request: web.Request) -> web.Response:
        _ = words(request)
        require(request, Deed.CHANGE, PLACE)
        form = await read_form(request, PlaceForm)
        if form.model is None:
            return await self._edit(request, form, status=422)
        try:
            place, problems = await self.desk.add(reader(request), form.model.model_dump())
        except InputError as error:
            return await self._edit(request, form.failed(_.of(error), "name"), status=422)
        if place is None:
            return await self._edit(request, _failed(form, problems), status=422)
        return see_other(path_of(place), _(SAVED), request=request)

    async def show(self, request: web.Request) -> web.Response:
        place = await self._place(request)
        return await self._edit(request, blank(**write_place(place), seen=mark_of(place)), place)

    async def save(self, request: web.Request) -> web.Response:
        _ = words(request)
        require(request, Deed.CHANGE, PLACE)
        before, form = await self._place(request), await read_form(request, CorrectedForm)
        if form.model is None:
            return await self._edit(request, form, before, status=422)
        typed = form.model.model_dump(exclude={"seen"})
        try:
            place, problems = await self.desk.correct(reader(request), before.id, typed, seen=form.model.seen)
        except Conflict as refusal:
            return await self._edit(request, form.failed(_.of(refusal)), before, status=409)
        if place is None:
            return await self._edit(request, _failed(form, problems), before, status=422)
        return see_other(path_of(place), _(SAVED), request=request)

    async def call(self, request: web.Request) -> web.Response:
        """Somebody called and it works."""
        _ = words(request)
        require(request, Deed.CHANGE, PLACE)
        place, form = await self._place(request), await read_form(request, CallForm)
        if form.model is None:
            return see_other(path_of(place), next(iter(form.errors.values())), kind="problem", request=request)
        try:
            await self.desk.call(reader(request), place.id, until=form.model.until)
        except InputError as error:
            return see_other(path_of(place), _.of(error), kind="problem", request=request)
        back = inside(form.model.back) if form.model.back else path_of(place)
        return see_other(back, f"{place.name}: {_(CALLED)}", request=request)

    async def block(self, request: web.Request) -> web.Response:
        """At once and without a question (R5): the page that follows offers to undo it."""
        require(request, Deed.CHANGE, PLACE)
        place = await self.desk.block(reader(request), (await self._place(request)).id)
        return see_other(path_of(place), words(request)(BLOCKED), request=request)

    async def unblock(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, PLACE)
        place = await self.desk.unblock(reader(request), (await self._place(request)).id)
        return see_other(path_of(place), words(request)(UNBLOCKED), request=request)

    # ------------------------------------------------------------------------------------------------------------------

    async def _place(self, request: web.Request) -> Place:
        require(request, Deed.READ, PLACE)
        place = await self.desk.get(reader(request), PlaceId(request.match_info["place"]))
        if place is None:
            raise web.HTTPNotFound
        return place

    def _row(self, place: Place) -> Row:
        phones = [spaced(phone) for phone in place.phones]
        return Row(place=place, state=state_of(place, self.desk.today), path=path_of(place), phones=phones)

    def _shown(self, request: web.Request) -> Mapping[str, Any]:
        """What every page of places knows."""
        who = reader(request)
        return {
            "kind_names": KINDS,
            "states": STATES,
            "State": State,
            "may_change": may(who, Deed.CHANGE, PLACE),
            "may_export": may(who, Deed.EXPORT, PLACE),
            "first_day": self.desk.today + timedelta(days=1),
            "usual_day": self.desk.today + USUAL_LIFE,
        }

    async def _edit(
        self, request: web.Request, form: Form[Any], place: Place | None = None, status: int = 200
    ) -> web.Response:
        _ = words(request)
        return page(
            request,
            "places/edit.html",
            status=status,
            form=form,
            row=self._row(place) if place else None,
            steps=await self.desk.history(reader(request), place.id) if place else (),
            told=lambda step: step_words(step, _),
            kinds=[("", _("Choose")), *((kind.value, _(text)) for kind, text in KINDS.items())],
            papers=[("", _("Not known")), ("yes", _("Yes")), ("no", _("No"))],
            **self._shown(request),
        )


def path_of(place: Place) -> str:
    return f"{HOME}/{quote(place.id, safe='')}"


def chosen(places: Iterable[Place], asked: Mapping[str, str], today: date) -> list[Place]:
    """What fits the filters `q`, `kind` and `state`; for a review what expires first comes first."""
    state, kind, sought = asked.get("state", ""), asked.get("kind", ""), fold(asked.get("q", "")[:100]).strip()
    found = [
        place
        for place in places
        if (not kind or place.kind.value == kind)
        and (not state or _fits(state_of(place, today), state))
        and (not sought or _has(place, sought))
    ]
    return sorted(found, key=lambda place: (place.expires_on, place.name)) if state == REVIEW else found


def _fits(state: State, wanted: str) -> bool:
    return state in REVIEWED if wanted == REVIEW else state.value == wanted


def _has(place: Place, sought: str) -> bool:
    texts = (place.name, place.street, place.who_for, place.source, place.id)
    number = "".join(filter(str.isdigit, sought))
    is_phone = bool(number) and any(number in phone for phone in place.phones)
    return is_phone or any(sought in fold(text) for text in texts)


def _failed(form: Form[Any], problems: Sequence[RowProblem]) -> Form[Any]:
    for problem in problems:
        form = form.failed(problem.message, problem.column if problem.column in PlaceForm.model_fields else "")
    return form


def _whole(text: str) -> int:
    return int(text[:9]) if text.isascii() and text.isdigit() else 1


def routes(*, desk: PlaceDesk, read_rows: ReadRows) -> Sequence[web.RouteDef]:
    """`read_rows` reads a file's bytes as a table; the name is for its complaints."""
    pages = PlacePages(desk=desk)
    return [
        web.get("/places", pages.index),
        web.get("/places/export.csv", pages.export),
        web.get("/places/new", pages.new),
        web.post("/places/new", pages.add),
        *place_import.routes(desk=desk, read_rows=read_rows),
        web.get("/places/{place}", pages.show),
        web.post("/places/{place}", pages.save),
        web.post("/places/{place}/call", pages.call),
        web.post("/places/{place}/block", pages.block),
        web.post("/places/{place}/unblock", pages.unblock),
    ]
