"""What is said of somebody's safety: by themselves, by others, changed, late, to a person who has taken over."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.broadcast import Broadcast, BroadcastKind
from bot.domain.checkin import Closing, RecipientState, Safety, Source
from bot.domain.contact import Channel, Listing
from bot.domain.employer import Employer, EmployerId
from bot.domain.errors import Denied, InputError
from bot.domain.message import Understanding
from bot.domain.staff import Role
from bot.services.access import Reader
from bot.services.board import BoardDesk
from bot.services.checkins import CheckInDesk
from bot.services.ports import Guess
from tests.dialogue import Muster, Worker, muster
from tests.services.alarm import FLOOD, STRANGER, alerted, employed, people, recipient


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


OURS = "Muster"


async def alerted_by_us(house: Muster) -> Broadcast:
    """An alert of the organisation itself, for all employers' people."""
    one, two = (Reader(role=Role.ADMINISTRATOR, id=name) for name in ("root", "toor"))
    draft = await house.desk.draft(one, replace(house.desk.new(one, BroadcastKind.ALERT), event="Flood", infos=FLOOD))
    recipients = (await house.desk.preview(two, draft.id)).recipients
    await house.desk.submit(one, draft.id)
    await house.desk.approve(two, draft.id, recipients=recipients)
    await house.send_out()
    return draft


async def test_r3_who_answers_the_organisations_own_alert_never_hears_that_the_employer_sees_it(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        await alerted_by_us(house)
        assert f"{OURS} sees your answer. Your employer does not." in ana.said[-1].text
        await ana.says("1")
        ana.hears(f"{OURS} now sees that you are safe. Your employer does not.")


# --- drills -------------------------------------------------------------------------------------------------------

ONLY_A_DRILL = {"en": "only a DRILL", "es": "solo un SIMULACRO", "ne": "अभ्यास मात्र", "ar": "تدريب فقط"}


class Understood:
    """Understands every message the same."""

    def __init__(self, intent: str) -> None:
        self._intent = intent

    async def understand(self, text: str, language: str | None) -> Understanding:
        return Understanding(ranking=((self._intent, 0.95),))


@pytest.mark.parametrize("language", ONLY_A_DRILL)
@pytest.mark.parametrize(
    "said", [("1",), ("2",), ("3",), ("3", "3"), ("1", "3"), ("1", "3", "x y z"), ("zzz",), ("zzz",) * 3]
)
async def test_r9_whatever_is_answered_in_a_drill_begins_with_saying_so(
    tmp_path: Path, language: str, said: tuple[str, ...]
) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house, Channel.TELEGRAM, language, is_language_confirmed=True)
        await alerted(house, BroadcastKind.DRILL)
        for words in said:
            before = len(ana.said)
            await ana.says(words)
            assert ONLY_A_DRILL[language] in ana.said[before].text


@pytest.mark.parametrize("intent", ["menu", "situation_info", "out_of_scope"])
async def test_r9_who_asks_what_a_drill_is_hears_that_it_is_one_and_is_asked_again(tmp_path: Path, intent: str) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        drill = await alerted(house, BroadcastKind.DRILL)
        house.conversation.listening.understander = Understood(intent)
        await ana.says("what is all this now, who are you")
        ana.hears("This is only a DRILL.")
        await ana.is_at("check_in.asked")
        await ana.says("1")
        assert (await recipient(house, drill.id, ana)).safety is Safety.SAFE


async def test_danger_told_in_a_drill_is_danger_and_then_hears_that_the_alert_was_a_drill(tmp_path: Path) -> None:
    """R1, R9: a real fire can come during a drill."""
    async with muster(tmp_path) as house:
        ana = await employed(house, Channel.TELEGRAM)
        await alerted(house, BroadcastKind.DRILL)
        before = len(ana.said)
        await ana.says("the factory is on fire we are trapped")
        assert "193" in ana.said[before].text
        assert "only a DRILL" in ana.said[before + 1].text
        assert [case.topic.value for case in await ana.cases()] == ["danger"]


async def test_r9_nothing_real_is_called_a_drill(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        await alerted(house)
        for words in ("zzz", "1", "2"):
            await ana.says(words)
            ana.hears_not("DRILL")


# --- what was put aside, and what is over -------------------------------------------------------------------------


async def test_a_phrase_that_says_safe_counts_while_the_alert_asks_though_a_menu_came_between(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house)
        await ana.says("menu")
        await ana.is_at("menu.main")

        await ana.says("ok ako")

        assert (await recipient(house, alert.id, ana)).safety is Safety.SAFE
        assert ana.said[-1].language == "en"


async def test_danger_told_at_the_menu_is_the_alerts_answer_too(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house)
        await ana.says("menu")
        await ana.says("we are trapped the water is rising")
        assert (await recipient(house, alert.id, ana)).safety is Safety.HELP


@pytest.mark.parametrize("words", ["yes", "4", "food", "hello there"])
async def test_what_belongs_to_the_menu_is_no_answer_to_the_alert(tmp_path: Path, words: str) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house)
        await ana.says("menu")
        await ana.says(words)
        assert (await recipient(house, alert.id, ana)).safety is None


async def test_r2_what_is_told_in_a_private_talk_is_no_answer_to_the_alert_put_aside(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house)
        house.conversation.listening.understander = Understood("unpaid_wages")
        await ana.says("they owe me my wages since march")
        sessions = await ana.sessions()
        assert sessions[0].flow == "unpaid_wages"
        await ana.says("big problem")
        assert (await recipient(house, alert.id, ana)).safety is None


@pytest.mark.parametrize(("words", "language"), [("ok ako", "en"), ("malai yaha bata lagnus", "ne")])
async def test_r12_no_few_words_speak_against_the_language_of_the_list(
    tmp_path: Path, words: str, language: str
) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        house.conversation.listening.linguist = SurelyNepali()
        await ana.says(words)
        assert (await ana.contact()).language == language


class SurelyNepali:
    def guess(self, text: str, hint: str | None) -> Guess:
        return Guess(language="ne", is_sure=True)


async def _needing_help(house: Muster, kind: BroadcastKind = BroadcastKind.ALERT) -> tuple[Worker, Broadcast]:
    """Somebody who said so, and with whom nothing waits any more."""
    ana = await employed(house)
    alert = await alerted(house, kind, repeats=())
    await ana.says("2")
    await ana.says("2")  # cannot write now
    assert not await ana.sessions()
    return ana, alert


async def test_the_number_of_a_question_that_is_over_is_asked_back(tmp_path: Path) -> None:
    """What once was "3 I am safe now" chooses nothing in a menu that begins with danger."""
    async with muster(tmp_path) as house:
        ana, alert = await _needing_help(house)
        await ana.says("3")
        ana.hears("I do not know which question that answers.")
        ana.hears("Are you safe?")
        await ana.is_at("check_in.asked")
        assert (await recipient(house, alert.id, ana)).safety is Safety.HELP


async def test_a_number_that_answers_nothing_is_asked_back_where_no_alert_is(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        await ana.says("3")
        ana.hears("I do not know which question that answers.")
        await ana.is_at("menu.main")


async def test_r10_who_wrote_to_be_safe_after_asking_for_help_is_asked_and_the_board_stays_cautious(
    tmp_path: Path,
) -> None:
    async with muster(tmp_path) as house:
        ana, alert = await _needing_help(house)
        house.conversation.listening.understander = Understood("report_safe")
        board = BoardDesk(store=house.store, clock=house.clock)

        await ana.says("we came out of there in the end")

        ana.hears("Are you safe?")
        assert (await recipient(house, alert.id, ana)).safety is Safety.HELP
        assert [person.has_written_safe for person in (await board.read(alert.id)).helped] == [True]
        await ana.says("1")
        assert (await recipient(house, alert.id, ana)).safety is Safety.SAFE
        assert not (await board.read(alert.id)).helped


async def test_who_says_safe_to_the_alert_and_once_more_is_not_asked_again(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house)
        await ana.says("1")
        await ana.waits(timedelta(days=1, minutes=1))
        house.conversation.listening.understander = Understood("report_safe")
        await ana.says("we are all out of there in the end")
        ana.hears("It is good that you are safe.")
        assert (await recipient(house, alert.id, ana)).safety is Safety.SAFE


async def test_r9_a_drills_question_asked_back_says_first_that_it_is_one(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, _ = await _needing_help(house, BroadcastKind.DRILL)
        await ana.says("3")
        assert ana.heard.startswith("This is only a DRILL.")
