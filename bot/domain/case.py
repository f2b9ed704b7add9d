"""Owns the case: something that a person must follow up for a contact, with its urgency and its compartment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType

from bot.domain.contact import ContactId
from bot.domain.values import Value
from bot.domain.wages import Pay

CaseId = NewType("CaseId", str)

CASE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0/O and 1/I: a number is read aloud and typed by thumb
CASE_PREFIX = "M-"
CASE_LENGTH = 6


class Topic(StrEnum):
    """What a case is about."""

    DANGER = "danger"
    MEDICAL = "medical"
    DISTRESS = "distress"
    MISSING_PERSON = "missing_person"
    EVACUATION = "evacuation"
    CONSULAR = "consular"
    DOCUMENTS = "documents"
    WAGES = "wages"
    LABOUR = "labour"
    FORCED_LABOUR = "forced_labour"
    ABUSE = "abuse"
    PERSON = "person"  # wants to talk to somebody
    NOT_UNDERSTOOD = "not_understood"
    FAULT = "fault"  # something in Muster failed while this contact waited


class Urgency(IntEnum):
    """Higher is sooner."""

    LOW = 1
    NORMAL = 2
    HIGH = 3
    CRITICAL = 4


class Compartment(StrEnum):
    """Who may read a case: PROTECTION is for specialists only, and employers may read neither (R2, R16)."""

    GENERAL = "general"
    PROTECTION = "protection"


class CaseStatus(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_open(self) -> bool:
        return self not in (CaseStatus.RESOLVED, CaseStatus.CLOSED)


class Clue(StrEnum):
    """Signs of forced labour, for a trained person alone (R15): the ILO's eleven indicators (2012)."""

    VULNERABILITY = "vulnerability"
    DECEPTION = "deception"
    MOVEMENT = "movement"
    ISOLATION = "isolation"
    VIOLENCE = "violence"
    THREATS = "threats"
    DOCUMENTS = "documents"
    WAGES = "wages"
    DEBT = "debt"
    CONDITIONS = "conditions"
    OVERTIME = "overtime"


class Outcome(StrEnum):
    """How a case ended."""

    HELPED = "helped"
    REFERRED = "referred"
    INFORMED = "informed"
    UNREACHABLE = "unreachable"
    WITHDRAWN = "withdrawn"  # the contact no longer wants it
    DUPLICATE = "duplicate"
    NOTHING_TO_DO = "nothing_to_do"


_PROTECTION = frozenset({Topic.FORCED_LABOUR, Topic.ABUSE, Topic.DISTRESS})


def compartment_of(topic: Topic) -> Compartment:
    """The compartment that a topic's cases belong to."""
    return Compartment.PROTECTION if topic in _PROTECTION else Compartment.GENERAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something to follow up; `number` is what the contact can quote, `facts` are the flow's answers.

    A person is to answer by `due_at` and did so at `answered_at`; it is to be resolved by `resolve_by`.
    """

    id: CaseId
    number: str
    contact: ContactId
    topic: Topic
    urgency: Urgency
    compartment: Compartment
    status: CaseStatus = CaseStatus.OPEN
    owner: str | None = None
    narrative: str = ""
    facts: Mapping[str, Value] = field(default_factory=dict)
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None = None
    answered_at: datetime | None = None
    resolve_by: datetime | None = None
    next_step: str = ""
    next_step_at: datetime | None = None
    escalated_at: datetime | None = None  # its time ran out and somebody above was told
    outcome: Outcome | None = None
    clues: frozenset[Clue] = frozenset()
    pay: tuple[Pay, ...] = ()  # what a wage claim is worked out from
