"""The web chat as a channel: texts fit a bubble, a send is an announcement that holds no words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels.webchat import MAX_TEXT, WebChatChannel
from bot.domain.contact import Channel, ContactId
from bot.domain.delivery import Content, Delivery, DeliveryId, Option
from bot.domain.errors import InputError
from bot.services.ports import Request
from tests.web.house import ADDRESS


class Wire:
    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    async def publish(self, topic: str, event: Any) -> None:
        self.heard.append((topic, event))


def test_a_long_text_is_cut_and_its_options_stand_under_the_last_part() -> None:
    content = Content(text="One more step. " * 400, language="en", options=(Option(label="A", payload="a"),))
    parts = WebChatChannel(live=Wire()).fit(content)
    assert [len(part.text) <= MAX_TEXT for part in parts] == [True, True]
    assert [len(part.options) for part in parts] == [0, 1]


async def test_r17_a_send_puts_no_words_on_the_wire() -> None:
    wire, now = Wire(), datetime(2026, 5, 6, tzinfo=UTC)
    delivery = Delivery(
        id=DeliveryId("delivery-0001"), contact=ContactId("c1"), channel=Channel.WEBCHAT, address=ADDRESS,
        content=Content(text="your wages", language="en"), origin="message:x", created_at=now, due_at=now,
    )  # fmt: skip
    assert await WebChatChannel(live=wire).send(delivery) == "delivery-0001"
    assert wire.heard == [(f"webchat:{ADDRESS.path}", {"delivery": "delivery-0001"})]


def test_nobody_can_write_through_a_webhook() -> None:
    with pytest.raises(InputError):
        WebChatChannel(live=Wire()).receive(Request(url="https://x/channels/webchat", headers={}, body=b"{}"))
