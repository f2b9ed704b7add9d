"""Owns the Protocols of the operators' desk: what storage keeps of claims, histories, consents, duty and the audit."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.domain.activity import Activity, ActivityKind
from bot.domain.audit import AuditEntry, End
from bot.domain.case import Case, CaseId, CaseStatus, Compartment, Topic, Urgency
from bot.domain.claim import Claim
from bot.domain.consent import Consent, ConsentId
from bot.domain.contact import Contact, ContactId
from bot.domain.duty import Presence, Shift, ShiftId
from bot.domain.employer import EmployerId, SiteId
from bot.domain.merge import Merge, MergeId
from bot.domain.message import MessageId
from bot.domain.staff import StaffId


class Claims(Protocol):
    async def take(self, claim: Claim) -> bool:
        """False when somebody has the conversation already: of a hundred who take it at once, one does."""
        ...

    async def of(self, contact: ContactId) -> Claim | None: ...

    async def save(self, claim: Claim) -> None: ...

    async def end(self, contact: ContactId) -> bool:
        """False when nobody had it."""
        ...

    async def by(self, staff: StaffId) -> Sequence[Claim]:
        """What this person has, the oldest first."""
        ...

    async def all(self) -> Sequence[Claim]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a history: from `since` on, and up to `until`. Of the moment of `until` itself it holds nothing (None),
    everything (""), or what stands before the one of that id."""

    since: datetime | None = None
    until: datetime | None = None
    until_id: str | None = None


WHOLE = Part()


class Activities(Protocol):
    async def add(self, activities: Sequence[Activity]) -> None: ...

    async def of(
        self, contact: ContactId, limit: int, *, part: Part = WHOLE, without: Collection[ActivityKind] = ()
    ) -> Sequence[Activity]:
        """The last ones of that part, in order."""
        ...

    async def of_case(self, case: CaseId) -> Sequence[Activity]: ...

    async def delete_before(self, at: datetime, limit: int) -> int:
        """Delete those of no case (a case's go with it), the oldest first; returns how many went (R18)."""
        ...


class Audit(Protocol):
    async def add(self, entry: AuditEntry) -> AuditEntry:
        """Put it at the end of the chain. The end is held until this transaction ends: do it last."""
        ...

    async def end(self) -> End | None:
        """Where the chain ends, as it was sealed with the last entry; None without a seal that opens."""
        ...

    async def start(self) -> End | None:
        """The last entry that was let go, as it was sealed then; None where none was, or without a seal that opens."""
        ...

    async def forget(self, last: End) -> None:
        """Let go of all entries up to this one, which is sealed. The chain is held until this transaction ends."""
        ...

    async def after(self, number: int, limit: int) -> Sequence[AuditEntry]:
        """The entries that follow, in order."""
        ...

    async def search(
        self,
        *,
        subject: str = "",
        reader: str = "",
        matter: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int,
    ) -> Sequence[AuditEntry]:
        """The newest first; `before` is the number from which a page goes on."""
        ...


class Consents(Protocol):
    async def put(self, consent: Consent) -> None:
        """Insert or replace by id."""
        ...

    async def get(self, consent: ConsentId) -> Consent | None: ...

    async def of(self, contact: ContactId) -> Sequence[Consent]:
        """The newest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A text in another language, made by an engine. `subject` is message:<id>, delivery:<id> or activity:<id>."""

    subject: str
    contact: ContactId
    language: str
    engine: str
    text: str
    at: datetime


class Translator(Protocol):
    """An engine that translates; `name` is what its translations are labelled with."""

    @property
    def name(self) -> str: ...

    async def translate(self, text: str, source: str, target: str) -> str:
        """The text in `target`; an empty `source` is one that nobody knows.

        Raises InputError for what the engine will never translate, and Unavailable.
        """
        ...


class Translations(Protocol):
    async def put(self, translation: Translation) -> None:
        """Insert or replace by subject and language."""
        ...

    async def beside(self, subjects: Collection[str]) -> Sequence[Translation]:
        """Those that there are, in every language, in no order."""
        ...

    async def delete_before(self, at: datetime, limit: int) -> int:
        """Delete those made before that time, the oldest first; returns how many went (R18)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedReply:
    """A text that operators write often, by language; `{name}` and the like are filled in when it is chosen."""

    id: str
    name: str
    topic: Topic | None = None
    texts: Mapping[str, str]
    changed_at: datetime
    changed_by: str


class CannedReplies(Protocol):
    async def put(self, reply: CannedReply) -> None: ...

    async def get(self, reply: str) -> CannedReply | None: ...

    async def all(self) -> Sequence[CannedReply]:
        """By name."""
        ...

    async def delete(self, reply: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a person says that a message meant; `text` tells nothing of who wrote it."""

    message: MessageId
    contact: ContactId
    text: str
    language: str
    intent: str
    at: datetime
    staff: StaffId


class Corrections(Protocol):
    async def put(self, correction: Correction) -> None:
        """Insert, or replace that of the same message."""
        ...

    async def of(self, messages: Collection[MessageId]) -> Mapping[MessageId, Correction]: ...

    async def since(self, at: datetime, limit: int) -> Sequence[Correction]:
        """In the order of their making."""
        ...

    async def delete_before(self, at: datetime, limit: int) -> int:
        """Delete those made before that time, the oldest first; returns how many went (R18)."""
        ...


class Duty(Protocol):
    """Who is on duty, and who is planned to be."""

    async def begin(self, staff: StaffId, at: datetime) -> None:
        """On duty from now; who is already stays so since then and is seen now."""
        ...

    async def seen(self, staff: StaffId, at: datetime) -> None:
        """A sign of their screen; nothing for who is not on duty."""
        ...

    async def end(self, staff: StaffId, *, silent_since: datetime | None = None) -> bool:
        """No longer on duty; with a time, only if no sign came after it. False when nothing was changed."""
        ...

    async def present(self) -> Sequence[Presence]: ...

    async def put_shift(self, shift: Shift) -> None: ...

    async def delete_shift(self, shift: ShiftId) -> None: ...

    async def shifts(self, begins_before: datetime, ends_after: datetime) -> Sequence[Shift]:
        """Those that lie between, by their beginning."""
        ...


class AlarmKind(StrEnum):
    """Why somebody outside is told of a case."""

    NEW = "new"  # it has just been opened, and cannot wait
    OVERDUE = "overdue"  # its time ran out without an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Word to be sent out of the house that a case waits; `told` names the ways by which it has gone out."""

    number: int = 0
    case: CaseId
    kind: AlarmKind
    made_at: datetime
    due_at: datetime | None  # None once it is out everywhere, or given up
    attempts: int = 0
    told: frozenset[str] = frozenset()


class Alarms(Protocol):
    async def add(self, alarm: Alarm) -> None: ...

    async def has_due(self, now: datetime) -> bool:
        """Whether there is any to claim."""
        ...

    async def claim(self, now: datetime, until: datetime, limit: int) -> Sequence[Alarm]:
        """Those that are due, which nobody else gets before `until`; each has one attempt more."""
        ...

    async def save(self, alarm: Alarm) -> None: ...


class Erasures(Protocol):
    """Who was erased, and what people ended or allowed: keyed hashes, so that no backup undoes it."""

    async def since(self, at: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """What was said at that time or later, and when, in order (`storage/wishes.py` says how it is written)."""
        ...


class Merges(Protocol):
    """Contacts that are one person."""

    async def hold(self, held: Sequence[ContactId]) -> None:
        """Until this transaction ends nothing else is written of these contacts, not even a new message."""
        ...

    async def join(self, merge: Merge, became: Contact) -> None:
        """Make everything of `merge.other` the kept contact's, who is `became` from now on, and end the other.

        Where both are in a flow, the other's end; of two accounts of one broadcast the kept one has the newest answer.
        Raises Conflict when one of them is gone.
        """
        ...

    async def part(self, merge: Merge, at: datetime) -> None:
        """Put back what moved and is still there, with what came by the other's addresses since.

        Raises Conflict when it is undone already. Only the newest merge of a contact may be undone.
        """
        ...

    async def get(self, merge: MergeId) -> Merge | None: ...

    async def of(self, contact: ContactId) -> Sequence[Merge]:
        """Those that stand, the newest first."""
        ...

    async def into(self, other: ContactId) -> ContactId | None:
        """Whose everything of this contact is now; None where it was not merged."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One contact who has open cases, as the queue knows them without opening anything that is sealed.

    `urgency` is that of the most urgent open case, `waiting_since` the beginning of the one that has waited longest for
    a first answer (none: all were answered), `due_at` the earliest time by which one is to be answered, `resolve_by`
    the earliest by which one is to be resolved. `heard_at` is the contact's last message.
    """

    contact: ContactId
    language: str | None
    employer: EmployerId | None
    site: SiteId | None
    compartment: Compartment  # the strictest of all the contact's cases
    urgency: Urgency
    topics: frozenset[Topic]
    statuses: frozenset[CaseStatus]
    numbers: tuple[str, ...]
    opened_at: datetime
    waiting_since: datetime | None
    due_at: datetime | None
    resolve_by: datetime | None
    next_step_at: datetime | None
    escalated_at: datetime | None
    heard_at: datetime | None
    claim: Claim | None


class Traces(Protocol):
    """Whether a conversation is still as it was, without reading a word of it."""

    async def of(self, contact: ContactId) -> str:
        """Another value whenever anything of it was written, also what is not shown; a text even where nobody is."""
        ...


class QueueRows(Protocol):
    """The queue, derived at each reading from cases, claims and messages: nothing can drift."""

    async def read(self) -> Sequence[QueueRow]:
        """Everybody with an open case or in somebody's hands; in no order."""
        ...

    async def overdue(self, now: datetime, limit: int) -> Sequence[Case]:
        """Open cases that nobody answered by their time and that nobody was told of yet, the longest waiting first."""
        ...


class CaseLinks(Protocol):
    async def link(self, case: CaseId, other: CaseId) -> None: ...

    async def unlink(self, case: CaseId, other: CaseId) -> None: ...

    async def of(self, case: CaseId) -> Sequence[CaseId]:
        """Both ways."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One of the staff looks at a conversation now, or writes in it."""

    contact: ContactId
    staff: StaffId
    is_typing: bool


class Viewing(Protocol):
    """Who looks at what now. It never raises: where it is not known, nobody looks."""

    async def note(self, contact: ContactId, staff: StaffId, *, is_typing: bool = False) -> None: ...

    async def leave(self, contact: ContactId, staff: StaffId) -> None: ...

    async def all(self) -> Sequence[Glance]: ...


class News(Protocol):
    """News for the open screens of this process: something, whenever a screen should look again."""

    def subscribe(self, topics: Collection[str]) -> AsyncIterator[object]: ...


def conversation_topic(contact: ContactId) -> str:
    """What news of a conversation is published under."""
    return f"conversation:{contact}"
