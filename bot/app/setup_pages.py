"""Owns the pages of settings as served: what they show comes from this deployment's settings, channels and files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path

from aiohttp import web

from bot.app.desks import Desks, flows
from bot.app.duties import unheard_alarms
from bot.app.outside import Outside
from bot.config import Settings
from bot.console import settings_pages
from bot.domain.contact import Channel
from bot.nlu.examples import read_examples
from bot.services.channel_health import Setup
from bot.services.coverage import Lines
from bot.services.hazards import load as load_hazards
from bot.web import health

_SHOWN = (Channel.TELEGRAM, Channel.WHATSAPP, Channel.SMS, Channel.WEBCHAT)


def setup_pages(
    outside: Outside, desks: Desks, *, probes: Mapping[str, health.Probe], here: str
) -> Sequence[web.RouteDef]:
    settings = outside.settings
    return settings_pages.routes(
        store=outside.store,
        clock=desks.clock,
        flows=flows(settings),
        catalogs=desks.catalogs,
        hazards=load_hazards(),
        count_lines=partial(_count_lines, settings.root / "nlu_data", settings.languages),
        channels=[_setup(channel, outside, here) for channel in _SHOWN],
        ask_parts=partial(health.ask, probes),
        retention=settings.retention,
        unheard=unheard_alarms(settings),
    )


def _setup(channel: Channel, outside: Outside, here: str) -> Setup:
    settings = outside.settings
    is_whatsapp, pace = channel is Channel.WHATSAPP, settings.pace(channel)
    return Setup(
        channel=channel,
        is_on=channel in outside.channels,
        rate=pace.rate,
        burst=pace.burst,
        hooks=tuple(f"{here}{path}" for path in _hooks(channel, settings)),
        template=settings.whatsapp_template if is_whatsapp else "",
        template_variables=settings.whatsapp_template_variables if is_whatsapp else 0,
    )


def _hooks(channel: Channel, settings: Settings) -> Sequence[str]:
    """What the provider has to be given; Telegram is told by ourselves, and the web chat is our own."""
    if channel in (Channel.SMS, Channel.WHATSAPP):
        return f"/channels/{channel.value}", f"/channels/{channel.value}/status"
    is_hooked = channel is Channel.TELEGRAM and settings.telegram_mode == "webhook"
    return ("/channels/telegram",) if is_hooked else ()


@lru_cache(maxsize=1)
def _count_lines(folder: Path, languages: tuple[str, ...]) -> Mapping[str, Lines]:
    training, evaluation = (
        Counter(example.language for example in read_examples(where, languages)) for where in (folder, folder / "eval")
    )
    return {one: Lines(training=training[one], evaluation=evaluation[one]) for one in languages}
