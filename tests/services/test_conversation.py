"""What a worker meets: the whole road from a stored message to what reaches the phone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.case import Topic, Urgency
from bot.domain.contact import Channel, Permission
from bot.domain.message import MessageKind, Received
from bot.engine.effects import Called
from bot.services.ports import ActionSpec, Inbound
from tests.dialogue import PORTO_ALEGRE, Muster, muster


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Muster]:
    async with muster(tmp_path) as opened:
        yield opened


async def test_a_danger_is_answered_with_what_to_do_and_the_number_before_any_question(house: Muster) -> None:
    """R1: the very first message of a stranger, no language or name asked for."""
    worker = house.worker()
    await worker.says("we are trapped on the roof the water is rising help us")
    first = worker.said[0].text
    assert "193" in first
    assert "go up" in first.lower()
    assert "?" not in first
    (case,) = [case for case in await worker.cases() if case.topic is Topic.DANGER]
    assert case.urgency is Urgency.CRITICAL


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("पानी बढ्यो हामीलाई बचाउनुस्", "ne"),
        ("malai bachaunus pani badhyo ghar bhitra xu", "ne"),
        ("انقذونا الماء يرتفع ونحن محاصرين", "ar"),
        ("ayuda el agua sube estamos atrapados", "es"),
        ("🆘", "en"),
    ],
)
async def test_danger_is_heard_in_every_language_and_script(house: Muster, text: str, language: str) -> None:
    """R1, R12."""
    worker = house.worker()
    await worker.says(text)
    assert "193" in worker.said[0].text
    assert (await worker.contact()).language in (language, None)
    assert worker.said[0].language == language


async def test_a_newcomer_hears_once_that_a_program_speaks(house: Muster) -> None:
    worker = house.worker()
    await worker.says("where is a shelter where i can sleep tonight with my children")
    worker.hears("program, not a person")
    await worker.says("where is the nearest shelter")
    worker.hears_not("program, not a person")


async def test_the_wage_claim_opens_a_case_with_its_facts_and_tells_its_number(house: Muster) -> None:
    worker = house.worker()
    await worker.says("my company has not paid my salary for three months")
    for _ in range(14):
        sessions = await worker.sessions()
        if not sessions or sessions[0].flow != "unpaid_wages":
            break
        await _answer(worker, sessions[0].step)
    (case,) = [case for case in await worker.cases() if case.topic is Topic.WAGES]
    assert case.number in "\n".join(content.text for content in worker.said)


async def _answer(worker: Any, step: str) -> None:
    if worker.options:
        await worker.taps(worker.options[0])
    elif "photo" in worker.heard.lower():
        await worker.sends_photo()
    else:
        await worker.says("3000 reais" if "much" in worker.heard.lower() else "3")


async def test_danger_suspends_a_claim_and_gives_it_back(house: Muster) -> None:
    """R21."""
    worker = house.worker()
    await worker.says("my boss has not paid my wages")
    await worker.says("help the building is on fire we cannot get out")
    assert "193" in worker.heard
    for _ in range(12):
        sessions = await worker.sessions()
        if sessions[0].flow == "resume":
            break
        await worker.taps(worker.options[-1]) if worker.options else await worker.says("skip")
    await worker.taps("Yes")
    sessions = await worker.sessions()
    assert sessions[0].flow == "unpaid_wages"


async def test_stop_refuses_this_address_and_start_opens_it_again(house: Muster) -> None:
    """R19."""
    worker = house.worker(Channel.SMS)
    await worker.says("hello")
    await worker.says("STOP")
    reach = (await worker.contact()).reach(worker.address)
    assert reach is not None
    assert reach.permission is Permission.REFUSED
    assert worker.heard
    await worker.says("START")
    reach = (await worker.contact()).reach(worker.address)
    assert reach is not None
    assert reach.is_open


async def test_the_bot_is_mute_while_a_person_owns_the_conversation(house: Muster) -> None:
    """R14."""
    worker = house.worker()
    await worker.says("i want to talk to a person")
    await house.operators.claim(await house.operator("olga"), (await worker.contact()).id)
    await worker.says("are you there, my boss did not pay")
    assert worker.heard == ""
    await worker.says("help fire we are trapped")
    assert worker.heard == ""
    (danger,) = [case for case in await worker.cases() if case.topic is Topic.DANGER]
    assert (danger.urgency, danger.owner, danger.answered_at) == (Urgency.CRITICAL, "olga", None)


async def test_a_repeated_webhook_changes_nothing(house: Muster) -> None:
    """R23."""
    worker = house.worker()
    received = Received(channel=Channel.WEBCHAT, address=worker.address, provider_id="same", text="hello")
    await house.take(received)
    heard = len(worker.said)
    await house.take(received)
    await house.take(replace(received, text="another text under the same id"))
    assert len(worker.said) == heard > 0


async def test_messages_are_answered_in_the_providers_order(house: Muster) -> None:
    """R23: update 8 arrived before update 7."""
    worker = house.worker(Channel.TELEGRAM, "77")
    late = Received(channel=Channel.TELEGRAM, address=worker.address, provider_id="7", sequence=7, text="español")
    soon = Received(channel=Channel.TELEGRAM, address=worker.address, provider_id="8", sequence=8, text="english")
    await house.inbox.take(Inbound(messages=(soon,)))
    await house.inbox.take(Inbound(messages=(late,)))
    await house.settle(worker.address)
    assert (await worker.contact()).language == "en"


@pytest.mark.parametrize("broken", ["action", "flow", "understanding"])
async def test_whatever_fails_the_worker_hears_so_and_a_person_gets_a_case(house: Muster, broken: str) -> None:
    """R22: an answer, a case, and no loop."""

    async def fails(*_: Any, **__: Any) -> Called:
        raise RuntimeError("a bug")

    conversation = house.conversation
    if broken == "action":
        actions = {name: ActionSpec(run=fails) for name in conversation.house.actions}
        conversation.house = replace(conversation.house, actions=actions)
    elif broken == "flow":
        conversation.house = replace(conversation.house, flows={})
    else:
        conversation.listening.understander = type("Broken", (), {"understand": fails})()
    worker = house.worker()
    await worker.says("i want to talk to a person please")
    worker.hears("something went wrong")
    worker.hears("193")
    assert [case.topic for case in await worker.cases()] == [Topic.FAULT]
    heard = len(worker.said)
    await house.settle(worker.address)
    assert len(worker.said) == heard


async def test_a_shared_location_is_kept_and_used(house: Muster) -> None:
    worker = house.worker()
    await worker.shares(PORTO_ALEGRE)
    assert (await worker.contact()).position == PORTO_ALEGRE
    assert worker.heard


async def test_a_photo_out_of_place_is_answered_and_kept(house: Muster) -> None:
    worker = house.worker()
    await worker.sends_photo()
    assert worker.heard
    contact = await worker.contact()
    async with house.store.look() as unit:
        (message,) = await unit.messages.history(contact.id, 10)
    assert [attachment.document_id is not None for attachment in message.received.attachments] == [True]


async def test_a_blocked_bot_stays_silent_and_is_refused(house: Muster) -> None:
    worker = house.worker(Channel.TELEGRAM, "78")
    await worker.says("hello")
    blocked = Received(channel=Channel.TELEGRAM, address=worker.address, provider_id="b", kind=MessageKind.BLOCKED)
    heard = len(worker.said)
    await house.take(blocked)
    reach = (await worker.contact()).reach(worker.address)
    assert reach is not None
    assert reach.permission is Permission.REFUSED
    assert len(worker.said) == heard


async def test_a_question_left_open_ends_by_itself(house: Muster) -> None:
    worker = house.worker()
    await worker.says("my boss has not paid my wages")
    await worker.waits(timedelta(days=2))
    await worker.waits(timedelta(days=8))
    assert await worker.sessions() == []


async def test_erase_me_leaves_nothing_but_still_says_goodbye(house: Muster) -> None:
    """R18."""
    worker = house.worker()
    await worker.says("delete everything you have about me")
    for _ in range(6):
        if (await worker.contact()).erase_at is not None:
            break
        erase = next((label for label in worker.options if "rase" in label or "elete" in label), None)
        await worker.taps(erase or worker.options[0])
    assert (await worker.contact()).erase_at is not None
    assert worker.heard
    house.clock.forward(timedelta(minutes=30))
    from bot.config import Retention
    from bot.services.privacy import Privacy

    await Privacy(store=house.store, clock=house.clock, retention=Retention()).forget_due()
    async with house.store.transaction() as unit:
        assert await unit.contacts.find(worker.address) is None
