"""Owns the message (inbound): what a contact sent, as every channel delivers it, and what was understood of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from bot.domain.contact import Address, Channel, ContactId
from bot.domain.document import DocumentId
from bot.domain.values import Position, Value

MessageId = NewType("MessageId", str)


class MessageKind(StrEnum):
    """What kind of event a provider reported."""

    WORDS = "words"  # text, a tapped option, a location, an attachment
    EDITED = "edited"  # the contact corrected an earlier message
    JOINED = "joined"  # opened the chat or pressed start; `text` may hold a site's code
    BLOCKED = "blocked"  # blocked us on the channel
    UNBLOCKED = "unblocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a message: `source` is what the channel fetches it by, `document_id` is set once stored."""

    kind: str  # photo, voice, video, document, sticker
    source: str
    media_type: str = "application/octet-stream"
    size: int | None = None  # bytes
    document_id: DocumentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as a channel parsed it, before it is anybody's: unique by channel and provider_id.

    `sequence` is the provider's own order where it has one (Telegram's update_id), else 0.
    """

    channel: Channel
    address: Address
    provider_id: str
    kind: MessageKind = MessageKind.WORDS
    text: str = ""
    choice: str | None = None  # an option's payload
    attachments: tuple[Attachment, ...] = ()
    position: Position | None = None
    phone: str | None = None  # a shared phone contact, E.164
    name: str | None = None  # the profile's name, where the channel gives one
    language_hint: str | None = None  # the phone's or browser's language
    sequence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What a message was taken for that was not surely understood: the likeliest intent, and the flow it led to."""

    intent: str  # "" for none
    confidence: float
    flow: str  # begun, or gone on with
    language: str  # in which it was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A stored inbound message of one contact."""

    id: MessageId
    contact: ContactId
    received: Received
    received_at: datetime
    handled_at: datetime | None = None
    attempts: int = 0
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A value found in a message: kind is country, amount, period, people_count or case_number."""

    kind: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What a text means: the likeliest intents with their probabilities (best first) and who said so."""

    ranking: tuple[tuple[str, float], ...] = ()
    entities: tuple[Entity, ...] = ()
    source: str = "none"  # nlu, keywords, choice, none

    @property
    def intent(self) -> str | None:
        return self.ranking[0][0] if self.ranking else None

    @property
    def confidence(self) -> float:
        return self.ranking[0][1] if self.ranking else 0.0

    def confidence_in(self, *intents: str) -> float:
        """The probability that the message is any of `intents`."""
        return sum(probability for name, probability in self.ranking if name in intents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A provider's report on a delivery it accepted earlier."""

    channel: Channel
    provider_id: str
    status: str  # a DeliveryStatus value: sent, delivered, read, failed
    reason: str | None = None  # a Reason value when failed
