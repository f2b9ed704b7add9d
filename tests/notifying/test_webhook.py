"""Notice by webhook, over a real HTTP server on this machine: what is posted, its signature, and what a refusal is."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain.errors import Unavailable
from bot.notifying.webhook import SIGNATURE_HEADER, TIME_HEADER, Webhook
from tests.notifying.test_mail import notice

SECRET = "only-we-and-they-know"


@dataclass
class Chat:
    """The receiver: answers with `status`, keeps what came."""

    status: int = 204
    came: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        self.came.append((request.path, dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers={"Location": "/elsewhere"} if self.status == 302 else {})


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
async def hook(chat: Chat) -> AsyncIterator[Webhook]:
    application = web.Application()
    application.router.add_post("/{where}", chat.hear)
    server = TestServer(application)
    await server.start_server()
    async with aiohttp.ClientSession() as session:
        yield Webhook(
            session=session,
            url=str(server.make_url("/all")),
            specialists_url=str(server.make_url("/special")),
            secret=SECRET,
            seconds_now=lambda: 1_790_000_000.7,
        )
    await server.close()


async def test_what_is_posted_is_signed_and_says_nothing_of_a_person(hook: Webhook, chat: Chat) -> None:
    await hook.tell(notice())
    [(path, headers, body)] = chat.came
    assert path == "/all"
    assert json.loads(body) == {
        "id": "7-new",
        "kind": "new",
        "case": "M-7KQ2BC",
        "urgency": "critical",
        "text": notice().text,
        "url": notice().url,
    }
    expected = hmac.new(SECRET.encode(), b"1790000000." + body, hashlib.sha256).hexdigest()
    assert headers[TIME_HEADER] == "1790000000"
    assert headers[SIGNATURE_HEADER] == f"sha256={expected}"


async def test_a_protection_case_goes_to_the_specialists_address_only(hook: Webhook, chat: Chat) -> None:
    """R16."""
    await hook.tell(notice(is_protection=True))
    assert [path for path, _, _ in chat.came] == ["/special"]


@pytest.mark.parametrize("status", [302, 400, 429, 500])
async def test_whatever_is_no_success_is_a_failure_and_no_redirect_is_followed(
    hook: Webhook, chat: Chat, status: int
) -> None:
    chat.status = status
    with pytest.raises(Unavailable, match=str(status)):
        await hook.tell(notice())
    assert len(chat.came) == 1


async def test_a_receiver_that_is_not_there_is_a_failure_that_does_not_tell_the_address(chat: Chat) -> None:
    async with aiohttp.ClientSession() as session:
        hook = Webhook(session=session, url="http://127.0.0.1:9/secret-path", specialists_url="", secret=SECRET)
        with pytest.raises(Unavailable) as problem:
            await hook.tell(notice())
    assert "secret-path" not in str(problem.value)
    assert not hook.reaches(is_protection=True)
    assert SECRET not in repr(hook)
