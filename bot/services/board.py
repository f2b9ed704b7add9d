"""Owns the live board's figures: where everybody of a broadcast stands, by site and in total, and who needs help."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.broadcast import Broadcast, BroadcastStatus
from bot.domain.checkin import Closing, RecipientState, Safety, Source
from bot.domain.delivery import BroadcastId
from bot.domain.employer import EmployerId, Site, SiteId
from bot.domain.errors import Denied, Reason
from bot.services import access
from bot.services.access import Deed, Reader
from bot.services.broadcast_ports import Answered, Due, Tally
from bot.services.ports import Clock, Store, Unit

RECENT = timedelta(days=7)  # how long a board is listed after its broadcast ended
LISTED = 100  # boards listed at most
HELPED = 50  # names shown of those who need help; the list of people has all
PAGE = 100  # silent people on one page
PART = 1000  # people read at once for a list of all
POINTS = 40  # of the chart: more than a phone shows, fewer than a reader of its table gives up at


class Standing(StrEnum):
    """What an employer sees of one recipient's check-in: all of it (R3). Every recipient has exactly one."""

    SAFE = "safe"
    VOUCHED = "vouched"  # safe as reported by another: never the person's own answer
    HELP = "help"
    NO_ANSWER = "no_answer"
    NOT_REACHED = "not_reached"
    CLOSED = "closed"  # silent, and a person said why (R10)


_UNREACHED = frozenset(
    {RecipientState.FAILED, RecipientState.NOT_REACHED, RecipientState.EXPIRED, RecipientState.CANCELLED}
)
_EXPLAINED = frozenset({RecipientState.FAILED, RecipientState.NOT_REACHED})


def standing(*, state: RecipientState, safety: Safety | None, source: Source | None, is_closed: bool) -> Standing:
    """One's own answer first; then what a person closed it with, what others say, and how far the message came."""
    if safety is not None and source is Source.SELF:
        return Standing.SAFE if safety is Safety.SAFE else Standing.HELP
    if is_closed:
        return Standing.CLOSED
    if safety is not None:
        return Standing.VOUCHED if safety is Safety.SAFE else Standing.HELP
    return Standing.NOT_REACHED if state in _UNREACHED else Standing.NO_ANSWER


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """All that a board ever says of one recipient: what the employer's own list has, the site and the standing.

    `name` is None for who is not on that list: who joined by themselves, or has gone to another employer since.
    """

    number: int
    name: str | None
    employee_number: str | None
    phone: str | None  # the list's own: what the person writes from is nobody's to see
    site: Site | None
    standing: Standing
    closing: Closing | None
    has_written_safe: bool = False  # who needs help has since written to be safe, and not yet confirmed it


Account = tuple[RecipientState, Reason | None]  # the reason of those who failed or were not reached


def account_of(tally: Tally) -> Account:
    """The line of the account (R20) on which these are counted. A reason is told where it is why it ended."""
    return tally.state, tally.reason if tally.state in _EXPLAINED else None


def account_order(line: Account) -> tuple[int, str]:
    """From the best known to the least, each by its reason."""
    state, reason = line
    return _STATES.index(state), reason or ""


_STATES = (
    RecipientState.ANSWERED,
    RecipientState.READ,
    RecipientState.DELIVERED,
    RecipientState.SENT,
    RecipientState.WAITING,
    RecipientState.FAILED,
    RecipientState.NOT_REACHED,
    RecipientState.EXPIRED,
    RecipientState.CANCELLED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """One site's people; `site` is None for those without one."""

    site: Site | None
    counts: Mapping[Standing, int]

    @property
    def recipients(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """How many had answered by then, and what they say now."""

    at: datetime
    safe: int
    help: int

    @property
    def answered(self) -> int:
        return self.safe + self.help


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All figures of one broadcast at one moment. Two boards are equal when a reader would see the same."""

    broadcast: Broadcast
    sites: tuple[SiteRow, ...]
    account: Mapping[Account, int]
    points: tuple[Point, ...] = ()
    next_at: datetime | None = None
    helped: tuple[Person, ...] = ()
    at: datetime = field(compare=False)

    @property
    def counts(self) -> Mapping[Standing, int]:
        """In total: the sum over the sites."""
        return {one: sum(row.counts[one] for row in self.sites) for one in Standing}

    @property
    def recipients(self) -> int:
        return sum(row.recipients for row in self.sites)

    @property
    def answered(self) -> int:
        """Who spoke for themselves."""
        return sum(count for (state, _), count in self.account.items() if state is RecipientState.ANSWERED)

    @property
    def silent(self) -> int:
        """Whom a person has to close, or an answer still may: those reported by others are among them (R10)."""
        counts = self.counts
        return counts[Standing.NO_ANSWER] + counts[Standing.NOT_REACHED] + counts[Standing.VOUCHED]

    @property
    def zone(self) -> str | None:
        """The time zone that all its sites share; None where they share none."""
        return shared_zone(row.site for row in self.sites if row.site is not None)


def shared_zone(sites: Iterable[Site]) -> str | None:
    zones = {site.timezone for site in sites}
    return zones.pop() if len(zones) == 1 else None


def by_site(tallies: Iterable[Tally], sites: Iterable[Site]) -> tuple[SiteRow, ...]:
    """A row for each site that has recipients, in the order given; last those without one or whose site is gone."""
    known = {site.id: site for site in sites}
    counted: dict[SiteId | None, Counter[Standing]] = {}
    for tally in tallies:
        where = tally.site if tally.site in known else None
        stands = standing(
            state=tally.state, safety=tally.safety, source=tally.source, is_closed=tally.closing is not None
        )
        counted.setdefault(where, Counter())[stands] += tally.count
    order: list[SiteId | None] = [*known, None]
    return tuple(
        SiteRow(site=known.get(where) if where else None, counts={one: counted[where][one] for one in Standing})
        for where in order
        if where in counted
    )


def by_account(tallies: Iterable[Tally]) -> Mapping[Account, int]:
    """Each line of the account that somebody is on."""
    counted: Counter[Account] = Counter()
    for tally in tallies:
        counted[account_of(tally)] += tally.count
    return {line: counted[line] for line in sorted(counted, key=account_order)}


_STEPS = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 86_400))


def chart(answers: Sequence[Answered], begun_at: datetime | None) -> tuple[Point, ...]:
    """The answers added up over time, from the beginning to the last one, in at most POINTS even steps or so."""
    if not answers or begun_at is None:
        return ()
    span = answers[-1].at - begun_at
    step = next((one for one in _STEPS if span <= one * POINTS), max(_STEPS[-1], span / POINTS))
    points = [Point(at=begun_at, safe=0, help=0)]
    left = list(reversed(answers))
    while left:
        until, safe, help_ = points[-1].at + step, points[-1].safe, points[-1].help
        while left and left[-1].at <= until:
            one = left.pop()
            safe += one.count if one.safety is Safety.SAFE else 0
            help_ += one.count if one.safety is Safety.HELP else 0
        points.append(Point(at=until, safe=safe, help=help_))
    return tuple(points)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardDesk:
    """Reads boards for those who may; `read` is for one who has been let in."""

    store: Store
    clock: Clock

    async def broadcast(self, reader: Reader, broadcast: BroadcastId, deed: Deed = Deed.READ) -> Broadcast:
        """Raises Denied, in the same words for what is refused, what is not there and what has not begun."""
        async with self.store.look() as unit:
            stored = await unit.broadcasts.get(broadcast)
        if stored is None or not _has_account(stored):
            raise Denied(access.REFUSAL)
        access.require(reader, deed, access.of_broadcasts(stored.employer))
        return stored

    async def list(self, reader: Reader) -> Sequence[Broadcast]:
        """What is live, or ended of late; the newest first."""
        access.require(reader, Deed.READ, access.of_broadcasts(reader.employer))
        since = self.clock.now() - RECENT
        async with self.store.look() as unit:
            of = reader.employer if reader.role.is_employers else None
            found = await unit.broadcasts.of_employer(of, LISTED)
        return [one for one in found if _has_account(one) and (one.ended_at is None or one.ended_at > since)]

    async def read(self, broadcast: BroadcastId, before: Board | None = None) -> Board:
        """The board as it stands. What hangs on who stands where is not read again while that is as `before`."""
        async with self.store.look() as unit:
            stored = await unit.broadcasts.get(broadcast)
            if stored is None:
                raise Denied(access.REFUSAL)
            tallies = await unit.recipients.tally(broadcast)
            known = await sites_of(unit, stored.employer)
            sites, account = by_site(tallies, known), by_account(tallies)
            course = await unit.recipients.course(broadcast)
            helped = await unit.recipients.people(broadcast, safety=Safety.HELP, after=0, limit=HELPED)
            wrote = await unit.recipients.wrote([due.recipient.number for due in helped])
            if before is not None and before.sites == sites and before.account == account:
                points = before.points
            else:
                points = chart(await unit.recipients.answers(broadcast), stored.begun_at)
        return Board(
            broadcast=stored,
            sites=sites,
            account=account,
            points=points,
            next_at=course.next_at if stored.status is BroadcastStatus.LIVE else None,
            helped=tuple(replace(one, has_written_safe=one.number in wrote) for one in _people(helped, stored, known)),
            at=self.clock.now(),
        )

    async def silent(
        self, broadcast: Broadcast, *, site: SiteId | None, after: int
    ) -> tuple[Sequence[Person], int | None]:
        """A page of those who have not answered and are not closed, and after whom the next one begins."""
        async with self.store.look() as unit:
            found = list(await unit.recipients.silent(broadcast.id, site=site, after=after, limit=PAGE + 1))
            known = await sites_of(unit, broadcast.employer)
        page = found[:PAGE]
        return _people(page, broadcast, known), page[-1].recipient.number if len(found) > PAGE else None

    async def those(self, broadcast: Broadcast, numbers: Sequence[int]) -> Sequence[Person]:
        """Recipients of this broadcast by number; numbers of others are left out."""
        async with self.store.look() as unit:
            found = [await unit.recipients.get(number) for number in dict.fromkeys(numbers)]
            mine = {one.contact: one for one in found if one and one.contact and one.broadcast == broadcast.id}
            contacts = await unit.roster.get(list(mine))
            known = await sites_of(unit, broadcast.employer)
        due = [Due(recipient=one, contact=contacts[who]) for who, one in mine.items() if who in contacts]
        return _people(due, broadcast, known)

    async def everybody(self, broadcast: Broadcast) -> Sequence[Person]:
        """All recipients but the erased, by number; read in parts, so that no transaction holds for long."""
        found: list[Person] = []
        async with self.store.look() as unit:
            known = await sites_of(unit, broadcast.employer)
        while True:
            async with self.store.look() as unit:
                after = found[-1].number if found else 0
                part = await unit.recipients.people(broadcast.id, safety=None, after=after, limit=PART)
            if not part:
                return found
            found += _people(part, broadcast, known)


def _people(found: Iterable[Due], broadcast: Broadcast, known: Iterable[Site]) -> list[Person]:
    sites = {site.id: site for site in known}
    return [_person(due, broadcast.employer, sites) for due in found]


async def sites_of(unit: Unit, employer: EmployerId | None) -> Sequence[Site]:
    return await (unit.sites.of(employer) if employer is not None else unit.sites.all())


def _person(due: Due, employer: EmployerId | None, sites: Mapping[SiteId, Site]) -> Person:
    one, is_theirs = due.recipient, employer is None or due.contact.employer == employer
    listing = due.contact.listing if is_theirs else None
    return Person(
        number=one.number,
        name=due.contact.name_for_employer if is_theirs else None,
        employee_number=listing.employee_number if listing else None,
        phone=listing.phones[0] if listing and listing.phones else None,
        site=sites.get(one.site) if one.site else None,
        standing=standing(
            state=one.state, safety=one.safety, source=one.safety_source, is_closed=one.closed_at is not None
        ),
        closing=one.closing,
    )


def _has_account(broadcast: Broadcast) -> bool:
    return broadcast.begun_at is not None
