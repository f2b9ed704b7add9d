"""Owns the operators' queue in SQL: one row for each contact who waits for a person, read from what is true."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select, text

from bot.domain.case import Case, CaseStatus, Compartment, Topic, Urgency
from bot.domain.contact import ContactId
from bot.domain.employer import EmployerId, SiteId
from bot.services.desk_ports import QueueRow
from bot.storage.cases import SqlCases
from bot.storage.claims import read_claim
from bot.storage.schema import IS_OPEN_CASE, cases, claims, contacts, messages
from bot.storage.work import Work

NEWEST = 20  # messages among which the latest is looked for: two that come at once may be stored in either order

# Everybody with an open case or in somebody's hands.
_THOSE = select(cases.c.contact_id).where(text(IS_OPEN_CASE)).union(select(claims.c.contact_id)).cte("those")
# Among the last of theirs to come, found by the index however much they have written.
_NEWEST = (
    select(messages.c.received_at)
    .where(messages.c.contact_id == contacts.c.id)
    .order_by(messages.c.number.desc())
    .limit(NEWEST)
    .correlate(contacts)
    .subquery()
)
_HEARD_AT = select(func.max(_NEWEST.c.received_at)).scalar_subquery()
# Closed ones too: what a conversation has told of does not become harmless because a case is closed.
_IS_PROTECTED = exists().where(cases.c.contact_id == contacts.c.id, cases.c.compartment == Compartment.PROTECTION.value)
_CONTACTS = (
    select(
        contacts.c.id,
        contacts.c.language,
        contacts.c.employer_id,
        contacts.c.site_id,
        _HEARD_AT.label("heard_at"),
        _IS_PROTECTED.label("is_protected"),
        claims.c.contact_id,
        claims.c.staff_id,
        claims.c.claimed_at,
        claims.c.answered_at,
    )
    .join(_THOSE, _THOSE.c.contact_id == contacts.c.id)
    .outerjoin(claims, claims.c.contact_id == contacts.c.id)
)
_OPEN = select(*[column for column in cases.c if column.name != "sealed"]).where(text(IS_OPEN_CASE))


class SqlQueueRows:
    def __init__(self, work: Work, known: SqlCases) -> None:
        self._db = work.connection
        self._cases = known

    async def read(self) -> Sequence[QueueRow]:
        people = (await self._db.execute(_CONTACTS)).all()
        found: dict[str, list[Any]] = {}
        for row in await self._db.execute(_OPEN):
            found.setdefault(row.contact_id, []).append(row)
        return [_queued(person, found.get(person.id, [])) for person in people]

    async def overdue(self, now: datetime, limit: int) -> Sequence[Case]:
        late = cases.c.due_at <= now, cases.c.answered_at.is_(None), cases.c.escalated_at.is_(None)
        rows = await self._db.execute(
            select(cases).where(text(IS_OPEN_CASE), *late).order_by(cases.c.due_at).limit(limit)
        )
        return [self._cases.read(row) for row in rows]


def _queued(person: Any, still: Sequence[Any]) -> QueueRow:
    """One row; `still` are the contact's open cases."""
    unanswered = [row for row in still if row.answered_at is None]
    return QueueRow(
        contact=ContactId(person.id),
        language=person.language,
        employer=EmployerId(person.employer_id) if person.employer_id else None,
        site=SiteId(person.site_id) if person.site_id else None,
        compartment=Compartment.PROTECTION if person.is_protected else Compartment.GENERAL,
        urgency=Urgency(max((row.urgency for row in still), default=Urgency.LOW)),
        topics=frozenset(Topic(row.topic) for row in still),
        statuses=frozenset(CaseStatus(row.status) for row in still),
        numbers=tuple(row.number for row in sorted(still, key=lambda row: row.opened_at)),
        opened_at=min((row.opened_at for row in still), default=person.claimed_at),
        waiting_since=_first(row.opened_at for row in unanswered),
        due_at=_first(row.due_at for row in unanswered),
        resolve_by=_first(row.resolve_by for row in still),
        next_step_at=_first(row.next_step_at for row in still),
        escalated_at=_first(row.escalated_at for row in still),
        heard_at=person.heard_at,
        claim=read_claim(person) if person.contact_id is not None else None,
    )


def _first(times: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in times if at is not None), default=None)
