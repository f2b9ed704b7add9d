"""Owns what was read from a file and not yet imported: kept for a while, for the session that sent it."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from aiohttp import web

from bot.console.visit import visit
from bot.services.ports import Clock

LIFE: Final = timedelta(minutes=30)
MOST: Final = 20  # in this process: each may hold 20,000 rows

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    owner: str
    thing: T
    until: datetime


@dataclass(slots=True)
class Previews(Generic[T]):
    """Files between reading and importing, in this process only: lost with it, and then read again."""

    clock: Clock
    _kept: dict[str, _Kept[T]] = field(default_factory=dict)

    def keep(self, request: web.Request, thing: T) -> str:
        """Keep it instead of an earlier one of the same session; returns its name."""
        now, owner = self.clock.now(), _owner(request)
        others = {id_: one for id_, one in self._kept.items() if one.until > now and one.owner != owner}
        self._kept = dict(list(others.items())[-(MOST - 1) :])
        id_ = secrets.token_urlsafe(16)
        self._kept[id_] = _Kept(owner, thing, now + LIFE)
        return id_

    def of(self, request: web.Request, id_: str) -> T | None:
        """The session's own, while it lives."""
        found = self._kept.get(id_)
        is_theirs = found is not None and found.owner == _owner(request) and found.until > self.clock.now()
        return found.thing if found is not None and is_theirs else None

    def drop(self, id_: str) -> None:
        self._kept.pop(id_, None)


def _owner(request: web.Request) -> str:
    return hashlib.sha256(visit(request).token.encode()).hexdigest()
