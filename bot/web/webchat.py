"""Owns the web chat's addresses: the page and its two files, its socket, its uploads."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from jinja2 import Environment, StrictUndefined

from bot.config import Settings
from bot.domain.contact import Address, ContactId
from bot.domain.document import MAX_DOCUMENT_BYTES, DocumentId
from bot.domain.errors import InputError, Unavailable
from bot.domain.message import Attachment, Received
from bot.i18n import Catalogs, base, direction
from bot.log import logger
from bot.services.documents import Documents
from bot.services.inbox import Inbox
from bot.services.ports import Clock, Inbound, Store
from bot.web import open_sockets
from bot.web import webchat_frames as frames
from bot.web.webchat_frames import BadFrame
from bot.web.webchat_socket import LOOK_SECONDS, Bucket, News, Socket, open_socket
from bot.web.webchat_words import words

log = logger("webchat")

EXIT_URL = "https://www.wikipedia.org/"  # where "leave" goes: harmless, in every language, and nobody wonders at it
_HOST = re.compile(r"[0-9A-Za-z.\-\[\]:]{1,255}")
_CLIENT_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_LANGUAGE = re.compile(r"[A-Za-z-]{1,16}")
_UPLOADS, _UPLOADS_PER_SECOND = 6, 0.1  # at once, and in the long run, for one chat
_KINDS = {"image": "photo", "audio": "voice", "video": "video"}


def routes(
    *,
    inbox: Inbox,
    store: Store,
    live: News,
    catalogs: Catalogs,
    documents: Documents,
    clock: Clock,
    languages: Mapping[str, str],
    settings: Settings,
    link: Callable[[DocumentId], str] = lambda _: "",
    look_seconds: float = LOOK_SECONDS,
) -> list[web.RouteDef]:
    """`languages` are the offered ones: code to the language's own name. `link` is the address of a file we sent."""
    page = Page(catalogs=catalogs, languages=languages, settings=settings)
    uploads = Uploads(inbox=inbox, store=store, documents=documents, clock=clock, public_url=settings.public_url)

    async def socket(request: web.Request) -> web.StreamResponse:
        if not is_own_origin(request, settings.public_url):
            return web.json_response({"error": "open the chat from its own page"}, status=403)
        ws = open_socket()
        if not ws.can_prepare(request).ok:
            return web.json_response({"error": "this address is a WebSocket: open /chat"}, status=426)
        await ws.prepare(request)
        with open_sockets.kept(request.app, ws):
            opened = Socket(
                ws=ws, inbox=inbox, store=store, live=live, clock=clock, link=link, look_seconds=look_seconds
            )
            await opened.serve()
        return ws

    return [
        web.get("/chat", page.show),
        web.get("/chat/{name:chat\\.(?:css|js)}", page.file),
        web.post("/chat/upload", uploads.take),
        web.get("/channels/webchat", socket),
    ]


def is_own_origin(request: web.Request, public_url: str) -> bool:
    """Whether the page that asks is ours. Programs that are no browsers name no origin, and can name any."""
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc == request.host or (public_url != "" and origin == _origin(public_url))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


# --- the page -----------------------------------------------------------------------------------------------------


class Page:
    """The page in each offered language, and its two files by the hash of what is in them."""

    def __init__(self, *, catalogs: Catalogs, languages: Mapping[str, str], settings: Settings) -> None:
        self._catalogs = catalogs
        self._languages = languages
        self._settings = settings
        folder = files("bot.web").joinpath("pages")
        self._files = {name: folder.joinpath(name).read_bytes() for name in ("chat.css", "chat.js")}
        self._versions = {name: hashlib.sha256(body).hexdigest()[:12] for name, body in self._files.items()}
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        self._template = environment.from_string(folder.joinpath("chat.html").read_text("utf-8"))

    async def show(self, request: web.Request) -> web.Response:
        language = self._language(request)
        site = request.query.get("site", "")
        site = site if re.fullmatch(r"[0-9A-Za-z_-]{1,32}", site) else ""
        spoken = words(self._catalogs, language, self._settings)
        body = self._template.render(
            language=language,
            direction=direction(language),
            words=spoken,
            # "<" is escaped, so that no text can end the element it stands in.
            words_json=json.dumps(spoken, ensure_ascii=False).replace("<", "\\u003c"),
            languages=self._switch(site),
            organisation=self._settings.organisation,
            site=site,
            exit_url=EXIT_URL,
            versions=self._versions,
        )
        response = web.Response(text=body, content_type="text/html")
        response.headers["Content-Security-Policy"] = _policy(request.host)
        response.headers["Content-Language"] = language
        response.headers["Cache-Control"] = "no-store"
        response.enable_compression()
        return response

    async def file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        kind = "text/css" if name.endswith("css") else "text/javascript"
        response = web.Response(body=self._files[name], content_type=kind, charset="utf-8")
        is_current = request.query.get("v") == self._versions[name]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_current else "no-cache"
        response.enable_compression()
        return response

    def _language(self, request: web.Request) -> str:
        asked = request.query.get("language", "")
        if asked in self._languages:
            return asked
        return preferred(
            request.headers.get("Accept-Language", ""), tuple(self._languages), self._settings.default_language
        )

    def _switch(self, site: str) -> Sequence[Mapping[str, str]]:
        """One link for each language, in itself."""
        return [
            {
                "code": code,
                "name": name,
                "direction": direction(code),
                "url": "/chat?" + urlencode({"language": code, **({"site": site} if site else {})}),
            }
            for code, name in self._languages.items()
        ]


def preferred(header: str, offered: Sequence[str], default: str) -> str:
    """The offered language that an Accept-Language header likes best (RFC 9110, 12.5.4), else the default."""
    liked: list[tuple[float, int, str]] = []
    for at, part in enumerate(header.split(",")[:20]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            liked.append((-float(quality or 1), at, tag.strip()))
        except ValueError:
            continue
    for weight, _, tag in sorted(liked):
        for language in offered:
            if weight < 0 and (tag.lower() == language.lower() or base(tag.lower()) == base(language.lower())):
                return language
    return default


def _policy(host: str) -> str:
    """Nothing but our own files; the socket is named in full for browsers whose 'self' does not cover it."""
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        f"connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


# --- uploads ------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Uploads:
    """Takes one file as one message: the file is stored encrypted at once, then its message."""

    inbox: Inbox
    store: Store
    documents: Documents
    clock: Clock
    public_url: str
    buckets: dict[str, Bucket] = field(default_factory=dict)

    async def take(self, request: web.Request) -> web.Response:
        """POST with the file as body, `Authorization: Bearer <secret>` and the page's id in `X-Message-Id`."""
        if not is_own_origin(request, self.public_url):
            return web.json_response({"code": "foreign", "error": "open the chat from its own page"}, status=403)
        try:
            address = frames.address_of(request.headers.get("Authorization", "").removeprefix("Bearer "))
            client_id = _client_id(request)
        except BadFrame as error:
            status = 401 if error.code == "bad_secret" else 400
            return web.json_response({"code": error.code, "error": str(error)}, status=status)
        if (wait := self._wait(address)) > 0:
            answer = {"code": "too_fast", "error": f"Too many files: wait {wait:.0f} seconds.", "wait": wait}
            return web.json_response(answer, status=429, headers={"Retry-After": f"{wait:.0f}"})
        return await self._keep(request, address, client_id)

    async def _keep(self, request: web.Request, address: Address, client_id: str) -> web.Response:
        if (request.content_length or 0) > MAX_DOCUMENT_BYTES:
            answer = {"code": "too_large", "error": f"A file has at most {MAX_DOCUMENT_BYTES} bytes."}
            return web.json_response(answer, status=413, headers={"Connection": "close"})
        try:
            body = await _read(request)
            attachment = await self._store(address, body, request.content_type)
            await self.inbox.take(Inbound(messages=(_with_file(address, client_id, attachment, request),)))
        except InputError as error:
            return web.json_response({"code": "bad_file", "error": str(error)}, status=422)
        except Unavailable:
            return web.json_response(
                {"code": "try_again", "error": "Something failed here. Send it again."}, status=503
            )
        return web.json_response({"type": "stored", "id": client_id, "at": self.clock.now().isoformat()})

    async def _store(self, address: Address, body: bytes, media_type: str) -> Attachment:
        now = self.clock.now()
        kind = _KINDS.get(self.documents.inspect(body, media_type).partition("/")[0], "document")
        async with self.store.transaction() as unit:
            contact = await unit.contacts.meet(address, ContactId(self.documents.ids.new()))
            kept = await self.documents.store(
                unit, contact=contact.id, kind=kind, body=body, media_type=media_type, now=now
            )
        document = DocumentId(kept.document_id)
        return Attachment(
            kind=kind, source=f"document:{document}", media_type=media_type, size=len(body), document_id=document
        )

    def _wait(self, address: Address) -> float:
        if len(self.buckets) > 10_000:  # forgetting who uploaded is cheaper than remembering everybody
            self.buckets.clear()
        fresh = Bucket(clock=self.clock, burst=_UPLOADS, per_second=_UPLOADS_PER_SECOND)
        return self.buckets.setdefault(address.path, fresh).wait()


def _client_id(request: web.Request) -> str:
    found = request.headers.get("X-Message-Id", "")
    if not _CLIENT_ID.fullmatch(found):
        raise BadFrame("bad_field", "X-Message-Id names the message: 8 to 64 letters, digits and hyphens.")
    return found


async def _read(request: web.Request) -> bytes:
    """The body, given up as soon as it is too long. Raises InputError."""
    body = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_DOCUMENT_BYTES:
            raise InputError(f"the file is too large; {MAX_DOCUMENT_BYTES} bytes are allowed")
    return bytes(body)


def _with_file(address: Address, client_id: str, attachment: Attachment, request: web.Request) -> Received:
    hint = request.headers.get("X-Language", "")
    return Received(
        channel=address.channel,
        address=address,
        provider_id=frames.provider_id(client_id, address),
        attachments=(attachment,),
        language_hint=hint if _LANGUAGE.fullmatch(hint) else None,
    )
