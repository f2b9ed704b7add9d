"""Owns Muster under measurement: web, worker and NLU server as real processes on SQLite and the embedded Redis."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.nlu.provision import Provision
from bot.queue.embedded import embedded_redis
from bot.storage.crypto import make_key
from tests.benchmarks.processes import answers, completed, started
from tests.benchmarks.provider import ACCOUNT, NUMBER, TOKEN
from tests.journeys.processes import ROOT, free_port, until

UNLIMITED = '{"sms": {"rate": 1000000, "burst": 1000000}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Muster:
    """Where Muster listens, and its processes by name."""

    webhook: str
    parse: str
    processes: Mapping[str, asyncio.subprocess.Process]

    async def stop_worker(self) -> None:
        """Let the worker finish what is in hand and end."""
        self.processes["worker"].send_signal(signal.SIGTERM)
        await self.processes["worker"].wait()


def environment_of(scratch: Path, *, port: int, redis_url: str, api_url: str, paces: str) -> dict[str, str]:
    """The settings of a deployment with keys of its own, whose SMS go to the stand-in at `api_url`."""
    return {
        "MUSTER_HOME": str(scratch / "home"),
        "MUSTER_PORT": str(port),
        "MUSTER_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "MUSTER_REDIS_URL": redis_url,
        "MUSTER_KEYS": make_key(),
        "MUSTER_TWILIO_ACCOUNT_SID": ACCOUNT,
        "MUSTER_TWILIO_AUTH_TOKEN": TOKEN,
        "MUSTER_TWILIO_API_URL": api_url,
        "MUSTER_SMS_FROM": NUMBER,
        "MUSTER_PACES": paces,
    }


@asynccontextmanager
async def muster(nlu: Provision, model: Path, scratch: Path, *, api_url: str) -> AsyncIterator[Muster]:
    """`migrate`, then `web`, one `worker` and the NLU server with `model`; their logs are in `scratch`."""
    port, nlu_port = free_port(), free_port()
    own_url, nlu_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{nlu_port}"
    async with AsyncExitStack() as stack:
        redis_url = await stack.enter_async_context(embedded_redis(scratch / "redis"))
        told = environment_of(scratch, port=port, redis_url=redis_url, api_url=api_url, paces=UNLIMITED)
        environment = {**told, "MUSTER_NLU_URL": nlu_url}
        processes = {}

        async def start(name: str, *command: str) -> None:
            running = started(*command, folder=ROOT, log=scratch / f"{name}.log", environment=environment)
            processes[name] = await stack.enter_async_context(running)

        bot = (sys.executable, "-m", "bot")
        await completed(*bot, "migrate", folder=ROOT, log=scratch / "migrate.log", environment=environment)
        server = ("-W", "ignore", "-m", "bot.nlu.server", "serve", "--model", str(model), "--port", str(nlu_port))
        await start("nlu", str(nlu.python), *server)
        await start("web", *bot, "web")
        await start("worker", *bot, "worker")
        await until(lambda: answers(f"{nlu_url}/health"), "the NLU server answers", seconds=180)
        await until(lambda: answers(f"{own_url}/health"), "web is up")
        yield Muster(webhook=f"{own_url}/channels/sms", parse=f"{nlu_url}/model/parse", processes=processes)
