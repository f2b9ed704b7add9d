"""Owns what the web chat's tests stand on: the real routes over a real SQLite store and a real Redis, on loopback."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, web
from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis

from bot.channels.webchat import WebChatChannel
from bot.config import Settings
from bot.domain.contact import Address, ContactId
from bot.domain.delivery import Content, Delivery, DeliveryId, DeliveryStatus, Lane, Option
from bot.domain.message import Message
from bot.i18n import Catalogs
from bot.queue.connection import connect
from bot.queue.embedded import embedded_redis
from bot.queue.live import Live
from bot.services.documents import Documents
from bot.services.inbox import Inbox
from bot.storage.store import SqlStore
from bot.web import open_sockets, server, webchat
from bot.web.webchat_frames import address_of
from tests.stand import CountingIds, StillClock

SECRET = "ab" * 32
ADDRESS = address_of(SECRET)
NAMES = {"en": "English", "es": "Español", "ne": "नेपाली", "ar": "العربية"}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        yield runner.run(stack.enter_async_context(embedded_redis(tmp_path_factory.mktemp("redis"))))
        runner.run(stack.aclose())


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def live(redis: Redis) -> AsyncIterator[Live]:
    async with Live(redis=redis) as wire:
        yield wire


class SilentBell:
    """Nobody works here: a test answers by itself."""

    async def ring(self, contact: ContactId, lane: Lane) -> None:
        return


@dataclass
class House:
    """The web chat with everything behind it; `answer` and `deliver` are what a worker would do."""

    store: SqlStore
    live: Any
    clock: Any
    ids: Any
    settings: Settings
    catalogs: Catalogs
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def application(self, *, is_stoppable: bool = True) -> web.Application:
        inbox = Inbox(store=self.store, bell=SilentBell(), clock=self.clock, ids=self.ids)
        documents = Documents(ids=self.ids, life=timedelta(days=1))
        application = server.build(
            webchat.routes(
                inbox=inbox, store=self.store, live=self.live, catalogs=self.catalogs, documents=documents,
                clock=self.clock, languages=NAMES, settings=self.settings, look_seconds=0.05,
            )
        )  # fmt: skip
        if is_stoppable:
            open_sockets.install(application)
        return application

    async def said(self, address: Address = ADDRESS) -> list[Message]:
        """What has been stored of this address's words."""
        async with self.store.transaction() as unit:
            contact = await unit.contacts.find(address)
            return list(await unit.messages.history(contact.id, 1000)) if contact else []

    async def queue(
        self,
        text: str,
        *options: tuple[str, str],
        language: str = "en",
        address: Address = ADDRESS,
        lane: Lane = Lane.REPLY,
        name: str = "",
        origin: str = "message:x",
    ) -> Delivery:
        """A delivery that waits to be sent."""
        now = self.clock.now()
        async with self.store.transaction() as unit:
            contact = await unit.contacts.meet(address, ContactId(f"contact-{next(self.numbers):04d}"))
            delivery = Delivery(
                id=DeliveryId(name or f"delivery-{next(self.numbers):04d}"),
                contact=contact.id,
                channel=address.channel,
                address=address,
                content=Content(
                    text=text,
                    language=language,
                    options=tuple(Option(label=label, payload=payload) for label, payload in options),
                ),
                origin=origin,
                lane=lane,
                created_at=now,
                due_at=now,
            )
            await unit.deliveries.add([delivery])
        return delivery

    async def send_due(self, address: Address = ADDRESS) -> None:
        """Send all that waits, as the sender does: claim, hand to the channel, keep the outcome."""
        channel, now = WebChatChannel(live=self.live), self.clock.now()
        async with self.store.transaction() as unit:
            contact = await unit.contacts.find(address)
            assert contact is not None
            claimed = await unit.deliveries.claim(contact.id, now, now + timedelta(seconds=30))
        for delivery in claimed:
            provider_id = await channel.send(delivery)
            sent = replace(delivery, status=DeliveryStatus.SENT, provider_id=provider_id, sent_at=now)
            async with self.store.transaction() as unit:
                await unit.deliveries.save(sent)

    async def answer(self, text: str, *options: tuple[str, str], **more: Any) -> Delivery:
        """A delivery, sent."""
        delivery = await self.queue(text, *options, **more)
        await self.send_due(more.get("address", ADDRESS))
        return delivery


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, sms_from="+15005550006", organisation="Muster")


@pytest.fixture
def house(
    store: SqlStore, live: Live, clock: StillClock, ids: CountingIds, settings: Settings, catalogs: Catalogs
) -> House:
    return House(store=store, live=live, clock=clock, ids=ids, settings=settings, catalogs=catalogs)


@dataclass
class Page:
    """A page's socket, as a test speaks through it."""

    ws: ClientWebSocketResponse

    async def say(self, frame: Any) -> None:
        await self.ws.send_json(frame)

    async def hear(self, kind: str = "") -> Any:
        """The next frame, or the next of this kind."""
        while True:
            frame = await self.ws.receive_json(timeout=10)
            if not kind or frame["type"] == kind:
                return frame

    async def hello(self, cursor: str = "", secret: str = SECRET) -> Any:
        await self.say({"type": "hello", "secret": secret, "cursor": cursor})
        return await self.hear("history")


@pytest.fixture
async def client(house: House) -> AsyncIterator[TestClient[Any, Any]]:
    async with connected(house) as opened:
        yield opened


@asynccontextmanager
async def connected(house: House) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(await serving(house)) as opened:
        yield opened


class Server(TestServer):
    """As the real one, and unlike aiohttp's own for tests, it lets a handler end by itself when its page has gone."""

    async def _make_runner(self, **options: Any) -> web.AppRunner:
        return web.AppRunner(self.app, **{**options, "handler_cancellation": False})


async def serving(house: House, **options: Any) -> Server:
    server = Server(house.application(), **options)
    await server.start_server()
    return server


@pytest.fixture
async def page(client: TestClient[Any, Any]) -> AsyncIterator[Page]:
    async with open_page(client) as opened:
        yield opened


@asynccontextmanager
async def open_page(client: TestClient[Any, Any], **headers: str) -> AsyncIterator[Page]:
    async with client.ws_connect("/channels/webchat", headers=headers) as ws:
        yield Page(ws)
