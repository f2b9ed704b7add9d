"""Owns the key file that `run` keeps under MUSTER_HOME when MUSTER_KEYS says nothing."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from bot.domain.errors import ConfigurationError
from bot.storage.crypto import make_key

NAME = "keys"
_NOTE = (
    "# Encrypts everything personal in the database. Without it nothing can be read: keep a copy elsewhere, offline.\n"
)


def read_or_make(home: Path) -> tuple[str, bool]:
    """The keys as MUSTER_KEYS holds them, and whether they were made just now, so that a copy is due.

    Raises ConfigurationError when others could read the file.
    """
    path = home / NAME
    is_new = not path.exists() and _make(path)
    _check(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    return ",".join(line.strip() for line in lines if line.strip() and not line.startswith("#")), is_new


def _make(path: Path) -> bool:
    """Make the file whole or not at all; False when another process was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=".keys-", dir=path.parent)  # its owner's alone from the start
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_NOTE + make_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
            return True
        return False
    finally:
        Path(draft).unlink()


def _check(path: Path) -> None:
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise ConfigurationError([f"{path} can be read by others on this machine: run `chmod 600 {path}`"])
    if not os.access(path, os.R_OK):
        raise ConfigurationError([f"{path} belongs to another user: start Muster as the user who made it"])
