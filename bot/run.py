"""Owns `run`: everything in one process tree on one machine, on an embedded default, with or without the demo."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from bot import app, demo
from bot.config import Settings
from bot.domain.contact import Channel
from bot.nlu import child
from bot.queue.embedded import embedded_redis
from bot.storage import keyfile
from bot.storage.migrate import migrate
from bot.web import server

DATABASE = "muster.db"
HEARTBEAT = "worker.alive"
STUCK_SECONDS = 60  # a worker ticks every two


def say(line: str) -> None:
    """Tell whoever started us, at once."""
    print(line, flush=True)


@asynccontextmanager
async def stopping() -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set; a second signal ends the process as usual."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def hear(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hear, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def with_home(settings: Settings) -> Settings:
    """The settings with a data folder: its SQLite file and its key file stand in for what is not configured."""
    home = settings.home.resolve()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    updates: dict[str, object] = {"home": home}
    if not settings.database_url.get_secret_value():
        updates["database_url"] = SecretStr(f"sqlite+aiosqlite:///{home / DATABASE}")
    if not settings.keys.get_secret_value():
        updates["keys"] = SecretStr(_keys(home))
    return settings.model_copy(update=updates)


def _keys(home: Path) -> str:
    keys, is_new = keyfile.read_or_make(home)
    if is_new:
        say(f"Made an encryption key: {home / keyfile.NAME}\n  Back it up, away from this machine: it opens all data.")
    return keys


async def run(settings: Settings, *, is_demo: bool) -> None:
    """Start everything, say where it is, work until told to stop. Raises ConfigurationError for a demo on real data."""
    if is_demo:
        demo.require_own_database(settings)
    settings = with_home(settings)
    async with AsyncExitStack() as stack:
        stop = await stack.enter_async_context(stopping())
        if not settings.redis_url.get_secret_value():
            url = await stack.enter_async_context(embedded_redis(settings.home / "redis"))
            settings = settings.model_copy(update={"redis_url": SecretStr(url)})
        await migrate(settings.database_url.get_secret_value())
        shown = demo.prepare(settings) if is_demo else None
        if shown is not None:
            settings = shown.settings
            await stack.enter_async_context(shown.served())
        composed = await stack.enter_async_context(app.compose(settings))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        if shown is not None:
            loaded = await shown.load(composed.store)
            say(f"Demo: a flood, with fictional companies; {loaded.sites} sites and {loaded.told} places are known.")
            group.create_task(shown.crew.run(stop))
            group.create_task(shown.callers.run(stop))
        up = partial(announce, settings, composed, shown)
        group.create_task(server.serve(composed.web_application, settings.host, settings.port, stop, when_up=up))
        group.create_task(composed.worker.run(stop))
        group.create_task(composed.poll(stop))
        if not settings.nlu_url:
            group.create_task(child.keep_running(port=settings.nlu_port, say=say, stop=stop))
        await stop.wait()
        say("Stopping: finishing what is in hand ...")


def announce(settings: Settings, composed: app.App, shown: demo.Demo | None) -> None:
    """Print where everything is, in the demo how to try it, and which channels are off."""
    here = f"http://{settings.host}:{settings.port}"
    say(f"Muster is up.\n  Web chat: {here}/chat\n  Health:   {here}/health")
    if shown is not None:
        _announce_demo(settings, here, shown)
    for channel in Channel:
        if channel not in composed.channels:
            say(f"  {channel.value} is off: {_MISSING[channel]}")
    say(f"  Data:     {settings.home}\nStop with Ctrl+C.")


def _announce_demo(settings: Settings, here: str, shown: demo.Demo) -> None:
    phones = f"http://127.0.0.1:{settings.sandbox_port}/"
    say(f"  Phones:   {phones}  (stand-ins for SMS, WhatsApp and Telegram)\n  Console:  {here}/console/")
    for badge in shown.badges:
        say(f"    {badge.role:13} login {badge.login}, password: {badge.password}")
    say(
        f"    Each also needs a code of six digits: the page of phones shows the present ones.\n"
        f"  To try it: as {shown.badges[0].login} write a drill from a template and ask for approval; as"
        f" {shown.badges[1].login} approve and send it;\n"
        f"    then watch the board: {len(shown.crew.members)} workers on stand-in phones answer within two minutes.\n"
        f"  And as an operator take somebody at the desk: every three minutes one of"
        f" {len(shown.callers.people)} workers asks for a person.\n"
        f"    SMS leave at {settings.pace(Channel.SMS).rate:g} segments a second, as from a short code;"
        " an ordinary number has 1 (MUSTER_PACES)."
    )


_MISSING = {
    Channel.TELEGRAM: "set MUSTER_TELEGRAM_TOKEN",
    Channel.SMS: "set MUSTER_TWILIO_ACCOUNT_SID, MUSTER_TWILIO_AUTH_TOKEN and MUSTER_SMS_FROM",
    Channel.WHATSAPP: "set MUSTER_TWILIO_ACCOUNT_SID, MUSTER_TWILIO_AUTH_TOKEN and MUSTER_WHATSAPP_FROM",
    Channel.WEBCHAT: "it needs nothing",
}


async def run_web(settings: Settings) -> None:
    """The public side alone, for a deployment of many processes."""
    async with stopping() as stop, app.compose(settings) as composed, asyncio.TaskGroup() as group:
        up = partial(say, f"web is up on {settings.host}:{settings.port}")
        group.create_task(server.serve(composed.web_application, settings.host, settings.port, stop, when_up=up))
        group.create_task(composed.poll(stop))


async def run_worker(settings: Settings) -> None:
    """A worker alone."""
    async with stopping() as stop, app.compose(settings) as composed:
        composed.worker.beat = (settings.home / HEARTBEAT).touch
        say("worker is up")
        await composed.worker.run(stop)


def is_worker_alive(settings: Settings, now: float) -> bool:
    """Whether the worker of this data folder ticked within the last minute; `now` is seconds since the epoch."""
    heartbeat = settings.home / HEARTBEAT
    return heartbeat.exists() and now - heartbeat.stat().st_mtime < STUCK_SECONDS


async def run_nlu(settings: Settings) -> None:
    """The NLU server alone, provided with what it needs."""
    async with stopping() as stop:
        with suppress(asyncio.CancelledError):
            await child.keep_running(port=settings.nlu_port, say=say, stop=stop, host=settings.host)
