"""Owns who a broadcast's audience is, in SQL: who is meant, the best way to reach each, what language each reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from bot.domain.checkin import RecipientState
from bot.domain.contact import WHATSAPP_WINDOW, Permission, Scheme
from bot.domain.delivery import BroadcastId
from bot.domain.errors import Reason
from bot.services.broadcast_ports import Plan
from bot.storage.schema import Moment, addresses, contact_groups, contacts, deliveries, recipients

RECENTLY = timedelta(days=30)  # whoever wrote to us within it is written to where they wrote from
SPOKEN = select(contacts.c.language).distinct()
_CHANNELS = {scheme.value: scheme.channel.value for scheme in Scheme}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_WAITED = (RecipientState.WAITING.value, RecipientState.CANCELLED.value)


def people(plan: Plan, spoken: Sequence[str]) -> Select[Any]:
    """Everybody who is meant, with the one best way to reach each, or why there is none.

    `spoken` are the languages of all contacts: those that cannot be sent fall back.
    """
    best = addresses.alias("best")
    way = _Usability(plan, best)
    language, is_fallback = _language(plan, spoken)
    return (
        select(
            contacts.c.id.label("contact_id"),
            contacts.c.site_id,
            contacts.c.language.label("own_language"),
            language.label("language"),
            is_fallback.label("is_fallback"),
            way.channel.label("channel"),
            way.reason.label("reason"),
            func.coalesce(and_(way.is_usable, ~way.is_open), false()).label("opens"),
            contacts.c.met_at.is_(None).label("is_new"),
        )
        .select_from(contacts.outerjoin(best, best.c.id == _best_address(plan)))
        .where(*meant(plan))
    )


def meant(plan: Plan) -> list[ColumnElement[bool]]:
    """Who belongs to the audience; nobody who has left or asked to be forgotten does."""
    audience = plan.audience
    conditions: list[ColumnElement[bool]] = [contacts.c.erase_at.is_(None)]
    if audience.of is not None:  # whoever was sent the one is sent the other, wherever they work by now (R8)
        return [*conditions, _was_sent(plan, audience.of)]
    conditions.append(contacts.c.left_at.is_(None))
    if plan.employer is not None:
        conditions.append(contacts.c.employer_id == plan.employer)
    if audience.sites:
        conditions.append(contacts.c.site_id.in_(audience.sites))
    if audience.languages:
        conditions.append(_speaks(plan, audience.languages))
    if audience.groups:
        grouped = select(contact_groups.c.contact_id).where(contact_groups.c.name.in_(audience.groups))
        conditions.append(contacts.c.id.in_(grouped))
    return conditions


def _speaks(plan: Plan, languages: Sequence[str]) -> ColumnElement[bool]:
    """Who is meant by languages: for an employer those its list says; of whom it says none, they are always meant.

    By what people chose themselves an audience of one would tell an employer how a worker talks with us (R2).
    """
    if plan.employer is None:
        return contacts.c.language.in_(languages)
    return or_(contacts.c.listed_language.in_(languages), contacts.c.listed_language.is_(None))


def _was_sent(plan: Plan, newest: BroadcastId) -> ColumnElement[bool]:
    """Who was (or, its record lost with a process, may have been) sent what the plan's broadcast follows.

    Also who was sent only what the newest of these replaced. Who still waited is meant as the newest had them.
    """
    before = recipients.alias()
    is_doubted = exists().where(deliveries.c.recipient == before.c.number, deliveries.c.doubts > 0)
    is_meant: ColumnElement[bool] = or_(before.c.sent_at.is_not(None), is_doubted)  # it may have been sent
    if plan.audience.includes_waiting:
        waited = before.c.state.in_(_WAITED)
        is_meant |= and_(before.c.broadcast_id == newest, waited)
    return exists().where(_is_earlier(plan, before), before.c.contact_id == contacts.c.id, is_meant)


def _is_earlier(plan: Plan, before: FromClause) -> ColumnElement[bool]:
    return before.c.broadcast_id.in_(plan.earlier or (plan.audience.of,))


@dataclass(frozen=True, slots=True)
class _Usability:
    """What a plan makes of an address, in SQL over `addresses` or an alias of it."""

    plan: Plan
    address: FromClause

    @property
    def is_allowed(self) -> ColumnElement[bool]:
        is_refused: ColumnElement[bool] = self.address.c.permission == Permission.REFUSED.value
        return true() if self.plan.overrides_opt_out else ~is_refused

    @property
    def is_on(self) -> ColumnElement[bool]:
        return self.address.c.scheme.in_([channel.scheme.value for channel in self.plan.channels])

    @property
    def is_open(self) -> ColumnElement[bool]:
        """Whether free text may be sent."""
        since = self.plan.now - WHATSAPP_WINDOW
        is_windowed = self.address.c.scheme == Scheme.WHATSAPP.value
        return or_(~is_windowed, func.coalesce(self.address.c.last_heard_at, literal(_LONG_AGO, Moment)) > since)

    @property
    def is_usable(self) -> ColumnElement[bool]:
        openable = [channel.scheme.value for channel in self.plan.can_open]
        return and_(self.is_on, self.is_allowed, or_(self.is_open, self.address.c.scheme.in_(openable)))

    @property
    def order(self) -> list[ColumnElement[Any]]:
        """The best comes first."""
        plan, address = self.plan, self.address
        schemes = [channel.scheme.value for channel in plan.channels]
        heard = case((address.c.last_heard_at > plan.now - RECENTLY, address.c.last_heard_at))
        return [
            case((self.is_usable, 0), else_=1),
            *_same_as_before(plan, address),
            case((address.c.scheme == Scheme.WEBCHAT.value, 1), else_=0),  # a closed browser hears nothing
            func.coalesce(heard, literal(_LONG_AGO, Moment)).desc(),
            case({scheme: place for place, scheme in enumerate(schemes)}, value=address.c.scheme, else_=len(schemes)),
            address.c.place,
        ]

    @property
    def channel(self) -> ColumnElement[Any]:
        """None where it cannot be used."""
        return case((self.is_usable, case(_CHANNELS, value=self.address.c.scheme)))

    @property
    def reason(self) -> ColumnElement[Any]:
        """Why it cannot be used; also for a contact without any."""
        return case(
            (self.address.c.id.is_(None), Reason.NO_ADDRESS.value),
            (self.is_usable, null()),
            (~self.is_allowed, Reason.OPTED_OUT.value),
            (~self.is_on, Reason.CHANNEL_OFF.value),
            else_=Reason.OUTSIDE_WINDOW.value,
        )


def _best_address(plan: Plan) -> ColumnElement[Any]:
    """The id of a contact's best address.

    Looked up for each: to rank all addresses and join them takes the square of their number where the database has
    not yet counted them, as after a large import.
    """
    theirs = addresses.alias("theirs")
    mine = select(theirs.c.id).where(theirs.c.contact_id == contacts.c.id)
    return mine.order_by(*_Usability(plan, theirs).order).limit(1).correlate(contacts).scalar_subquery()


def _same_as_before(plan: Plan, address: FromClause) -> list[ColumnElement[Any]]:
    """The channel on which an earlier broadcast went comes first for what follows it (R8)."""
    if plan.audience.of is None:
        return []
    before = recipients.alias()
    went = exists().where(
        _is_earlier(plan, before),
        before.c.contact_id == address.c.contact_id,
        before.c.channel == case(_CHANNELS, value=address.c.scheme),
    )
    return [case((went, 0), else_=1)]


def _language(plan: Plan, spoken: Sequence[str]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """What each reads: their own language or its base where it can be sent, else the fallback."""
    offered = {tag.split("-")[0]: tag for tag in reversed(plan.languages)} | {tag: tag for tag in plan.languages}
    read: Mapping[str, str] = {
        tag: offered.get(tag) or offered[tag.split("-")[0]]
        for tag in spoken
        if tag in offered or tag.split("-")[0] in offered
    }
    fallen = [tag for tag in spoken if tag not in read and tag.split("-")[0] != plan.fallback.split("-")[0]]
    fallback = literal(plan.fallback)
    language = case(dict(read), value=contacts.c.language, else_=fallback) if read else fallback
    is_fallback = case((contacts.c.language.in_(fallen), true()), else_=false()) if fallen else false()
    return language, is_fallback
