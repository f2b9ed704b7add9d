"""The commands as a shell sees them: exit codes, problems by line on standard error, replies on standard output."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot import __main__ as commands
from bot import administration, run
from bot.domain.errors import ConfigurationError, Unavailable
from bot.queue.embedded import EmbeddedRedisError

ROOT = Path(__file__).resolve().parent.parent
WORDS = "my boss beats me"


def muster(*arguments: str, stdin: bytes = b"", **settings: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        input=stdin, capture_output=True, cwd=ROOT, timeout=240, check=False,
        env={**os.environ, "MUSTER_NLU_URL": "http://127.0.0.1:9", **settings},
    )  # fmt: skip


def told(capsys: Any, *arguments: str) -> tuple[int, list[str]]:
    code = commands.main(["--log-level", "ERROR", *arguments])
    out, err = capsys.readouterr()
    assert out == ""
    return code, err.splitlines()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConfigurationError(["first", "second"]), "first"),
        (Unavailable("The database does not answer."), "The database does not answer."),
        (EmbeddedRedisError("No server was found: install one."), "No server was found: install one."),
        (OSError(28, "No space left on device", "/data/muster.db"), "No space left on device: /data/muster.db"),
        (ExceptionGroup("x", [OSError(98, "Address already in use")]), "Address already in use"),
        (RuntimeError(WORDS), "Muster failed: RuntimeError at"),
        (ExceptionGroup("x", [ExceptionGroup("y", [ValueError(WORDS)])]), "Muster failed: ValueError at"),
    ],
)
def test_every_failure_is_told_in_lines_and_ends_with_1(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(run, "run", fails)
    code, lines = told(capsys, "run")
    assert code == 1
    assert lines[0].startswith(line)
    assert not any("Traceback" in line or WORDS in line for line in lines)


def test_wrong_settings_end_every_command_with_1(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_PORT", "eighty")
    code, lines = told(capsys, "check")
    assert code == 1
    assert lines[0].startswith("MUSTER_PORT: ")


def test_ctrl_c_is_no_failure_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(administration, "simulate", interrupted)
    assert commands.main(["simulate"]) == 130


def test_an_unknown_command_is_refused_with_what_there_is() -> None:
    refused = muster("frobnicate")
    assert refused.returncode == 2
    assert b"invalid choice" in refused.stderr


def test_run_on_a_used_port_says_so_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = muster("run", MUSTER_HOME=str(tmp_path), MUSTER_PORT=str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert b"in use" in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert b"Muster is up" not in ended.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own what it may not read")
def test_run_with_a_key_file_that_others_can_read_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("x", encoding="utf-8")
    (tmp_path / "keys").chmod(0o644)
    ended = muster("run", MUSTER_HOME=str(tmp_path))
    assert ended.returncode == 1
    assert b"chmod 600" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_the_demo_never_enters_a_configured_database(tmp_path: Path) -> None:
    """R17: its accounts have published passwords; nothing is made before that is said, and what to do."""
    database = tmp_path / "real.db"
    done = muster(
        "run", "--demo", MUSTER_HOME=str(tmp_path / "home"), MUSTER_DATABASE_URL=f"sqlite+aiosqlite:///{database}"
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"MUSTER_DATABASE_URL" in done.stderr
    assert b"leave --demo out" in done.stderr
    assert not database.exists()
    assert not (tmp_path / "home").exists()


def test_run_with_a_home_that_is_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    ended = muster("run", MUSTER_HOME=str(tmp_path / "file"))
    assert ended.returncode == 1
    assert str(tmp_path / "file").encode() in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_simulate_is_a_filter_replies_out_logs_apart(tmp_path: Path) -> None:
    """R1: scripted, on a channel and in a language."""
    lines = "🆘\n1\n".encode()
    ended = muster("simulate", "--channel", "sms", "--language", "ne", stdin=lines, MUSTER_HOME=str(tmp_path / "none"))
    assert ended.returncode == 0
    assert b"193" in ended.stdout
    assert b"message_handled" not in ended.stdout
    assert b"message_handled" in ended.stderr
    assert not (tmp_path / "none").exists()


def test_simulate_takes_bytes_that_are_no_text(tmp_path: Path) -> None:
    ended = muster("simulate", stdin=b"\xff\xfe\xf0\n\nSTOP\n")
    assert ended.returncode == 0
    assert b"START" in ended.stdout
    assert b"Traceback" not in ended.stderr


def test_simulate_of_nothing_ends_well() -> None:
    ended = muster("simulate", stdin=b"")
    assert ended.returncode == 0
    assert ended.stdout == b""
