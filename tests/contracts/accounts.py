"""Owns what tests of broadcasts' accounts are made of: people, alerts to them, and a sender's few steps."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.broadcast import Audience, Broadcast, BroadcastKind, BroadcastStatus, Info
from bot.domain.checkin import Recipient
from bot.domain.contact import Address, Channel, Contact, ContactId, Permission, Reach, Scheme
from bot.domain.delivery import BroadcastId, Delivery, DeliveryStatus, Lane, Outreach
from bot.domain.employer import EmployerId, SiteId
from bot.domain.staff import StaffId
from bot.services.broadcast_ports import Due, Plan
from bot.storage.store import SqlStore
from tests.storage import samples
from tests.storage.samples import FARM, MINUTE, NOON

UNTIL = NOON + MINUTE
MILL = EmployerId("mill")
ALERT = BroadcastId("alert")
INFOS = {"en": Info(headline="Flood", instruction="Go up."), "es": Info(headline="Crecida", instruction="Suba.")}


def broadcast(id_: str = ALERT, **fields: object) -> Broadcast:
    known: dict[str, object] = {
        "employer": FARM.id,
        "kind": BroadcastKind.ALERT,
        "status": BroadcastStatus.LIVE,
        "infos": INFOS,
        "asks_check_in": True,
        "author": StaffId("ana"),
        "created_at": NOON,
    }
    return Broadcast(id=BroadcastId(id_), **(known | fields))  # type: ignore[arg-type]


def plan(**fields: object) -> Plan:
    known: dict[str, object] = {
        "employer": FARM.id,
        "audience": Audience(),
        "channels": (Channel.TELEGRAM, Channel.WHATSAPP, Channel.SMS),
        "languages": ("en", "es"),
        "fallback": "en",
        "now": NOON,
    }
    return Plan(**(known | fields))  # type: ignore[arg-type]


def phone(number: int) -> Address:
    return Address(scheme=Scheme.TEL, path=f"+155555{number:05d}")


def whatsapp(number: int) -> Address:
    return Address(scheme=Scheme.WHATSAPP, path=f"+155566{number:05d}")


def chat(number: int) -> Address:
    return Address(scheme=Scheme.TELEGRAM, path=str(7000000 + number))


def person(number: int, *reaches: Reach, **fields: object) -> Contact:
    """Somebody of the farm's with a phone, unless other reaches are given."""
    known: dict[str, object] = {"employer": FARM.id, "site": SiteId("st1"), "language": "en"}
    return Contact(
        id=ContactId(f"p{number:03d}"),
        reaches=reaches or (Reach(address=phone(number), permission=Permission.NONE),),
        **(known | fields),  # type: ignore[arg-type]
    )


async def add(store: SqlStore, *people: Contact) -> None:
    async with store.transaction() as unit:
        await unit.roster.add(people)


async def begin(store: SqlStore, made: Broadcast | None = None, how: Plan | None = None) -> int:
    """Store a live broadcast and enter its audience; returns how many are entered."""
    made = made or broadcast()
    async with store.transaction() as unit:
        await unit.broadcasts.add(made)
        return await unit.recipients.expand(made, how or plan())


async def of(store: SqlStore, number: int, alert: str = ALERT) -> Recipient:
    async with store.look() as unit:
        found = await unit.recipients.of(BroadcastId(alert), ContactId(f"p{number:03d}"))
    assert found
    return found


async def due(
    store: SqlStore, channel: Channel = Channel.SMS, now: datetime = NOON, limit: int = 100, lane: Lane = Lane.EMERGENCY
) -> Sequence[Due]:
    async with store.transaction() as unit:
        return await unit.recipients.due(channel, lane, now, limit)


def outgoing(one: Due, **fields: object) -> Delivery:
    """The delivery that a sender stores for somebody who is due."""
    recipient = one.recipient
    known: dict[str, object] = {
        "address": one.contact.reaches[0].address,
        "channel": one.contact.reaches[0].address.channel,
        "lane": Lane.EMERGENCY,
        "status": DeliveryStatus.SENDING,
        "claimed_until": UNTIL,
        "outreach": Outreach(broadcast=recipient.broadcast, recipient=recipient.number, round=recipient.round),
    }
    return samples.delivery(f"d-{recipient.number}-{recipient.round}", one.contact.id, **(known | fields))


async def take(store: SqlStore, limit: int = 100, channel: Channel = Channel.SMS, **fields: object) -> list[Delivery]:
    """Claim as a sender does: due, stored as being sent, a round more."""
    async with store.transaction() as unit:
        those = await unit.recipients.due(channel, Lane.EMERGENCY, NOON, limit)
        deliveries = [outgoing(one, **fields) for one in those]
        await unit.deliveries.add(deliveries)
        await unit.recipients.begin_round([one.recipient.number for one in those])
    return deliveries


def sent(delivery: Delivery, provider_id: str | None = None) -> Delivery:
    id_ = provider_id or f"SM-{delivery.id}"
    return replace(delivery, status=DeliveryStatus.SENT, provider_id=id_, sent_at=NOON, attempts=1)


async def save_sent(store: SqlStore, *deliveries: Delivery) -> Sequence[Delivery]:
    async with store.transaction() as unit:
        return await unit.deliveries.save_sent(deliveries)


async def stored(store: SqlStore, delivery: Delivery) -> Delivery:
    async with store.look() as unit:
        found = await unit.deliveries.get(delivery.id)
    assert found
    return found
