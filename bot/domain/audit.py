"""Owns the audit's chain: every entry holds the hash of the one before it, so that none can be changed or left out."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to which thing, by ids only. `number` grows by one; 0 and "" before it is stored."""

    number: int = 0
    at: datetime
    reader: str
    role: str
    deed: str
    matter: str
    subject: str
    is_allowed: bool
    detail: str = ""  # what was changed, in names of fields; never what anybody wrote
    before: str = ""  # the hash of the entry before
    hash: str = ""

    def hashed(self, number: int, before: str) -> str:
        """The SHA-256 (hex) of this entry at its place in the chain."""
        told = [
            number,
            self.at.isoformat(),
            self.reader,
            self.role,
            self.deed,
            self.matter,
            self.subject,
            self.is_allowed,
            self.detail,
            before,
        ]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The number and hash of the chain's last entry."""

    number: int
    hash: str


BEGINNING = End(number=0, hash=GENESIS)  # the end of a chain without entries


def first_break(entries: Iterable[AuditEntry], *, number: int = 0, before: str = GENESIS) -> int | None:
    """The number at which the chain is broken: an entry changed, missing or put in between; None if it is whole.

    `entries` follow the entry `number` whose hash is `before`.
    """
    for entry in entries:
        number += 1
        if (entry.number, entry.before, entry.hash) != (number, before, entry.hashed(number, before)):
            return number
        before = entry.hash
    return None


def end_break(reached: End, sealed: End) -> int | None:
    """The number at which a chain that is whole in itself, but not what was sealed, is broken; None if it is.

    1 where another chain of the same length stands in its place: none of its entries can be trusted.
    """
    if reached == sealed:
        return None
    return 1 if reached.number == sealed.number else min(reached.number, sealed.number) + 1
