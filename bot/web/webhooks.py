"""Owns the providers' webhooks: 200 only after the commit, 403 on a bad signature, 400 on what cannot be read."""

from collections.abc import Mapping

from aiohttp import web

from bot.domain.contact import Channel
from bot.domain.errors import InputError, NotAuthentic
from bot.log import logger
from bot.services.inbox import Inbox
from bot.services.ports import Channeller, Request

log = logger("webhooks")

MAX_BODY = 1024 * 1024  # bytes; the largest real webhook, a Telegram update with entities, is some tens of kilobytes
# Twilio sends an empty TwiML document's worth of nothing back to the phone only if the answer is TwiML.
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


def routes(*, inbox: Inbox, channels: Mapping[Channel, Channeller], public_url: str) -> list[web.RouteDef]:
    """Each channel's webhook addresses. A channel that is off answers 404 and says so."""

    async def receive(request: web.Request) -> web.Response:
        try:
            channel = channels[Channel(request.match_info["channel"])]
        except (ValueError, KeyError):
            return web.json_response({"error": "this channel is off or unknown"}, status=404)
        try:
            inbound = channel.receive(await _read(request, public_url))
        except NotAuthentic as error:
            log.warning("webhook_refused", channel=channel.name)
            return web.json_response({"error": str(error)}, status=403)
        except InputError as error:
            log.warning("webhook_unreadable", channel=channel.name)
            return web.json_response({"error": str(error)}, status=400)
        await inbox.take(inbound)
        return _done(channel.name)

    return [
        web.post("/channels/{channel:sms|whatsapp|telegram}", receive),
        web.post("/channels/{channel:sms|whatsapp}/status", receive),
    ]


async def _read(request: web.Request, public_url: str) -> Request:
    """The request as its sender signed it: behind a proxy the public URL comes from the settings."""
    url = f"{public_url}{request.raw_path}" if public_url else str(request.url)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Request(url=url, headers=headers, body=await request.read())


def _done(channel: Channel) -> web.Response:
    if channel is Channel.TELEGRAM:
        return web.json_response({})
    return web.Response(text=EMPTY_TWIML, content_type="text/xml")
