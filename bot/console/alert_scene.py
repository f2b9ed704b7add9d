"""Owns what pages show around a broadcast: whose it is, the sites and groups it may name, who did what, its figures."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.console import alert_words
from bot.console.guard import require
from bot.console.visit import reader
from bot.console.words import zone_named
from bot.domain.broadcast import Broadcast
from bot.domain.checkin import RecipientState
from bot.domain.delivery import BroadcastId
from bot.domain.employer import Employer, EmployerId, Site
from bot.domain.errors import Denied
from bot.domain.staff import StaffId
from bot.services.access import Deed, Reader, of_broadcasts
from bot.services.broadcast_ports import Tally
from bot.services.broadcasts import BroadcastDesk
from bot.services.ports import Store, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`zone` is the one of all the employer's sites, else the deployment's."""

    sites: Sequence[Site] = ()
    groups: Sequence[str] = ()
    employers: Mapping[EmployerId, Employer] = field(default_factory=dict)
    names: Mapping[StaffId, str] = field(default_factory=dict)
    zone: ZoneInfo

    def name(self, staff: StaffId | None) -> str:
        """Who it was; an account that is no more leaves a dash."""
        return self.names.get(staff, "–") if staff else "–"

    def employer_name(self, employer: EmployerId | None) -> str:
        known = self.employers.get(employer) if employer else None
        return known.name if known else ""


async def found(desk: BroadcastDesk, request: web.Request, deed: Deed = Deed.READ) -> Broadcast:
    """The broadcast of this address. What may not be read is not there; what may not be done is refused (R2)."""
    try:
        broadcast = await desk.get(reader(request), BroadcastId(request.match_info["id"]))
    except Denied:
        raise web.HTTPNotFound from None
    require(request, deed, of_broadcasts(broadcast.employer))
    return broadcast


async def around(store: Store, broadcast: Broadcast, default: ZoneInfo) -> Scene:
    """What its form and its preview name."""
    async with store.look() as unit:
        sites = await (unit.sites.of(broadcast.employer) if broadcast.employer else unit.sites.all())
        staff = {broadcast.author, broadcast.approver, *(info.reviewed_by for info in broadcast.infos.values())}
        return Scene(
            sites=sites,
            groups=await unit.roster.groups(broadcast.employer),
            employers={employer.id: employer for employer in await unit.sites.employers()},
            names=await names(unit, staff),
            zone=zone_of(sites, default),
        )


async def names(unit: Unit, staff: Iterable[StaffId | None]) -> dict[StaffId, str]:
    """The names of these accounts."""
    wanted = {one for one in staff if one}
    known = [account for one in wanted if (account := await unit.staff.get(one))]
    return {account.id: account.name for account in known}


def zone_of(sites: Iterable[Site], default: ZoneInfo) -> ZoneInfo:
    """The zone in which these sites live, if it is one; else the deployment's."""
    zones = {site.timezone for site in sites}
    return zone_named(zones.pop() if len(zones) == 1 else None, default)


def states(tally: Iterable[Tally], who: Reader) -> dict[str, int | None]:
    """How many recipients stand where, in the few words of the short status.

    An employer is told none of the parts where one is below five, or could be worked out to be (R2): the board is
    where their work needs them.
    """
    counts: Counter[RecipientState] = Counter()
    for one in tally:
        counts[one.state] += one.count
    waiting, answered = counts[RecipientState.WAITING], counts[RecipientState.ANSWERED]
    reached = sum(count for state, count in counts.items() if state.is_reached)
    parts = (waiting, answered, reached - answered, counts.total() - waiting - reached)
    is_told = all(alert_words.count_shown(part, who) is not None for part in parts)
    told: dict[str, int | None] = {"waiting": waiting, "reached": reached, "answered": answered}
    return {"all": counts.total()} | (told if is_told else dict.fromkeys(told))
