"""Duty (R11, R14, R16): nothing stays with someone who has gone, and nobody is given what they may not see."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.activity import ActivityKind
from bot.domain.case import CaseStatus, Outcome, Topic, Urgency
from bot.domain.contact import ContactId
from bot.domain.delivery import Content
from bot.domain.duty import SILENT_AFTER
from bot.domain.errors import Denied, InputError
from bot.domain.staff import Role, StaffId
from bot.services.assigning import MOST, Assigning
from bot.services.desk import HandBack
from tests.dialogue import muster
from tests.services.duty_scene import MINUTE, DutyScene


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[DutyScene]:
    async with muster(tmp_path) as house:
        yield DutyScene.of(house)


@pytest.fixture
async def giving(tmp_path: Path) -> AsyncIterator[DutyScene]:
    """A deployment that gives conversations out by itself."""
    async with muster(tmp_path) as house:
        yield DutyScene.of(house, Assigning.AUTO)


async def statuses(scene: DutyScene, contact: ContactId) -> set[CaseStatus]:
    async with scene.house.store.look() as unit:
        return {case.status for case in await unit.cases.of(contact)}


# --- who has gone -------------------------------------------------------------------------------------------------


async def test_who_leaves_gives_everything_back_the_oldest_first(scene: DutyScene) -> None:
    """R14: the workers are told that another person will write."""
    olga = await scene.comes("olga")
    waiting = [await scene.waits() for _ in range(3)]
    for _, case in reversed(waiting):  # taken in another order than they came
        scene.house.clock.forward(MINUTE)
        await scene.house.operators.claim(olga, case.contact)
    assert await scene.duty.leave(olga) == 3
    assert await scene.holders() == {}
    for worker, case in waiting:
        assert "Another person will write to you" in worker.said[-1].text
        assert await statuses(scene, case.contact) == {CaseStatus.OPEN}
    async with scene.house.store.look() as unit:
        given = [a for _, case in waiting for a in await unit.activities.of(case.contact, 50)]
    back = sorted((a for a in given if a.kind is ActivityKind.GIVEN_BACK), key=lambda a: a.id)
    assert [a.contact for a in back] == [case.contact for _, case in reversed(waiting)]
    assert {(a.details["why"], a.staff) for a in back} == {("off_duty", None)}


async def test_whoever_falls_silent_loses_what_they_have_and_who_gives_a_sign_does_not(scene: DutyScene) -> None:
    olga, omar = await scene.comes("olga"), await scene.comes("omar")
    (_, lost), (_, kept) = await scene.waits(), await scene.waits()
    await scene.house.operators.claim(olga, lost.contact)
    await scene.house.operators.claim(omar, kept.contact)
    scene.house.clock.forward(SILENT_AFTER - MINUTE)
    await scene.duty.seen(omar)
    assert await scene.duty.sweep() == 0
    scene.house.clock.forward(MINUTE)
    assert await scene.duty.sweep() == 1
    assert await scene.holders() == {kept.contact: "omar"}
    assert await scene.duty.presence(olga) is None
    assert await scene.duty.sweep() == 0


async def test_what_waits_for_the_contacts_answer_is_given_back_too(scene: DutyScene) -> None:
    """Nothing stays with someone who has gone, whoever's turn it is."""
    olga = await scene.comes("olga")
    _, case = await scene.waits()
    await scene.house.operators.claim(olga, case.contact)
    await scene.house.operators.reply(olga, case.contact, Content(text="Where are you?", language="en"))
    scene.house.clock.forward(SILENT_AFTER)
    assert await scene.duty.sweep() == 1
    assert await scene.holders() == {}


async def test_an_account_that_is_disabled_keeps_nothing(scene: DutyScene) -> None:
    """At once, not after three minutes."""
    olga = await scene.comes("olga")
    _, case = await scene.waits()
    await scene.house.operators.claim(olga, case.contact)
    async with scene.house.store.transaction() as unit:
        account = await unit.staff.get(StaffId("olga"))
        assert account is not None
        await unit.staff.save(replace(account, disabled_at=scene.house.clock.now()))
    assert await scene.duty.sweep() == 1
    assert await scene.duty.presence(olga) is None


async def test_who_takes_a_conversation_is_on_duty(scene: DutyScene) -> None:
    """No button has to be pressed before help is given."""
    olga = await scene.house.operator("olga")
    _, case = await scene.waits()
    await scene.house.operators.claim(olga, case.contact)
    assert await scene.duty.presence(olga) is not None
    assert await scene.duty.sweep() == 0


async def test_what_is_given_to_somebody_absent_comes_back_unless_they_come(scene: DutyScene) -> None:
    olga, _ = await scene.comes("olga"), await scene.house.operator("omar")
    (_, lost), (_, kept) = await scene.waits(), await scene.waits()
    for case in (lost, kept):
        await scene.house.operators.claim(olga, case.contact)
    await scene.house.operators.transfer(olga, lost.contact, StaffId("omar"))
    assert await scene.duty.sweep() == 0, "they have three minutes to come"
    scene.house.clock.forward(SILENT_AFTER)
    await scene.duty.seen(olga)
    assert await scene.duty.sweep() == 1
    assert await scene.holders() == {kept.contact: "olga"}


async def test_a_conversation_whose_cases_are_done_goes_back_to_the_bot_and_says_so(scene: DutyScene) -> None:
    """Nobody is promised a person for whom nothing waits."""
    olga = await scene.comes("olga")
    worker, case = await scene.waits()
    await scene.house.operators.claim(olga, case.contact)
    await scene.house.operators.hand_back(olga, case.contact, HandBack.END, closing=Outcome.HELPED)
    await scene.house.operators.claim(olga, case.contact)
    await scene.house.operators.reply(olga, case.contact, Content(text="One thing more.", language="en"))
    await scene.duty.leave(olga)
    assert "with a program again" in worker.said[-1].text


async def test_only_who_answers_conversations_is_on_duty(scene: DutyScene) -> None:
    author = await scene.house.operator("ana", Role.AUTHOR)
    for deed in (scene.duty.begin, scene.duty.seen, scene.duty.leave):
        with pytest.raises(Denied):
            await deed(author)


# --- who is given whom --------------------------------------------------------------------------------------------


async def test_nothing_is_given_where_nobody_wants_it_so(scene: DutyScene) -> None:
    await scene.comes("olga")
    await scene.waits()
    assert await scene.duty.assign_waiting() == 0
    assert await scene.holders() == {}


async def test_who_waits_goes_to_who_speaks_their_language_and_has_least(giving: DutyScene) -> None:
    await giving.comes("olga", Role.OPERATOR, "en")
    await giving.comes("omar", Role.OPERATOR, "en")
    await giving.comes("eva", Role.OPERATOR, "es")
    english = [(await giving.waits())[1] for _ in range(3)]
    worker, spanish = await giving.waits(says="hola, necesito ayuda con mi pasaporte por favor")
    assert await giving.duty.assign_waiting() == 4
    holders = await giving.holders()
    assert holders.pop(spanish.contact) == "eva"
    assert [holders[case.contact] for case in english] == ["olga", "omar", "olga"]
    assert "Eva" in worker.said[-1].text, "the worker is told who is there (R14)"
    assert await giving.duty.assign_waiting() == 0


async def test_nobody_is_given_more_than_they_can_have_and_the_urgent_come_first(giving: DutyScene) -> None:
    await giving.comes("olga")
    for _ in range(MOST):
        await giving.waits()
    _, urgent = await giving.waits(Topic.MEDICAL, Urgency.CRITICAL)
    assert await giving.duty.assign_waiting() == MOST
    assert urgent.contact in await giving.holders()
    assert await giving.duty.assign_waiting() == 0


async def test_whom_nobody_here_understands_stays_in_the_queue(giving: DutyScene) -> None:
    await giving.comes("olga", Role.OPERATOR, "ar")
    await giving.waits()
    assert await giving.duty.assign_waiting() == 0


async def test_a_protection_case_is_given_to_a_specialist_only(giving: DutyScene) -> None:
    """R16: also when all that waits is general, but the contact has had such a case."""
    await giving.comes("olga")
    await giving.comes("samir", Role.SUPERVISOR)
    worker, _ = await giving.waits(Topic.ABUSE, Urgency.HIGH)
    await giving.opens(worker, Topic.PERSON)
    assert await giving.duty.assign_waiting() == 0
    await giving.comes("pia", Role.SPECIALIST)
    assert await giving.duty.assign_waiting() == 1
    assert list((await giving.holders()).values()) == ["pia"]


async def test_a_silent_screen_is_given_nobody(giving: DutyScene) -> None:
    await giving.comes("olga")
    await giving.waits()
    giving.house.clock.forward(SILENT_AFTER)
    assert await giving.duty.assign_waiting() == 0


async def test_an_offer_is_made_to_one_and_gives_nothing(scene: DutyScene) -> None:
    offering = DutyScene.of(scene.house, Assigning.OFFER)
    olga, omar = await offering.comes("olga"), await offering.comes("omar")
    _, case = await offering.waits()
    assert [match.row.contact for match in await offering.duty.offered(olga)] == [case.contact]
    assert await offering.duty.offered(omar) == []
    assert await offering.duty.assign_waiting() == 0
    assert await offering.holders() == {}


async def test_a_supervisor_gives_by_hand_and_an_operator_does_not(scene: DutyScene) -> None:
    olga = await scene.comes("olga")
    samir = await scene.house.operator("samir", Role.SUPERVISOR)
    await scene.house.operator("ana", Role.AUTHOR)
    _, case = await scene.waits()
    with pytest.raises(Denied):
        await scene.house.operators.assign(olga, case.contact, StaffId("olga"))
    with pytest.raises(InputError):
        await scene.house.operators.assign(samir, case.contact, StaffId("ana"))
    assert await scene.house.operators.assign(samir, case.contact, StaffId("olga"))
    assert not await scene.house.operators.assign(samir, case.contact, StaffId("samir"))
    assert await scene.holders() == {case.contact: "olga"}


async def test_a_language_that_nobody_is_known_to_read_comes_last_to_who_entered_none(giving: DutyScene) -> None:
    reader = await giving.house.operator("olga", Role.OPERATOR, languages=())
    await giving.duty.begin(reader)
    await giving.comes("omar", Role.OPERATOR, "en")
    _, english = await giving.waits(says="hello, I need help with my wages please")
    _, spanish = await giving.waits(says="hola, necesito ayuda con mi pasaporte por favor")
    assert await giving.duty.assign_waiting() == 2
    assert await giving.holders() == {english.contact: "omar", spanish.contact: "olga"}


async def test_who_entered_no_language_is_given_nobody_whom_a_colleague_reads(giving: DutyScene) -> None:
    """Nobody is known to be read by them, so they are not chosen before who is; a full colleague is waited for."""
    await giving.duty.begin(await giving.house.operator("olga", Role.OPERATOR, languages=()))
    await giving.comes("omar", Role.OPERATOR, "en")
    for _ in range(MOST + 1):
        await giving.waits(says="hello, I need help with my wages please")
    await giving.duty.assign_waiting()
    assert set((await giving.holders()).values()) == {"omar"}
