"""Owns the answer to a contact's messages: understand, decide, run the flow, commit all or nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.case import Topic, Urgency
from bot.domain.checkin import Safety
from bot.domain.contact import Address, Channel, Contact, ContactId, Permission, plain_name
from bot.domain.delivery import Lane
from bot.domain.document import DocumentId
from bot.domain.errors import Conflict, Unavailable
from bot.domain.message import Attachment, Doubt, Message, Received
from bot.domain.session import Session, SessionStatus
from bot.domain.values import Evidence, Value
from bot.engine.effects import Answered, Lapsed, Say, Setting, Text
from bot.log import logger
from bot.services import faults, joining, routing
from bot.services.checkins import (
    CheckInDesk,
    broadcast_of,
    is_asking,
    is_of_drill,
    live_question,
    put_aside,
    question,
    without_past,
)
from bot.services.documents import Documents
from bot.services.letters import CHECK_IN, read_payload
from bot.services.listening import Fetched, Known, Listening, Prepared, read_known
from bot.services.ports import Bell, Channeller, Clock, Store, Unit
from bot.services.routing import Decision, Deed, Limits, Signal, Situation, Triggers
from bot.services.turn import ASKED_BY, DRILL, MENU, House, Turn

log = logger("conversation")

INTRODUCTION = Text(
    msgid="This is {organisation}. You are writing with a program, not a person. "
    "Your employer never sees what you write. In danger, call {emergency_number}."
)
UNREADABLE = Text(msgid="I could not open the file. Please send it again as a photo or a PDF.")
ONLY_DRILL = Text(msgid='The alert was only a DRILL. If you are in no real danger, write "I am safe".')
ASK_BACK = Text(msgid="I do not know which question that answers. Please look at this one.")
# What the host says itself, translated beside the flows' texts.
TEXTS = (INTRODUCTION, faults.FALLBACK, UNREADABLE, DRILL, ONLY_DRILL, ASK_BACK)
POSITION_LIFE = timedelta(hours=12)  # people in a crisis move: an older location leads them the wrong way
MEDICAL_HELP = "medical_help"  # the life-safety flow that is about health
MAX_CONFLICTS = 5  # another writer may come first a few times; more than that is a fault
MAX_ATTEMPTS = 5  # tries of a message that has waited; then a person gets it
JUST_RECEIVED = timedelta(seconds=10)  # less than the pause after a few failures or a death: tries in it are few
# No welcome goes before these: opt-out words (R19), a life that may be at stake (R1), a talk that looks harmless.
# The flow that joins a site says who speaks itself.
AT_ONCE = frozenset({"stop", "start", "doubt_danger", "mental_distress", "weather", joining.FLOW})


@dataclass(kw_only=True, slots=True)
class Conversation:
    """Handles one contact's waiting messages in order. The caller holds the contact's lease."""

    store: Store
    bell: Bell  # rings for delivery
    clock: Clock
    house: House
    listening: Listening
    channels: Mapping[Channel, Channeller]
    documents: Documents
    check_ins: CheckInDesk
    triggers: Triggers
    limits: Limits

    async def handle(self, contact: ContactId) -> int:
        """Answer what waits; returns how many messages were handled."""
        async with self.store.look() as unit:
            waiting = await unit.messages.waiting(contact)
            organisation = self.listening.locale.organisation
            known = await read_known(unit, waiting[0], organisation=organisation) if waiting else None
        for message in waiting:
            await self._handle(message, known)
            known = None  # the next one finds what this one has changed
        return len(waiting)

    async def lapse(self, contact: ContactId) -> None:
        """Remind or let go the question that this contact has not answered in its time."""
        try:
            lane = await self._lapse(contact)
        except (Conflict, Unavailable):
            raise
        except Exception as error:
            log.error("lapse_failed", contact=contact, error=error)
            await self._let_go(contact)
            return
        if lane is not None:
            await self.bell.ring(contact, lane)

    async def _lapse(self, contact: ContactId) -> Lane | None:
        """The lane in which something is to be said; None when there is nothing to say."""
        now = self.clock.now()
        async with self.store.transaction(contact) as unit:
            known, sessions = await unit.contacts.get(contact), list(await unit.sessions.open(contact))
            for session in [session for session in sessions if session.is_due(now)]:
                if session.status is SessionStatus.SUSPENDED:
                    await unit.sessions.save(session.ended())
                    sessions.remove(session)
            if known is None or not sessions or not sessions[0].is_due(now):
                return None
            address = known.heard_last
            reach = known.reach(address) if address else None
            if address is None or reach is None or not reach.is_open or address.channel not in self.channels:
                await unit.sessions.save(sessions[0].ended())
                return None
            if await _is_owned(unit, contact):  # a person speaks (R14): the question is put aside until hand-back
                await unit.sessions.save(sessions[0].put_aside(now))
                return None
            turn = self.turn(unit, known, address, sessions, origin=f"session:{sessions[0].id}")
            turn.is_asked = False
            await turn.go_on(Lapsed())
            await self._commit_says(unit, turn)
        return turn.lane

    async def _let_go(self, contact: ContactId) -> None:
        """End what cannot lapse as its flow says; a person learns of it, for the flow may have meant to call one."""
        async with self.store.transaction(contact) as unit:
            known = await unit.contacts.get(contact)
            for session in await unit.sessions.open(contact):
                if session.status is SessionStatus.WAITING:
                    await unit.sessions.save(session.ended())
            if known is not None:
                await faults.report(unit, self.house, known, self._setting(known))

    # --- one message ----------------------------------------------------------------------------------------------

    async def _handle(self, message: Message, known: Known | None) -> None:
        """Handle one message; whatever fails, the contact gets an answer and a person gets a case (R22)."""
        try:
            is_given_up = await self._is_given_up(message)
            lane = await (self._fall_back(message) if is_given_up else self._answer(message, known))
        except (Conflict, Unavailable):
            raise  # nothing was written: the bell rings again
        except Exception as error:
            log.error("message_failed", message=message.id, error=error)
            lane = await self._fall_back(message)
        await self.bell.ring(message.contact, lane)

    async def _is_given_up(self, message: Message) -> bool:
        """Whether it was tried in vain so often that a person gets it, for later messages wait behind it.

        A try is counted before it is made: some messages might kill whatever process tries them. Those just received
        are not counted, so that the many that succeed at once cost no write; while the database is away nothing is.
        """
        if self.clock.now() - message.received_at < JUST_RECEIVED:
            return False
        async with self.store.transaction() as unit:
            attempts = await unit.messages.count_attempt(message.id)
        if attempts > MAX_ATTEMPTS:
            log.error("message_given_up", message=message.id, attempts=attempts)
        return attempts > MAX_ATTEMPTS

    async def _answer(self, message: Message, known: Known | None) -> Lane:
        if (channel := self.channels.get(message.received.channel)) is not None:
            await channel.acknowledge(message.received)
        prepared = await self.listening.prepare(message, known)
        for _ in range(MAX_CONFLICTS):
            try:
                return await self._transact(prepared)
            except Conflict:
                await asyncio.sleep(0)
        raise Conflict(f"message {message.id} was changed by others {MAX_CONFLICTS} times")

    async def _transact(self, prepared: Prepared) -> Lane:
        message, now = prepared.message, self.clock.now()
        async with self.store.transaction(message.contact) as unit:
            contact = await unit.contacts.get(message.contact)
            if contact is None or not await unit.messages.mark_handled(message.id, now, of=contact.id):
                return Lane.REPLY  # handled before, its sender erased, or (by a merge) another contact's
            contact = await self._know(unit, contact, prepared)
            sessions, is_lost = await faults.sound(unit, self.house, contact, self._setting(contact))
            sessions = await self._leave_past(unit, sessions, message, self._setting(contact).language)
            turn = self.turn(unit, contact, message.received.address, sessions, origin=_origin(message))
            turn.is_owned = await _is_owned(unit, contact.id)
            await self._hear_alert(turn, message)
            answered = await self._answered(unit, prepared, now)
            decision = await self._decide(unit, turn, prepared, answered)
            await self._do(decision, turn, prepared, answered)
            if is_lost and turn.says and turn.lane is not Lane.EMERGENCY:
                turn.says.insert(0, Say(text=faults.FALLBACK))
            await self._commit_says(unit, turn)
        log.info("message_handled", message=message.id, deed=decision.deed, flow=decision.flow)
        return turn.lane

    async def _hear_alert(self, turn: Turn, message: Message) -> None:
        """What an alert has asked meanwhile is the question that this message is read against first (R21)."""
        organisation = self.listening.locale.organisation
        asked = await question(
            turn.unit, turn.contact, message.received.choice, sessions=turn.sessions, organisation=organisation
        )
        is_waited_for = bool(turn.sessions) and asked is not None and is_asking(turn.sessions[0], asked.broadcast.id)
        if asked is not None and not is_waited_for:
            await turn.hear_question(asked)

    async def _leave_past(self, unit: Unit, sessions: list[Session], message: Message, language: str) -> list[Session]:
        """End what alerts have asked that are over, and small talk before what this message answers."""
        kept = list(await without_past(unit, sessions, message.received))
        kept = list(self.listening.recalled(kept, message.received, language))
        open_ones = {session.id for session in kept}
        for session in sessions:
            if session.id not in open_ones:
                await unit.sessions.save(session.ended())
        return kept

    def turn(self, unit: Unit, contact: Contact, address: Address, sessions: list[Session], *, origin: str) -> Turn:
        """A turn with this contact, by which the bot or the desk speaks to them at this address."""
        return Turn(
            house=self.house,
            unit=unit,
            contact=contact,
            address=address,
            channeller=self.channels.get(address.channel),
            setting=self._setting(contact),
            origin=origin,
            sessions=sessions,
        )

    def _setting(self, contact: Contact) -> Setting:
        return self.listening.setting(contact.language, self.clock.now())

    # --- inside the transaction -----------------------------------------------------------------------------------

    async def _know(self, unit: Unit, contact: Contact, prepared: Prepared) -> Contact:
        """Keep what this message tells of its sender: language, name, location."""
        received, now = prepared.message.received, self.clock.now()
        known = replace(
            contact,
            language=contact.language if contact.is_language_confirmed else prepared.language,
            name=contact.name or plain_name(received.name or "") or None,
            position=received.position or contact.position,
            position_at=now if received.position else contact.position_at,
        )
        if known != contact:
            await unit.contacts.save(known)
        return known

    async def _answered(self, unit: Unit, prepared: Prepared, now: datetime) -> Answered:
        received = prepared.message.received
        attachments = await self._keep_files(unit, prepared, now)
        return Answered(
            text=received.text,
            choice=read_payload(received.choice)[0] if received.choice else None,
            position=received.position,
            evidence=tuple(
                Evidence(document_id=attachment.document_id, kind=attachment.kind)
                for attachment in attachments
                if attachment.document_id is not None
            ),
            phone=received.phone,
            understanding=prepared.understanding,
        )

    async def _keep_files(self, unit: Unit, prepared: Prepared, now: datetime) -> Sequence[Attachment]:
        """Store what was fetched, and note it with the message: else nobody can tell what is held of its sender."""
        message = prepared.message
        kept = {one.attachment: await self._store(unit, message.contact, one, now) for one in prepared.fetched}
        attachments = tuple(
            replace(attachment, document_id=DocumentId(kept[attachment].document_id))
            if attachment in kept
            else attachment
            for attachment in message.received.attachments
        )
        if kept:
            await unit.messages.attach(replace(message, received=replace(message.received, attachments=attachments)))
        return attachments

    async def _store(self, unit: Unit, contact: ContactId, fetched: Fetched, now: datetime) -> Evidence:
        return await self.documents.store(
            unit,
            contact=contact,
            kind=fetched.attachment.kind,
            body=fetched.body,
            media_type=fetched.media_type,
            now=now,
        )

    async def _decide(self, unit: Unit, turn: Turn, prepared: Prepared, answered: Answered) -> Decision:
        is_open = turn.sessions and turn.sessions[0].status is SessionStatus.WAITING
        open_flow = turn.sessions[0].flow if is_open else None
        received = prepared.message.received
        code, is_code_asked = await _site_code(unit, received)
        situation = Situation(
            kind=received.kind,
            signal=prepared.reading.signal,
            keyword_flow=self.triggers.by_word(received.text),
            has_content=bool(received.attachments or received.position or received.phone),
            understanding=prepared.understanding,
            fit=self.listening.fit(turn.sessions, answered, turn.setting.language),
            open_flow=open_flow,
            is_drill=bool(is_open and is_of_drill(turn.sessions[0])),
            site_code=code,
            is_code_asked=is_code_asked,
            is_owned=turn.is_owned,
            is_lent=bool(is_open) and ASKED_BY in turn.sessions[0].answers,
        )
        decision = routing.decide(situation, self.triggers, self.limits)
        if routing.is_doubted(situation, decision):
            await unit.messages.note_doubt(prepared.message.id, _doubt(situation, decision, prepared.language))
        return decision

    async def _do(self, decision: Decision, turn: Turn, prepared: Prepared, answered: Answered) -> None:
        address, now = prepared.message.received.address, turn.now
        match decision.deed:
            case Deed.REFUSE:
                await turn.unit.contacts.save(turn.contact.permitting(address, Permission.REFUSED, now))
            case Deed.PERMIT:
                await turn.unit.contacts.save(turn.contact.permitting(address, Permission.WROTE, now))
            case Deed.CONTINUE if turn.is_owned:
                await self._go_on_mute(turn, answered)
                return
            case Deed.RAISE:
                await self._hear_danger(decision, turn)
                await self._raise_danger(turn, decision.flow)
                return
            case Deed.CONTINUE:
                await turn.go_on(answered)
            case Deed.BEGIN if decision.flow == MENU and _is_stale(turn, prepared):
                await self._ask_back(decision, turn, prepared)
            case Deed.BEGIN:
                is_drill = await self._hear_danger(decision, turn)
                await self._begin(decision, turn, prepared)
                if is_drill:
                    turn.says.insert(1, Say(text=ONLY_DRILL))  # a fire may come in a drill: first what to do (R1)
            case Deed.HOLD | Deed.IGNORE:
                return
        if not turn.says and decision.deed in (Deed.CONTINUE, Deed.BEGIN):
            await turn.begin(MENU)  # whoever writes is answered (R22), whatever a flow forgot to say
        if prepared.is_file_lost:
            turn.says.insert(turn.lane is Lane.EMERGENCY, Say(text=UNREADABLE))  # first of all what to do now (R1)

    async def _go_on_mute(self, turn: Turn, answered: Answered) -> None:
        """Hear an answer while a person has the conversation: only what that person asks is asked on (R14).

        "I need help" leads to that person, where it would lead to the flow about it (R11).
        """
        is_lent = ASKED_BY in turn.sessions[0].answers
        await turn.go_on(answered)
        if turn.left_out in self.triggers.life:
            await self._raise_danger(turn, turn.left_out)
        if not is_lent:
            turn.says.clear()

    async def _raise_danger(self, turn: Turn, flow: str | None) -> None:
        """Put a danger before the eyes of the person who speaks with the contact."""
        topic = Topic.MEDICAL if flow == MEDICAL_HELP else Topic.DANGER
        await self.house.cases.open(
            turn.unit, contact=turn.contact, topic=topic, urgency=Urgency.CRITICAL, facts={}, now=turn.now
        )

    async def _ask_back(self, decision: Decision, turn: Turn, prepared: Prepared) -> None:
        """An option of a question that is over: after a live alert its question, for that was likely meant."""
        is_known = turn.contact.met_at is not None
        asked = await live_question(turn.unit, turn.contact, organisation=self.listening.locale.organisation)
        if asked is None:
            await self._begin(decision, turn, prepared)
        else:
            await turn.begin(CHECK_IN, asked.answers(interrupts=bool(turn.sessions)))
        if is_known or asked is not None:
            turn.says.insert(-1, Say(text=ASK_BACK))

    async def _hear_danger(self, decision: Decision, turn: Turn) -> bool:
        """A danger told in answer to an alert is its answer too: this person needs help. True if it was a drill."""
        is_waiting = bool(turn.sessions) and is_asking(turn.sessions[0])
        session = turn.sessions[0] if is_waiting else put_aside(turn.sessions)
        if session is None or decision.flow not in self.triggers.life:
            return False
        await self.check_ins.record(turn.unit, turn.contact, broadcast_of(session), Safety.HELP, turn.now)
        turn.sessions.remove(session)
        await turn.unit.sessions.save(session.ended())
        return is_of_drill(session)

    async def _begin(self, decision: Decision, turn: Turn, prepared: Prepared) -> None:
        """Begin a flow with what is known; a newcomer first hears who speaks, except when a life is at stake (R1)."""
        assert decision.flow is not None
        flow, answers = decision.flow, self._seeds(turn.contact, prepared, decision)
        is_life = self.house.flows[flow].is_life if flow in self.house.flows else False
        if turn.contact.met_at is None and not is_life and flow not in AT_ONCE:
            turn.contact = replace(turn.contact, met_at=turn.now)
            await turn.unit.contacts.save(turn.contact)
            if flow in ("menu", "welcome", "fallback") or not prepared.is_language_sure:
                answers["next_flow"] = "" if flow in ("menu", "welcome", "fallback") else flow
                flow = "welcome"
            else:
                turn.says.append(Say(text=INTRODUCTION))
        await turn.begin(flow, answers)

    def _seeds(self, contact: Contact, prepared: Prepared, decision: Decision) -> dict[str, Value]:
        """What a flow may know beforehand: the contact's own facts, then what this message names."""
        seeds: dict[str, Value] = {
            "nationality": contact.nationality,
            "position": contact.position if _is_recent(contact.position_at, self.clock.now()) else None,
            "is_language_sure": prepared.is_language_sure,
            "offers": ",".join(decision.offers),
            "language": prepared.reading.language,
            "code": joining.code_of(prepared.message.received) if decision.flow == joining.FLOW else None,
        }
        names = {"country": "nationality"}
        for entity in reversed(prepared.understanding.entities):
            seeds[names.get(entity.kind, entity.kind)] = entity.value
        return {name: value for name, value in seeds.items() if value is not None and value != ""}

    async def _commit_says(self, unit: Unit, turn: Turn) -> None:
        await unit.deliveries.add(turn.deliveries())

    # --- when all else fails --------------------------------------------------------------------------------------

    async def _fall_back(self, message: Message) -> Lane:
        """Say so in the contact's language, open a case, and let go the broken session, which would fail again."""
        now = self.clock.now()
        async with self.store.transaction(message.contact) as unit:
            contact = await unit.contacts.get(message.contact)
            if contact is None or not await unit.messages.mark_handled(message.id, now, of=contact.id):
                return Lane.REPLY
            sessions, _ = await faults.sound(unit, self.house, contact, self._setting(contact))
            if sessions:
                await unit.sessions.save(sessions[0].ended())
            await faults.report(unit, self.house, contact, self._setting(contact))
            turn = self.turn(unit, contact, message.received.address, [], origin=_origin(message))
            if not await _is_owned(unit, contact.id):
                await unit.deliveries.add([turn.delivery(faults.last_words(self.house, turn.setting.language))])
        return turn.lane


async def _is_owned(unit: Unit, contact: ContactId) -> bool:
    """Whether a person has taken the conversation over (R14)."""
    return await unit.claims.of(contact) is not None


async def _site_code(unit: Unit, received: Received) -> tuple[str | None, bool]:
    """The site's code in the message, and whether it asks to join; a bare code counts only where a site has it."""
    code = joining.code_of(received)
    if code is None or joining.is_asked(received):
        return code, code is not None
    return (code, False) if await unit.sites.by_code(code) is not None else (None, False)


def _is_stale(turn: Turn, prepared: Prepared) -> bool:
    """Whether an option was chosen by number or tap, and nothing is asked."""
    is_chosen = prepared.reading.signal is Signal.NUMBER or prepared.message.received.choice is not None
    is_asked = bool(turn.sessions) and turn.sessions[0].status is SessionStatus.WAITING
    return is_chosen and not is_asked


def _doubt(situation: Situation, decision: Decision, language: str) -> Doubt:
    """What a message was taken for, kept for who says later what it meant."""
    understanding = situation.understanding
    return Doubt(
        intent=understanding.intent or "",
        confidence=understanding.confidence,
        flow=decision.flow or situation.open_flow or "",
        language=language,
    )


def _is_recent(at: datetime | None, now: datetime) -> bool:
    return at is not None and now - at < POSITION_LIFE


def _origin(message: Message) -> str:
    return f"message:{message.id}"
