"""Owns corrections: what people say that misunderstood messages meant, and the training data that this makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.case import Compartment
from bot.domain.contact import Contact, ContactId
from bot.domain.errors import InputError
from bot.domain.message import Message, MessageId
from bot.domain.staff import StaffId
from bot.engine.extract import fold
from bot.services import access, audit
from bot.services.access import TRAINING, Deed, Matter, Reader, of_conversation
from bot.services.desk_ports import Correction
from bot.services.masking import has_words, masked
from bot.services.ports import Clock, Store, Unit

PAGE = 20
MOST = 20_000  # corrections that an export reads
LEFT_OUT = "-"  # instead of an intent: not for training. Its text is not kept.

GONE = "This message is not there any more."
NO_INTENT = "Choose what it meant."
NO_TEXT = "Nothing is left to learn from. Choose “not for training”."
TEXTS = (GONE, NO_INTENT, NO_TEXT)

Examples = Mapping[str, Mapping[str, Sequence[str]]]  # texts by language and intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Misread:
    """A message that was not surely understood. `draft` is its text without what tells who wrote it."""

    message: Message
    draft: str
    language: str
    correction: Correction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Messages to be marked, the newest first; `before` asks for older ones, and is None when there are none."""

    found: Sequence[Misread]
    before: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionDesk:
    """What nothing at all is shown, kept or exported of: contacts who have or had a protection case (R16).

    `intents` are those that can be learned; `region` (ISO 3166-1) is that of phones without a country.
    """

    store: Store
    clock: Clock
    intents: Sequence[str]
    languages: Sequence[str]
    region: str

    # --- marking ----------------------------------------------------------------------------------------------------

    async def waiting(self, reader: Reader, *, before: datetime | None = None) -> Waiting:
        """The next page of what nobody has marked yet; whose words are shown is in the audit. Raises Denied."""
        access.require(reader, Deed.READ, TRAINING)
        async with self.store.transaction() as unit:
            messages = await unit.messages.doubted(before=before, limit=PAGE)
            places = await _places(unit)
            shown = []
            for message in messages:
                contact = await _open(unit, reader, message.contact)
                if contact is not None and message.received.text.strip():
                    shown.append(self._misread(message, contact, places))
            for one in dict.fromkeys(misread.message.contact for misread in shown):
                await audit.record(unit, reader, Deed.READ, Matter.CONVERSATION, one, at=self.clock.now())
        return Waiting(found=shown, before=messages[-1].received_at if len(messages) == PAGE else None)

    async def look(self, reader: Reader, message: MessageId) -> Misread:
        """One of them, marked or not; raises Denied, and InputError for what is not there or not theirs to see."""
        access.require(reader, Deed.READ, TRAINING)
        async with self.store.transaction() as unit:
            known, contact = await _read(unit, reader, message)
            marked = (await unit.corrections.of([message])).get(message)
            misread = self._misread(known, contact, await _places(unit), marked)
            await audit.record(unit, reader, Deed.READ, Matter.CONVERSATION, contact.id, at=self.clock.now())
        return misread

    async def mark(self, reader: Reader, message: MessageId, *, intent: str, text: str, language: str) -> Correction:
        """Keep what it meant, with the text as the reader left it, masked once more; LEFT_OUT keeps no text.

        Raises Denied, and InputError for what is not there, for no intent of ours and for a text of nothing.
        """
        access.require(reader, Deed.CHANGE, TRAINING)
        if intent not in (*self.intents, LEFT_OUT) or language not in self.languages:
            raise InputError(NO_INTENT)
        async with self.store.transaction() as unit:
            known, contact = await _read(unit, reader, message)
            kept = "" if intent == LEFT_OUT else self._masked(text, contact, await _places(unit))
            if intent != LEFT_OUT and not has_words(kept):
                raise InputError(NO_TEXT)
            correction = Correction(
                message=known.id,
                contact=contact.id,
                text=kept,
                language=language,
                intent=intent,
                at=self.clock.now(),
                staff=StaffId(reader.id),
            )
            await unit.corrections.put(correction)
            detail = "left out" if intent == LEFT_OUT else "marked"
            await audit.record(unit, reader, Deed.CHANGE, Matter.TRAINING, known.id, at=correction.at, detail=detail)
        return correction

    # --- training data ----------------------------------------------------------------------------------------------

    async def examples(self, reader: Reader) -> Examples:
        """Everything that can be learned, without who wrote it; raises Denied."""
        access.require(reader, Deed.EXPORT, TRAINING)
        async with self.store.look() as unit:
            return await self._examples(unit)

    async def export(self, reader: Reader, language: str) -> str:
        """Rasa's training data of one language, format 3.1; raises Denied."""
        access.require(reader, Deed.EXPORT, TRAINING)
        async with self.store.transaction() as unit:
            examples = (await self._examples(unit)).get(language, {})
            now = self.clock.now()
            await audit.record(unit, reader, Deed.EXPORT, Matter.TRAINING, "examples", at=now, detail=language)
        return as_yaml(examples)

    async def _examples(self, unit: Unit) -> Examples:
        places = await _places(unit)
        people: dict[ContactId, Contact | None] = {}
        found: dict[str, dict[str, dict[str, str]]] = {}
        for one in await unit.corrections.since(datetime.min.replace(tzinfo=UTC), MOST):
            if one.contact not in people:
                people[one.contact] = await _unprotected(unit, one.contact)
            contact = people[one.contact]
            if contact is None or one.intent not in self.intents:
                continue
            text = self._masked(one.text, contact, places)  # a name may have been told since
            if has_words(text):
                found.setdefault(one.language, {}).setdefault(one.intent, {}).setdefault(fold(text), text)
        return {
            language: {intent: list(by_intent[intent].values()) for intent in self.intents if intent in by_intent}
            for language, by_intent in sorted(found.items())
        }

    # ----------------------------------------------------------------------------------------------------------------

    def _misread(
        self, message: Message, contact: Contact, places: Sequence[str], marked: Correction | None = None
    ) -> Misread:
        draft = marked.text if marked and marked.text else self._masked(message.received.text, contact, places)
        read_in = message.doubt.language if message.doubt else ""
        return Misread(message=message, draft=draft, language=marked.language if marked else read_in, correction=marked)

    def _masked(self, text: str, contact: Contact, places: Sequence[str]) -> str:
        names = [contact.name or "", contact.name_for_employer or "", contact.employee_number or ""]
        return masked(text, names=names, places=places, region=self.region)


def as_yaml(examples: Mapping[str, Sequence[str]]) -> str:
    """Rasa's format 3.1: a list of texts for each intent."""
    lines = [
        "# What people say that misunderstood messages meant. Names, numbers and places are masked.",
        'version: "3.1"',
    ]
    lines += ["", "nlu:"] if examples else ["", "nlu: []"]
    for intent, texts in examples.items():
        lines += [f"- intent: {intent}", "  examples: |", *(f"    - {text}" for text in texts)]
    return "\n".join(lines) + "\n"


async def _read(unit: Unit, reader: Reader, message: MessageId) -> tuple[Message, Contact]:
    """The message and who wrote it; raises InputError, the same for what is not there and what is not theirs."""
    known = await unit.messages.get(message)
    contact = await _open(unit, reader, known.contact) if known is not None and known.doubt is not None else None
    if known is None or contact is None:
        raise InputError(GONE)
    return known, contact


async def _open(unit: Unit, reader: Reader, contact: ContactId) -> Contact | None:
    """The contact if this reader may read their conversation, and it may be learned from."""
    known = await _unprotected(unit, contact)
    return known if known is not None and access.may(reader, Deed.READ, of_conversation(contact, ())) else None


async def _unprotected(unit: Unit, contact: ContactId) -> Contact | None:
    """The contact; None for one who is erased, or has or had a protection case."""
    known = await unit.contacts.get(contact)
    subject = of_conversation(contact, await unit.cases.of(contact))
    return known if subject.compartment is Compartment.GENERAL else None


async def _places(unit: Unit) -> Sequence[str]:
    """Names that tell where somebody works or is: of sites, employers and places."""
    sites, employers, places = await unit.sites.all(), await unit.sites.employers(), await unit.places.all()
    told = [*(name for site in sites for name in (site.name, site.code)), *(one.name for one in employers)]
    return [name for name in (*told, *(name for place in places for name in (place.name, place.street))) if name]
