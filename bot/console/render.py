"""Owns how a page is drawn: its template, what every page knows, and the headers it goes with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp_jinja2
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from bot.console import visit as visits
from bot.console.assets import Assets
from bot.console.current import CURRENT, Current
from bot.console.navigation import places_for
from bot.console.words import Words, names
from bot.services.staff import SignedIn

_TEMPLATES = Path(__file__).parent / "templates"
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAP_POLICY = CONTENT_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")  # Leaflet writes styles


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What all pages of this deployment have in common."""

    organisation: str
    zone: ZoneInfo
    assets: Assets


LOOK: Final = web.AppKey("console_look", Look)


def install(application: web.Application, look: Look) -> Environment:
    """Let this application draw pages."""
    application[LOOK] = look
    environment = aiohttp_jinja2.setup(
        application,
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = look.assets.url
    environment.globals["console_languages"] = names()
    environment.filters["when"] = _when
    return environment


def page(
    request: web.Request,
    template: str,
    /,
    *,
    status: int = 200,
    fragment: str | None = None,
    has_map: bool = False,
    **values: object,
) -> web.Response:
    """The page that a template draws with these values.

    `fragment` names one block of it, drawn alone when htmx asks; `has_map` allows the inline styles that Leaflet needs.
    """
    is_part = fragment is not None and is_htmx(request)
    context = {**_known(request), **_frame(request), **values}
    if is_part and fragment is not None:
        text = _block(request, template, fragment, context)
    else:
        text = aiohttp_jinja2.get_env(request.app).get_template(template).render(context)
    response = web.Response(text=text, content_type="text/html", status=status)
    response.headers["Content-Security-Policy"] = MAP_POLICY if has_map else CONTENT_POLICY
    if not is_part and visits.FLASH_COOKIE in request.cookies:  # told once
        response.del_cookie(visits.FLASH_COOKIE, path=visits.HOME)
    return response


def draw(request: web.Request, template: str, fragment: str, /, **values: object) -> Markup:
    """One block of a template as text: what a stream of server-sent events carries, or another template puts in."""
    return Markup(_block(request, template, fragment, {**_known(request), **values}))  # noqa: S704 (escaped by it)


def is_htmx(request: web.Request) -> bool:
    """Whether htmx asks for a part of a page, not a browser for a whole one."""
    return "HX-Request" in request.headers and "HX-Boosted" not in request.headers


def _block(request: web.Request, template: str, name: str, context: Mapping[str, Any]) -> str:
    """One block of a template; raises KeyError when the template has none of that name."""
    found = aiohttp_jinja2.get_env(request.app).get_template(template)
    return "".join(found.blocks[name](found.new_context(dict(context))))


def _known(request: web.Request) -> dict[str, Any]:
    """What every part of a page knows."""
    here, signed_in = visits.visit(request), _signed_in(request)
    look = request.app[LOOK]
    return {
        "_": here.words,
        "ngettext": here.words.plural,
        "words": here.words,
        "csrf_token": here.csrf,
        "me": signed_in,
        "reader": signed_in.reader if signed_in else None,
        "organisation": look.organisation,
        "zone": look.zone,
        "here": request.rel_url.path_qs if request.method in ("GET", "HEAD") else visits.HOME,
    }


def _frame(request: web.Request) -> dict[str, Any]:
    """What is around the page, and in no part that is drawn alone."""
    signed_in, known = _signed_in(request), request.get(CURRENT, Current())
    here = visits.visit(request)
    return {
        "navigation": places_for(signed_in.reader, here.words, request.path, known) if signed_in else (),
        "flash": visits.flash_of(request),
    }


def _signed_in(request: web.Request) -> SignedIn | None:
    signed_in = visits.visit(request).signed_in
    return signed_in if signed_in is not None and signed_in.is_full else None


@pass_context
def _when(context: Context, at: Any, zone: Any = None) -> Markup:
    """`{{ at | when(site.timezone) }}`: in the site's zone, else in the deployment's."""
    words: Words = context["words"]
    return words.when_tag(at, zone or context["zone"])
