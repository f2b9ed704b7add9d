"""Owns the demo: stand-ins instead of providers, the page of phones to try them, and the scenario's places."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from pydantic import SecretStr

from bot.clock import SystemClock
from bot.config import Settings
from bot.sandbox import scenario
from bot.sandbox.phones import create_phones
from bot.sandbox.telegram_bot import TelegramStandIn
from bot.sandbox.twilio_account import TwilioStandIn
from bot.sandbox.twilio_webhooks import Webhook
from bot.services.ports import Store

DEMO_SMS, DEMO_WHATSAPP = "+15005550006", "whatsapp:+15005550009"  # Twilio's own test numbers


def with_stand_ins(settings: Settings) -> tuple[Settings, web.Application]:
    """The settings of a demo, whose providers are stand-ins on this machine, and the page of phones to try them."""
    sid, token = "AC" + secrets.token_hex(16), secrets.token_hex(16)
    telegram_token = f"{secrets.randbelow(9 * 10**8) + 10**8}:{secrets.token_urlsafe(24)}"
    sandbox_url, own_url = f"http://127.0.0.1:{settings.sandbox_port}", f"http://127.0.0.1:{settings.port}"
    twilio = TwilioStandIn(
        account_sid=sid, auth_token=token, senders=[DEMO_SMS, DEMO_WHATSAPP], public_url=f"{sandbox_url}/twilio"
    )
    twilio.webhooks = {
        DEMO_SMS: Webhook(url=f"{own_url}/channels/sms"),
        DEMO_WHATSAPP: Webhook(url=f"{own_url}/channels/whatsapp"),
    }
    updates = {
        "public_url": settings.public_url or own_url,
        "twilio_account_sid": sid,
        "twilio_auth_token": SecretStr(token),
        "twilio_api_url": f"{sandbox_url}/twilio",
        "sms_from": DEMO_SMS,
        "whatsapp_from": DEMO_WHATSAPP,
        "whatsapp_buttons": True,
        "telegram_token": SecretStr(telegram_token),
        "telegram_api_url": f"{sandbox_url}/telegram",
        "telegram_mode": "polling",
    }
    phones = create_phones(twilio=twilio, telegram=TelegramStandIn(token=telegram_token))
    return settings.model_copy(update=updates), phones


@asynccontextmanager
async def sandbox(phones: web.Application, settings: Settings) -> AsyncIterator[None]:
    """Serve the stand-ins on loopback."""
    runner = web.AppRunner(phones, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", settings.sandbox_port).start()
        yield
    finally:
        await runner.cleanup()


async def load_scenario(store: Store) -> scenario.Loaded:
    """Load the demo's sites and places, or renew their days."""
    return await scenario.load(store, SystemClock().now())
