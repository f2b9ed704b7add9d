"""Stand-in phones (SMS, WhatsApp, Telegram) to try the service by hand: what they do, and what they show."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from bot.sandbox.changes import Changes
from bot.sandbox.telegram import TelegramChange, TelegramStandIn
from bot.sandbox.twilio import Place, TwilioMessage, TwilioStandIn
from bot.sandbox.twilio_records import WHATSAPP

Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One phone on the page: `number` is E.164 for sms and whatsapp, the user's id for telegram.

    `crew` says of a phone whose owner answers by themselves where they work and what they read.
    """

    id: str
    kind: str
    name: str
    number: str
    crew: str = ""


class Phones:
    """The phones on the page, what they do, and what they show."""

    def __init__(self, *, twilio: TwilioStandIn, telegram: TelegramStandIn) -> None:
        self.twilio = twilio
        self.telegram = telegram
        self.phones: dict[str, Phone] = {}
        self.changes: Changes[Json] = Changes()
        self._ids = count(1)

    def add(self, kind: str, name: str, number: str = "", *, crew: str = "") -> Phone:
        """Put a phone on the page; ValueError says in a sentence why it cannot be."""
        if kind not in {"sms", "whatsapp", "telegram"}:
            raise ValueError("Choose SMS, WhatsApp or Telegram.")
        index = next(self._ids)
        phone = Phone(
            id=f"phone-{index}",
            kind=kind,
            name=name or f"Phone {index}",
            number=_number(kind, number, index),
            crew=crew,
        )
        if any((other.kind, other.number) == (kind, phone.number) for other in self.phones.values()):
            raise ValueError("There is already a phone with that number.")
        if kind == "telegram":
            self.telegram.add_user(int(phone.number), first_name=phone.name)
        self.phones[phone.id] = phone
        self.changes.tell({"phone": self.show(phone)})
        return phone

    def remove(self, phone: Phone) -> None:
        del self.phones[phone.id]
        self.changes.tell({"removed": phone.id})

    # --- what a phone does ------------------------------------------------------------------------------------------

    async def text(self, phone: Phone, text: str) -> None:
        if phone.kind == "telegram":
            self.telegram.phone_sends_text(int(phone.number), text)
        else:
            await self._send(phone, text)

    async def tap(self, phone: Phone, bubble: str, value: str) -> None:
        """Tap a button under a message; LookupError if there is no such button."""
        if phone.kind == "telegram":
            self.telegram.phone_taps(int(phone.number), int(bubble), value)
            return
        message = self.twilio.messages[bubble]
        for button in message.buttons:
            if button.payload == value:
                await self._send(phone, button=button, reply_to=bubble)
                return
        raise LookupError("There is no such button under that message.")

    async def place(self, phone: Phone, latitude: float, longitude: float) -> None:
        if phone.kind == "telegram":
            self.telegram.phone_sends_location(int(phone.number), latitude, longitude)
        elif phone.kind == "whatsapp":
            await self._send(phone, place=Place(latitude=latitude, longitude=longitude))
        else:
            # SMS has no locations: a phone shares its place as a link in the text.
            await self._send(phone, f"https://maps.google.com/?q={latitude},{longitude}")

    async def photo(self, phone: Phone, content_type: str, data: bytes) -> None:
        if phone.kind == "telegram":
            self.telegram.phone_sends_photo(int(phone.number), data)
        else:
            await self._send(phone, media=[(content_type, data)])

    def contact(self, phone: Phone, number: str) -> None:
        self.telegram.phone_sends_contact(int(phone.number), number)

    def block(self, phone: Phone, *, is_blocked: bool) -> None:
        act = self.telegram.phone_blocks if is_blocked else self.telegram.phone_unblocks
        act(int(phone.number))

    async def _send(self, phone: Phone, text: str = "", **more: Any) -> None:
        await self.twilio.phone_sends(
            text, from_=_address(phone), to=self._service(phone.kind), profile_name=phone.name, **more
        )

    def _service(self, kind: str) -> str:
        for sender in self.twilio.senders:
            if sender.startswith(WHATSAPP) == (kind == "whatsapp"):
                return sender
        raise ValueError(f"The service has no {kind} number.")

    # --- what a phone shows -----------------------------------------------------------------------------------------

    def show(self, phone: Phone) -> Json:
        """A phone with all its bubbles, oldest first."""
        shown: Json = dict(asdict(phone))
        if phone.kind == "telegram":
            chat = self.telegram.chats[int(phone.number)]
            bubbles = [self._telegram_bubble(message) for message in chat.messages.values()]
            shown |= {"keyboard": chat.keyboard, "is_blocked": chat.is_blocked, "has_started": chat.has_started}
        else:
            address = _address(phone)
            told = [message for message in self.twilio.messages.values() if address in (message.from_, message.to)]
            bubbles = [self._twilio_bubble(message) for message in told]
        return {**shown, "bubbles": bubbles}

    def events(self, change: object) -> list[Json]:
        """What the page must be told about a change of a stand-in or of the phones themselves."""
        if isinstance(change, TwilioMessage):
            shown = self._twilio_bubble(change)
            return [
                {"phone": phone.id, "bubble": shown}
                for phone in self.phones.values()
                if phone.kind != "telegram" and _address(phone) in (change.from_, change.to)
            ]
        if isinstance(change, TelegramChange):
            phones = [
                one for one in self.phones.values() if one.kind == "telegram" and int(one.number) == change.chat_id
            ]
            return [{"phone": phone.id, **self._telegram_event(change)} for phone in phones]
        assert isinstance(change, dict)
        return [change]

    def _telegram_event(self, change: TelegramChange) -> Json:
        if change.kind in {"message", "edited"}:
            return {"bubble": self._telegram_bubble(change.content)}
        if change.kind == "deleted":
            return {"deleted": str(change.content["message_id"])}
        return {change.kind: change.content}

    def _twilio_bubble(self, message: TwilioMessage) -> Json:
        is_mine = message.direction == "inbound"
        inbound = self.twilio.inbound.get(message.sid)
        return {
            "id": message.sid,
            "is_mine": is_mine,
            "text": message.body,
            "state": _answered(inbound.answers) if inbound else message.status,
            "error": message.error_code,
            "segments": None if message.is_whatsapp else message.num_segments,
            "rows": [[{"text": button.text, "value": button.payload}] for button in message.buttons],
            "pictures": [
                f"twilio/media/{media.sid}" for media in message.media if media.content_type.startswith("image/")
            ],
            "files": len([media for media in message.media if not media.content_type.startswith("image/")]),
            "place": asdict(message.place) if message.place else None,
            "at": message.created_at.isoformat(),
        }

    def _telegram_bubble(self, message: Mapping[str, Any]) -> Json:
        photos = message.get("photo", [])
        venue, location = message.get("venue"), message.get("location")
        return {
            "id": str(message["message_id"]),
            "is_mine": message["from"] != self.telegram.me,
            "text": message.get("text") or message.get("caption") or "",
            "state": "edited" if "edit_date" in message else "sent",
            "rows": [
                [
                    {"text": button["text"], "value": button.get("callback_data"), "url": button.get("url")}
                    for button in row
                ]
                for row in message.get("reply_markup", {}).get("inline_keyboard", [])
            ],
            "pictures": [f"pictures/{photos[-1]['file_id']}"] if photos else [],
            "files": sum(1 for kind in ("document", "voice") if kind in message),
            "contact": message.get("contact", {}).get("phone_number"),
            "place": {**location, "label": venue["title"] if venue else None} if location else None,
            "at": message["date"],
        }


def _address(phone: Phone) -> str:
    return WHATSAPP + phone.number if phone.kind == "whatsapp" else phone.number


def _number(kind: str, given: str, index: int) -> str:
    """The number given, or a fictional one: Ofcom keeps +44 7700 900000-900999 for drama."""
    if kind == "telegram":
        if given and not given.isdigit():
            raise ValueError("A Telegram user id is a number.")
        return given or str(7_000_000_000 + index)
    given = "".join(letter for letter in given if letter not in " -()")
    if not given:
        return f"+4477009{index:05d}"
    if not (given.startswith("+") and given[1:].isdigit() and 8 <= len(given) <= 16):
        raise ValueError("Write the number with + and the country code, as in +447700900123.")
    return given


def _answered(answers: list[int]) -> str:
    """How the service took a message: waiting, taken, or what it answered."""
    if not answers:
        return "sending"
    if 200 <= answers[-1] < 300:
        return "taken"
    return f"refused ({answers[-1]})" if answers[-1] else "not reached"
