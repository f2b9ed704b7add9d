"""Owns the NLU server as a child of `run`: provided with what it needs, started, watched, started again."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bot.log import logger
from bot.nlu.provision import CHECKOUT, ProvisionError

log = logger("nlu")

LONGEST_PAUSE = 60.0  # seconds between two starts of a server that keeps ending

STOP_SECONDS = 10.0  # for a server that is told to end; then it is killed


async def keep_running(*, port: int, say: Callable[[str], None], stop: asyncio.Event, host: str = "127.0.0.1") -> None:
    """Provide and serve until `stop`. Where no server can be had it says so in one sentence and key words answer."""
    try:
        provided = await _provide(say, stop)
    except (ProvisionError, OSError) as problem:
        say(f"Understanding by key words only: {problem}")
        return
    except Exception as error:  # whatever goes wrong there, Muster answers (R22)
        log.error("nlu_not_provided", error=error)
        say("Understanding by key words only: the NLU server could not be provided; the log says where it failed.")
        return
    if provided is None:
        return
    python, model = provided
    pause = 1.0
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        try:
            await _serve(python, model, host, port, stop)
        except OSError as error:
            log.error("nlu_not_started", error=error)
        lasted = asyncio.get_running_loop().time() - started
        pause = 1.0 if lasted > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
        if not stop.is_set():
            log.warning("nlu_ended", again_in_seconds=pause)
            await _pause(stop, pause)


async def _provide(say: Callable[[str], None], stop: asyncio.Event) -> tuple[Path, Path] | None:
    """The interpreter and the model, by a process of its own that a stop ends in the middle; None when stopped.

    Raises ProvisionError with the one sentence that says what to install.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.nlu.provision"),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    reading, stopping = asyncio.create_task(_follow(process, say)), asyncio.create_task(stop.wait())
    await asyncio.wait([reading, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if reading.done():
        return reading.result()
    reading.cancel()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # a half-made environment or model is made anew next time
    await process.wait()
    return None


async def _follow(process: asyncio.subprocess.Process, say: Callable[[str], None]) -> tuple[Path, Path]:
    """Pass the progress on, and take from its last lines what was provided."""
    assert process.stdout is not None
    assert process.stderr is not None
    provided: dict[str, Path] = {}
    async for raw in process.stdout:
        line = raw.decode(errors="replace").rstrip()
        name, _, value = line.partition(" ")
        if name in ("python", "model"):
            provided[name] = Path(value)
        else:
            say(line)
    problem = (await process.stderr.read()).decode(errors="replace").strip()
    if await process.wait() or len(provided) < 2:
        raise ProvisionError(problem or "the NLU server could not be provided")
    return provided["python"], provided["model"]


async def _serve(python: Path, model: Path, host: str, port: int, stop: asyncio.Event) -> None:
    """Run the server until it ends or `stop` is set; it dies with us, whatever kills us."""
    process = await asyncio.create_subprocess_exec(
        *(str(python), "-W", "ignore", "-m", "bot.nlu.server", "serve"),
        *("--model", str(model), "--host", host, "--port", str(port), "--die-with-parent"),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.DEVNULL,
    )
    ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not ended.done():
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(ended), STOP_SECONDS)
        if not ended.done():
            process.kill()
        await ended


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
