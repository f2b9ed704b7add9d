"""Owns the archive file: sealed frames in their order, of which none can be changed, moved, left out or cut off."""

import json
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from bot.domain.errors import ConfigurationError
from bot.storage.crypto import Keyring, Tampered

MAGIC = b"muster archive 1\n"
_NAME_BYTES, _LENGTH_BYTES = 16, 4
_LONGEST = 1 << 30  # bytes of one frame: a damaged length must not fill the memory

NO_ARCHIVE = "is no archive that `backup` has written"


class Writer:
    """Appends frames: JSON documents, compressed and sealed with the newest key for their place in this one file."""

    def __init__(self, file: IO[bytes], keyring: Keyring) -> None:
        self._file, self._keyring = file, keyring
        name = os.urandom(_NAME_BYTES)
        self._frames = _Places(name.hex())
        file.write(MAGIC + name)

    def write(self, document: object, *, is_last: bool = False) -> None:
        plain = zlib.compress(json.dumps(document, separators=(",", ":")).encode(), level=6)
        sealed = self._keyring.seal(plain, self._frames.next(is_last=is_last))
        self._file.write(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)


class Reader:
    """Reads frames one after the other; raises KeyMissing without the key that sealed them, and Tampered."""

    def __init__(self, file: IO[bytes], keyring: Keyring, name: str) -> None:
        self._file, self._keyring, self._name = file, keyring, name
        if file.read(len(MAGIC)) != MAGIC:
            raise ConfigurationError([f"{name} {NO_ARCHIVE}"])
        self._frames = _Places(file.read(_NAME_BYTES).hex())

    def __iter__(self) -> Iterator[Any]:
        """Every frame; Tampered at the end when the last one is missing."""
        sealed = self._frame()
        while sealed is not None:
            coming = self._frame()
            plain = self._keyring.unseal(sealed, self._frames.next(is_last=coming is None))
            yield json.loads(zlib.decompress(plain))
            sealed = coming

    def _frame(self) -> bytes | None:
        head = self._file.read(_LENGTH_BYTES)
        if not head:
            return None
        length = int.from_bytes(head, "big")
        sealed = self._file.read(length) if len(head) == _LENGTH_BYTES and length <= _LONGEST else b""
        if len(sealed) != length or not sealed:
            raise Tampered(f"{self._name} is damaged or was cut off")
        return sealed


class _Places:
    """What each frame is sealed for: this file, its number, and whether it is the last."""

    def __init__(self, name: str) -> None:
        self._name, self._number = name, 0

    def next(self, *, is_last: bool) -> str:
        self._number += 1
        return f"archive:{self._name}:{self._number}{':last' if is_last else ''}"


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file that is there whole or not at all, and that nobody else on this machine may read."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
        _sync(path.parent)
    finally:
        Path(draft).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Make the rename survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
