"""What the stand-ins' tests share: a hand-turned clock, servers on loopback, a webhook that listens, real clients."""

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestServer
from telegram import Bot
from telegram.request import HTTPXRequest
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from bot.sandbox.changes import Changes
from bot.sandbox.clock import ManualClock
from bot.sandbox.telegram import TelegramStandIn, create_telegram
from bot.sandbox.twilio import TwilioStandIn, Webhook, create_twilio

SMS = "+12025550199"
WHATSAPP = "whatsapp:+12025550199"

Serve = Callable[[web.Application], Awaitable[str]]


@pytest.fixture(autouse=True)
def _retry_after_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without it python-telegram-bot warns at every RetryAfter, and warnings are errors here.
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve an application on loopback; gives its address without a slash at the end."""
    servers: list[TestServer] = []

    async def start(app: web.Application) -> str:
        server = TestServer(app)
        servers.append(server)
        await server.start_server()
        return str(server.make_url("/")).rstrip("/")

    yield start
    for server in servers:
        await server.close()


@dataclass
class Heard:
    """One request that the listener got; `form` holds the fields of a form, `json` the body of a JSON request."""

    url: str
    headers: dict[str, str]
    form: Any
    json: Any


@dataclass
class Listener:
    """The service's end: answers 200, or the statuses in `answers` first, and keeps what it heard."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    requests: list[Heard] = field(default_factory=list)
    changes: Changes[None] = field(default_factory=Changes)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.content_type == "application/json" else None
        form = None if body is not None else await request.post()
        self.requests.append(Heard(str(request.url), dict(request.headers), form, body))
        self.changes.tell(None)
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    async def heard(self, count: int) -> list[Heard]:
        """Wait for `count` requests."""
        return await self.changes.until(lambda: self.requests if len(self.requests) >= count else None)


@pytest.fixture
async def listener(serve: Serve) -> Listener:
    listener = Listener()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", listener.answer)
    listener.url = await serve(app)
    return listener


@pytest.fixture
async def twilio(clock: ManualClock, serve: Serve, listener: Listener) -> TwilioStandIn:
    """A Twilio account whose messages live at once, with the listener as webhook of its two senders."""
    stand_in = TwilioStandIn(
        account_sid="AC" + "0" * 32,
        auth_token="secret",
        senders=(SMS, WHATSAPP),
        clock=clock,
        randomness=random.Random(1),
        status_seconds=0.0,
    )
    stand_in.public_url = await serve(create_twilio(stand_in))
    stand_in.webhooks = {sender: Webhook(url=f"{listener.url}/inbound") for sender in (SMS, WHATSAPP)}
    return stand_in


class LoopbackTwilio(AsyncTwilioHttpClient):
    """twilio's own HTTP client, sent to the stand-in instead of Twilio's hosts."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    async def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        login, password = kwargs.pop("auth")
        kwargs["headers"] = {**kwargs.get("headers", {}), "Authorization": encode_basic_auth(login, password)}
        query = f"?{parts.query}" if parts.query else ""
        return await super().request(method, self._base + parts.path + query, *args, **kwargs)


@pytest.fixture
async def client(twilio: TwilioStandIn) -> AsyncIterator[Client]:
    http = LoopbackTwilio(twilio.public_url)
    yield Client(twilio.account_sid, twilio.auth_token, http_client=http)
    await http.close()


@pytest.fixture
async def telegram(clock: ManualClock) -> TelegramStandIn:
    return TelegramStandIn(token="123456:" + "a" * 35, clock=clock, randomness=random.Random(1))


@pytest.fixture
async def telegram_url(telegram: TelegramStandIn, serve: Serve) -> str:
    return await serve(create_telegram(telegram))


@pytest.fixture
async def bot(telegram: TelegramStandIn, telegram_url: str) -> AsyncIterator[Bot]:
    """python-telegram-bot's own Bot, with the stand-in as its base_url."""
    bot = Bot(
        telegram.token,
        base_url=f"{telegram_url}/bot",
        base_file_url=f"{telegram_url}/file/bot",
        request=HTTPXRequest(),
        get_updates_request=HTTPXRequest(),
    )
    async with bot:
        yield bot


@pytest.fixture(scope="session")
def twilio_spec() -> Any:
    return json.loads((Path(__file__).parent / "twilio_spec.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def telegram_spec() -> Any:
    return json.loads((Path(__file__).parent / "telegram_spec.json").read_text(encoding="utf-8"))
