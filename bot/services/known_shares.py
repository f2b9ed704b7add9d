"""Owns the forecast's counts as an employer may have them: of what its own list says, never of how people write to us.

The true counts would tell of a single worker, to whoever compares two audiences that differ by one: which language they
chose, on which channel they wrote last, and (WhatsApp's window) that they wrote within a day (R2).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from bot.domain.contact import Channel, Contact, ContactId, Permission
from bot.domain.employer import EmployerId
from bot.domain.errors import Reason
from bot.i18n import base
from bot.services.broadcast_ports import Plan, Share
from bot.services.preparedness import Barrier, Means, standing

_REASONS = {
    Barrier.NO_ADDRESS: Reason.NO_ADDRESS,
    Barrier.REFUSED: Reason.OPTED_OUT,
    Barrier.CHANNEL_OFF: Reason.CHANNEL_OFF,
    Barrier.NEEDS_TEMPLATE: Reason.OUTSIDE_WINDOW,
}


def known_shares(plan: Plan, people: Iterable[Contact], written_to: Collection[ContactId] = ()) -> Sequence[Share]:
    """How these people would be reached as far as the list of the plan's employer tells.

    `written_to` are those to whom a broadcast of its own went: whoever only wrote to us counts as new to us.
    """
    means = Means(
        channels=frozenset(plan.channels), has_template=Channel.WHATSAPP in plan.can_open, languages=plan.languages
    )
    alike = Counter(replace(_share(plan, one, means), is_new=one.id not in written_to) for one in people)
    return [replace(share, count=count) for share, count in alike.items()]


def _share(plan: Plan, contact: Contact, means: Means) -> Share:
    mine = contact if contact.employer == plan.employer else _forgotten(contact, plan.employer)
    state = standing(_forced(mine) if plan.overrides_opt_out else mine, means)
    spoken = mine.listing.language if mine.listing else None
    language = _read(plan, spoken)
    is_fallback = spoken is not None and language is None and base(spoken) != base(plan.fallback)
    return Share(
        channel=state if isinstance(state, Channel) else None,
        reason=_REASONS[state] if isinstance(state, Barrier) else None,
        own_language=spoken,
        language=language or plan.fallback,
        is_fallback=is_fallback,
        opens_window=state is Channel.WHATSAPP,
        count=1,
    )


def _forced(contact: Contact) -> Contact:
    """As somebody who never said STOP."""
    return replace(contact, reaches=tuple(replace(one, permission=Permission.NONE) for one in contact.reaches))


def _forgotten(contact: Contact, employer: EmployerId | None) -> Contact:
    """Somebody who has gone to another employer since: what that one's list says is not this one's to know."""
    return replace(contact, employer=employer, listing=None)


def _read(plan: Plan, spoken: str | None) -> str | None:
    """The language of the broadcast that a reader of this one gets, if it is theirs."""
    if spoken is None:
        return None
    if spoken in plan.languages:
        return spoken
    return next((tag for tag in plan.languages if base(tag) == base(spoken)), None)
