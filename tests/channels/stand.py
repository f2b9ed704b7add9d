"""Owns what the channels' tests stand on: deliveries, signed webhook requests, tables, plain views."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from bot.domain.contact import Address, ContactId
from bot.domain.delivery import Content, Delivery, DeliveryId, Option, Template
from bot.domain.message import Attachment, Receipt, Received
from bot.domain.values import Position
from bot.sandbox.twilio_webhooks import sign
from bot.services.ports import Request

ACCOUNT = "AC" + "0" * 32
TOKEN = "f" * 32
PUBLIC = "https://help.example.org"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def table(folder: str, name: str) -> Any:
    """The cases of one file beside the tests, each with its own `case` as the test's name."""
    cases = yaml.safe_load((Path(__file__).parent / folder / name).read_text(encoding="utf-8"))
    assert cases
    return cases


def offering(text: str, *labels: str) -> Content:
    options = tuple(Option(label=label, payload=f"pick:{number}") for number, label in enumerate(labels))
    return Content(text=text, language="en", options=options)


def delivery(
    address: Address,
    content: Content | str = "Go to high ground.",
    *,
    life: timedelta | None = None,
    template: Template | None = None,
) -> Delivery:
    if isinstance(content, str):
        content = Content(text=content, language="en", template=template)
    return Delivery(
        id=DeliveryId("d1"),
        contact=ContactId("c1"),
        channel=address.channel,
        address=address,
        content=content,
        origin="message:m1",
        created_at=NOW,
        due_at=NOW,
        expires_at=NOW + life if life is not None else None,
    )


def signed(
    pairs: Sequence[tuple[str, str]] | Mapping[str, str],
    *,
    path: str = "/channels/sms",
    token: str = TOKEN,
    signed_url: str | None = None,
) -> Request:
    """A form as Twilio posts it: `signed_url` is what Twilio believes the address to be."""
    form = list(pairs.items()) if isinstance(pairs, Mapping) else list(pairs)
    url = PUBLIC + path
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": sign(token=token, url=signed_url or url, form=form),
    }
    return Request(url=url, headers=headers, body=urlencode(form).encode())


def plain(value: Any) -> Any:
    """A result as a table writes it: what differs from the defaults, in plain values."""
    match value:
        case Address():
            return f"{value.scheme.value}:{value.path}"
        case Position():
            return [value.latitude, value.longitude]
        case Received() | Receipt() | Attachment():
            return dict(_changed(value))
        case Enum():
            return value.value
        case tuple():
            return [plain(each) for each in value]
        case _:
            return value


def _changed(value: Any) -> Iterable[tuple[str, Any]]:
    for known in fields(value):
        given = getattr(value, known.name)
        if known.default is MISSING or given != known.default:
            yield known.name, plain(given)
