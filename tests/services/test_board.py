"""The board's figures: everybody is counted once, whatever the account holds, and nobody reads it too often."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.broadcast import Broadcast, BroadcastKind
from bot.domain.checkin import Closing, RecipientState, Safety, Source
from bot.domain.delivery import BroadcastId
from bot.domain.errors import Unavailable
from bot.domain.staff import StaffId
from bot.services.board import POINTS, Board, Standing, by_account, by_site, chart, standing
from bot.services.broadcast_ports import Answered, Tally
from bot.services.watch import Lookout, Watch
from tests.services.tallies import ANY, SITES, tally
from tests.stand import NOW, StillClock

DRILL = Broadcast(
    id=BroadcastId("b1"), employer=None, kind=BroadcastKind.DRILL, author=StaffId("ana"), created_at=NOW, begun_at=NOW
)


def board(*tallies: Tally) -> Board:
    return Board(broadcast=DRILL, sites=by_site(tallies, SITES), account=by_account(tallies), at=NOW)


@given(ANY)
def test_r20_every_sum_of_the_board_is_the_recipients(tallies: list[Tally]) -> None:
    made, recipients = board(*tallies), sum(one.count for one in tallies)
    assert made.recipients == recipients
    assert sum(made.counts.values()) == recipients
    assert sum(made.account.values()) == recipients
    assert all(sum(row.counts.values()) == row.recipients > 0 for row in made.sites)


@pytest.mark.parametrize(
    ("facts", "stands"),
    [
        ({"safety": Safety.SAFE, "source": Source.SELF, "is_closed": True}, Standing.SAFE),
        ({"safety": Safety.HELP, "source": Source.SELF, "state": RecipientState.FAILED}, Standing.HELP),
        ({"safety": Safety.SAFE, "source": Source.OTHER}, Standing.VOUCHED),
        ({"safety": Safety.HELP, "source": Source.OTHER}, Standing.HELP),
        ({"safety": Safety.SAFE, "source": Source.OTHER, "is_closed": True}, Standing.CLOSED),
        ({"is_closed": True, "state": RecipientState.NOT_REACHED}, Standing.CLOSED),
        ({"state": RecipientState.WAITING}, Standing.NO_ANSWER),
        ({"state": RecipientState.READ}, Standing.NO_ANSWER),
        ({"state": RecipientState.FAILED}, Standing.NOT_REACHED),
        ({"state": RecipientState.EXPIRED}, Standing.NOT_REACHED),
        ({"state": RecipientState.CANCELLED}, Standing.NOT_REACHED),
    ],
)
def test_r10_only_ones_own_word_is_safe_and_silence_never_is(facts: dict[str, Any], stands: Standing) -> None:
    known: dict[str, Any] = {"state": RecipientState.SENT, "safety": None, "source": None, "is_closed": False}
    assert standing(**(known | facts)) is stands


def test_people_of_a_site_that_is_gone_are_counted_with_those_without_one() -> None:
    made = board(tally(2), tally(3, site="gone"), tally(4, site="north"))
    assert [(row.site.name if row.site else None, row.recipients) for row in made.sites] == [("North", 4), (None, 5)]


def test_a_board_is_the_same_when_only_time_has_passed() -> None:
    before = board(tally(2))
    assert board(tally(2)) == before
    assert board(tally(2, closing=Closing.FOUND)) != before


# --- the chart ----------------------------------------------------------------------------------------------------


def answered(*seconds: float) -> list[Answered]:
    return [Answered(at=NOW + timedelta(seconds=at), safety=Safety.SAFE, count=1) for at in sorted(seconds)]


@given(st.lists(st.floats(-60, 40 * 86_400), min_size=1, max_size=50))
def test_the_chart_ends_with_everybody_who_answered_in_few_points(seconds: list[float]) -> None:
    points = chart(answered(*seconds), NOW)
    assert points[-1].answered == len(seconds)
    assert len(points) <= POINTS + 2
    assert [point.answered for point in points] == sorted(point.answered for point in points)


def test_there_is_no_chart_before_the_first_answer() -> None:
    assert chart([], NOW) == ()
    assert chart(answered(1), None) == ()


# --- watching -----------------------------------------------------------------------------------------------------


@dataclass
class Readings:
    """Gives boards of so many people; each takes so many seconds of a stopwatch that only it moves."""

    takes: float = 0.0
    people: int = 1
    fails: bool = False
    now: float = 0.0
    count: int = 0
    rests: list[float] = field(default_factory=list)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    rested: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, broadcast: BroadcastId, before: Board | None = None) -> Board:
        self.count += 1
        self.now += self.takes
        if self.fails:
            raise Unavailable("away")
        return board(tally(self.people))

    async def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.rested.set()
        await self.turns.acquire()

    async def once_more(self) -> None:
        self.rested.clear()
        self.turns.release()
        await self.rested.wait()


def lookout(readings: Readings, clock: StillClock | None = None) -> Lookout:
    return Lookout(reader=readings, clock=clock or StillClock(), stopwatch=lambda: readings.now, rest=readings.rest)


@pytest.mark.parametrize(("takes", "rest"), [(0.0, 1.0), (0.05, 1.0), (0.5, 4.5), (20.0, 180.0)])
async def test_a_tenth_of_the_time_at_most_is_spent_reading(takes: float, rest: float) -> None:
    readings = Readings(takes=takes)
    async with lookout(readings).watching(BroadcastId("b1")):
        await readings.rested.wait()
    assert readings.rests == [pytest.approx(rest)]


async def test_three_hundred_viewers_cost_one_reading() -> None:
    readings = Readings()
    looking = lookout(readings)
    seen = await asyncio.gather(*(_first(looking, readings) for _ in range(300)))
    assert {one.recipients for one in seen} == {1}
    assert (readings.count, looking.watched) == (1, frozenset())


async def _first(looking: Lookout, readings: Readings) -> Board:
    async with looking.watching(BroadcastId("b1")) as watch:
        await watch.after(0)
        await readings.rested.wait()
        assert watch.seen is not None
        return watch.seen


async def test_viewers_are_woken_by_news_only() -> None:
    readings = Readings()
    async with lookout(readings).watching(BroadcastId("b1")) as watch:
        await readings.rested.wait()
        versions = [await _version_after(watch, readings, people) for people in (1, 1, 2, 2, 3)]
    assert [later - versions[0] for later in versions] == [0, 0, 1, 1, 2]


async def _version_after(watch: Watch, readings: Readings, people: int) -> int:
    readings.people = people
    await readings.once_more()
    return watch.version


async def test_a_lost_board_keeps_its_figures_and_since_when_and_comes_back() -> None:
    readings, clock = Readings(), StillClock()
    async with lookout(readings, clock).watching(BroadcastId("b1")) as watch:
        await readings.rested.wait()
        lost: Sequence[Any] = []
        for fails in (True, True, False):
            readings.fails = fails
            clock.pass_(timedelta(minutes=1))
            await readings.once_more()
            lost = [*lost, watch.lost_at]
        assert lost == [NOW + timedelta(minutes=1), NOW + timedelta(minutes=1), None]
        assert watch.seen is not None
