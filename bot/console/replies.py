"""Owns the pages of canned replies: the list, one of them, and its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.desk_words import TOPICS
from bot.console.forms import Form, blank, read_form
from bot.console.guard import require
from bot.console.render import page
from bot.console.visit import reader, see_other, words
from bot.console.words import N_, Words
from bot.domain.case import Topic
from bot.domain.errors import InputError
from bot.services.access import SETTINGS, Deed
from bot.services.desk_ports import CannedReply
from bot.services.replies import LONGEST_NAME, LONGEST_TEXT, VARIABLES, Replies, check, is_built_in, may_change

HOME: Final = "/console/replies"
SAVED, DELETED = N_("Saved."), N_("Deleted.")
# The names of the replies that come with the program (bot/services/canned.yml).
BUILT_IN = (
    N_("First words"), N_("I am looking for the answer"), N_("Where are you?"), N_("In danger, call first"),
    N_("Your case number"), N_("You can go to this place"), N_("Send photos of your papers"),
    N_("It is not your fault"), N_("What I can and cannot promise"), N_("May I pass it on?"),
    N_("Are you still there?"), N_("Goodbye"),
)  # fmt: skip


class ReplyForm(BaseModel):
    """A canned reply as it is typed; its texts are the fields `text-<language>`."""

    name: str = Field("", max_length=LONGEST_NAME)
    topic: Topic | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPages:
    replies: Replies
    languages: Mapping[str, str]  # offered: code to own name

    async def index(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, SETTINGS)
        who, _ = reader(request), words(request)
        return page(
            request,
            "replies/list.html",
            rows=[self._row(reply, _) for reply in await self.replies.all(who)],
            may_change=may_change(who),
        )

    def _row(self, reply: CannedReply, _: Words) -> Mapping[str, Any]:
        return {
            "reply": reply,
            "is_own": not is_built_in(reply.id),
            "topic": _(TOPICS[reply.topic]) if reply.topic else "",
            "lacks": [_.tongue(code) for code in self.languages if code not in reply.texts],
        }

    async def new(self, request: web.Request) -> web.Response:
        """Empty, or begun with the texts of another one."""
        require(request, Deed.CHANGE, SETTINGS)
        source = request.query.get("from", "")
        return self._edit(request, blank(**(_values(await self._get(request, source)) if source else {})))

    async def add(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, SETTINGS)
        return await self._save(request, None)

    async def show(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, SETTINGS)
        reply = await self._own(request)
        return self._edit(request, blank(**_values(reply)), reply)

    async def save(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, SETTINGS)
        return await self._save(request, await self._own(request))

    async def ask_delete(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, SETTINGS)
        return page(request, "replies/delete.html", reply=await self._own(request))

    async def delete(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, SETTINGS)
        reply = await self._own(request)
        await self.replies.delete(reader(request), reply.id)
        return see_other(HOME, words(request)(DELETED), request=request)

    # ------------------------------------------------------------------------------------------------------------------

    async def _get(self, request: web.Request, id_: str) -> CannedReply:
        try:
            return await self.replies.get(reader(request), id_)
        except InputError as error:
            raise web.HTTPNotFound from error

    async def _own(self, request: web.Request) -> CannedReply:
        if is_built_in(request.match_info["reply"]):
            raise web.HTTPNotFound
        return await self._get(request, request.match_info["reply"])

    async def _save(self, request: web.Request, before: CannedReply | None) -> web.Response:
        form = await read_form(request, ReplyForm)
        texts = self._texts(form)
        if form.model is not None:
            form = _faults(form, texts, words(request))
        if form.model is None:
            return self._edit(request, form, before, status=422)
        id_, typed = before.id if before else None, form.model
        saved = await self.replies.save(reader(request), id_=id_, name=typed.name, topic=typed.topic, texts=texts)
        return see_other(f"{HOME}#{saved.id}", words(request)(SAVED), request=request)

    def _texts(self, form: Form[ReplyForm]) -> Mapping[str, str]:
        """What was typed in each offered language, in their order."""
        return {code: str(form.values.get(f"text-{code}", "")) for code in self.languages}

    def _edit(
        self, request: web.Request, form: Form[Any], reply: CannedReply | None = None, status: int = 200
    ) -> web.Response:
        _ = words(request)
        return page(
            request,
            "replies/edit.html",
            status=status,
            reply=reply,
            form=form,
            languages=list(self.languages),
            topics=[("", _("Any")), *((topic.value, _(name)) for topic, name in TOPICS.items())],
            variables=[f"{{{name}}}" for name in VARIABLES],
            longest_name=LONGEST_NAME,
            longest_text=LONGEST_TEXT,
        )


def _faults(form: Form[ReplyForm], texts: Mapping[str, str], _: Words) -> Form[ReplyForm]:
    """The form with what is wrong beside each field; the first fault of a field is enough."""
    first = next(iter(texts))
    for fault in check(str(form.values.get("name", "")), texts):
        at = "name" if fault.where == "name" else f"text-{fault.language or first}"
        if at not in form.errors:
            form = form.failed(_(fault.msgid, **fault.variables), at)
    return form


def _values(reply: CannedReply) -> dict[str, str]:
    texts = {f"text-{language}": text for language, text in reply.texts.items()}
    return {"name": reply.name, "topic": reply.topic.value if reply.topic else "", **texts}


def routes(*, replies: Replies, languages: Mapping[str, str]) -> Sequence[web.RouteDef]:
    pages = ReplyPages(replies=replies, languages=languages)
    return [
        web.get("/replies", pages.index),
        web.get("/replies/new", pages.new),
        web.post("/replies/new", pages.add),
        web.get("/replies/{reply}", pages.show),
        web.post("/replies/{reply}", pages.save),
        web.get("/replies/{reply}/delete", pages.ask_delete),
        web.post("/replies/{reply}/delete", pages.delete),
    ]
