"""R14: what is heard while a person has the conversation, without a word of the bot's: no NLU server answers here."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.broadcast import BroadcastKind
from bot.domain.case import CaseStatus, Topic, Urgency
from bot.domain.checkin import RecipientState, Safety
from bot.domain.contact import Channel, Permission
from bot.domain.delivery import Lane
from bot.domain.errors import Denied, InputError
from bot.domain.message import MessageKind
from bot.services.access import Reader
from bot.services.desk import REFUSED, HandBack
from bot.services.queue import Place, place_of
from bot.services.turn import ASKED_BY
from tests.dialogue import Muster, Worker, muster
from tests.services.alarm import alerted, employed, recipient
from tests.services.takeover import UNPAID, begin_to_listen, claim_of, id_of, row_of, taken, written


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Muster]:
    async with muster(tmp_path) as opened:
        yield opened


async def owned_by_olga(house: Muster, channel: Channel = Channel.SMS) -> tuple[Worker, Reader]:
    """Somebody of the employer's, whose conversation Olga has."""
    ana, olga = await employed(house, channel), await house.operator("olga")
    await ana.says(UNPAID)
    await house.operators.claim(olga, await id_of(ana))
    begin_to_listen(ana)
    return ana, olga


# --- STOP, START, blocked ---------------------------------------------------------------------------------------------


async def test_stop_is_obeyed_confirmed_once_and_binds_the_person_too(house: Muster) -> None:
    """R19."""
    worker, olga = await taken(house)
    contact = await id_of(worker)
    await worker.says("STOP")
    worker.hears("You get no more messages from us here")
    assert len(worker._unread()) == 1
    begin_to_listen(worker)
    with pytest.raises(InputError, match="written STOP"):
        await house.operators.reply(olga, contact, written("But wait."))
    assert worker.heard == ""
    await worker.says("START")
    assert worker.heard
    await house.operators.reply(olga, contact, written("Welcome back."))
    worker.hears("Welcome back.")
    claim = await claim_of(house, contact)
    assert claim is not None
    assert claim.staff == "olga"


async def test_who_has_stopped_can_be_handed_back_without_a_word_and_no_old_question_waits(house: Muster) -> None:
    worker, olga = await taken(house)
    contact = await id_of(worker)
    await worker._sends(kind=MessageKind.BLOCKED)
    begin_to_listen(worker)
    with pytest.raises(InputError, match=REFUSED[:20]):
        await house.operators.reply(olga, contact, written("Are you there?"))
    await house.operators.hand_back(olga, contact, HandBack.END)
    assert worker.heard == ""
    assert await claim_of(house, contact) is None
    assert await worker.sessions() == []


async def test_a_channel_that_its_owner_blocked_is_noted_in_silence(house: Muster) -> None:
    worker, _ = await taken(house)
    await worker._sends(kind=MessageKind.BLOCKED)
    assert worker.heard == ""
    assert [reach.permission for reach in (await worker.contact()).reaches] == [Permission.REFUSED]


# --- alerts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [BroadcastKind.ALERT, BroadcastKind.DRILL])
async def test_an_alert_and_a_drill_reach_who_speaks_with_a_person_and_the_answer_counts(
    house: Muster, kind: BroadcastKind
) -> None:
    """R21: alerts are the exception; the answer is kept, and the bot says nothing to it."""
    ana, _ = await owned_by_olga(house)
    alert = await alerted(house, kind)
    assert "Flood at" in ana.heard
    assert ana.heard.startswith("DRILL") is (kind is BroadcastKind.DRILL)
    await ana.says("1")
    assert ana.heard == ""
    answered = await recipient(house, alert.id, ana)
    assert (answered.state, answered.safety) == (RecipientState.ANSWERED, Safety.SAFE)


async def test_a_tap_that_asks_for_help_is_put_before_the_person(house: Muster) -> None:
    """R11."""
    ana, olga = await owned_by_olga(house)
    alert = await alerted(house)
    await ana.taps("I need help")
    assert ana.heard == ""
    assert (await recipient(house, alert.id, ana)).safety is Safety.HELP
    row = await row_of(house, await id_of(ana))
    assert row is not None
    assert row.urgency is Urgency.CRITICAL
    assert {(case.status, case.owner) for case in await ana.cases()} == {(CaseStatus.IN_PROGRESS, olga.id)}


async def test_words_that_do_not_plainly_answer_an_alert_stay_with_the_person(house: Muster) -> None:
    """R10: a doubt is never "safe"."""
    ana, _ = await owned_by_olga(house)
    alert = await alerted(house)
    await ana.says("thank you for your help madam")
    assert ana.heard == ""
    assert (await recipient(house, alert.id, ana)).state is not RecipientState.ANSWERED


async def test_after_the_hand_back_an_alert_that_was_answered_is_not_asked_again(house: Muster) -> None:
    ana, olga = await owned_by_olga(house)
    await alerted(house)
    await ana.says("1")
    await house.operators.hand_back(olga, await id_of(ana), HandBack.RESUME)
    ana.hears_not("Are you safe?")
    await ana.is_at("unpaid_wages.safe_now")


# --- danger, and all the other things that people write ---------------------------------------------------------------


@pytest.mark.parametrize("text", ["🆘", "ayuda el agua sube estamos atrapados", "पानी बढ्यो हामीलाई बचाउनुस्"])
async def test_a_danger_is_put_before_the_person_without_a_word_of_the_bot(house: Muster, text: str) -> None:
    """R11, R16."""
    worker, olga = await taken(house)
    contact = await id_of(worker)
    await house.operators.reply(olga, contact, written("Good evening."))
    await worker.says(text)
    assert worker.heard == ""
    (case,) = [case for case in await worker.cases() if case.topic in (Topic.DANGER, Topic.MEDICAL)]
    assert (case.urgency, case.status, case.owner) == (Urgency.CRITICAL, CaseStatus.IN_PROGRESS, "olga")
    row = await row_of(house, contact)
    assert row is not None
    assert place_of(row, house.clock.now()) is Place.OWED


@pytest.mark.parametrize(
    "what",
    [
        {"text": "I meant four months", "kind": MessageKind.EDITED},
        {"text": "", "kind": MessageKind.JOINED},
        {"text": "Pomar-7", "kind": MessageKind.WORDS},
        {"text": "erase me", "kind": MessageKind.WORDS},
    ],
    ids=lambda what: f"{what['kind']}:{what['text']}",
)
async def test_corrections_joining_and_wishes_are_the_persons_to_read(house: Muster, what: dict[str, object]) -> None:
    worker, olga = await taken(house)
    await worker._sends(**what)
    assert worker.heard == ""
    view = await house.operators.open(olga, await id_of(worker))
    heard = [entry.message for entry in view.entries if entry.message is not None]
    assert (heard[-1].received.text, heard[-1].received.kind) == (what["text"], what["kind"])


async def test_a_flow_that_a_new_version_broke_is_let_go_in_silence_and_a_case_says_so(house: Muster) -> None:
    """R22."""
    worker, _ = await taken(house)
    contact = await id_of(worker)
    (session,) = await worker.sessions()
    async with house.store.transaction(contact) as unit:
        await unit.sessions.save(replace(session, step="gone"))
    await worker.says("are you there?")
    assert worker.heard == ""
    (fault,) = [case for case in await worker.cases() if case.topic is Topic.FAULT]
    assert (fault.status, fault.owner) == (CaseStatus.IN_PROGRESS, "olga")
    assert await worker.sessions() == []


async def test_whatever_fails_in_us_while_a_person_speaks_is_that_persons_to_see(
    house: Muster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R22: the fallback text would be a second voice."""
    worker, olga = await taken(house)

    async def fail(*_: object, **__: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(type(house.conversation), "_decide", fail)
    await worker.says("are you there?")
    assert worker.heard == ""
    assert Topic.FAULT in {case.topic for case in await worker.cases()}
    view = await house.operators.open(olga, await id_of(worker))
    assert "are you there?" in [entry.text for entry in view.entries]


async def test_who_is_erased_is_gone_from_the_desk_too(house: Muster) -> None:
    """R18: claim, history and queue; who had the conversation learns no more than of what never was."""
    worker, olga = await taken(house)
    contact = await id_of(worker)
    await house.operators.note(olga, contact, "speaks softly")
    async with house.store.transaction(contact) as unit:
        await unit.contacts.erase(contact)
    assert await claim_of(house, contact) is None
    assert await row_of(house, contact) is None
    for late in (
        house.operators.reply(olga, contact, written("Hello?")),
        house.operators.give_back(olga, contact),
        house.operators.hand_back(olga, contact, HandBack.END),
        house.operators.note(olga, contact, "gone?"),
        house.operators.open(olga, contact),
    ):
        with pytest.raises(Denied):
            await late
    async with house.store.look() as unit:
        assert await unit.activities.of(contact, 100) == []


# --- a question on behalf of the person -------------------------------------------------------------------------------


async def test_a_question_of_the_library_is_asked_answered_into_the_case_and_nothing_follows(house: Muster) -> None:
    worker, olga = await taken(house, "hello")
    contact = await id_of(worker)
    await house.operators.ask(olga, contact, "unpaid_wages")
    worker.hears("Is it safe for you to write now?")
    await worker.taps("Yes")
    worker.hears("Who should have paid you?")
    await worker.says("Fazenda Boa Terra")
    for answer in ("3", "skip", "skip"):
        await worker.says(answer)
    await worker.taps("Yes")
    (case,) = [case for case in await worker.cases() if case.topic is Topic.WAGES]
    assert (case.status, case.owner) == (CaseStatus.IN_PROGRESS, "olga")
    assert case.facts["employer"] == "Fazenda Boa Terra"
    assert ASKED_BY not in case.facts
    begin_to_listen(worker)
    await worker.says("is that all?")
    assert worker.heard == "", "after the question the person speaks again, and the bot does not"


async def test_what_is_no_answer_to_the_question_stays_for_the_person_and_the_question_still_waits(
    house: Muster,
) -> None:
    worker, olga = await taken(house, "hello")
    await house.operators.ask(olga, await id_of(worker), "unpaid_wages")
    await worker.says("who are you and why do you ask me this")
    assert worker.heard == ""
    await worker.is_at("unpaid_wages.safe_now")
    await worker.taps("Yes")
    worker.hears("Who should have paid you?")


async def test_a_danger_in_the_middle_of_the_question_is_put_before_the_person(house: Muster) -> None:
    worker, olga = await taken(house, "hello")
    await house.operators.ask(olga, await id_of(worker), "unpaid_wages")
    await worker.taps("I am in danger")
    assert worker.heard == ""
    assert [(case.topic, case.urgency) for case in await worker.cases()] == [(Topic.DANGER, Urgency.CRITICAL)]


@pytest.mark.parametrize("how", HandBack)
async def test_handing_back_in_the_middle_of_the_question_lets_it_go(house: Muster, how: HandBack) -> None:
    worker, olga = await taken(house)  # the bot was asking about wages itself
    contact = await id_of(worker)
    await house.operators.ask(olga, contact, "find_job")
    begin_to_listen(worker)
    await house.operators.hand_back(olga, contact, how)
    flows = {session.flow for session in await worker.sessions()}
    assert flows == ({"unpaid_wages"} if how is HandBack.RESUME else set())
    assert not [session for session in await worker.sessions() if ASKED_BY in session.answers]


async def test_a_second_question_takes_the_place_of_the_first(house: Muster) -> None:
    worker, olga = await taken(house, "hello")
    contact = await id_of(worker)
    await house.operators.ask(olga, contact, "find_job")
    await house.operators.ask(olga, contact, "unpaid_wages")
    lent = [session.flow for session in await worker.sessions() if ASKED_BY in session.answers]
    assert lent == ["unpaid_wages"]


async def test_nobody_can_be_asked_what_is_in_no_library(house: Muster) -> None:
    worker, olga = await taken(house)
    for flow in ("", "no_such_flow", "../flows/stop"):
        with pytest.raises(InputError, match="no such question"):
            await house.operators.ask(olga, await id_of(worker), flow)


async def test_what_a_person_writes_goes_out_before_alerts_to_many(house: Muster) -> None:
    worker, olga = await taken(house)
    contact = await id_of(worker)
    await house.operators.reply(olga, contact, written("Good evening."))
    async with house.store.look() as unit:
        last = (await unit.deliveries.history(contact, 1))[0]
    assert last.lane is Lane.REPLY
