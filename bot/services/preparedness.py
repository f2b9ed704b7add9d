"""Owns what an employer can know of its readiness: who of its list can be reached, and what its plan lacks.

All of it is counted from the employer's own list, from STOP (which the console shows, R19) and from what the deployment
can send: one person alone in a language or on a channel is one whom the employer listed so itself, so small counts tell
nothing and are not suppressed (R2). What would tell of a person's talk with us is left out altogether: addresses that
are not on the list, the language that somebody chose, WhatsApp's window, which is open only to who has just written.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.domain.broadcast import Broadcast, BroadcastKind
from bot.domain.checkin import Source
from bot.domain.contact import Channel, Contact, ContactId, Permission, Reach
from bot.domain.employer import Employer, EmployerId, Site
from bot.services.ports import Store

RECENT = 200  # broadcasts among which the last drill is looked for


class Barrier(StrEnum):
    """Why somebody cannot be reached."""

    NO_ADDRESS = "no_address"
    REFUSED = "refused"  # STOP, or blocked us
    CHANNEL_OFF = "channel_off"
    NEEDS_TEMPLATE = "needs_template"  # WhatsApp only, and outside its window there is no approved template


class Gap(StrEnum):
    """What a plan lacks."""

    NO_SITES = "no_sites"
    NO_ON_CALL = "no_on_call"
    NO_ASSEMBLY_POINT = "no_assembly_point"
    NO_CONTACT_PHONE = "no_contact_phone"
    NO_LANGUAGE = "no_language"  # of people on the list
    NOT_OFFERED = "not_offered"  # a language of the list in which nothing can be said
    NOT_REVIEWED = "not_reviewed"  # a language of the list whose texts no speaker has read (R12)
    NEVER_DRILLED = "never_drilled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One gap: at which site, or in which language of how many people."""

    gap: Gap
    site: Site | None = None
    language: str = ""
    people: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDrill:
    """The last drill that asked who is safe: how many were in it and how many answered for themselves."""

    at: datetime
    recipients: int
    answered: int


def latest_drill(
    broadcasts: Iterable[Broadcast], employer: EmployerId | None, before: datetime | None = None
) -> Broadcast | None:
    """The drill of this employer that began last, or last before then, of those that asked who is safe."""
    begun = [
        (one.begun_at, one.id, one)
        for one in broadcasts
        if one.kind is BroadcastKind.DRILL and one.asks_check_in and one.employer == employer
        if one.begun_at is not None and (before is None or one.begun_at < before)
    ]
    return max(begun)[2] if begun else None


class Drills(Protocol):
    async def last_drill(self, employer: EmployerId) -> LastDrill | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastDrills:
    """Finds the last drill among the employer's broadcasts."""

    store: Store

    async def last_drill(self, employer: EmployerId) -> LastDrill | None:
        async with self.store.look() as unit:
            drill = latest_drill(await unit.broadcasts.of_employer(employer, RECENT), employer)
            if drill is None or drill.begun_at is None:
                return None
            tallies = await unit.recipients.tally(drill.id)
        answered = sum(tally.count for tally in tallies if tally.source is Source.SELF)
        return LastDrill(at=drill.begun_at, recipients=sum(tally.count for tally in tallies), answered=answered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What this deployment can send with, and in which languages; `is_reviewed` says whether a speaker read them."""

    channels: frozenset[Channel]
    has_template: bool
    languages: tuple[str, ...]
    is_reviewed: Callable[[str], bool] = lambda language: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of how many can be reached."""

    reachable: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparedness:
    """The state of an employer's readiness. Who has left is counted nowhere."""

    total: Share
    joined: int  # of them by a code, on no list
    by_channel: Mapping[Channel, int]
    by_language: Mapping[str, Share]  # as listed; "" for who is listed without one
    by_site: Mapping[str, Share]  # site id; "" for no site
    barriers: Mapping[Barrier, int]
    lacks: tuple[Lack, ...] = ()
    last_drill: LastDrill | None = None
    by_person: Mapping[ContactId, Channel | Barrier] = field(default_factory=dict)


def known_reaches(contact: Contact) -> tuple[Reach, ...]:
    """The addresses that the employer may know of: those of its list, or the ones that somebody joined with.

    One that is listed but held by somebody else looks like any other that never was written from.
    """
    if contact.listing is None:
        return contact.reaches
    mine = {reach.address: reach for reach in contact.reaches}
    quiet = Permission.NONE
    return tuple(mine.get(address, Reach(address=address, permission=quiet)) for address in contact.listing.addresses)


def standing(contact: Contact, means: Means) -> Channel | Barrier:
    """The channel on which this person can be reached, or why they cannot."""
    reaches = known_reaches(contact)
    if not reaches:
        return Barrier.NO_ADDRESS
    open_ones = [reach.address.channel for reach in reaches if reach.is_open]
    if not open_ones:
        return Barrier.REFUSED
    on = [channel for channel in open_ones if channel in means.channels]
    if not on:
        return Barrier.CHANNEL_OFF
    ready = [channel for channel in on if channel is not Channel.WHATSAPP or means.has_template]
    return ready[0] if ready else Barrier.NEEDS_TEMPLATE


def assess(
    employer: Employer, sites: Sequence[Site], people: Iterable[Contact], means: Means, last_drill: LastDrill | None
) -> Preparedness:
    """How ready the employer is."""
    present = [contact for contact in people if contact.left_at is None]
    standings = {contact.id: standing(contact, means) for contact in present}
    listed = [contact for contact in present if contact.listing is not None]
    languages = _shares(listed, standings, lambda contact: (contact.listing.language if contact.listing else "") or "")
    return Preparedness(
        total=_share(present, standings),
        joined=len(present) - len(listed),
        by_channel=Counter(state for state in standings.values() if isinstance(state, Channel)),
        by_language=languages,
        by_site=_shares(present, standings, lambda contact: contact.site or ""),
        barriers=Counter(state for state in standings.values() if isinstance(state, Barrier)),
        lacks=tuple(_lacks(employer, sites, languages, means, last_drill)),
        last_drill=last_drill,
        by_person=standings,
    )


def _share(people: Iterable[Contact], standings: Mapping[ContactId, Channel | Barrier]) -> Share:
    states = [standings[contact.id] for contact in people]
    return Share(reachable=sum(isinstance(state, Channel) for state in states), people=len(states))


def _shares(
    people: Iterable[Contact], standings: Mapping[ContactId, Channel | Barrier], key: Callable[[Contact], str]
) -> Mapping[str, Share]:
    """By the key, the largest first."""
    apart: dict[str, list[Contact]] = {}
    for contact in people:
        apart.setdefault(key(contact), []).append(contact)
    ordered = sorted(apart.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return {name: _share(some, standings) for name, some in ordered}


def _lacks(
    employer: Employer,
    sites: Sequence[Site],
    languages: Mapping[str, Share],
    means: Means,
    last_drill: LastDrill | None,
) -> Iterable[Lack]:
    if not sites:
        yield Lack(gap=Gap.NO_SITES)
    if not employer.on_call:
        yield Lack(gap=Gap.NO_ON_CALL)
    for site in sites:
        if not site.assembly_point.strip():
            yield Lack(gap=Gap.NO_ASSEMBLY_POINT, site=site)
        if not site.contact_phone:
            yield Lack(gap=Gap.NO_CONTACT_PHONE, site=site)
    for language, share in languages.items():
        if not language:
            yield Lack(gap=Gap.NO_LANGUAGE, people=share.people)
        elif language not in means.languages:
            yield Lack(gap=Gap.NOT_OFFERED, language=language, people=share.people)
        elif not means.is_reviewed(language):
            yield Lack(gap=Gap.NOT_REVIEWED, language=language, people=share.people)
    if last_drill is None:
        yield Lack(gap=Gap.NEVER_DRILLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparednessDesk:
    """Tells an employer how ready it is."""

    store: Store
    means: Means
    drills: Drills

    async def of(self, employer: EmployerId) -> Preparedness | None:
        """None for an employer that is not known."""
        drill = await self.drills.last_drill(employer)
        async with self.store.look() as unit:
            known = await unit.sites.employer(employer)
            if known is None:
                return None
            sites, people = await unit.sites.of(employer), await unit.roster.people(employer)
        return assess(known, sites, people, self.means, drill)
