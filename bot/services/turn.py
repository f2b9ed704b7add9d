"""Owns one turn of a conversation: an event's way through the engine inside one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.contact import Address, Contact
from bot.domain.delivery import Content, Delivery, DeliveryId, Lane
from bot.domain.errors import MusterError, Unavailable
from bot.domain.session import Session, SessionId, SessionStatus
from bot.domain.values import Value
from bot.engine import interpreter
from bot.engine.effects import Begun, Call, Called, Event, GivenBack, Handoff, Say, Setting, Start, Text
from bot.engine.flow import Flow
from bot.services.cases import CaseDesk
from bot.services.checkins import Question, is_asking, is_of_drill
from bot.services.letters import CHECK_IN
from bot.services.phrasing import Phrasing
from bot.services.ports import ActionSpec, Channeller, Ids, Occasion, Unit

DRILL = Text(msgid="This is only a DRILL.")  # as bot/services/framing.py ends every drill
RESUME, WELCOME, MENU, STOP = "resume", "welcome", "menu", "stop"
ASKED_BY = "asked_by"  # seeds a session that asks on behalf of a person who has the conversation: their staff id
_MAX_FLOWS = 8  # flows that one message may run through, by `start` and by what follows an end: a guard against a ring
_MAX_CALLS = 20  # actions that one event may run in one flow
_NEVER_SUSPENDED = frozenset({MENU, WELCOME, RESUME, "fallback", "doubt_danger"})  # nothing is lost by leaving them
_NEVER_FOLLOWED = frozenset({STOP, "privacy", "weather"})  # after these the contact is left in peace


class FlowError(MusterError):
    """A flow asks for something that is not there, or goes round in a ring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every turn is done with: flows, actions, words and the case desk."""

    flows: Mapping[str, Flow]
    actions: Mapping[str, ActionSpec]
    phrasing: Phrasing
    cases: CaseDesk
    ids: Ids
    reply_life: timedelta


@dataclass(slots=True, kw_only=True)
class Turn:
    """The work of one turn. It collects what is said and saves sessions; the caller commits."""

    house: House
    unit: Unit
    contact: Contact
    address: Address
    channeller: Channeller | None  # None where the address's channel is off: the sender fails what is said, with a case
    setting: Setting
    origin: str
    sessions: list[Session]  # open ones, the newest first
    says: list[Say] = field(default_factory=list)
    lane: Lane = Lane.REPLY
    is_asked: bool = True  # the contact has just written; False when only time has passed
    is_owned: bool = False  # a person has the conversation: after their question nothing follows by itself
    left_out: str | None = None  # the flow that would have followed, had nobody had the conversation
    _begun: int = 0

    @property
    def now(self) -> datetime:
        return self.setting.now

    async def hear_question(self, question: Question) -> None:
        """Put an alert's question before what the contact writes; it has been asked by the alert itself (R21)."""
        said = len(self.says)
        await self.begin(CHECK_IN, question.answers(interrupts=bool(self.sessions)))
        del self.says[said:]
        await self.unit.recipients.heard(question.recipient.number, self.now)

    async def begin(self, name: str, answers: Mapping[str, Value] | None = None) -> None:
        """Begin a flow on top; what runs is suspended, or ended where nothing would be lost by it."""
        self._begun += 1
        flow = self.house.flows.get(name)
        if flow is None or self._begun > _MAX_FLOWS:
            raise FlowError(f"flow {name!r} is missing or begins without end")
        await self._set_aside(flow)
        session = Session(
            id=SessionId(self.house.ids.new()),
            contact=self.contact.id,
            flow=name,
            version=flow.version,
            step="",
            started_at=self.now,
        )
        await self._advance(session, Begun(answers=dict(answers or {})))

    async def go_on(self, event: Event) -> None:
        """Give an event to the session on top."""
        session = self.sessions.pop(0)
        await self._advance(session, event)

    async def _set_aside(self, coming: Flow) -> None:
        """Make room on top: leave what is not worth coming back to, suspend the rest."""
        for session in list(self.sessions):
            self.sessions.remove(session)
            if is_left_behind(session) or coming.name in (session.flow, STOP):
                await self._save(session.ended())
            elif session.status is SessionStatus.SUSPENDED:
                self.sessions.append(session)
            else:
                aside = session.put_aside(self.now)
                await self._save(aside)
                self.sessions.append(replace(aside, revision=session.revision + 1))

    async def _advance(self, session: Session, event: Event) -> None:
        """Run the engine until the session waits or ends; carry out every effect on the way."""
        if self.house.flows[session.flow].is_life:
            self.lane = Lane.EMERGENCY
        calls, following, said = 0, None, len(self.says)
        pending: Event | None = event
        while pending is not None:
            step = interpreter.advance(self.house.flows, session, pending, self.setting)
            session, pending = step.session, None
            for effect in step.effects:
                match effect:
                    case Say():
                        self.says.append(effect)
                    case Handoff():
                        await self._hand_off(effect, session)
                    case Call():
                        calls += 1
                        pending = await self._run(effect, session, calls)
                    case Start():
                        following = effect.flow
        if is_of_drill(session) and len(self.says) > said:
            self.says.insert(said, Say(text=DRILL))
        await self._remember(session)
        await self._save(session)
        if session.status is SessionStatus.WAITING:
            self.sessions.insert(0, replace(session, revision=session.revision + 1))
        else:
            await self._after(session, following)

    async def _remember(self, session: Session) -> None:
        """Keep what was told of the contact themselves, so that no later flow asks for it again."""
        nationality = session.answers.get("nationality")
        if isinstance(nationality, str) and nationality != self.contact.nationality:
            self.contact = replace(self.contact, nationality=nationality)
            await self.unit.contacts.save(self.contact)

    async def _after(self, ended: Session, following: str | None) -> None:
        """What comes after a flow's end: the flow it starts, what the contact came for, or what was interrupted.

        A question that lapsed leads to nothing more than its flow says: who is silent may be in hiding.
        """
        wanted = following or ended.answers.get("next_flow")
        if self.is_owned:
            self.left_out = following
            return
        if isinstance(wanted, str) and wanted:
            await self.begin(wanted)
        elif not self.is_asked:
            return
        elif ended.flow == WELCOME:
            await self.begin(MENU)
        elif ended.flow == RESUME:
            await self._give_back(goes_on=ended.answers.get("go_on") == "yes")
        elif self.sessions and ended.flow not in _NEVER_FOLLOWED:
            await self.begin(RESUME)

    async def _give_back(self, *, goes_on: bool) -> None:
        """Go on with the newest suspended session, or let all of them go."""
        if goes_on and self.sessions:
            await self.go_on(GivenBack())
            return
        for session in self.sessions:
            await self._save(session.ended())
        self.sessions.clear()
        await self.begin(MENU)

    async def _hand_off(self, effect: Handoff, session: Session) -> None:
        await self.house.cases.open(
            self.unit,
            contact=self.contact,
            topic=effect.topic,
            urgency=effect.urgency,
            facts=session.answers,
            now=self.now,
        )

    async def _run(self, call: Call, session: Session, calls: int) -> Called:
        """Run an action. What it cannot reach is its outcome `failed`; any other error undoes the whole turn."""
        spec = self.house.actions.get(call.action)
        if spec is None or calls > _MAX_CALLS:
            raise FlowError(f"action {call.action!r} is missing or called without end")
        occasion = Occasion(
            unit=self.unit,
            contact=self.contact,
            address=self.address,
            session=session,
            arguments=call.arguments,
            language=self.setting.language,
            now=self.now,
        )
        try:
            called = await spec.run(occasion)
        except Unavailable:
            return Called(outcome="failed")
        await self._look_again()
        return called

    async def _look_again(self) -> None:
        """An action may have changed the contact: their language, their place, their wish to be written to."""
        contact = await self.unit.contacts.get(self.contact.id)
        if contact is not None:
            self.contact = contact
            self.setting = replace(self.setting, language=contact.language or self.setting.language)

    async def _save(self, session: Session) -> None:
        await self.unit.sessions.save(session)

    def deliveries(self) -> Sequence[Delivery]:
        """What was said, as the channel can carry it, in order."""
        contents = self.house.phrasing.contents(self.says, self.setting.language, self.address.channel)
        if self.channeller is None:
            return [self.delivery(content) for content in contents]
        return [self.delivery(part) for content in contents for part in self.channeller.fit(content)]

    def delivery(self, content: Content) -> Delivery:
        """One content on its way to this contact, now."""
        return Delivery(
            id=DeliveryId(self.house.ids.new()),
            contact=self.contact.id,
            channel=self.address.channel,
            address=self.address,
            content=content,
            origin=self.origin,
            lane=self.lane,
            created_at=self.now,
            due_at=self.now,
            expires_at=self.now + self.house.reply_life,
        )


def is_left_behind(session: Session) -> bool:
    """Whether nothing is lost by leaving it: an alert that is answered waits only for a change."""
    is_answered = session.flow == CHECK_IN and not is_asking(replace(session, status=SessionStatus.WAITING))
    return session.flow in _NEVER_SUSPENDED or is_answered
