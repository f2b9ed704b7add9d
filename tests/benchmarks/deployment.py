"""Owns the deployment whose broadcasts are measured: PostgreSQL, Redis, workers, and one employer with its people."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from bot.config import load
from bot.domain.contact import Address, Contact, ContactId, Reach, Scheme
from bot.queue.embedded import embedded_redis
from tests.benchmarks.muster import environment_of
from tests.benchmarks.processes import answers, started
from tests.journeys.alarm import CHUNK, EMPLOYER, SITE, Alarm, alarm
from tests.journeys.crowd import LONG_AGO
from tests.journeys.processes import ROOT, free_port, until


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """When a provider took messages (seconds), and how many it refused."""

    times: tuple[float, ...]
    refused: int

    @property
    def per_second(self) -> float:
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The outlet in its own process."""

    url: str

    @property
    def api(self) -> str:
        return f"{self.url}/api"

    async def taken(self, word: str = "") -> Taken:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/taken", params={"word": word}) as answer,
        ):
            found = await answer.json(content_type=None)
        return Taken(times=tuple(found["times"]), refused=found["refused"])

    async def forget(self) -> None:
        async with aiohttp.ClientSession() as session, session.post(f"{self.url}/forget"):
            return

    async def has_taken(self, count: int, word: str = "") -> bool:
        return len((await self.taken(word)).times) >= count


@asynccontextmanager
async def provider(scratch: Path, *limit: float) -> AsyncIterator[Provider]:
    """An outlet without a limit, or with one of so many messages a second, in bursts of so many."""
    port = free_port()
    command = (sys.executable, "-m", "tests.benchmarks.outlet", str(port), *map(str, limit))
    async with started(*command, folder=ROOT, log=scratch / "outlet.log", environment={}):
        url = f"http://127.0.0.1:{port}"
        await until(lambda: answers(f"{url}/taken"), "the provider is up")
        yield Provider(url=url)


@dataclass(kw_only=True)
class Deployment:
    """Muster's processes by name, and staff's desk."""

    staff: Alarm
    environment: Mapping[str, str]
    scratch: Path
    stack: AsyncExitStack
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, name: str, *command: str) -> None:
        log = self.scratch / f"{name}.log"
        running = started(sys.executable, *command, folder=ROOT, log=log, environment=self.environment)
        self.processes[name] = await self.stack.enter_async_context(running)

    async def start_workers(self, count: int) -> None:
        """Workers, up and looking for work."""
        for number in range(count):
            name = f"worker {number + 1}"
            await self.start(name, "-m", "bot", "--log-level", "WARNING", "worker")
            await until(partial(self._is_up, name), f"{name} is up")

    async def _is_up(self, name: str) -> bool:
        return "is up" in (self.scratch / f"{name}.log").read_text("utf-8", "replace")

    def memory(self, name: str) -> float:
        """Resident megabytes of a process; 0 where there is no /proc."""
        try:
            status = Path(f"/proc/{self.processes[name].pid}/status").read_text()
        except OSError:
            return 0.0
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    async def enlist(self, first: int, count: int, *, group: str = "") -> None:
        """People with a phone each, of a group if one is given."""
        await self.staff.enlist([])
        for start in range(first, first + count, CHUNK):
            async with self.staff.store.transaction() as unit:
                those = range(start, min(start + CHUNK, first + count))
                await unit.roster.add([_person(number, group) for number in those])


def _person(number: int, group: str) -> Contact:
    return Contact(
        id=ContactId(f"p{number:07d}"),
        reaches=(Reach(address=Address(scheme=Scheme.TEL, path=f"+150{number:08d}")),),
        language="en",
        employer=EMPLOYER,
        site=SITE,
        met_at=LONG_AGO,
        groups=(group,) if group else (),
    )


@asynccontextmanager
async def deployment(scratch: Path, database: str, *, api_url: str, paces: str) -> AsyncIterator[Deployment]:
    """A migrated database's deployment without workers yet."""
    async with AsyncExitStack() as stack:
        redis_url = await stack.enter_async_context(embedded_redis(scratch / "redis"))
        told = environment_of(scratch, port=free_port(), redis_url=redis_url, api_url=api_url, paces=paces)
        environment = {**told, "MUSTER_DATABASE_URL": database, "MUSTER_NLU_URL": "http://127.0.0.1:9"}
        settings = load(database_url=SecretStr(database), keys=SecretStr(environment["MUSTER_KEYS"]))
        staff = await stack.enter_async_context(alarm(settings))
        yield Deployment(staff=staff, environment=environment, scratch=scratch, stack=stack)
