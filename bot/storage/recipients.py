"""Owns the accounts of broadcasts in SQL: whom each has, where each of them stands, what each said."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    type_coerce,
    union_all,
    update,
)

from bot.domain.broadcast import Broadcast, BroadcastKind, BroadcastStatus
from bot.domain.checkin import CheckIn, Closing, Recipient, RecipientState, Safety, Source
from bot.domain.contact import Channel, ContactId
from bot.domain.delivery import BroadcastId, DeliveryStatus, Lane
from bot.domain.employer import EmployerId, SiteId
from bot.domain.errors import Reason
from bot.services.broadcast_ports import Answered, Course, Due, Plan, Share, Tally
from bot.storage import audience
from bot.storage.contacts import SqlContacts
from bot.storage.delivery_rows import LANES
from bot.storage.schema import Moment, broadcasts, check_ins, contacts, deliveries
from bot.storage.schema import recipients as table
from bot.storage.upsert import insert_select
from bot.storage.work import Work

_S = RecipientState
_LIVE = select(broadcasts.c.id).where(broadcasts.c.status == BroadcastStatus.LIVE.value)
_SELF_ANSWERED = table.c.safety_source == Source.SELF.value
_IS_SILENT = and_(or_(table.c.safety_source.is_(None), ~_SELF_ANSWERED), table.c.closed_at.is_(None))
# A message to this recipient that its reader may have, though no record says so yet.
_MAY_BE_OUT = exists().where(
    deliveries.c.recipient == table.c.number,
    deliveries.c.ready_at.is_not(None),
    or_(deliveries.c.status == DeliveryStatus.SENDING.value, deliveries.c.doubts > 0),
)
# What each state may replace: what is known of a recipient only grows.
_BELOW = {
    _S.SENT: (_S.WAITING, _S.FAILED, _S.NOT_REACHED, _S.EXPIRED, _S.CANCELLED),
    _S.DELIVERED: (_S.WAITING, _S.FAILED, _S.NOT_REACHED, _S.EXPIRED, _S.CANCELLED, _S.SENT),
    _S.READ: (_S.WAITING, _S.FAILED, _S.NOT_REACHED, _S.EXPIRED, _S.CANCELLED, _S.SENT, _S.DELIVERED),
}


def _find_work() -> CompoundSelect[Any]:
    """Each channel and lane in which there is something to send, without counting what: there may be a million."""
    now = bindparam("now", type_=Moment)
    places = []
    for channel, lane in product(Channel, range(len(LANES))):
        due = exists().where(
            table.c.due_channel == channel.value,
            table.c.lane == lane,
            table.c.due_at <= now,
            table.c.broadcast_id.in_(_LIVE),
            table.c.contact_id.is_not(None),
        )
        again = exists().where(
            deliveries.c.channel == channel.value,
            deliveries.c.lane == lane,
            deliveries.c.ready_at <= now,
            deliveries.c.broadcast_id.is_not(None),
        )
        places.append(select(literal(channel.value), literal(lane)).where(or_(due, again)))
    return union_all(*places)


_WORK = _find_work()
_SETTLED = ("broadcast_id", "contact_id", "site_id", "language", "is_fallback", "channel", "lane", "state", "reason",
            "round", "due_channel", "due_at")  # fmt: skip


class SqlRecipients:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._contacts = SqlContacts(work)

    # --- an audience ------------------------------------------------------------------------------------------------

    async def shares(self, plan: Plan) -> Sequence[Share]:
        people = await self._people(plan)
        names = ("channel", "reason", "own_language", "language", "is_fallback", "opens", "is_new")
        alike = [people.c[name] for name in names]
        rows = await self._db.execute(select(*alike, func.count().label("people")).group_by(*alike))
        return [
            Share(
                channel=Channel(row.channel) if row.channel else None,
                reason=Reason(row.reason) if row.reason else None,
                own_language=row.own_language,
                language=row.language,
                is_fallback=bool(row.is_fallback),
                opens_window=bool(row.opens),
                is_new=bool(row.is_new),
                count=row.people,
            )
            for row in rows
        ]

    async def meant(self, plan: Plan) -> Sequence[ContactId]:
        found = await self._db.scalars(select(contacts.c.id).where(*audience.meant(plan)).order_by(contacts.c.id))
        return [ContactId(contact) for contact in found]

    async def written_to(self, employer: EmployerId) -> frozenset[ContactId]:
        theirs = select(broadcasts.c.id).where(broadcasts.c.employer_id == employer)
        sent = table.c.broadcast_id.in_(theirs), table.c.sent_at.is_not(None), table.c.contact_id.is_not(None)
        found = await self._db.scalars(select(table.c.contact_id).where(*sent).distinct())
        return frozenset(ContactId(contact) for contact in found)

    async def expand(self, broadcast: Broadcast, plan: Plan) -> int:
        people = await self._people(plan)
        is_reached = people.c.channel.is_not(None)
        entry = select(
            literal(broadcast.id),
            people.c.contact_id,
            people.c.site_id,
            people.c.language,
            people.c.is_fallback,
            people.c.channel,
            literal(LANES.index(broadcast.lane)),
            case((is_reached, _S.WAITING.value), else_=_S.NOT_REACHED.value),
            people.c.reason,
            literal(0),
            people.c.channel,
            case((is_reached, literal(plan.now, Moment)), else_=null()),
        ).where(true())
        await insert_select(self._db, table, _SETTLED, entry)
        counted = select(func.count()).where(table.c.broadcast_id == broadcast.id)
        return int(await self._db.scalar(counted) or 0)

    async def _people(self, plan: Plan) -> Subquery:
        spoken = await self._db.scalars(audience.SPOKEN)
        return audience.people(plan, [tag for tag in spoken if tag]).subquery()

    # --- rounds -----------------------------------------------------------------------------------------------------

    async def work(self, now: datetime) -> frozenset[tuple[Channel, Lane]]:
        found = await self._db.execute(_WORK, {"now": now})
        return frozenset((Channel(channel), LANES[lane]) for channel, lane in found)

    async def due(self, channel: Channel, lane: Lane, now: datetime, limit: int) -> Sequence[Due]:
        next_ones = (
            select(table)
            .where(
                table.c.due_channel == channel.value,
                table.c.lane == LANES.index(lane),
                table.c.due_at <= now,
                table.c.broadcast_id.in_(_LIVE),
                table.c.contact_id.is_not(None),
            )
            .order_by(table.c.due_at, table.c.number)
            .limit(limit)
            .with_for_update(skip_locked=True, of=table, key_share=True)
        )
        return await self._with_contacts([_recipient(row) for row in await self._db.execute(next_ones)])

    async def overtaken(self, recipients: Sequence[int]) -> frozenset[int]:
        drill, alert, theirs = broadcasts.alias("drill"), broadcasts.alias("alert"), table.alias("theirs")
        is_newer = or_(alert.c.status == BroadcastStatus.LIVE.value, alert.c.begun_at >= drill.c.begun_at)
        is_meant = exists().where(
            theirs.c.contact_id == table.c.contact_id,
            theirs.c.broadcast_id == alert.c.id,
            alert.c.kind == BroadcastKind.ALERT.value,
            is_newer,
        )
        mine = table.c.number.in_(recipients), table.c.broadcast_id == drill.c.id
        return frozenset(await self._db.scalars(select(table.c.number).where(*mine, is_meant)))

    async def begin_round(self, recipients: Sequence[int]) -> None:
        await self._change(recipients, due_at=None, round=table.c.round + 1)

    async def sent(
        self,
        recipients: Sequence[int],
        channel: Channel,
        at: datetime,
        *,
        next_channel: Channel | None = None,
        next_at: datetime | None = None,
    ) -> None:
        asks_again = and_(_IS_SILENT, table.c.broadcast_id.in_(_LIVE))
        await self._change(
            recipients,
            state=_raised(_S.SENT),
            reason=null(),
            sent_at=func.coalesce(table.c.sent_at, literal(at, Moment)),
            asked_at=at,
            channel=channel.value,
            due_channel=next_channel.value if next_channel else null(),
            due_at=case((asks_again, literal(next_at, Moment)), else_=null()),
        )

    async def advance(self, recipients: Sequence[int], state: RecipientState) -> None:
        reason = case((_is_below(state), null()), else_=table.c.reason)
        await self._change(recipients, state=_raised(state), reason=reason)

    async def settle(self, recipient: Recipient) -> None:
        await self._db.execute(
            update(table)
            .where(table.c.number == recipient.number)
            .values(
                state=case((_SELF_ANSWERED, table.c.state), else_=_settled(recipient.state)),
                reason=recipient.reason.value if recipient.reason else None,
                round=recipient.round,
                due_channel=recipient.due_channel.value if recipient.due_channel else None,
                due_at=case((_IS_SILENT, literal(recipient.due_at, Moment)), else_=null()),
            )
        )

    async def stop(self, broadcast: BroadcastId, ending: RecipientState) -> int:
        mine = table.c.broadcast_id == broadcast
        waiting = select(func.count()).where(mine, table.c.state == _S.WAITING.value)
        count = int(await self._db.scalar(waiting) or 0)
        ended = case((table.c.state == _S.WAITING.value, ending.value), else_=table.c.state)
        pending = or_(table.c.due_at.is_not(None), table.c.state == _S.WAITING.value)
        await self._db.execute(update(table).where(mine, pending).values(due_at=None, state=ended))
        return count

    # --- answers ----------------------------------------------------------------------------------------------------

    async def get(self, recipient: int) -> Recipient | None:
        return await self._one(select(table).where(table.c.number == recipient))

    async def of(self, broadcast: BroadcastId, contact: ContactId) -> Recipient | None:
        return await self._one(select(table).where(table.c.broadcast_id == broadcast, table.c.contact_id == contact))

    async def asked(
        self, contact: ContactId, *, includes_unrecorded: bool = False, includes_heard: bool = False
    ) -> Recipient | None:
        is_unheard = or_(literal(includes_heard), table.c.heard_at.is_(None), table.c.heard_at < table.c.asked_at)
        is_asked: ColumnElement[bool] = and_(table.c.asked_at.is_not(None), is_unheard)
        if includes_unrecorded:
            is_asked |= and_(table.c.heard_at.is_(None), _MAY_BE_OUT)
        return await self._one(
            select(table)
            .where(table.c.contact_id == contact, is_asked)
            .where(table.c.broadcast_id.in_(_LIVE))
            .order_by(table.c.asked_at.desc().nulls_first(), table.c.number.desc())
            .limit(1)
        )

    async def wrote(self, recipients: Sequence[int]) -> frozenset[int]:
        latest = select(func.max(check_ins.c.number)).where(check_ins.c.recipient.in_(recipients))
        query = select(check_ins.c.recipient).where(
            check_ins.c.number.in_(latest.group_by(check_ins.c.recipient)), check_ins.c.source == Source.WROTE.value
        )
        return frozenset(await self._db.scalars(query)) if recipients else frozenset()

    async def heard(self, recipient: int, at: datetime) -> None:
        await self._change([recipient], heard_at=at)

    async def answer(self, recipient: int, safety: Safety, source: Source, at: datetime) -> None:
        said = {"recipient": recipient, "safety": safety.value, "source": source.value, "at": at}
        await self._db.execute(insert(check_ins), said)
        values: dict[str, Any] = {"safety": safety.value, "safety_source": source.value}
        mine = table.c.number == recipient
        if source is Source.SELF:
            values |= {"state": _S.ANSWERED.value, "reason": None, "due_at": None}
            values["answered_at"] = func.coalesce(table.c.answered_at, literal(at, Moment))  # the first time counts
        else:
            mine &= or_(table.c.safety_source.is_(None), ~_SELF_ANSWERED)
        await self._db.execute(update(table).where(mine).values(values))

    async def history(self, recipient: int) -> Sequence[CheckIn]:
        rows = await self._db.execute(
            select(check_ins).where(check_ins.c.recipient == recipient).order_by(check_ins.c.number)
        )
        return [
            CheckIn(recipient=row.recipient, safety=Safety(row.safety), source=Source(row.source), at=row.at)
            for row in rows
        ]

    async def close(self, recipients: Sequence[int], closing: Closing, by: str, at: datetime) -> int:
        closed = await self._db.execute(
            update(table)
            .where(table.c.number.in_(recipients), _IS_SILENT)
            .values(closing=closing.value, closed_by=by, closed_at=at, due_at=None)
        )
        return closed.rowcount

    async def forget_before(self, at: datetime, limit: int) -> int:
        old = select(broadcasts.c.id).where(
            broadcasts.c.begun_at < at, broadcasts.c.status != BroadcastStatus.LIVE.value
        )
        mine = table.c.broadcast_id.in_(old), table.c.contact_id.is_not(None)
        numbers = (await self._db.scalars(select(table.c.number).where(*mine).limit(limit))).all()
        await self._change(numbers, contact_id=None, due_at=None)
        return len(numbers)

    # --- boards and reports -----------------------------------------------------------------------------------------

    async def tally(self, broadcast: BroadcastId) -> Sequence[Tally]:
        told = ("language", "is_fallback", "channel", "state", "reason")
        alike = [table.c[name] for name in ("site_id", *told, "safety", "safety_source", "closing")]
        query = select(*alike, func.count().label("people")).where(table.c.broadcast_id == broadcast).group_by(*alike)
        return [
            Tally(
                site=SiteId(row.site_id) if row.site_id else None,
                language=row.language,
                is_fallback=row.is_fallback,
                channel=Channel(row.channel) if row.channel else None,
                state=RecipientState(row.state),
                reason=Reason(row.reason) if row.reason else None,
                safety=Safety(row.safety) if row.safety else None,
                source=Source(row.safety_source) if row.safety_source else None,
                closing=Closing(row.closing) if row.closing else None,
                count=row.people,
            )
            for row in await self._db.execute(query)
        ]

    async def totals(self, broadcasts: Sequence[BroadcastId]) -> Mapping[BroadcastId, int]:
        query = select(table.c.broadcast_id, func.count().label("people")).where(table.c.broadcast_id.in_(broadcasts))
        rows = await self._db.execute(query.group_by(table.c.broadcast_id))
        return {BroadcastId(row.broadcast_id): row.people for row in rows}

    async def answers(self, broadcast: BroadcastId) -> Sequence[Answered]:
        second = _second(table.c.answered_at, self._db.dialect.name).label("second")
        query = (
            select(second, table.c.safety, func.count().label("people"))
            .where(table.c.broadcast_id == broadcast, table.c.answered_at.is_not(None))
            .group_by(second, table.c.safety)
            .order_by(second, table.c.safety)
        )
        rows = await self._db.execute(query)
        return [Answered(at=row.second, safety=Safety(row.safety), count=row.people) for row in rows]

    async def course(self, broadcast: BroadcastId) -> Course:
        mine = table.c.broadcast_id == broadcast
        again = case((table.c.state != _S.WAITING.value, table.c.due_at))
        span = select(func.min(table.c.sent_at), func.max(table.c.asked_at), func.min(again, type_=Moment)).where(mine)
        first, last, following = (await self._db.execute(span)).one()
        by_round = select(table.c.round, func.count()).where(mine).group_by(table.c.round)
        rounds = {row[0]: row[1] for row in await self._db.execute(by_round)}
        return Course(first_sent_at=first, last_sent_at=last, next_at=following, rounds=rounds)

    async def people(self, broadcast: BroadcastId, *, safety: Safety | None, after: int, limit: int) -> Sequence[Due]:
        query = (
            select(table)
            .where(table.c.broadcast_id == broadcast, table.c.number > after, table.c.contact_id.is_not(None))
            .order_by(table.c.number)
            .limit(limit)
        )
        if safety is not None:
            is_closed = and_(table.c.closed_at.is_not(None), ~_SELF_ANSWERED)
            query = query.where(table.c.safety == safety.value, ~is_closed)
        return await self._with_contacts([_recipient(row) for row in await self._db.execute(query)])

    async def silent(self, broadcast: BroadcastId, *, site: SiteId | None, after: int, limit: int) -> Sequence[Due]:
        query = (
            select(table)
            .where(table.c.broadcast_id == broadcast, table.c.number > after, _IS_SILENT)
            .where(table.c.contact_id.is_not(None))
            .order_by(table.c.number)
            .limit(limit)
        )
        if site is not None:
            query = query.where(table.c.site_id == site)
        return await self._with_contacts([_recipient(row) for row in await self._db.execute(query)])

    # --- rows -------------------------------------------------------------------------------------------------------

    async def _with_contacts(self, recipients: Sequence[Recipient]) -> list[Due]:
        wanted = [recipient.contact for recipient in recipients if recipient.contact is not None]
        known = await self._contacts.many(wanted)
        return [
            Due(recipient=recipient, contact=known[recipient.contact])
            for recipient in recipients
            if recipient.contact in known
        ]

    async def _one(self, query: Select[Any]) -> Recipient | None:
        row = (await self._db.execute(query)).first()
        return _recipient(row) if row is not None else None

    async def _change(self, recipients: Sequence[int], **values: Any) -> None:
        if recipients:
            await self._db.execute(update(table).where(table.c.number.in_(recipients)).values(**values))


def _second(column: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """The time without its fraction of a second."""
    if dialect == "sqlite":
        return type_coerce(func.strftime("%Y-%m-%d %H:%M:%S", column), Moment)
    return func.date_trunc("second", column, type_=Moment)


def _settled(state: RecipientState) -> Any:
    """The state that a settling brings; one in which the person was reached never takes back a receipt."""
    return _raised(state) if state in _BELOW else state.value


def _raised(state: RecipientState) -> ColumnElement[Any]:
    return case((_is_below(state), state.value), else_=table.c.state)


def _is_below(state: RecipientState) -> ColumnElement[bool]:
    return table.c.state.in_([below.value for below in _BELOW[state]])


def _recipient(row: Any) -> Recipient:
    return Recipient(
        number=row.number,
        broadcast=BroadcastId(row.broadcast_id),
        contact=ContactId(row.contact_id) if row.contact_id else None,
        site=SiteId(row.site_id) if row.site_id else None,
        language=row.language,
        is_fallback=row.is_fallback,
        channel=Channel(row.channel) if row.channel else None,
        state=RecipientState(row.state),
        reason=Reason(row.reason) if row.reason else None,
        round=row.round,
        due_channel=Channel(row.due_channel) if row.due_channel else None,
        due_at=row.due_at,
        sent_at=row.sent_at,
        safety=Safety(row.safety) if row.safety else None,
        safety_source=Source(row.safety_source) if row.safety_source else None,
        answered_at=row.answered_at,
        closing=Closing(row.closing) if row.closing else None,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )
