"""Owns the service's figures in SQL: counts over cases, messages, deliveries, sessions and what staff did."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, distinct, exists, func, select, text, true

from bot.domain.activity import ActivityKind
from bot.domain.case import Case, Compartment, Topic, Urgency
from bot.domain.contact import Channel, ContactId
from bot.domain.delivery import DeliveryStatus
from bot.domain.employer import SiteId
from bot.domain.message import MessageKind
from bot.domain.staff import StaffId
from bot.services.report_ports import CaseFigure, Done, Heard, Reached
from bot.storage.cases import SqlCases
from bot.storage.schema import (
    IS_OPEN_CASE,
    activities,
    cases,
    claims,
    contacts,
    deliveries,
    messages,
    published_reports,
    sessions,
)
from bot.storage.upsert import insert_new
from bot.storage.work import Work

NOT_UNDERSTOOD = "fallback"  # the flow that answers what nobody understood
_OUT = [one.value for one in (DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ)]
_CASES = select(
    cases.c.topic,
    cases.c.urgency,
    contacts.c.language,
    contacts.c.site_id,
    cases.c.opened_at,
    cases.c.due_at,
    cases.c.answered_at,
    cases.c.resolve_by,
    cases.c.closed_at,
).join(contacts, contacts.c.id == cases.c.contact_id)


class SqlServiceFigures:
    def __init__(self, work: Work, known: SqlCases) -> None:
        self._db = work.connection
        self._cases = known

    async def opened(self, since: datetime, until: datetime, *, shows_protection: bool) -> Sequence[CaseFigure]:
        asked = _CASES.where(_within(cases.c.opened_at, since, until), _may_count(cases.c.contact_id, shows_protection))
        return [_case(row) for row in await self._db.execute(asked)]

    async def waiting(self, *, shows_protection: bool) -> Sequence[CaseFigure]:
        waits = text(IS_OPEN_CASE), cases.c.answered_at.is_(None)
        asked = _CASES.where(*waits, _may_count(cases.c.contact_id, shows_protection))
        return [_case(row) for row in await self._db.execute(asked)]

    async def heard(self, since: datetime, until: datetime, *, shows_protection: bool) -> Sequence[Heard]:
        by = (messages.c.channel, contacts.c.language, contacts.c.site_id)
        asked = (
            select(*by, func.count().label("messages"))
            .join(contacts, contacts.c.id == messages.c.contact_id)
            .where(_came(since, until), _may_count(messages.c.contact_id, shows_protection))
            .group_by(*by)
        )
        return [
            Heard(
                channel=Channel(row.channel),
                language=row.language,
                site=SiteId(row.site_id) if row.site_id else None,
                messages=row.messages,
            )
            for row in await self._db.execute(asked)
        ]

    async def reached(self, since: datetime, until: datetime, *, shows_protection: bool) -> Reached:
        # Said like this, the index of deliveries that are done answers it.
        sent = deliveries.c.ready_at.is_(None), _within(deliveries.c.created_at, since, until)
        lost = sessions.c.flow == NOT_UNDERSTOOD, _within(sessions.c.started_at, since, until)
        return Reached(
            wrote=await self._people(messages.c.contact_id, _came(since, until), shows_protection),
            written_to=await self._people(
                deliveries.c.contact_id, and_(*sent, deliveries.c.status.in_(_OUT)), shows_protection
            ),
            misunderstood=await self._people(sessions.c.contact_id, and_(*lost), shows_protection),
        )

    async def done(
        self, kinds: Collection[ActivityKind], since: datetime, until: datetime, *, shows_protection: bool
    ) -> Sequence[Done]:
        by = (activities.c.staff_id, activities.c.kind)
        asked = (
            select(*by, func.count().label("times"))
            .where(activities.c.kind.in_([kind.value for kind in kinds]), _within(activities.c.at, since, until))
            .where(_may_count(activities.c.contact_id, shows_protection))
            .group_by(*by)
        )
        return [
            Done(staff=StaffId(row.staff_id) if row.staff_id else None, kind=ActivityKind(row.kind), count=row.times)
            for row in await self._db.execute(asked)
        ]

    async def held(self, *, shows_protection: bool) -> Mapping[StaffId, int]:
        asked = select(claims.c.staff_id, func.count().label("held")).group_by(claims.c.staff_id)
        rows = await self._db.execute(asked.where(_may_count(claims.c.contact_id, shows_protection)))
        return {StaffId(row.staff_id): row.held for row in rows}

    async def whole_cases(self, since: datetime, until: datetime) -> Sequence[Case]:
        asked = select(cases).where(_within(cases.c.opened_at, since, until)).order_by(cases.c.opened_at, cases.c.id)
        return [self._cases.read(row) for row in await self._db.execute(asked)]

    async def protected_people(self) -> frozenset[ContactId]:
        protected = cases.c.compartment == Compartment.PROTECTION.value
        return await self._ids(select(cases.c.contact_id).distinct().where(protected))

    async def in_flow(self, flow: str, since: datetime, until: datetime) -> frozenset[ContactId]:
        there = sessions.c.flow == flow, _within(sessions.c.started_at, since, until)
        return await self._ids(select(sessions.c.contact_id).distinct().where(*there))

    async def _people(self, of: Column[Any], where: ColumnElement[bool], shows_protection: bool) -> int:
        asked = select(func.count(distinct(of))).where(where, _may_count(of, shows_protection))
        return int((await self._db.execute(asked)).scalar_one())

    async def _ids(self, asked: Select[tuple[Any]]) -> frozenset[ContactId]:
        return frozenset(ContactId(one) for one in await self._db.scalars(asked))


class SqlPublishedReports:
    def __init__(self, work: Work) -> None:
        self._db = work.connection

    async def publish(self, name: str, document: Mapping[str, Any], at: datetime) -> bool:
        row = {"name": name, "document": dict(document), "made_at": at}
        return await insert_new(self._db, published_reports, row)

    async def published(self, name: str) -> tuple[datetime, Mapping[str, Any]] | None:
        asked = select(published_reports).where(published_reports.c.name == name)
        row = (await self._db.execute(asked)).first()
        return (row.made_at, row.document) if row is not None else None


def _within(at: Column[Any], since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(at >= since, at < until)


def _came(since: datetime, until: datetime) -> ColumnElement[bool]:
    """Messages that were handled, which an index holds by the time of their coming."""
    spoken = messages.c.kind == MessageKind.WORDS.value
    return and_(messages.c.handled_at.is_not(None), _within(messages.c.received_at, since, until), spoken)


def _may_count(contact: Column[Any], shows_protection: bool) -> ColumnElement[bool]:
    """A contact's whole file lies where the most protected of their cases lies, an old one too."""
    if shows_protection:
        return true()
    others = cases.alias()
    return ~exists().where(others.c.contact_id == contact, others.c.compartment == Compartment.PROTECTION.value)


def _case(row: Any) -> CaseFigure:
    return CaseFigure(
        topic=Topic(row.topic),
        urgency=Urgency(row.urgency),
        language=row.language,
        site=SiteId(row.site_id) if row.site_id else None,
        opened_at=row.opened_at,
        due_at=row.due_at,
        answered_at=row.answered_at,
        resolve_by=row.resolve_by,
        closed_at=row.closed_at,
    )
