"""What the Twilio stand-in remembers: messages, media and contents, each with the JSON that Twilio answers for it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

API = "/2010-04-01"
WHATSAPP = "whatsapp:"  # begins every address of that channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """Something to tap: the label, and the payload that comes back; a row of a list, or a reply button."""

    text: str
    payload: str
    is_row: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A shared location, in degrees, with WhatsApp's optional name and address."""

    latitude: float
    longitude: float
    label: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioMedia:
    """A stored picture, sound or file."""

    sid: str
    message_sid: str
    content_type: str
    data: bytes
    created_at: datetime

    def url(self, public_url: str, account_sid: str) -> str:
        """Where the account's program fetches it, with its credentials."""
        path = f"{API}/Accounts/{account_sid}/Messages/{self.message_sid}/Media/{self.sid}"
        return public_url.rstrip("/") + path

    def as_json(self, account_sid: str) -> dict[str, object]:
        return {
            "account_sid": account_sid,
            "content_type": self.content_type,
            "date_created": _rfc_2822(self.created_at),
            "date_updated": _rfc_2822(self.created_at),
            "parent_sid": self.message_sid,
            "sid": self.sid,
            "uri": f"{API}/Accounts/{account_sid}/Messages/{self.message_sid}/Media/{self.sid}.json",
        }


@dataclass(slots=True, kw_only=True)
class TwilioMessage:
    """A message in either direction, as it stands now."""

    sid: str
    from_: str | None
    to: str
    body: str
    direction: str
    status: str
    num_segments: int
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    error_code: int | None = None
    messaging_service_sid: str | None = None
    status_callback: str | None = None
    validity_seconds: float = 36_000
    content_sid: str | None = None
    buttons: tuple[Button, ...] = ()
    media_urls: tuple[str, ...] = ()
    media: list[TwilioMedia] = field(default_factory=list)
    place: Place | None = None

    @property
    def is_whatsapp(self) -> bool:
        return self.to.startswith(WHATSAPP)

    def as_json(self, account_sid: str) -> dict[str, object]:
        uri = f"{API}/Accounts/{account_sid}/Messages/{self.sid}"
        return {
            "account_sid": account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": _rfc_2822(self.created_at),
            "date_sent": _rfc_2822(self.sent_at),
            "date_updated": _rfc_2822(self.updated_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.from_,
            "messaging_service_sid": self.messaging_service_sid,
            "num_media": str(len(self.media) or len(self.media_urls)),
            "num_segments": str(self.num_segments),
            "price": None,
            "price_unit": None,
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A template of the Content API: its variables' defaults, and a body by content type (`twilio/quick-reply` ...).

    Without WhatsApp's approval, or with a list, it goes out inside the 24-hour window only.
    """

    sid: str
    friendly_name: str = ""
    language: str = "en"
    variables: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, Mapping[str, object]]
    is_approved: bool = True

    @property
    def _shown(self) -> Mapping[str, object]:
        return next(iter(self.types.values()))

    @property
    def opens_conversation(self) -> bool:
        return self.is_approved and "twilio/list-picker" not in self.types

    @property
    def body(self) -> str:
        return str(self._shown.get("body", ""))

    def render(self, variables: Mapping[str, str]) -> str:
        return _fill(self.body, {**self.variables, **variables})

    def placeholders(self) -> set[str]:
        return set(re.findall(r"\{\{(\w+)\}\}", str(self._shown)))

    def buttons(self, variables: Mapping[str, str]) -> tuple[Button, ...]:
        """Quick replies and list items; Twilio sends an item's or action's `id` back as the payload."""
        values = {**self.variables, **variables}
        rows = self._shown.get("items")
        entries = rows or self._shown.get("actions") or ()
        assert isinstance(entries, Sequence)
        return tuple(
            Button(
                text=_fill(str(entry.get("title") or entry.get("item")), values),
                payload=_fill(str(entry.get("id") or entry.get("title") or entry.get("item")), values),
                is_row=bool(rows),
            )
            for entry in entries
        )

    def as_json(self, account_sid: str, now: datetime) -> dict[str, object]:
        stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        url = f"https://content.twilio.com/v1/Content/{self.sid}"
        return {
            "account_sid": account_sid,
            "date_created": stamp,
            "date_updated": stamp,
            "friendly_name": self.friendly_name,
            "language": self.language,
            "links": {
                "approval_create": f"{url}/ApprovalRequests/whatsapp",
                "approval_fetch": f"{url}/ApprovalRequests",
            },
            "sid": self.sid,
            "types": dict(self.types),
            "url": url,
            "variables": dict(self.variables),
        }


def _fill(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def _rfc_2822(at: datetime | None) -> str | None:
    return None if at is None else format_datetime(at)
