"""Owns the pages of cases: the list with its filters and search, and one case with everything that is done with it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from bot.console import desk_words
from bot.console.case_words import CLUES, CONSENT_STATES, FactWords, country, file_name, history
from bot.console.forms import Form, blank, read_form
from bot.console.render import LOOK, page
from bot.console.visit import reader, see_other, words
from bot.console.words import N_, Words
from bot.domain.case import Case, CaseStatus, Clue, Compartment, Outcome, Topic, Urgency
from bot.domain.employer import SiteId
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.staff import StaffId
from bot.services.access import Reader
from bot.services.case_file import File
from bot.services.case_list import SHOWN, CaseList, Filter, Found, is_due
from bot.services.casework import LONGEST, LONGEST_REASON, CaseWork
from bot.services.consenting import ConsentDesk
from bot.services.ports import Clock

# What a person sets: a case is in hand while somebody speaks with its contact, and nobody says so by hand.
SETTABLE = {
    CaseStatus.OPEN: N_("Open: it goes on"),
    CaseStatus.WAITING: N_("It rests until a day"),
    CaseStatus.RESOLVED: N_("Resolved"),
    CaseStatus.CLOSED: N_("Closed"),
}
MOVED = N_("The case is with the specialists now. You no longer see it.")
SAVED = N_("Saved.")


class Search(BaseModel):
    """The list's address: what is sought."""

    status: CaseStatus | None = None
    topic: Topic | None = None
    urgency: Urgency | None = None
    language: str = Field("", max_length=35)
    site: str = Field("", max_length=64)
    mine: bool = False
    due: bool = False
    q: str = Field("", max_length=120)

    def filter(self, who: Reader) -> Filter:
        return Filter(
            is_over=self.status is not None and not self.status.is_open,
            statuses=frozenset({self.status} if self.status else ()),
            topics=frozenset({self.topic} if self.topic else ()),
            urgencies=frozenset({self.urgency} if self.urgency else ()),
            languages=frozenset({self.language} if self.language else ()),
            sites=frozenset({SiteId(self.site)} if self.site else ()),
            owner=StaffId(who.id) if self.mine else None,
            is_due=self.due,
            text=self.q,
        )


class NarrativeForm(BaseModel):
    narrative: str = Field("", max_length=LONGEST)
    seen: str = Field("", max_length=64)


class UrgencyForm(BaseModel):
    urgency: Urgency
    urgency_why: str = Field("", max_length=LONGEST_REASON)
    seen: str = Field("", max_length=64)


class StatusForm(BaseModel):
    status: CaseStatus
    outcome: Outcome | None = None
    wait_until: datetime | None = None
    status_why: str = Field("", max_length=LONGEST_REASON)
    seen: str = Field("", max_length=64)


class PlanForm(BaseModel):
    step: str = Field("", max_length=LONGEST_REASON)
    step_at: datetime | None = None
    seen: str = Field("", max_length=64)


class LinkForm(BaseModel):
    other: str = Field(max_length=40)


class CluesForm(BaseModel):
    clues: tuple[Clue, ...] = ()
    seen: str = Field("", max_length=64)


class MoveForm(BaseModel):
    compartment: Compartment
    move_why: str = Field("", max_length=LONGEST_REASON)


class ConsentForm(BaseModel):
    once: str = Field("", max_length=64)  # names this form: what is sent twice is asked once
    recipient: str = Field("", max_length=300)
    purpose: str = Field("", max_length=300)


class ToldForm(BaseModel):
    once: str = Field("", max_length=64)
    told_recipient: str = Field("", max_length=300)
    told_purpose: str = Field("", max_length=300)
    told_note: str = Field("", max_length=2000)
    told_answer: Literal["yes", "no"]


class RevokeForm(BaseModel):
    consent: str = Field(max_length=64)


Change = Callable[[web.Request, Reader, str, Any], Awaitable[bool]]  # whether the reader may still see the case


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePages:
    cases: CaseList
    work: CaseWork
    consents: ConsentDesk
    clock: Clock
    facts: FactWords

    # --- the list ---------------------------------------------------------------------------------------------------

    async def index(self, request: web.Request) -> web.Response:
        who = reader(request)
        try:
            search = Search.model_validate({name: value for name, value in request.query.items() if value})
        except ValidationError as error:
            raise web.HTTPNotFound from error
        try:
            found = await self.cases.find(who, search.filter(who))
        except Denied as error:
            raise web.HTTPNotFound from error
        _, now = words(request), self.clock.now()
        return page(
            request,
            "cases/list.html",
            fragment="rows",
            found=found,
            form=blank(**search.model_dump(exclude_defaults=True)),
            is_filtered=bool(search.model_dump(exclude_defaults=True)),
            clocks={row.case.id: _clock(row.case, now, _) for row in found.rows},
            shown=SHOWN,
            is_due=lambda case: is_due(case, now),
            **_choices(found, _),
            **labels(),
        )

    # --- one case ---------------------------------------------------------------------------------------------------

    async def show(self, request: web.Request) -> web.Response:
        return await self._page(request, await self._file(request))

    def changing(self, model: type[BaseModel], change: Change) -> Callable[[web.Request], Awaitable[web.Response]]:
        """What takes one of the page's forms: saves it, or shows the page again with what was typed."""

        async def take(request: web.Request) -> web.Response:
            _, number = words(request), request.match_info["number"]
            form, who = await read_form(request, model), reader(request)
            status = 422
            try:
                if form.model is not None:
                    is_seen = await change(request, who, number, form.model)
                    path = f"/console/cases/{quote(number, safe='')}" if is_seen else "/console/cases"
                    return see_other(path, _(SAVED if is_seen else MOVED), request=request)
            except Denied as error:
                raise web.HTTPNotFound from error
            except InputError as error:
                form = form.failed(_.of(error))
            except Conflict as error:
                form, status = form.failed(_.of(error)), 409
            return await self._page(request, await self._file(request), form, status=status)

        return take

    async def _file(self, request: web.Request) -> File:
        try:
            return await self.work.open(reader(request), request.match_info["number"])
        except Denied as error:
            raise web.HTTPNotFound from error

    async def _page(
        self, request: web.Request, file: File, form: Form[Any] | None = None, *, status: int = 200
    ) -> web.Response:
        _, zone, now = words(request), request.app[LOOK].zone, self.clock.now()
        values = {**_values(file, zone), **(form.values if form else {}), "seen": file.stamp, "once": token_urlsafe(16)}
        return page(
            request,
            "cases/show.html",
            status=status,
            file=file,
            case=file.case,
            now=now,
            form=Form(None, values, form.errors if form else {}),
            facts=self.facts.facts(file.case, _),
            files=[(one, file_name(one.kind, _)) for one in file.evidence],
            history=list(
                reversed(list(zip(file.history, history(file.case, file.history, file.names, _), strict=True)))
            ),
            clock=_clock(file.case, now, _),
            country=lambda code: country(code, _),
            zone_name=str(zone),
            settable=_pairs(SETTABLE, _),
            outcome_pairs=[("", "–"), *_pairs(desk_words.OUTCOMES, _)],
            urgency_pairs=_pairs(desk_words.URGENCIES, _),
            clue_pairs=_pairs(CLUES, _),
            **labels(),
        )

    # --- its forms --------------------------------------------------------------------------------------------------

    async def narrative(self, _: web.Request, who: Reader, number: str, form: NarrativeForm) -> bool:
        await self.work.correct(who, number, form.narrative, seen=form.seen)
        return True

    async def urgency(self, _: web.Request, who: Reader, number: str, form: UrgencyForm) -> bool:
        await self.work.set_urgency(who, number, form.urgency, form.urgency_why, seen=form.seen)
        return True

    async def status(self, request: web.Request, who: Reader, number: str, form: StatusForm) -> bool:
        await self.work.set_status(
            who, number, form.status, form.status_why, seen=form.seen, outcome=form.outcome,
            next_step_at=_local(form.wait_until, request),
        )  # fmt: skip
        return True

    async def plan(self, request: web.Request, who: Reader, number: str, form: PlanForm) -> bool:
        await self.work.plan(who, number, form.step, _local(form.step_at, request), seen=form.seen)
        return True

    async def link(self, _: web.Request, who: Reader, number: str, form: LinkForm) -> bool:
        await self.work.link(who, number, form.other)
        return True

    async def unlink(self, _: web.Request, who: Reader, number: str, form: LinkForm) -> bool:
        await self.work.unlink(who, number, form.other)
        return True

    async def clues(self, _: web.Request, who: Reader, number: str, form: CluesForm) -> bool:
        await self.work.mark_clues(who, number, form.clues, seen=form.seen)
        return True

    async def move(self, _: web.Request, who: Reader, number: str, form: MoveForm) -> bool:
        return await self.work.move(who, number, form.compartment, form.move_why)

    async def ask_consent(self, _: web.Request, who: Reader, number: str, form: ConsentForm) -> bool:
        await self.consents.ask(who, number, form.recipient, form.purpose, once=form.once)
        return True

    async def record_consent(self, _: web.Request, who: Reader, number: str, form: ToldForm) -> bool:
        is_given = form.told_answer == "yes"
        await self.consents.record(
            who, number, form.told_recipient, form.told_purpose, form.told_note, is_given=is_given, once=form.once
        )
        return True

    async def revoke_consent(self, _: web.Request, who: Reader, number: str, form: RevokeForm) -> bool:
        await self.consents.revoke(who, number, form.consent)
        return True


def labels() -> Mapping[str, Any]:
    """Words that templates translate: `_(topics[case.topic])`."""
    return {
        "topics": desk_words.TOPICS,
        "urgencies": desk_words.URGENCIES,
        "shapes": desk_words.SHAPES,
        "case_statuses": desk_words.CASE_STATUSES,
        "outcomes": desk_words.OUTCOMES,
        "compartments": desk_words.COMPARTMENTS,
        "consent_states": CONSENT_STATES,
        "clue_names": CLUES,
        "Compartment": Compartment,
    }


def _choices(found: Found, _: Words) -> dict[str, Any]:
    """What the filters offer."""
    anything = ("", _("All"))
    return {
        "status_pairs": [
            ("", _("All open")),
            *((one.value, _(text)) for one, text in desk_words.CASE_STATUSES.items()),
        ],
        "topic_pairs": [anything, *((one.value, _(text)) for one, text in desk_words.TOPICS.items())],
        "urgency_pairs": [anything, *((one.value, _(text)) for one, text in desk_words.URGENCIES.items())],
        "language_pairs": [anything, *((code, _.tongue(code)) for code in found.languages)],
        "site_pairs": [anything, *((site.id, site.name) for site in found.sites.values())],
    }


def _pairs(texts: Mapping[Any, str], _: Words) -> list[tuple[Any, str]]:
    """Values and what they are called, for a choice."""
    return [(one.value, _(text)) for one, text in texts.items()]


def _values(file: File, zone: ZoneInfo) -> dict[str, Any]:
    """What the page's forms begin with."""
    case = file.case
    step_at = f"{case.next_step_at.astimezone(zone):%Y-%m-%dT%H:%M}" if case.next_step_at else ""
    status = CaseStatus.OPEN if case.status is CaseStatus.IN_PROGRESS else case.status
    return {
        "narrative": case.narrative, "urgency": case.urgency.value, "status": status.value,
        "outcome": case.outcome.value if case.outcome else "", "step": case.next_step, "step_at": step_at,
        "wait_until": step_at, "clues": [clue.value for clue in case.clues],
    }  # fmt: skip


def _local(at: datetime | None, request: web.Request) -> datetime | None:
    """A time as it was typed, in the console's own zone, unless it names one."""
    if at is None:
        return None
    return (at if at.tzinfo is not None else at.replace(tzinfo=request.app[LOOK].zone)).astimezone(UTC)


def _clock(case: Case, now: datetime, _: Words) -> tuple[str, bool]:
    """What is due next, in words, and whether its time is over."""
    if not case.status.is_open:
        return "", False
    resolve = (case.resolve_by, N_("Resolve within {time}"), N_("Resolution is late by {time}"))
    step = (case.next_step_at, N_("Next step in {time}"), N_("Next step is due since {time}"))
    answer = (case.due_at, N_("Answer within {time}"), N_("Answer is late by {time}"))
    at, before, after = answer if case.answered_at is None else step if case.next_step_at is not None else resolve
    return desk_words.until(at, now, before, after, _) if at is not None else ("", False)


def routes(
    *, cases: CaseList, work: CaseWork, consents: ConsentDesk, clock: Clock, facts: FactWords
) -> Sequence[web.RouteDef]:
    pages = CasePages(cases=cases, work=work, consents=consents, clock=clock, facts=facts)
    forms: dict[str, tuple[type[BaseModel], Change]] = {
        "narrative": (NarrativeForm, pages.narrative),
        "urgency": (UrgencyForm, pages.urgency),
        "status": (StatusForm, pages.status),
        "plan": (PlanForm, pages.plan),
        "link": (LinkForm, pages.link),
        "unlink": (LinkForm, pages.unlink),
        "clues": (CluesForm, pages.clues),
        "move": (MoveForm, pages.move),
        "ask-consent": (ConsentForm, pages.ask_consent),
        "record-consent": (ToldForm, pages.record_consent),
        "revoke-consent": (RevokeForm, pages.revoke_consent),
    }
    return [
        web.get("/cases", pages.index),
        web.get("/cases/{number}", pages.show),
        *(web.post(f"/cases/{{number}}/{name}", pages.changing(*form)) for name, form in forms.items()),
    ]
