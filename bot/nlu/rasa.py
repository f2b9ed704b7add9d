"""Owns the HTTP client of the NLU server: a time limit, a circuit breaker, and key words when it does not answer."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson

from bot.breaker import Breaker
from bot.domain.errors import Unavailable
from bot.domain.message import Understanding
from bot.log import logger
from bot.services.ports import Understander

log = logger("nlu")

TIMEOUT_SECONDS = 3.0  # a worker waits no longer for an answer than they would for a person's nod
MAX_ANSWER = 65_536  # bytes; a real answer has about 2,000
_ROUNDING = 1e-6
_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)
MAX_TEXT = 1000  # characters that are understood; a longer message says what it wants before that
MAX_ASKING = 64  # questions under way from one process; the server batches them


class _Refused(Exception):
    """The server is well but cannot read this one text."""


@dataclass(kw_only=True)
class RasaClient:
    """Asks the NLU server what a text means; raises Unavailable when there is no answer in time."""

    session: aiohttp.ClientSession
    url: str
    breaker: Breaker
    timeout: float = TIMEOUT_SECONDS
    _asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_ASKING))

    async def understand(self, text: str, _: str | None) -> Understanding:
        """The intents of the text's first MAX_TEXT characters. Raises Unavailable and nothing else."""
        if self.session.closed or self.breaker.is_open:
            raise Unavailable("the NLU server rests after failures")
        try:
            async with asyncio.timeout(self.timeout):  # with the time spent in line
                understanding = Understanding(ranking=_ranking(await self._ask(_plain(text))), source="nlu")
        except _Refused as error:
            self.breaker.note(is_ok=True)
            raise Unavailable(f"the NLU server refused a text: {error}") from error
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
            self.breaker.note(is_ok=False)
            raise Unavailable(f"the NLU server did not answer: {type(error).__name__}") from error
        self.breaker.note(is_ok=True)
        return understanding

    async def _ask(self, text: str) -> Any:
        url = f"{self.url}/model/parse"
        async with (
            self._asking,
            self.session.post(url, json={"text": text}, allow_redirects=False) as response,
        ):
            if response.status in _REFUSALS:
                raise _Refused(response.status)
            if response.status != HTTPStatus.OK:
                raise ValueError("not an answer")
            return orjson.loads(await _limited(response))

    async def health(self) -> str:
        """The server's own word about itself; raises when there is none."""
        async with self.session.get(f"{self.url}/health", timeout=aiohttp.ClientTimeout(total=2)) as response:
            response.raise_for_status()
            await response.read()
        return "ok"


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    """The body; raises ValueError past MAX_ANSWER, before all of it is held."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise ValueError("the answer is too long")
    return bytes(body)


def _plain(text: str) -> str:
    """As much of the text as is understood. Rasa would take a text that begins with a slash for an intent's name."""
    return text.lstrip().lstrip("/")[:MAX_TEXT]


def _ranking(answer: Any) -> tuple[tuple[str, float], ...]:
    """The intents of an answer in Rasa's format, likeliest first; raises ValueError on any other shape."""
    try:
        ranking = [_entry(entry["name"], entry["confidence"]) for entry in answer["intent_ranking"]]
    except (KeyError, TypeError) as error:
        raise ValueError("not an answer in Rasa's format") from error
    known = [(name, confidence) for name, confidence in ranking if name != "nlu_fallback"]
    return tuple(sorted(known, key=lambda entry: -entry[1]))


def _entry(name: Any, confidence: Any) -> tuple[str, float]:
    """One intent with its probability; raises ValueError for what is none, such as not-a-number."""
    is_probability = isinstance(confidence, int | float) and 0 <= confidence <= 1 + _ROUNDING
    if not isinstance(name, str) or not is_probability:
        raise ValueError("not a name with a probability")
    return name, min(float(confidence), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderstandingWithFallback:
    """Rasa where it answers, key words where it does not; never raises for what a contact writes."""

    rasa: RasaClient
    keywords: Understander

    async def understand(self, text: str, language: str | None) -> Understanding:
        try:
            return await self.rasa.understand(text, language)
        except Unavailable as error:
            log.warning("answered_by_keywords", why=str(error))
            return await self.keywords.understand(text, language)
