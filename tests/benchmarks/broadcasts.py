"""Measures broadcasts: speed beside a bare client, pace kept, an emergency behind a queue, growth with the audience."""

import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import text

from bot.domain.broadcast import Audience, BroadcastKind, BroadcastStatus
from bot.domain.contact import Channel
from bot.services.broadcast_ports import Plan
from tests.benchmarks.deployment import Deployment, Provider, deployment, provider
from tests.benchmarks.muster import UNLIMITED
from tests.benchmarks.processes import completed
from tests.benchmarks.stock_rasa import say
from tests.databases import PostgresServer, fresh_sqlite
from tests.journeys.alarm import AUTHOR, EMPLOYER
from tests.journeys.processes import ROOT, until

HANDS = 64  # posts that the bare client has under way at once
BULK_WORDS, ALERT_WORDS = "Notice:", "The river is rising"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value beside its aim."""

    name: str
    value: str
    aim: str

    @property
    def line(self) -> str:
        return f"{self.name:44}{self.value:>44}   aim: {self.aim}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is sent: the whole takes some minutes on two cores."""

    messages: int = 4_000
    rounds: int = 3
    paced_seconds: int = 20
    queued: int = 100_000
    alerted: int = 300
    grown: tuple[int, ...] = (10_000, 100_000)
    sent: int = 10_000


async def measure(server: PostgresServer, scratch: Path, sizes: Sizes, *, workers: int) -> list[Figure]:
    """Everything, one after the other."""
    figures: list[Figure] = []

    def note(found: Iterable[Figure]) -> None:
        for figure in found:  # told as soon as they are known: the whole takes minutes
            say(f"  {figure.line}")
            figures.append(figure)

    say(f"Broadcasts: {sizes.messages} SMS, {sizes.rounds} times, beside a bare client ...")
    for name in ("postgresql", "sqlite"):
        async with _database(name, server, scratch / f"speed-{name}") as database:
            note(await speed(scratch / f"speed-{name}", database, sizes, workers=workers, name=name))
    say("Broadcasts: at a provider's pace ...")
    for rate, burst in ((80.0, 80.0), (30.0, 30.0)):  # WhatsApp and Telegram as they are
        async with server.fresh() as database:
            note(await pacing(_folder(scratch / f"pace-{rate:.0f}"), database, sizes, rate=rate, burst=burst))
    say(f"Broadcasts: an alert behind {sizes.queued} queued ...")
    async with server.fresh() as database:
        note(await emergency(_folder(scratch / "emergency"), database, sizes))
    say("Broadcasts: growing audiences ...")
    async with server.fresh() as database:
        note(await growth(_folder(scratch / "growth"), database, sizes))
    return figures


@asynccontextmanager
async def _database(name: str, server: PostgresServer, scratch: Path) -> AsyncIterator[str]:
    folder = _folder(scratch)
    if name == "sqlite":
        yield fresh_sqlite(folder / "muster.db")
        return
    async with server.fresh() as database:
        yield database


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


async def speed(scratch: Path, database: str, sizes: Sizes, *, workers: int, name: str) -> list[Figure]:
    """Messages a second to a provider without limits, and what aiohttp alone achieves, in turns."""
    ratios, speeds, bares = [], [], []
    async with provider(scratch) as outlet, deployment(scratch, database, api_url=outlet.api, paces=UNLIMITED) as bench:
        await bench.enlist(0, sizes.messages)
        await bench.start_workers(workers)
        for _ in range(sizes.rounds):
            bares.append(await _bare(outlet, scratch, sizes.messages))
            await outlet.forget()
            await bench.staff.raise_()
            await until(lambda: outlet.has_taken(sizes.messages), "all are sent", seconds=300)
            speeds.append((await outlet.taken()).per_second)
            ratios.append(speeds[-1] / bares[-1])
    value = f"{median(ratios):.2f} x ({median(speeds):.0f}/s, bare client {median(bares):.0f}/s)"
    return [Figure(name=f"broadcast, {name}, {workers} worker(s)", value=value, aim="0.8 x")]


async def _bare(outlet: Provider, scratch: Path, count: int) -> float:
    await outlet.forget()
    command = (sys.executable, "-m", "tests.benchmarks.bare_client", outlet.api, str(count), str(HANDS))
    await completed(*command, folder=ROOT, log=scratch / "bare.log", environment={})
    return (await outlet.taken()).per_second


async def pacing(scratch: Path, database: str, sizes: Sizes, *, rate: float, burst: float) -> list[Figure]:
    """The share of a provider's limit that two workers use, and how often it was exceeded, as the provider sees it."""
    paces = f'{{"sms": {{"rate": {rate}, "burst": {burst}}}}}'
    count, first = int(rate * sizes.paced_seconds), int(burst)  # what a full bucket lets out at once is no pace
    async with (
        provider(scratch, rate, burst) as outlet,
        deployment(scratch, database, api_url=outlet.api, paces=paces) as bench,
    ):
        await bench.enlist(0, count)
        await bench.start_workers(2)
        await bench.staff.raise_(is_short=True)  # of one segment, for a number's pace counts those
        await until(lambda: outlet.has_taken(count), "all are sent", seconds=180)
        taken = await outlet.taken()
    share = (count - first) / (taken.times[-1] - taken.times[first - 1]) / rate
    value = f"{share:.3f} of it, {taken.refused} violations"
    return [Figure(name=f"pacing, {rate:.0f}/s, bursts of {burst:.0f}, 2 workers", value=value, aim="0.98, none")]


async def emergency(scratch: Path, database: str, sizes: Sizes) -> list[Figure]:
    """An alert while a notice to many goes out: until its first message, and how much of the notice came between."""
    paces = '{"sms": {"rate": 100, "burst": 5}}'
    async with provider(scratch) as outlet, deployment(scratch, database, api_url=outlet.api, paces=paces) as bench:
        await bench.enlist(0, sizes.queued - sizes.alerted, group="many")
        await bench.enlist(sizes.queued, sizes.alerted, group="few")
        await bench.start_workers(2)
        await bench.staff.raise_(BroadcastKind.NOTICE, words=BULK_WORDS, is_short=True)
        await until(lambda: outlet.has_taken(200), "the notice goes out", seconds=120)
        ready = await bench.staff.prepare(audience=Audience(groups=("few",)), is_short=True)
        began = time.monotonic()
        await bench.staff.approve(ready)
        approved = time.monotonic()
        await until(lambda: outlet.has_taken(sizes.alerted, ALERT_WORDS), "the alert is out", seconds=120)
        alert, bulk = await outlet.taken(ALERT_WORDS), await outlet.taken(BULK_WORDS)
    between = sum(alert.times[0] < at < alert.times[-1] for at in bulk.times)
    return [
        Figure(
            name=f"alert behind {sizes.queued} queued: first message",
            value=f"{alert.times[0] - approved:.2f} s ({alert.times[0] - began:.2f} s from the click)",
            aim="under 1 s",
        ),
        Figure(
            name=f"  of the notice, amid the alert's {sizes.alerted}",
            value=f"{between} messages; alert at {alert.per_second:.0f}/s of 100/s",
            aim="0; replies keep their share",
        ),
    ]


async def growth(scratch: Path, database: str, sizes: Sizes) -> list[Figure]:
    """Audiences of more and more people: what entering one costs, and sending to many does to a worker."""
    figures = []
    async with provider(scratch) as outlet, deployment(scratch, database, api_url=outlet.api, paces=UNLIMITED) as bench:
        await bench.enlist(0, sizes.sent, group="sent")
        await bench.start_workers(1)
        before = bench.memory("worker 1")
        await bench.staff.raise_(audience=Audience(groups=("sent",)))
        await until(lambda: outlet.has_taken(sizes.sent), "all are sent", seconds=600)
        taken = await outlet.taken()
        tenth = sizes.sent // 10
        first, last = taken.times[tenth] - taken.times[0], taken.times[-1] - taken.times[-tenth - 1]
        figures.append(
            Figure(
                name=f"{sizes.sent} sent: first and last tenth",
                value=f"{1000 * first / tenth:.2f} and {1000 * last / tenth:.2f} ms a message",
                aim="flat",
            )
        )
        after = bench.memory("worker 1")
        figures.append(Figure(name="  memory of the worker", value=f"{before:.0f} -> {after:.0f} MB", aim="flat"))
        for size in sizes.grown:
            seconds = await _expanded(bench, size)
            value = f"{seconds:.1f} s, {1e6 * seconds / size:.0f} µs each"
            figures.append(Figure(name=f"{size} recipients entered", value=value, aim="flat"))
    return figures


async def _expanded(bench: Deployment, size: int) -> float:
    """Seconds to enter so many, who have never been counted by the database; undone afterwards."""
    async with bench.staff.engine.begin() as connection:
        for statement in _POPULATE:
            await connection.execute(text(statement), {"size": size})
    made = bench.staff.desk.new(AUTHOR, BroadcastKind.NOTICE, employer=EMPLOYER)
    plan = Plan(
        employer=EMPLOYER,
        audience=Audience(groups=(f"grown {size}",)),
        channels=(Channel.SMS,),
        languages=("en",),
        fallback="en",
        now=made.created_at,
    )
    async with bench.staff.store.transaction() as unit:
        await unit.broadcasts.add(made)
        began = time.monotonic()
        assert await unit.recipients.expand(made, plan) == size
        seconds = time.monotonic() - began
    assert made.status is BroadcastStatus.DRAFT, "nobody is sent anything"
    return seconds


_ID = "'g' || CAST(:size AS integer) || '-' || n"
_MANY = "generate_series(1, CAST(:size AS integer)) AS n"
_POPULATE = (
    f"""INSERT INTO contacts (id, language, is_language_confirmed, employer_id, site_id, last_position, sealed)
        SELECT {_ID}, 'en', false, '{EMPLOYER}', 'mill-1', 0, '' FROM {_MANY}""",
    f"""INSERT INTO addresses (id, contact_id, place, scheme, permission, sealed)
        SELECT {_ID} || '-tel', {_ID}, 0, 'tel', 'none', '' FROM {_MANY}""",
    f"INSERT INTO contact_groups (contact_id, name) SELECT {_ID}, 'grown ' || CAST(:size AS integer) FROM {_MANY}",
)


def table(figures: list[Figure], around: Mapping[str, str]) -> str:
    """The figures for a terminal."""
    head = "  ".join(f"{name}: {value}" for name, value in around.items())
    return "\n".join([head, "", *(figure.line for figure in figures)])


def as_json(figures: list[Figure], around: Mapping[str, str]) -> Mapping[str, object]:
    """The same for a program."""
    measures = [{"name": figure.name.strip(), "value": figure.value, "aim": figure.aim} for figure in figures]
    return {**around, "broadcasts": measures}
