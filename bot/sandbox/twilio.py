"""Twilio's HTTP interface over a TwilioStandIn: messages, media and contents, with its authentication and answers."""

from base64 import b64encode
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox.faults import Fault, faults_middleware
from bot.sandbox.twilio_account import Inbound, TwilioStandIn
from bot.sandbox.twilio_errors import TwilioRefusal
from bot.sandbox.twilio_records import API, Button, Content, Place, TwilioMedia, TwilioMessage
from bot.sandbox.twilio_situation import Callbacks, Fate, TwilioLimits
from bot.sandbox.twilio_webhooks import Retry, Webhook, sign

__all__ = [
    "Button",
    "Callbacks",
    "Content",
    "Fate",
    "Inbound",
    "Place",
    "Retry",
    "TwilioLimits",
    "TwilioMessage",
    "TwilioStandIn",
    "Webhook",
    "create_twilio",
    "sign",
]

_STAND_IN = web.AppKey("twilio", TwilioStandIn)
_MESSAGES = f"{API}/Accounts/{{account}}/Messages"


def create_twilio(stand_in: TwilioStandIn) -> web.Application:
    """Serve `stand_in` as api.twilio.com (and content.twilio.com) would; close it when the application stops."""
    faults = faults_middleware(faults=stand_in.faults, clock=stand_in.clock, refuse=_refuse)
    app = web.Application(middlewares=[faults, _answer_refusals, _authenticate], client_max_size=6 * 1024**2)
    app[_STAND_IN] = stand_in
    app.on_cleanup.append(_close)
    app.add_routes(
        [
            web.post(f"{_MESSAGES}.json", create_message),
            web.get(f"{_MESSAGES}.json", list_messages),
            web.get(f"{_MESSAGES}/{{sid}}.json", fetch_message),
            web.post(f"{_MESSAGES}/{{sid}}.json", update_message),
            web.delete(f"{_MESSAGES}/{{sid}}.json", delete_message),
            web.get(f"{_MESSAGES}/{{sid}}/Media.json", list_media),
            web.get(f"{_MESSAGES}/{{sid}}/Media/{{media}}", fetch_media),
            web.delete(f"{_MESSAGES}/{{sid}}/Media/{{media}}", delete_media),
            web.get("/media/{media}", stored_media),
            web.post("/v1/Content", create_content),
            web.get("/v1/Content/{sid}", fetch_content),
            web.delete("/v1/Content/{sid}", delete_content),
            web.post("/v1/Content/{sid}/ApprovalRequests/whatsapp", approve_content),
        ]
    )
    return app


async def _close(app: web.Application) -> None:
    await app[_STAND_IN].close()


def _json(answer: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(answer), status=status, content_type="application/json")


def _refuse(fault: Fault) -> web.Response:
    status = fault.status or 500
    code = fault.code or {401: 20003, 404: 20404, 429: 20429}.get(status, 20500)
    return _json({**TwilioRefusal(code).as_json(), "status": status}, status)


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except TwilioRefusal as refusal:
        return _json(refusal.as_json(), refusal.status)
    except web.HTTPNotFound:
        return _json(TwilioRefusal(20404, request.path).as_json(), 404)


@web.middleware
async def _authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    stand_in = request.config_dict[_STAND_IN]
    if "media" in request.match_info and len(request.match_info) == 1:
        return await handler(request)  # the short-lived URL that a media request is redirected to
    login = b64encode(f"{stand_in.account_sid}:{stand_in.auth_token}".encode()).decode()
    if request.headers.get("Authorization") != f"Basic {login}":
        raise TwilioRefusal(20003)
    if request.match_info.get("account", stand_in.account_sid) != stand_in.account_sid:
        raise TwilioRefusal(20003)
    return await handler(request)


async def create_message(request: web.Request) -> web.Response:
    stand_in = request.config_dict[_STAND_IN]
    form = await request.post()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    media_urls = [str(url) for url in form.getall("MediaUrl", [])]
    message = stand_in.create_message(fields, media_urls)
    return _json(message.as_json(stand_in.account_sid), 201)


async def list_messages(request: web.Request) -> web.Response:
    stand_in = request.config_dict[_STAND_IN]
    chosen = [
        message.as_json(stand_in.account_sid)
        for message in reversed(stand_in.messages.values())
        if request.query.get("To") in (None, message.to) and request.query.get("From") in (None, message.from_)
    ]
    return _json(_page("messages", chosen, request))


async def fetch_message(request: web.Request) -> web.Response:
    return _json(_message(request).as_json(request.config_dict[_STAND_IN].account_sid))


async def update_message(request: web.Request) -> web.Response:
    """Cancel a message that is still queued, or redact its body: the two updates that Twilio knows."""
    message = _message(request)
    form = await request.post()
    if form.get("Status") == "canceled" and message.status in {"accepted", "queued", "scheduled"}:
        message.status = "canceled"
    if form.get("Body") == "":
        message.body = ""
    return _json(message.as_json(request.config_dict[_STAND_IN].account_sid))


async def delete_message(request: web.Request) -> web.Response:
    del request.config_dict[_STAND_IN].messages[_message(request).sid]
    return web.Response(status=204)


async def list_media(request: web.Request) -> web.Response:
    account = request.config_dict[_STAND_IN].account_sid
    return _json(_page("media_list", [media.as_json(account) for media in _message(request).media], request))


async def fetch_media(request: web.Request) -> web.StreamResponse:
    """The resource as JSON, or a redirect to where the bytes are had without credentials, as Twilio does it."""
    media = _media(request)
    stand_in = request.config_dict[_STAND_IN]
    if request.path.endswith(".json"):
        return _json(media.as_json(stand_in.account_sid))
    raise web.HTTPTemporaryRedirect(f"{stand_in.public_url.rstrip('/')}/media/{media.sid}")


async def stored_media(request: web.Request) -> web.Response:
    media = _media(request)
    return web.Response(body=media.data, content_type=media.content_type.partition(";")[0])


async def delete_media(request: web.Request) -> web.Response:
    media = _media(request)
    stand_in = request.config_dict[_STAND_IN]
    del stand_in.media[media.sid]
    owner = stand_in.messages.get(media.message_sid)
    if owner is not None:
        owner.media.remove(media)
    return web.Response(status=204)


async def create_content(request: web.Request) -> web.Response:
    stand_in = request.config_dict[_STAND_IN]
    try:
        given: dict[str, Any] = orjson.loads(await request.read())
        types = given["types"]
    except (ValueError, LookupError):
        raise TwilioRefusal(20001, "The content's types are missing") from None
    content = Content(
        sid=stand_in.new_sid("HX"),
        friendly_name=given.get("friendly_name", ""),
        language=given.get("language", "en"),
        variables=given.get("variables", {}),
        types=types,
        is_approved=False,
    )
    stand_in.contents[content.sid] = content
    return _json(content.as_json(stand_in.account_sid, stand_in.clock.now()), 201)


async def fetch_content(request: web.Request) -> web.Response:
    stand_in = request.config_dict[_STAND_IN]
    return _json(_content(request).as_json(stand_in.account_sid, stand_in.clock.now()))


async def delete_content(request: web.Request) -> web.Response:
    del request.config_dict[_STAND_IN].contents[_content(request).sid]
    return web.Response(status=204)


async def approve_content(request: web.Request) -> web.Response:
    """Submit to WhatsApp; here it is decided at once (there it takes hours)."""
    content = _content(request)
    given: dict[str, Any] = orjson.loads(await request.read())
    reason = request.config_dict[_STAND_IN].review(content.sid)
    answer = {"name": given.get("name"), "category": given.get("category"), "content_type": next(iter(content.types))}
    status = "rejected" if reason else "received"
    return _json({**answer, "status": status, "rejection_reason": reason, "allow_category_change": True}, 201)


def _message(request: web.Request) -> TwilioMessage:
    message = request.config_dict[_STAND_IN].messages.get(request.match_info["sid"])
    if message is None:
        raise TwilioRefusal(20404, request.path)
    return message


def _content(request: web.Request) -> Content:
    content = request.config_dict[_STAND_IN].contents.get(request.match_info["sid"])
    if content is None:
        raise TwilioRefusal(20404, request.path)
    return content


def _media(request: web.Request) -> TwilioMedia:
    media = request.config_dict[_STAND_IN].media.get(request.match_info["media"].removesuffix(".json"))
    if media is None or request.match_info.get("sid", media.message_sid) != media.message_sid:
        raise TwilioRefusal(20404, request.path)
    return media


def _page(name: str, entries: list[dict[str, object]], request: web.Request) -> dict[str, object]:
    size = int(request.query.get("PageSize", "50"))
    uri = request.path
    return {
        "end": max(0, min(size, len(entries)) - 1),
        "first_page_uri": f"{uri}?PageSize={size}&Page=0",
        "next_page_uri": None,
        name: entries[:size],
        "page": 0,
        "page_size": size,
        "previous_page_uri": None,
        "start": 0,
        "uri": f"{uri}?PageSize={size}&Page=0",
    }
