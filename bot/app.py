"""Owns the composition: the one file that names concrete adapters and actions."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import cast

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

import actions
from bot.channels.sms import SmsChannel
from bot.channels.telegram import TelegramChannel
from bot.channels.twilio import TwilioAccount
from bot.channels.twilio_buttons import Buttons
from bot.channels.webchat import WebChatChannel
from bot.channels.whatsapp import WhatsAppChannel
from bot.clock import RandomIds, SystemClock
from bot.config import Settings
from bot.domain.contact import Channel
from bot.engine import extract
from bot.engine.flow import Flow
from bot.engine.loader import load_flows
from bot.i18n import Catalogs, autonym
from bot.log import logger
from bot.nlu.examples import read_examples
from bot.nlu.keywords import Keywords
from bot.nlu.language import LanguageGuesser
from bot.nlu.rasa import Breaker, RasaClient, UnderstandingWithFallback
from bot.queue.connection import connect
from bot.queue.doorbell import Doorbell, Held
from bot.queue.live import Live
from bot.queue.throttle import Pace, Throttle
from bot.services.broadcasts import BroadcastDesk
from bot.services.cases import CaseDesk
from bot.services.checkins import CheckInDesk
from bot.services.conversation import Conversation
from bot.services.deliveries import Sender
from bot.services.documents import Documents
from bot.services.forecast import Way
from bot.services.inbox import Inbox
from bot.services.listening import Listening, Locale
from bot.services.outreach import OutreachSender
from bot.services.phrasing import Phrasing
from bot.services.places import PlaceDirectory
from bot.services.ports import ActionSpec, Bell, Channeller
from bot.services.ports import Throttle as ThrottlePort
from bot.services.privacy import Privacy
from bot.services.routing import Triggers
from bot.services.signals import Signals
from bot.services.turn import House
from bot.storage.crypto import Keyring
from bot.storage.store import SqlStore
from bot.web import health, server, webchat, webhooks
from bot.web.polling import poll_forever, until_done
from bot.worker import Worker

log = logger("app")


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
    web_application: web.Application
    telegram: TelegramChannel | None

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


async def open_store(settings: Settings) -> SqlStore:
    """The database of the settings; raises ConfigurationError or KeyMissing."""
    keyring = Keyring.parse(settings.keys.get_secret_value())
    return await SqlStore.open(url=settings.database_url.get_secret_value(), keyring=keyring, clock=SystemClock())


def texts(settings: Settings) -> Catalogs:
    """The catalogs of the offered languages."""
    return Catalogs.load(settings.root / "locales", settings.languages)


def flows(settings: Settings) -> Mapping[str, Flow]:
    """The flows of this deployment; raises ConfigurationError with every problem."""
    return load_flows(settings.root / "flows")


def triggers_of(all_flows: Mapping[str, Flow]) -> Triggers:
    """What begins which flow."""
    return Triggers(
        by_intent={intent: flow.name for flow in all_flows.values() for intent in flow.triggers.intents},
        words={
            extract.fold(word): flow.name
            for flow in all_flows.values()
            for words in flow.triggers.words.values()
            for word in words
        },
        life=frozenset(flow.name for flow in all_flows.values() if flow.is_life),
    )


def action_specs(settings: Settings) -> Mapping[str, ActionSpec]:
    """What flows may call, for those who only look at it: nothing behind it is open."""
    catalogs, ids, clock = texts(settings), RandomIds(), SystemClock()
    return actions.registry(
        cases=CaseDesk(ids=ids),
        places=PlaceDirectory(catalogs=catalogs, zone=settings.zone),
        privacy=Privacy(store=cast(SqlStore, None), clock=clock, retention=settings.retention),
        check_ins=CheckInDesk(store=cast(SqlStore, None), clock=clock, region=settings.region),
        catalogs=catalogs,
        retention=settings.retention,
        given=given(settings),
    )


def locale_of(settings: Settings) -> Locale:
    return Locale(
        region=settings.region,
        currency=settings.currency,
        timezone=settings.timezone,
        languages={language: autonym(language) for language in settings.languages},
        default_language=settings.default_language,
        organisation=settings.organisation,
    )


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
        telegram = _telegram(settings)
        if telegram is not None:
            await stack.enter_async_context(telegram)
        yield _build(settings, store=store, redis=redis, session=session, live=live, telegram=telegram)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """The services that others are made of, over one store."""

    clock: SystemClock
    ids: RandomIds
    catalogs: Catalogs
    cases: CaseDesk
    documents: Documents
    privacy: Privacy
    places: PlaceDirectory
    check_ins: CheckInDesk

    @classmethod
    def over(cls, store: SqlStore, settings: Settings) -> "Desks":
        clock, ids, catalogs = SystemClock(), RandomIds(), texts(settings)
        return cls(
            clock=clock,
            ids=ids,
            catalogs=catalogs,
            cases=CaseDesk(ids=ids),
            documents=Documents(ids=ids, life=timedelta(days=settings.retention.documents)),
            privacy=Privacy(store=store, clock=clock, retention=settings.retention),
            places=PlaceDirectory(catalogs=catalogs, zone=settings.zone),
            check_ins=CheckInDesk(store=store, clock=clock, region=settings.region),
        )

    def actions(self, settings: Settings) -> Mapping[str, ActionSpec]:
        """Everything that a flow may call."""
        return actions.registry(
            cases=self.cases,
            places=self.places,
            privacy=self.privacy,
            check_ins=self.check_ins,
            catalogs=self.catalogs,
            retention=settings.retention,
            given=given(settings),
        )


def converse(
    settings: Settings,
    desks: Desks,
    *,
    store: SqlStore,
    bell: Bell,
    channels: Mapping[Channel, Channeller],
    rasa: RasaClient,
) -> Conversation:
    """The service that answers messages."""
    all_flows = flows(settings)
    extract.prepare(settings.languages)
    keywords, linguist = learned(settings.root / "nlu_data", settings.languages)
    return Conversation(
        store=store,
        bell=bell,
        clock=desks.clock,
        house=House(
            flows=all_flows,
            actions=desks.actions(settings),
            phrasing=Phrasing(catalogs=desks.catalogs, given=given(settings)),
            cases=desks.cases,
            ids=desks.ids,
            reply_life=timedelta(hours=settings.reply_life_hours),
        ),
        listening=Listening(
            store=store,
            clock=desks.clock,
            flows=all_flows,
            catalogs=desks.catalogs,
            channels=channels,
            understander=UnderstandingWithFallback(rasa=rasa, keywords=keywords),
            linguist=linguist,
            signals=Signals.load(settings.languages),
            documents=desks.documents,
            locale=locale_of(settings),
        ),
        channels=channels,
        documents=desks.documents,
        check_ins=desks.check_ins,
        triggers=triggers_of(all_flows),
        limits=settings.thresholds,
    )


def send_through(
    settings: Settings,
    desks: Desks,
    *,
    store: SqlStore,
    channels: Mapping[Channel, Channeller],
    throttle: ThrottlePort,
) -> Sender:
    """The service that sends what is due."""
    return Sender(
        store=store,
        channels=channels,
        throttle=throttle,
        clock=desks.clock,
        cases=desks.cases,
        whatsapp_template=settings.whatsapp_template,
    )


@lru_cache(maxsize=1)
def learned(folder: Path, languages: tuple[str, ...]) -> tuple[Keywords, LanguageGuesser]:
    """What the training messages teach without Rasa; learned once in a process."""
    examples = list(read_examples(folder, languages))
    return Keywords.learn(examples), LanguageGuesser.learn(examples, languages)


def ask_rasa(settings: Settings, session: aiohttp.ClientSession) -> RasaClient:
    """The client of the NLU server; needs a running event loop, whose time the breaker follows."""
    return RasaClient(session=session, url=nlu_url(settings), breaker=Breaker(clock=asyncio.get_running_loop().time))


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
    channels = _channels(settings, session, live, telegram)
    ways = broadcast_ways(settings, channels)
    inbox = Inbox(store=store, bell=message_bell, clock=desks.clock, ids=desks.ids, ways=ways)
    conversation = converse(settings, desks, store=store, bell=delivery_bell, channels=channels, rasa=rasa)
    throttle = _throttle(settings, redis, channels)
    sender = send_through(settings, desks, store=store, channels=channels, throttle=throttle)
    broadcasts = broadcast_desk(settings, desks, store=store, ways=ways)
    worker = Worker(
        messages=message_bell,
        deliveries=delivery_bell,
        message_bell=message_bell,
        delivery_bell=delivery_bell,
        conversation=conversation,
        sender=sender,
        broadcasts=broadcasts,
        outreach=OutreachSender(
            store=store, desk=broadcasts, sender=sender, clock=desks.clock, ids=desks.ids, ways=ways
        ),
        privacy=desks.privacy,
        store=store,
        clock=desks.clock,
    )
    routes = [
        *webhooks.routes(inbox=inbox, channels=channels, public_url=settings.public_url),
        *webchat.routes(
            inbox=inbox,
            store=store,
            live=live,
            catalogs=desks.catalogs,
            documents=desks.documents,
            clock=desks.clock,
            languages=locale_of(settings).languages,
            settings=settings,
        ),
        *health.routes(
            probes=_probes(store, redis, rasa, channels),
            vital=frozenset({"database", "redis"}),
            registry=CollectorRegistry(),
        ),
    ]
    return App(
        settings=settings,
        store=store,
        redis=redis,
        channels=channels,
        inbox=inbox,
        conversation=conversation,
        sender=sender,
        worker=worker,
        web_application=server.build(routes),
        telegram=telegram,
    )


def given(settings: Settings) -> Mapping[str, str]:
    """The variables that every text may name."""
    return {
        "organisation": settings.organisation,
        "hotline": settings.hotline or settings.emergency_number,
        "emergency_number": settings.emergency_number,
    }


def nlu_url(settings: Settings) -> str:
    """The NLU server: the deployment's own, else the child of `run`."""
    return settings.nlu_url or f"http://127.0.0.1:{settings.nlu_port}"


def _telegram(settings: Settings) -> TelegramChannel | None:
    token = settings.telegram_token.get_secret_value()
    if not token:
        return None
    return TelegramChannel(
        token=token, secret=settings.telegram_secret.get_secret_value(), api_url=settings.telegram_api_url
    )


def _channels(
    settings: Settings, session: aiohttp.ClientSession, live: Live, telegram: TelegramChannel | None
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
            channels[Channel.SMS] = SmsChannel(account=account, sender=settings.sms_from)
        if settings.whatsapp_from:
            buttons = Buttons(account=account) if settings.whatsapp_buttons else None
            channels[Channel.WHATSAPP] = WhatsAppChannel(
                account=account, sender=settings.whatsapp_from, buttons=buttons
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


def broadcast_desk(settings: Settings, desks: Desks, *, store: SqlStore, ways: Mapping[Channel, Way]) -> BroadcastDesk:
    """The service by which staff warn and ask people."""
    return BroadcastDesk(
        store=store,
        clock=desks.clock,
        ids=desks.ids,
        catalogs=desks.catalogs,
        organisation=settings.organisation,
        ways=ways,
    )


def _throttle(settings: Settings, redis: Redis, channels: Mapping[Channel, Channeller]) -> Throttle:
    paces = {}
    for name, channel in channels.items():
        pace = settings.pace(name)
        paces[channel.sender] = Pace(rate=pace.rate, burst=pace.burst, address_seconds=pace.address_seconds)
    return Throttle(redis=redis, paces=paces, kept_share=settings.reply_share)


def _probes(
    store: SqlStore, redis: Redis, rasa: RasaClient, channels: Mapping[Channel, Channeller]
) -> Mapping[str, health.Probe]:
    async def database() -> str:
        await store.ping()
        return "ok"

    async def doorbell() -> str:
        await redis.ping()
        return "ok"

    async def channel_names() -> str:
        return ", ".join(sorted(channels))

    return {"database": database, "redis": doorbell, "nlu": rasa.health, "channels": channel_names}
