"""Owns for whom it rings: which urgent conversations with nobody make a reader's screen sound, wherever they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.case import Urgency
from bot.domain.staff import Staff
from bot.services import access
from bot.services.access import Deed, Reader
from bot.services.desk_ports import QueueRow
from bot.services.ports import Clock, Store
from bot.services.queue import subject_of, visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Rings:
    """What a screen is told: whether its reader is on duty, and what rings, by names that say nothing."""

    is_on_duty: bool
    urgent: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing:
    """Tells each screen what is urgent. It rings for who is on duty.

    Where nobody on duty may answer, it rings for whoever may: a protection case at night must find a specialist (R16).
    """

    store: Store
    clock: Clock

    async def of(self, reader: Reader) -> Rings:
        now = self.clock.now()
        async with self.store.look() as unit:
            rows, people = await unit.queue.read(), await unit.staff.all()
            here = {one.staff for one in await unit.duty.present() if not one.is_silent(now)}
        present = [one for one in people if one.id in here and one.disabled_at is None]
        is_on_duty = any(one.id == reader.id for one in present)
        heard = [row for row in visible(rows, reader) if is_urgent(row) and (is_on_duty or not _may_any(present, row))]
        return Rings(is_on_duty=is_on_duty, urgent=sorted(ring_of(row) for row in heard))


def is_urgent(row: QueueRow) -> bool:
    """Whether it cannot wait, and nobody has it."""
    return row.claim is None and row.urgency is Urgency.CRITICAL


def ring_of(row: QueueRow) -> str:
    """Its name among the rings: another one, which rings once more, when its time ran out without an answer."""
    return f"{row.contact}!" if row.escalated_at is not None else row.contact


def _may_any(present: Sequence[Staff], row: QueueRow) -> bool:
    readers = (Reader(role=one.role, id=one.id, employer=one.employer) for one in present)
    return any(access.may(reader, Deed.ANSWER, subject_of(row)) for reader in readers)
