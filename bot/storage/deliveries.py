"""Owns deliveries in SQL: in order for each contact, taken by one sender at a time, moved forward only."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Update,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)

from bot.domain.contact import Address, Channel, ContactId
from bot.domain.delivery import BroadcastId, Delivery, DeliveryId, DeliveryStatus, Lane
from bot.domain.errors import Conflict, Reason
from bot.domain.message import Receipt
from bot.services.desk_ports import WHOLE, Part
from bot.storage.delivery_rows import LANES, DeliveryRows
from bot.storage.parts import inside
from bot.storage.retention import delete_oldest
from bot.storage.schema import IS_DOUBTED, IS_TEMPLATE, Moment, contacts, early_receipts
from bot.storage.schema import deliveries as table
from bot.storage.upsert import insert_new
from bot.storage.work import Work

EARLY_RECEIPT_LIFE = timedelta(days=1)
_SENDING = DeliveryStatus.SENDING.value
_NEVER_READ = [status.value for status in (DeliveryStatus.FAILED, DeliveryStatus.EXPIRED, DeliveryStatus.CANCELLED)]
# The order in which early receipts are believed, whatever order they came in.
_PROGRESS = (DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.DELIVERED, DeliveryStatus.READ)
_PENDING = (
    select(table)
    .where(table.c.contact_id == bindparam("contact"), table.c.ready_at.is_not(None), table.c.broadcast_id.is_(None))
    .order_by(table.c.lane, table.c.position)
)
_CLAIM = (
    update(table)
    .where(table.c.id.in_(bindparam("taken", expanding=True)))
    .values(status=_SENDING, ready_at=bindparam("until"))
)
_RESERVE = (
    update(contacts)
    .where(contacts.c.id.in_(bindparam("contacts", expanding=True)))
    .values(last_position=contacts.c.last_position + bindparam("count"))
    .returning(contacts.c.id, contacts.c.last_position)
)
# In one order, so that two chunks with the same contacts wait for each other instead of locking each other out.
_HOLD_ALL = (
    select(contacts.c.id)
    .where(contacts.c.id.in_(bindparam("contacts", expanding=True)))
    .order_by(contacts.c.id)
    .with_for_update(key_share=True)
)
_TAKE_EARLY = delete(early_receipts).where(early_receipts.c.provider_hash == bindparam("key")).returning(early_receipts)


def _move(status: DeliveryStatus) -> Update:
    """Stores what becomes of a delivery, if it may: by its status, and by the claim that this outcome rests on.

    What an older claim reports as SENT is believed: it was sent.
    """
    froms = [earlier.value for earlier in DeliveryStatus if earlier.may_become(status)]
    may_move: ColumnElement[bool] = table.c.status.in_(froms)
    if status is not DeliveryStatus.SENT:
        may_move &= or_(table.c.status != _SENDING, table.c.ready_at == bindparam("claim"))
    return update(table).where(table.c.id == bindparam("delivery"), may_move)


_MOVES = {status: _move(status) for status in DeliveryStatus}
# What was sent was sent, whatever somebody who took an outrun claim over has made of it in the meantime.
_NOT_SENT = [status.value for status in DeliveryStatus if status.is_pending or status.value in _NEVER_READ]
_KEEP_SENT = (
    update(table)
    .where(
        table.c.id == bindparam("delivery"),
        or_(*(table.c.status == status for status in _NOT_SENT)),
        table.c.provider_hash.is_(None),
    )
    .values(
        status=DeliveryStatus.SENT.value,
        ready_at=None,
        attempts=bindparam("attempts"),
        sent_at=bindparam("at", type_=Moment),
        provider_hash=bindparam("key"),
        sealed=bindparam("private"),
        failure=None,
    )
)
_TAKE_ALL_EARLY = (
    delete(early_receipts)
    .where(early_receipts.c.provider_hash.in_(bindparam("keys", expanding=True)))
    .returning(early_receipts)
)


class SqlDeliveries:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._db = work.connection
        self._vault = work.vault
        self._rows = DeliveryRows(work.vault)

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        if not deliveries:
            return
        ahead = await self._reserve(Counter(delivery.contact for delivery in deliveries))
        rows = []
        for delivery in deliveries:
            ahead[delivery.contact] += 1
            rows.append(
                {
                    "id": delivery.id,
                    "contact_id": delivery.contact,
                    "position": ahead[delivery.contact],
                    "created_at": delivery.created_at,
                    **self._rows.written(delivery),
                }
            )
        await self._db.execute(insert(table), rows)

    async def claim(self, contact: ContactId, now: datetime, until: datetime) -> Sequence[Delivery]:
        """Queued deliveries that are due, moved to SENDING: emergency before reply before bulk, in order within each.

        Stops before the first that is not due yet or that another sender holds: what goes first is never overtaken.
        The contact's row is locked for it, where skipping locked deliveries would break their order.
        """
        await self._work.hold(contact)
        pending = await self._db.execute(_PENDING, {"contact": contact})
        taken: list[Delivery] = []
        for row in pending:
            if row.ready_at > now:
                break
            taken.append(replace(self._rows.read(row), status=DeliveryStatus.SENDING, claimed_until=until))
        if taken:
            await self._db.execute(_CLAIM, {"taken": [delivery.id for delivery in taken], "until": until})
        return taken

    async def save(self, delivery: Delivery) -> None:
        """Keep an outcome; raises Conflict for a move that is not allowed or that a stale claim asks for."""
        if delivery.provider_id is not None:
            await self._work.one_at_a_time(self._rows.provider_hash(delivery.channel, delivery.provider_id))
        row = {"delivery": delivery.id, **self._rows.written(delivery)}
        if delivery.status is not DeliveryStatus.SENT:
            row["claim"] = delivery.claimed_until
        if (await self._db.execute(_MOVES[delivery.status], row)).rowcount == 0:
            raise Conflict(
                f"delivery {delivery.id} cannot become {delivery.status.value} any more, or not by this claim"
            )
        if delivery.status is DeliveryStatus.SENT:
            await self._apply_early_receipts(delivery)

    async def receive(self, receipt: Receipt) -> Delivery | None:
        key = self._rows.provider_hash(receipt.channel, receipt.provider_id)
        await self._work.one_at_a_time(key)
        stored = await self._locked(table.c.provider_hash == key)
        if stored is None:
            await self._keep_early(key, receipt)
            return None
        moved = _moved(stored, DeliveryStatus(receipt.status), receipt.reason)
        if moved is not None:
            await self._keep_receipt(moved)
        return moved

    async def contacts_due(self, now: datetime, limit: int) -> Sequence[tuple[ContactId, Lane]]:
        ahead = table.alias()
        held_up = exists().where(
            ahead.c.contact_id == table.c.contact_id,
            ahead.c.ready_at > now,
            ahead.c.broadcast_id.is_(None),
            tuple_(ahead.c.lane, ahead.c.position) < tuple_(table.c.lane, table.c.position),
        )
        lane = func.min(table.c.lane)
        rows = await self._db.execute(
            select(table.c.contact_id, lane.label("lane"))
            .where(table.c.ready_at <= now, table.c.broadcast_id.is_(None), ~held_up)
            .group_by(table.c.contact_id)
            .order_by(lane, func.min(table.c.ready_at))
            .limit(limit)
        )
        return [(ContactId(row.contact_id), LANES[row.lane]) for row in rows]

    async def after(self, contact: ContactId, address: Address, position: int, limit: int) -> Sequence[Delivery]:
        """Deliveries to one address after a position, in order, but for those that will never be read there."""
        rows = await self._db.execute(
            select(table)
            .where(
                table.c.address_hash == self._vault.hash_address(address),
                table.c.contact_id == contact,
                table.c.position > position,
                table.c.status.not_in(_NEVER_READ),
            )
            .order_by(table.c.position)
            .limit(limit)
        )
        return [self._rows.read(row) for row in rows]

    async def history(self, contact: ContactId, limit: int, *, part: Part = WHOLE) -> Sequence[Delivery]:
        at, number = table.c.created_at, table.c.position
        mine = select(table).where(table.c.contact_id == contact, *inside(table, part, at=at, number=number))
        rows = await self._db.execute(mine.order_by(at.desc(), number.desc()).limit(limit))
        return [self._rows.read(row) for row in reversed(rows.all())]

    async def cancel_queued(self, contact: ContactId, origin_prefix: str = "") -> int:
        cancelled = await self._db.execute(
            update(table)
            .where(
                table.c.contact_id == contact,
                table.c.status == DeliveryStatus.QUEUED.value,
                func.substr(table.c.origin, 1, len(origin_prefix)) == origin_prefix,
            )
            .values(status=DeliveryStatus.CANCELLED.value, ready_at=None)
        )
        return cancelled.rowcount

    async def get(self, delivery: DeliveryId) -> Delivery | None:
        row = (await self._db.execute(select(table).where(table.c.id == delivery))).first()
        return self._rows.read(row) if row is not None else None

    async def delete_before(self, at: datetime, limit: int) -> int:
        due = table.c.ready_at.is_(None) & (table.c.created_at < at)
        return await delete_oldest(self._db, table, due, by=table.c.created_at, limit=limit)

    # --- broadcasts -------------------------------------------------------------------------------------------------

    async def claim_outreach(
        self, channel: Channel, lane: Lane, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        pending = (
            select(table)
            .where(table.c.channel == channel.value, table.c.lane == LANES.index(lane))
            .where(table.c.broadcast_id.is_not(None), table.c.ready_at <= now)
            .order_by(table.c.ready_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = (await self._db.execute(pending)).all()
        if not rows:
            return []
        doubted = case((table.c.status == _SENDING, table.c.doubts + 1), else_=table.c.doubts)
        claim = update(table).where(table.c.id.in_([row.id for row in rows]))
        await self._db.execute(claim.values(status=_SENDING, ready_at=until, doubts=doubted))
        return [_claimed(self._rows.read(row), until) for row in rows]

    async def save_sent(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        if not deliveries:
            return []
        keys = {
            self._rows.provider_hash(delivery.channel, delivery.provider_id): delivery
            for delivery in deliveries
            if delivery.provider_id is not None
        }
        await self._work.each_at_a_time(sorted(keys))
        await self._db.execute(_KEEP_SENT, [self._rows.sent(key, delivery) for key, delivery in keys.items()])
        early = await self._db.execute(_TAKE_ALL_EARLY, {"keys": list(keys)})
        overtaken: dict[str, dict[DeliveryStatus, str | None]] = {}
        for row in early:
            overtaken.setdefault(row.provider_hash, {})[DeliveryStatus(row.status)] = row.reason
        return [await self._after_receipts(delivery, overtaken.get(key, {})) for key, delivery in keys.items()]

    async def of_recipient(self, recipient: int) -> Sequence[Delivery]:
        mine = select(table).where(table.c.recipient == recipient).order_by(table.c.round, table.c.position)
        return [self._rows.read(row) for row in await self._db.execute(mine)]

    async def cancel_outreach(self, broadcast: BroadcastId) -> int:
        cancelled = await self._db.execute(
            update(table)
            .where(table.c.broadcast_id == broadcast, table.c.ready_at.is_not(None))
            .where(table.c.status == DeliveryStatus.QUEUED.value)
            .values(status=DeliveryStatus.CANCELLED.value, ready_at=None)
        )
        return cancelled.rowcount

    async def templates_since(self, channel: Channel, at: datetime) -> int:
        await self._work.one_at_a_time(f"templates:{channel.value}")  # two senders must not spend the same room
        is_counted = or_(table.c.sent_at >= at, table.c.ready_at.is_not(None))  # sent, or about to be
        people = select(func.count(table.c.contact_id.distinct())).where(
            table.c.channel == channel.value, text(IS_TEMPLATE), is_counted
        )
        return int(await self._db.scalar(people) or 0)

    async def doubts(self, broadcast: BroadcastId) -> int:
        mine = table.c.broadcast_id == broadcast, text(IS_DOUBTED)
        return int(await self._db.scalar(select(func.sum(table.c.doubts)).where(*mine)) or 0)

    # --- order ------------------------------------------------------------------------------------------------------

    async def _reserve(self, counts: Counter[ContactId]) -> dict[ContactId, int]:
        """Reserve positions; the contact's row stays locked, so that positions are committed in their order."""
        last: dict[ContactId, int] = {}
        if len(counts) > 1:
            await self._db.execute(_HOLD_ALL, {"contacts": list(counts)})
        for count in set(counts.values()):
            alike = [contact for contact in counts if counts[contact] == count]
            for row in await self._db.execute(_RESERVE, {"contacts": alike, "count": count}):
                last[ContactId(row.id)] = row.last_position - count
        if len(last) < len(counts):
            raise Conflict("a contact is not stored, or was erased")
        return last

    # --- receipts ---------------------------------------------------------------------------------------------------

    async def _keep_early(self, key: str, receipt: Receipt) -> None:
        now = self._work.clock.now()
        await self._db.execute(delete(early_receipts).where(early_receipts.c.received_at < now - EARLY_RECEIPT_LIFE))
        row = {"provider_hash": key, "status": receipt.status, "reason": receipt.reason, "received_at": now}
        await insert_new(self._db, early_receipts, row)

    async def _apply_early_receipts(self, sent: Delivery) -> None:
        """Move a delivery that has just been sent by the receipts that overtook it."""
        if sent.provider_id is None:
            return
        key = self._rows.provider_hash(sent.channel, sent.provider_id)
        early = (await self._db.execute(_TAKE_EARLY, {"key": key})).all()
        await self._after_receipts(sent, {DeliveryStatus(row.status): row.reason for row in early})

    async def _after_receipts(self, sent: Delivery, reasons: Mapping[DeliveryStatus, str | None]) -> Delivery:
        moved = sent
        for status in _PROGRESS:
            if status in reasons:
                moved = _moved(moved, status, reasons[status]) or moved
        if moved is not sent:
            await self._keep_receipt(moved)
        return moved

    # --- rows -------------------------------------------------------------------------------------------------------

    async def _locked(self, condition: Any) -> Delivery | None:
        newest = select(table).where(condition).order_by(table.c.created_at.desc()).limit(1)
        row = (await self._db.execute(newest.with_for_update(key_share=True))).first()
        return self._rows.read(row) if row is not None else None

    async def _keep_receipt(self, moved: Delivery) -> None:
        """Keep what receipts change, if they are of the send that is on record: of two, it is the first."""
        assert moved.provider_id is not None
        key = self._rows.provider_hash(moved.channel, moved.provider_id)
        mine = update(table).where(table.c.id == moved.id, table.c.provider_hash == key)
        await self._db.execute(
            mine.values(status=moved.status.value, failure=moved.failure.value if moved.failure else None)
        )


def _claimed(delivery: Delivery, until: datetime) -> Delivery:
    """The delivery in its new sender's hand; who had it before may have sent it and died."""
    outreach = delivery.outreach
    if outreach is not None and delivery.status is DeliveryStatus.SENDING:
        outreach = replace(outreach, doubts=outreach.doubts + 1)
    return replace(delivery, status=DeliveryStatus.SENDING, claimed_until=until, outreach=outreach)


def _moved(delivery: Delivery, status: DeliveryStatus, reason: str | None) -> Delivery | None:
    """The delivery after a receipt; None when it knows no such move."""
    if not delivery.status.may_become(status):
        return None
    return replace(delivery, status=status, failure=_reason(reason) if status is DeliveryStatus.FAILED else None)


def _reason(reason: str | None) -> Reason:
    return Reason(reason) if reason in list(Reason) else Reason.UNKNOWN
