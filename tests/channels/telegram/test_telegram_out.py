"""Telegram out, through python-telegram-bot to the stand-in over loopback: what is sent, and what refusals mean."""

import pytest
from aiohttp import web

from bot.channels.telegram import TelegramChannel
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.delivery import Content
from bot.domain.errors import InputError, Reason, SendError, Unavailable
from bot.domain.message import Attachment, Received
from bot.sandbox.faults import Drop, Fault
from bot.sandbox.telegram import TelegramLimits, TelegramStandIn
from bot.services.ports import Channeller
from tests.channels.conftest import BOT_TOKEN, Serve
from tests.channels.stand import delivery, offering

CHAT = 41
THERE = Address(scheme=Scheme.TELEGRAM, path=str(CHAT))


@pytest.fixture(autouse=True)
def _worker(telegram: TelegramStandIn) -> None:
    telegram.add_user(CHAT, first_name="Sita", language_code="ne")
    telegram.phone_starts(CHAT)


async def test_a_text_arrives_as_it_is(bot_channel: TelegramChannel, telegram: TelegramStandIn) -> None:
    text = "Ve a <b>la escuela</b> *ya* _ahora_ https://example.org & água"
    sid = await bot_channel.send(delivery(THERE, text))
    (sent,) = await telegram.heard(CHAT, 1)
    assert sent["text"] == text
    assert sid == f"{CHAT}:{sent['message_id']}"
    assert not any(entity["type"] == "bold" for entity in sent.get("entities", []))  # type: ignore[attr-defined]


async def test_what_is_asked_of_telegram(serve: Serve) -> None:
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append({name: str(value) for name, value in (await request.post()).items()})
        chat = {"id": CHAT, "type": "private"}
        return web.json_response({"ok": True, "result": {"message_id": 1, "date": 1, "chat": chat, "text": "x"}})

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with TelegramChannel(token=BOT_TOKEN, api_url=await serve(app)) as channel:
        await channel.send(delivery(THERE, "*x*"))
    (form,) = asked
    assert form["link_preview_options"] == '{"is_disabled": true}'
    assert "parse_mode" not in form


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        (("Yes", "No"), [["Yes", "No"]]),
        (("Safe", "Help", "Later"), [["Safe", "Help"], ["Later"]]),
        (("I am safe", "I need help now"), [["I am safe"], ["I need help now"]]),
        (("म सुरक्षित छु", "मलाई मद्दत चाहिन्छ"), [["म सुरक्षित छु"], ["मलाई मद्दत चाहिन्छ"]]),
    ],
)
async def test_options_are_buttons_one_a_row_unless_all_are_short(
    bot_channel: TelegramChannel, telegram: TelegramStandIn, labels: tuple[str, ...], rows: list[list[str]]
) -> None:
    await bot_channel.send(delivery(THERE, offering("Are you safe?", *labels)))
    (sent,) = await telegram.heard(CHAT, 1)
    keyboard = sent["reply_markup"]["inline_keyboard"]  # type: ignore[index]
    assert [[button["text"] for button in row] for row in keyboard] == rows
    data = [button["callback_data"] for row in keyboard for button in row]
    assert data == [f"pick:{number}" for number in range(len(labels))]


async def test_a_location_is_asked_for_and_the_button_goes_with_the_next_text(
    bot_channel: TelegramChannel, telegram: TelegramStandIn
) -> None:
    await bot_channel.send(delivery(THERE, Content(text="Where?", language="en", asks_position=True)))
    asked = telegram.chats[CHAT].keyboard
    assert asked is not None
    assert asked["keyboard"] == [[{"request_location": True, "text": "📍"}]]
    await bot_channel.send(delivery(THERE, "Thank you"))
    assert not (telegram.chats[CHAT].keyboard or {}).get("keyboard")


async def test_a_location_may_be_asked_for_with_options(
    bot_channel: TelegramChannel, telegram: TelegramStandIn
) -> None:
    content = Content(text="?", language="en", asks_position=True, options=offering("", "Skip").options)
    await bot_channel.send(delivery(THERE, content))
    asked = telegram.chats[CHAT].keyboard
    assert asked is not None
    assert asked["keyboard"] == [[{"request_location": True, "text": "📍"}], [{"text": "Skip"}]]


def test_a_long_text_is_cut_in_utf_16_units_with_the_buttons_last(reader: TelegramChannel) -> None:
    parts = reader.fit(offering("🆘 Leave now. " * 400, "Safe"))
    assert len(parts) == 2
    assert [len(part.options) for part in parts] == [0, 1]
    assert all(len(part.text.encode("utf-16-le")) <= 2 * 4096 for part in parts)
    assert reader.cost(parts[0]) == 1


def test_the_throttle_knows_the_bot_by_its_public_id(reader: TelegramChannel) -> None:
    channel: Channeller = reader
    assert channel.sender == "telegram:123456"
    assert BOT_TOKEN not in repr(reader)


async def test_each_refusal_has_its_reason(bot_channel: TelegramChannel, telegram: TelegramStandIn) -> None:
    telegram.add_user(42)
    for blocked in (43, 44):
        telegram.add_user(blocked)
        telegram.phone_starts(blocked)
    telegram.phone_blocks(43)
    telegram.chats[44].is_deactivated = True
    for path, text, expected in [
        ("42", "hi", Reason.UNREACHABLE),  # has not written to the bot
        ("43", "hi", Reason.OPTED_OUT),
        ("44", "hi", Reason.UNREACHABLE),
        ("45", "hi", Reason.INVALID_ADDRESS),
        ("nobody", "hi", Reason.INVALID_ADDRESS),
        (str(CHAT), "x" * 4097, Reason.TOO_LONG),
        (str(CHAT), " ", Reason.BAD_CONTENT),
    ]:
        with pytest.raises(SendError) as caught:
            await bot_channel.send(delivery(Address(scheme=Scheme.TELEGRAM, path=path), text))
        assert caught.value.reason is expected


async def test_a_payload_over_64_bytes_is_bad_content(bot_channel: TelegramChannel) -> None:
    content = offering("?", "Safe")
    option = content.options[0].__class__(label="Safe", payload="x" * 65)
    with pytest.raises(SendError) as caught:
        await bot_channel.send(delivery(THERE, Content(text="?", language="en", options=(option,))))
    assert caught.value.reason is Reason.BAD_CONTENT


async def test_retry_after_is_obeyed(bot_channel: TelegramChannel, telegram: TelegramStandIn) -> None:
    telegram.faults.order(Fault(status=429, retry_after=17))
    with pytest.raises(SendError) as caught:
        await bot_channel.send(delivery(THERE))
    assert (caught.value.reason, caught.value.retry_after) == (Reason.TOO_FAST, 17.0)


async def test_telegrams_own_pace_says_how_long_to_wait(
    bot_channel: TelegramChannel, telegram: TelegramStandIn
) -> None:
    telegram.limits = TelegramLimits(chat=1, chat_burst=1)
    await bot_channel.send(delivery(THERE))
    with pytest.raises(SendError) as caught:
        await bot_channel.send(delivery(THERE))
    assert caught.value.retry_after == 1.0


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=500), Reason.PROVIDER_DOWN),
        (Fault(status=502), Reason.PROVIDER_DOWN),
        (Fault(status=401), Reason.BAD_CREDENTIALS),
        (Fault(status=404), Reason.BAD_CREDENTIALS),
        (Fault(drop=Drop.BEFORE), Reason.PROVIDER_DOWN),
        (Fault(drop=Drop.AFTER), Reason.PROVIDER_DOWN),
    ],
    ids=lambda value: str(value) if isinstance(value, Reason) else f"{value.status}-{value.drop}",
)
async def test_each_trouble_has_its_reason(
    bot_channel: TelegramChannel, telegram: TelegramStandIn, fault: Fault, expected: Reason
) -> None:
    telegram.faults.order(fault)
    with pytest.raises(SendError) as caught:
        await bot_channel.send(delivery(THERE))
    assert caught.value.reason is expected


async def test_nobody_there_is_the_provider_being_down() -> None:
    async with TelegramChannel(token=BOT_TOKEN, api_url="http://127.0.0.1:9") as channel:
        with pytest.raises(SendError) as caught:
            await channel.send(delivery(THERE))
    assert caught.value.reason is Reason.PROVIDER_DOWN


# --- taps and files -------------------------------------------------------------------------------------------------


async def test_a_tap_is_received_and_its_spinner_stopped(
    bot_channel: TelegramChannel, telegram: TelegramStandIn
) -> None:
    await bot_channel.send(delivery(THERE, offering("Safe?", "Yes", "No")))
    (sent,) = await telegram.heard(CHAT, 1)
    telegram.phone_taps(CHAT, int(str(sent["message_id"])), "pick:1")
    inbound, _ = await bot_channel.poll(0)
    tapped = inbound.messages[-1]
    assert tapped.choice == "pick:1"
    assert telegram.taps
    await bot_channel.acknowledge(tapped)
    assert not telegram.taps  # answered: the phone's spinner stops


@pytest.mark.parametrize("provider_id", ["tap:unknown", "update:7", "edit:7", ""])
async def test_acknowledging_never_raises(bot_channel: TelegramChannel, provider_id: str) -> None:
    received = Received(channel=Channel.TELEGRAM, address=THERE, provider_id=provider_id)
    await bot_channel.acknowledge(received)


async def test_acknowledging_after_the_end_never_raises() -> None:
    async with TelegramChannel(token=BOT_TOKEN, api_url="http://127.0.0.1:9") as channel:
        pass
    await channel.acknowledge(Received(channel=Channel.TELEGRAM, address=THERE, provider_id="tap:1"))


async def test_a_file_is_fetched_by_its_id(bot_channel: TelegramChannel, telegram: TelegramStandIn) -> None:
    telegram.phone_sends_voice(CHAT, b"OggS voice")
    inbound, _ = await bot_channel.poll(0)
    assert await bot_channel.fetch(inbound.messages[-1].attachments[0]) == (b"OggS voice", "audio/ogg")


async def test_a_file_that_is_not_there_cannot_be_read(bot_channel: TelegramChannel) -> None:
    with pytest.raises(InputError):
        await bot_channel.fetch(Attachment(kind="photo", source="unknown"))


async def test_a_file_above_the_limit_is_not_begun(bot_channel: TelegramChannel, telegram: TelegramStandIn) -> None:
    file = telegram.store_file(b"small", folder="documents", extension=".pdf")
    with pytest.raises(InputError, match="too large"):
        await bot_channel.fetch(Attachment(kind="document", source=file.file_id, size=17 * 1024 * 1024))


async def test_telegrams_files_may_be_away(bot_channel: TelegramChannel, telegram: TelegramStandIn) -> None:
    file = telegram.store_file(b"small", folder="documents", extension=".pdf")
    telegram.faults.order(Fault(status=502))
    with pytest.raises(Unavailable):
        await bot_channel.fetch(Attachment(kind="document", source=file.file_id))
