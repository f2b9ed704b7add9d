"""Owns the matching of who waits with who is here: by language, by what each may see, by how much each has in hand."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.staff import Staff, StaffId
from bot.services import access
from bot.services.access import Deed, Reader, Subject
from bot.services.desk_ports import QueueRow
from bot.services.queue import Place, in_order, place_of, subject_of

MOST = 5  # conversations in one person's hands that are given to them; they may take more by themselves


class Assigning(StrEnum):
    """How conversations come to people."""

    OFF = "off"  # everybody takes their own
    OFFER = "offer"  # each is shown whom they would be given
    AUTO = "auto"  # they are given


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Who waits, and whose they become."""

    row: QueueRow
    staff: StaffId


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Who is here and how much each has in hand."""

    people: Sequence[Staff]
    loads: Mapping[StaffId, int] = field(default_factory=dict)

    @classmethod
    def of(cls, people: Iterable[Staff], rows: Iterable[QueueRow]) -> "Hands":
        """`people` are those on duty; `rows` the whole queue."""
        return cls(people=tuple(people), loads=Counter(row.claim.staff for row in rows if row.claim is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Somebody who is here and may answer one contact: how many they have in hand, whether they read the language.

    `reads` is None where their languages, or the contact's, are not known.
    """

    staff: Staff
    load: int
    reads: bool | None


def choices(subject: Subject, language: str | None, hands: Hands) -> Sequence[Choice]:
    """Who could be given a conversation by hand: who reads it first, then who may read it; of these who has least."""
    found = [
        Choice(staff=one, load=hands.loads.get(one.id, 0), reads=_reads(one, language))
        for one in hands.people
        if _may_answer(one, subject)
    ]
    return sorted(found, key=lambda one: ((True, None, False).index(one.reads), one.load, one.staff.name.casefold()))


def _reads(staff: Staff, language: str | None) -> bool | None:
    return language in staff.languages if language is not None and staff.languages else None


def matches(rows: Collection[QueueRow], hands: Hands, now: datetime) -> Iterator[Match]:
    """Those who wait, in the queue's order, each with whoever is free for them and has least; nobody is overloaded.

    Whose language nobody here is known to speak comes last, to those whose own languages are not known: one of them may
    read it. Where there are none of those, it stays in the queue, for all to see.
    """
    loads = Counter(dict(hands.loads))
    waiting = [row for row in in_order(rows, now) if place_of(row, now) is Place.WAITING]
    read = [row for row in waiting if any(is_fit(one, row) for one in hands.people)]
    for fits, some in ((is_fit, read), (_may_read, [row for row in waiting if row not in read])):
        for row in some:
            free = [one for one in hands.people if loads[one.id] < MOST and fits(one, row)]
            if free:
                chosen = min(free, key=lambda one: (loads[one.id], one.id))
                loads[chosen.id] += 1
                yield Match(row=row, staff=chosen.id)


def is_fit(staff: Staff, row: QueueRow) -> bool:
    """Whether this person may answer this contact, and in their language."""
    return (row.language is None or row.language in staff.languages) and _may_answer(staff, subject_of(row))


def _may_read(staff: Staff, row: QueueRow) -> bool:
    """Whether this person may answer this contact, and nothing is known against their reading them."""
    return not staff.languages and _may_answer(staff, subject_of(row))


def _may_answer(staff: Staff, subject: Subject) -> bool:
    reader = Reader(role=staff.role, id=staff.id, employer=staff.employer)
    return staff.disabled_at is None and access.may(reader, Deed.ANSWER, subject)
