"""Owns what the templates of a conversation know: whose it is, how it can be answered, its cases and its lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.console.alert_words import CHANNELS
from bot.console.asking import OF_NO_USE, questions, title
from bot.console.case_words import FactWords
from bot.console.composing import spoken
from bot.console.conversation_lines import lines
from bot.console.desk_words import CASE_STATUSES, OUTCOMES, SHAPES, TOPICS, URGENCIES, name_of, span, until
from bot.console.queue import glance
from bot.console.visit import reader, words
from bot.console.words import N_, Words
from bot.domain.case import Case
from bot.domain.contact import WHATSAPP_WINDOW, Channel, Contact, Reach, Scheme
from bot.domain.delivery import Content
from bot.domain.staff import StaffId
from bot.engine.flow import Flow
from bot.services.desk import LONGEST, View
from bot.services.desk_ports import Glance
from bot.services.ports import Channeller, Clock
from bot.services.translating import Translating


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Puts together what the page and the stream of a conversation show."""

    clock: Clock
    channels: Mapping[Channel, Channeller]
    default_language: str
    has_template: bool  # whether WhatsApp lets us write to who has been silent for a day
    translating: Translating
    facts: FactWords
    flows: Mapping[str, Flow]

    def values(self, request: web.Request, view: View, glances: Sequence[Glance]) -> dict[str, Any]:
        """What the templates of a conversation know."""
        _, who, now, contact = words(request), reader(request), self.clock.now(), view.contact
        is_mine = view.claim is not None and view.claim.staff == who.id
        return {
            "view": view,
            "contact": contact,
            "lines": lines(view, _, self.translating.beside(view, spoken(request))),
            "is_mine": is_mine,
            "holder": name_of(view.claim.staff, view.names, _) if view.claim else "",
            "may_move": is_mine or (view.claim is not None and who.role.leads),
            "may_assign": who.role.leads,
            "cases": [self._case(case, now, _) for case in view.cases],
            "language": _.tongue(contact.language) if contact.language else _("not known"),
            "nationality": _country(contact, _),
            "ways": [_way(one, _) for one in contact.reaches],
            "channel": view.address.channel if view.address else None,
            "channel_name": _(CHANNELS[view.address.channel]) if view.address else "",
            "window": self._window(view, now, _),
            "length": self.length("", view.address.channel, _) if view.address else "",
            "viewers": [
                glance(name_of(one.staff, view.names, _), _, is_typing=one.is_typing)
                for one in glances
                if one.staff != who.id
            ],
            "colleagues": _others(view),
            "outcomes": [(one.value, _(text)) for one, text in OUTCOMES.items()],
            "questions": questions(self.flows.values(), _),
            "flow": _open_flow(view, self.flows, _),
            # To go on asking why they want a person would open their case once more.
            "goes_on": not view.sessions or view.sessions[0].flow not in OF_NO_USE,
            "since": str(view.entries[0].mark) if view.entries else "",
            "longest": LONGEST,
            "lost_at": None,
            "now": now,
        }  # fmt: skip

    def _case(self, case: Case, now: datetime, _: Words) -> dict[str, Any]:
        clock, is_late = "", False
        if case.status.is_open and case.answered_at is None:
            clock, is_late = until(case.due_at, now, N_("Answer within {time}"), N_("Answer is late by {time}"), _)
        elif case.status.is_open and case.resolve_by is not None:
            clock, is_late = until(
                case.resolve_by, now, N_("Resolve within {time}"), N_("Resolution is late by {time}"), _
            )
        return {
            "case": case,
            "urgency": _(URGENCIES[case.urgency]),
            "shape": SHAPES[case.urgency],
            "topic": _(TOPICS[case.topic]),
            "status": _(CASE_STATUSES[case.status]),
            "clock": clock,
            "is_late": is_late,
            "facts": [fact for fact in self.facts.facts(case, _) if fact.answer],
        }

    def _window(self, view: View, now: datetime, _: Words) -> tuple[str, str]:
        """Whether WhatsApp lets us write now, and for how long; nothing on other channels."""
        reach = view.contact.reach(view.address) if view.address else None
        if reach is None or reach.address.scheme is not Scheme.WHATSAPP:
            return "", ""
        if reach.is_in_window(now) and reach.last_heard_at is not None:
            left = reach.last_heard_at + WHATSAPP_WINDOW - now
            return "open", _("WhatsApp: you can write freely for {time} more.", time=span(left, _))
        if self.has_template:
            return "template", _("WhatsApp: silent for 24 hours. What you write goes out inside an approved template.")
        return "shut", _(
            "WhatsApp: silent for 24 hours, and no template is set up. This cannot be sent until they write."
        )

    def length(self, text: str, channel: Channel, _: Words) -> str:
        channeller = self.channels.get(channel)
        if channeller is None:
            return _("This channel is off here.")
        parts = channeller.fit(Content(text=text.strip(), language=self.default_language)) if text.strip() else ()
        characters = _.plural("{n} character", "{n} characters", len(text.strip()))
        if channel is Channel.SMS:
            pieces = _.plural("{n} SMS segment", "{n} SMS segments", int(sum(channeller.cost(part) for part in parts)))
        elif len(parts) > 1:
            pieces = _.plural("{n} message", "{n} messages", len(parts))
        else:
            return characters
        return _("{characters}, {pieces}", characters=characters, pieces=pieces)


def _country(contact: Contact, _: Words) -> str:
    return _.country(contact.nationality) if contact.nationality else ""


def _way(reach: Reach, _: Words) -> tuple[str, str, bool]:
    """A channel, the number there if it is one, and whether nobody may write to it."""
    is_number = reach.address.scheme in (Scheme.TEL, Scheme.WHATSAPP)
    path = reach.address.path if is_number else ""
    return _(CHANNELS[reach.address.channel]), path, not reach.is_open


def _others(view: View) -> list[tuple[StaffId, str]]:
    """Who may be given the conversation, by name."""
    holder = view.claim.staff if view.claim else None
    return sorted(((staff, name) for staff, name in view.colleagues.items() if staff != holder), key=lambda one: one[1])


def _open_flow(view: View, flows: Mapping[str, Flow], _: Words) -> str:
    """What the bot was doing, in words."""
    flow = flows.get(view.sessions[0].flow) if view.sessions else None
    return title(flow, _) if flow is not None and flow.title else ""
