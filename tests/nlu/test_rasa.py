"""The NLU client against a server that misbehaves: Unavailable and nothing else, then key words (R22)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.breaker import Breaker
from bot.domain.errors import Unavailable
from bot.domain.message import Understanding
from bot.nlu.rasa import MAX_ANSWER, MAX_ASKING, MAX_TEXT, RasaClient, UnderstandingWithFallback

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
GOOD: dict[str, Any] = {
    "intent": {"name": "nlu_fallback", "confidence": 0.3},
    "intent_ranking": [
        {"name": "nlu_fallback", "confidence": 0.3},
        {"name": "shelter", "confidence": 0.2},
        {"name": "in_danger", "confidence": 0.25},
    ],
    "entities": [],
}


@dataclass(kw_only=True)
class Seconds:
    """A clock that moves only when told to."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass(kw_only=True)
class Server:
    """A loopback server whose next answers a test decides."""

    answer: Handler
    asked: list[Any] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        return await self.answer(request)


@dataclass(kw_only=True)
class Stand:
    """The client, the server it asks and the clock of its breaker."""

    server: Server
    client: RasaClient
    clock: Seconds

    async def fails(self, text: str = "hello") -> None:
        with pytest.raises(Unavailable):
            await self.client.understand(text, "en")


async def well(_: web.Request) -> web.Response:
    return web.json_response(GOOD)


async def overloaded(_: web.Request) -> web.Response:
    return web.json_response({"error": "full"}, status=503, headers={"Retry-After": "1"})


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    server, clock = Server(answer=well), Seconds()
    app = web.Application()
    app.router.add_post("/model/parse", server.handle)
    app.router.add_get("/health", well)
    async with TestServer(app) as running, aiohttp.ClientSession() as session:
        client = RasaClient(session=session, url=str(running.make_url("")).rstrip("/"), breaker=Breaker(clock=clock))
        yield Stand(server=server, client=client, clock=clock)


async def test_an_answer_is_ranked_by_probability_and_without_rasas_own_fallback(stand: Stand) -> None:
    understanding = await stand.client.understand("water", None)
    assert understanding == Understanding(ranking=(("in_danger", 0.25), ("shelter", 0.2)), source="nlu")


async def test_a_long_message_is_asked_by_its_beginning(stand: Stand) -> None:
    await stand.client.understand("x" * (MAX_TEXT + 1), None)
    assert stand.server.asked == [{"text": "x" * MAX_TEXT}]


async def test_half_a_character_is_still_asked(stand: Stand) -> None:
    assert (await stand.client.understand("\ud83d", None)).intent == "in_danger"


def body(content: bytes | str, *, status: int = 200) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        raw = content if isinstance(content, bytes) else content.encode()
        return web.Response(body=raw, status=status, content_type="application/json")

    return answer


def ranking(value: Any) -> Handler:
    return body(orjson.dumps({"intent_ranking": value}))


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def drop_inside(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "500"})
    await response.prepare(request)
    await response.write(b'{"intent_ranking": [')
    assert request.transport is not None
    request.transport.close()
    return response


async def elsewhere(request: web.Request) -> web.StreamResponse:
    raise web.HTTPTemporaryRedirect("/health")


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * MAX_ANSWER)


MISBEHAVIOUR = {
    "503": overloaded,
    "500": body("oops", status=500),
    "404": body("{}", status=404),
    "an empty 204": body("", status=204),
    "a redirect to something that answers well": elsewhere,
    "a drop before the answer": drop,
    "a drop inside the answer": drop_inside,
    "an endless answer": endless,
    "a huge answer": body(b" " * (MAX_ANSWER + 1) + orjson.dumps(GOOD)),
    "nothing": body(""),
    "half JSON": body(orjson.dumps(GOOD)[:60]),
    "no JSON": body("<html>It works!</html>"),
    "no UTF-8": body(b'{"intent_ranking": "\xff"}'),
    "deep JSON": body("[" * 30_000 + "]" * 30_000),
    "a list": body("[]"),
    "a number": body("7"),
    "null": body("null"),
    "another shape": body("{}"),
    "a ranking that is null": ranking(None),
    "a ranking that is a string": ranking("shelter"),
    "a ranking that is a mapping": ranking({"shelter": 1}),
    "a ranking of strings": ranking(["shelter"]),
    "an intent without a probability": ranking([{"name": "shelter"}]),
    "an intent without a name": ranking([{"name": None, "confidence": 1.0}]),
    "NaN as JSON does not know it": body('{"intent_ranking": [{"name": "shelter", "confidence": NaN}]}'),
    "NaN in quotes": ranking([{"name": "shelter", "confidence": "nan"}]),
    "infinity": body('{"intent_ranking": [{"name": "shelter", "confidence": 1e999}]}'),
    "a probability of 7": ranking([{"name": "shelter", "confidence": 7}]),
    "a negative probability": ranking([{"name": "shelter", "confidence": -0.1}]),
    "a number of 400 digits": body('{"intent_ranking": [{"name": "shelter", "confidence": 1' + "0" * 400 + "}]}"),
}


@pytest.mark.parametrize("answer", MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
async def test_whatever_else_the_server_answers_is_unavailable_and_counts_as_a_failure(
    stand: Stand, answer: Handler
) -> None:
    stand.server.answer = answer
    await stand.fails()
    assert stand.client.breaker.failures == 1


async def test_a_server_that_is_not_there_is_unavailable(stand: Stand, unused_tcp_port: int) -> None:
    stand.client.url = f"http://127.0.0.1:{unused_tcp_port}"
    await stand.fails()


async def test_an_address_that_is_none_is_unavailable(stand: Stand) -> None:
    stand.client.url = "http://[nowhere"
    await stand.fails()


async def test_a_closed_session_is_unavailable(stand: Stand) -> None:
    await stand.client.session.close()
    await stand.fails()


async def test_a_slow_server_is_given_up(stand: Stand) -> None:
    async def never(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    stand.server.answer, stand.client.timeout = never, 0.05
    await stand.fails()


async def test_a_server_that_drips_is_given_up(stand: Stand) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    stand.server.answer, stand.client.timeout = drip, 0.1
    await stand.fails()


async def test_waiting_in_line_is_part_of_the_time_limit(stand: Stand) -> None:
    for _ in range(MAX_ASKING):
        await stand.client._asking.acquire()
    stand.client.timeout = 0.05
    async with asyncio.timeout(10):
        await stand.fails()
    assert stand.server.asked == []


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_one_text_that_the_server_cannot_read_does_not_close_it_to_the_others(stand: Stand, status: int) -> None:
    stand.server.answer = body("{}", status=status)
    for _ in range(10):
        await stand.fails()
    assert (stand.client.breaker.failures, len(stand.server.asked)) == (0, 10)


async def test_after_three_failures_in_a_row_the_server_is_left_alone(stand: Stand) -> None:
    stand.server.answer = overloaded
    for _ in range(5):
        await stand.fails()
    assert len(stand.server.asked) == 3


async def test_a_success_between_failures_starts_the_count_anew(stand: Stand) -> None:
    for answer in (overloaded, overloaded, well, overloaded, overloaded, well):
        stand.server.answer = answer
        if answer is well:
            await stand.client.understand("x", None)
        else:
            await stand.fails()
    assert len(stand.server.asked) == 6


async def test_after_a_rest_one_question_tries_and_a_failure_prolongs_the_rest(stand: Stand) -> None:
    stand.server.answer = overloaded
    for _ in range(3):
        await stand.fails()
    stand.clock.now += stand.client.breaker.rest
    for _ in range(4):
        await stand.fails()
    assert len(stand.server.asked) == 4
    stand.clock.now += stand.client.breaker.rest - 0.1
    await stand.fails()
    assert len(stand.server.asked) == 4


async def test_one_good_answer_after_the_rest_opens_the_way_for_all(stand: Stand) -> None:
    stand.server.answer = overloaded
    for _ in range(3):
        await stand.fails()
    stand.clock.now += stand.client.breaker.rest
    stand.server.answer = well
    for _ in range(3):
        assert (await stand.client.understand("x", None)).source == "nlu"


async def test_while_one_question_tries_the_others_do_not_wait_for_it(stand: Stand) -> None:
    stand.server.answer = overloaded
    for _ in range(3):
        await stand.fails()
    stand.clock.now += stand.client.breaker.rest
    asked, held = asyncio.Event(), asyncio.Event()

    async def hold(_: web.Request) -> web.Response:
        asked.set()
        await held.wait()
        return web.json_response(GOOD)

    stand.server.answer = hold
    trial = asyncio.create_task(stand.client.understand("x", None))
    await asked.wait()
    await stand.fails()
    held.set()
    assert (await trial).source == "nlu"


class Words:
    """Key words that always say the same."""

    async def understand(self, text: str, language: str | None) -> Understanding:
        return Understanding(ranking=(("in_danger", 0.4),), source=f"keywords {text} {language}")


async def test_key_words_answer_where_the_server_does_not(stand: Stand) -> None:
    """R22."""
    understander = UnderstandingWithFallback(rasa=stand.client, keywords=Words())
    assert (await understander.understand("fire", "en")).source == "nlu"
    stand.server.answer = overloaded
    for _ in range(5):
        assert (await understander.understand("fire", "en")).source == "keywords fire en"


async def test_no_message_text_is_logged(stand: Stand, capfd: pytest.CaptureFixture[str]) -> None:
    stand.server.answer = overloaded
    await UnderstandingWithFallback(rasa=stand.client, keywords=Words()).understand("my secret", "en")
    assert "my secret" not in "".join(capfd.readouterr())


async def test_health_says_ok_or_raises(stand: Stand) -> None:
    assert await stand.client.health() == "ok"
    stand.client.url += "/nowhere"
    with pytest.raises(aiohttp.ClientResponseError):
        await stand.client.health()
