"""Escalation and alarms (R11, R16): what waits too long is made known above, once; outside nobody learns whose."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.activity import ActivityKind
from bot.domain.case import Case, CaseStatus, Topic, Urgency
from bot.domain.delivery import Content
from bot.domain.errors import Unavailable
from bot.domain.staff import Role
from bot.services.alarms import LIFE, AlarmDesk, Notice, wait_after
from bot.services.desk import HandBack
from bot.services.desk_ports import AlarmKind
from bot.services.queue import Place, place_of
from tests.dialogue import muster
from tests.services.duty_scene import MINUTE, DutyScene

IN_TIME = timedelta(minutes=5)  # a critical case is answered


@dataclass
class Pager:
    """A way out of the house that the test can break."""

    name: str = "pager"
    for_specialists: bool = True
    is_broken: bool = False
    heard: list[Notice] = field(default_factory=list)

    def reaches(self, *, is_protection: bool) -> bool:
        return self.for_specialists or not is_protection

    async def tell(self, notice: Notice) -> None:
        if self.is_broken:
            raise Unavailable("the pager does not answer")
        self.heard.append(notice)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[DutyScene]:
    async with muster(tmp_path) as house:
        yield DutyScene.of(house)


def alarms(scene: DutyScene, *pagers: Pager) -> AlarmDesk:
    return AlarmDesk(
        store=scene.house.store,
        clock=scene.house.clock,
        notifiers=pagers,
        write=lambda text, **variables: text.format(**variables),
        console_url="https://muster.example/console/desk",
    )


async def escalations(scene: DutyScene, case: Case) -> list[str]:
    async with scene.house.store.look() as unit:
        done = await unit.activities.of_case(case.id)
    return [one.details["to"] for one in done if one.kind is ActivityKind.ESCALATED]


async def test_a_critical_case_that_nobody_takes_in_its_time_goes_to_the_supervisors_once(scene: DutyScene) -> None:
    """R11."""
    _, case = await scene.waits(Topic.MEDICAL, Urgency.CRITICAL)
    scene.house.clock.forward(IN_TIME - timedelta(seconds=1))
    assert await scene.escalation.escalate_due() == 0
    scene.house.clock.forward(timedelta(seconds=1))
    assert await scene.escalation.escalate_due() == 1
    assert await scene.escalation.escalate_due() == 0
    assert await escalations(scene, case) == ["supervisors"]


async def test_of_a_protection_case_only_specialists_are_told(scene: DutyScene) -> None:
    """R16: also of a general case of the same person, whose words are the same words."""
    worker, abuse = await scene.waits(Topic.ABUSE, Urgency.CRITICAL)
    general = await scene.opens(worker, Topic.MEDICAL, Urgency.CRITICAL)
    scene.house.clock.forward(IN_TIME)
    assert await scene.escalation.escalate_due() == 2
    assert await escalations(scene, abuse) == await escalations(scene, general) == ["specialists"]


async def test_what_is_taken_but_not_answered_escalates_too(scene: DutyScene) -> None:
    olga = await scene.comes("olga")
    _, silent = await scene.waits(Topic.MEDICAL, Urgency.CRITICAL)
    _, answered = await scene.waits(Topic.MEDICAL, Urgency.CRITICAL)
    for case in (silent, answered):
        await scene.house.operators.claim(olga, case.contact)
    await scene.house.operators.reply(olga, answered.contact, Content(text="I am here.", language="en"))
    scene.house.clock.forward(IN_TIME)
    assert await scene.escalation.escalate_due() == 1
    assert await escalations(scene, silent) == ["supervisors"]


async def test_two_processes_escalate_a_case_once(scene: DutyScene) -> None:
    _, case = await scene.waits(Topic.MEDICAL, Urgency.CRITICAL)
    scene.house.clock.forward(IN_TIME)
    counts = await asyncio.gather(*(scene.escalation.escalate_due() for _ in range(4)))
    assert sum(counts) == 1
    assert await escalations(scene, case) == ["supervisors"]


async def test_a_next_step_comes_back_to_the_queue_on_its_day(scene: DutyScene) -> None:
    olga = await scene.comes("olga")
    _, case = await scene.waits()
    await scene.house.operators.claim(olga, case.contact)
    await scene.house.operators.reply(olga, case.contact, Content(text="I will ask.", language="en"))
    on = scene.house.clock.now() + timedelta(days=1)
    await scene.house.operators.hand_back(
        olga, case.contact, HandBack.END, next_step="Ask the consulate", next_step_at=on
    )
    [row] = await scene.house.operators.queue(olga)
    assert place_of(row, scene.house.clock.now()) is Place.RESTING
    scene.house.clock.forward(timedelta(days=1))
    [row] = await scene.house.operators.queue(olga)
    assert place_of(row, scene.house.clock.now()) is Place.FOLLOW_UP


# --- who is told outside ------------------------------------------------------------------------------------------


async def test_a_critical_case_is_told_outside_when_it_opens_and_when_it_is_overdue(scene: DutyScene) -> None:
    """R11: with its number and nothing of the person."""
    pager = Pager()
    desk = alarms(scene, pager)
    worker, case = await scene.waits(Topic.MEDICAL, Urgency.CRITICAL)
    await scene.waits()  # nobody is woken for what can wait
    assert await desk.send_due() == 1
    scene.house.clock.forward(IN_TIME)
    await scene.escalation.escalate_due()
    assert await desk.send_due() == 1
    assert await desk.send_due() == 0
    assert [(one.kind, one.number) for one in pager.heard] == [
        (AlarmKind.NEW, case.number),
        (AlarmKind.OVERDUE, case.number),
    ]
    said = " ".join(f"{one.title} {one.text}" for one in pager.heard)
    for private in (worker.address.path, "hello", "medical", str(case.contact)):
        assert private not in said.casefold()


async def test_a_case_that_turns_critical_is_told(scene: DutyScene) -> None:
    pager = Pager()
    worker, _ = await scene.waits(Topic.MEDICAL, Urgency.NORMAL)
    await scene.opens(worker, Topic.MEDICAL, Urgency.CRITICAL)
    await scene.opens(worker, Topic.MEDICAL, Urgency.CRITICAL)
    assert await alarms(scene, pager).send_due() == 1
    assert [one.urgency for one in pager.heard] == ["critical"]


async def test_a_protection_case_is_told_to_specialists_whatever_its_urgency(scene: DutyScene) -> None:
    """R16: who is no specialist gets no word of it, not even that it is there."""
    everybody, special = Pager(name="all", for_specialists=False), Pager(name="special")
    await scene.waits(Topic.FORCED_LABOUR, Urgency.NORMAL)
    assert await alarms(scene, everybody, special).send_due() == 1
    assert everybody.heard == []
    assert [one.is_protection for one in special.heard] == [True]


async def test_nobody_is_woken_for_what_was_answered_meanwhile(scene: DutyScene) -> None:
    pager = Pager()
    olga = await scene.comes("olga")
    _, case = await scene.waits(Topic.MEDICAL, Urgency.CRITICAL)
    await scene.house.operators.claim(olga, case.contact)
    await scene.house.operators.reply(olga, case.contact, Content(text="I am here.", language="en"))
    assert await alarms(scene, pager).send_due() == 1
    assert pager.heard == []


async def test_who_speaks_with_the_contact_already_needs_no_alarm(scene: DutyScene) -> None:
    olga = await scene.comes("olga")
    worker, case = await scene.waits()
    await scene.house.operators.claim(olga, case.contact)
    new = await scene.opens(worker, Topic.MEDICAL, Urgency.CRITICAL)
    assert new.status is CaseStatus.IN_PROGRESS
    assert await alarms(scene, pager := Pager()).send_due() == 0
    assert pager.heard == []


async def test_what_cannot_go_out_is_tried_again_by_that_way_alone_and_given_up_after_a_day(
    scene: DutyScene, capsys: pytest.CaptureFixture[str]
) -> None:
    well, broken = Pager(name="mail"), Pager(name="webhook", is_broken=True)
    desk = alarms(scene, well, broken)
    _, case = await scene.waits(Topic.MEDICAL, Urgency.CRITICAL)
    began = scene.house.clock.now()
    tries = 0
    while scene.house.clock.now() - began < LIFE + timedelta(hours=2):
        await desk.send_due()
        tries += 1
        scene.house.clock.forward(wait_after(tries))
    assert len(well.heard) == 1
    assert 20 < tries < 60
    out = capsys.readouterr().out
    assert out.count("alarm_given_up") == 1
    assert case.number in out
    broken.is_broken = False
    assert await desk.send_due() == 0


async def test_a_way_that_works_again_is_used(scene: DutyScene) -> None:
    pager = Pager(is_broken=True)
    desk = alarms(scene, pager)
    await scene.waits(Topic.MEDICAL, Urgency.CRITICAL)
    assert await desk.send_due() == 0
    pager.is_broken = False
    assert await desk.send_due() == 0, "not before its time"
    scene.house.clock.forward(MINUTE)
    assert await desk.send_due() == 1
    assert len({one.id for one in pager.heard}) == 1


async def test_two_processes_send_an_alarm_once(scene: DutyScene) -> None:
    pager = Pager()
    await scene.waits(Topic.MEDICAL, Urgency.CRITICAL)
    await asyncio.gather(*(alarms(scene, pager).send_due() for _ in range(4)))
    assert len(pager.heard) == 1


async def test_where_nobody_is_named_nothing_is_kept_to_be_sent(scene: DutyScene) -> None:
    await scene.waits(Topic.MEDICAL, Urgency.CRITICAL)
    assert await alarms(scene).send_due() == 1
    assert await alarms(scene, pager := Pager()).send_due() == 0
    assert pager.heard == []


async def test_a_supervisor_sees_nothing_of_a_protection_case_that_escalated(scene: DutyScene) -> None:
    """R16."""
    await scene.waits(Topic.ABUSE, Urgency.CRITICAL)
    scene.house.clock.forward(IN_TIME)
    await scene.escalation.escalate_due()
    samir = await scene.house.operator("samir", Role.SUPERVISOR)
    assert await scene.house.operators.queue(samir) == []
