"""Owns what Twilio's webhooks say: fields of a form or of flat JSON, and the receipts and parts of messages in them."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import orjson

from bot.channels.position import position
from bot.channels.twilio_reasons import STATUSES, reason
from bot.domain.contact import Channel
from bot.domain.delivery import DeliveryStatus
from bot.domain.errors import InputError
from bot.domain.message import Attachment, Receipt
from bot.domain.values import Position

MAX_FIELDS = 200
MAX_MEDIA = 10
MAX_ID = 64  # characters; Twilio's own SIDs have 34
_KINDS = {"image": "photo", "audio": "voice", "video": "video"}

Form = Mapping[str, str]
Pairs = list[tuple[str, str]]


def form_pairs(body: bytes) -> Pairs:
    """A urlencoded body as its pairs of name and value, in order; raises InputError."""
    try:
        text = body.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise InputError("the body is not a form in UTF-8") from error


def json_pairs(body: bytes) -> Pairs:
    """A JSON object's texts and numbers as pairs; what is nested in it is of no use here. Raises InputError."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError("the body is not JSON") from error
    if not isinstance(document, dict):
        raise InputError("the body is no JSON object")
    return [(name, str(value)) for name, value in document.items() if isinstance(value, str | int | float)]


def form_of(pairs: Pairs) -> Form:
    """The fields by name, the last of a repeated one. No database takes a NUL in a text, and no phone shows one."""
    return {name: value.replace("\0", "") for name, value in pairs}


def message_sid(form: Form) -> str:
    sid = form.get("MessageSid") or form.get("SmsSid") or form.get("SmsMessageSid") or ""
    if not (0 < len(sid) <= MAX_ID and sid.isascii() and sid.isalnum()):
        raise InputError("MessageSid is missing or not one")
    return sid


def receipt(channel: Channel, form: Form) -> Receipt | None:
    """A status callback as a receipt; None for a status that says nothing new (queued, sending)."""
    sid, status = message_sid(form), form.get("MessageStatus") or form.get("SmsStatus")
    if not status:
        raise InputError("a status callback needs MessageStatus")
    known = STATUSES.get(status.lower())
    if known is None:
        return None
    why = reason(_code(form.get("ErrorCode"))).value if known is DeliveryStatus.FAILED else None
    return Receipt(channel=channel, provider_id=sid, status=known.value, reason=why)


def attachments(form: Form) -> tuple[Attachment, ...]:
    """MediaUrl0.. and MediaContentType0..; raises InputError for a count that is none."""
    count = form.get("NumMedia") or "0"
    if not (count.isascii() and count.isdecimal() and len(count) <= 3 and int(count) <= MAX_MEDIA):
        raise InputError(f"NumMedia must be a number from 0 to {MAX_MEDIA}")
    numbers = [number for number in range(int(count)) if form.get(f"MediaUrl{number}")]
    return tuple(_attachment(form, number) for number in numbers)


def _attachment(form: Form, number: int) -> Attachment:
    media_type = form.get(f"MediaContentType{number}") or "application/octet-stream"
    kind = _KINDS.get(media_type.partition("/")[0].lower(), "document")
    return Attachment(kind=kind, source=form[f"MediaUrl{number}"], media_type=media_type)


def shared_position(form: Form) -> Position | None:
    """Latitude and Longitude of a shared location, None without them; raises InputError when they are no degrees.

    The place's Label is left out: taken for the sender's words, "Hospital" would be read as a cry for help.
    """
    if not form.get("Latitude") or not form.get("Longitude"):
        return None
    return position(form["Latitude"], form["Longitude"])


def _code(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 8 else None
