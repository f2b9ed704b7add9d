"""The page of stand-in phones over HTTP: shown, live, with both providers' APIs beside it."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from bot.sandbox.badges import Badge, seconds_left
from bot.sandbox.crew import Member
from bot.sandbox.phones import Json, Phone, Phones
from bot.sandbox.telegram import TelegramStandIn, create_telegram
from bot.sandbox.translator import TranslatorStandIn, create_translator
from bot.sandbox.twilio import TwilioStandIn, create_twilio
from bot.sandbox.twilio_records import WHATSAPP

_PAGES = Path(__file__).parent / "pages"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PHOTO_BYTES = 5 * 1024**2
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"

_PHONES = web.AppKey("phones", Phones)
_ENDING = web.AppKey("ending", asyncio.Event)
_BADGES: web.AppKey[Sequence[Badge]] = web.AppKey("badges")
_CONSOLE = web.AppKey("console", str)


def create_phones(
    *,
    twilio: TwilioStandIn,
    telegram: TelegramStandIn,
    crew: Sequence[Member] = (),
    badges: Sequence[Badge] = (),
    console_url: str = "",
) -> web.Application:
    """Serve the page at /, the stand-ins under /twilio, /telegram and /translator; loopback only, no sign-in.

    Three phones are there from the start, as far as the service has a number for their kind, and those of the `crew`.
    `badges` are those who may sign in to the console; the sequence is read anew each time.
    """
    app = web.Application(client_max_size=_PHOTO_BYTES + 1024)
    app[_PHONES] = phones = Phones(twilio=twilio, telegram=telegram)
    app[_ENDING] = asyncio.Event()
    app[_BADGES], app[_CONSOLE] = badges, console_url
    app.on_shutdown.append(_end_streams)
    app.add_routes(
        [
            web.get("/", show_page),
            web.get("/pages/{name:phones\\.(?:css|js)}", show_asset),
            web.get("/events", stream_events),
            web.get("/badges", show_badges),
            web.get("/pictures/{file_id}", show_picture),
            web.post("/phones", add_phone),
            web.delete("/phones/{phone}", remove_phone),
            web.post("/phones/{phone}/photo", send_photo),
            web.post("/phones/{phone}/{act:text|tap|place|contact|block}", act),
        ]
    )
    app.add_subapp("/twilio", create_twilio(twilio))
    app.add_subapp("/telegram", create_telegram(telegram))
    app.add_subapp("/translator", create_translator(TranslatorStandIn()))
    kinds = {"whatsapp" if sender.startswith(WHATSAPP) else "sms" for sender in twilio.senders} | {"telegram"}
    for kind, name in (("sms", "Asha"), ("whatsapp", "Omar"), ("telegram", "Rosa")):
        if kind in kinds:
            phones.add(kind, name)
    for member in crew:
        phones.add(member.channel, member.name, member.number, crew=f"{member.site}, {member.language}")
    return app


async def show_page(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(_PAGES / "phones.html", headers={"Content-Security-Policy": _POLICY})


async def show_asset(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(_PAGES / request.match_info["name"], headers={"Cache-Control": "no-cache"})


async def show_badges(request: web.Request) -> web.Response:
    """Who may sign in to the console, with the present codes and for how many seconds they hold.

    Only to a browser that was sent to this machine itself: another site's name can be made to lead here, too.
    """
    if request.url.host not in _LOOPBACK:
        raise web.HTTPForbidden(text="Open this page as http://127.0.0.1.")
    now = datetime.now(UTC)
    shown = {
        "console": request.app[_CONSOLE],
        "badges": [badge.show(now) for badge in request.app[_BADGES]],
        "seconds": seconds_left(now),
    }
    return web.json_response(shown, headers={"Cache-Control": "no-store"})


async def show_picture(request: web.Request) -> web.Response:
    file = request.app[_PHONES].telegram.files.get(request.match_info["file_id"])
    if file is None:
        raise web.HTTPNotFound
    return web.Response(body=file.data, content_type="image/jpeg")


async def stream_events(request: web.Request) -> web.StreamResponse:
    """Server-sent events: first every phone with its bubbles, then each change as it happens."""
    phones = request.app[_PHONES]
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = web.StreamResponse(headers=headers)
    await stream.prepare(request)
    queue: asyncio.Queue[Any] = asyncio.Queue()
    ending = asyncio.ensure_future(request.app[_ENDING].wait())
    with ExitStack() as watching:
        watching.callback(ending.cancel)
        for changes in (phones.twilio.changes, phones.telegram.changes, phones.changes):
            watching.enter_context(changes.watch(queue))
        watching.enter_context(suppress(ConnectionError))  # the page was closed
        await _write(stream, {"phones": [phones.show(phone) for phone in phones.phones.values()]})
        while not ending.done():
            getting = asyncio.ensure_future(queue.get())
            await asyncio.wait({getting, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not getting.done():
                getting.cancel()
                break
            for event in phones.events(getting.result()):
                await _write(stream, event)
    return stream


async def _write(stream: web.StreamResponse, event: Json) -> None:
    await stream.write(b"data: " + orjson.dumps(event) + b"\n\n")


async def _end_streams(app: web.Application) -> None:
    app[_ENDING].set()


async def add_phone(request: web.Request) -> web.Response:
    given = await _json(request)
    try:
        phone = request.app[_PHONES].add(
            str(given.get("kind", "")), str(given.get("name", "")).strip(), str(given.get("number", "")).strip()
        )
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    return web.json_response(asdict(phone), status=201)


async def remove_phone(request: web.Request) -> web.Response:
    request.app[_PHONES].remove(_phone(request))
    return web.Response(status=204)


async def send_photo(request: web.Request) -> web.Response:
    kind = request.content_type
    if not kind.startswith("image/"):
        raise web.HTTPUnsupportedMediaType(text="Only pictures can be sent.")
    await request.app[_PHONES].photo(_phone(request), kind, await request.read())
    return web.Response(status=204)


async def act(request: web.Request) -> web.Response:
    """Let a phone text, tap, share its place or number, block or unblock, as the address says."""
    phones, phone, given = request.app[_PHONES], _phone(request), await _json(request)
    try:
        match request.match_info["act"]:
            case "text":
                await phones.text(phone, str(given["text"]))
            case "tap":
                await phones.tap(phone, str(given["bubble"]), str(given["value"]))
            case "place":
                await phones.place(phone, float(given["latitude"]), float(given["longitude"]))
            case "contact":
                phones.contact(phone, str(given["number"]))
            case _:
                phones.block(phone, is_blocked=bool(given["is_blocked"]))
    except (LookupError, TypeError, ValueError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    return web.Response(status=204)


def _phone(request: web.Request) -> Phone:
    phone = request.app[_PHONES].phones.get(request.match_info["phone"])
    if phone is None:
        raise web.HTTPNotFound(text="There is no such phone.")
    return phone


async def _json(request: web.Request) -> dict[str, Any]:
    # Asking for this content type keeps other sites' pages from posting here: browsers must ask first.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON.")
    try:
        given = orjson.loads(await request.read())
    except ValueError as error:
        raise web.HTTPBadRequest(text="That is not JSON.") from error
    if not isinstance(given, dict):
        raise web.HTTPBadRequest(text="Send a JSON object.")
    return given
