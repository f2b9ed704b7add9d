"""What the journeys share: a stand-in provider on loopback, and Muster's environment for it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from bot.sandbox.twilio import TwilioStandIn, Webhook, create_twilio
from bot.sandbox.twilio_webhooks import Retry
from bot.storage.crypto import make_key
from tests.journeys.processes import free_port

SENDER = "+15005550006"


@dataclass(frozen=True)
class Provider:
    """Twilio's stand-in, where it listens, and where it expects Muster."""

    stand_in: TwilioStandIn
    url: str
    own_url: str

    def environment(self, *, database: str, redis_url: str, home: object, nlu_url: str) -> dict[str, str]:
        """The settings of a process of this journey."""
        return {
            "MUSTER_HOME": str(home),
            "MUSTER_PORT": self.own_url.rpartition(":")[2],
            "MUSTER_PUBLIC_URL": self.own_url,
            "MUSTER_DATABASE_URL": database,
            "MUSTER_REDIS_URL": redis_url,
            "MUSTER_NLU_URL": nlu_url,
            "MUSTER_KEYS": make_key(),
            "MUSTER_TWILIO_ACCOUNT_SID": self.stand_in.account_sid,
            "MUSTER_TWILIO_AUTH_TOKEN": self.stand_in.auth_token,
            "MUSTER_TWILIO_API_URL": self.url,
            "MUSTER_SMS_FROM": SENDER,
            "MUSTER_PACES": '{"sms": {"rate": 1000, "burst": 1000}}',
        }


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    port, own = free_port(), free_port()
    url, own_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{own}"
    stand_in = TwilioStandIn(
        account_sid="AC" + "0" * 32,
        auth_token="t" * 32,
        senders=[SENDER],
        public_url=url,
        retry=Retry(attempts=600, wait=0.2, on_bad_status=True),  # longer than all the restarts of a test take
        status_seconds=0.01,
    )
    stand_in.webhooks = {SENDER: Webhook(url=f"{own_url}/channels/sms")}
    runner = web.AppRunner(create_twilio(stand_in), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield Provider(stand_in, url, own_url)
    await runner.cleanup()
