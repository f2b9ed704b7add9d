"""What the channels' tests share: servers on loopback, the providers' stand-ins, channels that speak to them."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels.sms import SmsChannel
from bot.channels.telegram import TelegramChannel
from bot.channels.twilio import TwilioAccount
from bot.channels.whatsapp import WhatsAppChannel
from bot.sandbox.changes import Changes
from bot.sandbox.clock import ManualClock
from bot.sandbox.telegram import TelegramStandIn, create_telegram
from bot.sandbox.twilio import TwilioStandIn, create_twilio
from bot.services.ports import Request
from tests.channels.stand import ACCOUNT, PUBLIC, TOKEN

SMS = "+12025550199"
WHATSAPP = "whatsapp:+12025550199"
BOT_TOKEN = "123456:" + "a" * 35
SECRET = "webhook-secret_1"

Serve = Callable[[web.Application], Awaitable[str]]


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


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@dataclass
class Ear:
    """A webhook: its address, and the requests that came there as the web room hands them to a channel."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    changes: Changes[None] = field(default_factory=Changes)

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(Request(url=str(request.url), headers=headers, body=await request.read()))
        self.changes.tell(None)
        return web.Response()

    async def heard(self, count: int) -> list[Request]:
        """Wait for `count` requests."""
        return await self.changes.until(lambda: self.requests if len(self.requests) >= count else None)


@pytest.fixture
async def ear(serve: Serve) -> Ear:
    ear = Ear()
    app = web.Application()
    app.router.add_post("/{path:.*}", ear.answer)
    ear.url = await serve(app)
    return ear


@pytest.fixture
async def twilio(clock: ManualClock, serve: Serve) -> TwilioStandIn:
    stand_in = TwilioStandIn(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        senders=(SMS, WHATSAPP),
        clock=clock,
        randomness=random.Random(1),
        status_seconds=0.0,
    )
    stand_in.public_url = await serve(create_twilio(stand_in))
    return stand_in


@pytest.fixture
def account(twilio: TwilioStandIn, session: aiohttp.ClientSession, clock: ManualClock) -> TwilioAccount:
    """An account at the stand-in that has no public address, so that nothing is called back."""
    return TwilioAccount(
        account_sid=ACCOUNT, auth_token=TOKEN, session=session, api_url=twilio.public_url, now=clock.now
    )


@pytest.fixture
def sms(account: TwilioAccount) -> SmsChannel:
    return SmsChannel(account=account, sender=SMS)


@pytest.fixture
def whatsapp(account: TwilioAccount) -> WhatsAppChannel:
    return WhatsAppChannel(account=account, sender=WHATSAPP)


@pytest.fixture
def deaf_account(session: aiohttp.ClientSession) -> TwilioAccount:
    """An account that only reads."""
    return TwilioAccount(account_sid=ACCOUNT, auth_token=TOKEN, session=session, public_url=PUBLIC)


@pytest.fixture
async def telegram(clock: ManualClock) -> TelegramStandIn:
    return TelegramStandIn(token=BOT_TOKEN, clock=clock, randomness=random.Random(1))


@pytest.fixture
async def bot_channel(telegram: TelegramStandIn, serve: Serve) -> AsyncIterator[TelegramChannel]:
    url = await serve(create_telegram(telegram))
    async with TelegramChannel(token=BOT_TOKEN, secret=SECRET, api_url=url) as channel:
        yield channel


@pytest.fixture(scope="session")
def reader() -> TelegramChannel:
    """A channel that only reads webhooks."""
    return TelegramChannel(token=BOT_TOKEN, secret=SECRET)
