"""Owns the operators' queue: who waits for a person, in which order and on which clock; who may see it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.case import CaseStatus, Compartment, Topic, Urgency
from bot.domain.contact import ContactId
from bot.domain.employer import SiteId
from bot.domain.staff import StaffId
from bot.services import access
from bot.services.access import Deed, Matter, Reader, Subject
from bot.services.desk_ports import Glance, QueueRow, Viewing
from bot.services.ports import Clock, Store


class Place(StrEnum):
    """Where in the queue somebody stands; the order is the order of the lists."""

    WAITING = "waiting"  # nobody has them, and they were not answered
    OWED = "owed"  # somebody has them, and they wrote since they were last answered
    HELD = "held"  # somebody has them, and it is the contact's turn
    FOLLOW_UP = "follow_up"  # nobody has them; the next step is due
    RESTING = "resting"  # nobody has them; something is awaited


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a reader wants to see; empty means all."""

    languages: frozenset[str] = frozenset()
    topics: frozenset[Topic] = frozenset()
    sites: frozenset[SiteId] = frozenset()
    compartment: Compartment | None = None
    places: frozenset[Place] = frozenset()
    owner: StaffId | None = None

    def takes(self, row: QueueRow, now: datetime) -> bool:
        return (
            (not self.languages or row.language in self.languages)
            and (not self.topics or bool(self.topics & row.topics))
            and (not self.sites or row.site in self.sites)
            and (self.compartment is None or row.compartment is self.compartment)
            and (not self.places or place_of(row, now) in self.places)
            and (self.owner is None or (row.claim is not None and row.claim.staff == self.owner))
        )


def subject_of(row: QueueRow) -> Subject:
    return Subject(matter=Matter.CONVERSATION, contact=row.contact, compartment=row.compartment)


def visible(rows: Iterable[QueueRow], reader: Reader) -> list[QueueRow]:
    """What this reader may know of at all: the rest is in no list, no search and no count (R2, R16)."""
    return [row for row in rows if access.may(reader, Deed.READ, subject_of(row))]


def place_of(row: QueueRow, now: datetime) -> Place:
    """Where this row stands now."""
    if row.claim is not None:
        answered = row.claim.answered_at or row.claim.claimed_at
        is_owed = row.claim.answered_at is None or (row.heard_at is not None and row.heard_at > answered)
        return Place.OWED if is_owed else Place.HELD
    if CaseStatus.OPEN in row.statuses:
        return Place.WAITING
    if row.next_step_at is not None and row.next_step_at <= now:
        return Place.FOLLOW_UP
    return Place.RESTING


def is_late(row: QueueRow, now: datetime) -> bool:
    """Whether a target has been missed and somebody still waits for it."""
    return any(at is not None and at <= now for at in (row.due_at, row.resolve_by))


def since(row: QueueRow) -> datetime:
    """What the wait is counted from: the first case unanswered, else the contact's last word."""
    if row.waiting_since is not None:
        return row.waiting_since
    answered = row.claim.answered_at if row.claim else None
    if row.heard_at is not None and answered is not None and row.heard_at > answered:
        return row.heard_at
    return row.opened_at


_PLACES = {place: number for number, place in enumerate((Place.WAITING, Place.OWED, Place.FOLLOW_UP, Place.HELD))}


def in_order(rows: Iterable[QueueRow], now: datetime) -> list[QueueRow]:
    """By urgency, then by what is owed to them, then by how long they have waited."""
    return sorted(rows, key=lambda row: (-row.urgency, _PLACES.get(place_of(row, now), 9), since(row), row.contact))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many stand where, of what the reader may see."""

    waiting: int = 0
    owed: int = 0
    held: int = 0
    late: int = 0
    critical: int = 0


def tally(rows: Sequence[QueueRow], now: datetime) -> Tally:
    places = [place_of(row, now) for row in rows]
    return Tally(
        waiting=places.count(Place.WAITING),
        owed=places.count(Place.OWED),
        held=places.count(Place.HELD),
        late=sum(is_late(row, now) for row in rows),
        critical=sum(row.urgency is Urgency.CRITICAL and row.claim is None for row in rows),
    )


def next_for(
    rows: Iterable[QueueRow], languages: Collection[str], now: datetime, *, passed: Collection[ContactId] = ()
) -> QueueRow | None:
    """Whom somebody of these languages takes next: the first who waits and speaks one, else the first who waits."""
    waiting = [row for row in in_order(rows, now) if place_of(row, now) is Place.WAITING and row.contact not in passed]
    spoken = (row for row in waiting if row.language in languages)
    return next(spoken, None) or next(iter(waiting), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The whole queue as this process saw it last, with the names that belong to it; screens show what `visible` lets.

    `minute` is when, to the minute: clocks move on by themselves.
    """

    rows: tuple[QueueRow, ...]
    glances: tuple[Glance, ...]
    staff: Mapping[StaffId, str]
    sites: Mapping[SiteId, str]
    minute: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Reads the queue for all screens of a process together."""

    store: Store
    viewing: Viewing
    clock: Clock

    async def read(self, _: str = "", /, before: Sight | None = None) -> Sight:
        """The queue now. Names are read anew once a minute."""
        minute = self.clock.now().replace(second=0, microsecond=0)
        async with self.store.look() as unit:
            rows = tuple(await unit.queue.read())
            if before is not None and before.minute == minute:
                staff, sites = before.staff, before.sites
            else:
                staff = {one.id: one.name for one in await unit.staff.all()}
                sites = {one.id: one.name for one in await unit.sites.all()}
        glances = tuple(sorted(await self.viewing.all(), key=lambda one: (one.contact, one.staff)))
        return Sight(rows=rows, glances=glances, staff=staff, sites=sites, minute=minute)
