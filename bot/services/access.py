"""Owns who may see or do what: pure rules that every page, export, stream and action asks before it shows anything."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.case import Case, Compartment
from bot.domain.contact import ContactId
from bot.domain.document import Document
from bot.domain.employer import EmployerId
from bot.domain.errors import Denied
from bot.domain.staff import Role

REFUSAL = "You may not see or do this. Ask an administrator if your work needs it."


class Deed(StrEnum):
    """What is done to a subject."""

    READ = "read"
    ANSWER = "answer"  # write to the contact
    CHANGE = "change"  # own, close, correct
    EXPORT = "export"
    ERASE = "erase"
    APPROVE = "approve"  # let a broadcast go out


class Matter(StrEnum):
    """What a subject is."""

    CASE = "case"
    CONVERSATION = "conversation"
    DOCUMENT = "document"
    PLACE = "place"
    ROSTER = "roster"  # an employer's people, sites and plan, never what they say
    BROADCAST = "broadcast"  # its texts, its account and its check-in
    STAFF = "staff"  # accounts, roles, employers, shifts of others
    AUDIT = "audit"
    REPORT = "report"  # figures of the service as a whole, with no person in them
    SETTINGS = "settings"  # flows, channels, languages, retention, canned replies
    TRAINING = "training"  # what misunderstood messages meant, without who wrote them


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who asks: `id` is the staff id or the contact's, fit for a journal."""

    role: Role
    id: str
    employer: EmployerId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is asked for: whose it is, and in which compartment it lies."""

    matter: Matter
    contact: ContactId | None = None
    employer: EmployerId | None = None  # whose roster or broadcast it is; None is the organisation's own
    compartment: Compartment = Compartment.GENERAL


PLACE = Subject(matter=Matter.PLACE)
STAFF, AUDIT, REPORT, SETTINGS, TRAINING = (
    Subject(matter=matter) for matter in (Matter.STAFF, Matter.AUDIT, Matter.REPORT, Matter.SETTINGS, Matter.TRAINING)
)


def of_case(case: Case) -> Subject:
    return Subject(matter=Matter.CASE, contact=case.contact, compartment=case.compartment)


def of_conversation(contact: ContactId, cases: Iterable[Case]) -> Subject:
    """A conversation lies where the most protected of the contact's cases lies: the words are the same words."""
    return Subject(matter=Matter.CONVERSATION, contact=contact, compartment=_strictest(cases))


def of_document(document: Document, cases: Iterable[Case]) -> Subject:
    """A document lies where its sender's cases lie: a photo of an injury tells what the case tells."""
    return Subject(matter=Matter.DOCUMENT, contact=ContactId(document.contact), compartment=_strictest(cases))


def of_roster(employer: EmployerId | None) -> Subject:
    return Subject(matter=Matter.ROSTER, employer=employer)


def of_broadcasts(employer: EmployerId | None) -> Subject:
    return Subject(matter=Matter.BROADCAST, employer=employer)


def _strictest(cases: Iterable[Case]) -> Compartment:
    is_protected = any(case.compartment is Compartment.PROTECTION for case in cases)
    return Compartment.PROTECTION if is_protected else Compartment.GENERAL


_EVERYTHING = frozenset(Deed)
_NOTHING: frozenset[Deed] = frozenset()
# What each role may do to a contact's cases, conversations and documents, by compartment (R2, R16).
_PERSONAL = {
    (Role.OPERATOR, Compartment.GENERAL): frozenset({Deed.READ, Deed.ANSWER, Deed.CHANGE}),
    (Role.SUPERVISOR, Compartment.GENERAL): frozenset({Deed.READ, Deed.ANSWER, Deed.CHANGE, Deed.EXPORT}),
    (Role.SPECIALIST, Compartment.GENERAL): frozenset({Deed.READ, Deed.ANSWER, Deed.CHANGE}),
    (Role.SPECIALIST, Compartment.PROTECTION): frozenset({Deed.READ, Deed.ANSWER, Deed.CHANGE, Deed.EXPORT}),
    (Role.SYSTEM, Compartment.GENERAL): _EVERYTHING,
    (Role.SYSTEM, Compartment.PROTECTION): _EVERYTHING,
}
_OWN = frozenset({Deed.READ, Deed.EXPORT, Deed.ERASE})  # R18: see, get and erase what is held of oneself
# Places are for everybody to read; who hears that one is wrong may block it at once (R5).
_PLACES = {
    Role.OPERATOR: frozenset({Deed.READ, Deed.CHANGE}),
    Role.SUPERVISOR: frozenset({Deed.READ, Deed.CHANGE, Deed.EXPORT}),
    Role.SPECIALIST: frozenset({Deed.READ, Deed.CHANGE}),
    Role.ADMINISTRATOR: frozenset({Deed.READ, Deed.CHANGE, Deed.EXPORT, Deed.ERASE}),
    Role.SYSTEM: _EVERYTHING,
}
_ANYBODY = frozenset({Deed.READ})
# What each role may do to rosters and broadcasts: an employer's people to their own employer's only (R2, R7).
_COMPANY = {
    (Role.AUTHOR, Matter.ROSTER): frozenset({Deed.READ, Deed.CHANGE, Deed.EXPORT}),
    (Role.AUTHOR, Matter.BROADCAST): frozenset({Deed.READ, Deed.CHANGE, Deed.EXPORT}),
    (Role.APPROVER, Matter.ROSTER): frozenset({Deed.READ, Deed.CHANGE, Deed.EXPORT}),
    (Role.APPROVER, Matter.BROADCAST): frozenset({Deed.READ, Deed.CHANGE, Deed.EXPORT, Deed.APPROVE}),
    (Role.SUPERVISOR, Matter.BROADCAST): frozenset({Deed.READ, Deed.EXPORT}),
    (Role.OPERATOR, Matter.BROADCAST): frozenset({Deed.READ}),
    (Role.SPECIALIST, Matter.BROADCAST): frozenset({Deed.READ}),
    (Role.ADMINISTRATOR, Matter.ROSTER): _EVERYTHING - {Deed.ANSWER},
    (Role.ADMINISTRATOR, Matter.BROADCAST): _EVERYTHING - {Deed.ANSWER},
    (Role.SYSTEM, Matter.ROSTER): _EVERYTHING,
    (Role.SYSTEM, Matter.BROADCAST): _EVERYTHING,
}


# What each role may do to what is the organisation's own and about no contact.
_HOUSE = {
    (Role.ADMINISTRATOR, Matter.STAFF): frozenset({Deed.READ, Deed.CHANGE}),
    (Role.SUPERVISOR, Matter.STAFF): _ANYBODY,  # whom to give work, and when they are here
    (Role.ADMINISTRATOR, Matter.AUDIT): frozenset({Deed.READ, Deed.EXPORT}),
    (Role.SUPERVISOR, Matter.REPORT): frozenset({Deed.READ, Deed.EXPORT}),
    (Role.SPECIALIST, Matter.REPORT): _ANYBODY,
    (Role.ADMINISTRATOR, Matter.REPORT): frozenset({Deed.READ, Deed.EXPORT}),
    (Role.ADMINISTRATOR, Matter.SETTINGS): frozenset({Deed.READ, Deed.CHANGE}),
    (Role.SUPERVISOR, Matter.SETTINGS): frozenset({Deed.READ, Deed.CHANGE}),
    (Role.OPERATOR, Matter.SETTINGS): _ANYBODY,
    (Role.SPECIALIST, Matter.SETTINGS): _ANYBODY,
    (Role.OPERATOR, Matter.TRAINING): frozenset({Deed.READ, Deed.CHANGE}),
    (Role.SPECIALIST, Matter.TRAINING): frozenset({Deed.READ, Deed.CHANGE}),
    (Role.SUPERVISOR, Matter.TRAINING): frozenset({Deed.READ, Deed.CHANGE, Deed.EXPORT}),
    (Role.ADMINISTRATOR, Matter.TRAINING): frozenset({Deed.EXPORT}),
}
_HOUSES = frozenset(matter for _, matter in _HOUSE)


def may(reader: Reader, deed: Deed, subject: Subject) -> bool:
    """Whether the rules allow it. What no rule allows is refused."""
    if subject.matter is Matter.PLACE:
        return deed in _PLACES.get(reader.role, _ANYBODY)
    if subject.matter in (Matter.ROSTER, Matter.BROADCAST):
        is_theirs = not reader.role.is_employers or (
            reader.employer is not None and reader.employer == subject.employer
        )
        return is_theirs and deed in _COMPANY.get((reader.role, subject.matter), _NOTHING)
    if subject.matter in _HOUSES:
        return reader.role is Role.SYSTEM or deed in _HOUSE.get((reader.role, subject.matter), _NOTHING)
    if reader.role is Role.CONTACT:
        return subject.contact is not None and reader.id == subject.contact and deed in _OWN
    return deed in _PERSONAL.get((reader.role, subject.compartment), _NOTHING)


def require(reader: Reader, deed: Deed, subject: Subject) -> None:
    """Raises Denied, in words that are the same for what is refused and what is not there."""
    if not may(reader, deed, subject):
        raise Denied(REFUSAL)
