"""Owns the demo: stand-ins instead of providers, the page of phones to try them, the scenario, its crew and staff."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import SecretStr

from bot.clock import RandomIds, SystemClock
from bot.config import Pace, Settings
from bot.domain.contact import Channel
from bot.domain.errors import ConfigurationError
from bot.i18n import Catalogs
from bot.sandbox import scenario
from bot.sandbox.badges import Badge
from bot.sandbox.callers import Callers, read_callers
from bot.sandbox.crew import Crew, read_crew
from bot.sandbox.phones_page import create_phones
from bot.sandbox.telegram_bot import TelegramStandIn
from bot.sandbox.twilio_account import TwilioStandIn
from bot.sandbox.twilio_records import Content
from bot.sandbox.twilio_webhooks import Webhook
from bot.services.desk import JOINED
from bot.services.framing import QUESTION
from bot.services.ports import Store
from bot.services.roster import RosterDesk
from bot.services.staff import StaffDesk

DEMO_SMS, DEMO_WHATSAPP = "+15005550006", "whatsapp:+15005550009"  # Twilio's own test numbers
DEMO_TEMPLATE = "HX" + "0" * 31 + "1"
# WhatsApp approves no template that begins or ends with a variable, nor two of them side by side: so the sender's name
# stands even before DRILL. Three variables of 255 characters leave its words room within the 1,024 of a whole template.
DEMO_BODY = "Muster: {{1}} · {{2}} · {{3}} · Answer here. Write STOP to get no more messages."
DEMO_VARIABLES = 3
# A short code's pace: the 1 segment a second of an ordinary number would keep a newcomer waiting for minutes.
DEMO_SMS_PACE = Pace(rate=100, burst=100)
NO_DEMO = (
    "The demo adds accounts whose passwords everybody can read, so it runs on its own database only. Unset "
    "MUSTER_DATABASE_URL to see the demo (MUSTER_HOME says where its data go), "
    "or leave --demo out to use that database."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What stands around Muster in the demo: `settings` lead to the stand-ins; `badges` are there once it is loaded."""

    settings: Settings
    phones: web.Application
    crew: Crew
    callers: Callers
    badges: list[Badge] = field(default_factory=list)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """Serve the stand-ins and the page of phones, on loopback only."""
        runner = web.AppRunner(self.phones, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self.settings.sandbox_port).start()
            yield
        finally:
            await runner.cleanup()

    async def load(self, store: Store) -> scenario.Loaded:
        """Load the demo's sites and places, or renew their days; its crew and its staff the first time."""
        clock, ids = SystemClock(), RandomIds()
        loaded = await scenario.load(store, clock.now())
        desk = RosterDesk(store=store, clock=clock, ids=ids, region=self.settings.region)
        await scenario.enlist(desk, self.crew.members, clock.now())
        self.crew.settle_in()
        self.callers.settle_in()
        self.badges[:] = await scenario.hire(StaffDesk(store=store, clock=clock, ids=ids), store)
        return loaded


def require_own_database(settings: Settings) -> None:
    """Raises ConfigurationError where a database is configured: it may be in use, and outlives the demo."""
    if settings.database_url.get_secret_value():
        raise ConfigurationError([NO_DEMO])


def prepare(settings: Settings) -> Demo:
    """The demo for these settings, whose providers are stand-ins on this machine."""
    telegram_token = f"{secrets.randbelow(9 * 10**8) + 10**8}:{secrets.token_urlsafe(24)}"
    sandbox_url, own_url = f"http://127.0.0.1:{settings.sandbox_port}", f"http://127.0.0.1:{settings.port}"
    twilio = _twilio(sandbox_url, own_url)
    telegram = TelegramStandIn(token=telegram_token)
    updates = {
        "public_url": settings.public_url or own_url,
        "twilio_account_sid": twilio.account_sid,
        "twilio_auth_token": SecretStr(twilio.auth_token),
        "twilio_api_url": f"{sandbox_url}/twilio",
        "sms_from": DEMO_SMS,
        "whatsapp_from": DEMO_WHATSAPP,
        "whatsapp_buttons": True,
        "whatsapp_template": DEMO_TEMPLATE,
        "whatsapp_template_variables": DEMO_VARIABLES,
        "translation_url": settings.translation_url or f"{sandbox_url}/translator",
        "telegram_token": SecretStr(telegram_token),
        "telegram_api_url": f"{sandbox_url}/telegram",
        "telegram_mode": "polling",
        "telegram_name": "muster_bot",  # as its stand-in calls itself
        "paces": {Channel.SMS: DEMO_SMS_PACE, **settings.paces},
    }
    members, badges = read_crew(), list[Badge]()
    crew = Crew(members=members, questions=_questions(settings), twilio=twilio, telegram=telegram)
    callers = Callers(people=read_callers(), joins=_joins(settings), twilio=twilio, telegram=telegram)
    phones = create_phones(
        twilio=twilio, telegram=telegram, crew=members, badges=badges, console_url=f"{own_url}/console/"
    )
    return Demo(settings=settings.model_copy(update=updates), phones=phones, crew=crew, callers=callers, badges=badges)


def _twilio(sandbox_url: str, own_url: str) -> TwilioStandIn:
    twilio = TwilioStandIn(
        account_sid="AC" + secrets.token_hex(16),
        auth_token=secrets.token_hex(16),
        senders=[DEMO_SMS, DEMO_WHATSAPP],
        public_url=f"{sandbox_url}/twilio",
    )
    twilio.webhooks = {
        DEMO_SMS: Webhook(url=f"{own_url}/channels/sms"),
        DEMO_WHATSAPP: Webhook(url=f"{own_url}/channels/whatsapp"),
    }
    twilio.contents[DEMO_TEMPLATE] = Content(
        sid=DEMO_TEMPLATE, friendly_name="alert", types={"twilio/text": {"body": DEMO_BODY}}, is_approved=False
    )
    twilio.review(DEMO_TEMPLATE)
    return twilio


def _questions(settings: Settings) -> frozenset[str]:
    """The words by which an alert asks something, in each offered language."""
    catalogs = Catalogs.load(settings.root / "locales", settings.languages)
    return frozenset(catalogs.text(QUESTION, language, domain="bot") for language in settings.languages)


def _joins(settings: Settings) -> frozenset[str]:
    """The words before the name by which a worker is told that a person has come, in each offered language."""
    catalogs = Catalogs.load(settings.root / "locales", settings.languages)
    told = (catalogs.text(JOINED.msgid, one, isolate=False, name="\0") for one in settings.languages)
    return frozenset(text.partition("\0")[0] for text in told)
