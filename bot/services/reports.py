"""Owns the after-action report: what became of every recipient of a broadcast, how fast they answered, who did what."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from bot.domain.broadcast import Broadcast
from bot.domain.checkin import Closing, RecipientState, Source
from bot.domain.contact import Channel
from bot.domain.employer import Site, SiteId
from bot.domain.staff import StaffId
from bot.services import access
from bot.services.access import Deed, Reader
from bot.services.board import Account, Standing, account_of, account_order, by_account, by_site, shared_zone, sites_of
from bot.services.broadcast_ports import Answered, Course, Tally
from bot.services.disclosure import Table, protected, whole
from bot.services.ports import Clock, Store, Unit
from bot.services.preparedness import latest_drill

SHARES = (0.5, 0.9, 0.99)  # R20's times to so many answered
MANY = 1000  # broadcasts looked through for what followed one, and for its last drill


class Read(NamedTuple):
    """The language that people were sent it in, and whether for want of their own (R12)."""

    language: str
    is_fallback: bool


Key = TypeVar("Key", Read, Channel | None, SiteId | None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long after the beginning a share had answered for themselves; None: they have not yet."""

    share: float
    of_all: timedelta | None
    of_reached: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What two broadcasts are compared by. `reached` are those whom a message came to, as far as is known."""

    broadcast: Broadcast
    recipients: int
    reached: int
    answered: int
    paces: tuple[Pace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that R20 asks for. Each table's rows add up to the recipients."""

    summary: Summary
    account: Mapping[Account, int]
    standings: Mapping[Standing, int]
    closings: Mapping[Closing, int]
    by_language: Table[Read, Account]
    by_channel: Table[Channel | None, Account]
    by_site: Table[SiteId | None, Account]
    sites: Mapping[SiteId, Site]
    course: Course
    doubts: int  # sends that may have been made twice
    author: str
    approver: str | None
    followed_by: tuple[Broadcast, ...]  # what updates or cancels it, in order
    follows: tuple[Broadcast, ...]
    drill: Summary | None  # the last one before it: beside it, never counted with it
    is_whole: bool  # nothing is hidden from this reader
    at: datetime

    @property
    def broadcast(self) -> Broadcast:
        return self.summary.broadcast

    @property
    def recipients(self) -> int:
        return self.summary.recipients

    @property
    def sends(self) -> int:
        """How often anybody was written to, in all rounds."""
        return sum(times * people for times, people in self.course.rounds.items())

    @property
    def zone(self) -> str | None:
        """The time zone that all its sites share, if they do."""
        keys = {key for line in self.by_site.lines for key in line.keys}
        return shared_zone(self.sites[key] for key in keys if key is not None)


def summary(broadcast: Broadcast, tallies: Iterable[Tally], answers: Sequence[Answered]) -> Summary:
    counted = by_account(tallies)
    reached = sum(count for (state, _), count in counted.items() if state.is_reached)
    recipients = sum(counted.values())
    return Summary(
        broadcast=broadcast,
        recipients=recipients,
        reached=reached,
        answered=sum(count for (state, _), count in counted.items() if state is RecipientState.ANSWERED),
        paces=tuple(
            Pace(
                share=share,
                of_all=time_to(share, recipients, answers, broadcast.begun_at),
                of_reached=time_to(share, reached, answers, broadcast.begun_at),
            )
            for share in SHARES
        ),
    )


def time_to(share: float, people: int, answers: Iterable[Answered], begun_at: datetime | None) -> timedelta | None:
    """How long it took until at least that share of so many people had answered."""
    if begun_at is None or not people:
        return None
    left = -(-people * round(share * 100) // 100)  # rounded up: 99 % of 60 people are all 60
    for one in answers:
        left -= one.count
        if left <= 0:
            return max(one.at - begun_at, timedelta())
    return None


def breakdown(
    tallies: Iterable[Tally], key: Callable[[Tally], Key], groups: Sequence[Sequence[Account]], *, is_whole: bool
) -> Table[Key, Account]:
    """The account by something; `is_whole` shows small counts too."""
    columns = [column for group in groups for column in group]
    counted: dict[Key, Counter[Account]] = {}
    for tally in tallies:
        counted.setdefault(key(tally), Counter())[account_of(tally)] += tally.count
    rows = sorted(counted, key=lambda row: (-counted[row].total(), str(row)))
    counts = {row: {column: counted[row][column] for column in columns} for row in rows}
    return whole(counts, columns) if is_whole else protected(counts, groups)


def as_on_the_board(account: Iterable[Account]) -> list[list[Account]]:
    """The lines of the account, grouped by what the board tells of each site: answered, not heard of, not reached."""
    lines = sorted(account, key=account_order)
    answered = [line for line in lines if line[0] is RecipientState.ANSWERED]
    reached = [line for line in lines if line not in answered and (line[0].is_reached or _waits(line))]
    return [answered, reached, [line for line in lines if line not in answered and line not in reached]]


def _waits(line: Account) -> bool:
    return line[0] is RecipientState.WAITING


def closings(tallies: Iterable[Tally]) -> Mapping[Closing, int]:
    """Of those whom a person closed, and who have not answered themselves since: how many for which reason."""
    counted: Counter[Closing] = Counter()
    for tally in tallies:
        if tally.closing is not None and not (tally.source is Source.SELF and tally.safety is not None):
            counted[tally.closing] += tally.count
    return {closing: counted[closing] for closing in Closing if counted[closing]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDesk:
    """Makes reports. For an employer small counts are hidden in what is broken down (R2).

    In total, and by site as safe, no answer and so on, the check-in board shows every count, as its work needs; by
    language, channel and how far each message came nobody's rescue does, and one could tell how a single worker writes.
    """

    store: Store
    clock: Clock

    async def list(self, reader: Reader) -> Sequence[Broadcast]:
        """Everything that has begun; the newest first."""
        access.require(reader, Deed.READ, access.of_broadcasts(reader.employer))
        async with self.store.look() as unit:
            found = await unit.broadcasts.of_employer(reader.employer if reader.role.is_employers else None, MANY)
        return [one for one in found if one.begun_at is not None]

    async def report(self, reader: Reader, broadcast: Broadcast) -> Report:
        """Raises Denied unless the reader may read the broadcast."""
        access.require(reader, Deed.READ, access.of_broadcasts(broadcast.employer))
        is_whole = not reader.role.is_employers
        async with self.store.look() as unit:
            tallies = await unit.recipients.tally(broadcast.id)
            sites = {site.id: site for site in await sites_of(unit, broadcast.employer)}
            near = await unit.broadcasts.of_employer(broadcast.employer, MANY)
            account = by_account(tallies)
            lines = [list(account)]
            by_sites = as_on_the_board(account) if broadcast.asks_check_in else lines
            standings = Counter[Standing]()
            for row in by_site(tallies, sites.values()):
                standings.update(row.counts)
            return Report(
                summary=summary(broadcast, tallies, await unit.recipients.answers(broadcast.id)),
                account=account,
                standings={one: standings[one] for one in Standing},
                closings=closings(tallies),
                by_language=breakdown(tallies, _language, lines, is_whole=is_whole),
                by_channel=breakdown(tallies, _channel, lines, is_whole=is_whole),
                by_site=breakdown(
                    tallies, lambda one: one.site if one.site in sites else None, by_sites, is_whole=is_whole
                ),
                sites=sites,
                course=await unit.recipients.course(broadcast.id),
                doubts=await unit.deliveries.doubts(broadcast.id),
                author=await _name(unit, broadcast.author) or "",
                approver=await _name(unit, broadcast.approver),
                followed_by=tuple(one for one in reversed(near) if broadcast.id in one.references and one.begun_at),
                follows=tuple(one for one in near if one.id in broadcast.references),
                drill=await _drill_before(unit, broadcast, near),
                is_whole=is_whole,
                at=self.clock.now(),
            )


async def _drill_before(unit: Unit, broadcast: Broadcast, near: Iterable[Broadcast]) -> Summary | None:
    """The employer's last drill before a broadcast that asks who is safe, too."""
    if broadcast.begun_at is None or not broadcast.asks_check_in:
        return None
    drill = latest_drill(near, broadcast.employer, broadcast.begun_at)
    if drill is None:
        return None
    return summary(drill, await unit.recipients.tally(drill.id), await unit.recipients.answers(drill.id))


async def _name(unit: Unit, staff: StaffId | None) -> str | None:
    """The staff member's name; their id where the account is gone."""
    if staff is None:
        return None
    found = await unit.staff.get(staff)
    return found.name if found is not None else staff


def _language(tally: Tally) -> Read:
    return Read(language=tally.language, is_fallback=tally.is_fallback)


def _channel(tally: Tally) -> Channel | None:
    return tally.channel
