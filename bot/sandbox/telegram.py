"""Telegram's HTTP interface over a TelegramStandIn: /bot<token>/<method> and /file/bot<token>/<path>."""

import mimetypes
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox.faults import Fault, faults_middleware
from bot.sandbox.telegram_bot import TelegramChange, TelegramChat, TelegramFile, TelegramLimits, TelegramStandIn
from bot.sandbox.telegram_errors import TelegramRefusal, too_fast
from bot.sandbox.telegram_methods import METHODS, Arguments, Upload, not_found
from bot.sandbox.telegram_updates import BotWebhook

__all__ = [
    "BotWebhook",
    "TelegramChange",
    "TelegramChat",
    "TelegramFile",
    "TelegramLimits",
    "TelegramStandIn",
    "create_telegram",
]

_STAND_IN = web.AppKey("telegram", TelegramStandIn)
_UPLOAD_BYTES = 50 * 1024**2


def create_telegram(stand_in: TelegramStandIn) -> web.Application:
    """Serve `stand_in` as api.telegram.org would; close it when the application stops."""
    faults = faults_middleware(faults=stand_in.faults, clock=stand_in.clock, refuse=_refuse)
    app = web.Application(middlewares=[faults, _answer_refusals], client_max_size=_UPLOAD_BYTES + 2**20)
    app[_STAND_IN] = stand_in
    app.on_shutdown.append(_end_polls)
    app.on_cleanup.append(_close)
    app.router.add_route("*", "/bot{token}/{method}", call_method)
    app.router.add_get("/file/bot{token}/{path:.+}", download)
    return app


async def _end_polls(app: web.Application) -> None:
    # A long poll would otherwise hold the server's shutdown for as long as it waits.
    app[_STAND_IN].updates.end_polls()


async def _close(app: web.Application) -> None:
    await app[_STAND_IN].close()


def _json(answer: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(answer), status=status, content_type="application/json")


def _refuse(fault: Fault) -> web.Response:
    status = fault.status or 500
    refusal = TelegramRefusal(status, HTTPStatus(status).phrase)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        refusal = too_fast(fault.retry_after)
    return _json(refusal.as_json(), status)


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except TelegramRefusal as refusal:
        return _json(refusal.as_json(), refusal.status)
    except web.HTTPNotFound:
        return _json(not_found().as_json(), 404)
    except web.HTTPRequestEntityTooLarge:
        return _json(TelegramRefusal(413, "Request Entity Too Large").as_json(), 413)


async def call_method(request: web.Request) -> web.Response:
    stand_in = _authorised(request)
    method = METHODS.get(request.match_info["method"].lower())
    if method is None:
        raise not_found()
    return _json({"ok": True, "result": await method(stand_in, await _arguments(request))})


async def download(request: web.Request) -> web.Response:
    stand_in = _authorised(request)
    for file in stand_in.files.values():
        if file.path == request.match_info["path"]:
            kind = mimetypes.guess_type(file.path)[0] or "application/octet-stream"
            return web.Response(body=file.data, content_type=kind)
    raise not_found()


def _authorised(request: web.Request) -> TelegramStandIn:
    stand_in = request.config_dict[_STAND_IN]
    if request.match_info["token"] != stand_in.token:
        raise TelegramRefusal(401, "Unauthorized")
    return stand_in


async def _arguments(request: web.Request) -> Arguments:
    values: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            values |= orjson.loads(await request.read() or b"{}")
        except ValueError:
            raise TelegramRefusal(400, "Bad Request: can't parse JSON object") from None
        return Arguments(values)
    uploads: dict[str, Upload] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            uploads[name] = Upload(value.filename, value.content_type, value.file.read())
        else:
            values[name] = value
    return Arguments(values, uploads)
