"""Owns the visit: whose browser asks, known by one cookie whose token changes with each stage of signing in."""

import hashlib
import hmac
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from aiohttp import web

from bot.console.words import Words
from bot.services.access import Reader
from bot.services.staff import TOKEN_BYTES, SignedIn

SIGN_IN, HOME = "/console/sign-in", "/console/"
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"
FLASH_COOKIE = "muster_flash"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base 64
_LONGEST_FLASH = 500  # characters
_INSIDE = re.compile(r"/console(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash:
    """What the last page did, told once on the next; `kind` is done or problem."""

    text: str
    kind: str = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request's browser. `token` is the cookie's, or a new one for a browser that had none."""

    token: str
    is_new: bool
    is_secure: bool  # whether browsers reach us by https
    signed_in: SignedIn | None
    words: Words

    @property
    def csrf(self) -> str:
        """What every form must send back: of this token only, so that no other session's will do."""
        return _keyed(self.token, "csrf")


VISIT: Final = web.RequestKey("console_visit", Visit)


def visit(request: web.Request) -> Visit:
    return request[VISIT]


def signed_in(request: web.Request) -> SignedIn:
    """Who reads this page; only pages that need no sign-in have nobody."""
    found = request[VISIT].signed_in
    if found is None or not found.is_full:
        raise web.HTTPSeeOther(SIGN_IN)
    return found


def reader(request: web.Request) -> Reader:
    """Who reads this page, as `services/access` wants to know it."""
    return signed_in(request).reader


def words(request: web.Request) -> Words:
    """The page's texts: `_ = words(request)`."""
    return request[VISIT].words


# --- the cookie ---------------------------------------------------------------------------------------------------


def cookie_name(*, is_secure: bool) -> str:
    """Browsers give a `__Host-` cookie to this host only and never take one from a neighbour."""
    return "__Host-muster" if is_secure else "muster"


def token_of(request: web.Request, *, is_secure: bool) -> tuple[str, bool]:
    """The browser's token, and whether it is a new one."""
    found = request.cookies.get(cookie_name(is_secure=is_secure), "")
    return (found, False) if _TOKEN.fullmatch(found) else (secrets.token_urlsafe(TOKEN_BYTES), True)


def give_token(response: web.StreamResponse, token: str, *, is_secure: bool) -> None:
    response.set_cookie(
        cookie_name(is_secure=is_secure), token, path="/", httponly=True, samesite="Lax", secure=is_secure
    )


def is_own_origin(request: web.Request, public_url: str) -> bool:
    """Whether the page that sends a form is ours. Programs that are no browsers name no origin, and can name any."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
    own = urlsplit(public_url)
    return urlsplit(origin).netloc == request.host or (bool(public_url) and origin == f"{own.scheme}://{own.netloc}")


def is_own_token(given: str, token: str) -> bool:
    """Whether a form's token is this session's, in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), _keyed(token, "csrf").encode())


def mark(request: web.Request, purpose: str) -> str:
    """What only a page of this very session can have been given for this purpose."""
    return _keyed(visit(request).token, purpose)


def is_marked(request: web.Request, given: str, purpose: str) -> bool:
    """Whether a page of this session was given that mark, in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), mark(request, purpose).encode())


# --- where to go next ---------------------------------------------------------------------------------------------


def inside(path: str) -> str:
    """The path if it is one of the console's own, else its first page: nobody is sent elsewhere by a link."""
    return path if _INSIDE.fullmatch(path) and "//" not in path and ".." not in path else HOME


def sign_in_path(wanted: str) -> str:
    wanted = inside(wanted)
    return SIGN_IN if wanted in (HOME, "/console") else f"{SIGN_IN}?next={quote(wanted, safe='/')}"


def see_other(path: str, flash: str = "", *, kind: str = "done", request: web.Request) -> web.Response:
    """After a form: look at that page, which then tells `flash` once (translated already)."""
    response = web.Response(status=303, headers={"Location": path})
    if flash:
        response.set_cookie(
            FLASH_COOKIE, _packed(Flash(text=flash[:_LONGEST_FLASH], kind=kind), visit(request).token),
            path=HOME, httponly=True, samesite="Lax", max_age=60, secure=visit(request).is_secure,
        )  # fmt: skip
    return response


def flash_of(request: web.Request) -> Flash | None:
    """What the last page left to tell; nothing that another session or another site has put there."""
    packed = request.cookies.get(FLASH_COOKIE, "")
    text, _, mark = packed.partition(".")
    if not hmac.compare_digest(mark.encode("utf-8", "replace"), _keyed(visit(request).token, f"flash {text}").encode()):
        return None
    try:
        told = json.loads(urlsafe_b64decode(text))
        return Flash(text=told["text"], kind=told["kind"])
    except (ValueError, KeyError, TypeError):
        return None


def _packed(flash: Flash, token: str) -> str:
    told = json.dumps({"text": flash.text, "kind": flash.kind}, ensure_ascii=False)
    text = urlsafe_b64encode(told.encode("utf-8", "replace")).decode()
    return f"{text}.{_keyed(token, f'flash {text}')}"


def _keyed(token: str, purpose: str) -> str:
    return hmac.digest(token.encode(), purpose.encode("utf-8", "replace"), hashlib.sha256).hex()
