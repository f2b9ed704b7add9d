"""Fetching what staff point at: from the public internet only, wherever names and redirects lead, and within bounds."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.cap.document import MAX_BYTES
from bot.cap.fetching import fetch, is_public
from bot.domain.errors import InputError, Unavailable


class Host:
    """A server on loopback that remembers who asked for what."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.server: Any = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.host, request.path, dict(request.headers)))
        match request.path:
            case "/alert.cap":
                return web.Response(body=b"<alert/>")
            case "/moved":
                return web.Response(status=302, headers={"Location": request.query.get("to", "/alert.cap")})
            case "/loop":
                return web.Response(status=301, headers={"Location": "/loop"})
            case "/nowhere":
                return web.Response(status=302)
            case "/large":
                return web.Response(body=b"x" * (MAX_BYTES + 1))
            case "/endless":
                return await self._endless(request)
            case "/packed":
                return web.Response(body=gzip.compress(b"<alert/>"), headers={"Content-Encoding": "gzip"})
            case "/slow":
                await asyncio.Event().wait()
            case "/broken":
                return web.Response(status=500)
        return web.Response(status=404)

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x" * 65536)
        return response

    def url(self, path: str, host: str = "alerts.example") -> str:
        return f"http://{host}:{self.server.port}{path}"


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    made = Host()
    application = web.Application()
    application.router.add_get("/{path:.*}", made.answer)
    made.server = TestServer(application)
    await made.server.start_server()
    yield made
    await made.server.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def here(_: str, __: int) -> Sequence[str]:
    """Every name is this machine's."""
    return ["127.0.0.1"]


async def get(url: str, session: aiohttp.ClientSession, **changes: Any) -> bytes:
    return await fetch(url, session, **{"is_private_allowed": True, "resolve": here, **changes})


async def test_what_is_there_is_fetched(host: Host, session: aiohttp.ClientSession) -> None:
    """The name is told to the host, though its checked address is connected to."""
    assert await get(host.url("/alert.cap"), session) == b"<alert/>"
    ((name, _, headers),) = host.asked
    assert name == f"alerts.example:{host.server.port}"
    assert headers["Accept-Encoding"] == "identity"
    assert "Cookie" not in headers


async def test_a_few_redirects_are_followed(host: Host, session: aiohttp.ClientSession) -> None:
    assert await get(host.url("/moved?to=/moved"), session) == b"<alert/>"
    assert [path for _, path, _ in host.asked] == ["/moved", "/moved", "/alert.cap"]


@pytest.mark.parametrize("path", ["/loop", "/nowhere"])
async def test_redirects_without_end_are_not(host: Host, session: aiohttp.ClientSession, path: str) -> None:
    with pytest.raises(InputError, match="leads on without end"):
        await get(host.url(path), session)
    assert len(host.asked) == 4


@pytest.mark.parametrize(
    ("path", "words"),
    [("/large", "larger than 1 MB"), ("/endless", "larger than 1 MB"), ("/packed", "packed"), ("/none", "nothing at")],
)
async def test_what_is_no_alert_is_refused(host: Host, session: aiohttp.ClientSession, path: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        await get(host.url(path), session)


async def test_a_host_that_fails_may_be_tried_again(host: Host, session: aiohttp.ClientSession) -> None:
    with pytest.raises(Unavailable, match="500"):
        await get(host.url("/broken"), session)
    with pytest.raises(Unavailable, match="in time"):
        await get(host.url("/slow"), session, seconds=0.05)
    port = host.server.port
    await host.server.close()
    with pytest.raises(Unavailable, match="does not answer"):
        await get(f"http://alerts.example:{port}/", session)


async def unknown(_: str, __: int) -> Sequence[str]:
    raise OSError("no such name")


async def nobody(_: str, __: int) -> Sequence[str]:
    return []


@pytest.mark.parametrize("resolve", [unknown, nobody])
async def test_a_name_that_nobody_has_is_a_slip(session: aiohttp.ClientSession, resolve: Any) -> None:
    with pytest.raises(Unavailable, match="not known"):
        await get("https://alerts.exmaple/", session, resolve=resolve)


# --- private networks


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://127.1/", "http://2130706433/", "http://0x7f000001/",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "http://[::]/",
    ],
)  # fmt: skip
async def test_this_machine_is_never_asked(host: Host, session: aiohttp.ClientSession, url: str) -> None:
    """By whatever spelling: the system's own resolver says what is meant."""
    aimed = url[:-1] + f":{host.server.port}/alert.cap"
    with pytest.raises((InputError, Unavailable), match=r"private network|not known"):
        await fetch(aimed, session)
    assert host.asked == []


async def test_a_public_name_that_leads_inside_is_refused(host: Host, session: aiohttp.ClientSession) -> None:
    with pytest.raises(InputError, match="private network"):
        await fetch(host.url("/alert.cap"), session, resolve=here)
    assert host.asked == []


async def test_one_private_address_among_public_ones_refuses_the_host(session: aiohttp.ClientSession) -> None:
    async def mixed(_: str, __: int) -> Sequence[str]:
        return ["93.184.216.34", "10.0.0.7"]

    with pytest.raises(InputError, match="private network"):
        await fetch("http://alerts.example/", session, resolve=mixed)


async def test_a_redirect_inside_is_refused(host: Host, session: aiohttp.ClientSession) -> None:
    """The first host is let through here as if it were public; the one that it names is not."""

    async def by_name(name: str, _: int) -> Sequence[str]:
        return ["127.0.0.1"] if name == "alerts.example" else ["169.254.169.254"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.cap.fetching.is_public", lambda address: address == "127.0.0.1")
        with pytest.raises(InputError, match="private network"):
            await fetch(host.url("/moved?to=http://metadata.example/"), session, resolve=by_name)
    assert [path for _, path, _ in host.asked] == ["/moved"]


async def test_a_name_is_resolved_once_for_each_hop(host: Host, session: aiohttp.ClientSession) -> None:
    """A name that changes its address between the check and the connection gains nothing."""
    answers = iter([["127.0.0.1"], ["203.0.113.1"]])

    async def rebinding(_: str, __: int) -> Sequence[str]:
        return next(answers)

    assert await get(host.url("/alert.cap"), session, resolve=rebinding) == b"<alert/>"


@pytest.mark.parametrize(
    ("address", "is_it"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("10.1.2.3", False), ("172.16.0.1", False),
        ("192.168.1.1", False), ("100.64.0.1", False), ("169.254.169.254", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("fd00::1", False), ("fe80::1%eth0", False), ("ff0e::1", False),
        ("::ffff:10.0.0.1", False), ("::10.0.0.1", False), ("64:ff9b::a00:1", False), ("2002:a00:1::", False),
        ("2001:db8::1", False), ("198.18.0.1", False), ("", False), ("alerts.example", False),
    ],
)  # fmt: skip
def test_only_addresses_of_the_public_internet_are_public(address: str, is_it: bool) -> None:
    assert is_public(address) is is_it


@pytest.mark.parametrize(
    "url",
    [
        "", "alerts.example", "file:///etc/passwd", "ftp://alerts.example/", "gopher://alerts.example/", "http://",
        "http:///x", "//alerts.example/", "javascript:alert(1)", "http://[/", "http://alerts.example:99999/",
        "http://" + "x" * 3000, "http://user:secret@alerts.example/", "http://user@alerts.example/",
    ],
)  # fmt: skip
async def test_what_is_no_plain_address_of_the_web_is_refused(session: aiohttp.ClientSession, url: str) -> None:
    with pytest.raises(InputError, match=r"https://|password"):
        await get(url, session)


async def test_a_redirect_away_from_the_web_is_refused(host: Host, session: aiohttp.ClientSession) -> None:
    with pytest.raises(InputError, match="https://"):
        await get(host.url("/moved?to=file:///etc/passwd"), session)
