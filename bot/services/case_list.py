"""Owns the list of cases that a reader may know of: what is sought, whose they are, which of them are due."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.case import Case, CaseStatus, Compartment, Topic, Urgency
from bot.domain.contact import Contact, ContactId
from bot.domain.employer import Site, SiteId
from bot.domain.staff import StaffId
from bot.engine import extract
from bot.services import access, audit
from bot.services.access import Deed, Matter, Reader, Subject, of_conversation
from bot.services.ports import Clock, Store, Unit

MOST = 1000  # cases that are looked through for one list
SHOWN = 200  # of them on one page


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a reader wants to see of the cases that they may know of; empty means all."""

    is_over: bool = False
    statuses: frozenset[CaseStatus] = frozenset()
    topics: frozenset[Topic] = frozenset()
    urgencies: frozenset[Urgency] = frozenset()
    languages: frozenset[str] = frozenset()
    sites: frozenset[SiteId] = frozenset()
    owner: StaffId | None = None
    is_due: bool = False
    text: str = ""  # a number or a part of a name

    def takes(self, row: "Row", now: datetime) -> bool:
        case, contact = row.case, row.contact
        return (
            (not self.statuses or case.status in self.statuses)
            and (not self.topics or case.topic in self.topics)
            and (not self.urgencies or case.urgency in self.urgencies)
            and (not self.languages or contact.language in self.languages)
            and (not self.sites or contact.site in self.sites)
            and (self.owner is None or case.owner == self.owner)
            and (not self.is_due or is_due(case, now))
            and (not self.text or _is_meant(row, self.text))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One case in a list, and whose it is."""

    case: Case
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A list: `rows` of what was sought, `count` of all of that, `is_cut` when there were too many to look through."""

    rows: Sequence[Row]
    count: int
    is_cut: bool
    names: Mapping[StaffId, str]
    sites: Mapping[SiteId, Site]
    languages: Sequence[str]  # of everybody in sight, for the filter


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseList:
    """Finds cases."""

    store: Store
    clock: Clock

    async def find(self, reader: Reader, wanted: Filter) -> Found:
        """The cases that the reader may know of and asks for; raises Denied for who may know of none."""
        access.require(reader, Deed.READ, Subject(matter=Matter.CASE))
        now = self.clock.now()
        async with self.store.look() as unit:
            rows = await rows_of(unit, reader, is_open=not wanted.is_over)
            names = {staff.id: staff.name for staff in await unit.staff.all()}
            sites = await _sites(unit, rows)
        found = [row for row in rows if wanted.takes(row, now)]
        async with self.store.transaction() as unit:
            await audit.record(
                unit, reader, Deed.READ, Matter.CASE, "list", at=now, detail=f"{min(len(found), SHOWN)} shown"
            )
        return Found(
            rows=found[:SHOWN],
            count=len(found),
            is_cut=len(rows) >= MOST,
            names=names,
            sites=sites,
            languages=sorted({row.contact.language for row in rows if row.contact.language}),
        )


# --- rules ----------------------------------------------------------------------------------------------------------


def is_due(case: Case, now: datetime) -> bool:
    """Whether somebody should do something about it by now: answer, take the next step, or come to an end."""
    if not case.status.is_open:
        return False
    unanswered = case.due_at if case.answered_at is None else None
    return any(at is not None and at <= now for at in (unanswered, case.next_step_at, case.resolve_by))


async def rows_of(unit: Unit, reader: Reader, *, is_open: bool) -> list[Row]:
    """The cases that a reader may know of at all, with whose they are."""
    shows = access.may(reader, Deed.READ, Subject(matter=Matter.CASE, compartment=Compartment.PROTECTION))
    cases = await unit.cases.listed(is_open=is_open, shows_protection=shows, limit=MOST)
    people = await unit.contacts.many(list({case.contact for case in cases}))
    return [Row(case=case, contact=people[case.contact]) for case in cases if case.contact in people]


def subject_of(contact: ContactId, cases: Collection[Case]) -> Subject:
    return replace(of_conversation(contact, cases), matter=Matter.CASE)


async def may_read(unit: Unit, reader: Reader, case: Case) -> bool:
    return access.may(reader, Deed.READ, subject_of(case.contact, await unit.cases.of(case.contact)))


async def _sites(unit: Unit, rows: Sequence[Row]) -> dict[SiteId, Site]:
    found = [await unit.sites.get(site) for site in {row.contact.site for row in rows if row.contact.site}]
    return {site.id: site for site in found if site is not None}


def number_typed(typed: str) -> str:
    """A case number as it is stored, however it was typed."""
    return extract.case_number(typed[:80]) or ""


def _is_meant(row: Row, text: str) -> bool:
    """Whether the text is the number, or every word of it is in a name."""
    number = number_typed(text)
    if number:
        return row.case.number == number
    names = extract.fold(" ".join(filter(None, (row.contact.name, row.contact.name_for_employer))))
    words = extract.fold(text).split()
    return bool(words) and (all(word in names for word in words) or extract.fold(text) in extract.fold(row.case.number))
