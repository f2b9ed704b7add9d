"""Owns the frames of the web chat's socket: what a page may say, checked field by field, and what it is answered."""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.domain.contact import Address, Channel, Scheme
from bot.domain.delivery import Delivery, DeliveryStatus
from bot.domain.errors import InputError
from bot.domain.message import Message, MessageKind, Received
from bot.domain.values import Position
from bot.i18n import direction
from bot.services.timeline import STAFF_ORIGIN

MAX_FRAME = 16 * 1024  # bytes of one frame of text
MAX_TEXT = 4096  # characters a contact may write at once
_ID = r"^[0-9A-Za-z-]{8,64}$"
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127])  # all but tab, line feed and carriage return
_SECRET = re.compile(r"[0-9a-f]{64}")


class _Frame(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Point(_Frame):
    """Degrees (WGS 84)."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Hello(_Frame):
    """The first frame: whose chat this is, and up to where the page has shown it."""

    type: Literal["hello"]
    secret: str = Field("", pattern=r"^([0-9a-f]{64})?$")  # 256 bits made by the browser; empty: make one for me
    cursor: str = Field("", max_length=64)


class Join(_Frame):
    """The page was opened for the first time, or with a site's code."""

    type: Literal["join"]
    site: str = Field("", pattern=r"^[0-9A-Za-z_-]{0,32}$")
    language: str = Field("", pattern=r"^[A-Za-z-]{0,16}$")


class Say(_Frame):
    """A message; the page makes `id` and repeats it until it hears that the message is stored."""

    type: Literal["say"]
    id: str = Field(pattern=_ID)
    text: str = Field("", max_length=MAX_TEXT)
    choice: str | None = Field(None, min_length=1, max_length=64)
    position: Point | None = None
    language: str = Field("", pattern=r"^[A-Za-z-]{0,16}$")


class Seen(_Frame):
    """The page shows these deliveries; `is_read` when it is in front of somebody."""

    type: Literal["seen"]
    ids: list[Annotated[str, Field(pattern=_ID)]] = Field(min_length=1, max_length=100)
    is_read: bool = False


class Ping(_Frame):
    """Is anybody there?"""

    type: Literal["ping"]


Frame = Hello | Join | Say | Seen | Ping
_FRAMES: TypeAdapter[Frame] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


class BadFrame(InputError):
    """A frame that cannot be read; `code` is for the page, the text says what to do."""

    def __init__(self, code: str, text: str, *, id: str | None = None) -> None:  # noqa: A002 - the frame's own word
        self.code = code
        self.id = id
        super().__init__(text)


def parse(data: str) -> Frame:
    """The frame in a socket's text; raises BadFrame, which never repeats what was written."""
    if len(data.encode(errors="replace")) > MAX_FRAME:
        raise BadFrame("too_long", f"A frame has at most {MAX_FRAME} bytes: write a shorter message.")
    try:
        return _FRAMES.validate_json(data)
    except ValidationError as error:
        raise _bad(error, data) from None
    except ValueError:
        raise BadFrame("not_json", "Send JSON in UTF-8.") from None


def _bad(error: ValidationError, data: str) -> BadFrame:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        return BadFrame("not_json", "Send one JSON object a frame.")
    if first["type"].startswith("union_tag") or first["type"] in ("model_type", "model_attributes_type"):
        return BadFrame("unknown_type", 'Send an object whose "type" is hello, join, say, seen or ping.')
    found = re.search(r'"id"\s*:\s*"([0-9A-Za-z-]{8,64})"', data)
    code = "too_long" if first["type"] == "string_too_long" else "bad_field"
    return BadFrame(code, f"{where}: {first['msg']}.", id=found.group(1) if found else None)


# --- from and to the domain ---------------------------------------------------------------------------------------


def address_of(secret: str) -> Address:
    """The address of the chat that this secret opens: storage never sees the secret. Raises BadFrame."""
    if not _SECRET.fullmatch(secret):
        raise BadFrame("bad_secret", "A chat's secret has 64 hexadecimal digits.")
    digest = hashlib.sha256(b"muster web chat:" + bytes.fromhex(secret)).hexdigest()
    return Address(scheme=Scheme.WEBCHAT, path=digest)


def said(frame: Say, address: Address) -> Received:
    """The frame as a message; raises BadFrame when it says nothing."""
    text = frame.text.translate(_CONTROLS).strip()
    if not text and frame.choice is None and frame.position is None:
        raise BadFrame("empty", "A message needs a text, a choice or a position.", id=frame.id)
    place = frame.position
    return Received(
        channel=Channel.WEBCHAT,
        address=address,
        provider_id=provider_id(frame.id, address),
        text=text,
        choice=frame.choice,
        position=Position(latitude=place.latitude, longitude=place.longitude) if place else None,
        language_hint=frame.language or None,
    )


def joined(frame: Join, address: Address) -> Received:
    """Opening the chat; the same site is joined once."""
    return Received(
        channel=Channel.WEBCHAT,
        address=address,
        provider_id=provider_id(f"join-{frame.site.upper()}", address),
        kind=MessageKind.JOINED,
        text=frame.site,
        language_hint=frame.language or None,
    )


def provider_id(client_id: str, address: Address) -> str:
    """Unique for all chats: the page's own id could be anybody's."""
    return f"{client_id}:{address.path}"


def shown(delivery: Delivery, file: str = "") -> Mapping[str, Any]:
    """A delivery as the page draws it; `file` is the address of what came with it."""
    content = delivery.content
    return {
        "type": "delivery",
        "id": delivery.id,
        "at": (delivery.sent_at or delivery.created_at).isoformat(),
        "by": "person" if delivery.origin.startswith(STAFF_ORIGIN) else "bot",
        "text": content.text,
        "language": content.language,
        "direction": direction(content.language),
        "options": [[option.label, option.payload] for option in content.options],
        "asks_position": content.asks_position,
        "file": file,
        "is_read": delivery.status is DeliveryStatus.READ,
    }


def own(message: Message) -> Mapping[str, Any]:
    """A contact's own message as the page draws it after a reload."""
    received = message.received
    return {
        "type": "said",
        "id": received.provider_id.partition(":")[0],
        "at": message.received_at.isoformat(),
        "text": received.text,
        "choice": received.choice,
        "has_position": received.position is not None,
        "has_file": bool(received.attachments),
    }
