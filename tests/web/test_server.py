"""The server: what every answer carries, what an unforeseen error shows, and how it stops."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.domain.errors import ConfigurationError
from bot.web import server

WORDS = "my boss beats me"


def port_of_nobody() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


async def broken(_: web.Request) -> web.Response:
    raise RuntimeError(WORDS)


async def fine(_: web.Request) -> web.Response:
    return web.Response(text="fine")


@pytest.mark.parametrize(("path", "status"), [("/fine", 200), ("/broken", 500), ("/nowhere", 404)])
async def test_every_answer_carries_the_security_headers(path: str, status: int) -> None:
    application = server.build([web.get("/fine", fine), web.get("/broken", broken)])
    async with TestClient(TestServer(application)) as client:
        answer = await client.get(path)
        assert answer.status == status
        assert {name: answer.headers.get(name) for name in server.SECURITY_HEADERS} == server.SECURITY_HEADERS
        assert WORDS not in await answer.text()


async def test_open_requests_are_finished_before_the_server_stops() -> None:
    begun, stop, port = asyncio.Event(), asyncio.Event(), port_of_nobody()

    async def slow(_: web.Request) -> web.Response:
        begun.set()
        await stop.wait()
        await asyncio.sleep(0)
        return web.Response(text="done")

    running = asyncio.create_task(server.serve(server.build([web.get("/", slow)]), "127.0.0.1", port, stop))
    async with aiohttp.ClientSession() as session:
        asking = asyncio.create_task(_get(session, f"http://127.0.0.1:{port}/"))
        await asyncio.wait_for(begun.wait(), 20)
        stop.set()
        assert await asking == "done"
    await asyncio.wait_for(running, 20)


async def _get(session: aiohttp.ClientSession, url: str) -> str:
    while True:
        try:
            async with session.get(url) as answer:
                return await answer.text()
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0)


async def test_a_used_port_is_an_error_at_once_and_never_called_up() -> None:
    up: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        serving = server.serve(server.build([]), "127.0.0.1", port, asyncio.Event(), when_up=lambda: up.append("up"))
        with pytest.raises(ConfigurationError, match=r"MUSTER_PORT.*in use"):
            await serving
    assert up == []
