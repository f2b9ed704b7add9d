"""A conversation's trace on both databases: another one after each write, the same one while nobody writes."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.case import CaseStatus
from bot.domain.claim import Claim
from bot.domain.contact import ContactId
from bot.domain.delivery import DeliveryStatus
from bot.domain.message import Attachment
from bot.domain.staff import StaffId
from bot.services.desk_ports import Translation
from bot.services.ports import Unit
from bot.storage.store import SqlStore
from tests.contracts.accounts import chat
from tests.storage import samples
from tests.storage.samples import ANA, MINUTE, NOON, PHONE

OLGA, BOB = StaffId("olga"), ContactId("bob")
Write = Callable[[Unit], Awaitable[object]]


@pytest.fixture(autouse=True)
async def _talk(store: SqlStore) -> None:
    """Somebody with one of everything, and somebody else."""
    await samples.meet(store)
    await samples.meet(store, chat(2), BOB)
    async with store.transaction() as unit:
        await unit.staff.add(replace(samples.staff(OLGA), totp_secret=None))
        await unit.messages.add(samples.message())
        await unit.deliveries.add([samples.delivery()])
        await unit.cases.add(samples.case())
        await unit.sessions.save(samples.session())


async def trace(store: SqlStore, contact: ContactId = ANA) -> str:
    async with store.look() as unit:
        return await unit.traces.of(contact)


def note(contact: ContactId = ANA) -> Activity:
    return Activity(id=ActivityId("a1"), contact=contact, kind=ActivityKind.NOTE, at=NOON, text="They called.")


async def a_name(unit: Unit) -> None:
    known = await unit.contacts.get(ANA)
    assert known is not None
    await unit.contacts.save(replace(known, name="Ana B."))


async def a_session(unit: Unit) -> None:
    (session,) = await unit.sessions.open(ANA)
    await unit.sessions.save(replace(session, step="another"))


async def an_attempt(unit: Unit) -> None:
    (claimed,) = await unit.deliveries.claim(ANA, NOON, NOON + MINUTE)
    await unit.deliveries.save(replace(claimed, status=DeliveryStatus.FAILED))


async def a_stored_photo(unit: Unit) -> None:
    kept = samples.message(attachments=(Attachment(kind="photo", source="https://api.example/media/7"),))
    await unit.messages.attach(kept)


WRITES: dict[str, Write] = {
    "a name": a_name,
    "hearing from them": lambda unit: unit.contacts.heard(PHONE, NOON + MINUTE),
    "a message": lambda unit: unit.messages.add(samples.message("m2")),
    "a stored photo": a_stored_photo,
    "an answer": lambda unit: unit.deliveries.add([samples.delivery("d2")]),
    "an attempt to send": an_attempt,
    "a case": lambda unit: unit.cases.add(samples.case("k2")),
    "a case's words": lambda unit: unit.cases.save(samples.case(narrative="Another story.")),
    "a case's end": lambda unit: unit.cases.save(samples.case(status=CaseStatus.CLOSED, closed_at=NOON)),
    "a claim": lambda unit: unit.claims.take(Claim(contact=ANA, staff=OLGA, claimed_at=NOON)),
    "a note": lambda unit: unit.activities.add([note()]),
    "a step of a flow": a_session,
    "a translation": lambda unit: unit.translations.put(
        Translation(subject="message:m1", contact=ANA, language="es", engine="libre", text="ayuda", at=NOON)
    ),
    "erasure": lambda unit: unit.contacts.erase(ANA),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
async def test_whatever_is_written_leaves_another_trace(store: SqlStore, write: Write) -> None:
    before, others = await trace(store), await trace(store, BOB)
    assert await trace(store) == before
    async with store.transaction(ANA) as unit:
        await write(unit)
    assert await trace(store) != before
    assert await trace(store, BOB) == others


async def test_saving_a_claim_or_a_translation_anew_leaves_another_trace(store: SqlStore) -> None:
    claim = Claim(contact=ANA, staff=OLGA, claimed_at=NOON)
    old = Translation(subject="message:m1", contact=ANA, language="es", engine="libre", text="ayuda", at=NOON)
    async with store.transaction(ANA) as unit:
        await unit.claims.take(claim)
        await unit.translations.put(old)
    first = await trace(store)
    async with store.transaction(ANA) as unit:
        await unit.claims.save(replace(claim, answered_at=NOON + MINUTE))
    second = await trace(store)
    async with store.transaction(ANA) as unit:
        await unit.translations.put(replace(old, text="socorro"))
    assert len({first, second, await trace(store)}) == 3


async def test_a_trace_of_nobody_is_one_too(store: SqlStore) -> None:
    assert await trace(store, ContactId("")) == await trace(store, ContactId("nobody"))
