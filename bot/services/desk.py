"""Owns the operators' desk: a person takes a conversation over, speaks in it, and gives it back (R14).

From claim to hand-back there is one voice. The claim is a row that one person alone can insert, in a transaction that
holds the contact, as every answer of the bot does: none of the two can speak in between.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.case import Case, CaseId, CaseStatus, Outcome, Topic, Urgency
from bot.domain.claim import Claim
from bot.domain.contact import Address, Contact, ContactId
from bot.domain.delivery import Content, DeliveryId, Lane
from bot.domain.employer import Employer, Site
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.merge import Merge
from bot.domain.session import Session, SessionStatus
from bot.domain.staff import Role, Staff, StaffId
from bot.domain.values import Value
from bot.engine.effects import GivenBack, Say, Text
from bot.services import access, audit, faults
from bot.services.access import Deed, Matter, Reader, Subject, of_conversation
from bot.services.conversation import Conversation
from bot.services.desk_ports import Part, QueueRow, Translation
from bot.services.employer_ports import Colleague
from bot.services.letters import CHECK_IN
from bot.services.ports import Bell, Clock, Store, Unit
from bot.services.queue import in_order, visible
from bot.services.timeline import ACTIVITY, DELIVERY, DESK_ORIGIN, MESSAGE, STAFF_ORIGIN, Entry, Mark, timeline
from bot.services.timeline import since as from_mark
from bot.services.turn import ASKED_BY, Turn, is_left_behind

JOINED = Text(msgid="You are now writing with a person: {name}, {organisation}.")
CHANGED = Text(msgid="Another person writes with you from now on: {name}, {organisation}.")
LEFT = Text(msgid="{name} has ended this talk. From now on you are writing with a program again.")
GAVE_BACK = Text(msgid="{name} has to leave. Another person will write to you. In danger, call {emergency_number}.")
SPOKEN = (JOINED, CHANGED, LEFT, GAVE_BACK)

TAKEN = "Somebody else has this conversation."
NOT_YOURS = "You do not have this conversation. Take it first."
NO_WAY = "There is no address at which this person can be written to."
REFUSED = "This person has written STOP. Nobody may write to them until they write START."
NOTHING = "Write something first."
TOO_LONG = "This is too long for one message. Shorten it or send it in parts."
NO_SUCH_FLOW = "There is no such question."
NOT_STAFF = "Choose somebody who may read this conversation."
TEXTS = (TAKEN, NOT_YOURS, NO_WAY, REFUSED, NOTHING, TOO_LONG, NO_SUCH_FLOW, NOT_STAFF)  # shown, so translated

HISTORY = 300  # of each kind: messages, deliveries, activities
LONGEST = 4000  # characters of one reply
LATELY = 50  # entries among which a note is found that came twice
BY_HAND = "operator"  # the engine of what a person wrote in their own language


class HandBack(StrEnum):
    """What becomes of what the bot was doing when a person came."""

    RESUME = "resume"
    END = "end"


class Why(StrEnum):
    """Why somebody gives a conversation back to the queue."""

    WISH = "wish"
    OFF_DUTY = "off_duty"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One conversation as a reader may see it. `names` are of all staff, `colleagues` may be given it."""

    contact: Contact
    cases: Sequence[Case]
    claim: Claim | None
    entries: Sequence[Entry]
    sessions: Sequence[Session]
    names: Mapping[StaffId, str]
    colleagues: Mapping[StaffId, str]
    employer: Employer | None
    site: Site | None
    address: Address | None  # where a reply goes
    has_more: bool = False  # earlier entries than these
    translations: Sequence[Translation] = ()  # of these entries, in whatever languages
    merges: Sequence[Merge] = ()  # by which other conversations came to be this one, the newest first

    @property
    def subject(self) -> Subject:
        return of_conversation(self.contact.id, self.cases)


@dataclass(slots=True, kw_only=True)
class Room:
    """One conversation inside a transaction that holds its contact, for a reader who may do what they came for."""

    unit: Unit
    reader: Reader
    contact: Contact
    cases: list[Case]
    claim: Claim | None
    now: datetime
    done: list[Activity] = field(default_factory=list)

    @property
    def staff(self) -> StaffId:
        return StaffId(self.reader.id)

    @property
    def open_cases(self) -> list[Case]:
        return [case for case in self.cases if case.status.is_open]

    async def save(self, case: Case) -> None:
        """Keep a changed case, here too."""
        await self.unit.cases.save(case)
        self.cases = [case if one.id == case.id else one for one in self.cases]

    def require_own(self) -> Claim:
        """The claim, if it is the reader's; raises Conflict."""
        if self.claim is None:
            raise Conflict(NOT_YOURS)
        if self.claim.staff != self.reader.id:
            raise Conflict(TAKEN)
        return self.claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What a person wrote in their own language, when a translation of it is sent."""

    text: str
    language: str


Compose = Callable[[Room, Address], Awaitable[Content]]  # makes a reply inside its transaction


@dataclass(kw_only=True, slots=True)
class Desk:
    """Everything that staff do with conversations."""

    store: Store
    bell: Bell  # rings for delivery
    clock: Clock
    conversation: Conversation

    # --- looking ----------------------------------------------------------------------------------------------------

    async def queue(self, reader: Reader) -> list[QueueRow]:
        """Everybody who waits and whom this reader may know of, in order."""
        async with self.store.look() as unit:
            rows = await unit.queue.read()
        return in_order(visible(rows, reader), self.clock.now())

    async def open(
        self, reader: Reader, contact: ContactId, *, history: int = HISTORY, before: Mark | None = None
    ) -> View:
        """Look into a conversation, at so many of its last entries, or of those before a mark; entered in the audit.

        Raises Denied.
        """
        async with self.enter(reader, Deed.READ, contact, detail="earlier" if before is not None else "") as room:
            entries = await _entries(reader, room.unit, contact, history, before=before)
            return await self._view(room.unit, room.contact, room.cases, claim=room.claim, entries=entries)

    async def look_again(
        self,
        reader: Reader,
        contact: ContactId,
        *,
        history: int = HISTORY,
        since: Mark | None = None,
        before: View | None = None,
    ) -> View:
        """What a screen shows that has opened it before, of so many last entries those from a mark on.

        The names of staff are those of `before`, if it is given: they are many and seldom change. Raises Denied when
        the reader may not see it any more.
        """
        async with self.store.look() as unit:
            # Not held: who looks must not wait for who answers, nor make them wait.
            known = (await unit.contacts.many([_sought(contact)])).get(contact)
            cases = await unit.cases.of(_sought(contact))
            if known is None:
                raise Denied(access.REFUSAL)
            access.require(reader, Deed.READ, of_conversation(contact, cases))
            claim = await unit.claims.of(contact)
            entries = await _entries(reader, unit, contact, history, since=since)
            return await self._view(unit, known, cases, claim=claim, entries=entries, before=before)

    async def trace(self, contact: ContactId) -> str:
        """Another value whenever `look_again` may show something else; it says nothing of what that is."""
        async with self.store.look() as unit:
            return await unit.traces.of(_sought(contact))

    async def _view(
        self,
        unit: Unit,
        contact: Contact,
        cases: Sequence[Case],
        *,
        claim: Claim | None,
        entries: "_Entries",
        before: View | None = None,
    ) -> View:
        shown = entries.shown
        if before is not None and before.subject == of_conversation(contact.id, cases):
            names, colleagues = before.names, before.colleagues
        else:
            staff = await unit.staff.colleagues()
            names = {one.id: one.name for one in staff}
            colleagues = {one.id: one.name for one in _who_may_answer(staff, contact, cases)}
        return View(
            contact=contact,
            cases=cases,
            claim=claim,
            entries=shown,
            sessions=await unit.sessions.open(contact.id),
            names=names,
            colleagues=colleagues,
            employer=await unit.sites.employer(contact.employer) if contact.employer else None,
            site=await unit.sites.get(contact.site) if contact.site else None,
            address=way_to(contact),
            has_more=entries.has_more,
            translations=await unit.translations.beside([one.subject for one in shown if one.text]),
            merges=await unit.merges.of(contact.id),
        )

    async def moved_to(self, reader: Reader, contact: ContactId) -> ContactId | None:
        """The conversation in which a merged one goes on, if the reader may see it."""
        async with self.store.look() as unit:
            kept = await unit.merges.into(_sought(contact))
            is_seen = kept is not None and access.may(
                reader, Deed.READ, of_conversation(kept, await unit.cases.of(kept))
            )
        return kept if is_seen else None

    # --- whose it is ------------------------------------------------------------------------------------------------

    async def claim(self, reader: Reader, contact: ContactId) -> Claim:
        """Take a conversation that nobody has; raises Conflict when somebody has it, Denied.

        Who has it already and takes it again just has it.
        """
        async with self.enter(reader, Deed.ANSWER, contact, detail="claim") as room:
            await room.unit.duty.begin(room.staff, room.now)  # who takes a conversation is on duty
            claim = await self._take(room, room.staff)
            if claim is None:
                return room.require_own()
        await self.bell.ring(contact, Lane.REPLY)
        return claim

    async def assign(self, reader: Reader, contact: ContactId, to: StaffId) -> bool:
        """Put a conversation that nobody has into somebody's hands; False when somebody has it.

        For who leads, and for the desk itself. Raises Denied, InputError when that person may not answer here.
        """
        if not reader.role.leads and reader.role is not Role.SYSTEM:
            raise Denied(access.REFUSAL)
        async with self.enter(reader, Deed.ANSWER, contact, detail="assign") as room:
            colleague = await room.unit.staff.get(to)
            if colleague is None or not _may_answer(colleague, room.contact, room.cases):
                raise InputError(NOT_STAFF)
            is_taken = await self._take(room, to) is not None
        if is_taken:
            await self.bell.ring(contact, Lane.REPLY)
        return is_taken

    async def _take(self, room: Room, staff: StaffId) -> Claim | None:
        """The claim, if nobody had one; what the bot was doing is put aside, and the contact hears who is there."""
        claim = Claim(contact=room.contact.id, staff=staff, claimed_at=room.now)
        if not await room.unit.claims.take(claim):
            return None
        room.claim = claim
        await self._have(room, staff)
        for session in await room.unit.sessions.open(room.contact.id):
            if session.status is SessionStatus.WAITING and session.flow != CHECK_IN:
                await room.unit.sessions.save(session.put_aside(room.now))
        self._note(room, ActivityKind.CLAIMED, details={} if staff == room.reader.id else {"to": staff})
        await self._tell(room, JOINED, staff)
        return claim

    async def transfer(self, reader: Reader, contact: ContactId, to: StaffId, note: str = "") -> None:
        """Give it to somebody else with a note; a supervisor may also give what others have. Raises InputError."""
        async with self.enter(reader, Deed.ANSWER, contact, detail="transfer") as room:
            claim = room.claim
            if claim is None or (claim.staff != reader.id and not reader.role.leads):
                claim = room.require_own()
            colleague = await room.unit.staff.get(to)
            if colleague is None or not _may_answer(colleague, room.contact, room.cases):
                raise InputError(NOT_STAFF)
            if to == claim.staff:
                return
            await room.unit.claims.save(Claim(contact=contact, staff=to, claimed_at=room.now))
            await self._have(room, to)
            details = {"from": claim.staff, "to": to}
            self._note(room, ActivityKind.TRANSFERRED, text=note.strip(), details=details)
            await self._tell(room, CHANGED, to)
        await self.bell.ring(contact, Lane.REPLY)

    async def give_back(
        self, reader: Reader, contact: ContactId, why: Why = Why.WISH, *, whose: StaffId | None = None
    ) -> bool:
        """Back to the queue, where it keeps its old place; False when nobody had it, or somebody else than `whose`."""
        async with self.enter(reader, Deed.ANSWER, contact, detail=f"give back: {why}") as room:
            claim = room.claim
            if claim is None or whose not in (None, claim.staff):
                return False
            if claim.staff != reader.id and not reader.role.leads and reader.role is not Role.SYSTEM:
                raise Conflict(TAKEN)
            await room.unit.claims.end(contact)
            for case in room.open_cases:
                if case.status is CaseStatus.IN_PROGRESS:
                    await room.save(replace(case, status=CaseStatus.OPEN, owner=None))
            self._note(room, ActivityKind.GIVEN_BACK, details={"why": why.value, "from": claim.staff})
            await self._end_lent(room.unit, contact)
            waits = bool(room.open_cases) or await self._is_owed(room, claim)
            await self._tell(room, GAVE_BACK if waits else LEFT, claim.staff)
        await self.bell.ring(contact, Lane.REPLY)
        return True

    async def _is_owed(self, room: Room, claim: Claim) -> bool:
        """Whether an answer is owed to the contact; then there is a case, for nobody else would know of it."""
        heard = max((reach.last_heard_at for reach in room.contact.reaches if reach.last_heard_at), default=None)
        is_owed = claim.answered_at is None or (heard is not None and heard > claim.answered_at)
        if is_owed:
            await self.conversation.house.cases.open(
                room.unit, contact=room.contact, topic=Topic.PERSON, urgency=Urgency.NORMAL, facts={}, now=room.now
            )
        return is_owed

    async def hand_back(
        self,
        reader: Reader,
        contact: ContactId,
        how: HandBack,
        *,
        closing: Outcome | None = None,
        next_step: str = "",
        next_step_at: datetime | None = None,
    ) -> None:
        """End the talk and let the bot speak again. The contact is told once, whoever clicks how often.

        With `closing` the open cases are resolved; with a next step they rest until then; with neither they wait again
        in the queue. Raises Conflict when it is not the reader's.
        """
        async with self.enter(reader, Deed.ANSWER, contact, detail=f"hand back: {how}") as room:
            claim = room.require_own()
            await room.unit.claims.end(contact)
            for case in room.open_cases:
                await self._leave(room, case, closing, next_step.strip(), next_step_at)
            self._note(room, ActivityKind.HANDED_BACK, details={"how": how.value})
            await self._end_lent(room.unit, contact)
            await self._go_on(room, how, claim.staff)
        await self.bell.ring(contact, Lane.REPLY)

    async def _leave(
        self, room: Room, case: Case, closing: Outcome | None, next_step: str, next_step_at: datetime | None
    ) -> None:
        was = case.status
        if closing is not None:
            case = replace(case, status=CaseStatus.RESOLVED, outcome=closing, closed_at=room.now)
        elif next_step_at is not None:
            case = replace(case, status=CaseStatus.WAITING, next_step=next_step, next_step_at=next_step_at)
        elif case.status is CaseStatus.IN_PROGRESS and case.next_step_at is None:
            case = replace(case, status=CaseStatus.OPEN, owner=None)
        elif case.status is CaseStatus.IN_PROGRESS:
            case = replace(case, status=CaseStatus.WAITING)
        if case.status is not was:
            await room.save(case)
            details = {"was": was.value, "is": case.status.value, "outcome": closing.value if closing else ""}
            self._note(room, ActivityKind.STATUS, case=case.id, details=details)

    async def _go_on(self, room: Room, how: HandBack, staff: StaffId) -> None:
        """The bot says that it speaks again, and goes on with what it was doing or lets it go."""
        setting = self.conversation.listening.setting(room.contact.language, room.now)
        sessions, _ = await faults.sound(room.unit, self.conversation.house, room.contact, setting)
        for session in list(sessions):
            if how is HandBack.END or (session.flow == CHECK_IN and is_left_behind(session)):
                await room.unit.sessions.save(session.ended())
                sessions.remove(session)
        address = way_to(room.contact)
        if address is None:
            return
        turn = self._turn(room, address, sessions)
        turn.says.append(self._sentence(LEFT, await self._name(room.unit, staff)))
        if sessions:
            await turn.go_on(GivenBack())
        await room.unit.deliveries.add(turn.deliveries())

    # --- speaking ---------------------------------------------------------------------------------------------------

    async def reply(
        self,
        reader: Reader,
        contact: ContactId,
        content: Content | Compose,
        *,
        original: Original | None = None,
        once: str = "",
    ) -> str:
        """Write to the contact; returns the subject under which the original, or a translation, of it is kept.

        What comes again with the same `once`, which names the form and all that is in it, was sent already.
        Raises Conflict when the conversation is not the reader's, InputError when it cannot be sent.
        """
        async with self.enter(reader, Deed.ANSWER, contact, detail="reply") as room:
            claim, address = room.require_own(), way_to(room.contact)
            if address is None:
                raise InputError(REFUSED if room.contact.reaches else NO_WAY)
            named = DeliveryId(named_once("reply", reader, contact, once)) if once else None
            if named is not None and await room.unit.deliveries.get(named) is not None:
                return f"delivery:{named}"
            made = _sendable(content if isinstance(content, Content) else await content(room, address))
            turn = self._turn(room, address, [], origin=STAFF_ORIGIN + room.staff)
            parts = [made] if turn.channeller is None else turn.channeller.fit(made)
            written = [turn.delivery(part) for part in parts]
            if named is not None:
                written[0] = replace(written[0], id=named)
            await room.unit.deliveries.add(written)
            subject = f"delivery:{written[0].id}"
            if original is not None:
                await room.unit.translations.put(_kept(original, subject, room))
            await self._count_answer(room, claim)
        await self.bell.ring(contact, Lane.REPLY)
        return subject

    async def _count_answer(self, room: Room, claim: Claim) -> None:
        """The clock of the first answer stops."""
        if claim.answered_at is None:
            self._note(room, ActivityKind.ANSWERED)
        await room.unit.claims.save(replace(claim, answered_at=room.now))
        for case in room.open_cases:
            if case.answered_at is None:
                await room.save(replace(case, answered_at=room.now))

    async def ask(self, reader: Reader, contact: ContactId, flow: str) -> None:
        """Let the bot ask the question of a flow; what is answered comes to the case, and the person goes on."""
        async with self.enter(reader, Deed.ANSWER, contact, detail=f"ask: {flow}") as room:
            await self.ask_in(room, flow)
        await self.bell.ring(contact, Lane.REPLY)

    async def ask_in(self, room: Room, flow: str, answers: Mapping[str, Value] | None = None) -> None:
        """The same inside an open room, with what the flow is to know; the caller rings when the room is left.

        Raises Conflict when the conversation is not the reader's, InputError when it cannot be asked.
        """
        claim, address = room.require_own(), way_to(room.contact)
        if flow not in self.conversation.house.flows:
            raise InputError(NO_SUCH_FLOW)
        if address is None:
            raise InputError(NO_WAY)
        await self._end_lent(room.unit, room.contact.id)
        sessions = list(await room.unit.sessions.open(room.contact.id))
        turn = self._turn(room, address, sessions)
        turn.is_owned = True
        await turn.begin(flow, {ASKED_BY: room.reader.id, **_known(room.contact), **(answers or {})})
        await room.unit.deliveries.add(turn.deliveries())
        self._note(room, ActivityKind.ASKED, details={"flow": flow})
        await self._count_answer(room, claim)

    async def note(
        self, reader: Reader, contact: ContactId, text: str, case: CaseId | None = None, *, once: str = ""
    ) -> None:
        """Write something down that only staff read; what comes again with the same `once` was written already."""
        if not text.strip():
            raise InputError(NOTHING)
        if len(text) > LONGEST:
            raise InputError(TOO_LONG)
        async with self.enter(reader, Deed.CHANGE, contact, detail="note") as room:
            mine = case if any(one.id == case for one in room.cases) else None
            named = ActivityId(named_once("note", reader, contact, once)) if once else None
            if named is not None and any(one.id == named for one in await room.unit.activities.of(contact, LATELY)):
                return
            self._note(room, ActivityKind.NOTE, text=text.strip(), case=mine)
            if named is not None:
                room.done[-1] = replace(room.done[-1], id=named)

    # --- inside a transaction ---------------------------------------------------------------------------------------

    @asynccontextmanager
    async def enter(self, reader: Reader, deed: Deed, contact: ContactId, *, detail: str = "") -> AsyncIterator[Room]:
        """A transaction in one conversation, with what is done entered in the histories and in the audit.

        Raises Denied, which is entered too, in words that are the same for what is not there.
        """
        sought = _sought(contact)
        async with self.store.transaction(sought) as unit:
            now, known = self.clock.now(), await unit.contacts.get(sought)
            cases = list(await unit.cases.of(contact)) if known is not None else []
            is_allowed = known is not None and access.may(reader, deed, of_conversation(contact, cases))
            if known is not None and is_allowed:
                claim = await unit.claims.of(contact)
                room = Room(unit=unit, reader=reader, contact=known, cases=cases, claim=claim, now=now)
                yield room
                await unit.activities.add(room.done)
            await audit.record(
                unit, reader, deed, Matter.CONVERSATION, contact, at=now, is_allowed=is_allowed, detail=detail
            )
        if not is_allowed:
            raise Denied(access.REFUSAL)

    def _note(
        self,
        room: Room,
        kind: ActivityKind,
        *,
        text: str = "",
        case: CaseId | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        room.done.append(
            Activity(
                id=ActivityId(self.conversation.house.ids.new()),
                contact=room.contact.id,
                case=case,
                staff=room.staff if room.reader.role is not Role.SYSTEM else None,
                kind=kind,
                at=room.now,
                text=text,
                details=details or {},
            )
        )

    async def _have(self, room: Room, staff: StaffId) -> None:
        """What waits is in this person's hands."""
        for case in room.open_cases:
            if (case.status, case.owner) != (CaseStatus.IN_PROGRESS, staff):
                await room.save(replace(case, status=CaseStatus.IN_PROGRESS, owner=staff))

    async def _tell(self, room: Room, text: Text, staff: StaffId) -> None:
        """Say to the contact who speaks; nothing where nothing may be said."""
        address = way_to(room.contact)
        if address is None:
            return
        is_alone = room.reader.role is Role.SYSTEM
        turn = self._turn(room, address, [], origin=DESK_ORIGIN + (staff if is_alone else room.staff))
        turn.says.append(self._sentence(text, await self._name(room.unit, staff)))
        await room.unit.deliveries.add(turn.deliveries())

    def _sentence(self, text: Text, name: str) -> Say:
        return Say(text=text, variables={"name": name})

    async def _name(self, unit: Unit, staff: StaffId) -> str:
        """The name that a contact reads: the first one, which is enough to speak with somebody."""
        known = await unit.staff.get(staff)
        return known.name.split()[0] if known is not None and known.name.strip() else "?"

    async def _end_lent(self, unit: Unit, contact: ContactId) -> None:
        """End what the bot asks on behalf of a person."""
        for session in await unit.sessions.open(contact):
            if ASKED_BY in session.answers:
                await unit.sessions.save(session.ended())

    def _turn(self, room: Room, address: Address, sessions: list[Session], *, origin: str = "") -> Turn:
        origin = origin or DESK_ORIGIN + room.reader.id
        return self.conversation.turn(room.unit, room.contact, address, sessions, origin=origin)


@dataclass(frozen=True, slots=True)
class _Entries:
    """Some entries of a conversation, and whether there are earlier ones."""

    shown: Sequence[Entry]
    has_more: bool


async def _entries(
    reader: Reader,
    unit: Unit,
    contact: ContactId,
    count: int,
    *,
    before: Mark | None = None,
    since: Mark | None = None,
) -> _Entries:
    """The last ones of a conversation or of a part of it; one more of each kind tells whether there are more."""

    def part(kind: str) -> Part:
        return before.before(kind) if before is not None else Part(since=since.at if since is not None else None)

    secret = () if reader.role is Role.SPECIALIST else (ActivityKind.CLUES,)  # R15
    found = timeline(
        await unit.messages.history(contact, count + 1, part=part(MESSAGE)),
        await unit.deliveries.history(contact, count + 1, part=part(DELIVERY)),
        await unit.activities.of(contact, count + 1, part=part(ACTIVITY), without=secret),
    )
    if since is not None:
        found = from_mark(found, since)
    return _Entries(found[-count:], len(found) > count)


def _sendable(content: Content) -> Content:
    """The content as it is sent; raises InputError."""
    text = content.text.strip()
    if not text and content.attachment is None:
        raise InputError(NOTHING)
    if len(text) > LONGEST:
        raise InputError(TOO_LONG)
    return replace(content, text=text)


def named_once(what: str, reader: Reader, contact: ContactId, once: str) -> str:
    """The id of what this form makes, however often it comes."""
    return hashlib.sha256(f"{what} {reader.id} {contact} {once}".encode("utf-8", "replace")).hexdigest()[:32]


def _kept(original: Original, subject: str, room: Room) -> Translation:
    return Translation(
        subject=subject,
        contact=room.contact.id,
        language=original.language,
        engine=BY_HAND,
        text=original.text,
        at=room.now,
    )


def _sought(contact: ContactId) -> ContactId:
    """The id to look for; none where an address holds what is no id and what a database may refuse to compare."""
    is_id = len(contact) <= 64 and contact.isascii() and contact.isprintable()
    return contact if is_id else ContactId("")


def way_to(contact: Contact) -> Address | None:
    """Where a reply goes: where the contact wrote from last, else the first address that is open."""
    heard = contact.heard_last
    reach = contact.reach(heard) if heard is not None else None
    if reach is not None and reach.is_open:
        return reach.address
    return next((reach.address for reach in contact.reaches if reach.is_open), None)


def _may_answer(staff: Staff, contact: Contact, cases: Collection[Case]) -> bool:
    reader = Reader(role=staff.role, id=staff.id, employer=staff.employer)
    return staff.disabled_at is None and access.may(reader, Deed.ANSWER, of_conversation(contact.id, cases))


def _who_may_answer(staff: Iterable[Colleague], contact: Contact, cases: Collection[Case]) -> list[Colleague]:
    subject, found = of_conversation(contact.id, cases), []
    for one in staff:
        reader = Reader(role=one.role, id=one.id, employer=one.employer)
        if not one.is_disabled and access.may(reader, Deed.ANSWER, subject):
            found.append(one)
    return found


def _known(contact: Contact) -> dict[str, Value]:
    """What a flow need not ask."""
    return {"nationality": contact.nationality} if contact.nationality else {}
