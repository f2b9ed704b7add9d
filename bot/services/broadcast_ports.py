"""Owns the Protocols for broadcasts and their accounts: what storage must do for them, in the services' own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.broadcast import Audience, Broadcast, BroadcastStatus
from bot.domain.checkin import CheckIn, Closing, Recipient, RecipientState, Safety, Source
from bot.domain.contact import Channel, Contact, ContactId
from bot.domain.delivery import BroadcastId, Lane
from bot.domain.employer import EmployerId, SiteId
from bot.domain.errors import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How an audience is to be reached: what decides each recipient's channel and language.

    `earlier` is what an audience `of` another broadcast was sent before: that one, what that replaced, and so on.
    `channels` are those that are on, the preferred first. `can_open` are channels that may be written to outside their
    window, by a template. `languages` can be sent; whoever reads none of them gets `fallback`.
    """

    employer: EmployerId | None
    audience: Audience
    earlier: tuple[BroadcastId, ...] = ()
    channels: tuple[Channel, ...]
    can_open: frozenset[Channel] = frozenset()
    languages: tuple[str, ...]
    fallback: str
    overrides_opt_out: bool = False
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of an audience are reached in one way, or (channel None) are not, and why.

    `own_language` is what they read best, `language` what they get. `opens_window` says that it takes a template,
    `is_new` that nobody wrote to them before, so that they read the introduction too.
    """

    channel: Channel | None
    reason: Reason | None
    own_language: str | None
    language: str
    is_fallback: bool
    opens_window: bool
    is_new: bool = False
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A recipient to be written to now, with all that the sender must know of them."""

    recipient: Recipient
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many recipients of a broadcast are alike in all that boards and reports tell apart.

    `language` is what they were sent; `is_fallback` says that it is not theirs.
    """

    site: SiteId | None
    language: str
    is_fallback: bool = False
    channel: Channel | None
    state: RecipientState
    reason: Reason | None
    safety: Safety | None
    source: Source | None
    closing: Closing | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How many first answered in one second, and say this now."""

    at: datetime
    safety: Safety
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How the sending of a broadcast went; None where nothing was sent, or nobody is to be asked again.

    `rounds` are the times that a recipient was written to, and how many were so often.
    """

    first_sent_at: datetime | None
    last_sent_at: datetime | None
    next_at: datetime | None
    rounds: Mapping[int, int]


class Broadcasts(Protocol):
    async def add(self, broadcast: Broadcast) -> None: ...

    async def get(self, broadcast: BroadcastId) -> Broadcast | None: ...

    async def hold(self, broadcast: BroadcastId, *, is_alone: bool = False) -> Broadcast | None:
        """The broadcast as it stands until this transaction ends: nobody saves it, or holds it alone, before that.

        Alone: when all others that held it are done.
        """
        ...

    async def save(self, broadcast: Broadcast) -> None:
        """Replace; the stored revision is then one more. Raises Conflict when it was not the broadcast's own."""
        ...

    async def of_employer(self, employer: EmployerId | None, limit: int) -> Sequence[Broadcast]:
        """The newest first; with None those of all employers and of the organisation itself."""
        ...

    async def in_status(self, *statuses: BroadcastStatus) -> Sequence[Broadcast]: ...

    async def public(self, since: datetime) -> Sequence[Broadcast]:
        """Begun, public, and not over before that time; the newest first."""
        ...


class Recipients(Protocol):
    """The accounts of broadcasts."""

    async def shares(self, plan: Plan) -> Sequence[Share]:
        """What an expansion would give now."""
        ...

    async def meant(self, plan: Plan) -> Sequence[ContactId]:
        """Everybody of whom `shares` counts how they are reached."""
        ...

    async def written_to(self, employer: EmployerId) -> frozenset[ContactId]:
        """Whom a broadcast of this employer's own was sent to: as much of it as its boards tell."""
        ...

    async def expand(self, broadcast: Broadcast, plan: Plan) -> int:
        """Enter everybody of the audience, each once however often this runs; returns how many are entered."""
        ...

    async def due(self, channel: Channel, lane: Lane, now: datetime, limit: int) -> Sequence[Due]:
        """Recipients to be written to now, on this channel in this lane; held until the transaction ends."""
        ...

    async def overtaken(self, recipients: Sequence[int]) -> frozenset[int]:
        """Of these, all of drills: whose person a live alert is for, or one that began since the drill did."""
        ...

    async def begin_round(self, recipients: Sequence[int]) -> None:
        """Note that each is being written to: nothing is due, and it is one round more."""
        ...

    async def work(self, now: datetime) -> frozenset[tuple[Channel, Lane]]:
        """Where somebody is due, or a delivery is to be tried again."""
        ...

    async def sent(
        self,
        recipients: Sequence[int],
        channel: Channel,
        at: datetime,
        *,
        next_channel: Channel | None = None,
        next_at: datetime | None = None,
    ) -> None:
        """A provider accepted messages to these; they are due again at `next_at`, unless they answer."""
        ...

    async def advance(self, recipients: Sequence[int], state: RecipientState) -> None:
        """Receipts say that these are further than they stood; who is further already stays there."""
        ...

    async def settle(self, recipient: Recipient) -> None:
        """Keep the recipient's state, reason, channel and time of the next round, unless they have answered."""
        ...

    async def get(self, recipient: int) -> Recipient | None: ...

    async def of(self, broadcast: BroadcastId, contact: ContactId) -> Recipient | None: ...

    async def asked(
        self, contact: ContactId, *, includes_unrecorded: bool = False, includes_heard: bool = False
    ) -> Recipient | None:
        """The newest question of a live broadcast that was sent to the contact and not heard since.

        Also, if so chosen, one that is being sent: a quick answer, or a process that died, comes before its record;
        or one that was heard.
        """
        ...

    async def wrote(self, recipients: Sequence[int]) -> frozenset[int]:
        """Those of them of whom the last thing said is what they wrote in their own words."""
        ...

    async def heard(self, recipient: int, at: datetime) -> None:
        """From now on the question stands before what the contact writes."""
        ...

    async def answer(self, recipient: int, safety: Safety, source: Source, at: datetime) -> None:
        """Keep what was said in the history and as the latest; what others say never replaces the person's own."""
        ...

    async def history(self, recipient: int) -> Sequence[CheckIn]: ...

    async def close(self, recipients: Sequence[int], closing: Closing, by: str, at: datetime) -> int:
        """A person closes those who are silent; returns how many were."""
        ...

    async def stop(self, broadcast: BroadcastId, ending: RecipientState) -> int:
        """Nobody is written to any more; who was still waiting ends so. Returns how many they were."""
        ...

    async def forget_before(self, at: datetime, limit: int) -> int:
        """Leave of broadcasts that began before that time and are over only the sums (R18).

        Returns how many recipients were forgotten.
        """
        ...

    async def tally(self, broadcast: BroadcastId) -> Sequence[Tally]: ...

    async def totals(self, broadcasts: Sequence[BroadcastId]) -> Mapping[BroadcastId, int]:
        """How many recipients each of these has; those that have none are left out."""
        ...

    async def answers(self, broadcast: BroadcastId) -> Sequence[Answered]:
        """When people first answered for themselves, by the second, and what they say now; in order."""
        ...

    async def course(self, broadcast: BroadcastId) -> Course: ...

    async def people(self, broadcast: BroadcastId, *, safety: Safety | None, after: int, limit: int) -> Sequence[Due]:
        """Everybody but the erased (or who last said so and is not closed); by number, those after `after`."""
        ...

    async def silent(self, broadcast: BroadcastId, *, site: SiteId | None, after: int, limit: int) -> Sequence[Due]:
        """Who has not answered and is not closed, with who they are; by number, those after `after`."""
        ...
