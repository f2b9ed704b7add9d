"""An alert's road: expanded, sent in each reader's language, answered, repeated, failed over, stopped."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.broadcast import BroadcastKind
from bot.domain.checkin import RecipientState, Safety
from bot.domain.contact import Channel
from bot.domain.delivery import Lane
from bot.domain.errors import Denied, InputError, Reason, SendError
from tests.dialogue import muster
from tests.services.alarm import alerted, approved, drafted, employed, let_out, people, recipient, with_phone


async def test_each_reads_it_in_their_language_and_is_asked(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house, language="es")
        await alerted(house)

        assert "Flood at" in ana.said[-1].text
        assert "Inundación en" in luis.said[-1].text
        assert [option.label for option in ana.said[-1].options] == ["I am safe", "I need help"]


async def test_r12_who_gets_words_in_another_language_is_asked_in_their_own(tmp_path: Path) -> None:
    """Nobody stands for the Nepali words; what Muster itself says around them it can say in Nepali."""
    async with muster(tmp_path) as house:
        sita, ion = await employed(house, language="ne"), await employed(house, language="ro")
        await alerted(house, BroadcastKind.DRILL)

        assert sita.said[-1].text.startswith("अभ्यास")  # R9: in the reader's language
        assert "Flood at" in sita.said[-1].text
        assert [option.label for option in sita.said[-1].options] == ["म सुरक्षित छु", "मलाई मद्दत चाहियो"]
        assert ion.said[-1].text.startswith("DRILL")  # for which there is no catalog


async def test_an_answer_by_digit_is_kept_and_confirmed(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house)

        await ana.says("1")

        ana.hears("sees that you are safe")
        answered = await recipient(house, alert.id, ana)
        assert (answered.state, answered.safety) == (RecipientState.ANSWERED, Safety.SAFE)


async def test_r11_who_needs_help_is_on_the_road_to_help_at_once_with_a_case_at_the_top(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house)

        await ana.taps("I need help")

        assert (await recipient(house, alert.id, ana)).safety is Safety.HELP
        assert [case.urgency.name for case in await ana.cases()] == ["CRITICAL"]
        await ana.is_at("in_danger.can_write")


async def test_r11_a_danger_told_in_free_words_is_the_answer_help(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house)

        await ana.says("help us we are trapped, the water is rising")

        assert (await recipient(house, alert.id, ana)).safety is Safety.HELP


async def test_r21_a_running_flow_is_suspended_and_given_back(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house, Channel.TELEGRAM)
        await ana.says("my boss did not pay my salary")
        before = (await ana.sessions())[0]
        await alerted(house)

        await ana.taps("I am safe")

        assert before.flow in [session.flow for session in await ana.sessions()]
        await ana.is_at("resume.ask")


async def test_r7_the_author_of_a_live_alert_cannot_approve_it(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        author, approver = await people(house)
        draft = await drafted(house)
        with pytest.raises(Denied):
            await house.desk.approve(author, draft.id, recipients=1)
        changed = await house.desk.change(approver, draft)
        with pytest.raises(Denied):
            await house.desk.approve(approver, changed.id, recipients=1)


async def test_a_wrong_number_typed_sends_nothing(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        draft = await drafted(house)
        with pytest.raises(InputError, match="1 people, not 2"):
            await let_out(house, draft.id, 2)
        await house.send_out()
        assert not ana.said


async def test_r9_a_drill_says_so_first(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house, language="es")
        await alerted(house, BroadcastKind.DRILL)
        assert ana.said[-1].text.startswith("DRILL")
        assert luis.said[-1].text.startswith("SIMULACRO")


async def test_r10_the_silent_are_asked_again_until_they_answer(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house)
        alert = await alerted(house, repeats=(timedelta(minutes=10), timedelta(minutes=20)))
        await luis.says("1")

        for _ in range(4):
            house.clock.forward(timedelta(minutes=30))
            await house.send_out()

        asked = [content for content in ana.said if "Are you safe?" in content.text]
        assert len(asked) == 3
        assert (await recipient(house, alert.id, ana)).state is RecipientState.SENT
        assert len([content for content in luis.said if "Are you safe?" in content.text]) == 1


async def test_what_fails_goes_to_the_next_address(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, phone = await with_phone(house)
        house.broken[ana.address] = SendError(Reason.UNREACHABLE)

        alert = await alerted(house)

        assert not ana.said
        assert "Flood at" in phone.said[-1].text
        reached = await recipient(house, alert.id, ana)
        assert (reached.state, reached.channel, reached.round) == (RecipientState.SENT, Channel.SMS, 1)


async def test_whoever_cannot_be_reached_is_in_the_account_with_the_reason(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house)
        house.broken[ana.address] = SendError(Reason.UNREACHABLE)
        await luis.says("STOP")
        luis.said.clear()

        alert = await alerted(house)

        failed, refused = await recipient(house, alert.id, ana), await recipient(house, alert.id, luis)
        assert (failed.state, failed.reason) == (RecipientState.FAILED, Reason.UNREACHABLE)
        assert (refused.state, refused.reason) == (RecipientState.NOT_REACHED, Reason.OPTED_OUT)
        assert not luis.said


async def test_r8_a_cancel_tells_exactly_those_who_were_sent_it(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house)
        house.broken[luis.address] = SendError(Reason.UNREACHABLE)
        alert = await alerted(house)
        house.broken.clear()
        author, _ = await people(house)

        await house.desk.cancel(author, alert.id)
        await house.send_out()

        assert "CANCEL" in ana.said[-1].text.upper()
        assert not luis.said


async def test_r20_what_outlives_its_danger_is_not_sent(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        draft = await drafted(house, expires_at=house.clock.now() + timedelta(minutes=5))
        live = await let_out(house, draft.id, 1)
        house.clock.forward(timedelta(minutes=6))
        await house.send_out()
        assert not ana.said
        assert (await recipient(house, live.id, ana)).state is RecipientState.EXPIRED


async def test_an_answer_that_overtakes_the_record_of_its_question_is_heard(tmp_path: Path) -> None:
    """Somebody answers at once, or the process died that sent it: the send is on record only later."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await approved(house)
        claimed, _ = await house.outreach.claim(Channel.SMS, Lane.EMERGENCY, 10)
        outcomes = [(await house.outreach.send(*pair), pair[1]) for pair in claimed]

        await ana.says("1")

        ana.hears("sees that you are safe")
        await house.outreach.keep(outcomes)
        answered = await recipient(house, alert.id, ana)
        assert (answered.state, answered.safety) == (RecipientState.ANSWERED, Safety.SAFE)
        await ana.says("thanks")
        ana.hears_not("Are you safe?")


async def test_what_another_question_was_answered_is_no_answer_to_an_alert_that_is_just_going_out(
    tmp_path: Path,
) -> None:
    """Nobody is taken for safe who may not have read the question."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        await ana.says("my boss did not pay my salary")
        alert = await approved(house)
        await house.outreach.claim(Channel.SMS, Lane.EMERGENCY, 10)

        await ana.says("1")

        assert (await recipient(house, alert.id, ana)).safety is None
