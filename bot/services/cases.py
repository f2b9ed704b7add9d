"""Owns cases: opening one so that a person follows, adding to it rather than opening another, finding it again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.case import Case, CaseId, CaseStatus, Compartment, Topic, Urgency, compartment_of
from bot.domain.contact import Contact
from bot.domain.staff import StaffId
from bot.domain.targets import Targets
from bot.domain.values import Value
from bot.services import access
from bot.services.access import Deed, Reader, of_conversation
from bot.services.desk_ports import Alarm, AlarmKind
from bot.services.ports import Ids, Unit

# What a session knows besides the contact's own answers: the host's seeds, and texts that actions made.
NOT_FACTS = frozenset(
    {
        "asked_by",
        "broadcast",
        "employer_name",
        "interrupted",
        "offers",
        "language",
        "is_language_sure",
        "next_flow",
        "places_text",
        "summary",
        "status_text",
        "case_number",
        "consent",
        "recipient",
        "purpose",
        "consents_text",
        "consent_ids",
        "which_consent",
        "count",
        "emergency_number",
        "hotline",
        "organisation",
        "ours",
    }
)
SAME_MATTER = timedelta(hours=24)  # what a contact says of one topic within a day is one case
MAX_NUMBERS = 20  # tries at a case number that nobody has; there are a billion


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDesk:
    """Opens cases and finds them again."""

    ids: Ids
    targets: Targets = field(default_factory=Targets)

    async def open(
        self,
        unit: Unit,
        *,
        contact: Contact,
        topic: Topic,
        urgency: Urgency,
        facts: Mapping[str, Value],
        now: datetime,
        narrative: str = "",
    ) -> Case:
        """The contact's open case of this topic with what is new added to it, or a new one."""
        facts = {name: value for name, value in facts.items() if name not in NOT_FACTS}
        known = await self._same_matter(unit, contact, topic, now)
        if known is not None:
            claim = await unit.claims.of(contact.id)
            case = self._adding(known, urgency, facts, narrative, now, is_owned=claim is not None)
            if case != known:
                await unit.cases.save(case)
            if case.urgency > known.urgency and case.urgency is Urgency.CRITICAL:
                await _alarm(unit, case, now)
            return case
        case = Case(
            id=CaseId(self.ids.new()),
            number=await self._free_number(unit),
            contact=contact.id,
            topic=topic,
            urgency=urgency,
            compartment=compartment_of(topic),
            narrative=narrative,
            facts=facts,
            opened_at=now,
            due_at=self.targets.answer_by(urgency, now),
            resolve_by=self.targets.resolve_by(urgency, now),
        )
        owner = await _holder(unit, case)
        if owner is not None:  # whoever speaks with the contact has this in hand too
            case = replace(case, status=CaseStatus.IN_PROGRESS, owner=owner)
        await unit.cases.add(case)
        opened = Activity(
            id=ActivityId(self.ids.new()), contact=contact.id, case=case.id, kind=ActivityKind.CASE_OPENED, at=now
        )
        await unit.activities.add([opened])
        if case.urgency is Urgency.CRITICAL or case.compartment is Compartment.PROTECTION:
            await _alarm(unit, case, now)
        return case

    async def of_number(self, unit: Unit, contact: Contact, number: str) -> Case | None:
        """The contact's own case of that number; another's is as unknown as one that does not exist."""
        case = await unit.cases.by_number(number)
        return case if case is not None and case.contact == contact.id else None

    async def latest(self, unit: Unit, contact: Contact) -> Case | None:
        """The contact's newest case that they know of."""
        cases = await unit.cases.of(contact.id)
        return next((case for case in cases if case.topic is not Topic.FAULT), None)

    async def _same_matter(self, unit: Unit, contact: Contact, topic: Topic, now: datetime) -> Case | None:
        for case in await unit.cases.of(contact.id):
            is_leaving = contact.erase_at is not None and case.opened_at <= contact.erase_at  # it goes with its contact
            if case.topic is topic and case.status.is_open and now - case.opened_at < SAME_MATTER and not is_leaving:
                return case
        return None

    def _adding(
        self,
        case: Case,
        urgency: Urgency,
        facts: Mapping[str, Value],
        narrative: str,
        now: datetime,
        *,
        is_owned: bool,
    ) -> Case:
        """The case with what is new; a raised urgency counts from now, and what was said before is never lost."""
        is_told = narrative in case.narrative
        raised = urgency if urgency > case.urgency else None
        # Who was answered, or whose matter rests, and who now asks again with nobody there waits for an answer again.
        is_resting = case.status is CaseStatus.WAITING and not is_owned
        is_anew = raised is not None or is_resting or (case.answered_at is not None and not is_owned)
        return replace(
            case,
            urgency=max(case.urgency, urgency),
            status=CaseStatus.OPEN if is_resting else case.status,
            owner=None if is_resting else case.owner,
            due_at=self._due(case, max(case.urgency, urgency), now) if is_anew else case.due_at,
            resolve_by=self._sooner(case, raised, now),
            answered_at=None if is_anew else case.answered_at,
            escalated_at=None if is_anew else case.escalated_at,
            facts=_with(case.facts, facts),
            narrative=case.narrative if is_told else "\n".join(part for part in (case.narrative, narrative) if part),
        )

    def _due(self, case: Case, urgency: Urgency, now: datetime) -> datetime:
        """Who was answered or whose matter rested waits anew from now; who was waiting waits no longer than before."""
        due_at = self.targets.answer_by(urgency, now)
        is_waiting = case.answered_at is None and case.status is not CaseStatus.WAITING
        return min(case.due_at, due_at) if is_waiting else due_at

    def _sooner(self, case: Case, raised: Urgency | None, now: datetime) -> datetime | None:
        if raised is None or case.resolve_by is None:
            return case.resolve_by
        return min(case.resolve_by, self.targets.resolve_by(raised, now))

    async def _free_number(self, unit: Unit) -> str:
        for _ in range(MAX_NUMBERS):
            number = self.ids.case_number()
            if await unit.cases.by_number(number) is None:
                return number
        raise RuntimeError("no free case number was found")


async def _holder(unit: Unit, case: Case) -> StaffId | None:
    """Who speaks with the contact, if they may still do so with this case beside the others (R16)."""
    claim = await unit.claims.of(case.contact)
    staff = await unit.staff.get(claim.staff) if claim is not None else None
    if staff is None:
        return None
    reader = Reader(role=staff.role, id=staff.id, employer=staff.employer)
    subject = of_conversation(case.contact, [case, *await unit.cases.of(case.contact)])
    return staff.id if access.may(reader, Deed.ANSWER, subject) else None


async def _alarm(unit: Unit, case: Case, now: datetime) -> None:
    """Have people outside told that this one cannot wait, unless somebody speaks with the contact already."""
    if case.owner is None:
        await unit.alarms.add(Alarm(case=case.id, kind=AlarmKind.NEW, made_at=now, due_at=now))


def _with(known: Mapping[str, Value], said: Mapping[str, Value]) -> dict[str, Value]:
    """All facts: the newest under its own name, what it replaces under the next free number ("amount_2")."""
    facts = dict(known)
    for name, value in said.items():
        earlier = facts.get(name)
        if earlier is not None and value is not None and earlier != value:
            number = next(n for n in count(2) if f"{name}_{n}" not in facts)
            facts[f"{name}_{number}"] = earlier
        if value is not None or name not in facts:
            facts[name] = value
    return facts
