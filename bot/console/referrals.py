"""Owns the page of a referral: which consent, which language, and what of the case, nothing ticked beforehand (R4)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console import desk_words
from bot.console.case_words import FactWords, country, file_name
from bot.console.forms import Form, blank, read_form
from bot.console.render import page
from bot.console.visit import reader, words
from bot.console.words import Words
from bot.domain.case import Case
from bot.domain.contact import Contact, Scheme
from bot.domain.document import Document
from bot.domain.errors import Denied, InputError
from bot.i18n import Catalogs, autonym
from bot.services.case_file import File
from bot.services.casework import CaseWork
from bot.services.referrals import Line, Printer, ReferralDesk, usable

MOST = 100  # things that are ticked


class ReferralForm(BaseModel):
    consent: str = Field("", max_length=64)
    language: str = Field("", max_length=35)
    what: tuple[str, ...] = Field((), max_length=MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralPages:
    work: CaseWork
    desk: ReferralDesk
    facts: FactWords
    printer: Printer
    catalogs: Catalogs  # of the papers' languages
    languages: Sequence[str]  # of papers, the host country's first

    async def show(self, request: web.Request) -> web.Response:
        return self._page(request, await self._file(request), blank())

    async def refer(self, request: web.Request) -> web.Response:
        _, number = words(request), request.match_info["number"]
        form = await read_form(request, ReferralForm)
        try:
            if form.model is not None and form.model.language in self.languages:
                told = Words(catalogs=self.catalogs, language=form.model.language)
                pdf = await self.desk.refer(
                    reader(request), number, form.model.consent, form.model.what, form.model.language,
                    tell=lambda case, contact, evidence: list(self._lines(case, contact, evidence, told)),
                    draw=self.printer,
                )  # fmt: skip
                headers = {"Content-Disposition": 'attachment; filename="referral.pdf"'}
                return web.Response(body=pdf, content_type="application/pdf", headers=headers)
        except Denied as error:
            raise web.HTTPNotFound from error
        except InputError as error:
            form = form.failed(_.of(error))
        return self._page(request, await self._file(request), form, status=422)

    async def _file(self, request: web.Request) -> File:
        try:
            return await self.work.open(reader(request), request.match_info["number"])
        except Denied as error:
            raise web.HTTPNotFound from error

    def _page(self, request: web.Request, file: File, form: Form[Any], status: int = 200) -> web.Response:
        _ = words(request)
        return page(
            request,
            "cases/refer.html",
            status=status,
            case=file.case,
            form=form,
            consents=usable(file.consents, file.case),
            lines=[line for line in self._lines(file.case, file.contact, file.evidence, _) if line.text],
            language_pairs=[(code, autonym(code)) for code in self.languages],
        )

    def _lines(self, case: Case, contact: Contact, evidence: Sequence[Document], _: Words) -> Iterator[Line]:
        """Everything that could be passed on, in that language."""
        about: Mapping[str, tuple[str, str]] = {
            "name": (_("Name"), contact.name or contact.name_for_employer or ""),
            "phone": (_("Phone"), _phones(contact)),
            "language": (_("Language"), _.tongue(contact.language) if contact.language else ""),
            "country": (_("Country"), country(contact.nationality, _) if contact.nationality else ""),
            "topic": (_("Topic"), _(desk_words.TOPICS[case.topic])),
            "urgency": (_("Urgency"), _(desk_words.URGENCIES[case.urgency])),
            "narrative": (_("What happened"), case.narrative),
        }
        for key, (label, text) in about.items():
            yield Line(key=key, label=label, text=text)
        for fact in self.facts.facts(case, _):
            if fact.document is None:
                yield Line(key=f"fact:{fact.name}", label=fact.question, text=fact.answer)
        files = [f"{file_name(one.kind, _)}, \u2068{one.stored_at.date().isoformat()}\u2069" for one in evidence]
        yield Line(key="evidence", label=_("Evidence that exists"), text="; ".join(files))


def _phones(contact: Contact) -> str:
    """The numbers at which the person can be called: those of chats without one are left out."""
    called = [one.address.path for one in contact.reaches if one.address.scheme in (Scheme.TEL, Scheme.WHATSAPP)]
    return ", ".join(dict.fromkeys(called))


def routes(
    *, work: CaseWork, desk: ReferralDesk, facts: FactWords, printer: Printer, catalogs: Catalogs,
    languages: Sequence[str],
) -> Sequence[web.RouteDef]:  # fmt: skip
    pages = ReferralPages(work=work, desk=desk, facts=facts, printer=printer, catalogs=catalogs, languages=languages)
    return [web.get("/cases/{number}/refer", pages.show), web.post("/cases/{number}/refer", pages.refer)]
