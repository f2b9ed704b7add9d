"""The NLU server under test: a real Python 3.10, a really trained model, a real process."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.nlu.provision import NoPython, Provision, default_provision
from tests.nlu_server.running import CHECKOUT, RunningServer


@pytest.fixture(scope="session")
def provision() -> Provision:
    """The checkout's NLU environment, made and trained if need be."""
    return default_provision(say=print)


@pytest.fixture(scope="session")
def model(provision: Provision) -> Path:
    """The model of the present training data."""
    try:
        return provision.ensure()
    except NoPython as problem:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(problem))


@pytest.fixture(scope="session")
def python310(provision: Provision, model: Path) -> Callable[..., Any]:
    """Runs a script with the NLU environment's interpreter and reads the JSON on its last line of output."""

    def run(script: str, *arguments: str) -> Any:
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "RASA_TELEMETRY_ENABLED": "false"}
        command = [str(provision.python), "-W", "ignore", "-c", script, *arguments]
        done = subprocess.run(
            command, env=environment, cwd=provision.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def server(provision: Provision, model: Path) -> Iterator[RunningServer]:
    """The server over the real model, shared by all tests."""
    with RunningServer.started(provision.python, model) as running:
        yield running
