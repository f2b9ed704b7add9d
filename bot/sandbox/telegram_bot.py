"""One Telegram bot and its users as the stand-in plays them: chats, files, limits, and what phones send to the bot."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.sandbox.changes import Changes
from bot.sandbox.clock import Clock, WallClock
from bot.sandbox.faults import Faults
from bot.sandbox.pace import Pace
from bot.sandbox.telegram_entities import find_entities
from bot.sandbox.telegram_errors import TelegramRefusal, bad_request, too_fast
from bot.sandbox.telegram_updates import Json, Updates

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramLimits:
    """Messages a second (None: no limit) over all chats, with `allow_paid_broadcast`, and to one chat."""

    overall: float | None = None
    overall_burst: float = 30
    paid: float | None = None
    chat: float | None = None
    chat_burst: float = 1

    @classmethod
    def real(cls) -> "TelegramLimits":
        """Telegram's published figures; it allows short bursts to one chat."""
        return cls(overall=30, overall_burst=30, paid=1000, chat=1, chat_burst=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramFile:
    """Bytes that Telegram keeps, under the two ids it gives them and the path they are downloaded by."""

    file_id: str
    file_unique_id: str
    path: str
    data: bytes

    def as_json(self) -> Json:
        return {"file_id": self.file_id, "file_unique_id": self.file_unique_id, "file_size": len(self.data)}


@dataclass(slots=True, kw_only=True)
class TelegramChat:
    """A user's private chat with the bot: its messages by id as Telegram shows them (both directions)."""

    user: Json
    instance: str
    has_started: bool = False
    is_blocked: bool = False
    is_deactivated: bool = False
    messages: dict[int, Json] = field(default_factory=dict)
    keyboard: Json | None = None
    last_id: int = 0

    @property
    def id(self) -> int:
        return _integer(self.user["id"])

    def as_json(self) -> Json:
        shown = {
            name: value for name, value in self.user.items() if name in {"id", "first_name", "last_name", "username"}
        }
        return {**shown, "type": "private"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramChange:
    """Something a watcher of `chat_id` sees: `kind` is message, edited, deleted, answer (to a tap), typing, chat."""

    chat_id: int
    kind: str
    content: Json


class TelegramStandIn:
    """The state and behaviour of one bot; set its public attributes to arrange a situation.

    `token` is the bot's own ("123:abc"); its first part is the bot's id. `callback_seconds` is how long a tap can be
    answered. `retry_seconds` is the first pause after a webhook's failure.
    """

    def __init__(
        self,
        *,
        token: str,
        username: str = "muster_bot",
        clock: Clock | None = None,
        randomness: random.Random | None = None,
        limits: TelegramLimits | None = None,
        retry_seconds: float = 1.0,
        callback_seconds: float = 900.0,
    ) -> None:
        self.token = token
        self.me: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Muster",
            "username": username,
        }
        self.clock = clock or WallClock()
        self.callback_seconds = callback_seconds
        self.chats: dict[int, TelegramChat] = {}
        self.files: dict[str, TelegramFile] = {}
        self.commands: list[Json] = []
        self.taps: dict[str, datetime] = {}
        self.faults = Faults()
        self.changes: Changes[TelegramChange] = Changes()
        self._random = randomness or random.SystemRandom()
        self.updates = Updates(
            clock=self.clock, first_id=self._random.randrange(10**8, 10**9), retry_seconds=retry_seconds
        )
        self.limits = limits or TelegramLimits()

    @property
    def limits(self) -> TelegramLimits:
        return self._limits

    @limits.setter
    def limits(self, limits: TelegramLimits) -> None:
        self._limits = limits
        self._overall = Pace(rate=limits.overall, burst=limits.overall_burst)
        self._paid = Pace(rate=limits.paid, burst=limits.paid or 1)
        self._chat = Pace(rate=limits.chat, burst=limits.chat_burst)

    async def close(self) -> None:
        await self.updates.close()

    def seconds(self) -> int:
        return int(self.clock.now().timestamp())

    # --- what the bot does ------------------------------------------------------------------------------------------

    def chat_to_write(self, chat_id: int, *, is_paid: bool = False) -> TelegramChat:
        """Return the chat if the bot may write to it now; TelegramRefusal 400, 403 or 429 as Telegram would."""
        chat = self.chats.get(chat_id)
        if chat is None:
            raise bad_request("chat not found")
        if chat.is_deactivated:
            raise TelegramRefusal(403, "Forbidden: user is deactivated")
        if chat.is_blocked:
            raise TelegramRefusal(403, "Forbidden: bot was blocked by the user")
        if not chat.has_started:
            raise TelegramRefusal(403, "Forbidden: bot can't initiate conversation with a user")
        now = self.clock.now()
        overall = self._paid if is_paid else self._overall
        if wait := self._chat.take(str(chat_id), now) or overall.take("", now):
            raise too_fast(math.ceil(wait))
        return chat

    def post(self, chat: TelegramChat, content: Mapping[str, object]) -> Json:
        """Put a message of the bot into the chat and return it."""
        return self._add(chat, self.me, content)

    def tell(self, chat: TelegramChat, kind: str, content: Json) -> None:
        self.changes.tell(TelegramChange(chat_id=chat.id, kind=kind, content=content))

    def _add(self, chat: TelegramChat, sender: Json, content: Mapping[str, object]) -> Json:
        chat.last_id += 1
        message: Json = {
            "message_id": chat.last_id,
            "from": sender,
            "chat": chat.as_json(),
            "date": self.seconds(),
            **content,
        }
        chat.messages[chat.last_id] = message
        self.tell(chat, "message", message)
        return message

    def store_file(self, data: bytes, *, folder: str, extension: str) -> TelegramFile:
        file = TelegramFile(
            file_id=self._letters(60),
            file_unique_id=self._letters(16),
            path=f"{folder}/file_{len(self.files)}{extension}",
            data=data,
        )
        self.files[file.file_id] = file
        return file

    def photo_sizes(self, data: bytes, *, width: int = 1280, height: int = 960) -> list[Json]:
        """Store a photo in Telegram's sizes, smallest first (the bytes are the same: nothing is scaled here)."""
        sizes = []
        for longest in (90, 320, max(width, height)):
            scale = min(1.0, longest / max(width, height))
            file = self.store_file(data, folder="photos", extension=".jpg")
            sizes.append({**file.as_json(), "width": round(width * scale), "height": round(height * scale)})
        return sizes

    def _letters(self, count: int) -> str:
        return "".join(self._random.choices(_ALPHABET, k=count))

    # --- what a phone does ------------------------------------------------------------------------------------------

    def add_user(
        self,
        user_id: int,
        *,
        first_name: str = "Worker",
        last_name: str = "",
        username: str = "",
        language_code: str = "",
    ) -> TelegramChat:
        """Let a user exist; the bot cannot write to them before they write."""
        given = {"last_name": last_name, "username": username, "language_code": language_code}
        user: Json = {"id": user_id, "is_bot": False, "first_name": first_name}
        user.update({name: value for name, value in given.items() if value})
        chat = TelegramChat(user=user, instance=str(self._random.randrange(10**18, 10**19)))
        self.chats[user_id] = chat
        return chat

    def phone_starts(self, user_id: int, payload: str = "") -> Json:
        """Press Start, or follow a t.me/bot?start=payload link."""
        return self.phone_sends_text(user_id, f"/start {payload}".strip())

    def phone_sends_text(self, user_id: int, text: str, *, reply_to: int | None = None) -> Json:
        content: Json = {"text": text}
        if entities := find_entities(text):
            content["entities"] = entities
        chat = self.chats[user_id]
        if reply_to is not None:
            content["reply_to_message"] = chat.messages[reply_to]
        return self._receive(user_id, content)

    def phone_edits(self, user_id: int, message_id: int, text: str) -> Json:
        chat = self.chats[user_id]
        message = {**chat.messages[message_id], "text": text, "edit_date": self.seconds()}
        chat.messages[message_id] = message
        self.tell(chat, "edited", message)
        self.updates.add(user_id, "edited_message", message)
        return message

    def phone_taps(self, user_id: int, message_id: int, data: str) -> str:
        """Tap the inline button with this callback_data under a message of the bot; return the query's id."""
        chat = self.chats[user_id]
        message = chat.messages[message_id]
        if data not in inline_data(message):
            raise LookupError("there is no such button under that message")
        query_id = str(self._random.randrange(10**17, 10**18))
        self.taps[query_id] = self.clock.now()
        query: Json = {
            "id": query_id,
            "from": chat.user,
            "message": message,
            "chat_instance": chat.instance,
            "data": data,
        }
        self.updates.add(user_id, "callback_query", query)
        return query_id

    def phone_sends_location(self, user_id: int, latitude: float, longitude: float) -> Json:
        return self._receive(user_id, {"location": {"latitude": latitude, "longitude": longitude}})

    def phone_sends_contact(self, user_id: int, phone_number: str) -> Json:
        user = self.chats[user_id].user
        contact: Json = {"phone_number": phone_number, "first_name": user["first_name"], "user_id": user_id}
        return self._receive(user_id, {"contact": contact})

    def phone_sends_photo(self, user_id: int, data: bytes, *, caption: str = "") -> Json:
        return self._receive(user_id, {"photo": self.photo_sizes(data), **_caption(caption)})

    def phone_sends_document(
        self, user_id: int, data: bytes, *, file_name: str, mime_type: str, caption: str = ""
    ) -> Json:
        extension = "." + file_name.rpartition(".")[2] if "." in file_name else ""
        file = self.store_file(data, folder="documents", extension=extension)
        document: Json = {**file.as_json(), "file_name": file_name, "mime_type": mime_type}
        return self._receive(user_id, {"document": document, **_caption(caption)})

    def phone_sends_voice(self, user_id: int, data: bytes, *, duration: int = 3) -> Json:
        file = self.store_file(data, folder="voice", extension=".oga")
        return self._receive(user_id, {"voice": {**file.as_json(), "duration": duration, "mime_type": "audio/ogg"}})

    def phone_blocks(self, user_id: int) -> None:
        self._set_blocked(self.chats[user_id], is_blocked=True)

    def phone_unblocks(self, user_id: int) -> None:
        self._set_blocked(self.chats[user_id], is_blocked=False)

    def _set_blocked(self, chat: TelegramChat, *, is_blocked: bool) -> None:
        chat.is_blocked = is_blocked
        member: Json = {"user": self.me, "status": "member"}
        kicked: Json = {"user": self.me, "status": "kicked", "until_date": 0}
        change: Json = {
            "chat": chat.as_json(),
            "from": chat.user,
            "date": self.seconds(),
            "old_chat_member": member if is_blocked else kicked,
            "new_chat_member": kicked if is_blocked else member,
        }
        self.tell(chat, "chat", {"is_blocked": is_blocked})
        self.updates.add(chat.id, "my_chat_member", change)

    def _receive(self, user_id: int, content: Mapping[str, object]) -> Json:
        chat = self.chats[user_id]
        if chat.is_blocked:
            self._set_blocked(chat, is_blocked=False)
        chat.has_started = True
        message = self._add(chat, chat.user, content)
        self.updates.add(user_id, "message", message)
        return message

    # --- what tests ask ---------------------------------------------------------------------------------------------

    def sent_to(self, user_id: int) -> list[Json]:
        """Every message of the bot in that user's chat as it stands now, oldest first."""
        return [message for message in self.chats[user_id].messages.values() if message["from"] == self.me]

    async def heard(self, user_id: int, count: int) -> list[Json]:
        """Wait until the user was sent at least `count` messages, and give them all."""
        return await self.changes.until(lambda: sent if len(sent := self.sent_to(user_id)) >= count else None)


def inline_data(message: Mapping[str, object]) -> list[str]:
    """The callback_data of every inline button under a message."""
    markup = message.get("reply_markup")
    rows = markup.get("inline_keyboard", []) if isinstance(markup, dict) else []
    return [button["callback_data"] for row in rows for button in row if "callback_data" in button]


def _caption(text: str) -> Json:
    return {"caption": text} if text else {}


def _integer(value: object) -> int:
    assert isinstance(value, int)
    return value
