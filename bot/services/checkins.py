"""Owns check-ins: the question an alert has put, what a contact answers to it, and how staff close the silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import phonenumbers

from bot.domain.broadcast import Broadcast, BroadcastKind, BroadcastStatus
from bot.domain.checkin import Closing, Recipient, Safety, Source
from bot.domain.contact import Contact
from bot.domain.delivery import BroadcastId
from bot.domain.errors import Denied, InputError
from bot.domain.message import Received
from bot.domain.session import Session, SessionStatus
from bot.domain.values import Value
from bot.engine.extract import digits, fold
from bot.services import access
from bot.services.access import Deed, Reader
from bot.services.letters import ASKED, CHECK_IN, read_payload
from bot.services.ports import Clock, Store, Unit

LATE = timedelta(hours=72)  # after a broadcast's end an answer still counts for so long: better late than unknown
SMALL_TALK = frozenset({"menu", "welcome", "fallback"})  # flows that may stand before an alert's question for a while
MAX_CLOSED = 1000  # recipients closed in one deed


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an alert has asked this contact, and its flow does not yet wait for."""

    recipient: Recipient
    broadcast: Broadcast
    employer_name: str

    def answers(self, *, interrupts: bool) -> dict[str, Value]:
        """What the flow is begun with."""
        flags = {
            "drill": self.broadcast.kind is BroadcastKind.DRILL,
            "ours": self.broadcast.employer is None,  # the organisation's own: no employer sees its board
            "interrupted": interrupts,
        }
        known: dict[str, Value] = {"employer_name": self.employer_name, "broadcast": self.broadcast.id}
        return {**known, **{name: True for name, holds in flags.items() if holds}}


async def question(
    unit: Unit, contact: Contact, choice: str | None, *, sessions: Sequence[Session], organisation: str
) -> Question | None:
    """The question that a message may be the answer to: that of a tapped option, else the newest one not yet heard.

    Of somebody whom nothing else has asked (none of their `sessions` waits) it may be one that is just going out.
    """
    _, tapped = read_payload(choice or "")
    if tapped is not None:
        recipient = await unit.recipients.of(tapped, contact.id)
    else:
        is_idle = all(session.status is not SessionStatus.WAITING for session in sessions)
        recipient = await unit.recipients.asked(contact.id, includes_unrecorded=is_idle)
    return await _question(unit, recipient, organisation) if recipient else None


async def live_question(unit: Unit, contact: Contact, *, organisation: str) -> Question | None:
    """The question of the newest live alert that was sent to the contact, whatever became of it since."""
    recipient = await unit.recipients.asked(contact.id, includes_heard=True)
    return await _question(unit, recipient, organisation) if recipient else None


async def _question(unit: Unit, recipient: Recipient, organisation: str) -> Question | None:
    broadcast = await unit.broadcasts.get(recipient.broadcast)
    if broadcast is None or not broadcast.asks_check_in:
        return None
    whose = broadcast.employer  # not whom they have gone to since, who sees nothing of it
    employer = await unit.sites.employer(whose) if whose else None
    name = employer.name if employer else organisation
    return Question(recipient=recipient, broadcast=broadcast, employer_name=name)


def broadcast_of(session: Session) -> BroadcastId | None:
    """The broadcast whose question the session puts."""
    named = session.answers.get("broadcast") if session.flow == CHECK_IN else None
    return BroadcastId(named) if isinstance(named, str) else None


def is_of_drill(session: Session) -> bool:
    """Whether it answers a drill: whatever is said in it says so (R9)."""
    return bool(session.answers.get("drill"))


def is_asking(session: Session, broadcast: BroadcastId | None = None) -> bool:
    """Whether this session waits for the answer to an alert (to that one, if given)."""
    is_at = session.flow == CHECK_IN and session.step == ASKED and session.status is SessionStatus.WAITING
    return is_at and broadcast in (None, broadcast_of(session))


async def without_past(unit: Unit, sessions: Sequence[Session], received: Received) -> Sequence[Session]:
    """The open sessions but those of alerts that are over, unless their option is tapped or its number written.

    Words that somebody writes later are about something else: who tells us in private that they are beaten has not
    answered their employer's alert of yesterday (R2, R3).
    """
    if received.choice is not None or is_number(received.text):
        return sessions
    return [session for session in sessions if not await _is_past(unit, session)]


def is_number(text: str) -> bool:
    """Whether it is the number of an option and nothing else."""
    return digits(text).strip(" .").isdecimal()


def put_aside(sessions: Sequence[Session]) -> Session | None:
    """The alert's question that only small talk stands before; None where something else is talked about (R2)."""
    below = [session for session in sessions if session.flow not in SMALL_TALK]
    is_aside = below and below[0].status is SessionStatus.SUSPENDED
    return below[0] if is_aside and (below[0].flow, below[0].step) == (CHECK_IN, ASKED) else None


async def _is_past(unit: Unit, session: Session) -> bool:
    named = broadcast_of(session)
    stored = await unit.broadcasts.get(named) if named else None
    return stored is not None and stored.status is not BroadcastStatus.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInDesk:
    """Keeps answers, and lets staff close who stays silent."""

    store: Store
    clock: Clock
    region: str  # where phone numbers without a country are from

    async def record(
        self, unit: Unit, contact: Contact, broadcast: BroadcastId | None, safety: Safety, now: datetime
    ) -> bool:
        """Keep the contact's own answer; False when they were not asked, or it is too late."""
        recipient = await self._open(unit, contact, broadcast, now)
        if recipient is None:
            return False
        await unit.recipients.answer(recipient.number, safety, Source.SELF, now)
        return True

    async def note_words(self, unit: Unit, recipient: Recipient, now: datetime) -> None:
        """Keep that somebody who needs help wrote that they are safe. The board still counts them as in need (R10)."""
        if recipient.has_answered and recipient.safety is Safety.HELP:
            await unit.recipients.answer(recipient.number, Safety.SAFE, Source.WROTE, now)

    async def vouch(
        self, unit: Unit, contact: Contact, broadcast: BroadcastId | None, who: str, *, now: datetime
    ) -> bool:
        """Keep that somebody else is safe, as another says; False unless exactly one colleague fits."""
        mine = await self._open(unit, contact, broadcast, now)
        if mine is None or contact.employer is None:
            return False
        number = _number(who, self.region)
        people = await unit.roster.people(contact.employer)
        fitting = [other for other in people if other.id != contact.id and _is_called(other, who, number)]
        if len(fitting) != 1:
            return False
        theirs = await unit.recipients.of(mine.broadcast, fitting[0].id)
        if theirs is None:
            return False
        await unit.recipients.answer(theirs.number, Safety.SAFE, Source.OTHER, now)
        return True

    async def _open(
        self, unit: Unit, contact: Contact, broadcast: BroadcastId | None, now: datetime
    ) -> Recipient | None:
        if broadcast is None:
            return None
        stored = await unit.broadcasts.get(broadcast)
        is_over = stored is None or (stored.ended_at is not None and stored.ended_at + LATE < now)
        return None if is_over else await unit.recipients.of(broadcast, contact.id)

    async def close(self, reader: Reader, broadcast: BroadcastId, recipients: Sequence[int], closing: Closing) -> int:
        """Close silent recipients with a reason (R10); returns how many still were silent."""
        if not 0 < len(recipients) <= MAX_CLOSED:
            raise InputError(f"Choose between 1 and {MAX_CLOSED} people.")
        async with self.store.transaction() as unit:
            stored = await unit.broadcasts.get(broadcast)
            if stored is None or stored.status is BroadcastStatus.DRAFT:
                raise Denied(access.REFUSAL)
            access.require(reader, Deed.CHANGE, access.of_broadcasts(stored.employer))
            theirs = [number for number in recipients if await _belongs(unit, number, broadcast)]
            return await unit.recipients.close(theirs, closing, reader.id, self.clock.now())


async def _belongs(unit: Unit, number: int, broadcast: BroadcastId) -> bool:
    recipient = await unit.recipients.get(number)
    return recipient is not None and recipient.broadcast == broadcast


def _number(who: str, region: str) -> str | None:
    """The words as a phone number, if they are one."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(who, region), phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        return None


def _is_called(contact: Contact, who: str, number: str | None) -> bool:
    """Whether the words are this colleague's number or name, as the employer has them."""
    if number and contact.listing is not None and number in (*contact.listing.phones, *contact.listing.whatsapp):
        return True  # no number but the list's: else a name appears on the board beside a phone that was kept secret
    said, name = fold(who).split(), fold(contact.name_for_employer or "").split()
    if said == name:
        return bool(name)  # 王伟 and Vy are whole names
    return set(said) <= set(name) and len("".join(said)) > 2
