"""Owns the adapters: the database, the channels that have what they need, their pace, the NLU server."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import aiohttp
from redis.asyncio import Redis

from bot.breaker import Breaker
from bot.channels.sms import SmsChannel
from bot.channels.telegram import TelegramChannel
from bot.channels.twilio import TwilioAccount
from bot.channels.twilio_buttons import Buttons
from bot.channels.webchat import WebChatChannel
from bot.channels.whatsapp import WhatsAppChannel
from bot.clock import RandomIds, SystemClock
from bot.config import Settings
from bot.domain.contact import Channel
from bot.nlu.rasa import RasaClient
from bot.queue.connection import connect
from bot.queue.live import Live
from bot.queue.throttle import Pace, Throttle
from bot.services.desk_ports import Translator
from bot.services.documents import Documents
from bot.services.forecast import Way
from bot.services.outgoing import OutgoingFiles
from bot.services.ports import Channeller, Files
from bot.storage.crypto import Keyring
from bot.storage.store import SqlStore
from bot.translation import LibreTranslate


async def open_store(settings: Settings) -> SqlStore:
    """The database of the settings; raises ConfigurationError or KeyMissing."""
    keyring = Keyring.parse(settings.keys.get_secret_value())
    return await SqlStore.open(url=settings.database_url.get_secret_value(), keyring=keyring, clock=SystemClock())


def nlu_url(settings: Settings) -> str:
    """The NLU server: the deployment's own, else the child of `run`."""
    return settings.nlu_url or f"http://127.0.0.1:{settings.nlu_port}"


def ask_rasa(settings: Settings, session: aiohttp.ClientSession) -> RasaClient:
    """The client of the NLU server; needs a running event loop, whose time the breaker follows."""
    return RasaClient(session=session, url=nlu_url(settings), breaker=Breaker(clock=asyncio.get_running_loop().time))


def ask_translator(settings: Settings, session: aiohttp.ClientSession) -> Translator | None:
    """What translates between operators and contacts, if this deployment has something."""
    if not settings.translation_url:
        return None
    breaker = Breaker(clock=asyncio.get_running_loop().time)
    key = settings.translation_key.get_secret_value()
    return LibreTranslate(session=session, url=settings.translation_url, key=key, breaker=breaker)


def outgoing_files(settings: Settings, store: SqlStore) -> OutgoingFiles:
    """The files that the desk sends."""
    return OutgoingFiles(
        store=store,
        documents=Documents(ids=RandomIds(), life=timedelta(days=settings.retention.documents)),
        clock=SystemClock(),
        sign=partial(store.fingerprint, "media"),
        public_url=settings.public_url,
    )


def open_telegram(settings: Settings, files: Files) -> TelegramChannel | None:
    token = settings.telegram_token.get_secret_value()
    if not token:
        return None
    return TelegramChannel(
        token=token,
        secret=settings.telegram_secret.get_secret_value(),
        api_url=settings.telegram_api_url,
        files=files,
    )


def open_channels(
    settings: Settings, session: aiohttp.ClientSession, live: Live, telegram: TelegramChannel | None, files: Files
) -> Mapping[Channel, Channeller]:
    """The channels that have what they need; the web chat always has."""
    channels: dict[Channel, Channeller] = {Channel.WEBCHAT: WebChatChannel(live=live)}
    if telegram is not None:
        channels[Channel.TELEGRAM] = telegram
    token = settings.twilio_auth_token.get_secret_value()
    if settings.twilio_account_sid and token:
        account = TwilioAccount(
            account_sid=settings.twilio_account_sid,
            auth_token=token,
            api_url=settings.twilio_api_url,
            public_url=settings.public_url,
            session=session,
        )
        if settings.sms_from:
            channels[Channel.SMS] = SmsChannel(account=account, sender=settings.sms_from, files=files)
        if settings.whatsapp_from:
            buttons = Buttons(account=account) if settings.whatsapp_buttons else None
            channels[Channel.WHATSAPP] = WhatsAppChannel(
                account=account,
                sender=settings.whatsapp_from,
                buttons=buttons,
                template_variables=settings.whatsapp_template_variables,
                files=files,
            )
    return channels


# Whom to write to on several channels is written to on the first of these; a closed browser hears nothing.
_PREFERENCE = (Channel.TELEGRAM, Channel.WHATSAPP, Channel.SMS, Channel.WEBCHAT)


def broadcast_ways(settings: Settings, channels: Mapping[Channel, Channeller]) -> Mapping[Channel, Way]:
    """The channels that broadcasts can go out on, the preferred first."""
    template = {Channel.WHATSAPP: settings.whatsapp_template}
    reach = {Channel.WHATSAPP: settings.whatsapp_reach}
    return {
        name: Way(
            channeller=channels[name],
            rate=settings.pace(name).rate,
            template=template.get(name, ""),
            reach=reach.get(name),
        )
        for name in _PREFERENCE
        if name in channels
    }


def shared_throttle(settings: Settings, redis: Redis, channels: Mapping[Channel, Channeller]) -> Throttle:
    paces = {}
    for name, channel in channels.items():
        pace = settings.pace(name)
        paces[channel.sender] = Pace(rate=pace.rate, burst=pace.burst, address_seconds=pace.address_seconds)
    return Throttle(redis=redis, paces=paces, kept_share=settings.reply_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What one process has open to the outside; `ways` are the channels for broadcasts, the preferred first."""

    settings: Settings
    store: SqlStore
    redis: Redis
    session: aiohttp.ClientSession
    live: Live
    rasa: RasaClient
    translator: Translator | None
    telegram: TelegramChannel | None
    channels: Mapping[Channel, Channeller]
    files: OutgoingFiles
    ways: Mapping[Channel, Way]


@asynccontextmanager
async def open_outside(settings: Settings) -> AsyncIterator[Outside]:
    """Open the database, Redis, HTTP and the channels, and close them at the end."""
    async with AsyncExitStack() as stack:
        store = await open_store(settings)
        stack.push_async_callback(store.close)
        redis = connect(settings.redis_url.get_secret_value())
        stack.push_async_callback(redis.aclose)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        live = await stack.enter_async_context(Live(redis=redis))
        files = outgoing_files(settings, store)
        telegram = open_telegram(settings, files)
        if telegram is not None:
            await stack.enter_async_context(telegram)
        channels = open_channels(settings, session, live, telegram, files)
        yield Outside(
            settings=settings,
            store=store,
            redis=redis,
            session=session,
            live=live,
            rasa=ask_rasa(settings, session),
            translator=ask_translator(settings, session),
            telegram=telegram,
            channels=channels,
            files=files,
            ways=broadcast_ways(settings, channels),
        )
