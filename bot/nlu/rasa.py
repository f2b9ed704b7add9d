"""Owns the HTTP client of the NLU server: a time limit, a circuit breaker, and key words when it does not answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from bot.domain.errors import Unavailable
from bot.domain.message import Understanding
from bot.log import logger
from bot.services.ports import Understander

log = logger("nlu")

TIMEOUT_SECONDS = 3.0  # a worker waits no longer for an answer than they would for a person's nod
MAX_TEXT = 1000  # characters that are understood; a longer message says what it wants before that
MAX_ASKING = 64  # questions under way from one process; the server batches them


@dataclass(slots=True, kw_only=True)
class Breaker:
    """Opens after `limit` failures in a row, and lets one question through every `rest` seconds to see."""

    clock: Callable[[], float]  # seconds, growing
    limit: int = 3
    rest: float = 5.0
    failures: int = 0
    _opened_at: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether questions are refused now; asking counts as the trial when the rest is over."""
        if self.failures < self.limit:
            return False
        if self.clock() - self._opened_at < self.rest:
            return True
        self._opened_at = self.clock()
        return False

    def note(self, *, is_ok: bool) -> None:
        """An answer came, or did not."""
        if is_ok:
            self.failures = 0
            return
        self.failures += 1
        if self.failures == self.limit:
            self._opened_at = self.clock()


@dataclass(kw_only=True)
class RasaClient:
    """Asks the NLU server what a text means; raises Unavailable when there is no answer in time."""

    session: aiohttp.ClientSession
    url: str
    breaker: Breaker
    _asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_ASKING))

    async def understand(self, text: str, _: str | None) -> Understanding:
        if self.breaker.is_open:
            raise Unavailable("the NLU server rests after failures")
        try:
            answer = await self._ask(text[:MAX_TEXT])
            understanding = Understanding(ranking=_ranking(answer), source="nlu")
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
            self.breaker.note(is_ok=False)
            raise Unavailable(f"the NLU server did not answer: {type(error).__name__}") from error
        self.breaker.note(is_ok=True)
        return understanding

    async def _ask(self, text: str) -> Any:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        async with (
            self._asking,
            self.session.post(f"{self.url}/model/parse", json={"text": text}, timeout=timeout) as response,
        ):
            response.raise_for_status()
            return orjson.loads(await response.read())

    async def health(self) -> str:
        """The server's own word about itself; raises when there is none."""
        async with self.session.get(f"{self.url}/health", timeout=aiohttp.ClientTimeout(total=2)) as response:
            response.raise_for_status()
            await response.read()
        return "ok"


def _ranking(answer: Any) -> tuple[tuple[str, float], ...]:
    """The intents of an answer in Rasa's format, likeliest first; raises ValueError on any other shape."""
    try:
        ranking = [(str(entry["name"]), float(entry["confidence"])) for entry in answer["intent_ranking"]]
    except (KeyError, TypeError) as error:
        raise ValueError("not an answer in Rasa's format") from error
    known = [(name, confidence) for name, confidence in ranking if name not in ("nlu_fallback", "None")]
    return tuple(sorted(known, key=lambda entry: -entry[1]))


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
