"""Owns Telegram by python-telegram-bot: webhook or long polling in, texts with buttons out, its errors as reasons."""

import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

# Without it python-telegram-bot warns at every RetryAfter that its seconds will become a timedelta.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from telegram import (
    Bot,
    CallbackQuery,
    ChatMember,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    Update,
)
from telegram.error import (
    BadRequest,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from bot.channels.segments import cut, utf16_units
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.delivery import Content, Delivery
from bot.domain.errors import InputError, NotAuthentic, Reason, SendError, Unavailable
from bot.domain.message import Attachment, MessageKind, Received
from bot.domain.values import Position
from bot.services.ports import Inbound, Request

MAX_TEXT = 4096  # UTF-16 units
MAX_DOWNLOAD = 20 * 1024 * 1024  # bytes that a bot may fetch
POLL_SECONDS = 25
UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
SHARE_LOCATION = "📍"
_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 (the header's name)
_GONE = (ChatMember.BANNED, ChatMember.LEFT)


@dataclass(kw_only=True)
class TelegramChannel:
    """One bot. `secret` is what setWebhook was told; without one no webhook is believed."""

    token: str = field(repr=False)
    secret: str = field(default="", repr=False)
    api_url: str = "https://api.telegram.org"
    name: Channel = Channel.TELEGRAM
    has_receipts: bool = False
    _bot: Bot = field(init=False, repr=False)
    _requests: tuple[HTTPXRequest, HTTPXRequest] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        polling = HTTPXRequest(connection_pool_size=1, read_timeout=POLL_SECONDS + 10)
        calling = HTTPXRequest(connection_pool_size=64, read_timeout=20, connect_timeout=10)
        self._requests = polling, calling
        self._bot = Bot(
            token=self.token,
            base_url=f"{self.api_url}/bot",
            base_file_url=f"{self.api_url}/file/bot",
            request=calling,
            get_updates_request=polling,
        )

    @property
    def sender(self) -> str:
        """Names the bot, not its secret: a token begins with the bot's public id."""
        return "telegram:" + self.token.partition(":")[0]

    async def __aenter__(self) -> "TelegramChannel":
        # Not Bot.initialize: it calls getMe, and Telegram may be away at our start.
        for request in self._requests:
            await request.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        for request in self._requests:
            await request.shutdown()

    # --- in -------------------------------------------------------------------------------------------------------

    def receive(self, request: Request) -> Inbound:
        given = request.headers.get(_SECRET_HEADER, "")
        if not self.secret or not hmac.compare_digest(given.encode(), self.secret.encode()):
            raise NotAuthentic("X-Telegram-Bot-Api-Secret-Token is missing or wrong")
        try:
            update = orjson.loads(request.body)
        except orjson.JSONDecodeError as error:
            raise InputError("the body is not JSON") from error
        return Inbound(messages=tuple(self._messages(update)))

    async def poll(self, offset: int) -> tuple[Inbound, int]:
        """Long polling: what has come since `offset`, and the offset that confirms it; raises Unavailable."""
        try:
            updates = await self._bot.get_updates(offset=offset, timeout=POLL_SECONDS, allowed_updates=list(UPDATES))
        except TelegramError as error:
            raise Unavailable(f"Telegram did not answer: {type(error).__name__}") from None
        messages = [message for update in updates for message in self._of_update(update)]
        return Inbound(messages=tuple(messages)), max((update.update_id + 1 for update in updates), default=offset)

    def _messages(self, update: Any) -> Iterator[Received]:
        """The update read by python-telegram-bot; raises InputError for what it cannot read."""
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            raise InputError("the body is not an update: update_id is missing")
        try:
            read = Update.de_json(update, self._bot)
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError, OSError) as error:
            raise InputError("the update has another shape than Telegram's") from error
        yield from self._of_update(read)

    def _of_update(self, update: Update) -> Iterator[Received]:
        try:
            received = self._received(update)
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError("the update has another shape than Telegram's") from error
        if received is not None:
            yield replace(received, sequence=update.update_id)

    def _received(self, update: Update) -> Received | None:
        if update.callback_query is not None:
            return self._tapped(update.callback_query)
        if update.my_chat_member is not None:
            return self._membership(update.my_chat_member, update.update_id)
        if update.edited_message is not None:
            edited = self._written(update.edited_message, f"edit:{update.update_id}")
            return replace(edited, kind=MessageKind.EDITED) if edited else None
        if update.message is not None:
            return self._written(update.message, f"update:{update.update_id}")
        return None

    def _tapped(self, query: CallbackQuery) -> Received | None:
        chat = query.message.chat if query.message is not None else None
        if chat is None or chat.type != "private" or not query.data:
            return None
        return Received(
            channel=self.name,
            address=_address(chat.id),
            provider_id=f"tap:{query.id}",
            choice=query.data,
            language_hint=query.from_user.language_code,
        )

    def _membership(self, change: ChatMemberUpdated, number: int) -> Received | None:
        if change.chat.type != "private":
            return None
        kind = MessageKind.BLOCKED if change.new_chat_member.status in _GONE else MessageKind.UNBLOCKED
        return Received(channel=self.name, address=_address(change.chat.id), provider_id=f"update:{number}", kind=kind)

    def _written(self, message: Message, provider_id: str) -> Received | None:
        sender = message.from_user
        if message.chat.type != "private" or sender is None or sender.is_bot:
            return None
        text = message.text or message.caption or ""
        is_start = text == "/start" or text.startswith("/start ")
        location = message.location or (message.venue.location if message.venue else None)
        own = message.contact if message.contact and message.contact.user_id == sender.id else None
        return Received(
            channel=self.name,
            address=_address(message.chat.id),
            provider_id=provider_id,
            kind=MessageKind.JOINED if is_start else MessageKind.WORDS,
            text=text.removeprefix("/start").strip() if is_start else text,
            attachments=tuple(_attachments(message)),
            position=Position(latitude=location.latitude, longitude=location.longitude) if location else None,
            phone="+" + own.phone_number.removeprefix("+") if own else None,
            name=sender.first_name or None,
            language_hint=sender.language_code,
        )

    # --- out ------------------------------------------------------------------------------------------------------

    def fit(self, content: Content) -> tuple[Content, ...]:
        """Parts of at most 4,096 UTF-16 units, the buttons under the last one."""
        return cut(content, MAX_TEXT, utf16_units)

    def cost(self, content: Content) -> float:
        return 1.0

    async def send(self, delivery: Delivery) -> str:
        content = delivery.content
        try:
            sent = await self._bot.send_message(
                chat_id=int(delivery.address.path),
                text=content.text,
                reply_markup=_markup(content),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        except TelegramError as error:
            raise _send_error(error) from None
        return f"{delivery.address.path}:{sent.message_id}"

    async def acknowledge(self, received: Received) -> None:
        """Stop the tapped button's spinner."""
        kind, _, query = received.provider_id.partition(":")
        if kind != "tap":
            return
        try:
            await self._bot.answer_callback_query(query)
        except TelegramError:
            return  # the button's spinner ends by itself

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        """A file from Telegram's own file address, by its file id; raises InputError or Unavailable."""
        if attachment.size is not None and attachment.size > MAX_DOWNLOAD:
            raise InputError("the file is larger than a bot may fetch")
        try:
            file = await self._bot.get_file(attachment.source)
            body = await file.download_as_bytearray()
        except BadRequest as error:
            raise InputError("Telegram does not have this file") from error
        except TelegramError as error:
            raise Unavailable(f"Telegram's files did not answer: {type(error).__name__}") from None
        return bytes(body), attachment.media_type


def _address(chat: int) -> Address:
    return Address(scheme=Scheme.TELEGRAM, path=str(chat))


def _attachments(message: Message) -> Iterator[Attachment]:
    if message.photo:
        largest = max(
            (size for size in message.photo if (size.file_size or 0) <= MAX_DOWNLOAD),
            key=lambda size: size.width * size.height,
            default=message.photo[-1],
        )
        yield Attachment(kind="photo", source=largest.file_id, media_type="image/jpeg", size=largest.file_size)
    if message.voice:
        yield _file("voice", message.voice, "audio/ogg")
    if message.audio:
        yield _file("voice", message.audio, "audio/mpeg")
    if message.video:
        yield _file("video", message.video, "video/mp4")
    if message.document:
        yield _file("document", message.document, "application/octet-stream")
    if message.sticker:
        yield Attachment(kind="sticker", source=message.sticker.file_id, media_type="image/webp")


def _file(kind: str, given: Any, media_type: str) -> Attachment:
    return Attachment(kind=kind, source=given.file_id, media_type=given.mime_type or media_type, size=given.file_size)


def _markup(content: Content) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | None:
    if content.options:
        rows = [[InlineKeyboardButton(option.label, callback_data=option.payload)] for option in content.options]
        return InlineKeyboardMarkup(rows)
    if content.asks_position:
        button = KeyboardButton(SHARE_LOCATION, request_location=True)
        return ReplyKeyboardMarkup([[button]], resize_keyboard=True, one_time_keyboard=True)
    return None


def _send_error(error: TelegramError) -> SendError:
    match error:
        case RetryAfter():
            seconds = error.retry_after
            wait = float(seconds if isinstance(seconds, int) else seconds.total_seconds())
            return SendError(Reason.TOO_FAST, retry_after=wait)
        case Forbidden():
            is_blocked = "blocked" in error.message or "deactivated" in error.message
            return SendError(Reason.OPTED_OUT if is_blocked else Reason.UNREACHABLE)
        case InvalidToken():
            return SendError(Reason.BAD_CREDENTIALS)
        case BadRequest():
            return SendError(_bad_request(error.message.lower()))
        case NetworkError():
            return SendError(Reason.PROVIDER_DOWN, detail=type(error).__name__)
        case _:
            return SendError(Reason.UNKNOWN, detail=type(error).__name__)


def _bad_request(text: str) -> Reason:
    if "too long" in text:
        return Reason.TOO_LONG
    if "chat not found" in text or "user not found" in text or "chat_id is empty" in text:
        return Reason.INVALID_ADDRESS
    return Reason.BAD_CONTENT
