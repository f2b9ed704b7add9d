"""Speaks HTTP for the parser: Rasa's own answer format, one text or many, clear errors, no text in any log."""

from __future__ import annotations

import json
import logging
from typing import Any

from aiohttp import web

from bot.nlu.server.batching import Batcher, QueueFull, Result

LONGEST_TEXT = 8_000
MOST_TEXTS = 256
_LARGEST_BODY = 4 * 1024 * 1024

logger = logging.getLogger(__name__)


class BadInput(Exception):
    """The request cannot be answered as it is; the message says why, without quoting it."""


class NluService:
    """The three addresses. `batcher` is None until the model is loaded."""

    def __init__(self, *, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        self.batcher: Batcher | None = None

    def application(self) -> web.Application:
        """The aiohttp application with its routes."""
        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[_errors_as_json])
        app.router.add_get("/health", self.health)
        app.router.add_post("/model/parse", self.parse_one)
        app.router.add_post("/model/parse/batch", self.parse_many)
        return app

    async def health(self, request: web.Request) -> web.Response:
        """200 when ready to parse, 503 while the model loads."""
        ready = self.batcher is not None
        body = {"ready": ready, "model": self._fingerprint}
        return web.json_response(body, status=200 if ready else 503)

    async def parse_one(self, request: web.Request) -> web.Response:
        """`{"text": ...}` -> Rasa's answer."""
        text = _checked_text((await _json_object(request)).get("text"))
        (result,) = await self._ready().parse([text])
        if isinstance(result, Exception):
            return _failure(422, _told(result))
        return _json(result)

    async def parse_many(self, request: web.Request) -> web.Response:
        """`{"texts": [...]}` -> a list of answers in order; a text that breaks has `{"error": ...}` in its place."""
        texts = (await _json_object(request)).get("texts")
        if not isinstance(texts, list) or not texts:
            raise BadInput('"texts" must be a list of at least one text.')
        if len(texts) > MOST_TEXTS:
            raise BadInput(f'"texts" must hold at most {MOST_TEXTS} texts.')
        return _json(await self._answers([_text_or_problem(text) for text in texts]))

    async def _answers(self, texts: list[Any]) -> list[dict[str, Any]]:
        good = [text for text in texts if isinstance(text, str)]
        parsed = iter(await self._ready().parse(good) if good else [])
        results: list[Result] = [next(parsed) if isinstance(text, str) else text for text in texts]
        return [{"error": _told(result)} if isinstance(result, Exception) else result for result in results]

    def _ready(self) -> Batcher:
        if self.batcher is None:
            raise QueueFull
        return self.batcher


@web.middleware
async def _errors_as_json(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        response: web.StreamResponse = await handler(request)
        return response
    except BadInput as problem:
        return _failure(400, str(problem))
    except QueueFull:
        return _failure(503, "Too many messages are waiting, or the model is still loading.", {"Retry-After": "1"})
    except web.HTTPException as problem:
        return _failure(problem.status, problem.reason)


async def _json_object(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as problem:
        raise BadInput("The body is not JSON.") from problem
    if not isinstance(body, dict):
        raise BadInput("The body must be a JSON object.")
    return body


def _checked_text(text: Any) -> str:
    if not isinstance(text, str):
        raise BadInput('"text" must be there and be a string.')
    if len(text) > LONGEST_TEXT:
        raise BadInput(f"A text may have at most {LONGEST_TEXT} characters.")
    return text


def _text_or_problem(text: Any) -> Any:
    try:
        return _checked_text(text)
    except BadInput as problem:
        return problem


def _told(problem: Exception) -> str:
    """What the caller may know; a component's own error could quote the message, so only its kind is logged."""
    if isinstance(problem, BadInput):
        return str(problem)
    logger.warning("a message could not be parsed: %s", type(problem).__name__)
    return "This message could not be parsed."


def _json(body: Any) -> web.Response:
    # Lone surrogates cannot be sent as UTF-8: ensure_ascii keeps every answer sendable.
    return web.json_response(text=json.dumps(body, ensure_ascii=True))


def _failure(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": reason}, status=status, headers=headers)
