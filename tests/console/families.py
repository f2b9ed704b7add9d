"""Owns a small page family, as the console's tests need one: a form, a file, a part of a page, and every failure."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field, field_validator

from bot.console.forms import read_form, upload
from bot.console.guard import require
from bot.console.render import draw, page
from bot.console.visit import reader, see_other, words
from bot.domain.employer import EmployerId
from bot.domain.errors import Conflict, Denied, InputError, Unavailable
from bot.services.access import Deed, of_broadcasts

WORDS = "he keeps my passport"
FAILURES: dict[str, Exception] = {
    "denied": Denied(WORDS),
    "input": InputError("The day is in the past."),
    "conflict": Conflict(WORDS),
    "unavailable": Unavailable(WORDS),
    "bug": RuntimeError(WORDS),
    "missing": web.HTTPNotFound(text=WORDS),
    "often": web.HTTPTooManyRequests(text=WORDS),
    "gone": web.HTTPGone(text=WORDS),
}


class Sample(BaseModel):
    name: str = Field(min_length=2, max_length=10)
    count: int = Field(default=1, ge=1, le=5)
    kinds: tuple[str, ...] = ()
    is_open: bool = False
    site: str | None = None

    @field_validator("site")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value == "nowhere":
            raise ValueError("Sign in")  # a text that the catalogs have
        return value


async def save(request: web.Request) -> web.Response:
    form = await read_form(request, Sample)
    if form.model is None:
        return web.json_response({"errors": form.errors, "values": form.values}, status=422)
    return web.json_response(form.model.model_dump())


async def take(request: web.Request) -> web.Response:
    name, body = await upload(request, "file", max_bytes=1024)
    return web.json_response({"name": name, "size": len(body)})


async def fail(request: web.Request) -> web.Response:
    raise FAILURES[request.match_info["kind"]]


async def tell(request: web.Request) -> web.Response:
    return see_other("/console/", words(request)("Sign in") + str(request.query.get("more", "")), request=request)


async def guarded(request: web.Request) -> web.Response:
    require(request, Deed(request.match_info["deed"]), of_broadcasts(EmployerId(request.match_info["employer"])))
    return web.json_response({"reader": reader(request).id})


async def part(request: web.Request) -> web.Response:
    return page(request, "error.html", fragment="problem", title="Whole page", advice="Only this")


async def map_(request: web.Request) -> web.Response:
    return page(
        request, "error.html", has_map=True, title="Map", advice=draw(request, "error.html", "title", title="T")
    )


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"data: 1\n\n")
    return response


def routes() -> list[web.RouteDef]:
    handlers: dict[str, Any] = {
        "/sample/fail/{kind}": fail,
        "/sample/guarded/{employer}/{deed}": guarded,
        "/sample/part": part,
        "/sample/map": map_,
        "/sample/stream": stream,
    }
    gets = [web.get(path, handler) for path, handler in handlers.items()]
    return [*gets, web.post("/sample", save), web.post("/sample/file", take), web.post("/sample/tell", tell)]
