"""Consents: asked, given, refused and taken back by the contact in writing, or recorded by word of mouth (R4)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.clock import RandomIds
from bot.domain.activity import ActivityKind
from bot.domain.case import Compartment
from bot.domain.consent import Consent, ConsentState
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.staff import Role
from bot.services.casework import CaseWork
from bot.services.consenting import ConsentDesk
from bot.services.desk import HandBack
from tests.dialogue import Muster, Worker, muster

ASKED = ("the consulate of Nepal", "a new passport")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Muster]:
    async with muster(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(house: Muster) -> ConsentDesk:
    work = CaseWork(store=house.store, clock=house.clock, ids=RandomIds(), desk=house.operators)
    return ConsentDesk(work=work)


async def waiting(house: Muster) -> tuple[Worker, str]:
    """A worker who has asked for a person, and their case number."""
    worker = house.worker()
    await worker.says("hello")
    await worker.says("talk to a person")
    return worker, (await worker.cases())[0].number


async def consents(house: Muster, worker: Worker) -> list[Consent]:
    contact = await worker.contact()
    async with house.store.look() as unit:
        return list(await unit.consents.of(contact.id))


async def test_a_yes_is_kept_with_its_time_and_the_message_that_gave_it(house: Muster, desk: ConsentDesk) -> None:
    worker, number = await waiting(house)
    olga = await house.operator("olga")
    await house.operators.claim(olga, (await worker.contact()).id)
    await desk.ask(olga, number, *ASKED)
    assert "the consulate of Nepal. What for: a new passport." in worker.said[-1].text
    assert [one.state for one in await consents(house, worker)] == [ConsentState.ASKED]
    await worker.says("yes")
    worker.hears("You can take it back")
    (given,) = await consents(house, worker)
    assert given.holds
    assert given.answered_at is not None
    async with house.store.look() as unit:
        messages = await unit.messages.history(given.contact, 50)
        done = await unit.activities.of(given.contact, 50)
    assert given.message == messages[-1].id
    assert messages[-1].received.text == "yes"
    told = [one for one in done if one.kind is ActivityKind.CONSENT]
    assert [(one.staff, one.details["state"]) for one in told] == [(None, "given")]


async def test_a_no_is_kept_and_nothing_holds(house: Muster, desk: ConsentDesk) -> None:
    worker, number = await waiting(house)
    olga = await house.operator("olga")
    await house.operators.claim(olga, (await worker.contact()).id)
    await desk.ask(olga, number, *ASKED)
    await worker.says("no")
    assert [one.state for one in await consents(house, worker)] == [ConsentState.REFUSED]


async def test_it_is_asked_only_by_who_has_the_conversation(house: Muster, desk: ConsentDesk) -> None:
    worker, number = await waiting(house)
    with pytest.raises(Conflict):
        await desk.ask(await house.operator("olga"), number, *ASKED)
    assert await consents(house, worker) == []


async def test_the_contact_sees_what_they_allowed_and_takes_one_back_by_writing(
    house: Muster, desk: ConsentDesk
) -> None:
    worker, number = await waiting(house)
    olga = await house.operator("olga")
    contact = (await worker.contact()).id
    await house.operators.claim(olga, contact)
    for recipient in ("the consulate", "the labour office"):
        await desk.ask(olga, number, recipient, "help")
        await worker.says("yes")
    await house.operators.hand_back(olga, contact, HandBack.END)
    await worker.says("take back")
    worker.hears("1. To the consulate, for help.")
    worker.hears("2. To the labour office, for help.")
    await worker.says("2")
    worker.hears("It is taken back.")
    held = {one.recipient: one.state for one in await consents(house, worker)}
    assert held == {"the consulate": ConsentState.GIVEN, "the labour office": ConsentState.REVOKED}
    await worker.says("take back")
    worker.hears("1. To the consulate")
    worker.hears_not("labour")


async def test_word_of_mouth_needs_a_note_and_is_revoked_by_staff(house: Muster, desk: ConsentDesk) -> None:
    worker, number = await waiting(house)
    olga = await house.operator("olga")
    with pytest.raises(InputError):
        await desk.record(olga, number, *ASKED, "  ", is_given=True)
    await desk.record(olga, number, *ASKED, "on the phone today", is_given=True)
    (given,) = await consents(house, worker)
    assert given.holds
    assert (given.message, given.note, given.asked_by) == (None, "on the phone today", "olga")
    await desk.revoke(olga, number, given.id)
    assert [one.state for one in await consents(house, worker)] == [ConsentState.REVOKED]
    with pytest.raises(InputError):
        await desk.revoke(olga, number, given.id)


async def test_nobody_takes_back_or_answers_for_another(house: Muster, desk: ConsentDesk) -> None:
    worker, number = await waiting(house)
    other, others = await waiting(house)
    olga = await house.operator("olga")
    await desk.record(olga, number, *ASKED, "by phone", is_given=True)
    (given,) = await consents(house, worker)
    with pytest.raises(InputError):
        await desk.revoke(olga, others, given.id)
    await other.says("take back")
    other.hears("There is nothing to take back.")


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUTHOR, Role.APPROVER])
async def test_a_protected_persons_consents_are_not_there_for_others(
    house: Muster, desk: ConsentDesk, role: Role
) -> None:
    """R16."""
    worker, number = await waiting(house)
    (case,) = await worker.cases()
    async with house.store.transaction() as unit:
        await unit.cases.save(replace(case, compartment=Compartment.PROTECTION))
    who = await house.operator("olga", role)
    for asked in (number, "M-ZZZZ99"):
        with pytest.raises(Denied):
            await desk.ask(who, asked, *ASKED)
        with pytest.raises(Denied):
            await desk.record(who, asked, *ASKED, "by phone", is_given=True)
    assert await consents(house, worker) == []
