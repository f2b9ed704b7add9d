"""The Bot API's methods as the stand-in answers them: one function each, from arguments to a result or a refusal."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from bot.sandbox.telegram_bot import TelegramChat, TelegramStandIn
from bot.sandbox.telegram_entities import CannotParse, Entity, parse, utf16_length
from bot.sandbox.telegram_errors import TelegramRefusal, bad_request
from bot.sandbox.telegram_updates import BotWebhook, Json, wanted

TEXT_UNITS = 4096
CAPTION_UNITS = 1024
CALLBACK_BYTES = 64
ANSWER_LETTERS = 200
DOWNLOAD_BYTES = 20 * 1024**2


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the request."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Arguments:
    """A request's arguments, however they came: form fields are text, JSON bodies are already typed."""

    values: Mapping[str, Any] = field(default_factory=dict)
    uploads: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name)
        return default if value is None else str(value)

    def number(self, name: str, default: int = 0) -> int:
        try:
            return int(self.values.get(name, default))
        except (TypeError, ValueError):
            raise bad_request(f"parameter {name} must be a number") from None

    def real(self, name: str) -> float:
        try:
            return float(self.values[name])
        except (KeyError, TypeError, ValueError):
            raise bad_request(f"{name} is invalid") from None

    def flag(self, name: str) -> bool:
        return str(self.values.get(name, "")).lower() in {"true", "1"}

    def structure(self, name: str) -> Any:
        """A nested object or list, None if left out."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return orjson.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    def file(self, name: str) -> Upload | str | None:
        """An upload, or the file_id or address given instead of one."""
        value = self.values.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            return self.uploads.get(value.removeprefix("attach://"))
        return self.uploads.get(name) or (str(value) if value is not None else None)


Method = Callable[[TelegramStandIn, Arguments], Awaitable[object]]


async def get_me(stand_in: TelegramStandIn, _: Arguments) -> object:
    return {
        **stand_in.me,
        "can_join_groups": False,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


async def get_updates(stand_in: TelegramStandIn, given: Arguments) -> object:
    updates = stand_in.updates
    updates.allowed = wanted(given.structure("allowed_updates"), updates.allowed)
    limit = min(100, max(1, given.number("limit", 100)))
    return await updates.poll(offset=given.number("offset"), limit=limit, seconds=given.number("timeout"))


async def set_webhook(stand_in: TelegramStandIn, given: Arguments) -> object:
    """Unlike Telegram, plain http and any port are accepted: a stand-in stays on loopback."""
    secret = given.text("secret_token")
    if len(secret) > 256 or not all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in secret):
        raise bad_request("secret token contains unallowed characters")
    stand_in.updates.allowed = wanted(given.structure("allowed_updates"), stand_in.updates.allowed)
    if given.flag("drop_pending_updates"):
        stand_in.updates.forget()
    url = given.text("url")
    webhook = BotWebhook(url=url, secret_token=secret, max_connections=given.number("max_connections", 40))
    stand_in.updates.set_webhook(webhook if url else None)
    return True


async def delete_webhook(stand_in: TelegramStandIn, given: Arguments) -> object:
    if given.flag("drop_pending_updates"):
        stand_in.updates.forget()
    if stand_in.updates.webhook is not None:
        stand_in.updates.set_webhook(None)
    return True


async def get_webhook_info(stand_in: TelegramStandIn, _: Arguments) -> object:
    updates = stand_in.updates
    info: Json = {
        "url": updates.webhook.url if updates.webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": updates.pending_count,
    }
    if updates.webhook:
        info |= {"max_connections": updates.webhook.max_connections, "ip_address": "127.0.0.1"}
    if updates.allowed:
        info["allowed_updates"] = list(updates.allowed)
    if updates.last_error:
        info["last_error_date"], info["last_error_message"] = updates.last_error
    return info


async def send_message(stand_in: TelegramStandIn, given: Arguments) -> object:
    text, entities = _formatted(given, "text", "entities")
    if not text.strip():
        raise bad_request("message text is empty")
    if utf16_length(text) > TEXT_UNITS:
        raise bad_request("message is too long")
    return _send(stand_in, given, {"text": text, **_if_any("entities", entities)})


async def send_photo(stand_in: TelegramStandIn, given: Arguments) -> object:
    upload = given.file("photo")
    if isinstance(upload, Upload):
        return _send(stand_in, given, lambda: {"photo": stand_in.photo_sizes(upload.data), **_captioned(given)})
    known = stand_in.files.get(upload or "")
    if known is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    size = {**known.as_json(), "width": 1280, "height": 960}
    return _send(stand_in, given, {"photo": [size], **_captioned(given)})


async def send_document(stand_in: TelegramStandIn, given: Arguments) -> object:
    upload = given.file("document")
    if isinstance(upload, Upload):
        extension = "." + upload.name.rpartition(".")[2] if "." in upload.name else ""
        file = stand_in.store_file(upload.data, folder="documents", extension=extension)
        document: Json = {**file.as_json(), "file_name": upload.name, "mime_type": upload.content_type}
    elif known := stand_in.files.get(upload or ""):
        document = known.as_json()
    else:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return _send(stand_in, given, {"document": document, **_captioned(given)})


async def send_location(stand_in: TelegramStandIn, given: Arguments) -> object:
    return _send(stand_in, given, {"location": _position(given)})


async def send_venue(stand_in: TelegramStandIn, given: Arguments) -> object:
    position = _position(given)
    venue = {"location": position, "title": given.text("title"), "address": given.text("address")}
    return _send(stand_in, given, {"location": position, "venue": venue})


async def send_chat_action(stand_in: TelegramStandIn, given: Arguments) -> object:
    chat = stand_in.chats.get(given.number("chat_id"))
    if chat is None:
        raise bad_request("chat not found")
    stand_in.tell(chat, "typing", {"action": given.text("action")})
    return True


async def answer_callback_query(stand_in: TelegramStandIn, given: Arguments) -> object:
    tapped_at = stand_in.taps.pop(given.text("callback_query_id"), None)
    if tapped_at is None or stand_in.clock.now() - tapped_at > timedelta(seconds=stand_in.callback_seconds):
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(given.text("text")) > ANSWER_LETTERS:
        raise bad_request("MESSAGE_TOO_LONG")
    return True


async def edit_message_text(stand_in: TelegramStandIn, given: Arguments) -> object:
    text, entities = _formatted(given, "text", "entities")
    if not text.strip():
        raise bad_request("message text is empty")
    if utf16_length(text) > TEXT_UNITS:
        raise bad_request("message is too long")
    markup = _if_any("reply_markup", _markup(given))
    return _edit(
        stand_in, given, {"text": text, **_if_any("entities", entities), **markup}, ("entities", "reply_markup")
    )


async def edit_message_reply_markup(stand_in: TelegramStandIn, given: Arguments) -> object:
    return _edit(stand_in, given, _if_any("reply_markup", _markup(given)), ("reply_markup",))


async def delete_message(stand_in: TelegramStandIn, given: Arguments) -> object:
    chat, message = _own_message(stand_in, given, "message to delete not found")
    del chat.messages[given.number("message_id")]
    stand_in.tell(chat, "deleted", message)
    return True


async def get_file(stand_in: TelegramStandIn, given: Arguments) -> object:
    file = stand_in.files.get(given.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id")
    if len(file.data) > DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {**file.as_json(), "file_path": file.path}


async def set_my_commands(stand_in: TelegramStandIn, given: Arguments) -> object:
    stand_in.commands = given.structure("commands") or []
    return True


async def get_my_commands(stand_in: TelegramStandIn, _: Arguments) -> object:
    return stand_in.commands


async def delete_my_commands(stand_in: TelegramStandIn, _: Arguments) -> object:
    stand_in.commands = []
    return True


# The Bot API takes method names in any case.
METHODS: Mapping[str, Method] = {
    method.__name__.replace("_", ""): method
    for method in (
        get_me,
        get_updates,
        set_webhook,
        delete_webhook,
        get_webhook_info,
        send_message,
        send_photo,
        send_document,
        send_location,
        send_venue,
        send_chat_action,
        answer_callback_query,
        edit_message_text,
        edit_message_reply_markup,
        delete_message,
        get_file,
        set_my_commands,
        get_my_commands,
        delete_my_commands,
    )
}


def _send(stand_in: TelegramStandIn, given: Arguments, content: Json | Callable[[], Json]) -> Json:
    markup = _markup(given)
    if "chat_id" not in given.values:
        raise bad_request("chat_id is empty")
    chat = stand_in.chat_to_write(given.number("chat_id"), is_paid=given.flag("allow_paid_broadcast"))
    message = dict(content() if callable(content) else content)
    if markup and "inline_keyboard" in markup:
        message["reply_markup"] = markup
    elif markup:
        # A reply keyboard belongs to the chat, not to the message: Telegram does not give it back.
        chat.keyboard = None if markup.get("remove_keyboard") else markup
        stand_in.tell(chat, "chat", {"keyboard": chat.keyboard})
    replied = (given.structure("reply_parameters") or {}).get("message_id")
    if replied in chat.messages:
        message["reply_to_message"] = chat.messages[replied]
    return stand_in.post(chat, message)


def _edit(stand_in: TelegramStandIn, given: Arguments, content: Json, replaced: tuple[str, ...]) -> Json:
    chat, before = _own_message(stand_in, given, "message to edit not found")
    if "text" in content and "text" not in before:
        raise bad_request("there is no text in the message to edit")
    kept = {name: value for name, value in before.items() if name not in replaced}
    after = {**kept, **content}
    if after == before:
        raise bad_request(_NOT_MODIFIED)
    after["edit_date"] = stand_in.seconds()
    chat.messages[given.number("message_id")] = after
    stand_in.tell(chat, "edited", after)
    return after


def _own_message(stand_in: TelegramStandIn, given: Arguments, missing: str) -> tuple[TelegramChat, Json]:
    chat = stand_in.chat_to_write(given.number("chat_id"))
    message = chat.messages.get(given.number("message_id"))
    if message is None:
        raise bad_request(missing)
    if message["from"] != stand_in.me:
        raise bad_request("message can't be edited")
    return chat, message


def _formatted(given: Arguments, name: str, entities_name: str) -> tuple[str, list[Entity]]:
    text = given.text(name)
    if entities := given.structure(entities_name):
        return text, entities
    try:
        return parse(text, given.text("parse_mode"))
    except CannotParse as error:
        raise bad_request(f"can't parse entities: {error}") from error


def _captioned(given: Arguments) -> Json:
    caption, entities = _formatted(given, "caption", "caption_entities")
    if utf16_length(caption) > CAPTION_UNITS:
        raise bad_request("message caption is too long")
    return {**_if_any("caption", caption), **_if_any("caption_entities", entities)}


def _position(given: Arguments) -> Json:
    return {"latitude": given.real("latitude"), "longitude": given.real("longitude")}


def _markup(given: Arguments) -> Json | None:
    markup = given.structure("reply_markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    for row in markup.get("inline_keyboard", []):
        for button in row:
            _check_inline_button(button)
    return markup if any(markup.values()) else None


def _check_inline_button(button: Mapping[str, object]) -> None:
    if not str(button.get("text", "")).strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if len(button) < 2:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= CALLBACK_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")


def _if_any(name: str, value: object) -> Json:
    return {name: value} if value else {}


def not_found() -> TelegramRefusal:
    return TelegramRefusal(404, "Not Found")


_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
