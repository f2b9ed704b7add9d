"""Runs the NLU server as a process: listens first, loads the model, dies when told to or when its parent does."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from bot.nlu.server.batching import Batcher
from bot.nlu.server.http import NluService

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

logger = logging.getLogger(__name__)


async def serve(*, model: Path, host: str, port: int, capacity: int) -> None:
    """Serves until SIGTERM or SIGINT. Raises ModelError where the archive cannot be loaded."""
    service = NluService(fingerprint=model.name.split(".")[0])
    runner = web.AppRunner(service.application(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    stop = _stop_on_signals()
    try:
        loading = asyncio.get_running_loop().run_in_executor(None, _load, model)
        service.batcher = Batcher(parse=await loading, capacity=capacity)
        batches = asyncio.ensure_future(service.batcher.run())
        print(f"ready http://{host}:{runner.addresses[0][1]}", flush=True)
        await stop.wait()
        batches.cancel()
    finally:
        await runner.cleanup()


def _load(model: Path):  # type: ignore[no-untyped-def]
    from bot.nlu.server.parser import Parser, load_processor  # imports TensorFlow: takes seconds

    parser = Parser(load_processor(model))
    parser.parse(["hello"])  # the first run is slow: let nobody wait for it
    return parser.parse


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def die_with_parent() -> None:
    """Asks the kernel for SIGTERM when the parent ends (Linux; elsewhere nothing happens).

    Exits at once where the parent has ended already.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent or parent == 1:
        sys.exit(0)
