"""Owns the pages of corrections: what the bot did not understand, what a person says it meant, and training data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.forms import Form, blank, read_form
from bot.console.guard import require
from bot.console.intent_words import INTENTS
from bot.console.render import page
from bot.console.visit import reader, see_other, words
from bot.console.words import N_, Words
from bot.domain.errors import InputError
from bot.domain.message import MessageId
from bot.services.access import TRAINING, Deed, may
from bot.services.corrections import GONE, LEFT_OUT, CorrectionDesk, Misread

HOME: Final = "/console/corrections"
LONGEST: Final = 1500
MARKED = N_("Kept for training.")
LEFT = N_("Not for training. Its text is not kept.")


class MarkForm(BaseModel):
    """What a message meant. The text is what is kept, after it was masked once more."""

    intent: str = Field(max_length=64)
    text: str = Field("", max_length=LONGEST)
    language: str = Field(max_length=35)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionPages:
    desk: CorrectionDesk
    languages: Mapping[str, str]  # offered: code to own name

    async def index(self, request: web.Request) -> web.Response:
        who = reader(request)
        if not may(who, Deed.READ, TRAINING):  # an administrator takes the data and reads nobody's words
            require(request, Deed.EXPORT, TRAINING)
        waiting = None
        if may(who, Deed.READ, TRAINING):
            waiting = await self.desk.waiting(who, before=_moment(request.query.get("before", "")))
        counts = {}
        if may(who, Deed.EXPORT, TRAINING):
            examples = await self.desk.examples(who)
            counts = {language: sum(map(len, by_intent.values())) for language, by_intent in examples.items()}
        return page(
            request,
            "corrections/list.html",
            waiting=waiting,
            forms=[blank(**self._typed(one)) for one in waiting.found] if waiting else [],
            older=str(request.rel_url.update_query(before=waiting.before.isoformat()))
            if waiting and waiting.before
            else "",
            last=request.query.get("last", ""),
            may_export=may(who, Deed.EXPORT, TRAINING),
            counts=counts,
            **self._shown(words(request)),
        )

    async def show(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, TRAINING)
        misread = await self._misread(request)
        return self._edit(request, misread, blank(**self._typed(misread)))

    async def mark(self, request: web.Request) -> web.Response:
        _ = words(request)
        require(request, Deed.CHANGE, TRAINING)
        form, id_ = await read_form(request, MarkForm), MessageId(request.match_info["message"])
        if form.model is None:
            return self._edit(request, await self._misread(request), form, status=422)
        typed = form.model
        try:
            await self.desk.mark(reader(request), id_, intent=typed.intent, text=typed.text, language=typed.language)
        except InputError as error:
            if str(error) == GONE:
                raise web.HTTPNotFound from error
            return self._edit(request, await self._misread(request), form.failed(_.of(error)), status=422)
        told = _(LEFT) if typed.intent == LEFT_OUT else _(MARKED)
        return see_other(f"{HOME}?last={id_}", told, request=request)

    async def export(self, request: web.Request) -> web.Response:
        require(request, Deed.EXPORT, TRAINING)
        language = request.match_info["language"]
        if language not in self.languages:
            raise web.HTTPNotFound
        body = await self.desk.export(reader(request), language)
        headers = {"Content-Disposition": f'attachment; filename="{language}.yml"'}
        return web.Response(text=body, content_type="application/yaml", charset="utf-8", headers=headers)

    # ------------------------------------------------------------------------------------------------------------------

    async def _misread(self, request: web.Request) -> Misread:
        try:
            return await self.desk.look(reader(request), MessageId(request.match_info["message"]))
        except InputError as error:
            raise web.HTTPNotFound from error

    def _typed(self, misread: Misread) -> Mapping[str, str]:
        """The form as it begins: nothing is chosen, lest the bot's own guess be kept without a look."""
        intent = misread.correction.intent if misread.correction else ""
        return {"intent": intent, "text": misread.draft, "language": misread.language}

    def _edit(self, request: web.Request, misread: Misread, form: Form[Any], status: int = 200) -> web.Response:
        return page(
            request,
            "corrections/edit.html",
            status=status,
            misread=misread,
            form=form,
            **self._shown(words(request)),
        )

    def _shown(self, _: Words) -> Mapping[str, Any]:
        named = [(intent, _(INTENTS[intent]) if intent in INTENTS else intent) for intent in self.desk.intents]
        return {
            "intents": [("", _("Choose")), (LEFT_OUT, _("Not for training")), *named],
            "intent_names": dict(named),
            "languages": list(self.languages.items()),
            "tongue": _.tongue,
            "longest": LONGEST,
        }


def in_order(learned: Sequence[str]) -> Sequence[str]:
    """The intents of the training data, the most urgent first."""
    known = set(learned)
    return [*(intent for intent in INTENTS if intent in known), *sorted(known - set(INTENTS))]


def _moment(text: str) -> datetime | None:
    """The aware time that an address asks for; what cannot be read is left out."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def routes(*, desk: CorrectionDesk, languages: Mapping[str, str]) -> Sequence[web.RouteDef]:
    pages = CorrectionPages(desk=desk, languages=languages)
    return [
        web.get("/corrections", pages.index),
        web.get("/corrections/export/{language}.yml", pages.export),
        web.get("/corrections/{message}", pages.show),
        web.post("/corrections/{message}", pages.mark),
    ]
