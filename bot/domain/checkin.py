"""Owns the check-in: what became of a broadcast for one person, and what they or others say of their safety."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.contact import Channel, ContactId
from bot.domain.delivery import BroadcastId, DeliveryStatus
from bot.domain.employer import SiteId
from bot.domain.errors import Reason


class Safety(StrEnum):
    """All that an employer ever learns of an answer (R3)."""

    SAFE = "safe"
    HELP = "help"


class Source(StrEnum):
    """Who said it."""

    SELF = "self"
    OTHER = "other"  # a colleague: never counted as the person's own answer
    WROTE = "wrote"  # in their own words, asked nothing: a note beside their answer, which stays what it was


class Closing(StrEnum):
    """Why a person closes somebody who has not answered (R10). None of them says that the silent one is safe."""

    FOUND = "found"  # seen or spoken to by the one who closes
    ON_LEAVE = "on_leave"
    LEFT = "left"
    WRONG_NUMBER = "wrong_number"
    DUPLICATE = "duplicate"  # the same person as another recipient, with whom they are counted
    HANDED_OVER = "handed_over"  # to rescuers, police or a consulate


class RecipientState(StrEnum):
    """Where each recipient is, in exactly one state at every moment: the account of a broadcast (R20)."""

    WAITING = "waiting"  # to be written to, or in a sender's hand
    ANSWERED = "answered"
    READ = "read"
    DELIVERED = "delivered"
    SENT = "sent"
    FAILED = "failed"
    NOT_REACHED = "not_reached"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def is_reached(self) -> bool:
        return self in _REACHED


_REACHED = frozenset({RecipientState.SENT, RecipientState.DELIVERED, RecipientState.READ, RecipientState.ANSWERED})
# What is better known of a recipient replaces what is less; nothing replaces an answer.
_ORDER = {
    DeliveryStatus.READ: RecipientState.READ,
    DeliveryStatus.DELIVERED: RecipientState.DELIVERED,
    DeliveryStatus.SENT: RecipientState.SENT,
    DeliveryStatus.SENDING: RecipientState.WAITING,
    DeliveryStatus.QUEUED: RecipientState.WAITING,
    DeliveryStatus.FAILED: RecipientState.FAILED,
    DeliveryStatus.EXPIRED: RecipientState.EXPIRED,
    DeliveryStatus.CANCELLED: RecipientState.CANCELLED,
}


def state_after(statuses: Iterable[DeliveryStatus], *, is_answered: bool = False) -> RecipientState | None:
    """The recipient's state by all that was tried for them; None when nothing was."""
    if is_answered:
        return RecipientState.ANSWERED
    seen = set(statuses)
    return next((state for status, state in _ORDER.items() if status in seen), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One person of a broadcast's audience. `round` counts how often they were written to, `channel` is the last used.

    `contact` is None once the person was erased: the account stays whole without them (R18, R20).
    """

    number: int
    broadcast: BroadcastId
    contact: ContactId | None
    site: SiteId | None
    language: str
    is_fallback: bool
    channel: Channel | None
    state: RecipientState
    reason: Reason | None = None
    round: int = 0
    due_channel: Channel | None = None  # on which to write next
    due_at: datetime | None = None
    sent_at: datetime | None = None  # when a provider first took it
    safety: Safety | None = None
    safety_source: Source | None = None
    answered_at: datetime | None = None
    closing: Closing | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None

    @property
    def has_answered(self) -> bool:
        """Whether the person themselves said how they are."""
        return self.safety is not None and self.safety_source is Source.SELF


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """One thing said of one recipient's safety; the latest counts, the history stays."""

    recipient: int
    safety: Safety
    source: Source
    at: datetime
