"""Owns escalation: a case that nobody answered in its time is made known above, once (R11, R16)."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.case import Case, Compartment
from bot.domain.errors import Conflict
from bot.log import logger
from bot.services.access import of_conversation
from bot.services.desk_ports import Alarm, AlarmKind
from bot.services.ports import Clock, Ids, Store, Unit

log = logger("escalation")

LIMIT = 100  # cases in one round: the next tick takes the next ones
SUPERVISORS, SPECIALISTS = "supervisors", "specialists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Watches the clocks of cases."""

    store: Store
    clock: Clock
    ids: Ids

    async def escalate_due(self) -> int:
        """Escalate every case whose time ran out without an answer; returns how many."""
        now = self.clock.now()
        async with self.store.look() as unit:
            late = await unit.queue.overdue(now, LIMIT)
        count = 0
        for case in late:
            try:
                count += await self._escalate(case, now)
            except Conflict as error:
                log.info("not_escalated_yet", case=case.number, error=error)
        if count:
            log.warning("cases_escalated", count=count)
        return count

    async def _escalate(self, found: Case, now: datetime) -> bool:
        """Once, whoever else looks at the same moment; False when it was answered meanwhile."""
        async with self.store.transaction(found.contact) as unit:
            case = await unit.cases.get(found.id)
            if case is None or not _is_late(case, now):
                return False
            await unit.cases.save(replace(case, escalated_at=now))
            told = Activity(
                id=ActivityId(self.ids.new()),
                contact=case.contact,
                case=case.id,
                kind=ActivityKind.ESCALATED,
                at=now,
                details={"to": SPECIALISTS if await is_protected(unit, case) else SUPERVISORS},
            )
            await unit.activities.add([told])
            await unit.alarms.add(Alarm(case=case.id, kind=AlarmKind.OVERDUE, made_at=now, due_at=now))
        return True


def _is_late(case: Case, now: datetime) -> bool:
    is_waiting = case.status.is_open and case.answered_at is None
    return is_waiting and case.escalated_at is None and case.due_at <= now


async def is_protected(unit: Unit, case: Case) -> bool:
    """Whether only specialists may hear of it: the contact has or had a protection case."""
    subject = of_conversation(case.contact, await unit.cases.of(case.contact))
    return subject.compartment is Compartment.PROTECTION
