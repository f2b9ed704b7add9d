"""Owns the measure of the desk: how far behind the truth are many screens of a queue that changes all the time."""

import asyncio
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

from bot.clock import SystemClock
from bot.domain.case import Case, CaseId, CaseStatus, Compartment, Topic, Urgency
from bot.domain.contact import Address, ContactId, Scheme
from bot.domain.staff import Role, Staff, StaffId, StaffSession, Stage
from bot.queue.embedded import embedded_redis
from bot.services.staff import hash_token
from bot.storage.crypto import Keyring
from bot.storage.migrate import migrate
from bot.storage.store import SqlStore
from tests.benchmarks.broadcasts import Figure
from tests.benchmarks.muster import UNLIMITED, environment_of
from tests.benchmarks.processes import started
from tests.databases import PostgresServer
from tests.journeys.processes import ROOT, free_port, is_up, until

NUMBER = re.compile(rb"M-B(\d{6})")
GRACE = 10.0  # seconds in which the last changes may still come


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many look, how many are read to the letter, who waits, and how much changes for how long (seconds)."""

    screens: int = 200
    read: int = 40  # the others are received and thrown away: to search them all would measure the searching
    waiting: int = 100  # as many as one screen shows
    changes: int = 50  # a second
    seconds: int = 20


@dataclass(kw_only=True)
class Screens:
    """When each change was true, and when each screen showed it."""

    waiting: int  # people: the change with the number n is one of person n modulo this
    true_at: dict[int, float] = field(default_factory=dict)
    lags: list[float] = field(default_factory=list)
    received: int = 0  # bytes
    is_open: int = 0

    async def look(self, session: aiohttp.ClientSession, url: str, token: str, *, reads: bool) -> None:
        """One screen, until it is cancelled."""
        mine = dict.fromkeys(range(self.waiting), -1)
        rest = b""
        async with session.get(url, headers={"Cookie": f"muster={token}"}, allow_redirects=False) as stream:
            assert stream.status == 200, stream.status
            self.is_open += 1
            async for chunk in stream.content.iter_any():
                self.received += len(chunk)
                if reads:
                    self._note(rest + chunk, mine)
                    rest = chunk[-8:]  # a number that is cut in two

    def _note(self, text: bytes, mine: dict[int, int]) -> None:
        """What a screen shows of a person makes it up to date with all that came before."""
        now = time.perf_counter()
        for number in sorted({int(found) for found in NUMBER.findall(text)}):
            person, last = number % self.waiting, mine[number % self.waiting]
            caught_up = range(last + self.waiting if last >= 0 else person, number + 1, self.waiting)
            self.lags += [max(0.0, now - self.true_at.get(one, now)) for one in caught_up if one >= self.waiting]
            mine[person] = max(last, number)


async def measure(server: PostgresServer, scratch: Path, sizes: Sizes | None = None) -> list[Figure]:
    """The lag of the screens in one deployment of PostgreSQL, Redis and one web process."""
    sizes = sizes or Sizes()
    async with (
        _house(server, scratch) as (store, url),
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
        ) as session,
    ):
        tokens = await _operators(store, sizes.screens)
        cases = await _people(store, sizes.waiting)
        screens = Screens(waiting=sizes.waiting)
        looking = [
            asyncio.create_task(screens.look(session, f"{url}/console/desk/live", token, reads=place < sizes.read))
            for place, token in enumerate(tokens)
        ]
        await until(lambda: _holds(screens.is_open == sizes.screens), "every screen is open")
        await _change(store, cases, screens, sizes)
        await asyncio.sleep(GRACE)
        ended = [task for task in looking if task.done()]
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
        return _figures(screens, sizes, cut_off=len(ended))


async def _holds(condition: bool) -> bool:
    return condition


@asynccontextmanager
async def _house(server: PostgresServer, scratch: Path) -> AsyncIterator[tuple[SqlStore, str]]:
    port = free_port()
    own_url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(server.fresh(is_migrated=False))
        await migrate(database)
        redis_url = await stack.enter_async_context(embedded_redis(scratch / "redis-desk"))
        told = environment_of(scratch, port=port, redis_url=redis_url, api_url="http://127.0.0.1:9", paces=UNLIMITED)
        environment = {**told, "MUSTER_DATABASE_URL": database, "MUSTER_NLU_URL": "http://127.0.0.1:9"}
        keyring = Keyring.parse(environment["MUSTER_KEYS"])
        store = await SqlStore.open(url=database, keyring=keyring, clock=SystemClock())
        stack.push_async_callback(store.close)
        command = (sys.executable, "-m", "bot", "web")
        await stack.enter_async_context(
            started(*command, folder=ROOT, log=scratch / "desk-web.log", environment=environment)
        )
        await until(lambda: is_up(own_url), "the web process is up")
        yield store, own_url


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


async def _people(store: SqlStore, many: int) -> list[Case]:
    cases = []
    async with store.transaction() as unit:
        for number in range(many):
            address = Address(scheme=Scheme.TEL, path=f"+1500556{number:04}")
            contact = await unit.contacts.meet(address, ContactId(f"contact{number}"))
            cases.append(_case(contact.id))
            await unit.cases.add(cases[-1])
    return cases


async def _change(store: SqlStore, cases: list[Case], screens: Screens, sizes: Sizes) -> None:
    """One conversation after the other: what was open is resolved, and something new is told."""
    begin = time.perf_counter()
    for place in range(sizes.changes * sizes.seconds):
        await asyncio.sleep(max(0.0, begin + place / sizes.changes - time.perf_counter()))
        old = cases[place % len(cases)]
        new = cases[place % len(cases)] = _case(old.contact)
        async with store.transaction(old.contact) as unit:
            await unit.cases.save(replace(old, status=CaseStatus.RESOLVED, closed_at=new.opened_at))
            await unit.cases.add(new)
        screens.true_at[int(new.number[3:])] = time.perf_counter()


def _figures(screens: Screens, sizes: Sizes, *, cut_off: int) -> list[Figure]:
    cuts = quantiles(screens.lags, n=100)
    changes = sizes.changes * sizes.seconds
    shown = len(screens.lags) / (changes * sizes.read)
    took = f"p50 {cuts[49]:.2f} s, p95 {cuts[94]:.2f} s, most {max(screens.lags):.2f} s"
    return [
        Figure(name=f"{sizes.screens} screens behind {sizes.changes} changes a second", value=took, aim="within 1 s"),
        Figure(name="changes that a screen has caught up with", value=f"{shown:.1%}", aim="100 %"),
        Figure(name="screens cut off", value=str(cut_off), aim="0"),
        Figure(
            name="sent to all screens",
            value=f"{screens.received / 1e6 / (sizes.seconds + GRACE):.1f} MB a second",
            aim="-",
        ),
    ]


def as_json(figures: list[Figure], around: Mapping[str, str]) -> Mapping[str, object]:
    """The figures for a program."""
    return {
        **around,
        "desk": [{"name": figure.name, "value": figure.value, "aim": figure.aim} for figure in figures],
    }
