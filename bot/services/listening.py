"""Owns what is found out about a message before its transaction opens: language, meaning, files."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import regex

from bot.domain.contact import Channel, Contact
from bot.domain.message import Attachment, Entity, Message, MessageKind, Received, Understanding
from bot.domain.session import Session, SessionId, SessionStatus
from bot.engine import extract, interpreter
from bot.engine.effects import Answered, Begun, Fit, Setting
from bot.engine.flow import EngineError, Flow
from bot.i18n import Catalogs
from bot.log import logger
from bot.services import joining
from bot.services.checkins import SMALL_TALK, Question, is_number, put_aside, question, without_past
from bot.services.documents import Documents
from bot.services.letters import CHECK_IN
from bot.services.ports import Channeller, Clock, Linguist, Store, Understander, Unit
from bot.services.routing import Signal
from bot.services.signals import Reading, Signals

log = logger("listening")

# The form of these says all that there is to understand.
FORMAL = frozenset({Signal.EMPTY, Signal.EMOJI, Signal.NUMBER, Signal.STOP, Signal.START})
FEW = 3  # words: so few in Latin letters are no proof against the language that an employer's list says
_LATIN = regex.compile(r"\p{Latin}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """What the deployment says of where it is."""

    region: str
    currency: str
    timezone: str
    languages: Mapping[str, str]  # code: the language's own name
    default_language: str
    organisation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An attachment's bytes as its channel delivered them."""

    attachment: Attachment
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """All that is found out about a message before its transaction opens."""

    message: Message
    reading: Reading
    language: str
    is_language_sure: bool
    understanding: Understanding
    fetched: tuple[Fetched, ...] = ()
    is_file_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What storage knows of whoever wrote, when the message is looked at first."""

    contact: Contact | None
    sessions: Sequence[Session]
    asked: Question | None = None


async def read_known(unit: Unit, message: Message, *, organisation: str) -> Known:
    contact, sessions = await unit.contacts.get(message.contact), await unit.sessions.open(message.contact)
    choice = message.received.choice
    if contact is None:
        return Known(contact=None, sessions=sessions)
    sessions = await without_past(unit, sessions, message.received)
    asked = await question(unit, contact, choice, sessions=sessions, organisation=organisation)
    return Known(contact=contact, sessions=sessions, asked=asked)


@dataclass(kw_only=True, slots=True)
class Listening:
    """Finds out what a message says; it writes nothing."""

    store: Store
    clock: Clock
    flows: Mapping[str, Flow]
    catalogs: Catalogs
    channels: Mapping[Channel, Channeller]
    understander: Understander
    linguist: Linguist
    signals: Signals
    documents: Documents
    locale: Locale

    async def prepare(self, message: Message, known: Known | None = None) -> Prepared:
        """Everything slow: which language, what it means, its files. `known` is what was read just before, if any."""
        received = message.received
        if known is None:
            async with self.store.look() as unit:
                known = await read_known(unit, message, organisation=self.locale.organisation)
        contact = known.contact
        reading = self.signals.read(received.text)
        words = "" if joining.code_of(received) else received.text  # a site's code is of no language
        language, is_sure = self._language(contact, words, received.language_hint)
        sessions = self.recalled(self._asked(known, language), received, language)
        understanding, fetched = await asyncio.gather(
            self._understand(message, reading, sessions, language),
            self._fetch_all(received.channel, received.attachments),
        )
        return Prepared(
            message=message,
            reading=reading,
            language=language,
            is_language_sure=is_sure,
            understanding=understanding,
            fetched=tuple(each for each in fetched if each is not None),
            is_file_lost=None in fetched,
        )

    def _language(self, contact: Contact | None, text: str, hint: str | None) -> tuple[str, bool]:
        """The language to answer in: the contact's own once confirmed, else what the text says.

        A list's language stays until more than a few words speak against it: many know how to say "ok ako".
        """
        known = contact.language if contact else None
        if known and contact and contact.is_language_confirmed:
            return known, True
        guess = self.linguist.guess(text, hint)
        is_listed = contact is not None and contact.listing is not None and contact.listing.language is not None
        is_proof = guess.is_sure and not (is_listed and _is_short(text))
        if guess.language and (is_proof or known is None):
            return guess.language, guess.is_sure
        return known or self.locale.default_language, False

    async def _understand(
        self, message: Message, reading: Reading, sessions: Sequence[Session], language: str
    ) -> Understanding:
        """Ask what the words mean, unless their form already says it: an empty text, a number, a tapped option."""
        received = message.received
        has_words = received.kind in (MessageKind.WORDS, MessageKind.EDITED) and received.choice is None
        if not has_words or reading.signal in FORMAL:
            return Understanding()
        if self.fit(sessions, Answered(text=received.text), language) is Fit.EXACT:
            return Understanding()
        understanding = await self.understander.understand(received.text, language)
        return replace(understanding, entities=self._entities(received.text, language))

    def _entities(self, text: str, language: str) -> tuple[Entity, ...]:
        today = self.clock.now().astimezone(ZoneInfo(self.locale.timezone)).date()
        found = extract.entities(text, language, today, default_currency=self.locale.currency)
        return tuple(Entity(kind=entity.kind, value=interpreter.value_of(entity.value)) for entity in found)

    def fit(self, sessions: Sequence[Session], answered: Answered, language: str) -> Fit | None:
        """How the answer fits the question on top; None when none waits, or its flow has changed under it."""
        if not sessions or sessions[0].status is not SessionStatus.WAITING:
            return None
        try:
            return interpreter.fit(self.flows, sessions[0], answered, self.setting(language, self.clock.now()))
        except EngineError:
            return None

    def recalled(self, sessions: Sequence[Session], received: Received, language: str) -> Sequence[Session]:
        """The open sessions; in small talk's place the alert's question put aside for it, if this is its answer.

        Only words of its own lists count: a number is for what is on the screen, a bare yes for whatever was read last.
        """
        aside = put_aside(sessions)
        if aside is None or received.choice is not None or is_number(received.text) or len(received.text.split()) < 2:
            return sessions
        answered, asking = Answered(text=received.text), replace(aside, status=SessionStatus.WAITING)
        if (
            self.fit(sessions, answered, language) is Fit.EXACT
            or self.fit([asking], answered, language) is not Fit.EXACT
        ):
            return sessions
        return [asking, *(one for one in sessions if one is not aside and one.flow not in SMALL_TALK)]

    def _asked(self, known: Known, language: str) -> Sequence[Session]:
        """The open sessions, with the question that an alert has asked meanwhile on top."""
        if known.asked is None or known.contact is None or CHECK_IN not in self.flows:
            return known.sessions
        now = self.clock.now()
        answers = known.asked.answers(interrupts=bool(known.sessions))
        session = Session(
            id=SessionId(""),
            contact=known.contact.id,
            flow=CHECK_IN,
            version=self.flows[CHECK_IN].version,
            step="",
            started_at=now,
        )
        begun = interpreter.advance(self.flows, session, Begun(answers=answers), self.setting(language, now))
        return [begun.session, *known.sessions]

    def setting(self, language: str | None, now: datetime) -> Setting:
        """Where and when the engine steps."""
        return Setting(
            now=now,
            language=language or self.locale.default_language,
            region=self.locale.region,
            currency=self.locale.currency,
            timezone=self.locale.timezone,
            languages=tuple(self.locale.languages.items()),
            labels=self.catalogs.translations,
        )

    async def _fetch_all(self, channel: Channel, attachments: Sequence[Attachment]) -> list[Fetched | None]:
        """The files that are not stored yet; None for one that was lost."""
        missing = [attachment for attachment in attachments if attachment.document_id is None]
        return await asyncio.gather(*(self._fetch(channel, attachment) for attachment in missing))

    async def _fetch(self, channel: Channel, attachment: Attachment) -> Fetched | None:
        try:
            body, media_type = await self.channels[channel].fetch(attachment)
            self.documents.inspect(body, media_type)
        except Exception as error:  # a lost file must not cost the answer to the words beside it
            log.warning("attachment_lost", channel=channel, error=error)
            return None
        return Fetched(attachment=attachment, body=body, media_type=media_type)


def _is_short(text: str) -> bool:
    """Another script is proof enough."""
    return len(text.split()) <= FEW and _LATIN.search(text) is not None
