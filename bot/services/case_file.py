"""Owns one case as a reader may see it: with its history, what it is linked to, and the files that belong to it."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.activity import Activity, ActivityKind
from bot.domain.case import Case, Compartment
from bot.domain.claim import Claim
from bot.domain.consent import Consent
from bot.domain.contact import Contact, ContactId
from bot.domain.document import Document, DocumentId
from bot.domain.employer import Site
from bot.domain.message import Message
from bot.domain.staff import Role, StaffId
from bot.domain.values import Evidence
from bot.engine import extract
from bot.services.access import Reader
from bot.services.case_list import Row, may_read, rows_of
from bot.services.ports import Unit

SUGGESTED = 5
HISTORY = 300  # messages that are looked through for files


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One case as a reader may see it. `names` are of the staff who appear in it."""

    case: Case
    contact: Contact
    site: Site | None
    others: Sequence[Case]  # the same contact's
    links: Sequence[Row]
    suggestions: Sequence[Row]
    history: Sequence[Activity]
    consents: Sequence[Consent]
    evidence: Sequence[Document]
    claim: Claim | None
    names: Mapping[StaffId, str]
    is_protected: bool  # the whole file is for specialists
    shows_clues: bool

    @property
    def stamp(self) -> str:
        return stamp(self.case)


async def read_file(unit: Unit, reader: Reader, contact: Contact, case: Case, cases: Sequence[Case]) -> File:
    """One of the contact's cases with everything that belongs to it; the reader may see it."""
    near = await rows_of(unit, reader, is_open=True) if _employer(case, contact) else []
    links = await _links(unit, reader, case)
    known = {row.case.id for row in links} | {one.id for one in cases}
    alike = [row for row in near if row.case.id not in known and _is_same_employer(row, case, contact)]
    return File(
        case=case,
        contact=contact,
        site=await unit.sites.get(contact.site) if contact.site else None,
        others=[one for one in cases if one.id != case.id],
        links=links,
        suggestions=alike[:SUGGESTED],
        history=await _history(unit, reader, case),
        consents=await unit.consents.of(contact.id),
        evidence=await evidence_of(unit, contact.id, cases),
        claim=await unit.claims.of(contact.id),
        names={staff.id: staff.name for staff in await unit.staff.all()},
        is_protected=any(one.compartment is Compartment.PROTECTION for one in cases),
        shows_clues=reader.role is Role.SPECIALIST,
    )


def stamp(case: Case) -> str:
    """Names what people can change of a case as it is now: two who change it at once find out by it."""
    told = (
        case.narrative, case.status, case.urgency, case.compartment, case.next_step, case.next_step_at, case.outcome,
        sorted(case.clues), case.pay,
    )  # fmt: skip
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


async def evidence_of(unit: Unit, contact: ContactId, cases: Collection[Case]) -> list[Document]:
    """The files that belong to the contact's answers and messages, as far as they are still kept; oldest first."""
    answered = [value.document_id for case in cases for value in case.facts.values() if isinstance(value, Evidence)]
    messages = await unit.messages.history(contact, HISTORY)
    ids = dict.fromkeys([*_attached(messages), *answered])
    found = [await unit.documents.get(DocumentId(one)) for one in ids]
    kept = [one for one in found if one is not None and one.contact == contact]
    return sorted(kept, key=lambda one: one.stored_at)


def _attached(messages: Sequence[Message]) -> list[str]:
    return [one.document_id for message in messages for one in message.received.attachments if one.document_id]


async def _links(unit: Unit, reader: Reader, case: Case) -> list[Row]:
    """Linked cases that the reader may know of; the others are not there."""
    found = []
    for other in await unit.case_links.of(case.id):
        known = await unit.cases.get(other)
        if known is not None and await may_read(unit, reader, known):
            contact = (await unit.contacts.many([known.contact])).get(known.contact)
            if contact is not None:
                found.append(Row(case=known, contact=contact))
    return found


async def _history(unit: Unit, reader: Reader, case: Case) -> list[Activity]:
    """What was done with a case; nothing of marks of forced labour, or of a linked case, that is not the reader's."""
    found = []
    for one in await unit.activities.of_case(case.id):
        if one.kind is ActivityKind.CLUES and reader.role is not Role.SPECIALIST:  # R15
            continue
        if one.kind in (ActivityKind.LINKED, ActivityKind.UNLINKED):
            other = await unit.cases.by_number(one.details.get("case", ""))
            if other is None or not await may_read(unit, reader, other):
                continue
        found.append(one)
    return found


def _employer(case: Case, contact: Contact) -> str:
    """The employer that the case tells of, as it can be compared."""
    told = case.facts.get("employer")
    return extract.fold(told).strip() if isinstance(told, str) else str(contact.employer or "")


def _is_same_employer(row: Row, case: Case, contact: Contact) -> bool:
    is_listed = contact.employer is not None and row.contact.employer == contact.employer
    told = case.facts.get("employer")
    return is_listed or (isinstance(told, str) and _employer(row.case, row.contact) == _employer(case, contact))
