"""The demo's crew: sixty workers who answer alerts in their own words, and what makes the demo's board worth seeing."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.checkin import Safety
from bot.domain.contact import Channel, Permission
from bot.sandbox import scenario
from bot.sandbox.clock import ManualClock
from bot.sandbox.crew import Conduct, Crew, Member, read_crew
from bot.sandbox.telegram import TelegramStandIn
from bot.sandbox.twilio import Button, Content, TwilioMessage, TwilioStandIn
from tests.dialogue import muster
from tests.sandbox.conftest import SMS, WHATSAPP
from tests.services.alarm import alerted, employed, recipient

QUESTION = "Are you safe?"
OPTIONS = (Button(text="I am safe", payload="safe"), Button(text="I need help", payload="help"))
MEMBER = Member(
    name="Maya",
    phone="+447700900501",
    language="ne",
    site="LAJ1",
    channel="sms",
    has_written=False,
    conduct=Conduct.ANSWERS,
    means="safe",
    says="",
    seconds=30,
)

# --- who they are -----------------------------------------------------------------------------------------------------


def test_sixty_fictional_workers_of_every_kind_work_at_the_demos_sites() -> None:
    crew = read_crew()
    _, sites = scenario.read_sites()
    assert len(crew) == len({member.phone for member in crew}) == len({member.name for member in crew}) == 60
    assert {member.site for member in crew} == {site.code for site in sites}
    assert {member.language for member in crew} == {"en", "es", "ne", "ar"}
    assert {(member.channel, member.has_written) for member in crew} == {
        ("telegram", True), ("whatsapp", True), ("whatsapp", False), ("sms", False),
    }  # fmt: skip


def test_no_phone_of_the_crew_can_be_anybodys() -> None:
    """Ofcom keeps +44 7700 900000-900999 for drama."""
    assert all(re.fullmatch(r"\+447700900\d{3}", member.phone) for member in read_crew())


def test_most_are_safe_and_every_trouble_of_a_check_in_is_among_them() -> None:
    crew = read_crew()
    conduct = Counter(member.conduct for member in crew)
    assert Counter(member.means for member in crew) == {"safe": 48, "help": 3, "stop": 1, "": 8}
    assert (conduct[Conduct.SILENT], conduct[Conduct.UNREACHABLE]) == (6, 2)
    assert (conduct[Conduct.AFTER_REMINDER], conduct[Conduct.NO_WHATSAPP]) == (2, 1)


def test_the_board_fills_within_two_minutes() -> None:
    seconds = sorted(member.seconds for member in read_crew() if member.means)
    assert 0 < seconds[0] < 10
    assert seconds[-1] <= 115


async def test_every_answer_means_what_it_should_by_key_words_alone(tmp_path: Path) -> None:
    """R10, R11: the demo must not show a frightened worker as safe, nor need a model to run."""
    crew = [member for member in read_crew() if member.says and member.means in ("safe", "help")]
    async with muster(tmp_path) as house:
        workers = [(await employed(house, _answers_on(member), member.language), member) for member in crew]
        alert = await alerted(house)
        for worker, member in workers:
            await worker.says(member.says)
            heard = (await recipient(house, alert.id, worker)).safety
            assert heard is Safety(member.means), f"{member.says} was heard as {heard}"


def _answers_on(member: Member) -> Channel:
    return Channel.TELEGRAM if member.has_written else Channel.SMS  # WhatsApp's words mean what Telegram's do


async def test_the_one_who_refuses_is_written_to_no_more(tmp_path: Path) -> None:
    """R19."""
    [refusing] = [member for member in read_crew() if member.means == "stop"]
    async with muster(tmp_path) as house:
        worker = await employed(house, Channel(refusing.channel), refusing.language)
        await worker.says(refusing.says)
        assert [reach.permission for reach in (await worker.contact()).reaches] == [Permission.REFUSED]


# --- what they do -----------------------------------------------------------------------------------------------------

Gather = Callable[..., Awaitable[Crew]]


@pytest.fixture
async def gather(twilio: TwilioStandIn, telegram: TelegramStandIn, clock: ManualClock) -> AsyncIterator[Gather]:
    """A crew at work until the test ends."""
    async with AsyncExitStack() as stack:

        async def begin(*members: Member) -> Crew:
            crew = Crew(members=members, questions=[QUESTION], twilio=twilio, telegram=telegram, clock=clock)
            crew.settle_in()
            await stack.enter_async_context(at_work(crew))
            return crew

        yield begin


@asynccontextmanager
async def at_work(crew: Crew) -> AsyncIterator[None]:
    stop = asyncio.Event()
    working = asyncio.create_task(crew.run(stop))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(working, 10)


def ask(twilio: TwilioStandIn, to: str, text: str = f"DRILL. {QUESTION}") -> TwilioMessage:
    sender = WHATSAPP if to.startswith("whatsapp:") else SMS
    message = twilio.create_message({"To": to, "From": sender, "Body": text}, [])
    message.buttons = OPTIONS if sender == WHATSAPP else ()
    return message


async def test_a_worker_answers_by_digit_after_a_while(
    gather: Gather, twilio: TwilioStandIn, clock: ManualClock, listener: Any
) -> None:
    await gather(MEMBER)
    ask(twilio, MEMBER.phone)
    await clock.advance(29)
    assert listener.requests == []
    await clock.advance(1)
    [heard] = await listener.heard(1)
    assert (heard.form["From"], heard.form["Body"]) == (MEMBER.phone, "1")


async def test_a_worker_answers_in_own_words(
    gather: Gather, twilio: TwilioStandIn, clock: ManualClock, listener: Any
) -> None:
    await gather(replace(MEMBER, says="malai udhar chahiyo", means="help"))
    ask(twilio, MEMBER.phone)
    await clock.advance(30)
    assert (await listener.heard(1))[0].form["Body"] == "malai udhar chahiyo"


@pytest.mark.parametrize("means", ["safe", "help"])
async def test_a_tap_on_whatsapp_is_the_option_meant(
    gather: Gather, twilio: TwilioStandIn, clock: ManualClock, listener: Any, means: str
) -> None:
    await gather(replace(MEMBER, channel="whatsapp", has_written=True, means=means))
    message = ask(twilio, f"whatsapp:{MEMBER.phone}")
    await clock.advance(30)
    form = (await listener.heard(1))[0].form
    assert (form["ButtonPayload"], form["OriginalRepliedMessageSid"]) == (means, message.sid)


@pytest.mark.parametrize("means", ["safe", "help"])
async def test_a_tap_on_telegram_is_the_option_meant(
    gather: Gather, telegram: TelegramStandIn, clock: ManualClock, means: str
) -> None:
    member = replace(MEMBER, channel="telegram", has_written=True, means=means)
    await gather(member)
    rows = [[{"text": option.text, "callback_data": option.payload}] for option in OPTIONS]
    chat = telegram.chat_to_write(member.chat)
    telegram.post(chat, {"text": QUESTION, "reply_markup": {"inline_keyboard": rows}})
    await clock.advance(30)
    [update] = await telegram.updates.poll(offset=0, limit=10, seconds=0)
    assert update["callback_query"]["data"] == means  # type: ignore[index]


async def test_other_messages_are_read_and_not_answered(
    gather: Gather, twilio: TwilioStandIn, clock: ManualClock, listener: Any
) -> None:
    await gather(MEMBER)
    ask(twilio, MEMBER.phone, "Thank you. Answer 2 if that changes.")
    ask(twilio, "+447700900999")
    await clock.advance(600)
    assert listener.requests == []


async def test_the_silent_stay_silent_and_a_phone_that_is_off_gets_nothing(
    gather: Gather, twilio: TwilioStandIn, clock: ManualClock, listener: Any
) -> None:
    off = replace(MEMBER, phone="+447700900502", conduct=Conduct.UNREACHABLE, means="")
    await gather(replace(MEMBER, conduct=Conduct.SILENT, means=""), off)
    messages = [ask(twilio, MEMBER.phone), ask(twilio, off.phone)]
    await clock.advance(600)
    assert listener.requests == []
    assert [(message.status, message.error_code) for message in messages] == [
        ("delivered", None),
        ("undelivered", 30003),
    ]


async def test_some_answer_only_when_asked_again_and_then_the_next_drill_too(
    gather: Gather, twilio: TwilioStandIn, clock: ManualClock, listener: Any
) -> None:
    await gather(replace(MEMBER, conduct=Conduct.AFTER_REMINDER))
    for count in (0, 1, 1, 2):
        ask(twilio, MEMBER.phone)
        await clock.advance(60)
        assert len(await listener.heard(count)) == count


async def test_nobody_answers_twice_because_a_reminder_came_while_they_were_writing(
    gather: Gather, twilio: TwilioStandIn, clock: ManualClock, listener: Any
) -> None:
    await gather(MEMBER)
    ask(twilio, MEMBER.phone)
    await clock.advance(20)
    ask(twilio, MEMBER.phone)
    await clock.advance(60)
    assert len(await listener.heard(1)) == 1


async def test_a_number_without_whatsapp_fails_there_and_answers_by_sms(
    gather: Gather, twilio: TwilioStandIn, clock: ManualClock, listener: Any
) -> None:
    await gather(replace(MEMBER, channel="whatsapp", conduct=Conduct.NO_WHATSAPP))
    twilio.contents["HX1"] = Content(sid="HX1", types={"twilio/text": {"body": "{{1}}"}})
    form = {"To": f"whatsapp:{MEMBER.phone}", "From": WHATSAPP, "ContentSid": "HX1"}
    failing = twilio.create_message({**form, "ContentVariables": f'{{"1": "{QUESTION}"}}'}, [])
    await clock.advance(60)
    assert (failing.status, failing.error_code, listener.requests) == ("failed", 63024, [])
    ask(twilio, MEMBER.phone)
    await clock.advance(30)
    assert (await listener.heard(1))[0].form["From"] == MEMBER.phone


async def test_whatsapp_is_open_only_to_those_who_have_written(gather: Gather, twilio: TwilioStandIn) -> None:
    closed = replace(MEMBER, channel="whatsapp", phone="+447700900502")
    await gather(replace(MEMBER, channel="whatsapp", has_written=True), closed)
    messages = [ask(twilio, f"whatsapp:{phone}") for phone in (MEMBER.phone, closed.phone)]
    await twilio.changes.until(lambda: all(message.status != "queued" for message in messages) or None)
    assert messages[1].error_code == 63016
    assert messages[0].error_code is None


async def test_a_stop_ends_who_is_still_writing(
    twilio: TwilioStandIn, telegram: TelegramStandIn, clock: ManualClock, listener: Any
) -> None:
    crew = Crew(members=[MEMBER], questions=[QUESTION], twilio=twilio, telegram=telegram, clock=clock)
    async with at_work(crew):
        ask(twilio, MEMBER.phone)
        await clock.slept_in(1)
    await clock.advance(60)
    assert listener.requests == []
