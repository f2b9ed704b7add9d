"""Owns reading Telegram's updates: one update, whoever made it up, to one message, to nothing, or to InputError."""

import re
from collections.abc import Iterator
from typing import Any

from telegram import Bot, CallbackQuery, ChatMember, ChatMemberUpdated, Message, Update

from bot.channels.position import position
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.document import MAX_DOCUMENT_BYTES
from bot.domain.errors import InputError
from bot.domain.message import Attachment, MessageKind, Received
from bot.domain.values import Position

MAX_ID = 2**52  # Telegram: ids have at most 52 significant bits; update_id far fewer
_GONE = (ChatMember.BANNED, ChatMember.LEFT)
_START = re.compile(r"/start(?:@\w+)?(?:\s+(?P<payload>.*))?", re.DOTALL)
# All that is read of a message: what nobody looks at must not make the rest unreadable.
_FRAME = frozenset({"message_id", "date", "chat", "from"})
_CONTENT = frozenset(
    {
        "text", "caption", "location", "venue", "contact",
        "photo", "voice", "audio", "video", "video_note", "document", "sticker",
    }
)  # fmt: skip
# Sent by a person, but neither words nor a file; whatever else there is without words is a service message.
_WORDLESS = frozenset({"dice", "poll", "story", "game", "checklist", "paid_media", "invoice"})
# What python-telegram-bot, or we, may trip over in a body of another shape.
_OTHER_SHAPE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, OSError)


def read_update(update: Any, bot: Bot) -> Received | None:
    """The message in an update's JSON; None for what no person said to us alone (groups, bots, service messages).

    Raises InputError for what is no update.
    """
    number = update_number(update)
    try:
        return _received(Update.de_json(_pruned(update), bot), number)
    except _OTHER_SHAPE as error:
        raise InputError("the update has another shape than Telegram's") from error


def _pruned(update: dict[str, Any]) -> dict[str, Any]:
    """The update with nothing but what is read of it; None stands for a part that is not there."""
    message, edited, query = (update.get(name) for name in ("message", "edited_message", "callback_query"))
    if message is not None and not message.keys() & (_CONTENT | _WORDLESS):
        message = None
    kept = {
        "update_id": update["update_id"],
        "message": _only(message, _FRAME | _CONTENT),
        "edited_message": _only(edited, _FRAME | _CONTENT),
        "callback_query": query and {**query, "message": _only(query.get("message"), _FRAME)},
        "my_chat_member": update.get("my_chat_member"),
    }
    return {name: value for name, value in kept.items() if value is not None}


def _only(part: dict[str, Any] | None, names: frozenset[str]) -> dict[str, Any] | None:
    return None if part is None else {name: value for name, value in part.items() if name in names}


def update_number(update: Any) -> int:
    """Telegram's own order of updates; raises InputError for what is no update."""
    try:
        return _whole(update["update_id"])
    except (TypeError, LookupError) as error:
        raise InputError("update_id is missing or no number") from error


def _received(update: Update, number: int) -> Received | None:
    if update.callback_query is not None:
        return _tapped(update.callback_query, number)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member, number)
    if update.edited_message is not None and update.edited_message.location is None:  # a live location, every minute
        return _written(update.edited_message, number, is_edit=True)
    if update.message is not None:
        return _written(update.message, number)
    return None


def _tapped(query: CallbackQuery, number: int) -> Received | None:
    chat = query.message.chat if query.message is not None else None
    if chat is None or chat.type != "private" or not query.data:
        return None
    return Received(
        channel=Channel.TELEGRAM,
        address=_address(chat.id),
        provider_id=f"tap:{_text(query.id)}",
        choice=_text(query.data),
        name=_text(query.from_user.first_name) or None,
        language_hint=_text(query.from_user.language_code) or None,
        sequence=number,
    )


def _membership(change: ChatMemberUpdated, number: int) -> Received | None:
    """The user blocked the bot, or let it in again."""
    if change.chat.type != "private":
        return None
    is_gone = change.new_chat_member.status in _GONE
    return Received(
        channel=Channel.TELEGRAM,
        address=_address(change.chat.id),
        provider_id=f"update:{number}",
        kind=MessageKind.BLOCKED if is_gone else MessageKind.UNBLOCKED,
        language_hint=_text(change.from_user.language_code) or None,
        sequence=number,
    )


def _written(message: Message, number: int, *, is_edit: bool = False) -> Received | None:
    sender, text = message.from_user, _text(message.text) or _text(message.caption)
    if message.chat.type != "private" or sender is None or sender.is_bot:
        return None
    kind, start = MessageKind.WORDS, _START.fullmatch(text)
    if is_edit:
        kind = MessageKind.EDITED
    elif start:
        kind, text = MessageKind.JOINED, (start["payload"] or "").strip()
    return Received(
        channel=Channel.TELEGRAM,
        address=_address(message.chat.id),
        provider_id=f"{'edit' if is_edit else 'update'}:{number}",
        kind=kind,
        text=text or _named_by_contact(message),
        attachments=tuple(_attachments(message)),
        position=_position(message),
        phone=_own_phone(message),
        name=_text(sender.first_name) or None,
        language_hint=_text(sender.language_code) or None,
        sequence=number,
    )


def _position(message: Message) -> Position | None:
    """Of a location or a venue; a venue's title is no words of the sender's: "Hospital" would be a cry for help."""
    location = message.location or (message.venue.location if message.venue else None)
    return position(location.latitude, location.longitude) if location else None


def _own_phone(message: Message) -> str | None:
    """A shared phone contact is the sender's number only if Telegram says that it is the sender's own."""
    contact, sender = message.contact, message.from_user
    if contact is None or sender is None or contact.user_id != sender.id:
        return None
    digits = re.sub(r"\D", "", _text(contact.phone_number))
    return f"+{digits}" if 7 <= len(digits) <= 15 else None


def _named_by_contact(message: Message) -> str:
    """Somebody else's contact is what the sender would have written: a name and a number."""
    contact = message.contact
    if contact is None or _own_phone(message) is not None:
        return ""
    return f"{_text(contact.first_name)} {_text(contact.phone_number)}".strip()


def _attachments(message: Message) -> Iterator[Attachment]:
    if message.photo:
        fitting = [size for size in message.photo if (size.file_size or 0) <= MAX_DOCUMENT_BYTES]
        largest = max(fitting or message.photo[:1], key=lambda size: size.width * size.height)
        yield _file("photo", largest, "image/jpeg")
    if message.voice:
        yield _file("voice", message.voice, "audio/ogg")
    if message.audio:
        yield _file("voice", message.audio, "audio/mpeg")
    for video in (message.video, message.video_note):
        if video:
            yield _file("video", video, "video/mp4")
    if message.document:  # also an animation, which Telegram sends as both
        yield _file("document", message.document, "application/octet-stream")
    if message.sticker:
        yield _file("sticker", message.sticker, "image/webp")


def _file(kind: str, given: Any, media_type: str) -> Attachment:
    named = _text(getattr(given, "mime_type", None))
    size = None if given.file_size is None else _whole(given.file_size)
    return Attachment(kind=kind, source=_text(given.file_id), media_type=named or media_type, size=size)


def _address(chat: object) -> Address:
    return Address(scheme=Scheme.TELEGRAM, path=str(_whole(chat)))


def _text(value: object) -> str:
    """No database takes a NUL in a text, and no phone shows one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value.replace("\0", "")


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < MAX_ID:
        raise TypeError("a whole number was expected")
    return value
