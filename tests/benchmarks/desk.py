"""Owns the measure of the desk: how far behind the truth are many screens of a queue that changes all the time."""

import asyncio
import os
import re
import secrets
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from statistics import quantiles

import aiohttp
import asyncpg  # type: ignore[import-untyped]

from bot.clock import SystemClock
from bot.domain.case import Case, CaseId, CaseStatus, Compartment, Topic, Urgency
from bot.domain.contact import Address, Channel, ContactId, Scheme
from bot.domain.delivery import Content, Delivery, DeliveryId, DeliveryStatus
from bot.domain.message import Message, MessageId, Received
from bot.domain.staff import Role, Staff, StaffId, StaffSession, Stage
from bot.queue.connection import connect
from bot.queue.embedded import embedded_redis
from bot.queue.live import Live
from bot.services.desk_ports import conversation_topic
from bot.services.staff import hash_token
from bot.storage.crypto import Keyring
from bot.storage.migrate import migrate
from bot.storage.store import SqlStore
from tests.benchmarks.broadcasts import Figure
from tests.benchmarks.muster import UNLIMITED, environment_of
from tests.benchmarks.processes import cpu_seconds, started
from tests.databases import PostgresServer
from tests.journeys.processes import ROOT, free_port, is_up, until

NUMBER = re.compile(rb"M-B(\d{6})")
GRACE = 10.0  # seconds in which the last changes may still come


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many look, how many are read to the letter, who waits, and how much changes for how long (seconds)."""

    screens: int = 200
    read: int = 40  # of the queue's, the others are thrown away: to search them all would measure the searching
    waiting: int = 100  # as many as one screen shows
    told: int = 30  # messages and as many answers that each has behind them
    changes: int = 50  # a second
    seconds: int = 20


@dataclass(kw_only=True)
class Truth:
    """When each change was true; the one with the number n is of person n modulo `waiting`, from `first` on."""

    waiting: int
    first: int
    true_at: dict[int, float] = field(default_factory=dict)


@dataclass(kw_only=True)
class Screens:
    """Screens of one kind, and how long after the truth they showed it."""

    truth: Truth
    lags: list[float] = field(default_factory=list)
    received: int = 0  # bytes
    lists: int = 0  # whole lists sent
    is_open: int = 0

    async def look(self, session: aiohttp.ClientSession, url: str, token: str, *, reads: bool) -> None:
        """One screen, until it is cancelled."""
        mine = dict.fromkeys(range(self.truth.waiting), -1)
        rest = b""
        async with session.get(url, headers={"Cookie": f"muster={token}"}, allow_redirects=False) as stream:
            assert stream.status == 200, stream.status
            self.is_open += 1
            async for chunk in stream.content.iter_any():
                self.received += len(chunk)
                self.lists += chunk.count(b"event: rows")
                if reads:
                    self._note(rest + chunk, mine)
                    rest = chunk[-8:]  # a number that is cut in two

    def _note(self, text: bytes, mine: dict[int, int]) -> None:
        """What a screen shows of a person makes it up to date with all that came before."""
        now, waiting = time.perf_counter(), self.truth.waiting
        for number in sorted({int(found) for found in NUMBER.findall(text)}):
            person, last = number % waiting, mine[number % waiting]
            caught_up = range(last + waiting if last >= 0 else person, number + 1, waiting)
            news = (one for one in caught_up if one >= self.truth.first)
            self.lags += [max(0.0, now - self.truth.true_at.get(one, now)) for one in news]
            mine[person] = max(last, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What is measured: its data, where it listens, and the processes that serve it."""

    store: SqlStore
    url: str
    live: Live
    web: int  # process ids
    database: int

    def work(self) -> dict[str, float]:
        """Processor seconds used so far, by who used them."""
        ours = cpu_seconds()
        return {
            "web": ours[self.web],
            "database": cpu_seconds(self.database).total(),
            "screens and changes": ours[os.getpgrp()],
        }


async def measure(server: PostgresServer, scratch: Path, sizes: Sizes | None = None) -> list[Figure]:
    """Lag and work in one deployment of PostgreSQL, Redis and one web process: all at the queue, then half of them."""
    sizes = sizes or Sizes()
    async with (
        _house(server, scratch) as running,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
        ) as session,
    ):
        tokens = await _operators(running.store, sizes.screens)
        cases = await _people(running.store, sizes)
        half = sizes.screens // 2
        return [
            *await _look(running, session, cases, sizes, queue=tokens, conversation=[]),
            *await _look(running, session, cases, sizes, queue=tokens[:half], conversation=tokens[half:]),
        ]


async def _look(
    running: Running,
    session: aiohttp.ClientSession,
    cases: list[Case],
    sizes: Sizes,
    *,
    queue: list[str],
    conversation: list[str],
) -> list[Figure]:
    """Open these operators' screens, change what they show, and see when they do; each follows another conversation."""
    truth = Truth(waiting=sizes.waiting, first=int(cases[-1].number[3:]) + 1)
    lists, talks = Screens(truth=truth), Screens(truth=truth)
    talk = [
        f"{running.url}/console/desk/{cases[place % len(cases)].contact}/live" for place in range(len(conversation))
    ]
    looking = [
        asyncio.create_task(lists.look(session, f"{running.url}/console/desk/live", token, reads=place < sizes.read))
        for place, token in enumerate(queue)
    ] + [
        asyncio.create_task(talks.look(session, address, token, reads=True))
        for address, token in zip(talk, conversation, strict=True)
    ]
    await until(lambda: _holds(lists.is_open + talks.is_open == len(looking)), "every screen is open")
    await asyncio.sleep(GRACE / 2)  # the first sight of each is drawn: that is not what is measured
    before, began = running.work(), time.perf_counter()
    await _change(running, cases, truth, sizes)
    took = time.perf_counter() - began
    work = {name: spent - before[name] for name, spent in running.work().items()}
    await asyncio.sleep(GRACE)
    ended = [task for task in looking if task.done()]
    for task in looking:
        task.cancel()
    await asyncio.gather(*looking, return_exceptions=True)
    return _figures(lists, talks, sizes, took, work, screens=(len(queue), len(conversation)), cut_off=len(ended))


async def _holds(condition: bool) -> bool:
    return condition


@asynccontextmanager
async def _house(server: PostgresServer, scratch: Path) -> AsyncIterator[Running]:
    port = free_port()
    own_url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(server.fresh(is_migrated=False))
        await migrate(database)
        redis_url = await stack.enter_async_context(embedded_redis(scratch / "redis-desk"))
        redis = await stack.enter_async_context(connect(redis_url))
        told = environment_of(scratch, port=port, redis_url=redis_url, api_url="http://127.0.0.1:9", paces=UNLIMITED)
        environment = {**told, "MUSTER_DATABASE_URL": database, "MUSTER_NLU_URL": "http://127.0.0.1:9"}
        keyring = Keyring.parse(environment["MUSTER_KEYS"])
        store = await SqlStore.open(url=database, keyring=keyring, clock=SystemClock())
        stack.push_async_callback(store.close)
        command = (sys.executable, "-m", "bot", "web")
        web = await stack.enter_async_context(
            started(*command, folder=ROOT, log=scratch / "desk-web.log", environment=environment)
        )
        await until(lambda: is_up(own_url), "the web process is up")
        postmaster = await _postmaster(server)
        yield Running(store=store, url=own_url, live=Live(redis=redis), web=web.pid, database=postmaster)


async def _postmaster(server: PostgresServer) -> int:
    """The process that all of the database's processes are children of."""
    connection = await asyncpg.connect(host="127.0.0.1", port=server.port, user="postgres", database="postgres")
    try:
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        return int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])
    finally:
        await connection.close()


async def _operators(store: SqlStore, many: int) -> list[str]:
    """So many people who are signed in, by their browsers' tokens."""
    now, tokens = SystemClock().now(), []
    async with store.transaction() as unit:
        for number in range(many):
            staff = StaffId(f"operator{number}")
            person = Staff(id=staff, login=staff, name="Olga", role=Role.OPERATOR, password_hash="-", created_at=now)
            await unit.staff.add(person)
            tokens.append(secrets.token_urlsafe(32))
            await unit.staff.begin(StaffSession.begun(hash_token(tokens[-1]), staff, Stage.FULL, now))
    return tokens


_NUMBERS = count()


def _case(contact: ContactId) -> Case:
    number, now = next(_NUMBERS), SystemClock().now()
    return Case(
        id=CaseId(f"case{number}"),
        number=f"M-B{number:06}",
        contact=contact,
        topic=Topic.PERSON,
        urgency=Urgency.NORMAL,
        compartment=Compartment.GENERAL,
        opened_at=now,
        due_at=now,
    )


async def _people(store: SqlStore, sizes: Sizes) -> list[Case]:
    """Each with a case that waits and with a talk behind them."""
    cases = []
    async with store.transaction() as unit:
        for number in range(sizes.waiting):
            address = Address(scheme=Scheme.TEL, path=f"+1500556{number:04}")
            contact = await unit.contacts.meet(address, ContactId(f"contact{number}"))
            cases.append(_case(contact.id))
            await unit.cases.add(cases[-1])
            for place in range(sizes.told):
                await unit.messages.add(_message(contact.id, f"It rains since Monday, and nobody came ({place})."))
            await unit.deliveries.add([_answer(contact.id, place) for place in range(sizes.told)])
    return cases


def _message(contact: ContactId, text: str) -> Message:
    number = contact.removeprefix("contact")
    address = Address(scheme=Scheme.TEL, path=f"+1500556{number:0>4}")
    told = secrets.token_urlsafe(12)
    received = Received(channel=Channel.SMS, address=address, provider_id=told, text=text)
    now = SystemClock().now()
    return Message(id=MessageId(told), contact=contact, received=received, received_at=now, handled_at=now)


def _answer(contact: ContactId, place: int) -> Delivery:
    now, address = SystemClock().now(), Address(scheme=Scheme.TEL, path="+15005560000")
    return Delivery(
        id=DeliveryId(f"{contact}-{place}"),
        contact=contact,
        channel=Channel.SMS,
        address=address,
        content=Content(text="Somebody reads this and will write to you.", language="en"),
        origin="flow",
        status=DeliveryStatus.DELIVERED,
        created_at=now,
        due_at=now,
    )


async def _change(running: Running, cases: list[Case], truth: Truth, sizes: Sizes) -> None:
    """One conversation after the other: what was open is resolved, something new is told, and the bell rings."""
    begin = time.perf_counter()
    for place in range(sizes.changes * sizes.seconds):
        await asyncio.sleep(max(0.0, begin + place / sizes.changes - time.perf_counter()))
        old = cases[place % len(cases)]
        new = cases[place % len(cases)] = _case(old.contact)
        async with running.store.transaction(old.contact) as unit:
            await unit.cases.save(replace(old, status=CaseStatus.RESOLVED, closed_at=new.opened_at))
            await unit.cases.add(new)
            await unit.messages.add(_message(old.contact, f"The water is at {new.number}."))
        truth.true_at[int(new.number[3:])] = time.perf_counter()
        await running.live.publish(conversation_topic(old.contact), {})


def _figures(
    lists: Screens,
    talks: Screens,
    sizes: Sizes,
    took: float,
    work: Mapping[str, float],
    *,
    screens: tuple[int, int],
    cut_off: int,
) -> list[Figure]:
    changes = sizes.changes * sizes.seconds
    at_queue, in_talks = screens
    seconds_seen = took + 1.5 * GRACE
    received = (lists.received + talks.received) / 1e6 / seconds_seen
    spent = ", ".join(f"{name} {1000 * seconds / changes:.1f}" for name, seconds in work.items())
    return [
        _lag(
            f"{at_queue} queues behind {changes / took:.0f} changes a second",
            lists,
            changes * min(sizes.read, at_queue),
        ),
        *([_lag(f"{in_talks} open conversations", talks, changes * in_talks // sizes.waiting)] if in_talks else []),
        Figure(name="  screens cut off", value=str(cut_off), aim="0"),
        Figure(name="  processor ms a change", value=spent, aim="-"),
        Figure(
            name="  lists sent to each queue", value=f"{lists.lists / at_queue / seconds_seen:.1f} a second", aim="-"
        ),
        Figure(name="  sent to all screens", value=f"{received:.1f} MB a second", aim="-"),
    ]


def _lag(name: str, screens: Screens, awaited: int) -> Figure:
    """The age of the truth on these screens, and how much of it came at all."""
    cuts, shown = quantiles(screens.lags, n=100), len(screens.lags) / awaited
    took = f"p50 {cuts[49]:.2f} s, p95 {cuts[94]:.2f} s, most {max(screens.lags):.2f} s, {shown:.0%} shown"
    return Figure(name=name, value=took, aim="within 1 s, all shown")


def as_json(figures: list[Figure], around: Mapping[str, str]) -> Mapping[str, object]:
    """The figures for a program."""
    return {
        **around,
        "desk": [{"name": figure.name, "value": figure.value, "aim": figure.aim} for figure in figures],
    }
