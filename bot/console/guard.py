"""Owns the door: who may pass to a page, what every answer carries, and how refusals and failures look."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from bot.console import forms
from bot.console import visit as visits
from bot.console.assets import PREFIX
from bot.console.render import CONTENT_POLICY, is_htmx, page
from bot.console.visit import VISIT, Visit
from bot.console.words import N_, Words, choose
from bot.domain.errors import Conflict, Denied, InputError, Unavailable
from bot.i18n import Catalogs
from bot.log import logger
from bot.services import access
from bot.services.access import Deed, Subject
from bot.services.staff import SignedIn, StaffDesk

log = logger("console")

OPEN = frozenset(  # before a full sign-in
    f"/console/{name}" for name in ("sign-in", "code", "enrol", "sign-out", "language")
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # "no-referrer" would have browsers send forms with the origin "null"
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_TOLD = {
    400: (N_("This could not be read"), N_("Go back, check what you wrote and send it again.")),
    403: (N_("You may not do this"), N_("Ask an administrator if your work needs it.")),
    404: (
        N_("There is nothing here"),
        N_("The page has moved, or it is not yours to see. Begin at the first page."),
    ),
    405: (
        N_("There is nothing here"),
        N_("The page has moved, or it is not yours to see. Begin at the first page."),
    ),
    409: (N_("Somebody else was faster"), N_("Nothing was changed. Look at the page again, then decide.")),
    413: (N_("This is too large"), N_("Send a smaller file, or split it.")),
    429: (N_("Too much at once"), N_("Close the pages that you do not need, wait a moment and try again.")),
    500: (N_("Something failed here"), N_("It is safe to try again. If it fails again, tell your administrator when.")),
    503: (N_("A part of the service does not answer"), N_("Nothing was changed. Wait a moment and try again.")),
}
_STATUS = {Denied: 403, InputError: 400, Conflict: 409, Unavailable: 503}
LEFT = N_("You are signed out: nothing happened here for a while, or you signed out elsewhere. Please sign in again.")
FORGED = N_("This form was open for too long, or it came from another page. Open the page again and send it once more.")


def require(request: web.Request, deed: Deed, subject: Subject) -> None:
    """Go on only if the reader may. What may not even be read is not there: 404; what may be read: 403."""
    who = visits.reader(request)
    if not access.may(who, deed, subject):
        raise web.HTTPForbidden if access.may(who, Deed.READ, subject) else web.HTTPNotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What every request passes before a page sees it, and every answer before it leaves."""

    desk: StaffDesk
    catalogs: Catalogs
    public_url: str

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach us by https."""
        return self.public_url.startswith("https://")

    @property
    def middlewares(self) -> list[Middleware]:
        """Outermost first."""
        return [self.known, self.told, self.allowed]

    @web.middleware
    async def known(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Find out who asks; give a browser that is new here its token."""
        token, is_new = visits.token_of(request, is_secure=self.is_secure)
        request[VISIT] = self._visit(request, token, is_new=is_new)
        if request.path.startswith(PREFIX):  # a file, the same for everybody
            return await handler(request)
        if not is_new:
            try:
                signed_in = await self.desk.of_session(token, is_seen=_is_persons(request))
            except Unavailable:
                return refusal(request, 503)
            request[VISIT] = self._visit(request, token, signed_in)
        response = await handler(request)
        has_token = response.prepared or visits.cookie_name(is_secure=self.is_secure) in response.cookies
        if is_new and not has_token:
            visits.give_token(response, token, is_secure=self.is_secure)
        return response

    def _visit(
        self, request: web.Request, token: str, signed_in: SignedIn | None = None, *, is_new: bool = False
    ) -> Visit:
        language = choose(request, signed_in.staff.languages if signed_in else ())
        words = Words(catalogs=self.catalogs, language=language)
        return Visit(token=token, is_new=is_new, is_secure=self.is_secure, signed_in=signed_in, words=words)

    @web.middleware
    async def told(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refusals and failures as pages that say what to do next, never in a failure's own words."""
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return refusal(request, error.status)
        except Exception as error:  # whatever it is, the reader gets a page and an administrator a line
            status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)
            if status == 500:
                log.error("request_failed", route=_route(request), error=error)
            return refusal(request, status, str(error) if status == 400 else "")

    @web.middleware
    async def allowed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Only who is signed in passes, and a form only from our own page of this very session."""
        here = visits.visit(request)
        if not _is_open(request) and (here.signed_in is None or not here.signed_in.is_full):
            return _to_sign_in(request)
        if "\0" in request.path + request.query_string:  # no name has it, and no database compares with it
            raise web.HTTPNotFound
        if request.method in _SAFE:
            return await handler(request)
        request = request.clone(client_max_size=_limit(request))
        try:
            await request.post()
        except (ValueError, LookupError, HttpProcessingError):  # no form, or in an alphabet that nobody knows
            return refusal(request, 400)
        try:
            if not visits.is_own_origin(request, self.public_url) or not await _is_own_form(request):
                return refusal(request, 403, here.words(FORGED))
            return await handler(request)
        finally:
            await forms.close_files(request)

    async def carry(self, _: web.Request, response: web.StreamResponse) -> None:
        """Put on every answer, streams too, what it must carry."""
        for name, value in HEADERS.items():
            response.headers[name] = value
        if self.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        response.headers.setdefault("Cache-Control", "no-store")


def refusal(request: web.Request, status: int, text: str = "") -> web.Response:
    """The page for a status; for htmx only its sentence."""
    _ = visits.words(request)
    status = status if status in _TOLD else 400 if status < 500 else 500
    title, advice = _TOLD[status]
    return page(
        request, "error.html", status=status, fragment="problem", title=_(title), advice=text or _(advice),
    )  # fmt: skip


def _to_sign_in(request: web.Request) -> web.Response:
    wanted = request.rel_url.path_qs if request.method == "GET" else visits.HOME
    if is_htmx(request):  # the whole page has to go, not the part that was asked for
        return web.Response(status=401, headers={"HX-Redirect": visits.sign_in_path(visits.HOME)})
    if not _is_persons(request):
        return web.Response(status=401)
    here = visits.visit(request)
    was_in = not here.is_new and here.signed_in is None
    return visits.see_other(visits.sign_in_path(wanted), here.words(LEFT) if was_in else "", request=request)


async def _is_own_form(request: web.Request) -> bool:
    given = request.headers.get(visits.CSRF_HEADER)
    if given is None:
        field = (await request.post()).get(visits.CSRF_FIELD, "")
        given = field if isinstance(field, str) else ""
    return visits.is_own_token(given, visits.visit(request).token)


def _limit(request: web.Request) -> int:
    """Nobody sends a file to where strangers may write."""
    has_files = request.content_type == "multipart/form-data" and not _is_open(request)
    return forms.MAX_UPLOAD if has_files else forms.MAX_FORM


def _is_open(request: web.Request) -> bool:
    return request.path in OPEN or request.path.startswith(PREFIX)


def _is_persons(request: web.Request) -> bool:
    """Whether a person did this; a screen that renews itself keeps nobody signed in."""
    return "text/event-stream" not in request.headers.get("Accept", "") and "X-Renews-Itself" not in request.headers


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"
