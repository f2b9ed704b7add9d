"""Owns the merge: two contacts that are one person, put together in one file, which can be taken apart again."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from bot.domain.contact import ContactId
from bot.domain.staff import StaffId

MergeId = NewType("MergeId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One putting together: everything of `other` became `contact`'s, and `other` is no more until it is undone."""

    id: MergeId
    contact: ContactId
    other: ContactId
    staff: StaffId
    at: datetime
    undone_at: datetime | None = None
