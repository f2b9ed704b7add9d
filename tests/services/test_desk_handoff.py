"""R14: the eleven ways in which handoff between bot and human is known to fail, and that none of them is ours."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.activity import ActivityKind
from bot.domain.case import CaseStatus, Outcome, Topic
from bot.domain.errors import Conflict
from bot.domain.message import Received
from bot.domain.session import SessionStatus
from bot.services.desk import HandBack
from bot.services.ports import Inbound
from bot.services.queue import Place, place_of
from bot.services.timeline import Speaker
from tests.dialogue import Muster, Worker, muster
from tests.services.takeover import (
    UNPAID,
    WANTS_A_PERSON,
    begin_to_listen,
    claim_of,
    deliveries,
    id_of,
    is_the_bots,
    row_of,
    taken,
    written,
)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Muster]:
    async with muster(tmp_path) as opened:
        yield opened


# --- 1: the bot answers after the takeover ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["Yes", "where is a shelter", "hello?", "1", "weather", "menu", "👍", "¿dónde hay un albergue?", "मेनु"]
)
async def test_the_bot_says_nothing_from_claim_to_hand_back(house: Muster, text: str) -> None:
    worker, olga = await taken(house)
    await worker.says(text)
    assert worker.heard == ""
    await house.operators.reply(olga, await id_of(worker), written("I am reading."))
    worker.hears("I am reading.")
    await worker.says(text)
    assert worker.heard == ""


async def test_the_bot_s_reminder_does_not_go_out_while_a_person_speaks(house: Muster) -> None:
    """A question put aside lapses in silence; the claim had not seen one that an alert opened later either."""
    worker, _ = await taken(house)
    await worker.waits(timedelta(days=2))
    assert worker.heard == ""


async def test_a_question_left_waiting_by_a_race_is_put_aside_in_silence_when_it_lapses(house: Muster) -> None:
    worker, _ = await taken(house)
    contact = await id_of(worker)
    (session,) = await worker.sessions()
    async with house.store.transaction(contact) as unit:
        due = replace(session, status=SessionStatus.WAITING, waits_until=house.clock.now())
        await unit.sessions.save(due)
    await worker.waits(timedelta(minutes=1))
    assert worker.heard == ""
    assert [one.status for one in await worker.sessions()] == [SessionStatus.SUSPENDED]


# --- 2: a stale screen makes two answers ------------------------------------------------------------------------------


async def test_who_no_longer_has_the_conversation_cannot_answer_in_it(house: Muster) -> None:
    """Olga's screen is old: Omar has it meanwhile. What she writes is refused, and the contact hears one person."""
    worker, olga = await taken(house)
    omar, contact = await house.operator("omar"), await id_of(worker)
    await house.operators.give_back(olga, contact)
    await house.operators.claim(omar, contact)
    begin_to_listen(worker)
    with pytest.raises(Conflict, match="Somebody else has"):
        await house.operators.reply(olga, contact, written("Two of us?"))
    await house.operators.reply(omar, contact, written("One of us."))
    assert worker.heard == "One of us."


async def test_who_has_handed_back_cannot_answer_beside_the_bot(house: Muster) -> None:
    worker, olga = await taken(house)
    contact = await id_of(worker)
    await house.operators.hand_back(olga, contact, HandBack.END)
    begin_to_listen(worker)
    for late in (
        house.operators.reply(olga, contact, written("One more thing.")),
        house.operators.ask(olga, contact, "unpaid_wages"),
        house.operators.transfer(olga, contact, olga.id),  # type: ignore[arg-type]
    ):
        with pytest.raises(Conflict, match="Take it first"):
            await late
    assert worker.heard == ""


# --- 3: two processes handle one message ------------------------------------------------------------------------------


async def test_two_processes_that_have_the_same_message_answer_it_once(house: Muster) -> None:
    worker, contact = house.worker(), None
    await worker.says("hello")
    contact = await id_of(worker)
    before = len(await deliveries(house, contact))
    await house.inbox.take(_message(worker, "where is a shelter"))
    await asyncio.gather(*(house.conversation.handle(contact) for _ in range(2)))
    answers = {delivery.origin for delivery in (await deliveries(house, contact))[before:]}
    assert len(answers) == 1
    said = [delivery.content.text for delivery in (await deliveries(house, contact))[before:]]
    assert len(said) == len(set(said))


async def test_two_processes_that_have_a_message_for_a_person_leave_it_to_that_person(house: Muster) -> None:
    worker, _ = await taken(house)
    contact = await id_of(worker)
    before = len(await deliveries(house, contact))
    await house.inbox.take(_message(worker, "where is a shelter"))
    await asyncio.gather(*(house.conversation.handle(contact) for _ in range(2)))
    assert len(await deliveries(house, contact)) == before
    row = await row_of(house, contact)
    assert row is not None
    assert place_of(row, house.clock.now()) is Place.OWED


# --- 4: a human is assigned, but the state says pending ---------------------------------------------------------------


async def test_whoever_is_in_somebody_s_hands_has_no_case_that_waits(house: Muster) -> None:
    """Those that were there, those that come while a person speaks, and after a transfer."""
    worker, olga = await taken(house, WANTS_A_PERSON)
    contact, pia = await id_of(worker), await house.operator("pia")
    assert {(case.status, case.owner) for case in await worker.cases()} == {(CaseStatus.IN_PROGRESS, "olga")}
    await worker.says("🆘")
    assert {(case.status, case.owner) for case in await worker.cases()} == {(CaseStatus.IN_PROGRESS, "olga")}
    assert len(await worker.cases()) == 2
    await house.operators.transfer(olga, contact, pia.id)  # type: ignore[arg-type]
    assert {(case.status, case.owner) for case in await worker.cases()} == {(CaseStatus.IN_PROGRESS, "pia")}
    row = await row_of(house, contact)
    assert row is not None
    assert CaseStatus.OPEN not in row.statuses
    assert row.claim is not None


# --- 5: nobody is notified --------------------------------------------------------------------------------------------


async def test_who_asks_for_a_person_stands_in_the_queue_with_the_very_answer(house: Muster) -> None:
    """R11: the same transaction, so that no failure between the two leaves somebody promised and unseen."""
    worker, olga = house.worker(), await house.operator("olga")
    await worker.says("hello")
    await worker.says(WANTS_A_PERSON)
    (row,) = await house.operators.queue(olga)
    assert row.contact == await id_of(worker)
    assert place_of(row, house.clock.now()) is Place.WAITING
    assert row.due_at is not None


async def test_who_was_given_back_stands_in_the_queue_though_every_case_was_closed(house: Muster) -> None:
    """They are told that another person will write: somebody must know of it."""
    worker, olga = await taken(house, WANTS_A_PERSON)
    contact = await id_of(worker)
    await _resolve_all(house, worker)
    begin_to_listen(worker)
    await house.operators.give_back(olga, contact)
    worker.hears("Another person will write to you")
    row = await row_of(house, contact)
    assert row is not None
    assert place_of(row, house.clock.now()) is Place.WAITING


async def test_who_asks_again_while_the_matter_rests_waits_in_the_queue_again(house: Muster) -> None:
    worker, olga = await taken(house, WANTS_A_PERSON)
    contact, now = await id_of(worker), house.clock.now()
    await house.operators.reply(olga, contact, written("We call the labour office."))
    later = now + timedelta(days=5)
    await house.operators.hand_back(olga, contact, HandBack.END, next_step="call them", next_step_at=later)
    row = await row_of(house, contact)
    assert row is not None
    assert place_of(row, house.clock.now()) is Place.RESTING
    await worker.says(WANTS_A_PERSON)
    worker.hears("A person will answer you here")
    row = await row_of(house, contact)
    assert row is not None
    assert place_of(row, house.clock.now()) is Place.WAITING
    assert row.due_at is not None, "they wait for an answer anew"


async def test_who_asks_again_after_an_answer_waits_on_a_new_clock(house: Muster) -> None:
    worker, olga = await taken(house, WANTS_A_PERSON)
    contact = await id_of(worker)
    await house.operators.reply(olga, contact, written("Good evening."))
    await house.operators.hand_back(olga, contact, HandBack.END)
    row = await row_of(house, contact)
    assert row is not None
    assert row.due_at is None
    house.clock.forward(timedelta(hours=3))
    await worker.says(WANTS_A_PERSON)
    row = await row_of(house, contact)
    assert row is not None
    assert row.due_at is not None
    assert row.due_at > house.clock.now()


# --- 6: the status is not stored --------------------------------------------------------------------------------------


async def test_every_change_of_hands_is_stored_with_what_it_changes(house: Muster) -> None:
    worker, olga = await taken(house, WANTS_A_PERSON)
    contact = await id_of(worker)
    await house.operators.reply(olga, contact, written("Good evening."))
    await house.operators.hand_back(olga, contact, HandBack.END, closing=Outcome.HELPED)
    async with house.store.look() as unit:
        done = [activity.kind for activity in await unit.activities.of(contact, 100)]
        assert await unit.claims.of(contact) is None
    assert done == [
        ActivityKind.CASE_OPENED,
        ActivityKind.CLAIMED,
        ActivityKind.ANSWERED,
        ActivityKind.STATUS,
        ActivityKind.HANDED_BACK,
    ]
    (case,) = await worker.cases()
    assert (case.status, case.outcome) == (CaseStatus.RESOLVED, Outcome.HELPED)
    assert case.closed_at is not None
    assert case.answered_at is not None


async def test_a_claim_that_cannot_be_finished_leaves_nothing(house: Muster, monkeypatch: pytest.MonkeyPatch) -> None:
    """All or nothing: no claim without its word to the contact, no word without its claim."""
    worker, olga = house.worker(), await house.operator("olga")
    await worker.says(UNPAID)
    contact = await id_of(worker)
    before = len(await deliveries(house, contact))
    sessions = await worker.sessions()

    async def fail(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(type(house.operators), "_name", fail)
    with pytest.raises(ZeroDivisionError):
        await house.operators.claim(olga, contact)
    assert await claim_of(house, contact) is None
    assert len(await deliveries(house, contact)) == before
    assert await worker.sessions() == sessions


# --- 7: a reopened conversation skips the bot -------------------------------------------------------------------------


async def test_the_next_message_after_closing_starts_fresh_with_the_bot(house: Muster) -> None:
    worker, olga = await taken(house, WANTS_A_PERSON)
    contact = await id_of(worker)
    await house.operators.hand_back(olga, contact, HandBack.END, closing=Outcome.HELPED)
    await worker.says("where is a shelter")
    assert worker.heard, "the bot answers"
    assert {delivery.origin[:8] for delivery in (await deliveries(house, contact))[-1:]} == {"message:"}
    assert await row_of(house, contact) is None
    (old,) = await worker.cases()
    await worker.says(WANTS_A_PERSON)
    assert [case.id for case in await worker.cases() if case.status is CaseStatus.OPEN] not in ([], [old.id])


# --- 8: the bot stays silent after the hand-back ----------------------------------------------------------------------


@pytest.mark.parametrize("how", HandBack)
async def test_the_bot_speaks_again_after_the_hand_back(house: Muster, how: HandBack) -> None:
    worker, olga = await taken(house)
    contact = await id_of(worker)
    begin_to_listen(worker)
    await house.operators.hand_back(olga, contact, how)
    worker.hears("Olga has ended this talk. From now on you are writing with a program again.")
    await worker.says("menu")
    assert worker.options


async def test_nobody_is_left_between_two_voices_when_who_had_them_gave_them_back(house: Muster) -> None:
    """After giving back the bot speaks, until another person takes them."""
    worker, olga = await taken(house, WANTS_A_PERSON)
    contact = await id_of(worker)
    await house.operators.give_back(olga, contact)
    await worker.says("where is a shelter")
    assert worker.heard


# --- 9: the closing text is sent twice --------------------------------------------------------------------------------


async def test_the_closing_words_come_once_however_often_and_fast_it_is_clicked(house: Muster) -> None:
    worker, olga = await taken(house)
    contact = await id_of(worker)
    begin_to_listen(worker)
    clicks = (house.operators.hand_back(olga, contact, HandBack.END) for _ in range(5))
    ends = await asyncio.gather(*clicks, return_exceptions=True)
    assert [type(end) for end in ends].count(Conflict) == 4
    assert worker.heard.count("has ended this talk") == 1


async def test_giving_back_is_told_once(house: Muster) -> None:
    worker, olga = await taken(house)
    contact = await id_of(worker)
    begin_to_listen(worker)
    given = await asyncio.gather(*(house.operators.give_back(olga, contact) for _ in range(5)))
    assert sorted(given) == [False, False, False, False, True]
    assert worker.heard.count("has to leave") == 1


async def test_who_takes_twice_is_introduced_once(house: Muster) -> None:
    worker, olga = await taken(house)
    contact = await id_of(worker)
    await house.operators.claim(olga, contact)
    assert sum("writing with a person" in content.text for content in worker.said) == 1


# --- 10: the flow cannot resume ---------------------------------------------------------------------------------------


async def test_the_flow_goes_on_at_the_question_where_the_person_came(house: Muster) -> None:
    worker, olga = await taken(house)
    asked = worker.said[-2].text  # before the word that a person is here
    await house.operators.hand_back(olga, await id_of(worker), HandBack.RESUME)
    await worker.is_at("unpaid_wages.safe_now")
    assert worker.said[-1].text in asked
    await worker.taps("Yes")
    worker.hears("Who should have paid you?")


async def test_the_flow_goes_on_after_a_long_talk(house: Muster) -> None:
    worker, olga = await taken(house)
    await worker.waits(timedelta(hours=12))
    await house.operators.hand_back(olga, await id_of(worker), HandBack.RESUME)
    await worker.is_at("unpaid_wages.safe_now")


async def test_a_flow_that_a_new_version_broke_hinders_no_hand_back(house: Muster) -> None:
    """R22: the operator gets rid of the conversation, the contact hears the bot, and a case says what was lost."""
    worker, olga = await taken(house)
    contact = await id_of(worker)
    (session,) = await worker.sessions()
    async with house.store.transaction(contact) as unit:
        await unit.sessions.save(replace(session, step="a step that is gone"))
    begin_to_listen(worker)
    await house.operators.hand_back(olga, contact, HandBack.RESUME)
    worker.hears("has ended this talk")
    assert await worker.sessions() == []
    assert Topic.FAULT in {case.topic for case in await worker.cases()}
    await worker.says("menu")
    assert worker.options


async def test_ending_leaves_no_question_open(house: Muster) -> None:
    worker, olga = await taken(house)
    await house.operators.hand_back(olga, await id_of(worker), HandBack.END)
    assert await worker.sessions() == []


# --- 11: the worker is not told who speaks ----------------------------------------------------------------------------

WHO = {
    "en": ("hello", "writing with a person: Olga", "Another person writes with you", "a program again"),
    "es": ("ayuda no me pagan el salario", "escribe una persona: Olga", "escribe otra persona", "con un programa"),
    "ne": ("मलाई तलब दिएको छैन", "मान्छेले लेख्नुहुन्छ: Olga", "अर्को मान्छेले", "प्रोग्रामले"),
    "ar": ("لم يدفعوا لي راتبي", "يرد عليك شخص: Olga", "شخص آخر", "برنامج"),
}


@pytest.mark.parametrize("language", WHO)
async def test_the_worker_is_told_in_their_language_who_speaks_from_when_on(house: Muster, language: str) -> None:
    """When a person comes, another comes, one goes back to the queue, and the bot speaks again; by first name only."""
    hello, joined, changed, left = WHO[language]
    worker = house.worker()
    await worker.says(hello)
    contact = await id_of(worker)
    async with house.store.transaction(contact) as unit:
        known = await unit.contacts.get(contact)
        assert known is not None
        await unit.contacts.save(replace(known, language=language, is_language_confirmed=True))
    olga, pia = await house.operator("olga"), await house.operator("pia")
    await house.operators.claim(olga, contact)
    assert joined in _plain(worker)
    await house.operators.transfer(olga, contact, pia.id, "speaks Nepali")  # type: ignore[arg-type]
    assert changed in _plain(worker)
    assert "Pia" in _plain(worker)
    await house.operators.hand_back(pia, contact, HandBack.END)
    assert left in _plain(worker)
    assert all(content.language == language for content in worker.said[-3:])
    assert "speaks Nepali" not in "".join(content.text for content in worker.said)


async def test_the_history_says_who_spoke(house: Muster) -> None:
    worker, olga = await taken(house)
    contact = await id_of(worker)
    await house.operators.reply(olga, contact, written("Good evening."))
    await worker.says("thank you")
    await house.operators.hand_back(olga, contact, HandBack.END)
    view = await house.operators.open(olga, contact)
    spoken = [entry.speaker for entry in view.entries if entry.speaker is not Speaker.NOBODY]
    assert spoken[-4:] == [Speaker.DESK, Speaker.STAFF, Speaker.CONTACT, Speaker.DESK]
    assert {entry.staff for entry in view.entries if entry.speaker in (Speaker.STAFF, Speaker.DESK)} == {"olga"}
    assert not [one for one in await deliveries(house, contact) if one.origin == "" and is_the_bots(one)]


# --- what these scenes need -------------------------------------------------------------------------------------------


def _plain(worker: Worker) -> str:
    """The last words without the marks that keep a name's direction."""
    return worker.said[-1].text.replace("\u2068", "").replace("\u2069", "")


def _message(worker: Worker, text: str) -> Inbound:
    received = Received(channel=worker.channel, address=worker.address, provider_id=f"twice-{text}", text=text)
    return Inbound(messages=(received,))


async def _resolve_all(house: Muster, worker: Worker) -> None:
    cases = await worker.cases()
    async with house.store.transaction(cases[0].contact) as unit:
        for case in cases:
            await unit.cases.save(replace(case, status=CaseStatus.RESOLVED, closed_at=house.clock.now()))
