"""Owns the Protocols that the services need, but for those of `broadcast_ports` and `employer_ports`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from bot.domain.case import Case, CaseId
from bot.domain.contact import Address, Channel, Contact, ContactId
from bot.domain.delivery import BroadcastId, Content, Delivery, DeliveryId, Lane
from bot.domain.document import Document, DocumentId
from bot.domain.message import Attachment, Doubt, Message, MessageId, Receipt, Received, Understanding
from bot.domain.place import Place, PlaceId, PlaceKind
from bot.domain.session import Session
from bot.domain.values import Value
from bot.engine.effects import Called
from bot.services.broadcast_ports import Broadcasts, Recipients
from bot.services.desk_ports import (
    WHOLE,
    Activities,
    Alarms,
    Audit,
    CannedReplies,
    CaseLinks,
    Claims,
    Consents,
    Corrections,
    Duty,
    Erasures,
    Merges,
    Part,
    QueueRows,
    Traces,
    Translations,
)
from bot.services.employer_ports import Roster, Sites, StaffAccounts
from bot.services.figure_ports import Figures
from bot.services.report_ports import PublishedReports, ServiceFigures

# --- time and names -----------------------------------------------------------------------------------------------


class Clock(Protocol):
    """The time, aware and in UTC."""

    def now(self) -> datetime: ...


class Ids(Protocol):
    """New identifiers; `new` sorts by time of making, `case_number` is short enough to read aloud."""

    def new(self) -> str: ...

    def case_number(self) -> str: ...


# --- storage ------------------------------------------------------------------------------------------------------


class Contacts(Protocol):
    async def find(self, address: Address) -> Contact | None: ...

    async def get(self, contact: ContactId) -> Contact | None: ...

    async def many(self, wanted: Sequence[ContactId]) -> Mapping[ContactId, Contact]:
        """Those of these contacts that there are."""
        ...

    async def named(self, *, shows_protection: bool, limit: int) -> Sequence[Contact]:
        """Contacts, the newest first; without `shows_protection` nobody who has or had a protection case (R16)."""
        ...

    async def meet(self, address: Address, new: ContactId) -> Contact:
        """The contact at `address`; made with the id `new` if nobody is there, whoever else tries at the same time."""
        ...

    async def save(self, contact: Contact) -> None: ...

    async def heard(self, address: Address, at: datetime, *, of: ContactId | None = None) -> None:
        """A message came from this address: note when, and that its owner wrote first if nothing was known.

        Raises Conflict when it is no longer the address `of` that contact: a merge gave it to another.
        """
        ...

    async def met(self, contacts: Sequence[ContactId], at: datetime) -> None:
        """These have now been told who writes to them, if they had not been before."""
        ...

    async def erasable(self, now: datetime, limit: int) -> Sequence[ContactId]:
        """Contacts whose `erase_at` has come and who have neither a message waiting nor a delivery pending."""
        ...

    async def erase(self, contact: ContactId) -> None:
        """Remove the person everywhere: messages, sessions, deliveries, cases, documents, addresses.

        Only the keyed hash and permission of an address that refused stay, so that STOP outlives the erasure.
        """
        ...


class Messages(Protocol):
    async def add(self, message: Message) -> bool:
        """False, and nothing stored, when channel and provider_id are known already."""
        ...

    async def waiting(self, contact: ContactId) -> Sequence[Message]:
        """This contact's unhandled messages in order: by the provider's sequence where it has one, else by arrival."""
        ...

    async def mark_handled(self, message: MessageId, at: datetime, *, of: ContactId | None = None) -> bool:
        """False when another process has handled it, or it is not `of` that contact any more, after a merge.

        The caller must give up its transaction then.
        """
        ...

    async def count_attempt(self, message: MessageId) -> int:
        """Note one more failed try at handling and return how many there have been."""
        ...

    async def attach(self, message: Message) -> None:
        """Store the document ids that its attachments got."""
        ...

    async def contacts_waiting(self, before: datetime, limit: int) -> Sequence[ContactId]:
        """Contacts whose messages received before that time are still unhandled: to be rung for again."""
        ...

    async def history(self, contact: ContactId, limit: int, *, part: Part = WHOLE) -> Sequence[Message]:
        """The last messages of that part, oldest first."""
        ...

    async def get(self, message: MessageId) -> Message | None: ...

    async def note_doubt(self, message: MessageId, doubt: Doubt) -> None:
        """Note that it was not surely understood."""
        ...

    async def doubted(self, *, before: datetime | None, limit: int) -> Sequence[Message]:
        """Those not surely understood of which nobody has said yet what they meant, the newest first.

        Never those of contacts who have or had a protection case (R16).
        """
        ...

    async def delete_before(self, at: datetime, limit: int) -> int:
        """Delete handled messages received before that time, the oldest first; returns how many went (R18)."""
        ...


class Sessions(Protocol):
    async def open(self, contact: ContactId) -> Sequence[Session]:
        """The contact's open sessions, newest on top first."""
        ...

    async def save(self, session: Session) -> None:
        """Insert at revision 0, else update; the stored revision is then one more than the session's.

        Raises Conflict when the stored revision is not the session's own.
        """
        ...

    async def lapsed(self, now: datetime, limit: int) -> Sequence[ContactId]:
        """Contacts with an open session whose `waits_until` has passed, the longest due first."""
        ...

    async def delete_ended_before(self, at: datetime, limit: int) -> int:
        """Delete ended sessions begun before that time, the oldest first; returns how many went (R18)."""
        ...


class Deliveries(Protocol):
    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """Store them in the order given; positions are assigned here, growing for each contact."""
        ...

    async def claim(self, contact: ContactId, now: datetime, until: datetime) -> Sequence[Delivery]:
        """Queued deliveries of the contact that are due, in order, moved to SENDING; the claim runs out at `until`.

        Deliveries whose earlier claim has run out are claimed again. Stops before the first that is not due yet,
        so that a contact never reads answers out of order.
        """
        ...

    async def save(self, delivery: Delivery) -> None: ...

    async def receive(self, receipt: Receipt) -> Delivery | None:
        """Move the receipt's delivery forward and return it; None when it knows no such move.

        A receipt that overtakes the commit of its own send is kept, and applied when that delivery is saved as SENT.
        """
        ...

    async def contacts_due(self, now: datetime, limit: int) -> Sequence[tuple[ContactId, Lane]]:
        """Contacts with deliveries due now, or held by a claim that has run out, with their most urgent lane."""
        ...

    async def after(self, contact: ContactId, address: Address, position: int, limit: int) -> Sequence[Delivery]:
        """Deliveries to one address after a position, in order: how the web chat catches up."""
        ...

    async def history(self, contact: ContactId, limit: int, *, part: Part = WHOLE) -> Sequence[Delivery]:
        """The last ones of that part to the contact, alerts too, in order."""
        ...

    async def cancel_queued(self, contact: ContactId, origin_prefix: str = "") -> int:
        """Cancel what is still queued for the contact (all origins, or those beginning with the prefix)."""
        ...

    async def get(self, delivery: DeliveryId) -> Delivery | None: ...

    async def delete_before(self, at: datetime, limit: int) -> int:
        """Delete deliveries made before that time and no longer pending, the oldest first (R18).

        Returns how many went.
        """
        ...

    # A broadcast's deliveries go out by chunks, whoever their contacts are: the methods above leave them alone.

    async def claim_outreach(
        self, channel: Channel, lane: Lane, now: datetime, until: datetime, limit: int
    ) -> Sequence[Delivery]:
        """Deliveries of broadcasts that are to be tried again, or whose claim ran out with its process."""
        ...

    async def save_sent(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Keep what providers accepted; returns them as they stand after receipts that came before this."""
        ...

    async def of_recipient(self, recipient: int) -> Sequence[Delivery]:
        """Everything that was tried for one recipient, in order."""
        ...

    async def cancel_outreach(self, broadcast: BroadcastId) -> int:
        """Cancel what waits to be tried again."""
        ...

    async def templates_since(self, channel: Channel, at: datetime) -> int:
        """How many people were written to outside the channel's window since that time."""
        ...

    async def doubts(self, broadcast: BroadcastId) -> int:
        """How many sends may have been made twice, because a process died between the send and its record."""
        ...


class Cases(Protocol):
    async def add(self, case: Case) -> None: ...

    async def get(self, case: CaseId) -> Case | None: ...

    async def by_number(self, number: str) -> Case | None: ...

    async def of(self, contact: ContactId) -> Sequence[Case]:
        """The contact's cases, newest first."""
        ...

    async def listed(self, *, is_open: bool, shows_protection: bool, limit: int) -> Sequence[Case]:
        """Open cases by urgency and age, or those that are over, the newest first.

        Without `shows_protection` those of contacts who have or had a protection case are left out (R16).
        """
        ...

    async def save(self, case: Case) -> None: ...

    async def delete_closed_before(self, at: datetime, limit: int) -> int:
        """Delete cases that were closed before that time and are not open again; returns how many went (R18)."""
        ...


class Places(Protocol):
    async def put(self, places: Sequence[Place]) -> None:
        """Insert or replace by id."""
        ...

    async def get(self, place: PlaceId) -> Place | None: ...

    async def held(self, places: Sequence[PlaceId]) -> Sequence[Place]:
        """Those of them that are stored, which nobody else changes before this transaction ends."""
        ...

    async def tellable(self, kinds: Sequence[PlaceKind], today: date) -> Sequence[Place]:
        """Places of these kinds that may be told today (R5)."""
        ...

    async def expired(self, today: date) -> Sequence[Place]: ...

    async def all(self) -> Sequence[Place]: ...


class Documents(Protocol):
    async def add(self, document: Document, body: bytes) -> None: ...

    async def get(self, document: DocumentId) -> Document | None: ...

    async def body(self, document: DocumentId) -> bytes | None: ...

    async def delete_expired(self, now: datetime, limit: int) -> int: ...


class Unit(Protocol):
    """One transaction: what is done through it is committed together or not at all."""

    contacts: Contacts
    messages: Messages
    sessions: Sessions
    deliveries: Deliveries
    cases: Cases
    places: Places
    sites: Sites
    roster: Roster
    documents: Documents
    broadcasts: Broadcasts
    recipients: Recipients
    staff: StaffAccounts
    claims: Claims
    activities: Activities
    audit: Audit
    consents: Consents
    translations: Translations
    canned_replies: CannedReplies
    corrections: Corrections
    duty: Duty
    alarms: Alarms
    erasures: Erasures
    merges: Merges
    queue: QueueRows
    traces: Traces
    case_links: CaseLinks
    figures: Figures
    service: ServiceFigures
    published: PublishedReports


class Store(Protocol):
    """The truth."""

    def transaction(self, contact: ContactId | None = None) -> AbstractAsyncContextManager[Unit]:
        """A transaction, committed at the end of the block and rolled back by an exception.

        With a contact, that contact's row is locked: one writer at a time for one contact.
        """
        ...

    def look(self) -> AbstractAsyncContextManager[Unit]:
        """A transaction that only reads and waits for nobody; what it shows may be older than what is being written."""
        ...

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        ...


# --- queue --------------------------------------------------------------------------------------------------------


class Bell(Protocol):
    """Wakes a worker for a contact; may be lost at any time, for SQL remembers what is to be done."""

    async def ring(self, contact: ContactId, lane: Lane) -> None: ...


class Throttle(Protocol):
    """The pace that a provider allows a sender, shared by all processes."""

    async def acquire(self, sender: str, lane: Lane, address: str, *, cost: float = 1.0) -> float:
        """Seconds to wait before asking again; 0 means: send now, `cost` is taken.

        Whoever does not ask again within a quarter of a second after that time has lost their place in the lane.
        """
        ...

    async def hold(self, sender: str, seconds: float) -> None:
        """Nobody sends for `sender` for that long: the provider said so."""
        ...


class Live(Protocol):
    """News for open screens; whoever misses it reads the truth from storage."""

    async def publish(self, topic: str, event: Mapping[str, object]) -> None: ...


# --- channels -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A webhook request as the web room got it: `url` is the public one, with its query."""

    url: str
    headers: Mapping[str, str]  # keys in lower case
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """What one webhook request or poll brought."""

    messages: tuple[Received, ...] = ()
    receipts: tuple[Receipt, ...] = ()


class Files(Protocol):
    """Stored files on their way to a contact."""

    async def read(self, document: DocumentId) -> tuple[str, bytes]:
        """The media type and the bytes, for a channel that uploads; raises SendError when it is gone."""
        ...

    def link(self, document: DocumentId) -> str:
        """An address that gives it to whoever knows it, for a while; raises SendError where there is none."""
        ...


class Channeller(Protocol):
    """One channel: reads what its provider sends, and sends through it."""

    @property
    def name(self) -> Channel: ...

    @property
    def sender(self) -> str:
        """Names the bucket of the throttle: the number or bot that sends."""
        ...

    @property
    def has_receipts(self) -> bool: ...

    def receive(self, request: Request) -> Inbound:
        """Check and parse a webhook; raises NotAuthentic, or InputError for what cannot be read."""
        ...

    def fit(self, content: Content) -> tuple[Content, ...]:
        """The content as this channel can carry it: split within its limits, options drawn where it has no buttons."""
        ...

    def cost(self, content: Content) -> float:
        """What sending it takes from the sender's pace: SMS count by segments, others by message."""
        ...

    async def send(self, delivery: Delivery) -> str:
        """Hand one delivery to the provider and return its id for it; raises SendError."""
        ...

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        """The attachment's bytes and media type, from the provider's hosts only; raises InputError or Unavailable."""
        ...

    async def acknowledge(self, received: Received) -> None:
        """Show the contact that the message has arrived, where the channel can; never raises."""
        ...


# --- understanding ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The language a text is likely in; `is_sure` only when it need not be confirmed."""

    language: str | None
    is_sure: bool = False


class Understander(Protocol):
    async def understand(self, text: str, language: str | None) -> Understanding:
        """What the text means; never raises: without the NLU server key words answer, and `source` says so."""
        ...


class Linguist(Protocol):
    def guess(self, text: str, hint: str | None) -> Guess:
        """Which of the offered languages a text is in; `hint` is the phone's own language."""
        ...


# --- actions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What an action is run with: whose conversation it is and the arguments, inside the open transaction."""

    unit: Unit
    contact: Contact
    address: Address  # where the contact said it
    session: Session
    arguments: Mapping[str, Value]
    language: str
    now: datetime


Action = Callable[[Occasion], Awaitable[Called]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """An action as flows know it: what it takes, the outcomes it may end with and the answers it sets."""

    run: Action
    arguments: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset({"done"})
    values: frozenset[str] = frozenset()


DEFAULT_CLAIM = timedelta(seconds=30)  # how long a sender may hold a delivery before another takes it
