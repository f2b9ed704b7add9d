"""Owns the ledger as a file beside the database: what a restored backup has to forget again, and not to send.

One line for each erasure, STOP, START and consent taken back: its key (see `wishes`) and when. It outlives the database
on purpose; keep it with the backups, and as long.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.services.ports import Store
from bot.storage.wishes import Line

NAME = "ledger.txt"
_START = datetime(1970, 1, 1, tzinfo=UTC)
LIMIT = 1000  # lines added in one round
OVERLAP = timedelta(minutes=10)  # longer than any transaction: one that ends late brings a line of an earlier time


@dataclass(kw_only=True)
class Ledger:
    """The file, brought up to the database by each round of `keep`."""

    store: Store
    path: Path
    _known: set[Line] | None = field(default=None)
    _last: datetime = _START

    async def keep(self) -> int:
        """Add what was said since; returns how many lines."""
        if self._known is None:
            self._known = set(read(self.path))
        async with self.store.look() as unit:
            found = await unit.erasures.since(self._last, LIMIT)
        new = [line for line in found if line not in self._known]
        if new:
            _append(self.path, (f"{key} {at.isoformat()}" for key, at in new))
            self._known.update(new)
        if found:
            self._last = found[-1][1] - (OVERLAP if len(found) < LIMIT else timedelta())
        return len(new)


def read(path: Path) -> list[Line]:
    """Keys and times; none where there is no file. A line that was cut off by a crash is left out."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        key, _, at = line.partition(" ")
        try:
            found.append((key, datetime.fromisoformat(at)))
        except ValueError:
            continue
    return found


def _append(path: Path, lines: Iterable[str]) -> None:
    """One write, on the disk when this returns; after a line that was cut off a new one begins."""
    text = "".join(f"\n{line}" for line in lines)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, text.encode("ascii"))
        os.fsync(handle)
    finally:
        os.close(handle)
