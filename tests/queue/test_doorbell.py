"""Owns the proof that every bell is answered, by one process at a time, whoever dies and whatever is emptied (R23)."""

import asyncio
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.queue.connection import connect
from bot.queue.doorbell import LANES, Doorbell, Held, LeaseLost


@pytest.fixture
def bell(redis: Redis) -> Doorbell:
    return Doorbell(redis=redis, name="inbox")


def contacts(taken: list[Held]) -> list[str]:
    return [held.contact for held in taken]


async def let_time_pass(redis: Redis, held: Held, seconds: int) -> None:
    """Make Redis believe that so much more time has gone since it gave the lease."""
    lease, stream = "{inbox}:lease:" + held.contact, f"{{inbox}}:{held.lane}"
    [pending] = await redis.xpending_range(stream, "workers", held.entry, held.entry, 1)
    idle = int(pending["time_since_delivered"]) + seconds * 1000
    await redis.pexpire(lease, await redis.pttl(lease) - seconds * 1000)
    await redis.xclaim(stream, "workers", "muster", 0, [held.entry], idle=idle, justid=True)


async def test_a_rung_contact_is_taken_once_and_leaves_nothing_behind_when_released(bell: Doorbell) -> None:
    await bell.ring("amina", "reply")
    [held] = await bell.take()
    assert (held.contact, held.lane, held.attempt) == ("amina", "reply", 1)
    assert await bell.take() == []
    assert await bell.release(held)
    assert await bell.take() == []
    assert await bell.depths() == {"emergency": 0, "reply": 0, "bulk": 0}


async def test_nothing_but_counters_and_empty_streams_stays_in_redis(bell: Doorbell, redis: Redis) -> None:
    await bell.ring_many([f"contact {n}" for n in range(600)], "bulk")
    for held in await bell.take(2000):
        await bell.ring(held.contact, "reply")
        await bell.release(held)
    for held in await bell.take(2000):
        await bell.release(held)
    assert {key async for key in redis.scan_iter()} == {"{inbox}:counters", *(f"{{inbox}}:{lane}" for lane in LANES)}
    assert set((await bell.depths()).values()) == {0}


async def test_a_contact_rung_many_times_before_anybody_comes_rings_once(bell: Doorbell) -> None:
    rung = [await bell.ring_many(["amina", "binod"], "reply") for _ in range(3)]
    assert rung == [2, 0, 0]
    assert contacts(await bell.take(10)) == ["amina", "binod"]


async def test_a_contact_rung_while_held_rings_once_more_and_only_after_the_release(bell: Doorbell) -> None:
    await bell.ring("amina", "bulk")
    [held] = await bell.take()
    for lane in ("bulk", "emergency", "reply"):
        await bell.ring("amina", lane)
    assert await bell.take() == []
    await bell.release(held)
    [again] = await bell.take(10)
    assert (again.contact, again.lane, again.attempt) == ("amina", "emergency", 1)
    await bell.release(again)
    assert await bell.take() == []


async def test_a_waiting_contact_moves_up_to_a_more_urgent_lane_and_never_down(bell: Doorbell) -> None:
    for lane in ("bulk", "emergency", "reply"):
        await bell.ring("amina", lane)
    assert await bell.depths() == {"emergency": 1, "reply": 0, "bulk": 0}
    assert [held.lane for held in await bell.take(10)] == ["emergency"]


async def test_a_trimmed_bell_does_not_keep_its_contact_from_being_rung_again(bell: Doorbell, redis: Redis) -> None:
    await bell.ring("amina", "reply")
    await redis.xtrim("{inbox}:reply", maxlen=0, approximate=False)
    await bell.ring("amina", "reply")
    assert contacts(await bell.take(10)) == ["amina"]


async def test_the_bell_of_a_holder_that_fell_silent_goes_to_another(bell: Doorbell, redis: Redis) -> None:
    await bell.ring("amina", "reply")
    [dead] = await bell.take()
    await bell.ring("amina", "reply")
    await let_time_pass(redis, dead, seconds=31)
    [heir] = await bell.take()
    assert (heir.contact, heir.attempt) == ("amina", 2)
    assert heir.fence > dead.fence
    assert not await bell.extend(dead)
    assert not await bell.release(dead)
    assert not await bell.put_back(dead)
    assert await bell.take() == []  # nothing that the stale holder does frees the contact
    assert await bell.release(heir)
    assert await bell.take() == []  # the heir came after all the news


async def test_news_for_a_holder_that_fell_silent_are_not_rung_twice(bell: Doorbell, redis: Redis) -> None:
    await bell.ring("amina", "reply")
    [dead] = await bell.take()
    await bell.ring("amina", "emergency")
    await let_time_pass(redis, dead, seconds=31)
    await bell.ring("amina", "reply")  # before anybody has noticed the death
    held = await bell.take(10)
    assert contacts(held) == ["amina"]
    await bell.release(held[0])
    late = await bell.take(10)  # one visit too many is allowed, a lost one is not
    assert len(late) <= 1
    for more in late:
        await bell.release(more)
    assert set((await bell.depths()).values()) == {0}


async def test_a_holder_that_extends_its_lease_keeps_its_contact(bell: Doorbell, redis: Redis) -> None:
    await bell.ring("amina", "reply")
    [held] = await bell.take()
    await let_time_pass(redis, held, seconds=29)
    assert await bell.extend(held)
    await let_time_pass(redis, held, seconds=29)
    assert await bell.take() == []
    assert await bell.release(held)
    assert await bell.take() == []


async def test_a_process_killed_with_a_bell_in_hand_is_replaced(url: str, redis: Redis) -> None:
    taker = (
        "import asyncio, sys\n"
        "from bot.queue.connection import connect\n"
        "from bot.queue.doorbell import Doorbell\n"
        "async def main():\n"
        "    bell = Doorbell(redis=connect(sys.argv[1]), name='inbox', lease_seconds=0.3)\n"
        "    print(await bell.take(1, 30), flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    bell = Doorbell(redis=redis, name="inbox", lease_seconds=0.3)
    await bell.ring("amina", "reply")
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", taker, url], stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        assert "amina" in await asyncio.to_thread(process.stdout.readline)
        process.kill()
    [held] = await bell.take(1, block_seconds=30)
    assert (held.contact, held.attempt) == ("amina", 2)


async def test_lanes_go_in_their_order_within_one_take(bell: Doorbell) -> None:
    for lane in reversed(LANES):
        await bell.ring_many([f"{lane} {n}" for n in range(2)], lane)
    assert [held.lane for held in await bell.take(5)] == ["emergency"] * 2 + ["reply"] * 2 + ["bulk"]


@pytest.mark.parametrize("count", [1, 3, 10])
async def test_replies_keep_their_share_of_turns_while_emergencies_wait(bell: Doorbell, count: int) -> None:
    for lane in LANES:
        await bell.ring_many([f"{lane} {n}" for n in range(200)], lane)
    seen: Counter[str] = Counter()
    while seen.total() < 120:
        seen.update(held.lane for held in await bell.take(count))
    assert seen["reply"] == seen.total() // 5
    assert seen["bulk"] == 0


async def test_nobody_waits_for_a_share_that_replies_do_not_use(bell: Doorbell) -> None:
    await bell.ring_many([f"e {n}" for n in range(20)], "emergency")
    await bell.ring_many([f"b {n}" for n in range(20)], "bulk")
    assert [held.lane for held in await bell.take(40)] == ["emergency"] * 20 + ["bulk"] * 20


async def test_a_contact_put_back_rings_again_and_counts_its_attempts(bell: Doorbell) -> None:
    await bell.ring("amina", "reply")
    for attempt in (1, 2, 3):
        [held] = await bell.take()
        assert held.attempt == attempt
        assert await bell.put_back(held)


async def test_a_contact_put_back_with_a_delay_rings_when_it_is_over_and_at_once_for_news(bell: Doorbell) -> None:
    await bell.ring_many(["amina", "binod"], "reply")
    amina, binod = await bell.take(2)
    await bell.put_back(amina, delay_seconds=0.2)
    await bell.put_back(binod, delay_seconds=3600)
    assert await bell.take(2) == []
    [held] = await bell.take(2, block_seconds=30)
    assert (held.contact, held.attempt) == ("amina", 2)
    await bell.ring("binod", "reply")
    assert [(held.contact, held.attempt) for held in await bell.take(2)] == [("binod", 1)]


async def test_a_waiting_take_is_woken_by_a_ring_also_after_redis_was_emptied(bell: Doorbell, redis: Redis) -> None:
    waiting = asyncio.create_task(bell.take(1, block_seconds=60))
    while not await blocked(redis):  # noqa: ASYNC110 (what happens in Redis can only be asked for)
        await asyncio.sleep(0)
    await redis.flushall()
    await bell.ring("amina", "bulk")
    assert contacts(await asyncio.wait_for(waiting, 30)) == ["amina"]


async def blocked(redis: Redis) -> int:
    return int((await redis.info("clients"))["blocked_clients"])


async def test_fences_grow_even_when_redis_is_emptied_between_two_leases(bell: Doorbell, redis: Redis) -> None:
    fences = []
    for _ in range(5):
        await bell.ring_many(["amina", "binod"], "reply")
        fences += sorted(held.fence for held in await bell.take(2))
        await redis.flushall()
    assert fences == sorted(set(fences))
    assert fences[-1] < 2**63  # fits a BIGINT


async def test_a_lease_lost_with_redis_is_noticed_by_its_holder(bell: Doorbell, redis: Redis) -> None:
    await bell.ring("amina", "reply")
    [held] = await bell.take()
    await redis.flushall()
    assert not await bell.extend(held)
    assert not await bell.release(held)
    await bell.ring("amina", "reply")
    assert contacts(await bell.take()) == ["amina"]


async def test_the_scripts_are_loaded_again_after_redis_forgot_them(bell: Doorbell, redis: Redis) -> None:
    await bell.ring("amina", "reply")
    await redis.script_flush()
    assert contacts(await bell.take()) == ["amina"]


async def test_holding_releases_after_success_and_rings_once_more_for_news(bell: Doorbell) -> None:
    await bell.ring("amina", "reply")
    [held] = await bell.take()
    async with bell.holding(held):
        await bell.ring("amina", "reply")
        assert await bell.take() == []
    assert contacts(await bell.take()) == ["amina"]


async def test_holding_tries_a_failed_contact_again_later(bell: Doorbell, redis: Redis) -> None:
    await bell.ring("amina", "reply")
    [held] = await bell.take()
    with pytest.raises(ZeroDivisionError):
        async with bell.holding(held):
            raise ZeroDivisionError
    assert await bell.take() == []
    assert await redis.zrange("{inbox}:later", 0, -1) == ["2 1 amina"]


async def test_holding_gives_a_cancelled_contact_back_at_once(bell: Doorbell) -> None:
    await bell.ring("amina", "reply")
    [held] = await bell.take()
    is_at_work = asyncio.Event()

    async def work() -> None:
        async with bell.holding(held):
            is_at_work.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await is_at_work.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert contacts(await bell.take()) == ["amina"]


async def test_holding_stops_the_work_when_the_lease_is_lost(redis: Redis) -> None:
    bell = Doorbell(redis=redis, name="inbox", lease_seconds=0.3)
    await bell.ring("amina", "reply")
    [held] = await bell.take()
    await redis.flushall()
    with pytest.raises(LeaseLost):
        async with bell.holding(held):
            await asyncio.Event().wait()


async def test_holding_extends_the_lease_while_the_work_lasts(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    bell = Doorbell(redis=redis, name="inbox", lease_seconds=3)
    await bell.ring("amina", "reply")
    [held] = await bell.take()
    answers: asyncio.Queue[bool] = asyncio.Queue()
    extend = bell.extend

    async def extend_and_tell(held: Held) -> bool:
        answers.put_nowait(await extend(held))
        return True

    monkeypatch.setattr(bell, "extend", extend_and_tell)
    async with bell.holding(held):
        assert await answers.get()


async def test_a_cancelled_take_gives_back_what_redis_handed_out_meanwhile(
    bell: Doorbell, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bell.ring_many(["amina", "binod"], "reply")
    is_handed_out, is_answered, script = asyncio.Event(), asyncio.Event(), bell._script

    async def answer_late(**call: Any) -> object:
        answer = await script(**call)
        is_handed_out.set()
        await is_answered.wait()
        return answer

    monkeypatch.setattr(bell, "_script", answer_late)
    task = asyncio.create_task(bell.take(2))
    await is_handed_out.wait()
    task.cancel()
    is_answered.set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert sorted(contacts(await bell.take(2))) == ["amina", "binod"]


async def test_an_absent_redis_is_waited_for_and_never_raises(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    client = connect(f"unix://{tmp_path}/nobody.sock")
    bell = Doorbell(redis=client, name="inbox")
    await bell.ring("amina", "reply")
    assert await bell.take(1, block_seconds=0.1) == []
    assert "Redis is away" in caplog.text
    assert "amina" not in caplog.text
    await client.aclose()


class Ledger:
    """Stands in for SQL: messages by contact, and the highest fence seen for each."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[int]] = defaultdict(list)
        self.handled: dict[str, list[int]] = defaultdict(list)
        self.fences: dict[str, int] = defaultdict(int)
        self.at_work: Counter[str] = Counter()
        self.most_at_once = 0

    def add(self, contact: str, number: int) -> None:
        self.waiting[contact].append(number)

    def begin(self, held: Held) -> list[int] | None:
        if held.fence <= self.fences[held.contact]:
            return None
        self.fences[held.contact] = held.fence
        return list(self.waiting[held.contact])

    def commit(self, held: Held, messages: list[int]) -> bool:
        if self.fences[held.contact] != held.fence:
            return False
        assert self.waiting[held.contact][: len(messages)] == messages
        del self.waiting[held.contact][: len(messages)]
        self.handled[held.contact] += messages
        return True

    @property
    def is_empty(self) -> bool:
        return not any(self.waiting.values())


class Town:
    """Many contacts writing and several worker processes answering, driven by one seed."""

    def __init__(self, url: str, seed: int, *, lease_seconds: float, deaths: float) -> None:
        self.random = random.Random(seed)
        self.ledger = Ledger()
        self.clients = [connect(url) for _ in range(4)]
        self.bells = [Doorbell(redis=c, name="inbox", lease_seconds=lease_seconds) for c in self.clients]
        self.deaths = deaths
        self.contacts = [f"contact {n}" for n in range(12)]
        self.counts: Counter[str] = Counter()

    async def write(self, count: int) -> None:
        for _ in range(count):
            contact = self.random.choice(self.contacts)
            self.counts["written"] += 1
            self.ledger.add(contact, self.counts["written"])
            await self.random.choice(self.bells).ring(contact, self.random.choice(LANES))

    async def work(self, bell: Doorbell) -> None:
        while not (self.is_all_written and self.ledger.is_empty):
            for held in await bell.take(self.random.randint(1, 3), block_seconds=0.1):
                await self.visit(bell, held)

    async def visit(self, bell: Doorbell, held: Held) -> None:
        ledger = self.ledger
        messages = ledger.begin(held)
        ledger.at_work[held.contact] += 1
        ledger.most_at_once = max(ledger.most_at_once, ledger.at_work[held.contact])
        for _ in range(self.random.randint(0, 5)):
            await asyncio.sleep(0)
        ledger.at_work[held.contact] -= 1
        self.counts["visits"] += 1
        if self.random.random() < self.deaths:
            self.counts["deaths"] += 1  # the process is gone: it neither commits nor releases
            return
        if messages is None or not ledger.commit(held, messages):
            self.counts["refused"] += 1
        await bell.release(held)

    async def live(self, messages: int, flushes: int = 0) -> None:
        self.is_all_written = False
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for bell in self.bells * 3:
                group.create_task(self.work(bell))
            for _ in range(flushes + 1):
                await self.write(messages // (flushes + 1))
                if flushes:
                    await self.clients[0].flushall()
                    # What SQL's tick does for those whose bells were lost.
                    await self.bells[0].ring_many([c for c, left in self.ledger.waiting.items() if left], "reply")
            self.is_all_written = True

    async def close(self) -> None:
        for client in self.clients:
            await client.aclose()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_two_processes_never_hold_one_contact_at_once_and_keep_its_order(
    url: str, redis: Redis, seed: int
) -> None:
    town = Town(url, seed, lease_seconds=60, deaths=0)
    await town.live(messages=300)
    assert town.ledger.most_at_once == 1
    assert town.counts["refused"] == 0
    assert all(done == sorted(done) for done in town.ledger.handled.values())
    assert sum(map(len, town.ledger.handled.values())) == 300
    await town.close()


@pytest.mark.parametrize("seed", [4, 5, 6])
async def test_every_message_is_handled_once_and_in_order_though_holders_die_and_redis_is_emptied(
    url: str, redis: Redis, seed: int
) -> None:
    town = Town(url, seed, lease_seconds=0.3, deaths=0.1)
    await town.live(messages=300, flushes=2)
    assert town.counts["deaths"] > 0
    assert all(done == sorted(done) for done in town.ledger.handled.values())
    assert sum(map(len, town.ledger.handled.values())) == 300
    await town.close()
