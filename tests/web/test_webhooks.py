"""Webhooks: 200 only after the commit, 403 and 400 for what is not believed or not read, never a secret or a text."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot import log
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.errors import Conflict, InputError, NotAuthentic, Unavailable
from bot.domain.message import Received
from bot.services.ports import Inbound, Request
from bot.web import server, webhooks

WORDS = "my boss beats me"
HELLO = Received(
    channel=Channel.SMS, address=Address(scheme=Scheme.TEL, path="+15005550100"), provider_id="SM1", text=WORDS
)


@dataclass
class Provider:
    """A channel that believes everything, or answers with `error`."""

    name: Channel
    error: Exception | None = None
    requests: list[Request] = field(default_factory=list)

    def receive(self, request: Request) -> Inbound:
        self.requests.append(request)
        if self.error:
            raise self.error
        return Inbound(messages=(HELLO,))


@dataclass
class Inbox:
    error: Exception | None = None
    taken: list[Inbound] = field(default_factory=list)

    async def take(self, inbound: Inbound) -> int:
        if self.error:
            raise self.error
        self.taken.append(inbound)
        return 1


@dataclass
class Door:
    client: TestClient[Any, Any]
    inbox: Inbox
    sms: Provider

    async def post(self, path: str = "/channels/sms", data: Any = b"Body=hi", **headers: str) -> tuple[int, str]:
        answer = await self.client.post(path, data=data, headers=headers)
        return answer.status, await answer.text()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    inbox, sms, telegram = Inbox(), Provider(Channel.SMS), Provider(Channel.TELEGRAM)
    routes = webhooks.routes(
        inbox=inbox,
        channels={Channel.SMS: sms, Channel.TELEGRAM: telegram},
        public_url="https://muster.example/base",
    )  # type: ignore[arg-type]
    async with TestClient(TestServer(server.build(routes))) as client:
        yield Door(client, inbox, sms)


async def test_a_stored_message_is_taken_with_an_empty_answer(door: Door) -> None:
    """R23. An answer with words in it would go to the phone as an SMS."""
    status, text = await door.post()
    assert status == 200
    assert text == webhooks.EMPTY_TWIML
    assert len(door.inbox.taken) == 1
    assert await door.post("/channels/telegram") == (200, "{}")


@pytest.mark.parametrize("error", [Unavailable("away"), Conflict("first"), RuntimeError(WORDS)])
async def test_what_could_not_be_stored_is_never_a_200(door: Door, error: Exception) -> None:
    """R23: the provider then knows that it must send it again."""
    door.inbox.error = error
    status, text = await door.post()
    assert status >= 500
    assert WORDS not in text


@pytest.mark.parametrize(
    ("error", "status"), [(NotAuthentic("the signature is wrong"), 403), (InputError("no From"), 400)]
)
async def test_what_is_not_believed_or_not_read_is_not_stored(door: Door, error: Exception, status: int) -> None:
    door.sms.error = error
    assert (await door.post())[0] == status
    assert door.inbox.taken == []


@pytest.mark.parametrize(
    "path", ["/channels/whatsapp", "/channels/whatsapp/status", "/channels/webchat", "/channels/x"]
)
async def test_a_channel_that_is_off_or_unknown_says_so(door: Door, path: str) -> None:
    assert (await door.post(path))[0] in (404, 405)


async def test_the_url_is_the_public_one_with_its_query_as_it_was_signed(door: Door) -> None:
    await door.post("/channels/sms?x=%2B1&y=a%20b", **{"X-Twilio-Signature": "s"})
    (request,) = door.sms.requests
    assert request.url == "https://muster.example/base/channels/sms?x=%2B1&y=a%20b"
    assert request.headers["x-twilio-signature"] == "s"


async def test_a_body_beyond_all_reason_is_refused_unread(door: Door) -> None:
    assert (await door.post(data=io.BytesIO(b"x" * (webhooks.MAX_BODY + 1))))[0] == 413
    assert door.sms.requests == []


async def test_nothing_that_a_contact_wrote_is_logged(door: Door, capsys: Any) -> None:
    log.configure(level="DEBUG")
    for error in (None, NotAuthentic(WORDS), InputError(WORDS), RuntimeError(WORDS)):
        door.sms.error = error
        await door.post(data=WORDS.encode())
    out, err = capsys.readouterr()
    assert "webhook_refused" in err
    assert WORDS not in out + err
    assert "+1500" not in out + err
