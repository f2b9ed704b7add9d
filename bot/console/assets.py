"""Owns the console's files for browsers: style, scripts and what others made, by the hash of what is in them."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from aiohttp import web

PREFIX = "/console/static/"
_FOREVER = "public, max-age=31536000, immutable"
_A_WHILE = "public, max-age=3600"  # asked for without its hash, as Leaflet's style asks for its pictures
_TEXT = frozenset({"text/css", "text/javascript", "image/svg+xml", "application/geo+json"})
_TYPES = {".js": "text/javascript", ".geojson": "application/geo+json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    body: bytes
    packed: bytes | None  # with gzip, where that is worth it
    media_type: str
    version: str


class Assets:
    """Every file of static/, read once: a few hundred kilobytes."""

    def __init__(self) -> None:
        self._files = dict(_read(files("bot.console").joinpath("static"), ""))

    def url(self, name: str) -> str:
        """Where browsers get the file; raises KeyError for one that is not there."""
        return f"{PREFIX}{name}?v={self._files[name].version}"

    async def serve(self, request: web.Request) -> web.Response:
        asset = self._files.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        is_current = request.query.get("v") == asset.version
        headers = {"Cache-Control": _FOREVER if is_current else _A_WHILE, "Vary": "Accept-Encoding"}
        body = asset.body
        if asset.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = asset.packed, "gzip"
        charset = "utf-8" if asset.media_type in _TEXT else None
        return web.Response(body=body, content_type=asset.media_type, charset=charset, headers=headers)


def _read(folder: Traversable, prefix: str) -> list[tuple[str, Asset]]:
    found: list[tuple[str, Asset]] = []
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _read(entry, f"{name}/")
        elif "." in entry.name:
            found.append((name, _asset(entry.name, entry.read_bytes())))
    return found


def _asset(name: str, body: bytes) -> Asset:
    suffix = name[name.rindex(".") :]
    media_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "text/plain"
    return Asset(
        body=body,
        packed=gzip.compress(body, mtime=0) if media_type in _TEXT else None,
        media_type=media_type,
        version=hashlib.sha256(body).hexdigest()[:12],
    )
