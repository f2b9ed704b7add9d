"""Owns consent: what a contact allows to be passed on, to whom and for what; dated, and theirs to take back (R4)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from bot.domain.case import CaseId
from bot.domain.contact import ContactId
from bot.domain.message import MessageId
from bot.domain.staff import StaffId

ConsentId = NewType("ConsentId", str)


class ConsentState(StrEnum):
    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One permission. `recipient` and `purpose` are in the contact's words or the operator's, as they were asked.

    `message` is the contact's own message that gave it; a consent by word of mouth has none, and `note` says how.
    """

    id: ConsentId
    contact: ContactId
    case: CaseId | None = None
    recipient: str
    purpose: str
    asked_by: StaffId
    asked_at: datetime
    answered_at: datetime | None = None
    is_given: bool | None = None
    message: MessageId | None = None
    note: str = ""
    revoked_at: datetime | None = None

    @property
    def state(self) -> ConsentState:
        if self.revoked_at is not None:
            return ConsentState.REVOKED
        if self.is_given is None:
            return ConsentState.ASKED
        return ConsentState.GIVEN if self.is_given else ConsentState.REFUSED

    @property
    def holds(self) -> bool:
        """Whether something may be passed on by it now."""
        return self.state is ConsentState.GIVEN
