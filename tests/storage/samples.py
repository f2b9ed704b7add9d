"""Owns the people, messages and deliveries that the storage tests are played with."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from bot.domain.case import Case, CaseId, Compartment, Topic, Urgency
from bot.domain.contact import Address, Channel, Contact, ContactId, Scheme
from bot.domain.delivery import Content, Delivery, DeliveryId, DeliveryStatus, Option, Template
from bot.domain.document import Document, DocumentId
from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.domain.message import Attachment, Message, MessageId, Received
from bot.domain.place import Opening, Place, PlaceId, PlaceKind
from bot.domain.session import Session, SessionId, SessionStatus
from bot.domain.staff import Role, Staff, StaffId
from bot.domain.values import Evidence, Money, Period, Position
from bot.services.ports import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PHONE = Address(scheme=Scheme.TEL, path="+5551555001001")
CHAT = Address(scheme=Scheme.TELEGRAM, path="7001001001")
HERE = Position(latitude=-30.0346, longitude=-51.2177)
ANA = ContactId("ana")
MINUTE = timedelta(minutes=1)


async def meet(store: Store, address: Address = PHONE, contact: ContactId = ANA) -> Contact:
    async with store.transaction() as unit:
        return await unit.contacts.meet(address, contact)


def message(id_: str = "m1", contact: ContactId = ANA, *, at: datetime = NOON, **received: Any) -> Message:
    fields: dict[str, Any] = {"channel": Channel.SMS, "address": PHONE, "provider_id": f"SM-{id_}", "text": "help"}
    return Message(id=MessageId(id_), contact=contact, received=Received(**(fields | received)), received_at=at)


def full_message() -> Message:
    """A message with something in every field."""
    photo = Attachment(kind="photo", source="https://api.example/media/7", media_type="image/jpeg", size=1024)
    stored = Attachment(kind="voice", source="file-id", document_id=DocumentId("doc1"))
    return message(
        "full",
        text="मलाई मद्दत चाहियो \U0001f198 \ud83d",  # ends in half a surrogate pair, as cut texts do
        choice="menu:what:wages",
        attachments=(photo, stored),
        position=HERE,
        phone="+5551555009009",
        name="Sita Gurung",
        language_hint="ne-NP",
        sequence=12,
    )


def session(id_: str = "s1", contact: ContactId = ANA, **fields: Any) -> Session:
    known: dict[str, Any] = {
        "flow": "unpaid_wages",
        "version": 3,
        "step": "months",
        "status": SessionStatus.WAITING,
        "started_at": NOON,
    }
    return Session(id=SessionId(id_), contact=contact, **(known | fields))


ANSWERS = {
    "employer": "Fazenda Boa Terra",
    "months": 4,
    "is_safe": True,
    "share": Decimal("0.30"),
    "since": date(2025, 11, 1),
    "owed": Money(value=Decimal("1200.50"), currency="BRL"),
    "span": Period(count=2, unit="week"),
    "where": HERE,
    "proof": Evidence(document_id="doc1", kind="photo"),
    "unknown": None,
}


def delivery(id_: str = "d1", contact: ContactId = ANA, **fields: Any) -> Delivery:
    known: dict[str, Any] = {
        "channel": Channel.SMS,
        "address": PHONE,
        "content": Content(text="Go to the gym.", language="en"),
        "origin": "message:m1",
        "created_at": NOON,
        "due_at": NOON,
    }
    return Delivery(id=DeliveryId(id_), contact=contact, **(known | fields))


def full_delivery() -> Delivery:
    content = Content(
        text="إلى أين؟",
        language="ar",
        options=(Option(label="نعم", payload="menu:what:yes"), Option(label="لا", payload="menu:what:no")),
        asks_position=True,
        attachment=DocumentId("doc1"),
        template=Template(id="HX1", variables=("a", "b")),
    )
    return delivery("full", content=content, expires_at=NOON + MINUTE)


async def send(store: Store, delivery_: Delivery, provider_id: str) -> Delivery:
    """Add, claim and mark as sent."""
    async with store.transaction() as unit:
        await unit.deliveries.add([delivery_])
        (claimed,) = await unit.deliveries.claim(delivery_.contact, NOON, NOON + MINUTE)
        sent = replace(claimed, status=DeliveryStatus.SENT, provider_id=provider_id, sent_at=NOON)
        await unit.deliveries.save(sent)
    return sent


def staff(id_: str = "ana") -> Staff:
    return Staff(
        id=StaffId(id_),
        employer=None,
        login=id_,
        name="Ana",
        role=Role.ADMINISTRATOR,
        password_hash="-",
        totp_secret="JBSWY3DPEHPK3PXP",
        created_at=NOON,
    )


def case(id_: str = "k1", contact: ContactId = ANA, **fields: Any) -> Case:
    known: dict[str, Any] = {
        "number": f"M-{id_.upper()}",
        "topic": Topic.WAGES,
        "urgency": Urgency.HIGH,
        "compartment": Compartment.GENERAL,
        "narrative": "He keeps my passport in his safe.",
        "facts": ANSWERS,
        "opened_at": NOON,
        "due_at": NOON + MINUTE,
    }
    return Case(id=CaseId(id_), contact=contact, **(known | fields))


def place(id_: str = "p1", **fields: Any) -> Place:
    known: dict[str, Any] = {
        "kind": PlaceKind.SHELTER,
        "name": "Municipal gym",
        "source": "Civil Defence",
        "checked_on": date(2026, 2, 1),
        "expires_on": date(2026, 3, 1),
    }
    return Place(id=PlaceId(id_), **(known | fields))


def full_place() -> Place:
    return place(
        "full",
        phones=("+5551555002002", "190"),
        street="Rua das Flores 1",
        position=HERE,
        nationality="NP",
        who_for="families",
        languages=("pt", "es"),
        hours=(Opening(weekday=0, opens=time(22), closes=time(6, 30)),),
        is_always_open=True,
        timezone="America/Sao_Paulo",
        is_id_needed=False,
        fee="R$ 5",
        blocked_at=NOON,
    )


FARM = Employer(id=EmployerId("e1"), name="Boa Terra")


def site(id_: str = "st1", **fields: Any) -> Site:
    known: dict[str, Any] = {"employer": FARM.id, "name": "Orchard", "code": "Pomar-7", "position": HERE}
    return Site(id=SiteId(id_), **(known | fields))


def document(id_: str = "doc1", contact: ContactId = ANA, **fields: Any) -> Document:
    known: dict[str, Any] = {
        "kind": "photo",
        "media_type": "image/jpeg",
        "size": 3,
        "stored_at": NOON,
        "expires_at": NOON + timedelta(days=1),
    }
    return Document(id=DocumentId(id_), contact=contact, **(known | fields))
