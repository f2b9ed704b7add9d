"""Owns whom a broadcast means and by what means it can reach them: the plan from which storage finds its recipients."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.domain.broadcast import Audience, Broadcast
from bot.domain.contact import Channel
from bot.domain.delivery import BroadcastId
from bot.domain.employer import SiteId
from bot.services.alert_areas import sites_in
from bot.services.broadcast_ports import Plan
from bot.services.forecast import Way
from bot.services.ports import Unit

NOWHERE = SiteId("")  # no site has this id: an area without sites reaches nobody


async def plan_of(unit: Unit, broadcast: Broadcast, ways: Mapping[Channel, Way], now: datetime) -> Plan:
    """How the broadcast's audience would be reached now; `ways` are the channels that are on, the preferred first."""
    return Plan(
        employer=broadcast.employer,
        audience=await _with_sites(unit, broadcast),
        earlier=await earlier_than(unit, broadcast),
        channels=tuple(ways),
        can_open=frozenset(channel for channel, way in ways.items() if way.opens),
        languages=broadcast.sendable_languages(),
        fallback=broadcast.source_language,
        overrides_opt_out=broadcast.overrides_opt_out,
        now=now,
    )


async def earlier_than(unit: Unit, broadcast: Broadcast) -> tuple[BroadcastId, ...]:
    """What its audience was sent before, the newest first: whom an update did not reach still acts on the alert."""
    earlier: list[BroadcastId] = []
    of = broadcast.audience.of
    while of is not None and of not in earlier:
        earlier.append(of)
        stored = await unit.broadcasts.get(of)
        of = stored.audience.of if stored is not None else None
    return tuple(earlier)


async def _with_sites(unit: Unit, broadcast: Broadcast) -> Audience:
    """The audience with its area as the sites that lie in it.

    An area never finds people by the location they shared: an employer could search for a worker with it (R2, R3).
    """
    audience = broadcast.audience
    if audience.area is None or not audience.area.has_shape:
        return audience
    sites = await (unit.sites.of(broadcast.employer) if broadcast.employer else unit.sites.all())
    inside = sites_in(audience.area, sites)
    chosen = tuple(site for site in inside if not audience.sites or site in audience.sites)
    return replace(audience, sites=chosen or (NOWHERE,), area=None)
