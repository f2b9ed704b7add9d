"""Owns the case: something that a person must follow up for a contact, with its urgency and its compartment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NewType

from bot.domain.contact import ContactId
from bot.domain.values import Value

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


_PROTECTION = frozenset({Topic.FORCED_LABOUR, Topic.ABUSE, Topic.DISTRESS})
# Targets for the first answer by a person; an organisation's own plan replaces them.
_FIRST_ANSWER = {
    Urgency.CRITICAL: timedelta(minutes=5),
    Urgency.HIGH: timedelta(minutes=30),
    Urgency.NORMAL: timedelta(hours=8),
    Urgency.LOW: timedelta(days=2),
}


def compartment_of(topic: Topic) -> Compartment:
    """The compartment that a topic's cases belong to."""
    return Compartment.PROTECTION if topic in _PROTECTION else Compartment.GENERAL


def due_after(urgency: Urgency) -> timedelta:
    """How long a contact may wait for a person's first answer."""
    return _FIRST_ANSWER[urgency]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something to follow up; `number` is what the contact can quote, `facts` are the flow's answers."""

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
