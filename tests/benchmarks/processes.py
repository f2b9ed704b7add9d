"""Owns the processes under measurement: started with a log file, timed, ended with all their children."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp


@asynccontextmanager
async def started(
    *command: str, folder: Path, log: Path, environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process group in `folder`, whose words go to `log`; killed at the end if it still runs."""
    with log.open("ab") as words:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env={**os.environ, **environment},
            start_new_session=True,
            stdout=words,
            stderr=words,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def completed(*command: str, folder: Path, log: Path, environment: Mapping[str, str]) -> None:
    """Run to the end; raises RuntimeError with the last words of the log where the process failed."""
    async with started(*command, folder=folder, log=log, environment=environment) as process:
        if await process.wait():
            raise RuntimeError(f"{command[:4]} failed:\n{log.read_text(errors='replace')[-3000:]}")


async def answers(url: str) -> bool:
    """Whether a GET of the address is answered with 200."""
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, OSError):
        return False


def cpu_seconds(root: int | None = None) -> Counter[int]:
    """Processor seconds used so far by `root` (us) and its descendants, by process group; empty without a /proc."""
    first = os.getpid() if root is None else root
    return sum((_group_time(pid) for pid in (first, *_descendants(first))), Counter[int]())


def _descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # a thread that ends while we look
            for child in map(int, task.read_text().split()):
                found += [child, *_descendants(child)]
    return found


def _group_time(pid: int) -> Counter[int]:
    """One process: its group and its own time (proc(5), fields 5, 14 and 15)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return Counter()
    ticks = sum(map(int, fields[11:13]))
    return Counter({int(fields[2]): ticks / os.sysconf("SC_CLK_TCK")})  # type: ignore[dict-item]
