"""Owns the Protocol of what reports of the service are made of: counts and times, never what was said."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.domain.activity import ActivityKind
from bot.domain.case import Case, Topic, Urgency
from bot.domain.contact import Channel, ContactId
from bot.domain.employer import SiteId
from bot.domain.staff import StaffId


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFigure:
    """The times of one case, and what it is counted by."""

    topic: Topic
    urgency: Urgency
    language: str | None
    site: SiteId | None
    opened_at: datetime
    due_at: datetime
    answered_at: datetime | None
    resolve_by: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """So many messages came on that channel from people of that language and site."""

    channel: Channel
    language: str | None
    site: SiteId | None
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How many people wrote, were sent something, and wrote something that was not understood."""

    wrote: int
    written_to: int
    misunderstood: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How often one of the staff (None: the desk by itself) did something."""

    staff: StaffId | None
    kind: ActivityKind
    count: int


class ServiceFigures(Protocol):
    """Times are from `since` up to, but without, `until`.

    Without `shows_protection` nobody who has or had a protection case is in any figure, with nothing of theirs (R2).
    """

    async def opened(self, since: datetime, until: datetime, *, shows_protection: bool) -> Sequence[CaseFigure]: ...

    async def waiting(self, *, shows_protection: bool) -> Sequence[CaseFigure]:
        """Open cases that nobody has answered."""
        ...

    async def heard(self, since: datetime, until: datetime, *, shows_protection: bool) -> Sequence[Heard]: ...

    async def reached(self, since: datetime, until: datetime, *, shows_protection: bool) -> Reached: ...

    async def done(
        self, kinds: Collection[ActivityKind], since: datetime, until: datetime, *, shows_protection: bool
    ) -> Sequence[Done]: ...

    async def held(self, *, shows_protection: bool) -> Mapping[StaffId, int]:
        """How many conversations each has in hand now."""
        ...

    async def whole_cases(self, since: datetime, until: datetime) -> Sequence[Case]:
        """Every case opened then, in every compartment: for what is published in protected counts alone."""
        ...

    async def protected_people(self) -> frozenset[ContactId]:
        """Who has or had a protection case."""
        ...

    async def in_flow(self, flow: str, since: datetime, until: datetime) -> frozenset[ContactId]:
        """Who was in that flow."""
        ...


class PublishedReports(Protocol):
    async def publish(self, name: str, document: Mapping[str, Any], at: datetime) -> bool:
        """Keep a report as it is published; False when there is one of that name, which stays as it is."""
        ...

    async def published(self, name: str) -> tuple[datetime, Mapping[str, Any]] | None:
        """When it was made, and what it says."""
        ...
