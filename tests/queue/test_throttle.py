"""Owns the proof that no provider's limit is broken and that urgent messages go first, in a time of its own."""

import heapq
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.queue.connection import connect
from bot.queue.doorbell import LANES
from bot.queue.throttle import Pace, Throttle

SENDER = "sms:+10000000000"


@dataclass
class Clock:
    """A time that only the test moves."""

    ms: float = 1_800_000_000_000.0

    def __call__(self) -> float:
        return self.ms

    def move(self, seconds: float) -> None:
        self.ms += seconds * 1000


@dataclass
class Client:
    """One sending task: asks for one message after another, as soon as the last one went out."""

    throttle: Throttle
    lane: str
    messages: int
    starts: float = 0.0
    cost: float = 1.0
    sender: str = SENDER
    waits: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Sent:
    at: float  # seconds since the beginning
    lane: str


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def processes(url: str, redis: Redis) -> AsyncIterator[list[Redis]]:
    """Four processes' own clients."""
    clients = [connect(url) for _ in range(4)]
    yield clients
    for client in clients:
        await client.aclose()


@pytest.fixture
def throttles(processes: list[Redis], clock: Clock) -> Callable[[Pace], list[Throttle]]:
    return lambda pace: [Throttle(redis=client, paces={SENDER: pace}, clock=clock) for client in processes]


async def simulate(clients: list[Client], clock: Clock, seconds: float, latest: float = 0.0) -> list[Sent]:
    """Let every client ask when it was told to, up to `latest` seconds late, for that many virtual seconds."""
    begin, order, chance, numbers = clock.ms, count(), random.Random(7), count()
    agenda = [(client.starts, next(order), client, client.messages, f"address {next(numbers)}") for client in clients]
    heapq.heapify(agenda)
    sent: list[Sent] = []
    while agenda and agenda[0][0] <= seconds:
        at, _, client, left, address = heapq.heappop(agenda)
        clock.ms = begin + at * 1000
        wait = await client.throttle.acquire(client.sender, client.lane, address, cost=client.cost)
        client.waits.append(wait)
        if wait:
            heapq.heappush(agenda, (at + wait + chance.uniform(0, latest), next(order), client, left, address))
            continue
        sent.append(Sent(at, client.lane))
        if left > 1:
            heapq.heappush(agenda, (at, next(order), client, left - 1, f"address {next(numbers)}"))
    clock.ms = begin + seconds * 1000
    return sent


def busiest_second(sent: list[Sent]) -> int:
    times = [one.at for one in sent]
    return max(sum(1 for at in times if start <= at < start + 1) for start in times)


def lanes_of(sent: list[Sent]) -> Iterator[str]:
    return (one.lane for one in sent)


@pytest.mark.parametrize("lane", LANES)
async def test_four_processes_together_use_the_whole_rate_and_never_more(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock, lane: str
) -> None:
    clients = [Client(throttle, lane, 10**6) for throttle in throttles(Pace(rate=80, burst=8)) for _ in range(3)]
    sent = await simulate(clients, clock, seconds=10, latest=0.02)
    assert 0.98 * 800 <= len(sent) <= 800 + 8
    assert busiest_second(sent) <= 80 + 8


async def test_a_sender_of_one_message_a_second_keeps_its_rate(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    clients = [Client(throttle, "bulk", 10**6) for throttle in throttles(Pace(rate=1)) for _ in range(8)]
    sent = await simulate(clients, clock, seconds=100)
    assert 98 <= len(sent) <= 101
    assert busiest_second(sent) <= 2  # one and the burst of one


async def test_those_who_wait_are_told_different_times_so_that_few_ask_in_vain(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    clients = [Client(throttle, "bulk", 10**6) for throttle in throttles(Pace(rate=40, burst=4)) for _ in range(8)]
    sent = await simulate(clients, clock, seconds=10, latest=0.01)
    assert sum(len(client.waits) for client in clients) < 4 * len(sent)


async def test_a_new_bucket_begins_without_a_burst_and_fills_up_to_it(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    throttle = throttles(Pace(rate=10, burst=5))[0]
    assert await throttle.acquire(SENDER, "reply", "a") == pytest.approx(0.1)
    clock.move(60)
    answers = [await throttle.acquire(SENDER, "reply", f"b{n}") for n in range(6)]
    assert answers == [0, 0, 0, 0, 0, pytest.approx(0.1)]


async def test_emptying_redis_lets_no_burst_through(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock, redis: Redis
) -> None:
    clients = [Client(throttle, "bulk", 10**6) for throttle in throttles(Pace(rate=20, burst=20))]
    await simulate(clients, clock, seconds=2)
    clock.move(60)
    await redis.flushall()
    assert len(await simulate(clients, clock, seconds=1)) <= 20


async def test_all_emergencies_go_before_any_bulk(throttles: Callable[[Pace], list[Throttle]], clock: Clock) -> None:
    several = throttles(Pace(rate=50, burst=5))
    bulk = [Client(throttle, "bulk", 10**6) for throttle in several for _ in range(3)]
    emergency = [Client(throttle, "emergency", 30, starts=5) for throttle in several]
    sent = list(lanes_of(await simulate(bulk + emergency, clock, seconds=12, latest=0.02)))
    first = sent.index("emergency")
    assert sent[first : first + 120] == ["emergency"] * 120
    assert sent.count("bulk") >= 0.98 * (12 * 50 - 120)


async def test_a_reply_goes_before_all_bulk_that_waits(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    several = throttles(Pace(rate=1))
    bulk = [Client(throttle, "bulk", 10**6) for throttle in several]
    reply = Client(several[0], "reply", 1, starts=10.5)
    sent = await simulate([*bulk, reply], clock, seconds=20)
    after = [one for one in sent if one.at >= 10.5]
    assert after[0].lane == "reply"


async def test_replies_keep_their_share_while_emergencies_would_use_it_all(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    several = throttles(Pace(rate=50, burst=5))
    clients = [Client(throttle, lane, 10**6) for throttle in several for lane in LANES]
    sent = await simulate(clients, clock, seconds=8, latest=0.02)
    share = Counter(lanes_of(sent))
    assert share["reply"] / len(sent) == pytest.approx(0.2, abs=0.02)
    assert share["bulk"] == 0
    assert len(sent) >= 0.98 * 400


async def test_a_single_waiting_reply_gets_its_share_among_many_emergencies(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    several = throttles(Pace(rate=50, burst=5))
    emergencies = [Client(throttle, "emergency", 10**6) for throttle in several for _ in range(5)]
    sent = await simulate([*emergencies, Client(several[0], "reply", 10**6)], clock, seconds=8, latest=0.02)
    assert Counter(lanes_of(sent))["reply"] / len(sent) == pytest.approx(0.2, abs=0.02)


async def test_a_share_is_kept_with_a_sender_of_one_message_a_second(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    clients = [Client(t, lane, 10**6) for t in throttles(Pace(rate=1)) for lane in ("emergency", "reply")]
    sent = Counter(lanes_of(await simulate(clients, clock, seconds=100)))
    assert sent["reply"] == pytest.approx(20, abs=1)
    assert sent.total() >= 98


async def test_a_message_of_several_segments_costs_as_many_tokens(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    clients = [Client(throttle, "bulk", 10**6, cost=3) for throttle in throttles(Pace(rate=30, burst=3))]
    assert len(await simulate(clients, clock, seconds=10)) == pytest.approx(100, abs=2)


async def test_a_message_dearer_than_a_full_bucket_goes_out_and_is_paid_for_afterwards(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    throttle = throttles(Pace(rate=1, burst=1))[0]
    await throttle.acquire(SENDER, "reply", "a", cost=4)
    clock.move(1)
    assert await throttle.acquire(SENDER, "reply", "a", cost=4) == 0
    sent = await simulate([Client(throttle, "bulk", 10**6)], clock, seconds=10)
    assert [round(one.at) for one in sent][:2] == [4, 5]


async def test_a_hold_stops_every_lane_of_that_sender_only_and_is_never_shortened(processes: list[Redis]) -> None:
    clock, pace = Clock(), Pace(rate=100, burst=100)
    first, second = (Throttle(redis=c, paces={SENDER: pace, "bot": pace}, clock=clock) for c in processes[:2])
    await first.acquire(SENDER, "bulk", "a")
    await first.acquire("bot", "bulk", "a")
    clock.move(10)
    await first.hold(SENDER, 30)
    await second.hold(SENDER, 5)
    assert [await second.acquire(SENDER, lane, lane) for lane in LANES] == [30, 30, 30]
    assert await second.acquire("bot", "bulk", "a") == 0
    clock.move(30)
    assert [await second.acquire(SENDER, lane, lane) for lane in LANES] == [0, 0, 0]


async def test_a_hold_on_one_address_lets_the_others_be_written_to(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    throttle = throttles(Pace(rate=100, burst=100))[0]
    await throttle.acquire(SENDER, "reply", "amina")
    clock.move(1)
    await throttle.hold(SENDER, 7, "amina")
    assert await throttle.acquire(SENDER, "reply", "amina") == 7
    assert await throttle.acquire(SENDER, "reply", "binod") == 0


async def test_one_address_is_written_to_at_its_own_pace_and_delays_nobody_else(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    first, second, *_ = throttles(Pace(rate=80, burst=80, address_seconds=6))
    await first.acquire(SENDER, "reply", "amina")
    clock.move(60)
    assert await first.acquire(SENDER, "emergency", "amina") == 0
    assert await second.acquire(SENDER, "emergency", "amina") == 6
    clock.move(2)
    assert await second.acquire(SENDER, "emergency", "amina") == 4
    assert await second.acquire(SENDER, "bulk", "binod") == 0
    clock.move(4)
    assert await second.acquire(SENDER, "emergency", "amina") == 0


async def test_who_waits_for_an_address_does_not_keep_others_from_the_tokens(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    throttle = throttles(Pace(rate=10))[0]
    wait = await throttle.acquire(SENDER, "emergency", "amina")
    clock.move(wait)
    await throttle.hold(SENDER, 30, "amina")
    assert await throttle.acquire(SENDER, "emergency", "amina") == 30
    assert await throttle.acquire(SENDER, "bulk", "binod") == 0


async def test_a_process_that_dies_while_it_waits_delays_others_for_little_more_than_a_second(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock
) -> None:
    dead, living, *_ = throttles(Pace(rate=100, burst=1))
    for n in range(500):
        await dead.acquire(SENDER, "emergency", f"address {n}")
    sent = await simulate([Client(living, "bulk", 10**6)], clock, seconds=3)
    assert len(sent) >= 100


async def test_no_address_is_written_to_redis(
    throttles: Callable[[Pace], list[Throttle]], clock: Clock, redis: Redis
) -> None:
    throttle = throttles(Pace(rate=1, address_seconds=6))[0]
    for _ in range(3):
        await throttle.acquire(SENDER, "reply", "tel:+5511999990000")
        clock.move(1)
    names = [key async for key in redis.scan_iter()]
    waiting = [member for key in names if key.endswith(LANES) for member in await redis.zrange(key, 0, -1)]
    assert names
    assert "5511999990000" not in "".join(names + waiting)


async def test_a_sender_without_a_pace_never_waits(processes: list[Redis]) -> None:
    throttle = Throttle(redis=processes[0], paces={})
    assert [await throttle.acquire("webchat", "bulk", "a") for _ in range(100)] == [0] * 100


async def test_without_a_clock_the_time_of_redis_fills_the_bucket(processes: list[Redis]) -> None:
    throttle = Throttle(redis=processes[0], paces={SENDER: Pace(rate=200, burst=2)})
    waits = [await throttle.acquire(SENDER, "reply", "a")]
    while waits[-1]:
        waits.append(await throttle.acquire(SENDER, "reply", "a"))
    assert 0 < waits[0] <= 0.005


async def test_while_redis_is_away_nobody_sends(tmp_path: Path) -> None:
    client = connect(f"unix://{tmp_path}/nobody.sock")
    throttle = Throttle(redis=client, paces={SENDER: Pace(rate=200)})
    await throttle.hold(SENDER, 5)
    assert await throttle.acquire(SENDER, "emergency", "a") > 0
    await client.aclose()
