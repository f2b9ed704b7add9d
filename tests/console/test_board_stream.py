"""The board's stream: what changed, a beat, and an end when the reader may see it no more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from aiohttp import ClientResponse

from bot.console import board
from bot.console.board_stream import MOST, BoardStream
from bot.domain.checkin import Safety
from bot.domain.delivery import BroadcastId
from bot.domain.errors import Unavailable
from bot.domain.staff import Role
from bot.services.board import Board, BoardDesk
from bot.services.checkins import CheckInDesk
from bot.services.watch import Lookout
from tests.console.alarm import alarmed
from tests.console.conftest import FARM, MILL, Browser, House


@dataclass
class Readings:
    """Reads boards when the test lets it, and counts."""

    desk: BoardDesk
    count: int = 0
    is_away: bool = False
    turns: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, broadcast: BroadcastId, before: Board | None = None) -> Board:
        self.count += 1
        if self.is_away:
            raise Unavailable("The database does not answer.")
        return await self.desk.read(broadcast, before)

    async def rest(self, _: float) -> None:
        try:
            await self.turns.get()
        except asyncio.CancelledError:
            self.ended.set()
            raise

    def again(self) -> None:
        self.turns.put_nowait(None)


@dataclass
class Stream:
    """A stream as a browser reads it."""

    answer: ClientResponse

    async def event(self) -> tuple[str, str]:
        """The next event: its name and its text."""
        lines: list[str] = []
        async with asyncio.timeout(10):
            while line := (await self.answer.content.readline()).decode().rstrip("\r\n"):
                lines.append(line)
        name = next(line.removeprefix("event: ") for line in lines if line.startswith("event: "))
        return name, "\n".join(line.removeprefix("data: ") for line in lines if line.startswith("data: "))

    async def until_beat(self) -> dict[str, str]:
        """All events up to the next beat, with it."""
        found: dict[str, str] = {}
        while "beat" not in found:
            name, text = await self.event()
            found[name] = text
        return found

    async def is_over(self) -> bool:
        async with asyncio.timeout(10):
            await self.answer.content.read()
        return self.answer.content.at_eof()


@dataclass
class Scene:
    house: House
    readings: Readings
    lookout: Lookout
    stream: BoardStream

    @asynccontextmanager
    async def watching(self, browser: Browser, broadcast: str) -> AsyncIterator[Stream]:
        headers = {"Accept": "text/event-stream"}
        async with browser.client.get(f"/console/board/{broadcast}/live", headers=headers) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/event-stream"
            yield Stream(answer)


@pytest.fixture
def scene(house: House) -> Scene:
    desk = BoardDesk(store=house.store, clock=house.clock)
    readings = Readings(desk)
    lookout = Lookout(reader=readings, clock=house.clock, rest=readings.rest)
    stream = BoardStream(lookout=lookout, staff=house.desk, clock=house.clock, beat_seconds=5)
    check_ins = CheckInDesk(store=house.store, clock=house.clock, region="BR")
    house.pages += board.routes(desk=desk, check_ins=check_ins, stream=stream, clock=house.clock, hotline="190")
    return Scene(house, readings, lookout, stream)


async def test_a_new_viewer_gets_every_part_and_then_only_what_changed(house: House, scene: Scene) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    one, *_ = await alarm.numbers()
    async with scene.watching(browser, alarm.id) as stream:
        assert set(await stream.until_beat()) == {"figures", "helped", "sites", "account", "answers", "beat"}

        await alarm.answers(one, safety=Safety.HELP)
        scene.readings.again()
        changed = await stream.until_beat()
        assert "Worker 0000" in changed["helped"]
        assert set(changed) == {"figures", "helped", "sites", "account", "answers", "beat"}

        await alarm.sent(*(await alarm.numbers())[1:])
        scene.readings.again()
        assert set(await stream.until_beat()) == {"account", "beat"}


async def test_one_account_opens_no_more_streams_than_a_person_looks_at(house: House, scene: Scene) -> None:
    browser, other, alarm = await house.author(), await house.approver(), await alarmed(house.store)
    async with AsyncExitStack() as streams:
        for _ in range(MOST):
            await streams.enter_async_context(scene.watching(browser, alarm.id))
        refused = await browser.get(f"/console/board/{alarm.id}/live", headers={"Accept": "text/event-stream"})
        assert refused.status == 429
        async with scene.watching(other, alarm.id) as theirs:
            assert "beat" in await theirs.until_beat()
    async with asyncio.timeout(10):
        await scene.readings.ended.wait()
    async with scene.watching(browser, alarm.id) as again:
        assert "beat" in await again.until_beat()


async def test_what_has_not_changed_is_not_sent_but_a_beat_is(house: House, scene: Scene) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    scene.stream.beat_seconds = 0.01
    async with scene.watching(browser, alarm.id) as stream:
        await stream.until_beat()
        scene.readings.again()
        for _ in range(3):
            assert (await stream.event())[0] == "beat"


async def test_many_viewers_cost_one_reading(house: House, scene: Scene) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    async with scene.watching(browser, alarm.id) as first, scene.watching(browser, alarm.id) as second:
        await asyncio.gather(first.until_beat(), second.until_beat())
        before = scene.readings.count
        await alarm.answers((await alarm.numbers())[0])
        scene.readings.again()
        seen = await asyncio.gather(first.until_beat(), second.until_beat())
        assert [set(one) for one in seen] == [{"figures", "sites", "account", "answers", "beat"}] * 2
    assert (before, scene.readings.count) == (1, 2)


async def test_it_says_since_when_it_is_not_live_and_catches_up(house: House, scene: Scene) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    async with scene.watching(browser, alarm.id) as stream:
        await stream.until_beat()
        scene.readings.is_away = True
        house.clock.pass_(timedelta(minutes=3))
        scene.readings.again()
        assert "Not live since 6 May 2026, 12:03" in (await stream.until_beat())["beat"]

        scene.readings.is_away = False
        await alarm.answers((await alarm.numbers())[0])
        scene.readings.again()
        back = await stream.until_beat()
        assert "Not live" not in back["beat"]
        assert "<strong>1</strong> Safe" in back["figures"]


async def test_the_stream_ends_with_the_readers_session(house: House, scene: Scene) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    scene.stream.beat_seconds = 0.01
    async with scene.watching(browser, alarm.id) as stream:
        await stream.until_beat()
        house.clock.pass_(timedelta(minutes=31))  # nobody did anything: watching is not doing
        assert await stream.is_over()
    answer = await browser.get(f"/console/board/{alarm.id}/live", headers={"Accept": "text/event-stream"})
    assert answer.status == 401


async def test_the_stream_ends_when_the_server_stops(house: House, scene: Scene) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    async with scene.watching(browser, alarm.id) as stream:
        await stream.until_beat()
        await scene.lookout.close()
        assert await stream.is_over()


async def test_nobody_reads_a_board_that_nobody_watches(house: House, scene: Scene) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    scene.stream.beat_seconds = 0.01
    async with scene.watching(browser, alarm.id) as stream:
        await stream.until_beat()
    async with asyncio.timeout(10):
        await scene.readings.ended.wait()
    assert scene.lookout.watched == frozenset()
    scene.readings.again()
    assert scene.readings.count == 1


async def test_readers_of_two_languages_each_get_theirs(house: House, scene: Scene) -> None:
    alarm = await alarmed(house.store)
    ana = await house.author()
    amal = await house.signed_in("amal", Role.AUTHOR, FARM, languages=("ar",))
    async with scene.watching(ana, alarm.id) as first, scene.watching(amal, alarm.id) as second:
        english, arabic = await asyncio.gather(first.until_beat(), second.until_beat())
    assert "Waiting to be sent" in english["account"]
    assert "تنتظر الإرسال" in arabic["account"]


async def test_names_go_only_to_those_who_may_see_them(house: House, scene: Scene) -> None:
    alarm = await alarmed(house.store)
    await alarm.answers((await alarm.numbers())[0], safety=Safety.HELP)
    ana, olga = await house.author(), await house.signed_in("olga", Role.OPERATOR)
    async with scene.watching(ana, alarm.id) as first, scene.watching(olga, alarm.id) as second:
        theirs, ours = await asyncio.gather(first.until_beat(), second.until_beat())
    assert "Worker 0000" in theirs["helped"]
    assert not any("Worker" in text for text in ours.values())


async def test_who_may_see_it_no_more_is_shown_no_more(house: House, scene: Scene) -> None:
    browser, alarm = await house.author(), await alarmed(house.store)
    scene.stream.beat_seconds = 0.01
    async with scene.watching(browser, alarm.id) as stream:
        await stream.until_beat()
        async with house.store.transaction() as unit:
            ana = next(one for one in await unit.staff.all() if one.login == "ana")
            await unit.sites.put(MILL, [])
            await unit.staff.save(replace(ana, employer=MILL.id))
        house.clock.pass_(timedelta(seconds=31))
        assert await stream.is_over()
