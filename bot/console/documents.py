"""Owns how staff get a file that a contact sent: shown where it is harmless, saved where it is not, never kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.visit import reader
from bot.domain.document import DocumentId
from bot.domain.errors import Denied
from bot.services.documents import Documents
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
        how = "inline" if document.media_type.startswith(_SHOWN) else "attachment"
        name = f"{document.id}.{document.media_type.rpartition('/')[2]}"
        headers = {"Content-Disposition": f'{how}; filename="{name}"', "Content-Security-Policy": POLICY}
        return web.Response(body=body, content_type=document.media_type, headers=headers)


def routes(*, documents: Documents, store: Store, clock: Clock) -> Sequence[web.RouteDef]:
    return [web.get("/documents/{document}", DocumentPages(documents=documents, store=store, clock=clock).show)]
