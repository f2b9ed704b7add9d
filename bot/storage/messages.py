"""Owns inbound messages in SQL: each stored once, waiting in order, handled once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, select, text, update

from bot.domain.case import Compartment
from bot.domain.contact import Address, Channel, ContactId, Scheme
from bot.domain.message import Attachment, Doubt, Message, MessageId, MessageKind, Received
from bot.domain.values import Position
from bot.services.desk_ports import WHOLE, Part
from bot.storage import values
from bot.storage.parts import inside
from bot.storage.retention import delete_oldest
from bot.storage.schema import IS_DOUBTED_MESSAGE, cases, corrections, messages
from bot.storage.upsert import insert_new
from bot.storage.work import Work

_WAITING = (
    select(messages)
    .where(messages.c.contact_id == bindparam("contact"), messages.c.handled_at.is_(None))
    .order_by(messages.c.number)
)
_HANDLE = (
    update(messages)
    .where(messages.c.id == bindparam("message"), messages.c.handled_at.is_(None))
    .values(handled_at=bindparam("at"))
)
_HANDLE_OF = _HANDLE.where(messages.c.contact_id == bindparam("contact"))
# A contact's whole file lies where the most protected of their cases lies.
_IS_PROTECTED = exists().where(
    cases.c.contact_id == messages.c.contact_id, cases.c.compartment == Compartment.PROTECTION.value
)
_DOUBTED = select(messages).where(
    text(IS_DOUBTED_MESSAGE), ~exists().where(corrections.c.message_id == messages.c.id), ~_IS_PROTECTED
)


class SqlMessages:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._vault = work.vault

    async def add(self, message: Message) -> bool:
        received = message.received
        row = {
            "id": message.id,
            "contact_id": message.contact,
            "channel": received.channel.value,
            "provider_hash": self._vault.fingerprint("message", received.provider_id),
            "kind": received.kind.value,
            "sequence": received.sequence,
            "received_at": message.received_at,
            "handled_at": message.handled_at,
            "attempts": message.attempts,
            "sealed": self._seal(message),
        }
        return await insert_new(self._db, messages, row)

    async def waiting(self, contact: ContactId) -> Sequence[Message]:
        rows = await self._db.execute(_WAITING, {"contact": contact})
        return in_order([self._message(row) for row in rows])

    async def mark_handled(self, message: MessageId, at: datetime, *, of: ContactId | None = None) -> bool:
        handle = _HANDLE if of is None else _HANDLE_OF
        done = {"message": message, "at": at, **({} if of is None else {"contact": of})}
        return (await self._db.execute(handle, done)).rowcount == 1

    async def count_attempt(self, message: MessageId) -> int:
        counted = (
            update(messages)
            .where(messages.c.id == message)
            .values(attempts=messages.c.attempts + 1)
            .returning(messages.c.attempts)
        )
        return (await self._db.execute(counted)).scalar() or 0

    async def attach(self, message: Message) -> None:
        await self._db.execute(update(messages).where(messages.c.id == message.id).values(sealed=self._seal(message)))

    async def contacts_waiting(self, before: datetime, limit: int) -> Sequence[ContactId]:
        rows = await self._db.execute(
            select(messages.c.contact_id)
            .where(messages.c.handled_at.is_(None), messages.c.received_at < before)
            .group_by(messages.c.contact_id)
            .order_by(func.min(messages.c.received_at))
            .limit(limit)
        )
        return [ContactId(row.contact_id) for row in rows]

    async def history(self, contact: ContactId, limit: int, *, part: Part = WHOLE) -> Sequence[Message]:
        at, number = messages.c.received_at, messages.c.number
        mine = select(messages).where(messages.c.contact_id == contact, *inside(messages, part, at=at, number=number))
        rows = await self._db.execute(mine.order_by(at.desc(), number.desc()).limit(limit))
        return [self._message(row) for row in reversed(rows.all())]

    async def get(self, message: MessageId) -> Message | None:
        row = (await self._db.execute(select(messages).where(messages.c.id == message))).first()
        return self._message(row) if row is not None else None

    async def note_doubt(self, message: MessageId, doubt: Doubt) -> None:
        await self._db.execute(
            update(messages)
            .where(messages.c.id == message)
            .values(
                doubt_intent=doubt.intent,
                doubt_confidence=doubt.confidence,
                doubt_flow=doubt.flow,
                doubt_language=doubt.language,
            )
        )

    async def doubted(self, *, before: datetime | None, limit: int) -> Sequence[Message]:
        query = _DOUBTED if before is None else _DOUBTED.where(messages.c.received_at < before)
        rows = await self._db.execute(query.order_by(messages.c.received_at.desc(), messages.c.id).limit(limit))
        return [self._message(row) for row in rows]

    async def delete_before(self, at: datetime, limit: int) -> int:
        due = messages.c.handled_at.is_not(None) & (messages.c.received_at < at)
        return await delete_oldest(self._db, messages, due, by=messages.c.received_at, limit=limit)

    # --- rows -------------------------------------------------------------------------------------------------------

    def _seal(self, message: Message) -> bytes:
        received = message.received
        private = {
            "scheme": received.address.scheme.value,
            "path": received.address.path,
            "provider_id": received.provider_id,
            "text": received.text,
            "choice": received.choice,
            "attachments": [_written(attachment) for attachment in received.attachments],
            "position": values.written(received.position),
            "phone": received.phone,
            "name": received.name,
            "language_hint": received.language_hint,
        }
        return self._vault.seal("messages", message.id, values.to_bytes(private))

    def _message(self, row: Any) -> Message:
        private = values.from_bytes(self._vault.unseal("messages", row.id, row.sealed))
        position = values.read(private["position"])
        assert position is None or isinstance(position, Position)
        received = Received(
            channel=Channel(row.channel),
            address=Address(scheme=Scheme(private["scheme"]), path=private["path"]),
            provider_id=private["provider_id"],
            kind=MessageKind(row.kind),
            text=private["text"],
            choice=private["choice"],
            attachments=tuple(Attachment(**attachment) for attachment in private["attachments"]),
            position=position,
            phone=private["phone"],
            name=private["name"],
            language_hint=private["language_hint"],
            sequence=row.sequence,
        )
        return Message(
            id=MessageId(row.id),
            contact=ContactId(row.contact_id),
            received=received,
            received_at=row.received_at,
            handled_at=row.handled_at,
            attempts=row.attempts,
            doubt=_doubt(row),
        )


def _doubt(row: Any) -> Doubt | None:
    if row.doubt_flow is None:
        return None
    return Doubt(
        intent=row.doubt_intent, confidence=row.doubt_confidence, flow=row.doubt_flow, language=row.doubt_language
    )


def in_order(arrived: Sequence[Message]) -> list[Message]:
    """Messages in the order of their making.

    A provider's sequence says nothing about another channel's: each channel's numbered messages change places among
    themselves, everything else stays where it arrived.
    """
    numbered: dict[Channel, list[Message]] = defaultdict(list)
    for message in arrived:
        if message.received.sequence:
            numbered[message.received.channel].append(message)
    turns = {
        channel: iter(sorted(found, key=lambda message: message.received.sequence))
        for channel, found in numbered.items()
    }
    return [next(turns[message.received.channel]) if message.received.sequence else message for message in arrived]


def _written(attachment: Attachment) -> dict[str, Any]:
    return {name: getattr(attachment, name) for name in ("kind", "source", "media_type", "size", "document_id")}
