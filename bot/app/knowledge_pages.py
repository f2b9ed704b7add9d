"""Owns what the desk keeps for everybody, as served: places, and what misunderstood messages meant."""

from collections.abc import Sequence

from aiohttp import web

from bot.app.desks import Desks, learned, locale_of
from bot.app.outside import Outside
from bot.config import Settings
from bot.console import corrections, places
from bot.importing import read_rows
from bot.services.corrections import CorrectionDesk
from bot.services.place_desk import PlaceDesk


def knowledge_pages(outside: Outside, desks: Desks) -> Sequence[web.RouteDef]:
    settings, store = outside.settings, outside.store
    languages = locale_of(settings).languages
    directory = PlaceDesk(store=store, clock=desks.clock, zone=settings.zone, region=settings.region)
    lessons = CorrectionDesk(
        store=store,
        clock=desks.clock,
        intents=_intents(settings),
        languages=tuple(languages),
        region=settings.region,
    )
    return [
        *places.routes(desk=directory, read_rows=read_rows),
        *corrections.routes(desk=lessons, languages=languages),
    ]


def _intents(settings: Settings) -> Sequence[str]:
    """What can be learned: the intents that the training data has."""
    keywords, _ = learned(settings.root / "nlu_data", settings.languages)
    return corrections.in_order(list(keywords.bayes.priors))
