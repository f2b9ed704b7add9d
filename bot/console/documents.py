"""Owns how staff get a file that a contact sent: shown where it is harmless, saved where it is not, never kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.ranges import asked_of
from bot.console.visit import reader
from bot.domain.document import DocumentId
from bot.domain.errors import Denied
from bot.services.documents import Documents
from bot.services.pixels import MOST_PIXELS, pixels
from bot.services.ports import Clock, Store

# A file of somebody unknown runs nothing and asks nobody, even when it is opened by itself.
POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
_SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif", "audio/", "video/")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPages:
    documents: Documents
    store: Store
    clock: Clock

    async def show(self, request: web.Request) -> web.Response:
        """The file itself; every look is entered in the audit (R17)."""
        wanted = DocumentId(request.match_info["document"])
        try:
            document, body = await self.documents.read(
                self.store, reader=reader(request), document=wanted, now=self.clock.now()
            )
        except Denied as error:
            raise web.HTTPNotFound from error
        is_vast = pixels(body) > MOST_PIXELS  # it would take the reader's whole browser down: saved, never shown
        is_shown = document.media_type.startswith(_SHOWN) and not is_vast
        how = "inline" if is_shown else "attachment"
        name = f"{document.id}.{document.media_type.rpartition('/')[2]}"
        headers = {
            "Content-Disposition": f'{how}; filename="{name}"',
            "Content-Security-Policy": POLICY,
            "Accept-Ranges": "bytes",
            "ETag": f'"{document.id}"',  # what is kept under an id never changes
        }
        return _cut(request, body, "application/octet-stream" if is_vast else document.media_type, headers)


def _cut(request: web.Request, body: bytes, media_type: str, headers: dict[str, str]) -> web.Response:
    """The file, or the part of it that was asked for: Safari plays nothing of a server that knows no parts."""
    asked, size = asked_of(request.headers, len(body), headers["ETag"]), len(body)
    if asked is None:
        return web.Response(body=body, content_type=media_type, headers=headers)
    if not asked:
        return web.Response(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {asked.start}-{asked.stop - 1}/{size}"
    return web.Response(status=206, body=body[asked.start : asked.stop], content_type=media_type, headers=headers)


def routes(*, documents: Documents, store: Store, clock: Clock) -> Sequence[web.RouteDef]:
    return [web.get("/documents/{document}", DocumentPages(documents=documents, store=store, clock=clock).show)]
