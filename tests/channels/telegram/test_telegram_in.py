"""Telegram in: updates to messages by a table, through the webhook and through long polling alike."""

import json
from typing import Any

import pytest
from aiohttp import web

from bot.channels.telegram import TelegramChannel
from bot.domain.errors import InputError, NotAuthentic, Unavailable
from bot.sandbox.faults import Drop, Fault
from bot.sandbox.telegram import TelegramStandIn
from bot.services.ports import Request
from tests.channels.conftest import BOT_TOKEN, SECRET, Ear, Serve
from tests.channels.stand import plain, table

FROM = {"id": 41, "is_bot": False, "first_name": "Sita", "language_code": "ne"}
MESSAGE = {
    "message_id": 9,
    "date": 1767225600,
    "chat": {"id": 41, "type": "private", "first_name": "Sita"},
    "from": FROM,
}
EXPECTED = {
    "channel": "telegram", "address": "telegram:41", "provider_id": "update:700", "sequence": 700,
    "name": "Sita", "language_hint": "ne",
}  # fmt: skip
CASES = table("telegram", "updates.yml")


def update_of(case: dict[str, Any]) -> dict[str, Any]:
    update: dict[str, Any] = {"update_id": 700}
    for kind, content in case["update"].items():
        update[kind] = {**MESSAGE, **content} if kind in ("message", "edited_message") else content
    return update


def posted(body: bytes, secret: str | None = SECRET) -> Request:
    headers = {"content-type": "application/json"}
    if secret is not None:
        headers["x-telegram-bot-api-secret-token"] = secret
    return Request(url="https://help.example.org/channels/telegram", headers=headers, body=body)


def expected_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    if "received" not in case:
        return []
    wanted = {**EXPECTED, **case["received"]}
    return [{name: value for name, value in wanted.items() if value is not None}]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_an_update_is_read(reader: TelegramChannel, case: dict[str, Any]) -> None:
    inbound = reader.receive(posted(json.dumps(update_of(case)).encode()))
    assert [plain(message) for message in inbound.messages] == expected_of(case)
    assert inbound.receipts == ()


@pytest.mark.parametrize(
    "secret",
    [None, "", "webhook-secret_2", SECRET + "x", SECRET[:-1], SECRET.upper(), "ü", "\udcff"],
    ids=["none", "empty", "another", "longer", "shorter", "upper case", "no Latin", "no Unicode"],
)
def test_a_webhook_without_the_secret_is_not_believed(reader: TelegramChannel, secret: str | None) -> None:
    with pytest.raises(NotAuthentic):
        reader.receive(posted(json.dumps(update_of(CASES[0])).encode(), secret))


def test_a_channel_without_a_secret_believes_no_webhook() -> None:
    with pytest.raises(NotAuthentic):
        TelegramChannel(token=BOT_TOKEN).receive(posted(b"{}", ""))


# --- long polling ---------------------------------------------------------------------------------------------------


async def test_polling_brings_what_phones_send_and_confirms_by_the_next_offset(
    bot_channel: TelegramChannel, telegram: TelegramStandIn
) -> None:
    telegram.add_user(41, first_name="Sita", language_code="ne")
    telegram.phone_starts(41, "PLANT-7")
    telegram.phone_sends_text(41, "help")
    inbound, offset = await bot_channel.poll(0)
    assert [message.text for message in inbound.messages] == ["PLANT-7", "help"]
    again, _ = await bot_channel.poll(0)  # not confirmed: a crash before the commit loses nothing (R23)
    assert again == inbound
    telegram.phone_sends_text(41, "now")
    following, last = await bot_channel.poll(offset)
    assert [message.text for message in following.messages] == ["now"]
    assert last == offset + 1
    assert [message.sequence for message in (*inbound.messages, *following.messages)] == [
        offset - 2,
        offset - 1,
        offset,
    ]


async def test_every_kind_that_we_read_is_asked_for(bot_channel: TelegramChannel, telegram: TelegramStandIn) -> None:
    telegram.add_user(41)
    telegram.phone_starts(41)
    await bot_channel.poll(0)
    assert telegram.updates.allowed == ("message", "edited_message", "callback_query", "my_chat_member")


async def test_an_update_that_cannot_be_read_does_not_hold_up_the_others(serve: Serve) -> None:
    updates = [
        {"update_id": 5, "message": {**MESSAGE, "text": "before"}},
        {"update_id": 6, "message": {"chat": []}},
        {"update_id": 7, "message": {**MESSAGE, "text": ["x"]}},
        {"update_id": 8, "message": {**MESSAGE, "text": "after"}},
    ]

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"ok": True, "result": updates})

    inbound, offset = await _polled(serve, answer)
    assert [message.text for message in inbound.messages] == ["before", "after"]
    assert offset == 9


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>"), (200, "{}"), (200, '{"ok":true}'), (200, '{"ok":true,"result":true}'),
        (200, '{"ok":true,"result":[{"message":{}}]}'), (200, '{"ok":true,"result":[7]}'),
        (200, '{"ok":true,"result":[{"update_id":"x"}]}'),
        (401, '{"ok":false,"error_code":401,"description":"Unauthorized"}'),
        (409, '{"ok":false,"error_code":409,"description":"Conflict"}'),
        (502, "bad gateway"),
    ],
)  # fmt: skip
async def test_an_answer_that_is_none_means_unavailable(serve: Serve, status: int, body: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    with pytest.raises(Unavailable):
        await _polled(serve, answer)


async def test_a_lost_connection_means_unavailable(bot_channel: TelegramChannel, telegram: TelegramStandIn) -> None:
    telegram.faults.order(Fault(drop=Drop.BEFORE))
    with pytest.raises(Unavailable):
        await bot_channel.poll(0)


async def _polled(serve: Serve, handler: Any) -> Any:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TelegramChannel(token=BOT_TOKEN, api_url=await serve(app)) as channel:
        return await channel.poll(0)


# --- which way in ---------------------------------------------------------------------------------------------------


async def test_the_webhook_is_set_with_its_secret_and_one_connection(
    bot_channel: TelegramChannel, telegram: TelegramStandIn, ear: Ear
) -> None:
    await bot_channel.prepare(f"{ear.url}/channels/telegram")
    webhook = telegram.updates.webhook
    assert webhook is not None
    assert (webhook.secret_token, webhook.max_connections) == (SECRET, 1)
    assert "callback_query" in telegram.updates.allowed
    telegram.add_user(41)
    telegram.phone_sends_text(41, "help")
    (request,) = await ear.heard(1)
    assert [message.text for message in bot_channel.receive(request).messages] == ["help"]


async def test_polling_needs_the_webhook_gone_and_loses_nothing_that_waits(
    bot_channel: TelegramChannel, telegram: TelegramStandIn
) -> None:
    await bot_channel.prepare("http://127.0.0.1:9/channels/telegram")
    telegram.add_user(41)
    telegram.phone_sends_text(41, "help")
    with pytest.raises(Unavailable):
        await bot_channel.poll(0)
    await bot_channel.prepare(None)
    inbound, _ = await bot_channel.poll(0)
    assert [message.text for message in inbound.messages] == ["help"]


@pytest.mark.parametrize("url", [None, "https://help.example.org/channels/telegram"])
async def test_telegram_away_at_the_start_is_unavailable(
    bot_channel: TelegramChannel, telegram: TelegramStandIn, url: str | None
) -> None:
    telegram.faults.order(Fault(status=502))
    with pytest.raises(Unavailable):
        await bot_channel.prepare(url)


def test_a_body_that_is_no_update_is_an_input_error(reader: TelegramChannel) -> None:
    with pytest.raises(InputError) as caught:
        reader.receive(posted(b"{"))
    assert not isinstance(caught.value, NotAuthentic)
