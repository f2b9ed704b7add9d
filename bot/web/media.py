"""Owns the public address of files that the desk has sent: one file for who has its signed, ending address."""

from typing import Final

from aiohttp import web

from bot.domain.errors import Denied
from bot.services.outgoing import OutgoingFiles

_NAMES: Final = {"image/jpeg": "photo.jpg", "image/png": "photo.png", "application/pdf": "document.pdf"}


def routes(*, files: OutgoingFiles) -> list[web.RouteDef]:
    """`GET /media/TOKEN`; 404 alike for what is forged, over or gone."""

    async def show(request: web.Request) -> web.Response:
        try:
            document, body = await files.fetch(request.match_info["token"])
        except Denied:
            raise web.HTTPNotFound(headers=_PRIVATE) from None
        name = _NAMES.get(document.media_type, "file")
        disposition = "inline" if document.media_type.startswith("image/") else "attachment"
        headers = {**_PRIVATE, "Content-Disposition": f'{disposition}; filename="{name}"'}
        return web.Response(body=body, content_type=document.media_type, headers=headers)

    return [web.get("/media/{token:[A-Za-z0-9_.-]{1,128}}", show)]


_PRIVATE: Final = {
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
