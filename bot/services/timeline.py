"""Owns the timeline: everything of one conversation in the order in which it happened, whoever said or did it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.domain.activity import Activity
from bot.domain.delivery import Delivery
from bot.domain.message import Message
from bot.domain.staff import StaffId
from bot.services.desk_ports import Part

STAFF_ORIGIN = "staff:"  # of a delivery that a person wrote; the staff id follows
DESK_ORIGIN = "desk:"  # of a delivery by which the desk says who speaks; the staff id follows


_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Speaker(StrEnum):
    """Who an entry comes from."""

    CONTACT = "contact"
    BOT = "bot"
    STAFF = "staff"
    DESK = "desk"  # the sentence that says who speaks now
    ALERT = "alert"
    NOBODY = "nobody"  # an activity: nothing was said to the contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened: exactly one of the three is there."""

    at: datetime
    speaker: Speaker
    staff: StaffId | None = None
    message: Message | None = None
    delivery: Delivery | None = None
    activity: Activity | None = None

    @property
    def subject(self) -> str:
        """What a translation of it is kept under, and its address on the page."""
        if self.message is not None:
            return f"message:{self.message.id}"
        if self.delivery is not None:
            return f"delivery:{self.delivery.id}"
        assert self.activity is not None
        return f"activity:{self.activity.id}"

    @property
    def mark(self) -> "Mark":
        return Mark(at=self.at, subject=self.subject)

    @property
    def text(self) -> str:
        if self.message is not None:
            return self.message.received.text
        if self.delivery is not None:
            return self.delivery.content.text
        return self.activity.text if self.activity is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The place of one entry in a timeline, which stays where it is whatever comes after; fit for an address.

    Within one moment what was heard stands first, then what was said, then what was done, each in its own order.
    """

    at: datetime
    subject: str

    @classmethod
    def read(cls, text: str) -> "Mark":
        """Raises ValueError for what is no mark."""
        moment, _, subject = text.partition("-")
        kind, _, id_ = subject.partition(":")
        if kind not in _KINDS or not (id_ and len(id_) <= _LONGEST_ID and id_.isascii() and id_.isprintable()):
            raise ValueError("no such place")
        try:
            return cls(at=_BEGINNING + timedelta(microseconds=int(moment)), subject=subject)
        except OverflowError as error:
            raise ValueError("no such time") from error

    def __str__(self) -> str:
        return f"{(self.at - _BEGINNING) // timedelta(microseconds=1)}-{self.subject}"

    def before(self, kind: str) -> Part:
        """What stands before it, of that kind."""
        mine, _, id_ = self.subject.partition(":")
        rank, own = _KINDS.index(kind), _KINDS.index(mine)
        return Part(until=self.at, until_id=None if rank > own else id_ if rank == own else "")


MESSAGE, DELIVERY, ACTIVITY = _KINDS = ("message", "delivery", "activity")
_LONGEST_ID = 64  # characters


def since(entries: Sequence[Entry], mark: Mark) -> list[Entry]:
    """The entries from that one on, or from its moment on where it is not there any more."""
    places = [place for place, entry in enumerate(entries) if entry.subject == mark.subject]
    return [entry for entry in entries[places[0] if places else 0 :] if entry.at >= mark.at]


def timeline(
    messages: Sequence[Message], deliveries: Sequence[Delivery], activities: Sequence[Activity]
) -> list[Entry]:
    """All of it in order. What was heard stands before what was answered in the same moment."""
    heard = [Entry(at=one.received_at, speaker=Speaker.CONTACT, message=one) for one in messages]
    said = [_said(one) for one in deliveries]
    done = [Entry(at=one.at, speaker=Speaker.NOBODY, staff=one.staff, activity=one) for one in activities]
    return sorted([*heard, *said, *done], key=lambda entry: entry.at)


def _said(delivery: Delivery) -> Entry:
    speaker, staff = Speaker.BOT, None
    if delivery.outreach is not None:
        speaker = Speaker.ALERT
    for prefix, kind in ((STAFF_ORIGIN, Speaker.STAFF), (DESK_ORIGIN, Speaker.DESK)):
        if delivery.origin.startswith(prefix):
            speaker, staff = kind, StaffId(delivery.origin.removeprefix(prefix))
    return Entry(at=delivery.created_at, speaker=speaker, staff=staff, delivery=delivery)
