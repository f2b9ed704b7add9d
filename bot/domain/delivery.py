"""Owns the delivery (outbound): one text to one contact, its lane, its life and the moves its status may make."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from bot.domain.contact import Address, Channel, ContactId
from bot.domain.document import DocumentId
from bot.domain.errors import Reason

DeliveryId = NewType("DeliveryId", str)
BroadcastId = NewType("BroadcastId", str)


class Lane(StrEnum):
    """Who goes first: emergency before reply before bulk, with a share kept for replies."""

    EMERGENCY = "emergency"
    REPLY = "reply"
    BULK = "bulk"


class DeliveryStatus(StrEnum):
    """The life of a delivery; receipts move it forward only."""

    QUEUED = "queued"
    SENDING = "sending"  # claimed by a sender: after a crash it is queued again
    SENT = "sent"  # accepted by the provider
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def is_pending(self) -> bool:
        return self in (DeliveryStatus.QUEUED, DeliveryStatus.SENDING)

    def may_become(self, later: "DeliveryStatus") -> bool:
        """Whether a receipt or a sender may move a delivery from this status to `later`."""
        return later in _MOVES[self]


_S = DeliveryStatus
_MOVES: dict[DeliveryStatus, frozenset[DeliveryStatus]] = {
    _S.QUEUED: frozenset({_S.SENDING, _S.EXPIRED, _S.CANCELLED, _S.FAILED}),
    _S.SENDING: frozenset({_S.QUEUED, _S.SENT, _S.DELIVERED, _S.READ, _S.FAILED, _S.EXPIRED, _S.CANCELLED}),
    _S.SENT: frozenset({_S.DELIVERED, _S.READ, _S.FAILED}),
    _S.DELIVERED: frozenset({_S.READ}),
    _S.READ: frozenset(),
    # A provider that reports a failure and afterwards a delivery was wrong the first time: what was read was read.
    _S.FAILED: frozenset({_S.DELIVERED, _S.READ}),
    _S.EXPIRED: frozenset(),
    _S.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A choice offered with a text: `label` is in the reader's language, `payload` (64 bytes at most) comes back."""

    label: str
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text approved by WhatsApp beforehand, by its Content SID, with its numbered variables."""

    id: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is sent: finished text in one language; `asks_position` lets channels that can offer a location button."""

    text: str
    language: str
    options: tuple[Option, ...] = ()
    asks_position: bool = False
    attachment: DocumentId | None = None
    template: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outreach:
    """What a delivery is to a broadcast: which recipient's, in which round of asking.

    `doubts` counts the sends whose outcome was lost: with the provider's answer, or with the process whose claim on it
    ran out. Each may have reached its reader.
    """

    broadcast: BroadcastId
    recipient: int
    round: int
    doubts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One content on its way to one contact; `origin` names what caused it (`message:<id>`, `broadcast:<id>`).

    `position` is its order among this contact's deliveries; `sent_at` is when the provider accepted it.
    `claimed_until` is the end of the sender's claim while SENDING: an outcome kept under an older claim is refused.
    """

    id: DeliveryId
    contact: ContactId
    channel: Channel
    address: Address
    content: Content
    origin: str
    lane: Lane = Lane.REPLY
    status: DeliveryStatus = DeliveryStatus.QUEUED
    attempts: int = 0
    position: int = 0
    created_at: datetime
    due_at: datetime
    expires_at: datetime | None = None
    sent_at: datetime | None = None
    claimed_until: datetime | None = None
    provider_id: str | None = None
    failure: Reason | None = None
    outreach: Outreach | None = None  # None: an answer to the contact
