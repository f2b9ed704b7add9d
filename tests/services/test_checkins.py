"""What is said of somebody's safety: by themselves, by others, changed, late, to a person who has taken over."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.broadcast import BroadcastKind
from bot.domain.checkin import Closing, RecipientState, Safety, Source
from bot.domain.contact import Channel, Listing
from bot.domain.employer import Employer, EmployerId
from bot.domain.errors import Denied, InputError
from bot.services.checkins import CheckInDesk
from tests.dialogue import Muster, Worker, muster
from tests.services.alarm import STRANGER, alerted, employed, people, recipient


async def test_an_answer_can_change_and_the_history_stays(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house)
        await ana.says("1")
        house.clock.forward(timedelta(minutes=5))
        await ana.says("2")

        now = await recipient(house, alert.id, ana)
        async with house.store.transaction() as unit:
            history = await unit.recipients.history(now.number)
        assert now.safety is Safety.HELP
        assert [said.safety for said in history] == [Safety.SAFE, Safety.HELP]


@pytest.mark.parametrize("channel", [Channel.TELEGRAM, Channel.WHATSAPP])
async def test_an_old_button_still_answers_its_own_alert(tmp_path: Path, channel: Channel) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house, channel)
        await ana.says("hello")
        first = await alerted(house)
        button = next(option for option in ana.said[-1].options if option.label == "I need help")
        second = await alerted(house)
        await ana.taps("I am safe")

        await ana._sends(choice=button.payload)

        assert (await recipient(house, first.id, ana)).safety is Safety.HELP
        assert (await recipient(house, second.id, ana)).safety is Safety.SAFE


async def _listed_as(house: Muster, worker: Worker, listing: Listing) -> None:
    contact = await worker.contact()
    async with house.store.transaction() as unit:
        await unit.contacts.save(replace(contact, listing=listing))


async def _vouched(house: Muster, words: str) -> tuple[Safety | None, Source | None, RecipientState]:
    ana = await employed(house)
    luis = await employed(house)
    await _listed_as(house, luis, Listing(name="Luis Alberto Rojas", phones=(luis.address.path,)))
    alert = await alerted(house)
    await ana.says("1")
    await ana.says("3")
    await ana.says(words.format(phone=luis.address.path))
    theirs = await recipient(house, alert.id, luis)
    return theirs.safety, theirs.safety_source, theirs.state


@pytest.mark.parametrize("words", ["Luis Rojas", "luis alberto", "{phone}"])
async def test_r10_what_a_colleague_reports_is_never_the_persons_own_answer(tmp_path: Path, words: str) -> None:
    async with muster(tmp_path) as house:
        assert await _vouched(house, words) == (Safety.SAFE, Source.OTHER, RecipientState.SENT)


async def test_a_whole_name_of_two_letters_is_a_name(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, wei = await employed(house), await employed(house, listing=Listing(name="王伟"))
        alert = await alerted(house)
        for said in ("1", "3", "王伟"):
            await ana.says(said)
        theirs = await recipient(house, alert.id, wei)
        assert (theirs.safety, theirs.safety_source) == (Safety.SAFE, Source.OTHER)


@pytest.mark.parametrize("words", ["Pedro", "Lu", "+15550000000"])
async def test_a_stranger_is_vouched_for_in_vain(tmp_path: Path, words: str) -> None:
    async with muster(tmp_path) as house:
        assert await _vouched(house, words) == (None, None, RecipientState.SENT)


async def test_r10_the_vouched_are_still_asked_and_their_own_answer_counts(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        luis = await employed(house, listing=Listing(name="Luis Rojas"))
        alert = await alerted(house, repeats=(timedelta(minutes=10),))
        for said in ("1", "3", "Luis Rojas"):
            await ana.says(said)
        house.clock.forward(timedelta(minutes=11))
        await house.send_out()
        assert len(luis.said) == 2

        await luis.says("2")

        theirs = await recipient(house, alert.id, luis)
        assert (theirs.safety, theirs.safety_source) == (Safety.HELP, Source.SELF)


async def test_r10_a_person_closes_the_silent_with_a_reason_and_nobody_else(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house)
        alert = await alerted(house, repeats=(timedelta(minutes=10),))
        await ana.says("1")
        author, _ = await people(house)
        desk = CheckInDesk(store=house.store, clock=house.clock, region="BR")
        numbers = [(await recipient(house, alert.id, who)).number for who in (ana, luis)]

        assert await desk.close(author, alert.id, numbers, Closing.FOUND) == 1

        closed = await recipient(house, alert.id, luis)
        assert (closed.closing, closed.closed_by, closed.safety) == (Closing.FOUND, "ana", None)
        house.clock.forward(timedelta(minutes=11))
        await house.send_out()
        assert len(luis.said) == 1


async def test_r2_nobody_closes_another_employers_or_another_alerts_people(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        first, second = await alerted(house), await alerted(house)
        number = (await recipient(house, first.id, ana)).number
        author, _ = await people(house)
        desk = CheckInDesk(store=house.store, clock=house.clock, region="BR")
        assert await desk.close(author, second.id, [number], Closing.LEFT) == 0
        with pytest.raises(Denied):
            await desk.close(STRANGER, first.id, [number], Closing.LEFT)
        with pytest.raises(InputError):
            await desk.close(author, first.id, [], Closing.LEFT)


async def test_an_answer_after_three_days_is_told_that_it_is_late(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house, Channel.TELEGRAM)
        alert = await alerted(house)
        house.clock.forward(timedelta(days=2))
        await house.send_out()
        await ana.taps("I am safe")
        assert (await recipient(house, alert.id, ana)).safety is Safety.SAFE

        house.clock.forward(timedelta(days=4))
        await ana.taps("I need help")

        assert (await recipient(house, alert.id, ana)).safety is Safety.SAFE
        assert [case.topic.value for case in await ana.cases()] == ["danger"]


async def test_a_drills_question_is_heard_apart_from_an_alerts(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        drill = await alerted(house, BroadcastKind.DRILL)
        alert = await alerted(house)
        await ana.says("1")
        assert (await recipient(house, alert.id, ana)).safety is Safety.SAFE
        assert (await recipient(house, drill.id, ana)).safety is None


LATER = [
    "my boss beats me and I am bleeding",
    "help me",
    "I need help with my salary",
    "my agency took my passport help",
]


@pytest.mark.parametrize("words", LATER)
@pytest.mark.parametrize("first", ["what is this", "1"])
async def test_r2_what_is_told_in_private_after_an_alert_is_no_answer_to_it(
    tmp_path: Path, words: str, first: str
) -> None:
    """The question of an alert that is over may still stand open: the employer's board must not move by it."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house, expires_at=house.clock.now() + timedelta(hours=1), repeats=())
        await ana.says(first)
        before = await recipient(house, alert.id, ana)
        house.clock.forward(timedelta(hours=2))
        await house.send_out()
        await house.desk.life.keep_time()

        heard = len(ana.said)
        await ana.says(words)

        after = await recipient(house, alert.id, ana)
        assert (after.safety, after.state) == (before.safety, before.state)
        assert len(ana.said) > heard


async def test_a_number_still_answers_an_alert_that_is_over(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house, expires_at=house.clock.now() + timedelta(hours=1), repeats=())
        await ana.says("what is this")
        house.clock.forward(timedelta(hours=2))
        await house.desk.life.keep_time()
        await ana.says("२")
        assert (await recipient(house, alert.id, ana)).safety is Safety.HELP


async def test_r2_no_secret_number_of_a_colleague_finds_them(tmp_path: Path) -> None:
    """Else whoever has a number learns by the board whose it is, and that they write to us from it."""
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house)
        await _listed_as(house, luis, Listing(name="Luis Rojas", phones=("+5551977770000",)))
        alert = await alerted(house)
        await ana.says("1")
        await ana.says("3")
        await ana.says(luis.address.path)
        assert (await recipient(house, alert.id, luis)).safety is None
        ana.hears("cannot find this person")


async def test_r3_who_has_changed_employers_hears_the_name_of_the_one_who_sees_the_answer(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        async with house.store.transaction() as unit:
            (theirs,) = await unit.sites.employers()
            await unit.sites.put(Employer(id=EmployerId("other"), name="Other Works"), [])
        await alerted(house)
        contact = await ana.contact()
        async with house.store.transaction() as unit:
            await unit.contacts.save(replace(contact, employer=EmployerId("other"), site=None, listing=None))
        await ana.says("1")
        ana.hears(f"{theirs.name} now sees that you are safe")
