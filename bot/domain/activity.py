"""Owns the activity: one thing that staff, or the desk by itself, did with a conversation or a case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from bot.domain.case import CaseId
from bot.domain.contact import ContactId
from bot.domain.staff import StaffId

ActivityId = NewType("ActivityId", str)


class ActivityKind(StrEnum):
    """What was done. The history of a case and the times of reports are made of these, so none is ever changed."""

    CASE_OPENED = "case_opened"
    CLAIMED = "claimed"
    ANSWERED = "answered"  # the first answer of a claim
    TRANSFERRED = "transferred"  # details: to
    GIVEN_BACK = "given_back"  # to the queue: details: why (own wish, off duty, silent)
    HANDED_BACK = "handed_back"  # to the bot; details: how (resume, end)
    NOTE = "note"
    ASKED = "asked"  # a question of the flow library; details: flow
    STATUS = "status"  # of a case; details: was, is, outcome
    URGENCY = "urgency"  # details: was, is
    COMPARTMENT = "compartment"  # details: was, is
    NEXT_STEP = "next_step"  # text; details: due_at
    NARRATIVE = "narrative"  # a person corrected what the case tells
    LINKED = "linked"  # details: case
    UNLINKED = "unlinked"
    CLUES = "clues"  # details: clues
    CONSENT = "consent"  # details: consent, is_given
    REFERRED = "referred"  # details: consent, to
    ESCALATED = "escalated"  # its time ran out; details: to
    MERGED = "merged"  # details: other
    UNMERGED = "unmerged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One entry of a history. `text` and `details` are sealed; `staff` is None for what the desk does by itself."""

    id: ActivityId
    contact: ContactId
    kind: ActivityKind
    at: datetime
    staff: StaffId | None = None
    case: CaseId | None = None
    text: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
