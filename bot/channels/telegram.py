"""Owns Telegram by python-telegram-bot: webhook or long polling in, texts with buttons out, its errors as reasons."""

import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import orjson

# Without it python-telegram-bot warns at every RetryAfter that its seconds will become a timedelta.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from telegram import (
    Message as TelegramMessage,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from bot.channels.segments import cut, utf16_units
from bot.channels.telegram_updates import read_update, update_number
from bot.domain.contact import Channel
from bot.domain.delivery import Content, Delivery
from bot.domain.document import MAX_DOCUMENT_BYTES, DocumentId
from bot.domain.errors import InputError, NotAuthentic, Reason, SendError, Unavailable
from bot.domain.message import Attachment, Received
from bot.log import logger
from bot.services.ports import Files, Inbound, Request

log = logger("telegram")

MAX_TEXT = 4096  # UTF-16 units
MAX_CAPTION = 1024  # UTF-16 units
MAX_PHOTO = 10 * 1024**2  # bytes; larger ones go as documents, up to 50 MB
_FILE_NAMES = {"image/jpeg": "photo.jpg", "image/png": "photo.png", "application/pdf": "document.pdf"}
_NO_PHOTO = ("photo_invalid_dimensions", "image_process_failed")  # too long and thin, or of a kind it cannot draw
POLL_SECONDS = 25
UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
SHARE_LOCATION = "📍"
SHORT_LABEL = 12  # UTF-16 units: two such buttons stand side by side on a narrow phone
# How the library words what went wrong before a request was out; it keeps no types of httpx.
_NEVER_ASKED = ("httpx.ConnectError", "httpx.ConnectTimeout", "Pool timeout")
_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 (the header's name)


@dataclass(kw_only=True)
class TelegramChannel:
    """One bot. `secret` is what setWebhook was told; without one no webhook is believed."""

    token: str = field(repr=False)
    secret: str = field(default="", repr=False)
    api_url: str = "https://api.telegram.org"
    files: Files | None = None
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

    async def prepare(self, webhook_url: str | None) -> None:
        """Tell Telegram where updates go: to the webhook, one at a time and so in order, or to whoever polls.

        Raises Unavailable; updates that wait at Telegram are kept either way.
        """
        try:
            if webhook_url is None:
                await self._bot.delete_webhook()
                return
            await self._bot.set_webhook(
                webhook_url, secret_token=self.secret, max_connections=1, allowed_updates=UPDATES
            )
        except TelegramError as error:
            raise Unavailable(f"Telegram did not take the webhook: {type(error).__name__}") from None

    def receive(self, request: Request) -> Inbound:
        given = request.headers.get(_SECRET_HEADER, "").encode(errors="replace")
        if not self.secret or not hmac.compare_digest(given, self.secret.encode()):
            raise NotAuthentic("X-Telegram-Bot-Api-Secret-Token is missing or wrong")
        try:
            update = orjson.loads(request.body)
        except orjson.JSONDecodeError as error:
            raise InputError("the body is not JSON") from error
        received = read_update(update, self._bot)
        return Inbound(messages=(received,) if received else ())

    async def poll(self, offset: int) -> tuple[Inbound, int]:
        """Long polling: what has come since `offset`, and the offset that confirms it; raises Unavailable.

        The updates are asked for raw: one that cannot be read must not hold up those behind it for ever, and
        Bot.get_updates writes what it cannot read, words and all, to the log.
        """
        asked = {"offset": offset, "timeout": POLL_SECONDS, "allowed_updates": orjson.dumps(UPDATES).decode()}
        polling, _ = self._requests
        try:
            updates: Any = await polling.post(f"{self._bot.base_url}/getUpdates?{urlencode(asked)}")
            numbers = [update_number(update) for update in updates]
        except TelegramError as error:
            raise Unavailable(f"Telegram did not answer: {type(error).__name__}") from None
        except (InputError, TypeError, LookupError) as error:
            raise Unavailable("Telegram answered with something else than updates") from error
        messages = [received for update in updates for received in self._readable(update)]
        return Inbound(messages=tuple(messages)), max((number + 1 for number in numbers), default=offset)

    def _readable(self, update: Any) -> Iterator[Received]:
        try:
            received = read_update(update, self._bot)
        except InputError:
            log.warning("update_unreadable", update_id=update_number(update))
            return
        if received is not None:
            yield received

    # --- out ------------------------------------------------------------------------------------------------------

    def fit(self, content: Content) -> tuple[Content, ...]:
        """Parts of at most 4,096 UTF-16 units, the buttons under the last one.

        A file has a caption of at most 1,024: where the text is longer, the file follows it by itself.
        """
        if content.attachment is None or utf16_units(content.text) <= MAX_CAPTION:
            return cut(content, MAX_TEXT, utf16_units)
        text = replace(content, attachment=None, options=(), asks_position=False)
        return (*cut(text, MAX_TEXT, utf16_units), replace(content, text=""))

    def cost(self, content: Content) -> float:
        return 1.0

    async def send(self, delivery: Delivery) -> str:
        content, chat = delivery.content, _chat_id(delivery.address.path)
        try:
            sent = (
                await self._send_text(chat, content)
                if content.attachment is None
                else await self._send_file(chat, content, content.attachment)
            )
        except TelegramError as error:
            raise _send_error(error) from None
        return f"{delivery.address.path}:{sent.message_id}"

    async def _send_text(self, chat: int, content: Content) -> TelegramMessage:
        return await self._bot.send_message(
            chat_id=chat,
            text=content.text,
            reply_markup=_markup(content),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )

    async def _send_file(self, chat: int, content: Content, document: DocumentId) -> TelegramMessage:
        """A photo is shown at once; what Telegram does not take as one goes as a document."""
        if self.files is None:
            raise SendError(Reason.BAD_CONTENT, detail="files cannot be sent here")
        media_type, body = await self.files.read(document)
        name = _FILE_NAMES.get(media_type, "file")
        caption, markup = content.text or None, _markup(content)
        if media_type.startswith("image/") and len(body) <= MAX_PHOTO:
            try:
                return await self._bot.send_photo(chat, body, caption=caption, reply_markup=markup, filename=name)
            except BadRequest as error:
                if not error.message.lower().startswith(_NO_PHOTO):
                    raise
        return await self._bot.send_document(chat, body, caption=caption, reply_markup=markup, filename=name)

    async def acknowledge(self, received: Received) -> None:
        """Stop the tapped button's spinner."""
        kind, _, query = received.provider_id.partition(":")
        if kind != "tap":
            return
        try:
            await self._bot.answer_callback_query(query)
        except (TelegramError, RuntimeError):  # RuntimeError: the connections are closed already
            log.info("tap_not_acknowledged")  # the button's spinner ends by itself

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        """A file from Telegram's own file address, by its file id; raises InputError or Unavailable.

        Telegram gives a bot no file above 20 MB and tells the size beforehand, so that nothing larger is begun.
        """
        try:
            file = await self._bot.get_file(attachment.source)
            if max(file.file_size or 0, attachment.size or 0) > MAX_DOCUMENT_BYTES:
                raise InputError("the file is too large")
            body = await file.download_as_bytearray()
        except BadRequest as error:
            raise InputError("Telegram does not have this file, or it is too large") from error
        except TelegramError as error:
            raise Unavailable(f"Telegram's files did not answer: {type(error).__name__}") from None
        return bytes(body), attachment.media_type


def _chat_id(path: str) -> int:
    try:
        return int(path)
    except ValueError:
        raise SendError(Reason.INVALID_ADDRESS) from None


def _markup(content: Content) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove:
    """Buttons under the text; a button that shares the location needs the other keyboard, options with it as words."""
    if content.asks_position:
        rows = [[KeyboardButton(SHARE_LOCATION, request_location=True)]]
        rows += [[KeyboardButton(option.label)] for option in content.options]
        return ReplyKeyboardMarkup(rows, resize_keyboard=True, one_time_keyboard=True)
    if content.options:
        buttons = [InlineKeyboardButton(option.label, callback_data=option.payload) for option in content.options]
        is_short = all(utf16_units(option.label) <= SHORT_LABEL for option in content.options)
        width = 2 if is_short else 1
        return InlineKeyboardMarkup([buttons[at : at + width] for at in range(0, len(buttons), width)])
    return ReplyKeyboardRemove()  # an earlier location button has had its time


def _send_error(error: TelegramError) -> SendError:
    match error:
        case RetryAfter():
            pause = error.retry_after
            seconds = float(pause if isinstance(pause, int) else pause.total_seconds())
            return SendError(Reason.TOO_FAST, retry_after=seconds)
        case Forbidden():
            is_blocked = "blocked by the user" in error.message  # else: deactivated, or has never written to the bot
            return SendError(Reason.OPTED_OUT if is_blocked else Reason.UNREACHABLE)
        case InvalidToken():
            return SendError(Reason.BAD_CREDENTIALS)
        case ChatMigrated():
            return SendError(Reason.INVALID_ADDRESS)
        case BadRequest():
            return SendError(_bad_request(error.message.lower()))
        case NetworkError():
            is_doubtful = not error.message.startswith(_NEVER_ASKED)
            return SendError(Reason.PROVIDER_DOWN, detail=type(error).__name__, is_doubtful=is_doubtful)
        case _:
            return SendError(Reason.UNKNOWN, detail=type(error).__name__)


def _bad_request(text: str) -> Reason:
    if "too long" in text:
        return Reason.TOO_LONG
    if "chat not found" in text or "user not found" in text or "chat_id is empty" in text:
        return Reason.INVALID_ADDRESS
    return Reason.BAD_CONTENT
