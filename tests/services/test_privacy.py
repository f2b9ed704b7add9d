"""A contact rules over their own data: told, let go, and never another's."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.config import ROOT, Retention
from bot.domain.case import Case, CaseStatus, Topic, Urgency
from bot.domain.consent import Consent, ConsentId
from bot.domain.contact import Address, Channel, Contact, ContactId, Listing, Permission, Scheme
from bot.domain.delivery import Content, Delivery, DeliveryId, DeliveryStatus
from bot.domain.document import Document, DocumentId
from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.domain.errors import Conflict
from bot.domain.message import Attachment, Message, MessageId, Received
from bot.domain.session import Session, SessionId, SessionStatus
from bot.domain.staff import StaffId
from bot.domain.values import Position
from bot.engine.loader import load_flows
from bot.i18n import Catalogs
from bot.services.cases import CaseDesk
from bot.services.privacy import Privacy
from bot.services.voice import Voice
from bot.storage.store import SqlStore, SqlUnit
from tests.stand import NOW, PHONE, CountingIds, StillClock, met

CHAT = Address(scheme=Scheme.TELEGRAM, path="777000")
KEPT = Retention(messages=180, documents=1, cases=730)


@pytest.fixture
def privacy(store: SqlStore, clock: StillClock) -> Privacy:
    return Privacy(store=store, clock=clock, retention=KEPT)


async def wrote(unit: SqlUnit, contact: Contact, number: int, *attachments: Attachment, handled: bool = True) -> None:
    received = Received(
        channel=Channel.SMS, address=PHONE, provider_id=f"{contact.id}-{number}", text="hello", attachments=attachments
    )
    message = Message(
        id=MessageId(f"{contact.id}-m{number}"), contact=contact.id, received=received, received_at=NOW
    )  # fmt: skip
    await unit.messages.add(message)
    if handled:
        await unit.messages.mark_handled(message.id, NOW)


def a_delivery(contact: ContactId) -> Delivery:
    return Delivery(
        id=DeliveryId("d1"),
        contact=contact,
        channel=Channel.SMS,
        address=PHONE,
        content=Content(text="Goodbye", language="en"),
        origin="message:m1",
        created_at=NOW,
        due_at=NOW,
    )


# --- to be forgotten ------------------------------------------------------------------------------------------------


async def asked(store: SqlStore, privacy: Privacy) -> ContactId:
    async with store.transaction() as unit:
        contact = await met(unit, PHONE)
        await wrote(unit, contact, 1)
        await privacy.ask_to_forget(unit, contact, NOW)
    return contact.id


async def is_known(store: SqlStore) -> bool:
    async with store.transaction() as unit:
        return await unit.contacts.find(PHONE) is not None


async def test_who_asks_to_be_erased_is_erased_everywhere(store: SqlStore, privacy: Privacy) -> None:
    """R18."""
    contact = await asked(store, privacy)
    assert await privacy.forget_due() == 1
    async with store.transaction() as unit:
        assert await unit.contacts.get(contact) is None
        assert not await unit.messages.history(contact, 10)
    assert await privacy.forget_due() == 0


async def test_the_farewell_is_sent_first(store: SqlStore, privacy: Privacy) -> None:
    contact = await asked(store, privacy)
    async with store.transaction() as unit:
        await unit.deliveries.add([a_delivery(contact)])
    assert await privacy.forget_due() == 0
    async with store.transaction() as unit:
        (claimed,) = await unit.deliveries.claim(contact, NOW, NOW + timedelta(seconds=30))
        await unit.deliveries.save(replace(claimed, status=DeliveryStatus.SENT, provider_id="SM1", sent_at=NOW))
    assert await privacy.forget_due() == 1
    assert not await is_known(store)


async def test_who_writes_again_is_answered_before_they_are_erased(store: SqlStore, privacy: Privacy) -> None:
    """R22: their words do not vanish unread."""
    contact = await asked(store, privacy)
    async with store.transaction() as unit:
        known = await unit.contacts.get(contact)
        assert known is not None
        await wrote(unit, known, 2, handled=False)
    assert await privacy.forget_due() == 0
    assert await is_known(store)


async def test_a_message_that_comes_between_the_look_and_the_erasure_is_not_lost(
    store: SqlStore, privacy: Privacy
) -> None:
    contact = await asked(store, privacy)
    async with store.transaction() as unit:
        known = await unit.contacts.get(contact)
        assert known is not None
        await wrote(unit, known, 2, handled=False)
    assert not await privacy._forget(contact, NOW)
    assert await is_known(store)


@pytest.mark.parametrize(
    ("topic", "urgency", "is_held"),
    [
        (Topic.DANGER, Urgency.CRITICAL, True),
        (Topic.ABUSE, Urgency.HIGH, True),
        (Topic.PERSON, Urgency.NORMAL, False),
        (Topic.FAULT, Urgency.HIGH, False),
    ],
)
async def test_who_calls_for_urgent_help_afterwards_is_erased_once_that_case_is_closed(
    topic: Topic,
    urgency: Urgency,
    is_held: bool,
    store: SqlStore,
    privacy: Privacy,
    clock: StillClock,
    ids: CountingIds,
) -> None:
    """R22: a person in danger does not vanish from the operators' screen."""
    desk = CaseDesk(ids=ids)
    async with store.transaction() as unit:
        contact = await met(unit, PHONE)
        before = await desk.open(unit, contact=contact, topic=topic, urgency=urgency, facts={}, now=NOW)
        await privacy.ask_to_forget(unit, contact, NOW)
    clock.pass_(timedelta(seconds=1))
    async with store.transaction() as unit:
        known = await unit.contacts.get(contact.id)
        assert known is not None
        case = await desk.open(unit, contact=known, topic=topic, urgency=urgency, facts={}, now=clock.now())
        assert case.number != before.number
    assert await privacy.forget_due() == (0 if is_held else 1)
    if is_held:
        async with store.transaction() as unit:
            await unit.cases.save(replace(case, status=CaseStatus.CLOSED))
        assert await privacy.forget_due() == 1


async def test_a_word_of_thanks_after_the_farewell_holds_nothing_up(
    store: SqlStore, privacy: Privacy, clock: StillClock, ids: CountingIds
) -> None:
    async with store.transaction() as unit:
        contact = await met(unit, PHONE)
        await CaseDesk(ids=ids).open(
            unit, contact=contact, topic=Topic.DANGER, urgency=Urgency.CRITICAL, facts={}, now=NOW
        )  # fmt: skip
        await privacy.ask_to_forget(unit, contact, NOW)
        clock.pass_(timedelta(seconds=5))
        await unit.contacts.heard(PHONE, clock.now())
    assert await privacy.forget_due() == 1


async def test_who_did_not_ask_is_not_erased(store: SqlStore, privacy: Privacy) -> None:
    async with store.transaction() as unit:
        await met(unit, PHONE)
    assert await privacy.forget_due() == 0
    assert not await privacy._forget(ContactId("c1"), NOW)
    assert not await privacy._forget(ContactId("nobody"), NOW)


async def test_one_contact_that_cannot_be_erased_now_does_not_keep_the_others(
    store: SqlStore, privacy: Privacy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store.transaction() as unit:
        for name, address in (("c1", PHONE), ("c2", CHAT)):
            await privacy.ask_to_forget(unit, await met(unit, address, name), NOW)
    forget = Privacy._forget

    async def busy(self: Privacy, contact: ContactId, now: object) -> bool:
        if contact == "c1":
            raise Conflict("somebody writes to c1")
        return await forget(self, contact, NOW)

    monkeypatch.setattr(Privacy, "_forget", busy)
    assert await privacy.forget_due() == 1
    assert await is_known(store)


async def test_a_refusal_outlives_the_erasure(store: SqlStore, privacy: Privacy) -> None:
    """R19."""
    async with store.transaction() as unit:
        contact = await met(unit, PHONE)
        refused = contact.permitting(PHONE, Permission.REFUSED, NOW)
        await unit.contacts.save(refused)
        await privacy.ask_to_forget(unit, refused, NOW)
    assert await privacy.forget_due() == 1
    async with store.transaction() as unit:
        again = await unit.contacts.meet(PHONE, ContactId("c9"))
    assert again.reaches[0].permission is Permission.REFUSED


async def test_documents_go_at_their_end(store: SqlStore, privacy: Privacy, clock: StillClock) -> None:
    """R17."""
    async with store.transaction() as unit:
        contact = await met(unit, PHONE)
        document = Document(
            id=DocumentId("d1"), contact=contact.id, kind="photo", media_type="image/jpeg", size=3, stored_at=NOW,
            expires_at=NOW + timedelta(days=1),
        )  # fmt: skip
        await unit.documents.add(document, b"abc")
    clock.pass_(timedelta(hours=23, minutes=59))
    assert await privacy.forget_due() == 0
    clock.pass_(timedelta(minutes=1))
    assert await privacy.forget_due() == 1
    async with store.transaction() as unit:
        assert await unit.documents.get(document.id) is None


# --- what is old ----------------------------------------------------------------------------------------------------

A_SESSION = Session(
    id=SessionId("s1"),
    contact=ContactId("c1"),
    flow="unpaid_wages",
    version=1,
    step="amount",
    answers={"employer": "Serra Azul"},
    status=SessionStatus.ENDED,
    started_at=NOW,
)


async def a_conversation(store: SqlStore, ids: CountingIds, *, is_over: bool) -> Case:
    """A message, a flow, an answer and a case of one contact: all done with, or none of it."""
    async with store.transaction() as unit:
        contact = await met(unit, PHONE)
        await wrote(unit, contact, 1, handled=is_over)
        await unit.sessions.save(A_SESSION if is_over else replace(A_SESSION, status=SessionStatus.WAITING))
        await unit.deliveries.add([a_delivery(contact.id)])
        if is_over:
            (claimed,) = await unit.deliveries.claim(contact.id, NOW, NOW + timedelta(seconds=30))
            await unit.deliveries.save(replace(claimed, status=DeliveryStatus.SENT, provider_id="SM1", sent_at=NOW))
        case = await CaseDesk(ids=ids).open(
            unit, contact=contact, topic=Topic.WAGES, urgency=Urgency.LOW, facts={}, now=NOW
        )  # fmt: skip
        if is_over:
            case = replace(case, status=CaseStatus.CLOSED, closed_at=NOW)
            await unit.cases.save(case)
    return case


async def test_what_was_said_goes_at_its_age_and_its_case_later(
    store: SqlStore, privacy: Privacy, clock: StillClock, ids: CountingIds
) -> None:
    """R18: each kind of data has a life of its own; the contact stays reachable."""
    case = await a_conversation(store, ids, is_over=True)
    clock.pass_(timedelta(days=180))
    assert await privacy.forget_due() == 0
    clock.pass_(timedelta(seconds=1))
    assert await privacy.forget_due() == 3
    async with store.transaction() as unit:
        assert not await unit.messages.history(ContactId("c1"), 10)
        assert await unit.deliveries.get(DeliveryId("d1")) is None
        assert await unit.cases.get(case.id) == case
    clock.pass_(timedelta(days=550))
    assert await privacy.forget_due() == 1
    async with store.transaction() as unit:
        assert await unit.cases.get(case.id) is None
    assert await is_known(store)


async def test_what_is_not_done_with_never_grows_old(
    store: SqlStore, privacy: Privacy, clock: StillClock, ids: CountingIds
) -> None:
    """R22: no age makes a question, an answer on its way or an open case vanish."""
    await a_conversation(store, ids, is_over=False)
    clock.pass_(timedelta(days=4000))
    assert await privacy.forget_due() == 0
    async with store.transaction() as unit:
        assert await unit.messages.waiting(ContactId("c1"))
        assert await unit.sessions.open(ContactId("c1"))


async def test_more_than_one_round_can_take_goes_in_several(
    store: SqlStore, privacy: Privacy, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R18: years of messages that come of age at once do not hold up a tick."""
    monkeypatch.setattr("bot.services.privacy.FORGET_LIMIT", 2)
    async with store.transaction() as unit:
        contact = await met(unit, PHONE)
        for number in range(5):
            await wrote(unit, contact, number)
    clock.pass_(timedelta(days=181))
    assert [await privacy.forget_due() for _ in range(4)] == [2, 2, 1, 0]


# --- being written to -----------------------------------------------------------------------------------------------


async def two_addresses(unit: SqlUnit) -> Contact:
    contact = await met(unit, PHONE)
    other = replace(contact.reaches[0], address=CHAT, last_heard_at=None)
    both = replace(contact, reaches=(*contact.reaches, other))
    await unit.contacts.save(both)
    return both


async def permissions(unit: SqlUnit) -> list[Permission]:
    known = await unit.contacts.find(PHONE)
    assert known is not None
    return [reach.permission for reach in known.reaches]


async def test_stop_closes_the_address_it_was_said_at_and_no_other(unit: SqlUnit, privacy: Privacy) -> None:
    """R19."""
    await privacy.permit(unit, await two_addresses(unit), Permission.REFUSED, PHONE, NOW)
    assert await permissions(unit) == [Permission.REFUSED, Permission.WROTE]


async def test_stop_all_closes_every_address(unit: SqlUnit, privacy: Privacy) -> None:
    """R19."""
    await privacy.permit(unit, await two_addresses(unit), Permission.REFUSED, None, NOW)
    assert await permissions(unit) == [Permission.REFUSED, Permission.REFUSED]


# --- what is held ---------------------------------------------------------------------------------------------------


@pytest.fixture
def voice(catalogs: Catalogs) -> Voice:
    return Voice(catalogs=catalogs, language="en")


async def test_a_newcomer_hears_that_nearly_nothing_is_held(
    unit: SqlUnit, contact: Contact, privacy: Privacy, voice: Voice
) -> None:
    """R18."""
    assert (await privacy.summary(unit, contact, KEPT, voice)).splitlines() == [
        "Where we can write to you: SMS.",
        "0 messages from you. Messages are deleted after 180 days.",
        "You have no case with us.",
    ]


async def test_everything_that_is_held_is_told_with_its_end(
    unit: SqlUnit, contact: Contact, privacy: Privacy, voice: Voice, ids: CountingIds
) -> None:
    """R18."""
    site = Site(
        id=SiteId("s1"), employer=EmployerId("e1"), name="Plant", code="P1", position=Position(latitude=0, longitude=0)
    )
    await unit.sites.put(Employer(id=EmployerId("e1"), name="Serra Azul"), [site])
    known = replace(
        contact, name="Sita", language="ne", nationality="NP", site=site.id, employer=site.employer,
        position=site.position, position_at=NOW,
    )  # fmt: skip
    photo = Attachment(kind="photo", source="x", document_id=DocumentId("d1"))
    await wrote(unit, known, 1, photo)
    await wrote(unit, known, 2, Attachment(kind="photo", source="lost"))
    case = await CaseDesk(ids=ids).open(
        unit, contact=known, topic=Topic.ABUSE, urgency=Urgency.HIGH, facts={}, narrative="beaten", now=NOW
    )
    assert (await privacy.summary(unit, known, KEPT, voice)).splitlines() == [
        "Name: Sita.",
        "Language: Nepali.",
        "Country: Nepal.",
        "Place of work: Plant.",
        "The last location you shared, on 6 May 2026.",
        "Where we can write to you: SMS.",
        "2 messages from you. Messages are deleted after 180 days.",
        "1 photo or file from you. Photos and files are deleted after 1 day.",
        f"Your case numbers: {case.number}. Cases are deleted after 730 days.",
    ]


def consent(contact: Contact, number: int, recipient: str, **answer: Any) -> Consent:
    return Consent(
        id=ConsentId(f"k{number}"), contact=contact.id, recipient=recipient, purpose="a passport",
        asked_by=StaffId("olga"), asked_at=NOW + timedelta(days=number), **answer,
    )  # fmt: skip


async def test_what_was_allowed_is_told_to_whom_for_what_and_when_and_how_to_take_it_back(
    unit: SqlUnit, contact: Contact, privacy: Privacy, voice: Voice
) -> None:
    """R4, R18."""
    later = NOW + timedelta(days=9)
    for one in (
        consent(contact, 0, "the consulate", is_given=True, answered_at=NOW),
        consent(contact, 1, "the union", is_given=False, answered_at=later),
        consent(contact, 2, "the court", is_given=True, answered_at=NOW, revoked_at=later),
        consent(contact, 3, "the clinic"),
        consent(await met(unit, CHAT, "c2"), 4, "somebody else's lawyer", is_given=True, answered_at=NOW),
    ):
        await unit.consents.put(one)
    assert (await privacy.summary(unit, contact, KEPT, voice)).splitlines()[-5:] == [
        "To the consulate, for a passport: you said yes on 6 May 2026.",
        "To the union, for a passport: you said no on 15 May 2026.",
        "To the court, for a passport: you took your yes back on 15 May 2026.",
        "To the clinic, for a passport: we asked you on 9 May 2026.",
        'To take back a yes, write "take back" here.',
    ]


async def test_where_nothing_is_allowed_there_is_nothing_to_take_back(
    unit: SqlUnit, contact: Contact, privacy: Privacy, voice: Voice
) -> None:
    await unit.consents.put(consent(contact, 1, "the union", is_given=False, answered_at=NOW))
    assert "take back" not in await privacy.summary(unit, contact, KEPT, voice)


@pytest.mark.parametrize("language", ["es", "ne", "ar"])
def test_the_word_to_take_a_yes_back_is_one_that_begins_the_flow(catalogs: Catalogs, language: str) -> None:
    """R4: in every offered language."""
    flow = load_flows(ROOT / "flows")["take_back"]
    quoted = catalogs.text('To take back a yes, write "take back" here.', language, domain="bot").split('"')[1]
    assert quoted in flow.triggers.words[language]


async def test_what_a_case_is_about_is_not_told_to_whoever_holds_the_phone(
    unit: SqlUnit, contact: Contact, privacy: Privacy, voice: Voice, ids: CountingIds
) -> None:
    desk = CaseDesk(ids=ids)
    for topic in Topic:
        await desk.open(
            unit, contact=contact, topic=topic, urgency=Urgency.LOW, facts={"x": "secret"}, narrative="words", now=NOW
        )
    text = (await privacy.summary(unit, contact, KEPT, voice)).lower()
    assert not any(word in text for word in ("abuse", "wages", "labour", "danger", "secret", "words"))


async def test_nothing_of_another_contact_is_told(
    unit: SqlUnit, contact: Contact, privacy: Privacy, voice: Voice, ids: CountingIds
) -> None:
    other = replace(await met(unit, CHAT, "c2"), name="Rana", nationality="BD")
    await unit.contacts.save(other)
    await wrote(unit, other, 1)
    case = await CaseDesk(ids=ids).open(
        unit, contact=other, topic=Topic.WAGES, urgency=Urgency.LOW, facts={}, now=NOW
    )  # fmt: skip
    text = await privacy.summary(unit, contact, KEPT, voice)
    assert case.number not in text
    assert "Rana" not in text
    assert "0 messages" in text


async def test_a_long_history_is_counted_to_a_limit(
    unit: SqlUnit, contact: Contact, privacy: Privacy, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.privacy.COUNTED", 3)
    for number in range(4):
        await wrote(unit, contact, number)
    assert "3 messages or more from you." in await privacy.summary(unit, contact, KEPT, voice)


@pytest.mark.parametrize("language", ["es", "ne", "ar", "en-IN", "xx"])
async def test_it_is_told_in_any_language(
    language: str, unit: SqlUnit, contact: Contact, privacy: Privacy, catalogs: Catalogs
) -> None:
    known = replace(contact, language=language, nationality="ZZ")
    assert "180" in await privacy.summary(unit, known, KEPT, Voice(catalogs=catalogs, language=language))


async def test_what_an_employer_has_listed_of_somebody_is_told_to_them(
    unit: SqlUnit, contact: Contact, privacy: Privacy, voice: Voice
) -> None:
    """R18."""
    listing = Listing(name="Sita G.", phones=("+9779800000001",), whatsapp=("+9779800000001",), employee_number="17")
    known = replace(contact, listing=listing, groups=("night",))
    text = await privacy.summary(unit, known, KEPT, voice)
    assert "What your employer's list says of you: Sita G., 17, +9779800000001 and night." in text
