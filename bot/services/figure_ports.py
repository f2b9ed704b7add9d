"""Owns the Protocol of the service's figures: counts, and never whose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.contact import Channel
from bot.domain.delivery import DeliveryStatus
from bot.domain.errors import Reason
from bot.domain.session import SessionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many talks stand at one step of a flow with one status."""

    flow: str
    step: str
    status: SessionStatus
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many deliveries of one channel came to this; `reason` is why they failed."""

    channel: Channel
    status: DeliveryStatus
    reason: Reason | None
    count: int


class Figures(Protocol):
    async def standing(self, since: datetime) -> Sequence[Standing]:
        """Where the talks stand that were begun since that time."""
        ...

    async def outcomes(self, since: datetime) -> Sequence[Outcome]:
        """What became of the deliveries made since that time that wait no more."""
        ...

    async def waiting(self) -> Mapping[Channel, int]:
        """How many deliveries are still to be sent."""
        ...

    async def last_in(self, channel: Channel, since: datetime) -> datetime | None:
        """When the last message came, if any did since that time."""
        ...

    async def last_out(self, channel: Channel, since: datetime) -> datetime | None:
        """When the provider took the newest message, if any was made since that time."""
        ...

    async def waiting_erasure(self) -> int:
        """How many contacts asked to be erased and are not yet."""
        ...

    async def note_deleted(self, counts: Mapping[str, int], at: datetime) -> None:
        """Add to what was deleted, by kind; kept for a week."""
        ...

    async def deleted(self, since: datetime) -> Mapping[str, int]:
        """How many of each kind were deleted, counted by whole hours, since the hour of that time."""
        ...
