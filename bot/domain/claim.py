"""Owns the claim: one person of the staff has a conversation, and the bot is mute until it is handed back (R14)."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.contact import ContactId
from bot.domain.staff import StaffId


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who speaks with a contact. There is one for each conversation in a person's hands, and none for the others.

    `answered_at` is when this person last wrote to the contact, `read_up_to` the newest message they have been shown.
    """

    contact: ContactId
    staff: StaffId
    claimed_at: datetime
    answered_at: datetime | None = None
