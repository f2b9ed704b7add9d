"""Owns the stand-in of a LibreTranslate server: it knows no words, and marks what it "translates" for all to see."""

from dataclasses import dataclass, field

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox.faults import Faults

LANGUAGES = ("ar", "bn", "en", "es", "hi", "id", "ne", "pt", "tl", "ur")


@dataclass(kw_only=True)
class TranslatorStandIn:
    """One server. `key` is what it wants to be given; `asked` is every question, the newest last."""

    key: str = ""
    languages: tuple[str, ...] = LANGUAGES
    faults: Faults = field(default_factory=Faults)
    asked: list[dict[str, str]] = field(default_factory=list)

    def translate(self, text: str, target: str) -> str:
        """Every line as «ar: line»: numbers and names stay, and nobody takes it for a real translation."""
        return "\n".join(f"«{target}: {line}»" if line.strip() else line for line in text.splitlines())


_STAND_IN = web.AppKey("stand_in", TranslatorStandIn)


def create_translator(stand_in: TranslatorStandIn) -> web.Application:
    """Serve `GET /languages` and `POST /translate` as LibreTranslate does."""
    app = web.Application(client_max_size=1024**2, middlewares=[_suffer])
    app[_STAND_IN] = stand_in
    app.add_routes([web.get("/languages", list_languages), web.post("/translate", translate)])
    return app


@web.middleware
async def _suffer(request: web.Request, handler: Handler) -> web.StreamResponse:
    fault = request.config_dict[_STAND_IN].faults.take(request.path)
    if fault is not None:
        return _error(fault.status or 500, "Internal Server Error")
    return await handler(request)


async def list_languages(request: web.Request) -> web.Response:
    codes = request.config_dict[_STAND_IN].languages
    return web.json_response([{"code": code, "name": code, "targets": list(codes)} for code in codes])


async def translate(request: web.Request) -> web.Response:
    stand_in = request.config_dict[_STAND_IN]
    try:
        question = orjson.loads(await request.read())
        text, source, target = (str(question[name]) for name in ("q", "source", "target"))
    except (ValueError, KeyError, TypeError):
        return _error(400, "Invalid request: missing parameter")
    if stand_in.key and question.get("api_key") != stand_in.key:
        return _error(403, "Invalid API key")
    stand_in.asked.append(question)
    for code in (source, target):
        if code not in (*stand_in.languages, "auto"):
            return _error(400, f"{code} is not supported")
    return web.json_response({"translatedText": stand_in.translate(text, target)})


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
