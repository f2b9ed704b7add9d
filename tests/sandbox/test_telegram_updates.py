"""What the Telegram stand-in tells the bot: every update in Telegram's shape, by polling or by webhook, in order."""

import asyncio
from typing import Any

import pytest
from telegram import Bot, Update
from telegram.error import Conflict

from bot.sandbox.clock import ManualClock
from bot.sandbox.telegram import TelegramStandIn

USER = 7_000_000_001


async def fetch(bot: Bot, **more: Any) -> tuple[Update, ...]:
    return await bot.get_updates(**{"timeout": 0, **more})


# --- shapes ---------------------------------------------------------------------------------------------------------


def check(spec: Any, kind: str, value: Any, where: str) -> None:
    """Every field is one that Telegram knows, of its type, and no required one is missing."""
    if kind.startswith("Array of "):
        for one in value:
            check(spec, kind.removeprefix("Array of "), one, where)
        return
    plain = {"Integer": int, "String": str, "Boolean": bool, "True": bool, "Float": (int, float)}
    if kind in plain:
        assert isinstance(value, plain[kind]), where
        return
    kind = {"ChatMember": "ChatMember" + {"member": "Member", "kicked": "Banned"}.get(_status(value), "")}.get(
        kind, kind
    )
    fields = spec["types"][{"MaybeInaccessibleMessage": "Message"}.get(kind, kind)]
    assert value.keys() <= fields.keys(), where
    for name, types in fields.items():
        required = types.startswith("!")
        assert name in value or not required, f"{where}.{name} is missing"
        if name in value and "|" not in types:
            check(spec, types.lstrip("!"), value[name], f"{where}.{name}")


def _status(value: Any) -> str:
    return str(value.get("status")) if isinstance(value, dict) else ""


async def test_every_update_has_telegrams_shape(telegram: TelegramStandIn, telegram_spec: Any) -> None:
    telegram.add_user(USER, first_name="Rosa", last_name="Lima", username="rosa", language_code="es")
    telegram.phone_starts(USER, "site-1")
    telegram.phone_sends_text(USER, "see https://example.org", reply_to=1)
    telegram.phone_edits(USER, 2, "seen")
    telegram.phone_sends_location(USER, -30.0, -51.2)
    telegram.phone_sends_contact(USER, "+447700900001")
    telegram.phone_sends_photo(USER, b"jpeg", caption="my passport")
    telegram.phone_sends_voice(USER, b"ogg")
    telegram.phone_sends_document(USER, b"pdf", file_name="a.pdf", mime_type="application/pdf")
    chat = telegram.chats[USER]
    markup = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    asked: Any = telegram.post(chat, {"text": "?", "reply_markup": markup})
    telegram.phone_taps(USER, asked["message_id"], "a")
    telegram.phone_blocks(USER)
    telegram.phone_unblocks(USER)
    updates = await telegram.updates.poll(offset=0, limit=100, seconds=0)
    for update in updates:
        check(telegram_spec, "Update", update, "Update")
        assert Update.de_json(update, None)
    kinds = [next(kind for kind in update if kind != "update_id") for update in updates]
    assert kinds == ["message"] * 2 + ["edited_message"] + ["message"] * 5 + ["callback_query"] + ["my_chat_member"] * 2
    numbers = [update["update_id"] for update in updates]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))  # type: ignore[arg-type, operator]


async def test_every_method_of_the_stand_in_is_telegrams_and_answers_its_type(
    telegram: TelegramStandIn, telegram_spec: Any
) -> None:
    from bot.sandbox.telegram_methods import METHODS, Arguments

    telegram.add_user(USER)
    telegram.phone_starts(USER)
    file = telegram.store_file(b"x", folder="photos", extension=".jpg").file_id
    asked: Any = telegram.post(
        telegram.chats[USER],
        {"text": "?", "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}},
    )
    given = {
        "chat_id": USER,
        "message_id": asked["message_id"],
        "text": "hi /help",
        "photo": file,
        "document": file,
        "file_id": file,
        "latitude": 1,
        "longitude": 2.5,
        "title": "Camp",
        "address": "Road",
        "commands": [{"command": "help", "description": "Help"}],
        "callback_query_id": telegram.phone_taps(USER, asked["message_id"], "a"),
    }
    returns = {name.lower(): types for name, types in telegram_spec["methods"].items()}
    assert METHODS.keys() == returns.keys()
    for name, method in METHODS.items():
        # Editing without buttons takes them away.
        kept = {} if name == "editmessagereplymarkup" else {"reply_markup": asked["reply_markup"]}
        result = await method(telegram, Arguments({**given, **kept}))
        kinds = returns[name].split("|")
        check(telegram_spec, kinds[-1] if result is True else kinds[0], result, name)


# --- polling --------------------------------------------------------------------------------------------------------


async def test_updates_come_again_until_they_are_confirmed(bot: Bot, telegram: TelegramStandIn) -> None:
    telegram.add_user(USER)
    for text in ("a", "b", "c"):
        telegram.phone_sends_text(USER, text)
    first = await fetch(bot, limit=2)
    assert [update.message and update.message.text for update in first] == ["a", "b"]
    assert await fetch(bot, limit=2) == first
    rest = await fetch(bot, offset=first[1].update_id + 1)
    assert [update.message and update.message.text for update in rest] == ["c"]
    assert await fetch(bot, offset=rest[0].update_id + 1) == ()


async def test_a_negative_offset_gives_the_last_and_forgets_the_others(bot: Bot, telegram: TelegramStandIn) -> None:
    telegram.add_user(USER)
    for text in ("a", "b", "c"):
        telegram.phone_sends_text(USER, text)
    [last] = await fetch(bot, offset=-1)
    assert last.message
    assert last.message.text == "c"
    assert telegram.updates.pending_count == 1


async def test_a_long_poll_waits_for_an_update_or_for_its_time(telegram: TelegramStandIn, clock: ManualClock) -> None:
    telegram.add_user(USER)
    poll = asyncio.create_task(telegram.updates.poll(offset=0, limit=100, seconds=30))
    await clock.advance(29)
    assert not poll.done()
    telegram.phone_sends_text(USER, "now")
    [update] = await poll
    waiting = telegram.updates.poll(offset=update["update_id"] + 1, limit=100, seconds=30)  # type: ignore[operator]
    empty = asyncio.create_task(waiting)
    await clock.advance(30)
    assert await empty == []


async def test_a_newer_poll_ends_the_older_with_a_conflict(bot: Bot, clock: ManualClock) -> None:
    older = asyncio.create_task(fetch(bot, timeout=30))
    await clock.slept_in(1)  # the first poll waits at the server
    assert await fetch(bot) == ()
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await older


async def test_only_the_kinds_that_the_bot_asked_for_come(bot: Bot, telegram: TelegramStandIn) -> None:
    telegram.add_user(USER)
    await fetch(bot, allowed_updates=["edited_message"])
    telegram.phone_sends_text(USER, "a")
    telegram.phone_edits(USER, 1, "b")
    assert [update.edited_message is not None for update in await fetch(bot)] == [True]
    await fetch(bot, allowed_updates=[])
    telegram.phone_sends_text(USER, "c")
    assert len(await fetch(bot)) == 2


async def test_an_update_can_be_repeated_under_its_id(bot: Bot, telegram: TelegramStandIn) -> None:
    telegram.add_user(USER)
    telegram.phone_sends_text(USER, "a")
    [update] = await fetch(bot)
    assert await fetch(bot, offset=update.update_id + 1) == ()
    telegram.updates.repeat(update.update_id)
    assert await fetch(bot) == (update,)


# --- webhook --------------------------------------------------------------------------------------------------------


async def test_updates_are_posted_with_the_secret(bot: Bot, telegram: TelegramStandIn, listener: Any) -> None:
    await bot.set_webhook(f"{listener.url}/hook", secret_token="s3cret_-A", allowed_updates=["message"])
    telegram.add_user(USER)
    telegram.phone_sends_text(USER, "hi")
    [request] = await listener.heard(1)
    assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == "s3cret_-A"
    assert request.json["message"]["text"] == "hi"
    info = await bot.get_webhook_info()
    assert (info.url, info.allowed_updates) == (f"{listener.url}/hook", ("message",))


async def test_a_refused_update_is_repeated_before_the_next_of_its_chat(
    bot: Bot, telegram: TelegramStandIn, listener: Any, clock: ManualClock
) -> None:
    listener.answers = [500]
    await bot.set_webhook(f"{listener.url}/hook")
    telegram.add_user(USER)
    telegram.phone_sends_text(USER, "first")
    telegram.phone_sends_text(USER, "second")
    await listener.heard(1)
    await clock.slept_in(1)  # the stand-in waits to try again
    info = await bot.get_webhook_info()
    assert (info.pending_update_count, info.last_error_message) == (
        2,
        "Wrong response from the webhook: 500 Internal Server Error",
    )
    await clock.advance(1)
    requests = await listener.heard(3)
    assert [request.json["message"]["text"] for request in requests] == ["first", "first", "second"]
    assert requests[0].json == requests[1].json


async def test_another_chat_does_not_wait_for_a_refused_one(
    bot: Bot, telegram: TelegramStandIn, listener: Any, clock: ManualClock
) -> None:
    listener.answers = [503]
    await bot.set_webhook(f"{listener.url}/hook")
    for user, text in ((USER, "refused"), (8, "other")):
        telegram.add_user(user)
        telegram.phone_sends_text(user, text)
        await listener.heard(1 if user == USER else 2)
    assert [request.json["message"]["text"] for request in listener.requests] == ["refused", "other"]


async def test_polling_and_a_webhook_exclude_each_other(bot: Bot, telegram: TelegramStandIn, listener: Any) -> None:
    telegram.add_user(USER)
    telegram.phone_sends_text(USER, "before")
    await bot.set_webhook(f"{listener.url}/hook", drop_pending_updates=True)
    with pytest.raises(Conflict, match="webhook is active"):
        await fetch(bot)
    await bot.delete_webhook()
    assert await fetch(bot) == ()
    assert (await bot.get_webhook_info()).url == ""
    assert listener.requests == []
