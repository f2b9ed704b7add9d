"""Owns the pages where two conversations of one person are found, looked at side by side, put together and undone."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, Field

from bot.console.alert_words import CHANNELS
from bot.console.case_words import country
from bot.console.desk_words import SHAPES, TOPICS, URGENCIES
from bot.console.forms import Form, blank, read_form
from bot.console.render import page
from bot.console.visit import reader, see_other, words
from bot.console.words import N_, Words
from bot.domain.contact import ContactId, Reach, Scheme
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.merge import MergeId
from bot.services.merging import MergeDesk, Preview, Side

Answer = TypeVar("Answer")

TOGETHER = N_("The two conversations are one now.")
APART = N_("The two conversations are apart again.")
LONGEST = 120  # characters of what is sought


class MergeForm(BaseModel):
    """Nothing but the CSRF token: which two is said by the address."""


class UndoForm(BaseModel):
    merge: str = Field(max_length=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One of two conversations as the page shows it."""

    id: ContactId
    name: str
    facts: Sequence[tuple[str, str]]
    ways: Sequence[tuple[str, str, bool]]  # channel, the end of the number, whether nobody may write to it
    cases: Sequence[tuple[str, str, str, str]]  # shape and urgency, number, topic
    heard_at: datetime | None
    is_protected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SamePersonPages:
    desk: MergeDesk

    async def find(self, request: web.Request) -> web.Response:
        return await self._find(request, blank())

    async def preview(self, request: web.Request) -> web.Response:
        return await self._preview(request, blank())

    async def merge(self, request: web.Request) -> web.Response:
        _, contact, form, status = words(request), _contact(request), await read_form(request, MergeForm), 422
        try:
            await self._allowed(self.desk.merge(reader(request), contact, _other(request)))
        except InputError as error:
            form = form.failed(_.of(error))
        except Conflict as error:
            form, status = form.failed(_.of(error)), 409
        else:
            return see_other(f"/console/desk/{contact}", _(TOGETHER), request=request)
        return await self._preview(request, form, status=status)

    async def undo(self, request: web.Request) -> web.Response:
        _, contact, form, status = words(request), _contact(request), await read_form(request, UndoForm), 422
        try:
            if form.model is not None:
                await self._allowed(self.desk.undo(reader(request), MergeId(form.model.merge)))
                return see_other(f"/console/desk/{contact}", _(APART), request=request)
        except InputError as error:
            form = form.failed(_.of(error))
        except Conflict as error:
            form, status = form.failed(_.of(error)), 409
        return await self._find(request, form, status=status)

    # --- looking ------------------------------------------------------------------------------------------------------

    async def _find(self, request: web.Request, form: Form[Any], status: int = 200) -> web.Response:
        _, contact, sought = words(request), _contact(request), request.query.get("q", "").strip()[:LONGEST]
        standing = await self._allowed(self.desk.standing(reader(request), contact))
        found = await self._allowed(self.desk.find(reader(request), contact, sought))
        return page(
            request,
            "desk/same.html",
            status=status,
            contact=contact,
            form=form,
            sought=sought,
            longest=LONGEST,
            found=[_card(replace(one, session=None), _) for one in found],
            standing=standing,
        )

    async def _preview(self, request: web.Request, form: Form[Any], status: int = 200) -> web.Response:
        _, contact, other = words(request), _contact(request), _other(request)
        seen = await self._allowed(self.desk.preview(reader(request), contact, other))
        return page(
            request,
            "desk/merge.html",
            status=status,
            contact=contact,
            other=other,
            form=form,
            cards=[_card(seen.kept, _), _card(seen.other, _)],
            problem=_(seen.problem) if seen.problem else "",
            effects=_effects(seen, _),
        )

    async def _allowed(self, asking: Awaitable[Answer]) -> Answer:
        """What may not be done with a conversation that one may not see is not there."""
        try:
            return await asking
        except Denied as error:
            raise web.HTTPNotFound from error


def _effects(seen: Preview, _: Words) -> list[str]:
    """What comes of it, the gravest first: only what there is in these two."""
    kept, other = seen.kept, seen.other
    told = [_("All of the other conversation is shown in this one: messages, cases, files, notes and consents.")]
    if seen.hides:
        told.insert(0, _("One of the two has a protection case. From then on only specialists see any of it."))
    told.append(_("The person is told nothing. What they write next, from whatever address, comes here."))
    if seen.ends_flow and other.session is not None:
        told.append(
            _("What the bot is asking in the other conversation ends ({flow}). What it asks in this one goes on.",
              flow=other.session.flow.replace("_", " "))
        )  # fmt: skip
    if kept.claim is not None or other.claim is not None:
        told.append(_("All of it is in your hands."))
    if any(not reach.is_open for reach in (*kept.contact.reaches, *other.contact.reaches)):
        told.append(_("Addresses that wrote STOP stay stopped."))
    employer = kept.employer or other.employer
    if employer is not None and (kept.employer is None or other.employer is None):
        told.append(_("Alerts of {employer} can go to all of these addresses.", employer=employer.name))
    told.append(_("Where both were sent one alert, the newest answer counts, and the second entry is closed."))
    told.append(_("You can take them apart again. Cases opened in the meantime stay in this conversation."))
    return told


def _card(side: Side, _: Words) -> Card:
    contact = side.contact
    facts = [
        (_("Language"), _.tongue(contact.language) if contact.language else _("not known")),
        (_("Nationality"), country(contact.nationality, _) if contact.nationality else ""),
        (_("Employer"), side.employer.name if side.employer else ""),
        (_("Site"), side.site.name if side.site else ""),
        (_("The bot asks about"), side.session.flow.replace("_", " ") if side.session else ""),
    ]
    return Card(
        id=contact.id,
        name=contact.name or contact.name_for_employer or "",
        facts=[(name, text) for name, text in facts if text],
        ways=[_way(one, _) for one in contact.reaches],
        cases=[(SHAPES[one.urgency], _(URGENCIES[one.urgency]), one.number, _(TOPICS[one.topic]))
               for one in side.open_cases],
        heard_at=side.heard_at,
        is_protected=side.is_protected,
    )  # fmt: skip


def _way(reach: Reach, _: Words) -> tuple[str, str, bool]:
    """Enough to tell two numbers apart, not the number itself: it may be somebody else's."""
    is_number = reach.address.scheme in (Scheme.TEL, Scheme.WHATSAPP)
    return _(CHANNELS[reach.address.channel]), f"…{reach.address.path[-3:]}" if is_number else "", not reach.is_open


def _contact(request: web.Request) -> ContactId:
    return ContactId(request.match_info["contact"])


def _other(request: web.Request) -> ContactId:
    return ContactId(request.match_info["other"])


def routes(*, desk: MergeDesk) -> Sequence[web.RouteDef]:
    pages = SamePersonPages(desk=desk)
    return [
        web.get("/desk/{contact}/same", pages.find),
        web.post("/desk/{contact}/same", pages.undo),
        web.get("/desk/{contact}/same/{other}", pages.preview),
        web.post("/desk/{contact}/same/{other}", pages.merge),
    ]
