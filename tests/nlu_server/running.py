"""A running NLU server process and a plain HTTP client for it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Reply:
    """What came back: status, JSON body, headers in lower case."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True)
class RunningServer:
    """A process that has said it is ready, its port, and the file that takes its log."""

    process: subprocess.Popen[str]
    port: int
    log: Path | None

    @classmethod
    @contextmanager
    def started(cls, python: Path, model: Path, *options: str, log: Path | None = None) -> Iterator[RunningServer]:
        """Starts a server on any free port and ends it again."""
        command = server_command(python, model, *options)
        errors: IO[str] | int = log.open("w") if log else subprocess.DEVNULL
        with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            try:
                yield cls(process, ready_port(process), log)
            finally:
                process.terminate()
                process.wait(timeout=30)
                if not isinstance(errors, int):
                    errors.close()

    def get(self, path: str) -> Reply:
        """One GET."""
        return self._request("GET", path, None)

    def post(self, path: str, body: Any) -> Reply:
        """One POST of JSON, or of bytes as they are."""
        return self._request("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode())

    def _request(self, method: str, path: str, body: bytes | None) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, json.loads(response.read()), headers)
        finally:
            connection.close()


def server_command(python: Path, model: Path, *options: str) -> list[str]:
    """The command line of a server on any free port."""
    return [str(python), "-m", "bot.nlu.server", "serve", "--model", str(model), "--port", "0", *options]


def environment() -> dict[str, str]:
    """This process's environment, with the checkout importable."""
    return {**os.environ, "PYTHONPATH": str(CHECKOUT)}


def ready_port(process: subprocess.Popen[str]) -> int:
    """Waits for the line that says where the server listens."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("ready http://127.0.0.1:"), f"the server ended early: {line!r}"
    return int(line.rsplit(":", 1)[1])
