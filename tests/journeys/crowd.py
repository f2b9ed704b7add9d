"""A crowd to be warned: people on three channels of the providers' stand-ins, what becomes of what they are sent."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

from bot.domain.contact import Address, Channel, Contact, ContactId, Permission, Reach, Scheme
from bot.domain.employer import EmployerId, SiteId
from bot.sandbox.telegram import TelegramStandIn, create_telegram
from bot.sandbox.telegram_bot import inline_data
from bot.sandbox.twilio import Content, Fate, TwilioStandIn, Webhook, create_twilio
from bot.sandbox.twilio_webhooks import Retry
from bot.storage.crypto import make_key
from tests.journeys.processes import free_port

SMS_FROM, WHATSAPP_FROM = "+15005550006", "+15005550007"
TEMPLATE = "HX" + "0" * 32
BOT_TOKEN, BOT_SECRET = "7000:" + "b" * 35, "journey"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)  # they know who writes
SAFE, HELP = "1", "2"  # how people answer; by Telegram they tap


@dataclass(kw_only=True)
class Provider:
    """Twilio's and Telegram's stand-ins on loopback, and where they expect Muster."""

    twilio: TwilioStandIn
    telegram: TelegramStandIn
    twilio_url: str
    telegram_url: str
    own_url: str

    def environment(self, **more: str) -> dict[str, str]:
        """The settings of every process of the journey."""
        return {
            "MUSTER_PORT": self.own_url.rpartition(":")[2],
            "MUSTER_PUBLIC_URL": self.own_url,
            "MUSTER_NLU_URL": "http://127.0.0.1:9",  # nobody: key words answer
            "MUSTER_KEYS": make_key(),
            "MUSTER_TWILIO_ACCOUNT_SID": self.twilio.account_sid,
            "MUSTER_TWILIO_AUTH_TOKEN": self.twilio.auth_token,
            "MUSTER_TWILIO_API_URL": self.twilio_url,
            "MUSTER_SMS_FROM": SMS_FROM,
            "MUSTER_WHATSAPP_FROM": WHATSAPP_FROM,
            "MUSTER_WHATSAPP_TEMPLATE": TEMPLATE,
            "MUSTER_TELEGRAM_TOKEN": BOT_TOKEN,
            "MUSTER_TELEGRAM_SECRET": BOT_SECRET,
            "MUSTER_TELEGRAM_API_URL": self.telegram_url,
            "MUSTER_TELEGRAM_MODE": "webhook",
            **more,
        }


@asynccontextmanager
async def providers(randomness: random.Random) -> AsyncIterator[Provider]:
    """Both stand-ins, with an approved WhatsApp template of one variable."""
    twilio_url, telegram_url, own = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
    twilio = TwilioStandIn(
        account_sid="AC" + "0" * 32,
        auth_token="t" * 32,
        senders=[SMS_FROM, f"whatsapp:{WHATSAPP_FROM}"],
        public_url=twilio_url,
        randomness=randomness,
        retry=Retry(attempts=200, wait=0.2, on_bad_status=True),
        status_seconds=0.0,  # receipts race with the records of their own sends
    )
    twilio.webhooks = {
        SMS_FROM: Webhook(url=f"{own}/channels/sms"),
        f"whatsapp:{WHATSAPP_FROM}": Webhook(url=f"{own}/channels/whatsapp"),
    }
    twilio.contents[TEMPLATE] = Content(sid=TEMPLATE, types={"twilio/text": {"body": "{{1}}"}})
    telegram = TelegramStandIn(token=BOT_TOKEN, randomness=randomness, retry_seconds=0.2)
    runners = []
    for application, url in ((create_twilio(twilio), twilio_url), (create_telegram(telegram), telegram_url)):
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(url.rpartition(":")[2])).start()
        runners.append(runner)
    try:
        yield Provider(twilio=twilio, telegram=telegram, twilio_url=twilio_url, telegram_url=telegram_url, own_url=own)
    finally:
        for runner in runners:
            await runner.cleanup()


@dataclass(kw_only=True)
class Person:
    """One recipient: their addresses in the order in which they are tried, and those that can be reached at all."""

    id: ContactId
    addresses: tuple[Address, ...]
    working: frozenset[Address]
    has_refused: bool = False
    answer: str | None = None  # what they say once they have heard; None: nothing
    has_answered: bool = False

    def contact(self, employer: EmployerId, site: SiteId) -> Contact:
        permission = Permission.REFUSED if self.has_refused else Permission.NONE
        reaches = tuple(Reach(address=address, permission=permission) for address in self.addresses)
        return Contact(id=self.id, reaches=reaches, language="en", employer=employer, site=site, met_at=LONG_AGO)


@dataclass(kw_only=True)
class Crowd:
    """So many people over three channels, some of whom cannot be reached; what they have heard, and their answers."""

    provider: Provider
    randomness: random.Random
    size: int
    answering: int = 0
    people: list[Person] = field(init=False)

    def __post_init__(self) -> None:
        self.people = [self._person(number) for number in range(self.size)]
        willing = [person for person in self.people if person.working and not person.has_refused]
        for person in self.randomness.sample(willing, self.answering):
            person.answer = self.randomness.choice([SAFE, SAFE, HELP])

    def _person(self, number: int) -> Person:
        chance = self.randomness.random
        phone = Address(scheme=Scheme.TEL, path=f"+1500600{number:05d}")
        first = self.randomness.choices(
            [
                phone,
                Address(scheme=Scheme.WHATSAPP, path=f"+1500700{number:05d}"),
                Address(scheme=Scheme.TELEGRAM, path=str(7_000_000 + number)),
            ],
            weights=[45, 30, 25],
        )[0]
        addresses = (first,) if first == phone or chance() < 0.5 else (first, phone)
        working = frozenset(address for address in addresses if chance() > 0.06)
        for address in addresses:
            self._arrange(address, is_working=address in working)
        id_ = ContactId(f"p{number:05d}")
        return Person(id=id_, addresses=addresses, working=working, has_refused=chance() < 0.03)

    def _arrange(self, address: Address, *, is_working: bool) -> None:
        """Let the phone exist at its provider, or be one that nothing comes to."""
        twilio, telegram = self.provider.twilio, self.provider.telegram
        if address.scheme is Scheme.TELEGRAM:
            chat = telegram.add_user(int(address.path))
            chat.has_started, chat.is_blocked = True, not is_working
        elif is_working:
            return
        elif address.scheme is Scheme.WHATSAPP:
            twilio.without_whatsapp.add(f"whatsapp:{address.path}")
        elif self.randomness.random() < 0.5:
            twilio.landlines.add(address.path)
        else:
            twilio.fates[address.path] = Fate(statuses=("sent", "undelivered"), error_code=30003)

    # --- what they hear ---------------------------------------------------------------------------------------------

    def texts(self, address: Address) -> list[str]:
        """All that the provider took for this address."""
        if address.scheme is Scheme.TELEGRAM:
            return [str(message["text"]) for message in self.provider.telegram.sent_to(int(address.path))]
        return [message.body for message in self.provider.twilio.sent_to(_twilio_name(address))]

    def lost_a_receipt(self, person: Person) -> bool:
        """Whether the provider's word of what became of a message to them never came."""
        return any(_twilio_name(address) in self.provider.twilio.callbacks.lost for address in person.addresses)

    def heard(self, words: str) -> Mapping[ContactId, Counter[Channel]]:
        """How often the providers took a text with these words for each, by channel."""
        found: dict[ContactId, Counter[Channel]] = {}
        for person in self.people:
            for address in person.addresses:
                times = sum(words in text for text in self.texts(address))
                if times:
                    found.setdefault(person.id, Counter())[address.channel] += times
        return found

    def ready_to_answer(self, words: str) -> Iterator[tuple[Person, Address]]:
        """Who has heard these words and means to answer but has not yet, and where they heard them."""
        for person in self.people:
            if person.answer is None or person.has_answered:
                continue
            for address in person.addresses:
                if address in person.working and any(words in text for text in self.texts(address)):
                    yield person, address
                    break

    async def answer(self, person: Person, address: Address) -> None:
        """One person answers where they heard it."""
        assert person.answer is not None
        person.has_answered = True
        if address.scheme is Scheme.TELEGRAM:
            self._tap(int(address.path), 0 if person.answer == SAFE else 1)
            return
        own = SMS_FROM if address.scheme is Scheme.TEL else f"whatsapp:{WHATSAPP_FROM}"
        await self.provider.twilio.phone_sends(person.answer, from_=_twilio_name(address), to=own)

    def _tap(self, user: int, option: int) -> None:
        message = next(sent for sent in self.provider.telegram.sent_to(user) if inline_data(sent))
        number = message["message_id"]
        assert isinstance(number, int)
        self.provider.telegram.phone_taps(user, number, inline_data(message)[option])


def _twilio_name(address: Address) -> str:
    return f"whatsapp:{address.path}" if address.scheme is Scheme.WHATSAPP else address.path
