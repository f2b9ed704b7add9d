"""Owns fetching files over HTTP from a provider's hosts only: bounded in size and time, wherever redirects lead."""

from collections.abc import Callable, Mapping
from urllib.parse import urljoin

import aiohttp

from bot.domain.document import MAX_DOCUMENT_BYTES
from bot.domain.errors import InputError, Unavailable

TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10, sock_read=20)
MAX_REDIRECTS = 3
_CHUNK = 64 * 1024  # bytes


async def fetch(
    session: aiohttp.ClientSession,
    url: str,
    *,
    headers: Mapping[str, str],
    is_allowed: Callable[[str], bool],
) -> tuple[bytes, str]:
    """The bytes and the media type at `url`; `headers` (credentials) go to the first address and to no other.

    Raises InputError for a file that is gone, too large or led away from the allowed addresses, and Unavailable.
    """
    try:
        for redirects in range(MAX_REDIRECTS + 1):
            if not is_allowed(url):
                raise InputError("files are fetched from the provider's own hosts only")
            sent = headers if redirects == 0 else {}
            async with session.get(url, headers=sent, timeout=TIMEOUT, allow_redirects=False) as answer:
                if answer.status not in (301, 302, 303, 307, 308):
                    return await _body(answer), answer.content_type
                url = urljoin(url, answer.headers.get("Location", ""))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unavailable(f"the file's host did not answer: {type(error).__name__}") from None
    raise InputError("the file's address leads on without end")


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    if answer.status in (404, 410):
        raise InputError("the file is gone")
    if answer.status != 200:
        raise Unavailable(f"the file's host answered {answer.status}")
    if (answer.content_length or 0) > MAX_DOCUMENT_BYTES:
        raise InputError("the file is too large")
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > MAX_DOCUMENT_BYTES:
            raise InputError("the file is too large")
    return bytes(body)
