"""Owns the pages of settings: languages, flows, channels and retention as they are, and how they do."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from aiohttp import web

from bot.console import flow_chart, flow_words
from bot.console.alert_words import CHANNELS
from bot.console.guard import require
from bot.console.render import page
from bot.console.standing_words import REASONS
from bot.console.visit import reader, words
from bot.console.words import LANGUAGES, N_, Words
from bot.engine.flow import Flow
from bot.i18n import Catalogs
from bot.services.access import REPORT, SETTINGS, Deed, may
from bot.services.channel_health import DAY, HOUR, MONTH, ChannelHealth, Setup
from bot.services.coverage import (
    Coverage,
    Lines,
    by_language,
    hazards_reviewed,
    known_msgids,
    msgids_of,
    msgids_of_all,
)
from bot.services.flow_figures import FlowFigures
from bot.services.hazards import Hazard
from bot.services.ports import Clock, Store
from bot.services.privacy import Retention

TEN = 10
DOMAINS: Final = {
    "flows": N_("What flows say"),
    "bot": N_("What the service says"),
    "console": N_("These pages"),
}
PARTS: Final = {
    "database": N_("Database"),
    "redis": N_("Redis: wakes workers, keeps the pace"),
    "nlu": N_("Understanding of messages"),
    "worker": N_("Worker: answers and sends"),
    "channels": N_("Channels that are on"),
}
# Each kind of data: what it is, and which of the retention settings says how long it stays.
KINDS: Final = (
    ("messages", N_("Messages from people"), "messages"),
    ("deliveries", N_("Messages to people"), "messages"),
    ("sessions", N_("Answers given in flows that have ended"), "messages"),
    ("recipients", N_("Who was written to in alerts; the sums stay"), "messages"),
    ("activities", N_("What operators did and noted"), "messages"),
    ("translations", N_("Translations"), "messages"),
    ("corrections", N_("What misunderstood messages meant"), "messages"),
    ("documents", N_("Photos and files"), "documents"),
    ("cases", N_("Closed cases"), "cases"),
    ("audit", N_("Who looked at what and changed what"), "audit"),
)
Ask = Callable[[], Awaitable[Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPages:
    store: Store
    clock: Clock
    flows: Mapping[str, Flow]
    catalogs: Catalogs  # of what contacts are told
    hazards: Sequence[Hazard]
    count_lines: Callable[[], Mapping[str, Lines]]  # by language; takes a moment
    figures: FlowFigures
    channels: Sequence[Setup]
    health: ChannelHealth
    ask_parts: Ask  # a word for each part; what begins with "down" does not work
    retention: Retention
    unheard: Sequence[str]  # who outside hears of no critical case, as sentences

    async def index(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, SETTINGS)
        return page(request, "settings/index.html", has_figures=_has_figures(request), unheard=self.unheard)

    async def languages(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, SETTINGS)
        lines = await asyncio.to_thread(self.count_lines)
        return page(
            request,
            "settings/languages.html",
            languages=self.catalogs.languages,
            domains=DOMAINS,
            coverage=self._coverage(words(request).catalogs),
            reviewed={one: hazards_reviewed(self.hazards, one, self.catalogs) for one in self.catalogs.languages},
            hazards=len(self.hazards),
            lines=lines,
        )

    async def flow_list(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, SETTINGS)
        coverage = {flow.name: by_language(msgids_of(flow), "flows", self.catalogs) for flow in self.flows.values()}
        flows = sorted(self.flows.values(), key=lambda flow: (not flow.is_life, flow.name))
        return page(request, "settings/flows.html", flows=flows, coverage=coverage, languages=self.catalogs.languages)

    async def flow(self, request: web.Request) -> web.Response:
        _ = words(request)
        require(request, Deed.READ, SETTINGS)
        flow = self.flows.get(request.match_info["flow"])
        if flow is None:
            raise web.HTTPNotFound
        steps = flow_words.rows(flow, _)
        return page(
            request,
            "settings/flow.html",
            flow=flow,
            steps=steps,
            names={one.id: one.name for one in steps},
            kinds=flow_words.KINDS,
            anchor=flow_words.anchor,
            drawing=_drawing(flow, steps, _),
            coverage=by_language(msgids_of(flow), "flows", self.catalogs),
            stops=await self.figures.stops(flow, reader(request)) if _has_figures(request) else None,
        )

    async def channel_list(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, SETTINGS)
        parts = await self.ask_parts()
        on = [one.channel for one in self.channels if one.is_on]
        is_up = not parts.get("database", "").startswith("down")  # without it this page says at least so
        return page(
            request,
            "settings/channels.html",
            setups=self.channels,
            health=await self.health.of(on) if is_up and _has_figures(request) else None,
            about=partial(about, _=words(request)),
            since=partial(since, now=self.clock.now(), _=words(request)),
            answers=parts,
            part_names=PARTS,
            channels=CHANNELS,
            reasons=REASONS,
        )

    async def retention_list(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, SETTINGS)
        deleted, waiting = None, 0
        if _has_figures(request):
            async with self.store.look() as unit:
                deleted = await unit.figures.deleted(self.clock.now() - DAY)
                waiting = await unit.figures.waiting_erasure()
        return page(
            request,
            "settings/retention.html",
            kinds=[(kind, name, getattr(self.retention, setting), setting) for kind, name, setting in KINDS],
            about=partial(about, _=words(request)),
            deleted=deleted,
            waiting=waiting,
        )

    def _coverage(self, console: Catalogs) -> Mapping[str, Mapping[str, Coverage]]:
        """By domain and language; these pages have languages of their own."""
        own = by_language(known_msgids(console, "console"), "console", console)
        return {
            "flows": by_language(msgids_of_all(self.flows.values()), "flows", self.catalogs),
            "bot": by_language(known_msgids(self.catalogs, "bot"), "bot", self.catalogs),
            "console": {language: own[language] for language in LANGUAGES if language in own},
        }


def _has_figures(request: web.Request) -> bool:
    """Figures tell of people, if of none by name: they are for who may read reports."""
    return may(reader(request), Deed.READ, REPORT)


def about(count: int, _: Words) -> str:
    """In tens: these sums count everybody; an exact one, less whom its reader may see, would tell of others (R16)."""
    if count < TEN:
        return _("fewer than {n}", n=TEN) if count else "0"
    return _("about {n}", n=round(count, -1))


def since(at: datetime | None, now: datetime, _: Words) -> str:
    """As long ago as tells whether a channel works, and not who wrote when."""
    if at is None or now - at > MONTH:
        return _("none in 30 days")
    return (
        _("in the last hour")
        if now - at <= HOUR
        else _("in the last day")
        if now - at <= DAY
        else _("in the last 30 days")
    )


def _drawing(flow: Flow, steps: Sequence[flow_words.Row], _: Words) -> str:
    told = {one.id: (one.kind, one.text or _(flow_words.KINDS[one.kind])) for one in steps}
    title = _("Drawing of the flow {name}; the list of steps below says the same.", name=flow.name)
    return flow_chart.draw(flow, title=title, describe=lambda step: told.get(step, ("end", _("Ends"))))


def routes(
    *,
    store: Store,
    clock: Clock,
    flows: Mapping[str, Flow],
    catalogs: Catalogs,
    hazards: Sequence[Hazard],
    count_lines: Callable[[], Mapping[str, Lines]],
    channels: Sequence[Setup],
    ask_parts: Ask,
    retention: Retention,
    unheard: Sequence[str] = (),
) -> Sequence[web.RouteDef]:
    pages = SettingsPages(
        store=store, clock=clock, flows=flows, catalogs=catalogs, hazards=hazards, count_lines=count_lines,
        figures=FlowFigures(store=store, clock=clock), channels=channels,
        health=ChannelHealth(store=store, clock=clock), ask_parts=ask_parts, retention=retention, unheard=unheard,
    )  # fmt: skip
    return [
        web.get("/settings", pages.index),
        web.get("/settings/languages", pages.languages),
        web.get("/settings/flows", pages.flow_list),
        web.get("/settings/flows/{flow}", pages.flow),
        web.get("/settings/channels", pages.channel_list),
        web.get("/settings/retention", pages.retention_list),
    ]
