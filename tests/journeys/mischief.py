"""What goes wrong in the journeys: processes killed as by a power cut, Redis gone or empty, providers in trouble."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from redis.exceptions import RedisError

from bot.queue.connection import connect
from bot.sandbox.faults import Drop, Fault
from tests.journeys.crowd import Provider
from tests.journeys.processes import process, until


@dataclass(kw_only=True)
class Workers:
    """Worker processes, each started anew when it is killed."""

    environment: Mapping[str, str]
    stack: AsyncExitStack
    running: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self) -> None:
        worker = process("-m", "bot", "--log-level", "ERROR", "worker", environment=self.environment)
        self.running.append(await self.stack.enter_async_context(worker))

    async def kill(self, which: int) -> None:
        """End one at once with all that it has in hand, and start another."""
        killed = self.running.pop(which)
        with suppress(ProcessLookupError):
            os.killpg(killed.pid, signal.SIGKILL)
        await killed.wait()
        await self.start()


@asynccontextmanager
async def workers(count: int, environment: Mapping[str, str]) -> AsyncIterator[Workers]:
    async with AsyncExitStack() as stack:
        running = Workers(environment=environment, stack=stack)
        for _ in range(count):
            await running.start()
        yield running


@dataclass(kw_only=True)
class Mischief:
    """One trouble after the other, drawn from `randomness`: `deeds` of them, evenly over what there is to do.

    `progress` is the share of it that is done. No trouble comes before the last one is got over: a process that dies
    while it starts proves nothing.
    """

    randomness: random.Random
    workers: Workers
    provider: Provider
    redis_url: str
    progress: Callable[[], float]
    deeds: int = 8
    done: Counter[str] = field(default_factory=Counter)

    async def make(self) -> None:
        kinds = (self._kill_worker, self._kill_worker, self._kill_redis, self._empty_redis)
        for number in range(self.deeds):
            await until(partial(self._has_come_to, (number + self.randomness.random()) / (self.deeds + 1)), "progress")
            self._trouble_providers()
            await self.randomness.choice(kinds)()
        self.provider.twilio.callbacks.copies = 1

    async def _has_come_to(self, share: float) -> bool:
        return self.progress() >= share

    async def _kill_worker(self) -> None:
        self.done["workers killed"] += 1
        await self.workers.kill(self.randomness.randrange(len(self.workers.running)))

    async def _kill_redis(self) -> None:
        """Its keeper starts it again, with what its append-only file has."""
        self.done["redis killed"] += 1
        redis = connect(self.redis_url)
        try:
            number = int((await redis.info("server"))["process_id"])
            os.kill(number, signal.SIGKILL)
        except RedisError:  # not up again yet
            self.done["redis killed"] -= 1
        finally:
            await redis.aclose()

    async def _empty_redis(self) -> None:
        self.done["redis emptied"] += 1
        redis = connect(self.redis_url)
        try:
            await redis.flushall()
        except RedisError:
            self.done["redis emptied"] -= 1
        finally:
            await redis.aclose()

    def _trouble_providers(self) -> None:
        """Refusals, lost answers, silence; receipts that are lost, repeated and out of order."""
        chance, twilio, telegram = self.randomness, self.provider.twilio, self.provider.telegram
        for faults, path in ((twilio.faults, "Messages.json"), (telegram.faults, "sendMessage")):
            faults.order(Fault(times=chance.randrange(1, 6), path=path, status=429, retry_after=1))
            faults.order(Fault(times=chance.randrange(1, 4), path=path, status=503))
            faults.order(Fault(times=1, path=path, drop=chance.choice(list(Drop))))
        twilio.faults.order(Fault(times=1, path="Messages.json", delay=25))  # longer than anybody waits for an answer
        twilio.callbacks.lose += chance.randrange(10)
        twilio.callbacks.copies = chance.choice([1, 1, 2])
        twilio.callbacks.is_shuffled = chance.random() < 0.5
