"""The troubles that tests can order of both stand-ins."""

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from telegram import Bot
from telegram.error import NetworkError, RetryAfter
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from bot.sandbox.clock import ManualClock
from bot.sandbox.faults import Drop, Fault
from bot.sandbox.telegram import TelegramStandIn
from bot.sandbox.twilio import TwilioStandIn

SMS = "+12025550199"
PHONE = "+447700900001"
USER = 7


@pytest.fixture(autouse=True)
def _user(telegram: TelegramStandIn) -> None:
    telegram.add_user(USER)
    telegram.phone_starts(USER)


async def text(client: Client) -> Any:
    return await client.messages.create_async(to=PHONE, from_=SMS, body="x")


async def test_the_next_requests_fail_with_a_status(client: Client, twilio: TwilioStandIn) -> None:
    twilio.faults.order(Fault(times=2, status=503))
    for _ in range(2):
        with pytest.raises(TwilioRestException) as refusal:
            await text(client)
        assert (refusal.value.status, refusal.value.code) == (503, 20500)
    await text(client)
    assert len(twilio.messages) == 1


async def test_any_error_code_can_be_ordered(client: Client, twilio: TwilioStandIn) -> None:
    twilio.faults.order(Fault(status=429, code=63018))
    with pytest.raises(TwilioRestException) as refusal:
        await text(client)
    assert (refusal.value.status, refusal.value.code) == (429, 63018)


async def test_a_fault_meets_only_its_path(bot: Bot, telegram: TelegramStandIn) -> None:
    telegram.faults.order(Fault(path="sendMessage", status=429, retry_after=7))
    await bot.get_me()
    with pytest.raises(RetryAfter) as refusal:
        await bot.send_message(USER, "x")
    assert refusal.value.retry_after == timedelta(seconds=7)
    await bot.send_message(USER, "x")


async def test_a_connection_dropped_before_the_work_leaves_nothing(client: Client, twilio: TwilioStandIn) -> None:
    twilio.faults.order(Fault(drop=Drop.BEFORE))
    with pytest.raises(aiohttp.ClientError):
        await text(client)
    assert not twilio.messages


async def test_a_connection_dropped_after_the_work_leaves_the_caller_in_doubt(
    client: Client, twilio: TwilioStandIn, bot: Bot, telegram: TelegramStandIn
) -> None:
    twilio.faults.order(Fault(drop=Drop.AFTER))
    with pytest.raises(aiohttp.ClientError):
        await text(client)
    assert len(twilio.sent_to(PHONE)) == 1
    telegram.faults.order(Fault(drop=Drop.AFTER, path="send"))
    with pytest.raises(NetworkError):
        await bot.send_message(USER, "x")
    assert len(telegram.sent_to(USER)) == 1


async def test_a_delayed_request_waits_for_the_clock(bot: Bot, telegram: TelegramStandIn, clock: ManualClock) -> None:
    telegram.faults.order(Fault(delay=5.0))
    slow = asyncio.create_task(bot.send_message(USER, "x"))
    await clock.slept_in(1)  # the request waits at the server
    assert telegram.sent_to(USER) == []
    await clock.advance(5.0)
    assert (await slow).text == "x"
