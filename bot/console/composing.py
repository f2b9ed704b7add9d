"""Owns the page on which a reply is made: translated, from a ready text, with a place or a file."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from aiohttp import web
from aiohttp.web_request import FileField
from pydantic import BaseModel, Field, field_validator

from bot.console.forms import Form, blank, read_form, upload
from bot.console.render import page
from bot.console.visit import reader, see_other, signed_in, words
from bot.console.words import N_, Words
from bot.domain.contact import Contact, ContactId
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.place import PlaceId, PlaceKind
from bot.i18n import base
from bot.services.composing import MAX_FILE, Composer, Draft, File, Offered, Preview, language_of
from bot.services.desk import LONGEST, View
from bot.services.desk_ports import CannedReply
from bot.services.replies import language_in
from bot.services.translating import Doubt, Translating

TEMPLATE: Final = "desk/compose.html"
SENT = N_("Sent.")
TRYING = N_("It is being translated again.")
KINDS: Final = {
    PlaceKind.SHELTER: N_("Shelter"),
    PlaceKind.ASSEMBLY_POINT: N_("Assembly point"),
    PlaceKind.HOSPITAL: N_("Hospital"),
    PlaceKind.CLINIC: N_("Clinic"),
    PlaceKind.CONSULATE: N_("Consulate"),
    PlaceKind.LABOUR_OFFICE: N_("Labour office"),
    PlaceKind.HOTLINE: N_("Hotline"),
    PlaceKind.FOOD: N_("Food"),
    PlaceKind.LEGAL_AID: N_("Legal help"),
    PlaceKind.EMERGENCY: N_("Emergency number"),
}
CHOOSE_REPLY = N_("Choose a reply first.")


_TAG = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{2,8})*")


class ComposeForm(BaseModel):
    """A reply as it is typed. `language` is that of the text, `original` what it was translated from."""

    do: Literal["open", "translate", "canned", "places", "send", "as_is"] = "open"
    text: str = Field("", max_length=LONGEST)
    language: str = Field("", max_length=35)
    translate_to: str = Field("", max_length=35)
    original: str = Field("", max_length=LONGEST)
    written_in: str = Field("", max_length=35)
    canned: str = Field("", max_length=64)
    kind: PlaceKind | None = None
    place: str = Field("", max_length=64)
    once: str = Field("", max_length=64)  # names this form: what is sent twice goes out once

    @field_validator("language", "translate_to", "written_in")
    @classmethod
    def _known(cls, tag: str) -> str:
        """What is no tag of a language was typed by nobody: as none, which is the contact's, it keeps no reply back."""
        return tag if _TAG.fullmatch(tag) else ""

    def draft(self, file: File | None = None) -> Draft:
        return Draft(
            text=self.text,
            language=self.language,
            original=self.original,
            written_in=self.written_in,
            place=PlaceId(self.place) if self.place else None,
            file=file,
        )


class AgainForm(BaseModel):
    subject: str = Field(max_length=128)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposePages:
    composer: Composer
    translating: Translating

    async def show(self, request: web.Request) -> web.Response:
        return await self._page(request, blank())

    async def act(self, request: web.Request) -> web.Response:
        """Every button of the page; what was typed is shown again, and nothing of it is kept until it is sent."""
        form = await read_form(request, ComposeForm)
        if form.model is None:
            return await self._page(request, form, status=422)
        try:
            match form.model.do:
                case "translate":
                    return await self._translate(request, form, form.model)
                case "canned":
                    return await self._put_in(request, form, form.model)
                case "send":
                    return await self._send(request, form, form.model)
                case "as_is":
                    return await self._send_as_it_is(request, form.model)
        except (InputError, Conflict) as error:
            return await self._page(request, form.failed(words(request).of(error)), status=422)
        except Denied as error:
            raise web.HTTPNotFound from error
        return await self._page(request, form)

    async def again(self, request: web.Request) -> web.Response:
        """Try a translation anew that failed."""
        form = await read_form(request, AgainForm)
        contact = _contact(request)
        if form.model is None:
            raise web.HTTPBadRequest
        try:
            await self.translating.again(reader(request), contact, form.model.subject, spoken(request))
        except Denied as error:
            raise web.HTTPNotFound from error
        back = f"/console/desk/{contact}#{form.model.subject.replace(':', '-')}"
        return see_other(back, words(request)(TRYING), request=request)

    # --- what the buttons do ------------------------------------------------------------------------------------------

    async def _translate(self, request: web.Request, form: Form[ComposeForm], typed: ComposeForm) -> web.Response:
        draft = typed.draft()
        if typed.original:  # translate once more what was written, not the translation
            draft = Draft(text=typed.original, language=typed.written_in)
        elif typed.language == typed.translate_to:  # nobody said so, but it is asked to be translated
            own = next((tag for tag in spoken(request) if base(tag) != base(typed.translate_to)), typed.language)
            draft = replace(draft, language=own)
        shown = await self.composer.preview(reader(request), _contact(request), draft, typed.translate_to)
        if shown.problem:
            failed = form.failed(words(request)(shown.problem), "translate_to")
            return await self._page(request, failed, status=422, may_send_as_is=True)
        return await self._page(request, _with(form, shown), doubts=shown.doubts)

    async def _put_in(self, request: web.Request, form: Form[ComposeForm], typed: ComposeForm) -> web.Response:
        _ = words(request)
        if not typed.canned:
            return await self._page(request, form.failed(_(CHOOSE_REPLY), "canned"), status=422)
        place = PlaceId(typed.place) if typed.place else None
        try:
            chosen = await self.composer.fill_in(reader(request), _contact(request), typed.canned, place)
        except InputError as error:
            return await self._page(request, form.failed(_.of(error), "canned"), status=422)
        text = "\n\n".join(filter(None, (typed.text.strip(), chosen.text)))
        values = {**form.values, "text": text, "language": chosen.language}
        return await self._page(request, Form(None, values, {}), missing=chosen.missing)

    async def _send(self, request: web.Request, form: Form[ComposeForm], typed: ComposeForm) -> web.Response:
        if typed.translate_to and typed.translate_to != (typed.language or typed.translate_to) and not typed.original:
            return await self._translate(request, form, typed)  # shown first, always
        return await self._send_as_it_is(request, typed)

    async def _send_as_it_is(self, request: web.Request, typed: ComposeForm) -> web.Response:
        contact = _contact(request)
        await self.composer.send(reader(request), contact, typed.draft(await _file(request)), once=typed.once)
        return see_other(f"/console/desk/{contact}#composer", words(request)(SENT), request=request)

    # --- the page -----------------------------------------------------------------------------------------------------

    async def _page(
        self,
        request: web.Request,
        form: Form[ComposeForm],
        *,
        status: int = 200,
        doubts: Sequence[Doubt] = (),
        missing: Sequence[str] = (),
        may_send_as_is: bool = False,
    ) -> web.Response:
        _, who, contact = words(request), reader(request), _contact(request)
        try:
            view = await self.composer.desk.open(who, contact, history=1)  # whom it is for is a look, too
            replies = await self.composer.replies.all(who)
            places = await self._places(request, form, view)
        except Denied as error:
            raise web.HTTPNotFound from error
        theirs = language_of(view.contact)
        language = str(form.values.get("language") or theirs)
        return page(
            request,
            TEMPLATE,
            status=status,
            form=form,
            view=view,
            who=title_of(view, _),
            is_mine=view.claim is not None and view.claim.staff == who.id,
            language=language,
            theirs=theirs,
            tongues=_tongues(theirs, spoken(request), _),
            canned=_choices(replies, view.contact, _),
            kinds=[("", _("Choose a kind")), *((kind.value, _(name)) for kind, name in KINDS.items())],
            places=places,
            doubts=doubts,
            missing=missing,
            may_send_as_is=may_send_as_is,
            can_translate=self.translating.is_on,
            had_file=await _has_file(request),
            longest=LONGEST,
            once=secrets.token_urlsafe(16),
        )

    async def _places(self, request: web.Request, form: Form[ComposeForm], view: View) -> Sequence[Offered] | None:
        """What was found of the kind that was asked for; none when none was."""
        kind = str(form.values.get("kind", ""))
        if kind not in set(PlaceKind):
            return None
        return await self.composer.offers(reader(request), view.contact.id, PlaceKind(kind))


def spoken(request: web.Request) -> tuple[str, ...]:
    """The languages that the reader reads, the best first: those of their account, else the page's."""
    return signed_in(request).staff.languages or (words(request).language,)


def title_of(view: View, _: Words) -> str:
    """The contact's name, else the number of their newest case."""
    if view.contact.name:
        return view.contact.name
    return view.cases[0].number if view.cases else _("somebody")


def _with(form: Form[ComposeForm], shown: Preview) -> Form[ComposeForm]:
    """The form with the translation in the place of what was written."""
    made = shown.draft
    values = {"text": made.text, "language": made.language, "original": made.original, "written_in": made.written_in}
    return Form(None, {**form.values, **values}, {})


def _tongues(theirs: str, mine: Sequence[str], _: Words) -> list[tuple[str, str]]:
    """The languages to write in: the contact's, then the reader's own."""
    codes = [theirs, *(code for code in mine if base(code) != base(theirs))]
    return [(code, _.tongue(code)) for code in codes]


def _choices(replies: Sequence[CannedReply], contact: Contact, _: Words) -> list[tuple[str, str]]:
    """The canned replies, and which have no text in the contact's language."""
    language = language_of(contact)
    lacks = _("not in {language}", language=_.tongue(language))
    return [
        ("", _("Choose a reply")),
        *(
            (reply.id, _(reply.name) if language_in(reply, language) else f"{_(reply.name)} ({lacks})")
            for reply in replies
        ),
    ]


async def _has_file(request: web.Request) -> bool:
    if request.method != "POST":
        return False
    found = (await request.post()).get("file")
    return isinstance(found, FileField) and bool(found.filename)


async def _file(request: web.Request) -> File | None:
    """The file that was chosen; raises InputError (translated) for one that is too large."""
    if not await _has_file(request):
        return None
    _, body = await upload(request, "file", max_bytes=MAX_FILE)
    sent = (await request.post())["file"]
    assert isinstance(sent, FileField)
    return File(body=body, media_type=sent.content_type)


def _contact(request: web.Request) -> ContactId:
    return ContactId(request.match_info["contact"])


def routes(*, composer: Composer, translating: Translating) -> Sequence[web.RouteDef]:
    pages = ComposePages(composer=composer, translating=translating)
    return [
        web.get("/desk/{contact}/compose", pages.show),
        web.post("/desk/{contact}/compose", pages.act),
        web.post("/desk/{contact}/translate", pages.again),
    ]
