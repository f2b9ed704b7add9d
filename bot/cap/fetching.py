"""Owns fetching alerts and feeds from addresses that staff type: public hosts only, bounded in size, time and hops."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from bot.cap.document import MAX_BYTES
from bot.domain.errors import InputError, Unavailable

MAX_REDIRECTS = 3
SECONDS = 10.0  # for all hops together
MAX_URL = 2000  # characters
_CHUNK = 64 * 1024  # bytes
_MOVED = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "Accept": "application/cap+xml, application/atom+xml, application/rss+xml, application/xml, text/xml",
    "Accept-Encoding": "identity",  # a packed answer may unpack to anything
    "User-Agent": "Muster",
}

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def addresses_of(host: str, port: int) -> Sequence[str]:
    """The host's IP addresses, as the system finds them; raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def fetch(
    url: str,
    session: aiohttp.ClientSession,
    *,
    is_private_allowed: bool = False,
    resolve: Resolve = addresses_of,
    seconds: float = SECONDS,
) -> bytes:
    """What is at `url`. Each hop's host is resolved once and that very address connected to, so that what was checked
    is what is asked. Raises InputError for an address that may not or need not be fetched, and Unavailable.
    """
    try:
        async with asyncio.timeout(seconds):
            for _ in range(MAX_REDIRECTS + 1):
                target = _checked(url)
                host = await _reachable(target, resolve, is_private_allowed=is_private_allowed)
                body, onward = await _ask(session, target, host)
                if body is not None:
                    return body
                url = urljoin(url, onward)
    except TimeoutError:
        raise Unavailable("The address did not answer in time: try again, or upload the file.") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Unavailable(f"The address does not answer ({type(error).__name__}): look at it in a browser.") from None
    raise InputError("The address leads on without end: open it in a browser and upload the file.")


def _checked(url: str) -> URL:
    """The address, if it is one of the web and has nothing odd about it."""
    try:
        target = URL(url) if len(url) <= MAX_URL else URL()
        is_plain = target.scheme in ("http", "https") and bool(target.host) and bool(target.port)
    except (ValueError, TypeError):
        is_plain = False
    if not is_plain:
        raise InputError("The address must begin with https:// or http:// and name a host.")
    if target.user is not None or target.password is not None:
        raise InputError("The address must not hold a name or password.")
    return target


async def _reachable(target: URL, resolve: Resolve, *, is_private_allowed: bool) -> str:
    """The address to connect to; one forbidden address among a host's refuses them all."""
    host = target.host or ""
    try:
        found = await resolve(host, target.port or 0)
    except (OSError, UnicodeError):
        raise Unavailable("The address names a host that is not known: look for a slip in it.") from None
    if not found:
        raise Unavailable("The address names a host that is not known: look for a slip in it.")
    if not is_private_allowed and not all(map(is_public, found)):
        raise InputError("The address leads into a private network, which is not fetched. Upload the file instead.")
    return found[0]


def is_public(address: str) -> bool:
    """Whether an IP address is of the public internet, and no other address in disguise."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return _is_public(ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is not None:
            return _is_public(inner)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


async def _ask(session: aiohttp.ClientSession, target: URL, address: str) -> tuple[bytes | None, str]:
    """The body, or where it has moved to. The name goes into Host and into the certificate's check."""
    direct = target.with_host(address)
    headers = {**_HEADERS, "Host": target.raw_authority}
    timeout = aiohttp.ClientTimeout(total=None)  # the caller's covers all
    async with session.get(
        direct, headers=headers, server_hostname=target.raw_host if target.scheme == "https" else None,
        allow_redirects=False, timeout=timeout,
    ) as answer:  # fmt: skip
        if answer.status in _MOVED:
            return None, answer.headers.get("Location", "")
        return await _body(answer), ""


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    if answer.status in (404, 410):
        raise InputError("There is nothing at the address any more.")
    if answer.status != 200:
        raise Unavailable(f"The address answered {answer.status}: try again, or upload the file.")
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise InputError("The address answers with a packed file: unpack and upload it.")
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > MAX_BYTES:
            raise InputError(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB: an alert has a few KB.")
    return bytes(body)
