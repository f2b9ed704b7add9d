"""Owns consents (R4): asked in writing or recorded by word of mouth, dated, taken back at any time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.case import Case
from bot.domain.consent import Consent, ConsentId, ConsentState
from bot.domain.contact import Contact, ContactId
from bot.domain.delivery import Lane
from bot.domain.errors import InputError
from bot.domain.message import MessageId
from bot.domain.staff import StaffId
from bot.services.access import Deed, Reader
from bot.services.casework import CaseWork
from bot.services.desk import named_once
from bot.services.ports import Ids, Unit

FLOW = "consent"
NO_RECIPIENT = "Say to whom it is to be given, and what for."
NO_NOTE = "Say how the consent was given: when, and by which call or talk."
TOO_LONG = "This is too long. Shorten it."
NO_SUCH_CONSENT = "There is no such consent any more."
TEXTS = (NO_RECIPIENT, NO_NOTE, TOO_LONG, NO_SUCH_CONSENT)
LONGEST = 120  # characters of a recipient or a purpose: both stand in one question
LONGEST_NOTE = 1000
RECENT = 20  # messages among which the one is found that gave it


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDesk:
    """What staff do with consents. Each is of one contact, about one case, for one recipient and one purpose."""

    work: CaseWork

    async def ask(self, reader: Reader, number: str, recipient: str, purpose: str, *, once: str = "") -> None:
        """Let the bot ask the contact now; raises Conflict unless the conversation is the reader's.

        What comes again with the same `once`, which names the form, was asked already.
        """
        recipient, purpose = _named(recipient, purpose)
        desk, case = self.work.desk, await self.work.known(reader, number)
        async with desk.enter(reader, Deed.ANSWER, case.contact, detail="ask for consent") as room:
            consent = self._new(reader, case, recipient, purpose, room.now, once=once)
            if await room.unit.consents.get(consent.id) is not None:
                return
            await room.unit.consents.put(consent)
            answers = {"consent": consent.id, "recipient": recipient, "purpose": purpose}
            await desk.ask_in(room, FLOW, answers)
        await desk.bell.ring(case.contact, Lane.REPLY)

    async def record(
        self, reader: Reader, number: str, recipient: str, purpose: str, note: str, *, is_given: bool, once: str = ""
    ) -> None:
        """Write down what the contact said by word of mouth, and how; the same `once` was written down already."""
        recipient, purpose = _named(recipient, purpose)
        note = note.strip()
        if not note:
            raise InputError(NO_NOTE)
        if len(note) > LONGEST_NOTE:
            raise InputError(TOO_LONG)
        async with self.work.enter(reader, Deed.CHANGE, number, detail="consent") as folder:
            consent = self._new(reader, folder.case, recipient, purpose, folder.now, once=once)
            if await folder.unit.consents.get(consent.id) is not None:
                return
            consent = replace(consent, is_given=is_given, answered_at=folder.now, note=note)
            await folder.unit.consents.put(consent)
            folder.note(ActivityKind.CONSENT, details=_details(consent))

    async def revoke(self, reader: Reader, number: str, consent: str) -> None:
        """Take it back for the contact, who said so; nothing goes out by it any more."""
        async with self.work.enter(reader, Deed.CHANGE, number, detail="revoke consent") as folder:
            known = await folder.unit.consents.get(ConsentId(consent))
            if known is None or known.contact != folder.contact.id or not known.holds:
                raise InputError(NO_SUCH_CONSENT)
            revoked = replace(known, revoked_at=folder.now)
            await folder.unit.consents.put(revoked)
            folder.note(ActivityKind.CONSENT, details=_details(revoked))

    def _new(self, reader: Reader, case: Case, recipient: str, purpose: str, now: datetime, *, once: str) -> Consent:
        # By the form and all that makes the consent: one that was corrected and sent again is another.
        form = " ".join((once, case.id, recipient, purpose))
        named = named_once("consent", reader, case.contact, form) if once else self.work.ids.new()
        return Consent(
            id=ConsentId(named),
            contact=case.contact,
            case=case.id,
            recipient=recipient,
            purpose=purpose,
            asked_by=StaffId(reader.id),
            asked_at=now,
        )


# --- what the contact says themselves, inside the transaction of their message --------------------------------------


async def answer(unit: Unit, ids: Ids, contact: Contact, consent: str, *, is_given: bool, now: datetime) -> bool:
    """Keep the contact's own answer and the message that gave it; False where nothing waits for an answer."""
    known = await unit.consents.get(ConsentId(consent))
    if known is None or known.contact != contact.id or known.state is not ConsentState.ASKED:
        return False
    answered = replace(known, is_given=is_given, answered_at=now, message=await _message(unit, contact.id))
    await _keep(unit, ids, answered, now)
    return True


async def holding(unit: Unit, contact: ContactId) -> Sequence[Consent]:
    """What the contact allows now, the first given first, so that its numbers stay the same."""
    return [consent for consent in reversed(await unit.consents.of(contact)) if consent.holds]


async def take_back(unit: Unit, ids: Ids, contact: Contact, consent: str, now: datetime) -> bool:
    """The contact takes one back; False where there is none to take back."""
    known = await unit.consents.get(ConsentId(consent))
    if known is None or known.contact != contact.id or not known.holds:
        return False
    await _keep(unit, ids, replace(known, revoked_at=now), now)
    return True


async def _keep(unit: Unit, ids: Ids, consent: Consent, now: datetime) -> None:
    await unit.consents.put(consent)
    done = Activity(
        id=ActivityId(ids.new()),
        contact=consent.contact,
        case=consent.case,
        kind=ActivityKind.CONSENT,
        at=now,
        details=_details(consent),
    )
    await unit.activities.add([done])


async def _message(unit: Unit, contact: ContactId) -> MessageId | None:
    """The message that is being handled: they are handled in order, so it is the last of those that are."""
    handled = [one for one in await unit.messages.history(contact, RECENT) if one.handled_at is not None]
    return handled[-1].id if handled else None


def _details(consent: Consent) -> dict[str, str]:
    return {"consent": consent.id, "state": consent.state.value, "to": consent.recipient}


def _named(recipient: str, purpose: str) -> tuple[str, str]:
    """Both on one line each: they stand in the question that the contact reads."""
    recipient, purpose = (" ".join(text.split()) for text in (recipient, purpose))
    if not recipient or not purpose:
        raise InputError(NO_RECIPIENT)
    if max(len(recipient), len(purpose)) > LONGEST:
        raise InputError(TOO_LONG)
    return recipient, purpose
