"""One turn under stress: broken and missing flows, stacks of sessions, lapses, takeovers, channels that are gone."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.case import Case, Topic
from bot.domain.contact import Channel, Permission
from bot.domain.errors import Conflict, Unavailable
from bot.domain.message import Attachment, Received
from bot.domain.session import SessionStatus
from bot.engine.effects import Called
from bot.engine.loader import read_flow
from bot.services.conversation import JUST_RECEIVED, MAX_ATTEMPTS
from bot.services.ports import ActionSpec, Inbound
from tests.dialogue import Muster, Worker, muster

FIRE = "help fire we are trapped"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Muster]:
    async with muster(tmp_path) as opened:
        yield opened


def add_flow(house: Muster, source: str) -> None:
    """Put one more flow into the house, begun by its own name as a key word."""
    flow, problems = read_flow(source.encode(), f"{source.split()[1]}.yml")
    assert flow is not None, problems
    conversation = house.conversation
    conversation.house = replace(conversation.house, flows={**conversation.house.flows, flow.name: flow})
    words = {**conversation.triggers.words, flow.name: flow.name}
    conversation.triggers = replace(conversation.triggers, words=words)


def drop_flow(house: Muster, name: str) -> None:
    """A new version of Muster has no such flow any more."""
    flows = {known: flow for known, flow in house.conversation.house.flows.items() if known != name}
    house.conversation.house = replace(house.conversation.house, flows=flows)


async def faults(worker: Worker) -> list[Case]:
    return [case for case in await worker.cases() if case.topic is Topic.FAULT]


async def flows_of(worker: Worker) -> list[tuple[str, SessionStatus]]:
    return [(session.flow, session.status) for session in await worker.sessions()]


async def claims_wages(house: Muster, channel: Channel = Channel.WEBCHAT) -> Worker:
    """Somebody in the middle of a wage claim."""
    worker = house.worker(channel)
    await worker.says("my boss has not paid my wages")
    assert (await worker.sessions())[0].flow == "unpaid_wages"
    return worker


# --- STOP ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["STOP", "स्टप", "ALTO", "توقف"])
async def test_stop_works_as_the_very_first_word(house: Muster, word: str) -> None:
    """R19: no welcome, no question of language before it."""
    worker = house.worker(Channel.SMS)
    await worker.says(word)
    reach = (await worker.contact()).reach(worker.address)
    assert reach is not None
    assert reach.permission is Permission.REFUSED
    worker.hears_not("program")
    assert await worker.sessions() == []


async def test_stop_in_the_middle_ends_the_question_and_its_reminders(house: Muster) -> None:
    """R19."""
    worker = await claims_wages(house, Channel.SMS)
    await worker.says("STOP")
    heard = len(worker.said)
    await worker.waits(timedelta(days=8))
    assert len(worker.said) == heard
    assert await worker.sessions() == []


# --- flows that are gone, or broken ---------------------------------------------------------------------------------


async def test_danger_is_answered_although_the_open_question_is_gone(house: Muster) -> None:
    """R1, R22: after an update the flow of the open question is missing."""
    worker = await claims_wages(house)
    drop_flow(house, "unpaid_wages")
    await worker.says(FIRE)
    worker.hears("193")
    worker.hears_not("went wrong")
    assert (await worker.sessions())[0].flow == "in_danger"
    assert len(await faults(worker)) == 1


async def test_an_answer_to_a_question_that_is_gone_hears_so_once_and_goes_on(house: Muster) -> None:
    """R22."""
    worker = await claims_wages(house)
    drop_flow(house, "unpaid_wages")
    await worker.says("3 months")
    worker.hears("went wrong")
    assert len(await faults(worker)) == 1
    await worker.says("menu")
    worker.hears_not("went wrong")
    assert ("unpaid_wages", SessionStatus.WAITING) not in await flows_of(worker)


async def test_what_was_interrupted_and_is_gone_is_not_offered_again_and_again(house: Muster) -> None:
    """R22: going on fails once, with a case; afterwards it is let go."""
    worker = await claims_wages(house)
    await worker.says(FIRE)
    drop_flow(house, "unpaid_wages")
    for _ in range(14):
        if not (sessions := await worker.sessions()) or sessions[0].flow == "resume":
            break
        await worker.taps(worker.options[-1]) if worker.options else await worker.says("skip")
    if (sessions := await worker.sessions()) and sessions[0].flow == "resume":
        await worker.taps("Yes")
        worker.hears("went wrong")
    assert "unpaid_wages" not in [flow for flow, _ in await flows_of(worker)]
    assert len(await faults(worker)) == 1


async def test_a_lapse_that_fails_ends_the_session_and_a_person_learns_of_it(house: Muster) -> None:
    """R22: never an error every two seconds for ever."""
    worker = await claims_wages(house)
    drop_flow(house, "unpaid_wages")
    await worker.waits(timedelta(days=8))
    assert await worker.sessions() == []
    assert len(await faults(worker)) == 1


async def test_a_flow_that_says_nothing_still_leads_to_an_answer(house: Muster) -> None:
    """R22."""
    add_flow(house, "flow: mute\ntitle: Mute\nversion: 1\nabout: Says nothing.\nsteps:\n- end: true\n")
    worker = house.worker()
    await worker.says("menu")
    await worker.says("mute")
    assert worker.heard


async def test_flows_that_start_one_another_without_end_lead_to_a_person(house: Muster) -> None:
    """R22."""
    for name, other in (("ping", "pong"), ("pong", "ping")):
        add_flow(house, f"flow: {name}\ntitle: T\nversion: 1\nabout: A.\nsteps:\n- say: Hi.\n- start: {other}\n")
    worker = house.worker()
    await worker.says("menu")
    await worker.says("ping")
    worker.hears("went wrong")
    worker.hears_not("Hi.")
    assert len(await faults(worker)) == 1


# --- the stack ------------------------------------------------------------------------------------------------------


async def test_a_chain_of_flows_may_come_back_to_a_suspended_one(house: Muster) -> None:
    """R21, R22: begun anew in the same turn that had set it aside before."""
    add_flow(
        house, "flow: detour\ntitle: D\nversion: 1\nabout: A.\nsteps:\n- say: On the way.\n- start: unpaid_wages\n"
    )
    worker = await claims_wages(house)
    await worker.says(FIRE)
    await worker.says("weather")
    assert ("unpaid_wages", SessionStatus.SUSPENDED) in await flows_of(worker)
    await worker.says("detour")
    worker.hears("On the way.")
    assert [flow for flow, _ in await flows_of(worker)].count("unpaid_wages") == 1


async def test_a_new_cry_after_the_harmless_word_is_heard_as_a_new_alarm(house: Muster) -> None:
    """R1: the suspended danger talk has no open question that could hear it."""
    worker = house.worker()
    await worker.says(FIRE)
    await worker.says("weather")
    worker.hears_not("193")
    await worker.says("help they are shooting at us")
    worker.hears("193")
    worker.hears("lie down")


async def test_nested_dangers_are_given_back_one_by_one(house: Muster) -> None:
    """R21."""
    worker = await claims_wages(house)
    await worker.says(FIRE)
    await worker.says("weather")
    await worker.says("i want to talk to a person")
    for _ in range(14):
        sessions = await worker.sessions()
        if sessions[0].flow in ("unpaid_wages", "resume"):
            break
        await worker.taps(worker.options[-1]) if worker.options else await worker.says("skip")
    assert {flow for flow, _ in await flows_of(worker)} >= {"unpaid_wages", "in_danger"}


# --- lapses -----------------------------------------------------------------------------------------------------------


async def test_silence_is_not_answered_with_a_menu(house: Muster) -> None:
    """Nobody asked: a text out of nowhere costs credit and may give away who hides."""
    worker = await claims_wages(house)
    await worker.says(FIRE)
    for _ in range(14):
        if (await worker.sessions())[0].flow == "resume":
            break
        await worker.taps(worker.options[-1]) if worker.options else await worker.says("skip")
    heard = len(worker.said)
    await worker.waits(timedelta(days=8))
    await worker.waits(timedelta(days=8))
    assert len(worker.said) == heard


async def test_no_reminder_interrupts_a_person_who_has_taken_over(house: Muster) -> None:
    """R14."""
    worker = await claims_wages(house)
    contact = await worker.contact()
    await house.operators.claim(await house.operator("olga"), contact.id)
    await house.settle(worker.address)
    heard = len(worker.said)
    for days in (1, 2, 8):
        await worker.waits(timedelta(days=days))
    assert len(worker.said) == heard
    async with house.store.transaction() as unit:
        assert contact.id not in await unit.sessions.lapsed(house.clock.now(), 10)


async def test_a_talk_that_something_else_came_before_ends_a_week_later(house: Muster) -> None:
    """R18: what was answered in it is not kept for ever, and nobody is asked to go on with it months later."""
    worker = await claims_wages(house)
    await worker.says(FIRE)
    assert ("unpaid_wages", SessionStatus.SUSPENDED) in await flows_of(worker)
    await worker.waits(timedelta(days=2))
    assert await flows_of(worker) == [("unpaid_wages", SessionStatus.SUSPENDED)]
    heard = len(worker.said)
    await worker.waits(timedelta(days=5))
    assert await flows_of(worker) == []
    assert len(worker.said) == heard


async def test_a_talk_that_was_put_aside_ends_below_a_question_that_goes_on_waiting(house: Muster) -> None:
    worker = await claims_wages(house)
    await worker.says(FIRE)
    house.clock.forward(timedelta(days=6, hours=23))
    await worker.says("1")
    top = (await worker.sessions())[0]
    await worker.waits(timedelta(hours=2))
    assert await worker.sessions() == [top]


# --- what fails around the turn ---------------------------------------------------------------------------------------


async def test_a_channel_that_was_turned_off_blocks_no_other_message_of_its_contact(house: Muster) -> None:
    """R22, R23: the message is handled, and a person learns of it."""
    worker = house.worker(Channel.SMS)
    await house.inbox.take(Inbound(messages=(_words(worker, "hello", "1"),)))
    channels = house.conversation.channels
    house.conversation.channels = {name: channel for name, channel in channels.items() if name is not Channel.SMS}
    house.sender = replace(house.sender, channels=house.conversation.channels)
    await house.settle(worker.address)
    contact = await worker.contact()
    async with house.store.transaction() as unit:
        assert await unit.messages.waiting(contact.id) == []
    assert len(await faults(worker)) == 1


async def test_a_reminder_on_a_channel_that_was_turned_off_ends_quietly(house: Muster) -> None:
    worker = await claims_wages(house, Channel.SMS)
    house.conversation.channels = {}
    await worker.waits(timedelta(days=8))
    assert await worker.sessions() == []


@pytest.mark.parametrize("error", [Conflict("always"), Unavailable("always")])
async def test_a_message_that_always_conflicts_is_given_to_a_person_at_last(house: Muster, error: Exception) -> None:
    """R22, R23: it must not hold up what its sender writes afterwards."""
    _break_action(house, "open_case", error)
    worker = house.worker()
    await house.inbox.take(Inbound(messages=(_words(worker, FIRE, "1"),)))
    _break_transact(house, error)
    await _is_given_up_at_last(house, worker, type(error))


class Killed(BaseException):
    """What ends a process: no `except Exception` sees it, as none sees a segmentation fault."""


async def test_a_message_that_kills_whatever_process_tries_it_is_given_to_a_person_at_last(house: Muster) -> None:
    """R22, R23: tries are counted before they are made, for nothing can be counted afterwards."""
    worker = house.worker()
    await house.inbox.take(Inbound(messages=(_words(worker, FIRE, "1"),)))
    _break_transact(house, Killed())
    await _is_given_up_at_last(house, worker, Killed)


async def test_messages_that_waited_long_are_all_tried_at_their_first_bell(house: Muster) -> None:
    """A night without any worker must not look like messages that fail."""
    worker = house.worker()
    for number in range(MAX_ATTEMPTS + 2):
        await house.inbox.take(Inbound(messages=(_words(worker, "menu", str(number)),)))
    house.clock.forward(timedelta(hours=8))
    await house.settle(worker.address)
    worker.hears_not("went wrong")
    assert await faults(worker) == []


async def _is_given_up_at_last(house: Muster, worker: Worker, error: type[BaseException]) -> None:
    house.clock.forward(JUST_RECEIVED)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(error):
            await house.settle(worker.address)
    await house.settle(worker.address)
    worker.hears("went wrong")
    worker.hears("193")
    assert len(await faults(worker)) == 1
    heard = len(worker.said)
    await house.settle(worker.address)
    assert len(worker.said) == heard


@pytest.mark.parametrize("error", [RuntimeError("a bug"), OSError("a socket")])
async def test_a_photo_that_breaks_the_fetching_does_not_cost_the_words_beside_it(
    house: Muster, error: Exception
) -> None:
    """R1, R22: the danger is answered, first of all with what to do."""
    _break_fetch(house, error)
    worker = house.worker(Channel.WHATSAPP)
    photo = (Attachment(kind="photo", source="x", media_type="image/png"),)
    await house.take(replace(_words(worker, FIRE, "1"), attachments=photo))
    assert "193" in worker.said[0].text
    worker.hears("could not open the file")


async def test_a_lost_file_keeps_the_options_on_an_sms(house: Muster) -> None:
    _break_fetch(house, RuntimeError("a bug"))
    worker = house.worker(Channel.SMS)
    photo = (Attachment(kind="photo", source="x", media_type="image/png"),)
    await house.take(replace(_words(worker, FIRE, "1"), attachments=photo))
    worker.hears("could not open the file")
    worker.hears("1 I can write")
    assert worker.heard.index("193") < worker.heard.index("could not open")


async def test_an_action_that_is_away_leads_to_its_failed_outcome_or_to_a_person(house: Muster) -> None:
    """R1: the danger text goes out although no case could be opened by the flow."""
    _break_action(house, "open_case", Unavailable("away"))
    worker = house.worker()
    await worker.says(FIRE)
    worker.hears("193")
    worker.hears_not("went wrong")


async def test_a_language_changed_in_the_middle_of_a_turn_is_the_language_of_its_answer(house: Muster) -> None:
    """R12."""
    worker = house.worker()
    await worker.says("menu")
    await worker.says("español")
    assert (await worker.contact()).language == "es"
    assert {content.language for content in worker._unread()} == {"es"}


async def test_a_contact_erased_meanwhile_is_no_error(house: Muster) -> None:
    worker = house.worker()
    await house.inbox.take(Inbound(messages=(_words(worker, "hello", "1"),)))
    contact = await worker.contact()
    async with house.store.transaction(contact.id) as unit:
        await unit.contacts.erase(contact.id)
    assert await house.conversation.handle(contact.id) == 0
    await house.conversation.lapse(contact.id)


def _words(worker: Worker, text: str, provider_id: str) -> Received:
    return Received(channel=worker.channel, address=worker.address, provider_id=provider_id, text=text)


def _raises(error: Exception) -> Callable[..., Any]:
    async def fails(*_: Any, **__: Any) -> Called:
        raise error

    return fails


def _break_action(house: Muster, name: str, error: Exception) -> None:
    known = house.conversation.house
    broken = ActionSpec(
        run=_raises(error), outcomes=known.actions[name].outcomes, arguments=known.actions[name].arguments
    )
    house.conversation.house = replace(known, actions={**known.actions, name: broken})


def _break_transact(house: Muster, error: BaseException) -> None:
    """Every try at the turn itself fails; the transactions around it work."""
    triggers = house.conversation.triggers
    house.conversation.triggers = _Broken(triggers, error)  # type: ignore[assignment]


class _Broken:
    def __init__(self, triggers: Any, error: BaseException) -> None:
        self._error = error

    def by_word(self, text: str) -> str:
        raise self._error


def _break_fetch(house: Muster, error: Exception) -> None:
    for channel in house.conversation.channels.values():
        channel.fetch = _raises(error)  # type: ignore[method-assign]
