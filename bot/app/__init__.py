"""Owns the composition: the one package that names concrete adapters and actions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

from aiohttp import web

from bot.app.desks import Desks, broadcast_desk, converse, send_through
from bot.app.duties import desk_ticks, duty_desk
from bot.app.news import NewsBell
from bot.app.outside import Outside, open_outside, shared_throttle
from bot.channels.telegram import TelegramChannel
from bot.config import Settings
from bot.domain.contact import Channel
from bot.queue.doorbell import Doorbell, Held
from bot.services.conversation import Conversation
from bot.services.desk import Desk
from bot.services.inbox import Inbox
from bot.services.outreach import OutreachSender
from bot.services.ports import Channeller
from bot.storage.store import SqlStore
from bot.web.polling import poll_forever, until_done
from bot.worker import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Everything of one process, composed; `web_application` and `worker` are its two faces."""

    settings: Settings
    store: SqlStore
    channels: Mapping[Channel, Channeller]
    inbox: Inbox
    conversation: Conversation
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
    """Build the application around what the settings name, and close that at the end."""
    async with open_outside(settings) as outside:
        yield _build(outside)


def _build(outside: Outside) -> App:
    settings, store, channels = outside.settings, outside.store, outside.channels
    desks = Desks.over(store, settings)
    messages, deliveries = (Doorbell(redis=outside.redis, name=name) for name in ("messages", "deliveries"))
    heard, said = (NewsBell(bell=bell, live=outside.live) for bell in (messages, deliveries))
    inbox = Inbox(store=store, bell=heard, clock=desks.clock, ids=desks.ids, ways=outside.ways)
    conversation = converse(settings, desks, store=store, bell=said, channels=channels, rasa=outside.rasa)
    operators = Desk(store=store, bell=said, clock=desks.clock, conversation=conversation)
    duty = duty_desk(settings, desks, store=store, operators=operators)
    throttle = shared_throttle(settings, outside.redis, channels)
    sender = send_through(settings, desks, store=store, channels=channels, throttle=throttle)
    broadcasts = broadcast_desk(settings, desks, store=store, ways=outside.ways)
    worker = Worker(
        messages=messages,
        deliveries=deliveries,
        message_bell=messages,
        delivery_bell=deliveries,
        conversation=conversation,
        sender=sender,
        broadcasts=broadcasts.life,
        outreach=OutreachSender(
            store=store, desk=broadcasts, sender=sender, clock=desks.clock, ids=desks.ids, ways=outside.ways
        ),
        privacy=desks.privacy,
        others=desk_ticks(outside, desks, duty),
        store=store,
        clock=desks.clock,
    )

    def make_web() -> web.Application:
        from bot.app.front import front  # noqa: PLC0415 (pages, maps and PDF take a second to load)

        return front(outside, desks, inbox=inbox, broadcasts=broadcasts, operators=operators)

    return App(
        settings=settings,
        store=store,
        channels=channels,
        inbox=inbox,
        conversation=conversation,
        worker=worker,
        telegram=outside.telegram,
        make_web=cache(make_web),
    )
