"""Provides the NLU server's world: a Python 3.10, its environment, and a model trained on the present data.

Run with the application's own Python: `python -m bot.nlu.provision`. Every step is skipped when nothing changed.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.nlu.server.configuration import rasa_keys

CHECKOUT = Path(__file__).resolve().parents[2]
NO_PYTHON = 3  # exit code: no Python 3.10 can be had
_ASK = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable, sep='\\n')"


class ProvisionError(Exception):
    """A step failed; the message says in one sentence what to do."""


class NoPython(ProvisionError):
    """There is no Python 3.10 and none can be downloaded."""


def real_python(candidate: str) -> Path | None:
    """The interpreter that `candidate` really runs, if that is a Python 3.10: a version manager's shim may not."""
    try:
        answer = subprocess.run([candidate, "-c", _ASK], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor, executable = answer.stdout.splitlines()[:3]
    return Path(executable) if (major, minor) == ("3", "10") else None


def candidates(environment: Mapping[str, str], home: Path) -> Iterator[str]:
    """Where a Python 3.10 may be, best first: each `python3.10` on PATH, then pyenv's, newest first."""
    for folder in environment.get("PATH", "").split(os.pathsep):
        if folder and (Path(folder) / "python3.10").is_file():
            yield str(Path(folder) / "python3.10")
    versions = Path(environment.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    found = versions.glob("3.10.*/bin/python")
    yield from map(str, sorted(found, key=lambda path: _patch_number(path.parts[-3]), reverse=True))


def _patch_number(version: str) -> int:
    last = version.rsplit(".", maxsplit=1)[-1]
    return int(last) if last.isdecimal() else -1


def find_python(
    tried: Iterable[str], *, probe: Callable[[str], Path | None], download: Callable[[], Path | None]
) -> Path:
    """The first candidate that really is a Python 3.10, else a downloaded one. Raises NoPython."""
    for candidate in tried:
        if (found := probe(candidate)) is not None:
            return found
    if (found := download()) is not None:
        return found
    raise NoPython(
        "The NLU server needs Python 3.10: install it (for example `pyenv install 3.10`) and run this again."
    )


def downloaded_python(uv: str) -> Path | None:
    """A Python 3.10 of uv's own, downloaded if need be; None where there is no such download."""
    try:
        subprocess.run([uv, "python", "install", "3.10"], capture_output=True, check=True, timeout=600)  # noqa: S603
        found = subprocess.run(  # noqa: S603
            [uv, "python", "find", "--managed-python", "3.10"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return real_python(found.stdout.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """The steps over one checkout; `folder` holds the environment and the models, `say` gets a line a step."""

    checkout: Path
    folder: Path
    config: Path
    uv: str
    say: Callable[[str], None]

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def model(self) -> Path:
        """Where the model of the present data and configuration is kept."""
        return self.folder / "models" / f"{self.fingerprint()}.tar.gz"

    def ensure(self) -> Path:
        """Does what is missing, one process at a time; returns the model archive. Raises ProvisionError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._ensure_environment()
            return self._ensure_model()

    def _ensure_environment(self) -> None:
        """An environment that matches requirements.txt, hash by hash."""
        requirements = self.checkout / "nlu_data" / "requirements.txt"
        stamp, wanted = self.folder / "requirements.sha256", _digest([requirements], root=self.checkout)
        if stamp.exists() and stamp.read_text() == wanted and self.python.exists():
            return
        if real_python(str(self.python)) is None:
            self._make_environment()
        self.say("Installing Rasa and its packages (2.8 GB; half a minute from a cache, minutes the first time) ...")
        self._run(self.uv, "pip", "sync", "--require-hashes", "--python", str(self.python), str(requirements))
        stamp.write_text(wanted)

    def _make_environment(self) -> None:
        self.say("Looking for a Python 3.10 ...")
        tried = candidates(os.environ, Path.home())
        found = find_python(tried, probe=real_python, download=lambda: downloaded_python(self.uv))
        self.say(f"Making the NLU environment with {found} ...")
        shutil.rmtree(self.folder / "venv", ignore_errors=True)
        self._run(self.uv, "venv", "--quiet", "--python", str(found), str(self.folder / "venv"))

    def _ensure_model(self) -> Path:
        """The model of the present files, trained if it is missing; the three newest are kept."""
        model = self.model
        if model.exists():
            return model
        self.say("Training the NLU model (a minute or two) ...")
        data = map(str, self.training_files())
        arguments = ["train", "--config", str(self.config), "--model", str(model), "--data", *data]
        self._run(str(self.python), "-W", "ignore", "-m", "bot.nlu.server", *arguments)
        self.say(f"Trained {model.name}.")
        for old in sorted(model.parent.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)[:-3]:
            old.unlink()
        return model

    def training_files(self) -> list[Path]:
        """One file a language; never the evaluation files below nlu_data/eval."""
        return sorted((self.checkout / "nlu_data").glob("*.yml"))

    def fingerprint(self) -> str:
        """A short hash over all that shapes a model: Rasa's keys, data, lookups, components, extractors, packages."""
        nlu_data, bot = self.checkout / "nlu_data", self.checkout / "bot"
        files = [
            *self.training_files(),
            nlu_data / "requirements.txt",
            *(nlu_data / "lookups").rglob("*"),
            *(bot / "nlu" / "server").rglob("*"),
            *(bot / "engine").glob("extract*.py"),
            *(bot / "engine" / "extract").rglob("*"),
        ]
        kept = [path for path in files if path.is_file() and path.suffix != ".pyc"]
        keys = rasa_keys(self.config.read_text("utf-8"))
        return hashlib.sha256(f"{keys}\n{_digest(kept, root=self.checkout)}".encode()).hexdigest()[:16]

    def _run(self, *command: str) -> None:
        kept = str(self.folder / "vectors.npz")
        environment = {**os.environ, "PYTHONPATH": str(self.checkout), "MUSTER_NLU_VECTORS": kept}
        # In our own folder: whatever Rasa leaves in its working directory stays out of the checkout.
        done = subprocess.run(command, check=False, cwd=self.folder, env=environment, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            raise ProvisionError(f"{Path(command[0]).name} failed ({done.returncode}):\n{done.stderr[-4000:]}")


def _digest(files: Iterable[Path], *, root: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(set(files)):
        whole.update(f"{path.relative_to(root).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def find_uv(environment: Mapping[str, str], checkout: Path) -> str:
    """The checkout's own uv, else the first on PATH that runs. Raises ProvisionError."""
    folders = [checkout / ".tools" / "bin", *map(Path, environment.get("PATH", "").split(os.pathsep))]
    for uv in (str(folder / "uv") for folder in folders if (folder / "uv").is_file()):
        if subprocess.run([uv, "--version"], check=False, capture_output=True).returncode == 0:  # noqa: S603
            return uv
    raise ProvisionError("uv is needed to install the NLU server: `pip install uv`, or run `make nlu`.")


def default_provision(
    *, say: Callable[[str], None], config: Path | None = None, checkout: Path = CHECKOUT
) -> Provision:
    """The provision of this checkout: `.nlu` or MUSTER_NLU_ENV. Raises ProvisionError where uv is missing."""
    folder = Path(os.environ.get("MUSTER_NLU_ENV") or checkout / ".nlu").resolve()
    uv = find_uv(os.environ, checkout)
    return Provision(checkout=checkout, folder=folder, config=config or checkout / "config.yml", uv=uv, say=say)


def main(arguments: list[str]) -> int:
    """Provides all, prints a line a step and at the end the interpreter and the model; 3 where no Python can be had."""
    parser = argparse.ArgumentParser(prog="python -m bot.nlu.provision", description=__doc__)
    parser.add_argument("--config", type=Path, help="another Rasa configuration, e.g. bot/nlu/server/plain.yml")
    options = parser.parse_args(arguments)
    try:
        provision = default_provision(say=lambda line: print(line, flush=True), config=options.config)
        model = provision.ensure()
    except ProvisionError as problem:
        print(problem, file=sys.stderr)
        return NO_PYTHON if isinstance(problem, NoPython) else 1
    print(f"python {provision.python}\nmodel {model}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
