"""Owns the timeline: everything of one conversation in the order in which it happened, whoever said or did it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.activity import Activity
from bot.domain.delivery import Delivery
from bot.domain.message import Message
from bot.domain.staff import StaffId

STAFF_ORIGIN = "staff:"  # of a delivery that a person wrote; the staff id follows
DESK_ORIGIN = "desk:"  # of a delivery by which the desk says who speaks; the staff id follows


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
    def text(self) -> str:
        if self.message is not None:
            return self.message.received.text
        if self.delivery is not None:
            return self.delivery.content.text
        return self.activity.text if self.activity is not None else ""


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
