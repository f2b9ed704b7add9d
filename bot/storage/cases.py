"""Owns cases in SQL: what happened is sealed, what the queue sorts by is not."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, insert, select, update

from bot.domain.case import Case, CaseId, CaseStatus, Clue, Compartment, Outcome, Topic, Urgency
from bot.domain.contact import ContactId
from bot.domain.errors import Conflict
from bot.domain.wages import Pay
from bot.storage import values
from bot.storage.retention import delete_oldest
from bot.storage.schema import cases
from bot.storage.work import Work

_OF = (
    select(cases)
    .where(cases.c.contact_id == bindparam("contact"))
    .order_by(cases.c.opened_at.desc(), cases.c.id.desc())
)
_OPEN = [status.value for status in CaseStatus if status.is_open]
_OTHERS = cases.alias("others")
# A contact's whole file lies where the most protected of their cases lies, an old one too.
_IS_PROTECTED = exists().where(
    _OTHERS.c.contact_id == cases.c.contact_id, _OTHERS.c.compartment == Compartment.PROTECTION.value
)


class SqlCases:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._vault = work.vault

    async def add(self, case: Case) -> None:
        """Store a new case; raises Conflict, at the latest at the commit, when its number is taken."""
        await self._db.execute(insert(cases).values(id=case.id, contact_id=case.contact, **self._row(case)))

    async def get(self, case: CaseId) -> Case | None:
        return await self._one(cases.c.id == case)

    async def by_number(self, number: str) -> Case | None:
        return await self._one(cases.c.number == number)

    async def of(self, contact: ContactId) -> Sequence[Case]:
        rows = await self._db.execute(_OF, {"contact": contact})
        return [self.read(row) for row in rows]

    async def listed(self, *, is_open: bool, shows_protection: bool, limit: int) -> Sequence[Case]:
        by_status = cases.c.status.in_(_OPEN) if is_open else cases.c.status.not_in(_OPEN)
        query = select(cases).where(by_status) if shows_protection else select(cases).where(by_status, ~_IS_PROTECTED)
        order = (cases.c.urgency.desc(), cases.c.opened_at) if is_open else (cases.c.opened_at.desc(),)
        rows = await self._db.execute(query.order_by(*order, cases.c.id).limit(limit))
        return [self.read(row) for row in rows]

    async def save(self, case: Case) -> None:
        stored = update(cases).where(cases.c.id == case.id, cases.c.contact_id == case.contact)
        if (await self._db.execute(stored.values(self._row(case)))).rowcount == 0:
            raise Conflict(f"case {case.id} is not stored, or was erased")

    async def delete_closed_before(self, at: datetime, limit: int) -> int:
        due = (cases.c.closed_at < at) & cases.c.status.not_in(_OPEN)
        return await delete_oldest(self._db, cases, due, by=cases.c.closed_at, limit=limit)

    # --- rows -------------------------------------------------------------------------------------------------------

    async def _one(self, condition: ColumnElement[bool]) -> Case | None:
        row = (await self._db.execute(select(cases).where(condition))).first()
        return self.read(row) if row is not None else None

    def _row(self, case: Case) -> dict[str, Any]:
        private = {
            "narrative": case.narrative,
            "facts": values.written_all(case.facts),
            "next_step": case.next_step,
            "clues": sorted(case.clues),
            "pay": [_written_pay(line) for line in case.pay],
        }
        return {
            "number": case.number,
            "topic": case.topic.value,
            "urgency": case.urgency.value,
            "compartment": case.compartment.value,
            "status": case.status.value,
            "owner": case.owner,
            "opened_at": case.opened_at,
            "due_at": case.due_at,
            "closed_at": case.closed_at,
            "answered_at": case.answered_at,
            "resolve_by": case.resolve_by,
            "next_step_at": case.next_step_at,
            "escalated_at": case.escalated_at,
            "outcome": case.outcome.value if case.outcome else None,
            "sealed": self._vault.seal("cases", case.id, values.to_bytes(private)),
        }

    def read(self, row: Any) -> Case:
        """The case that a row of the table says."""
        private = values.from_bytes(self._vault.unseal("cases", row.id, row.sealed))
        return Case(
            id=CaseId(row.id),
            number=row.number,
            contact=ContactId(row.contact_id),
            topic=Topic(row.topic),
            urgency=Urgency(row.urgency),
            compartment=Compartment(row.compartment),
            status=CaseStatus(row.status),
            owner=row.owner,
            narrative=private["narrative"],
            facts=values.read_all(private["facts"]),
            opened_at=row.opened_at,
            due_at=row.due_at,
            closed_at=row.closed_at,
            answered_at=row.answered_at,
            resolve_by=row.resolve_by,
            next_step=private.get("next_step", ""),  # none in what was sealed before there were any
            next_step_at=row.next_step_at,
            escalated_at=row.escalated_at,
            outcome=Outcome(row.outcome) if row.outcome else None,
            clues=frozenset(Clue(clue) for clue in private.get("clues", ())),
            pay=tuple(_read_pay(line) for line in private.get("pay", ())),
        )


def _written_pay(line: Pay) -> dict[str, str]:
    return {
        "begins": line.begins.isoformat(),
        "ends": line.ends.isoformat(),
        "currency": line.currency,
        "agreed": str(line.agreed),
        "deducted": str(line.deducted),
        "why": line.why,
        "paid": str(line.paid),
    }


def _read_pay(stored: Mapping[str, str]) -> Pay:
    return Pay(
        begins=date.fromisoformat(stored["begins"]),
        ends=date.fromisoformat(stored["ends"]),
        currency=stored["currency"],
        agreed=Decimal(stored["agreed"]),
        deducted=Decimal(stored["deducted"]),
        why=stored["why"],
        paid=Decimal(stored["paid"]),
    )
