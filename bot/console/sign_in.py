"""Owns the pages by which staff sign in: password, code, enrolment of the code, and the way out."""

import io
from dataclasses import dataclass
from typing import Any

import segno
from aiohttp import web
from markupsafe import Markup
from pydantic import BaseModel

from bot.console import visit as visits
from bot.console.forms import blank, read_form
from bot.console.pace import Tries, network_address
from bot.console.render import page
from bot.console.visit import HOME, SIGN_IN, inside, see_other, visit, words
from bot.console.words import COOKIE, LANGUAGES, N_
from bot.services.ports import Clock
from bot.services.staff import StaffDesk

WRONG = N_("The login or the password is wrong, or there were too many tries. Wait a minute, then try again.")
WRONG_CODE = N_("This code is wrong or was used already. Wait for the next one. After five wrong ones, wait a minute.")
_YEAR = 365 * 24 * 3600


class Password(BaseModel):
    login: str
    password: str


class Code(BaseModel):
    code: str


class Language(BaseModel):
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`by_login` and `by_address` keep one guesser from taking everybody's time."""

    desk: StaffDesk
    clock: Clock
    public_url: str
    by_login: Tries
    by_address: Tries

    @property
    def is_secure(self) -> bool:
        return self.public_url.startswith("https://")

    async def show(self, request: web.Request) -> web.Response:
        found = visit(request).signed_in
        if found is not None and found.is_full:
            return see_other(_wanted(request), request=request)
        return page(request, "sign_in/password.html", form=blank(), wanted=_wanted(request))

    async def check_password(self, request: web.Request) -> web.Response:
        _, wanted = words(request), _wanted(request)
        form = await read_form(request, Password)
        if form.model is not None:
            is_paced = self._may_try(request, form.model.login)
            token = await self.desk.sign_in(form.model.login, form.model.password) if is_paced else None
            if token is not None:
                await self.desk.sign_out(visit(request).token)  # whoever was signed in here before
                signed_in = await self.desk.of_session(token)
                is_enrolled = signed_in is not None and signed_in.staff.totp_secret is not None
                return self._go_on(_with_next("/console/code" if is_enrolled else "/console/enrol", wanted), token)
            form = form.failed(_(WRONG))
        return page(request, "sign_in/password.html", status=422, form=form, wanted=wanted)

    async def show_code(self, request: web.Request) -> web.Response:
        if not self._is_halfway(request):
            return see_other(SIGN_IN, request=request)
        return page(request, "sign_in/code.html", form=blank(), wanted=_wanted(request))

    async def check_code(self, request: web.Request) -> web.Response:
        return await self._admit(request, "sign_in/code.html")

    async def show_enrolment(self, request: web.Request) -> web.Response:
        offer = await self.desk.offer(visit(request).token)
        if offer is None or not self._is_halfway(request):
            return see_other(SIGN_IN, request=request)
        return page(
            request, "sign_in/enrol.html", form=blank(), wanted=_wanted(request),
            secret=_grouped(offer.secret), picture=qr_code(offer.uri),
        )  # fmt: skip

    async def check_enrolment(self, request: web.Request) -> web.Response:
        offer = await self.desk.offer(visit(request).token)
        if offer is None:
            return see_other(SIGN_IN, request=request)
        return await self._admit(
            request, "sign_in/enrol.html", secret=_grouped(offer.secret), picture=qr_code(offer.uri)
        )

    async def leave(self, request: web.Request) -> web.Response:
        _ = words(request)
        await self.desk.sign_out(visit(request).token)
        response = see_other(SIGN_IN, request=request)
        response.del_cookie(visits.cookie_name(is_secure=self.is_secure), path="/")
        return response

    async def choose_language(self, request: web.Request) -> web.Response:
        form = await read_form(request, Language)
        response = see_other(_wanted(request), request=request)
        if form.model is not None and form.model.language in LANGUAGES:
            response.set_cookie(
                COOKIE, form.model.language, path=HOME, max_age=_YEAR, httponly=True, samesite="Lax",
                secure=self.is_secure,
            )  # fmt: skip
        return response

    async def _admit(self, request: web.Request, template: str, **values: Any) -> web.Response:
        _, wanted = words(request), _wanted(request)
        if not self._is_halfway(request):
            return see_other(SIGN_IN, request=request)
        form = await read_form(request, Code)
        token = await self.desk.second_factor(visit(request).token, form.model.code) if form.model else None
        if token is not None:
            return self._go_on(wanted, token)
        if form.model is not None:
            form = form.failed(_(WRONG_CODE), "code")
        return page(request, template, status=422, form=form, wanted=wanted, **values)

    def _go_on(self, path: str, token: str) -> web.Response:
        response = web.Response(status=303, headers={"Location": path})
        visits.give_token(response, token, is_secure=self.is_secure)
        return response

    def _may_try(self, request: web.Request, login: str) -> bool:
        now = self.clock.now()
        address = network_address(request, self.public_url)
        return self.by_address.may(address, now) and self.by_login.may(login.strip().casefold()[:254], now)

    def _is_halfway(self, request: web.Request) -> bool:
        found = visit(request).signed_in
        return found is not None and not found.is_full


def routes(*, desk: StaffDesk, clock: Clock, public_url: str) -> list[web.RouteDef]:
    pages = SignIn(
        desk=desk,
        clock=clock,
        public_url=public_url,
        by_login=Tries(burst=10, per_second=0.1),
        by_address=Tries(burst=50, per_second=0.5),  # a whole office may come from one address
    )
    return [
        web.get("/sign-in", pages.show),
        web.post("/sign-in", pages.check_password),
        web.get("/code", pages.show_code),
        web.post("/code", pages.check_code),
        web.get("/enrol", pages.show_enrolment),
        web.post("/enrol", pages.check_enrolment),
        web.post("/sign-out", pages.leave),
        web.post("/language", pages.choose_language),
    ]


def qr_code(text: str) -> Markup:
    """The text as an SVG to be put into a page; dark on light in every theme, so that phones can read it."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(
        drawn, kind="svg", scale=6, border=4, light="#fff", xmldecl=False, svgns=False, svgclass="qr", lineclass=None
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 (made of squares, whatever the text)


def _grouped(secret: str) -> str:
    """In fours, to be typed where no camera is."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _wanted(request: web.Request) -> str:
    return inside(request.query.get("next", HOME))


def _with_next(path: str, wanted: str) -> str:
    return visits.sign_in_path(wanted).replace(SIGN_IN, path, 1)
