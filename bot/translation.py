"""Owns the client of a LibreTranslate-compatible server: a time limit, a circuit breaker, its languages remembered."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson

from bot.breaker import Breaker
from bot.domain.errors import InputError, Unavailable
from bot.i18n import base

TIMEOUT_SECONDS = 5.0
MAX_TEXT = 5000  # characters of one text
MAX_ANSWER = 256 * 1024  # bytes
FRESH_SECONDS = 600.0  # how long the server's list of languages is believed
ANY = "auto"  # the server finds out the language by itself
_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)


class _Refused(Exception):
    """The server is well but does not take this one text."""


@dataclass(kw_only=True)
class LibreTranslate:
    """Asks the server at `url`; its breaker's clock tells the age of what it remembers."""

    session: aiohttp.ClientSession
    url: str
    breaker: Breaker
    key: str = field(default="", repr=False)
    timeout: float = TIMEOUT_SECONDS
    name: str = "libretranslate"
    _targets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    _targets_at: float | None = None

    async def translate(self, text: str, source: str, target: str) -> str:
        """The text in `target`; an empty `source` is one that nobody knows.

        Raises InputError for what the server will never translate, and Unavailable.
        """
        if len(text) > MAX_TEXT:
            raise InputError(f"the text has more than {MAX_TEXT} characters")
        if self.session.closed or self.breaker.is_open:
            raise Unavailable("the translation server rests after failures")
        try:
            async with asyncio.timeout(self.timeout):
                pair = self._pair(await self._languages(), source, target)
                answer = await self._ask("POST", "translate", self._question(text, *pair))
                translated = _translated(answer)
        except _Refused as error:
            self.breaker.note(is_ok=True)
            raise InputError(f"the translation server refused a text: {error}") from error
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
            self.breaker.note(is_ok=False)
            raise Unavailable(f"the translation server did not answer: {type(error).__name__}") from error
        self.breaker.note(is_ok=True)
        return translated

    def _question(self, text: str, source: str, target: str) -> dict[str, str]:
        question = {"q": text, "source": source, "target": target, "format": "text"}
        return {**question, "api_key": self.key} if self.key else question

    def _pair(self, known: Mapping[str, frozenset[str]], source: str, target: str) -> tuple[str, str]:
        """Both languages by the server's own codes; raises _Refused for two that it has no way between."""
        everything = frozenset().union(*known.values())
        from_ = next((code for code in (source, base(source)) if code in known), "") if source else ANY
        to = next((code for code in (target, base(target)) if code in known.get(from_, everything)), "")
        if not from_ or not to:
            raise _Refused(f"no way from {source or ANY} to {target}")
        return from_, to

    async def _languages(self) -> Mapping[str, frozenset[str]]:
        """What the server translates, each language into which; asked for again when it has grown old."""
        now = self.breaker.clock()
        if self._targets_at is None or now - self._targets_at > FRESH_SECONDS:
            self._targets, self._targets_at = _targets(await self._ask("GET", "languages")), now
        return self._targets

    async def _ask(self, method: str, path: str, question: Mapping[str, str] | None = None) -> Any:
        async with self.session.request(method, f"{self.url}/{path}", json=question, allow_redirects=False) as response:
            if response.status in _REFUSALS:
                raise _Refused(response.status)
            if response.status != HTTPStatus.OK:
                raise ValueError("not an answer")
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise ValueError("the answer is too long")
        return orjson.loads(bytes(body))


def _targets(answer: Any) -> Mapping[str, frozenset[str]]:
    """GET /languages: `[{"code": "en", "targets": ["ar", ...]}]`; raises ValueError for another shape.

    Servers before 1.3 name no targets: each language goes into all of them.
    """
    try:
        codes = frozenset(str(entry["code"]) for entry in answer)
        return {str(entry["code"]): frozenset(map(str, entry.get("targets") or codes)) for entry in answer}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a list of languages") from error


def _translated(answer: Any) -> str:
    """The text of an answer; raises ValueError where there is none."""
    text = answer.get("translatedText") if isinstance(answer, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise ValueError("not a translation")
    return text
