"""Owns the audit (R17): every look at and every change of a case, document or conversation is entered in its chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from bot.domain.audit import BEGINNING, AuditEntry, End, end_break, first_break
from bot.services.access import Deed, Matter, Reader
from bot.services.ports import Clock, Store, Unit

CHUNK = 1000  # entries read at a time
LONGEST = 128  # characters of a subject: ids are shorter, what strangers try as one may not be


async def record(
    unit: Unit,
    reader: Reader,
    deed: Deed,
    matter: Matter,
    subject: str,
    *,
    at: datetime,
    is_allowed: bool = True,
    detail: str = "",
) -> None:
    """Enter it in this transaction, last: whoever comes after waits for this one to end.

    `detail` names what was changed; never what anybody said.
    """
    await unit.audit.add(
        AuditEntry(
            at=at,
            reader=reader.id,
            role=reader.role.value,
            deed=deed.value,
            matter=matter.value,
            subject=plain(subject)[:LONGEST],
            is_allowed=is_allowed,
            detail=plain(detail),
        )
    )


def plain(text: str) -> str:
    """What an address may hold, in characters that every database keeps: no zero, no half of a character."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


async def let_go(unit: Unit, before: datetime) -> int:
    """Let go of some of the oldest entries, if they are older than that; returns how many went (R18).

    A chain that is broken there stays, so that the break is found.
    """
    start = await unit.audit.start() or BEGINNING
    old = list(takewhile(lambda entry: entry.at < before, await unit.audit.after(start.number, CHUNK)))
    if not old or first_break(old, number=start.number, before=start.hash) is not None:
        return 0
    await unit.audit.forget(End(number=old[-1].number, hash=old[-1].hash))
    return len(old)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDesk:
    """The audit for those who look at it, and for what is done outside any other transaction."""

    store: Store
    clock: Clock

    async def note(self, reader: Reader, deed: Deed, matter: Matter, subject: str, *, detail: str = "") -> None:
        """Enter one thing by itself."""
        async with self.store.transaction() as unit:
            await record(unit, reader, deed, matter, subject, at=self.clock.now(), detail=detail)

    async def first_break(self) -> int | None:
        """The number of the first entry that is not as it was written, or is missing; None while the chain is whole.

        Whoever has an older copy of the database can put all of it back, seal and entries, and nothing shows it:
        compare `last` with a copy kept elsewhere.
        """
        reached = BEGINNING
        while True:
            start, sealed, entries = await self._after(reached.number)
            if start.number > reached.number:  # what stood before it was let go, by now or meanwhile
                reached = start
                continue
            if not entries:
                return end_break(reached, sealed)
            broken = first_break(entries, number=reached.number, before=reached.hash)
            if broken is not None:
                return broken
            reached = End(number=entries[-1].number, hash=entries[-1].hash)

    async def last(self) -> AuditEntry | None:
        """The newest entry: its number and hash prove, kept elsewhere, that no older state was put back."""
        async with self.store.look() as unit:
            found = await unit.audit.search(limit=1)
        return found[0] if found else None

    async def _after(self, number: int) -> tuple[End, End, Sequence[AuditEntry]]:
        """Both sealed ends, and then entries: where none follow, none was added since the end was read."""
        async with self.store.look() as unit:
            end, entries = await unit.audit.end() or BEGINNING, await unit.audit.after(number, CHUNK)
            return await unit.audit.start() or BEGINNING, end, entries
