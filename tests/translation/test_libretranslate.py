"""The translation client against the stand-in and against servers that misbehave: Unavailable or InputError (R13)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.breaker import Breaker
from bot.domain.errors import InputError, Unavailable
from bot.sandbox.faults import Fault
from bot.sandbox.translator import TranslatorStandIn, create_translator
from bot.translation import FRESH_SECONDS, MAX_ANSWER, MAX_TEXT, LibreTranslate

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Hands:
    """A clock that a test turns."""

    time: float = 0.0

    def __call__(self) -> float:
        return self.time


@dataclass
class Line:
    """A client, the stand-in at its other end, and its clock."""

    client: LibreTranslate
    server: TranslatorStandIn
    hands: Hands


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def line(session: aiohttp.ClientSession) -> AsyncIterator[Line]:
    stand_in, hands = TranslatorStandIn(key="sesame"), Hands()
    async with TestServer(create_translator(stand_in)) as server:
        url = str(server.make_url("/")).rstrip("/")
        yield Line(
            LibreTranslate(session=session, url=url, key="sesame", breaker=Breaker(clock=hands)), stand_in, hands
        )


async def client_of(
    session: aiohttp.ClientSession, answer: Handler, **options: object
) -> tuple[LibreTranslate, TestServer]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    url = str(server.make_url("/")).rstrip("/")
    return LibreTranslate(session=session, url=url, breaker=Breaker(clock=Hands()), **options), server  # type: ignore[arg-type]


async def test_a_text_is_translated_with_what_the_server_wants_to_know(line: Line) -> None:
    assert await line.client.translate("मलाई मद्दत", "ne", "en") == "«en: मलाई मद्दत»"
    assert line.server.asked == [
        {"q": "मलाई मद्दत", "source": "ne", "target": "en", "format": "text", "api_key": "sesame"}
    ]


async def test_a_language_that_nobody_knows_is_left_to_the_server(line: Line) -> None:
    await line.client.translate("help", "", "es")
    assert line.server.asked[-1]["source"] == "auto"


async def test_a_regions_language_is_asked_for_as_the_server_calls_it(line: Line) -> None:
    await line.client.translate("ajuda", "pt-BR", "en")
    assert line.server.asked[-1]["source"] == "pt"


@pytest.mark.parametrize(("source", "target"), [("km", "en"), ("en", "km"), ("", "km")])
async def test_a_pair_that_the_server_does_not_have_is_refused_and_no_failure(
    line: Line, source: str, target: str
) -> None:
    for _ in range(5):
        with pytest.raises(InputError):
            await line.client.translate("x", source, target)
    assert await line.client.translate("x", "en", "es") == "«es: x»"


async def test_the_languages_are_asked_for_once_in_a_while(line: Line) -> None:
    for _ in range(3):
        await line.client.translate("x", "en", "es")
    line.server.languages = ("en", "km")
    with pytest.raises(InputError):
        await line.client.translate("x", "en", "km")
    line.hands.time += FRESH_SECONDS + 1
    assert await line.client.translate("x", "en", "km") == "«km: x»"


async def test_a_failing_server_rests_and_is_tried_again(line: Line) -> None:
    line.server.faults.order(Fault(times=3, status=500))
    for _ in range(4):
        with pytest.raises(Unavailable):
            await line.client.translate("x", "en", "es")
    assert line.server.asked == []  # three failures, and then nothing was asked
    line.hands.time += 6
    assert await line.client.translate("x", "en", "es") == "«es: x»"


async def test_a_wrong_key_is_a_failure_that_does_not_tell_the_key(line: Line) -> None:
    line.client.key = "wrong-key"
    with pytest.raises(Unavailable) as caught:
        await line.client.translate("x", "en", "es")
    assert "wrong-key" not in str(caught.value) + repr(line.client)


async def test_a_text_too_long_is_never_sent(line: Line) -> None:
    with pytest.raises(InputError):
        await line.client.translate("x" * (MAX_TEXT + 1), "en", "es")
    assert line.server.asked == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"null", b'{"translatedText": ""}', b'{"translatedText": 5}', b"\xff", b"[5]", b'[{"code":1'],
)
async def test_an_answer_of_another_shape_is_unavailable(session: aiohttp.ClientSession, body: bytes) -> None:
    async def answer(request: web.Request) -> web.Response:
        languages = b'[{"code": "en"}, {"code": "es"}]'
        return web.Response(body=languages if request.path == "/languages" else body)

    client, server = await client_of(session, answer)
    with pytest.raises(Unavailable):
        await client.translate("x", "en", "es")
    await server.close()


async def test_an_endless_answer_is_not_read(session: aiohttp.ClientSession) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b" " * (MAX_ANSWER + 1))

    client, server = await client_of(session, answer)
    with pytest.raises(Unavailable):
        await client.translate("x", "en", "es")
    await server.close()


async def test_a_server_that_does_not_answer_in_time_is_unavailable(session: aiohttp.ClientSession) -> None:
    is_over = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await is_over.wait()
        return web.Response()

    client, server = await client_of(session, answer, timeout=0.05)
    with pytest.raises(Unavailable):
        await client.translate("x", "en", "es")
    is_over.set()
    await server.close()


async def test_no_server_is_unavailable(session: aiohttp.ClientSession) -> None:
    client = LibreTranslate(session=session, url="http://127.0.0.1:9", breaker=Breaker(clock=Hands()))
    with pytest.raises(Unavailable):
        await client.translate("x", "en", "es")
