"""The Telegram stand-in under python-telegram-bot's own Bot and Application: conversations, files, refusals, limits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
    Update,
)
from telegram.error import BadRequest, Forbidden, RetryAfter
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.sandbox.clock import ManualClock
from bot.sandbox.telegram import TelegramLimits, TelegramStandIn

USER = 7_000_000_001
Context = ContextTypes.DEFAULT_TYPE


@pytest.fixture
def user(telegram: TelegramStandIn) -> int:
    """A user who wrote to the bot."""
    telegram.add_user(USER, first_name="Rosa", language_code="es")
    telegram.phone_starts(USER)
    return USER


# --- a real application, polling ------------------------------------------------------------------------------------


async def on_start(update: Update, context: Context) -> None:
    assert update.message
    assert context.args is not None
    buttons = [[InlineKeyboardButton("Safe", callback_data="safe"), InlineKeyboardButton("Help", callback_data="help")]]
    await update.message.reply_text(f"Hello {' '.join(context.args)}", reply_markup=InlineKeyboardMarkup(buttons))


async def on_tap(update: Update, _: Context) -> None:
    query = update.callback_query
    assert query
    assert query.chat_instance
    await query.answer("Noted")
    await query.edit_message_text(f"You are {query.data}")


async def on_photo(update: Update, _: Context) -> None:
    assert update.message
    file = await update.message.photo[-1].get_file()
    await update.message.reply_photo(bytes(await file.download_as_bytearray()), caption="Received")


async def on_place(update: Update, _: Context) -> None:
    assert update.message
    assert update.message.location
    await update.message.reply_venue(
        update.message.location.latitude, update.message.location.longitude, "Camp", "Road"
    )


@pytest.fixture
async def application(telegram: TelegramStandIn, telegram_url: str) -> AsyncIterator[None]:
    app = (
        Application.builder()
        .token(telegram.token)
        .base_url(f"{telegram_url}/bot")
        .base_file_url(f"{telegram_url}/file/bot")
        .build()
    )
    app.add_handler(CommandHandler("start", on_start))
    app.add_handler(CallbackQueryHandler(on_tap))
    app.add_handler(MessageHandler(filters.PHOTO, on_photo))
    app.add_handler(MessageHandler(filters.LOCATION, on_place))
    async with app:
        await app.start()
        assert app.updater
        await app.updater.start_polling(timeout=30)
        yield
        telegram.updates.end_polls()
        await app.updater.stop()
        await app.stop()


@pytest.mark.usefixtures("application")
async def test_a_real_application_talks_with_a_phone_by_polling(telegram: TelegramStandIn) -> None:
    telegram.add_user(USER)
    telegram.phone_starts(USER, "site-12")
    [greeting] = await telegram.heard(USER, 1)
    assert greeting["text"] == "Hello site-12"
    with telegram.changes.watch() as changes:
        telegram.phone_taps(USER, greeting["message_id"], "safe")  # type: ignore[arg-type]
        edited = await changes.get()
    assert (edited.kind, edited.content["text"]) == ("edited", "You are safe")
    telegram.phone_sends_photo(USER, b"jpeg")
    assert (await telegram.heard(USER, 2))[1]["caption"] == "Received"
    assert [file.data for file in telegram.files.values()] == [b"jpeg"] * 6
    telegram.phone_sends_location(USER, -30.0, -51.2)
    venue: Any = (await telegram.heard(USER, 3))[2]["venue"]
    assert (venue["title"], venue["location"]) == ("Camp", {"latitude": -30.0, "longitude": -51.2})


async def test_a_real_application_hears_a_phone_by_webhook(
    telegram: TelegramStandIn, telegram_url: str, unused_tcp_port: int
) -> None:
    telegram.add_user(USER)
    app = Application.builder().token(telegram.token).base_url(f"{telegram_url}/bot").build()
    app.add_handler(CommandHandler("start", on_start))
    async with app:
        await app.start()
        assert app.updater
        await app.updater.start_webhook(
            "127.0.0.1",
            unused_tcp_port,
            url_path="hook",
            webhook_url=f"http://127.0.0.1:{unused_tcp_port}/hook",
            secret_token="secret",
        )
        telegram.phone_starts(USER, "now")
        assert (await telegram.heard(USER, 1))[0]["text"] == "Hello now"
        await app.updater.stop()
        await app.stop()


# --- sending --------------------------------------------------------------------------------------------------------


async def test_the_bot_knows_itself_and_its_commands(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.is_bot, me.username) == (123456, True, "muster_bot")
    await bot.set_my_commands([BotCommand("help", "Get help")])
    assert await bot.get_my_commands() == (BotCommand("help", "Get help"),)
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()


async def test_messages_are_numbered_within_their_chat(bot: Bot, telegram: TelegramStandIn, user: int) -> None:
    telegram.add_user(8)
    telegram.phone_starts(8)
    assert [(await bot.send_message(chat, "x")).message_id for chat in (user, 8, user)] == [2, 2, 3]


async def test_files_go_up_by_upload_and_again_by_id(bot: Bot, telegram: TelegramStandIn, user: int) -> None:
    sent = await bot.send_document(user, InputFile(b"%PDF", filename="plan.pdf"), caption="The plan")
    assert sent.document
    assert (sent.document.file_name, sent.document.mime_type, sent.caption) == (
        "plan.pdf",
        "application/pdf",
        "The plan",
    )
    again = await bot.send_document(user, sent.document.file_id)
    assert again.document
    assert bytes(await (await again.document.get_file()).download_as_bytearray()) == b"%PDF"
    photo = await bot.send_photo(user, b"jpeg")
    assert [size.width for size in photo.photo] == [90, 320, 1280]
    assert (await bot.send_photo(user, photo.photo[0].file_id)).photo


async def test_places_are_sent(bot: Bot, user: int) -> None:
    place = await bot.send_location(user, -30.0, -51.2)
    assert place.location
    assert (place.location.latitude, place.location.longitude) == (-30.0, -51.2)


async def test_a_reply_keyboard_belongs_to_the_chat_until_it_is_removed(
    bot: Bot, telegram: TelegramStandIn, user: int
) -> None:
    keys = [[KeyboardButton("Where I am", request_location=True), KeyboardButton("My number", request_contact=True)]]
    sent = await bot.send_message(user, "Where?", reply_markup=ReplyKeyboardMarkup(keys))
    assert sent.reply_markup is None
    keyboard: Any = telegram.chats[user].keyboard
    assert [key.get("request_location") for key in keyboard["keyboard"][0]] == [True, None]
    await bot.send_message(user, "Thanks", reply_markup=ReplyKeyboardRemove())
    assert telegram.chats[user].keyboard is None


async def test_a_reply_shows_what_it_answers(bot: Bot, user: int) -> None:
    sent = await bot.send_message(user, "Yes", reply_parameters=ReplyParameters(message_id=1))
    assert sent.reply_to_message
    assert sent.reply_to_message.text == "/start"


async def test_a_message_is_edited_and_deleted(bot: Bot, telegram: TelegramStandIn, user: int) -> None:
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("A", callback_data="a")]])
    sent = await bot.send_message(user, "one", reply_markup=markup)
    await sent.edit_text("two", reply_markup=markup)
    await sent.edit_reply_markup(None)
    [shown] = telegram.sent_to(user)
    assert (shown["text"], "reply_markup" in shown, "edit_date" in shown) == ("two", False, True)
    assert await sent.delete()
    assert telegram.sent_to(user) == []


async def test_formatting_becomes_entities(bot: Bot, user: int) -> None:
    sent = await bot.send_message(user, "😀 <b>Go up</b> &amp; stay", parse_mode="HTML")
    assert sent.text == "😀 Go up & stay"
    assert [(one.type, one.offset, one.length) for one in sent.entities] == [("bold", 3, 5)]
    assert sent.parse_entity(sent.entities[0]) == "Go up"


async def test_typing_is_seen_by_the_phone(bot: Bot, telegram: TelegramStandIn, user: int) -> None:
    with telegram.changes.watch() as changes:
        await bot.send_chat_action(user, "typing")
        assert (await changes.get()).kind == "typing"


# --- refusals -------------------------------------------------------------------------------------------------------


def send_text(text: str, **more: Any) -> Callable[[Bot], Any]:
    return lambda bot: bot.send_message(USER, text, **more)


def button(label: str, data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=data)]])


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (send_text("a" * 4097), "Message is too long"),
        (send_text("😀" * 2049), "Message is too long"),
        (send_text(" "), "Message text is empty"),
        (send_text("x", reply_markup=button("A", "a" * 65)), "Button_data_invalid"),
        (send_text("x", reply_markup=button("A", "न" * 22)), "Button_data_invalid"),
        (
            send_text("<b>x", parse_mode="HTML"),
            "Can't parse entities: can't find end tag corresponding to start tag \"b\"",
        ),
        (send_text("<marquee>x", parse_mode="HTML"), 'unsupported start tag "marquee"'),
        (send_text("a.", parse_mode="MarkdownV2"), "Character '.' is reserved and must be escaped"),
        (lambda bot: bot.send_message(1, "x"), "Chat not found"),
        (lambda bot: bot.send_photo(USER, b"jpeg", caption="a" * 1025), "Message caption is too long"),
        (lambda bot: bot.send_photo(USER, "unknown"), "Wrong file identifier/http url specified"),
        (lambda bot: bot.send_document(USER, "unknown"), "Wrong file identifier/http url specified"),
        (lambda bot: bot.get_file("unknown"), "Invalid file_id"),
        (
            lambda bot: bot.answer_callback_query("1"),
            "Query is too old and response timeout expired or query id is invalid",
        ),
        (lambda bot: bot.edit_message_text("x", USER, 99), "Message to edit not found"),
        (lambda bot: bot.edit_message_text("x", USER, 1), "Message can't be edited"),
        (lambda bot: bot.set_webhook("http://127.0.0.1/", secret_token="not allowed!"), "unallowed characters"),
    ],
)
async def test_bad_requests_are_refused_in_telegrams_words(
    bot: Bot, user: int, ask: Callable[[Bot], Any], said: str
) -> None:
    assert user == USER
    with pytest.raises(BadRequest) as refusal:
        await ask(bot)
    assert said.lower() in str(refusal.value).lower()


async def test_the_longest_texts_and_data_pass(bot: Bot, telegram: TelegramStandIn, user: int) -> None:
    sent = await bot.send_message(user, "😀" * 2048, reply_markup=button("A", "न" * 21 + "a"))
    assert telegram.phone_taps(user, sent.message_id, "न" * 21 + "a")


async def test_an_edit_that_changes_nothing_is_refused(bot: Bot, user: int) -> None:
    sent = await bot.send_message(user, "same")
    with pytest.raises(BadRequest, match="not modified"):
        await sent.edit_text("same")


async def test_a_tap_can_be_answered_once_in_time_and_in_200_letters(
    bot: Bot, telegram: TelegramStandIn, user: int, clock: ManualClock
) -> None:
    sent = await bot.send_message(user, "?", reply_markup=button("A", "a"))
    assert await bot.answer_callback_query(telegram.phone_taps(user, sent.message_id, "a"), "x" * 200)
    with pytest.raises(BadRequest, match=r"(?i)message_too_long"):
        await bot.answer_callback_query(telegram.phone_taps(user, sent.message_id, "a"), "x" * 201)
    late = telegram.phone_taps(user, sent.message_id, "a")
    await clock.advance(901)
    with pytest.raises(BadRequest, match="too old"):
        await bot.answer_callback_query(late)


async def test_a_bot_cannot_write_first_nor_to_who_blocked_it(bot: Bot, telegram: TelegramStandIn) -> None:
    telegram.add_user(USER)
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(USER, "x")
    telegram.phone_starts(USER)
    await bot.send_message(USER, "x")
    telegram.phone_blocks(USER)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(USER, "x")
    telegram.phone_unblocks(USER)
    await bot.send_message(USER, "x")
    telegram.chats[USER].is_deactivated = True
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(USER, "x")


async def test_a_wrong_token_and_an_unknown_method_are_refused(telegram: TelegramStandIn, telegram_url: str) -> None:
    async with ClientSession() as session:
        async with session.get(f"{telegram_url}/bot1:wrong/getMe") as answer:
            expected = {"ok": False, "error_code": 401, "description": "Unauthorized"}
            assert (answer.status, await answer.json()) == (401, expected)
        async with session.get(f"{telegram_url}/bot{telegram.token}/sendNothing") as answer:
            expected = {"ok": False, "error_code": 404, "description": "Not Found"}
            assert (answer.status, await answer.json()) == (404, expected)


async def test_methods_take_json_forms_and_queries_in_any_case(
    telegram: TelegramStandIn, telegram_url: str, user: int
) -> None:
    url = f"{telegram_url}/bot{telegram.token}/SENDMESSAGE"
    given = {"chat_id": user, "text": "hi"}
    async with ClientSession() as session:
        for way in ({"json": given}, {"data": given}, {"params": given}):
            async with session.post(url, **way) as answer:  # type: ignore[arg-type]
                assert (await answer.json())["ok"], way
        async with session.post(url, data=b"{", headers={"Content-Type": "application/json"}) as answer:
            assert answer.status == 400
    assert [message["text"] for message in telegram.sent_to(user)] == ["hi"] * 3


# --- limits ---------------------------------------------------------------------------------------------------------


async def test_one_chat_gets_one_message_a_second(
    bot: Bot, telegram: TelegramStandIn, user: int, clock: ManualClock
) -> None:
    telegram.limits = TelegramLimits(chat=1, chat_burst=2)
    await bot.send_message(user, "1")
    await bot.send_message(user, "2")
    with pytest.raises(RetryAfter) as refusal:
        await bot.send_message(user, "3")
    assert refusal.value.retry_after == timedelta(seconds=1)
    await clock.advance(1)
    await bot.send_message(user, "3")


async def test_all_chats_together_have_their_limit_unless_paid(bot: Bot, telegram: TelegramStandIn, user: int) -> None:
    telegram.limits = TelegramLimits(overall=30, overall_burst=1, paid=1000)
    await bot.send_message(user, "1")
    with pytest.raises(RetryAfter):
        await bot.send_message(user, "2")
    await bot.send_message(user, "2", allow_paid_broadcast=True)


async def test_without_limits_anything_goes(bot: Bot, user: int) -> None:
    await asyncio.gather(*(bot.send_message(user, str(number)) for number in range(50)))


async def test_a_file_over_20_megabytes_cannot_be_fetched(bot: Bot, telegram: TelegramStandIn, user: int) -> None:
    message: Any = telegram.phone_sends_document(user, b"x" * (20 * 1024**2 + 1), file_name="a.bin", mime_type="x/y")
    with pytest.raises(BadRequest, match=r"(?i)file is too big"):
        await bot.get_file(message["document"]["file_id"])
