"""The demo's callers: workers who ask for a person in four languages, and answer who writes back."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.config import load
from bot.demo import prepare
from bot.domain.case import Case, Compartment, Topic, Urgency
from bot.domain.contact import Channel
from bot.sandbox.callers import FIRST_SECONDS, GAP_SECONDS, WRITING_SECONDS, Caller, Callers, read_callers
from bot.sandbox.clock import ManualClock
from bot.sandbox.crew import read_crew
from bot.sandbox.telegram_bot import TelegramStandIn
from bot.sandbox.twilio_account import TwilioStandIn
from tests.dialogue import muster
from tests.sandbox.conftest import SMS

JOIN = "You are now writing with a person: "
ROSA = Caller(
    name="Rosa", phone="+447700900899", language="en", channel="sms", says=("a person please", "I lost my papers"),
    answers=("I am at the gate", "Thank you"),
)  # fmt: skip


def test_no_phone_of_a_caller_can_be_anybodys_and_none_is_of_the_crew() -> None:
    """Ofcom keeps 07700 900000 to 900999 for drama."""
    phones = {one.phone for one in read_callers()}
    assert len(phones) == len(read_callers()) == 8
    assert all(re.fullmatch(r"\+447700900\d{3}", phone) for phone in phones)
    assert not phones & {member.phone for member in read_crew()}
    assert {one.language for one in read_callers()} == {"en", "es", "ne", "ar"}


async def test_every_caller_ends_in_the_queue_and_one_of_them_for_specialists_only(tmp_path: Path) -> None:
    """R11, R16: what they write is understood, also without the NLU server."""
    found: dict[str, list[Case]] = {}
    async with muster(tmp_path) as house:
        for one in read_callers():
            worker = house.worker(Channel.SMS, one.phone)
            for line in one.says:
                await worker.says(line)
            found[one.name] = await worker.cases()
    assert all(cases for cases in found.values()), {name: len(cases) for name, cases in found.items()}
    protected = {n for n, cases in found.items() if any(c.compartment is Compartment.PROTECTION for c in cases)}
    assert protected == {"Lucía Mamani"}
    assert any(case.urgency >= Urgency.HIGH for cases in found.values() for case in cases)
    assert any(case.topic is Topic.PERSON for cases in found.values() for case in cases)


def test_the_words_of_somebody_joining_are_known_in_every_language(tmp_path: Path) -> None:
    callers = prepare(load(home=tmp_path)).callers
    assert len(callers.joins) == 4
    assert JOIN in callers.joins
    assert all(len(words) > 10 for words in callers.joins)


@asynccontextmanager
async def calling(
    twilio: TwilioStandIn, telegram: TelegramStandIn, clock: ManualClock, *people: Caller
) -> AsyncIterator[None]:
    stop = asyncio.Event()
    callers = Callers(people=people, joins=[JOIN], twilio=twilio, telegram=telegram, clock=clock)
    callers.settle_in()
    working = asyncio.create_task(callers.run(stop))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(working, 10)


async def test_a_caller_asks_line_by_line_and_answers_only_a_person(
    twilio: TwilioStandIn, telegram: TelegramStandIn, clock: ManualClock, listener: Any
) -> None:
    async with calling(twilio, telegram, clock, ROSA):
        for seconds in (FIRST_SECONDS, WRITING_SECONDS, WRITING_SECONDS):
            await clock.advance(seconds)
        assert [one.form["Body"] for one in await listener.heard(2)] == list(ROSA.says)
        tell(twilio, "Thank you. A person answers when one is free.")
        await clock.advance(WRITING_SECONDS)
        assert len(listener.requests) == 2
        for text in (f"{JOIN}Olga, Muster.", "Where are you?"):
            tell(twilio, text)
            await clock.advance(5)
        await clock.advance(WRITING_SECONDS)
        assert (await listener.heard(3))[2].form["Body"] == ROSA.answers[0]
        await clock.advance(GAP_SECONDS)
        assert len(listener.requests) == 3, "who speaks with a person begins nothing new"


async def test_a_caller_on_telegram_writes_from_a_chat_of_their_own(
    twilio: TwilioStandIn, telegram: TelegramStandIn, clock: ManualClock
) -> None:
    async with calling(twilio, telegram, clock, replace(ROSA, channel="telegram")):
        for seconds in (FIRST_SECONDS, WRITING_SECONDS):
            await clock.advance(seconds)
        [update] = await telegram.updates.poll(offset=0, limit=10, seconds=0)
    assert update["message"]["text"] == ROSA.says[0]  # type: ignore[index]


def tell(twilio: TwilioStandIn, text: str) -> None:
    twilio.create_message({"To": ROSA.phone, "From": SMS, "Body": text}, [])
