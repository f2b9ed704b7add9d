"""Owns the composition: the one package that names concrete adapters and actions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache

import aiohttp
from aiohttp import web
from redis.asyncio import Redis

from bot.app.desks import (
    Desks,
    action_specs,
    broadcast_desk,
    converse,
    flows,
    given,
    learned,
    locale_of,
    send_through,
    texts,
    triggers_of,
)
from bot.app.outside import (
    ask_rasa,
    broadcast_ways,
    nlu_url,
    open_channels,
    open_store,
    open_telegram,
    shared_throttle,
)
from bot.channels.telegram import TelegramChannel
from bot.clock import SystemClock
from bot.config import Settings
from bot.domain.contact import Channel
from bot.queue.connection import connect
from bot.queue.doorbell import Doorbell, Held
from bot.queue.live import Live
from bot.services.conversation import Conversation
from bot.services.deliveries import Sender
from bot.services.inbox import Inbox
from bot.services.outreach import OutreachSender
from bot.services.ports import Channeller
from bot.storage.store import SqlStore
from bot.web.polling import poll_forever, until_done
from bot.worker import Worker

__all__ = [
    "App",
    "Desks",
    "SystemClock",
    "action_specs",
    "ask_rasa",
    "broadcast_desk",
    "broadcast_ways",
    "compose",
    "converse",
    "flows",
    "given",
    "learned",
    "locale_of",
    "nlu_url",
    "open_store",
    "send_through",
    "texts",
    "triggers_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Everything of one process, composed; `web_application` and `worker` are its two faces."""

    settings: Settings
    store: SqlStore
    redis: Redis
    channels: Mapping[Channel, Channeller]
    inbox: Inbox
    conversation: Conversation
    sender: Sender
    worker: Worker[Held]
    telegram: TelegramChannel | None
    make_web: Callable[[], web.Application]

    @property
    def web_application(self) -> web.Application:
        """What is served; made at the first asking, for a worker serves nothing."""
        return self.make_web()

    async def poll(self, stop: asyncio.Event) -> None:
        """Tell Telegram how updates reach us, and fetch them where no webhook does; one process does it."""
        if self.telegram is None:
            return
        is_polling = self.settings.telegram_mode == "polling"
        webhook = None if is_polling else f"{self.settings.public_url}/channels/telegram"
        await until_done(lambda: self._prepare(webhook), stop)
        if is_polling:
            await poll_forever(self.telegram, self.inbox, stop)

    async def _prepare(self, webhook: str | None) -> None:
        assert self.telegram is not None
        await self.telegram.prepare(webhook)


@asynccontextmanager
async def compose(settings: Settings) -> AsyncIterator[App]:
    """Build the application around an open database, Redis and HTTP session, and close them at the end."""
    async with AsyncExitStack() as stack:
        store = await open_store(settings)
        stack.push_async_callback(store.close)
        redis = connect(settings.redis_url.get_secret_value())
        stack.push_async_callback(redis.aclose)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        live = await stack.enter_async_context(Live(redis=redis))
        telegram = open_telegram(settings)
        if telegram is not None:
            await stack.enter_async_context(telegram)
        yield _build(settings, store=store, redis=redis, session=session, live=live, telegram=telegram)


def _build(
    settings: Settings,
    *,
    store: SqlStore,
    redis: Redis,
    session: aiohttp.ClientSession,
    live: Live,
    telegram: TelegramChannel | None,
) -> App:
    desks, rasa = Desks.over(store, settings), ask_rasa(settings, session)
    message_bell, delivery_bell = Doorbell(redis=redis, name="messages"), Doorbell(redis=redis, name="deliveries")
    channels = open_channels(settings, session, live, telegram)
    ways = broadcast_ways(settings, channels)
    inbox = Inbox(store=store, bell=message_bell, clock=desks.clock, ids=desks.ids, ways=ways)
    conversation = converse(settings, desks, store=store, bell=delivery_bell, channels=channels, rasa=rasa)
    throttle = shared_throttle(settings, redis, channels)
    sender = send_through(settings, desks, store=store, channels=channels, throttle=throttle)
    broadcasts = broadcast_desk(settings, desks, store=store, ways=ways)
    worker = Worker(
        messages=message_bell,
        deliveries=delivery_bell,
        message_bell=message_bell,
        delivery_bell=delivery_bell,
        conversation=conversation,
        sender=sender,
        broadcasts=broadcasts.life,
        outreach=OutreachSender(
            store=store, desk=broadcasts, sender=sender, clock=desks.clock, ids=desks.ids, ways=ways
        ),
        privacy=desks.privacy,
        store=store,
        clock=desks.clock,
    )

    def make_web() -> web.Application:
        from bot.app.front import front  # noqa: PLC0415 (pages, maps and PDF take a second to load)

        return front(
            settings,
            desks,
            store=store,
            redis=redis,
            live=live,
            rasa=rasa,
            inbox=inbox,
            channels=channels,
            broadcasts=broadcasts,
            session=session,
        )

    return App(
        settings=settings,
        store=store,
        redis=redis,
        channels=channels,
        inbox=inbox,
        conversation=conversation,
        sender=sender,
        worker=worker,
        telegram=telegram,
        make_web=cache(make_web),
    )
