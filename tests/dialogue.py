"""Talk to Muster as a worker would: the real services on a real database, key words instead of the NLU server."""

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from bot.app.desks import Desks, broadcast_desk, converse, send_through
from bot.app.outside import ask_rasa, broadcast_ways, open_store
from bot.channels.sms import cut_for_sms
from bot.clock import SystemClock
from bot.config import Settings, load
from bot.domain.case import Case
from bot.domain.contact import Address, Channel, Contact, ContactId
from bot.domain.delivery import Content, Delivery, Lane
from bot.domain.employer import EmployerId
from bot.domain.errors import SendError
from bot.domain.message import Attachment, MessageKind, Received
from bot.domain.session import Session
from bot.domain.staff import Role, Staff, StaffId
from bot.domain.values import Position
from bot.sandbox import scenario
from bot.services.access import Reader
from bot.services.broadcasts import BroadcastDesk
from bot.services.conversation import Conversation
from bot.services.deliveries import Sender
from bot.services.desk import Desk as OperatorDesk
from bot.services.inbox import Inbox
from bot.services.outreach import OutreachSender
from bot.services.ports import Inbound
from bot.simulate import NoBell, NoThrottle, Terminal
from bot.storage.crypto import make_key
from bot.storage.store import SqlStore
from tests.databases import fresh_sqlite

PORTO_ALEGRE = Position(latitude=-30.0346, longitude=-51.2177)


@dataclass(kw_only=True)
class Worker:
    """One contact on one channel. `said` is everything that reached the phone, the newest last."""

    house: "Muster"
    address: Address
    channel: Channel
    said: list[Content] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _read: int = 0

    async def says(self, text: str) -> None:
        await self._sends(text=text)

    async def taps(self, label: str) -> None:
        """Tap the option of that label, as it was last offered."""
        offered = [option for content in reversed(self.said) for option in content.options]
        option = next(option for option in offered if option.label == label)
        await self._sends(choice=option.payload)

    async def shares(self, position: Position) -> None:
        await self._sends(position=position)

    async def sends_photo(self) -> None:
        await self._sends(attachments=(Attachment(kind="photo", source="photo", media_type="image/png"),))

    async def joins(self, code: str = "") -> None:
        await self._sends(text=code, kind=MessageKind.JOINED)

    async def waits(self, time: timedelta) -> None:
        """Let time pass, and the worker's tick come round."""
        self.house.clock.forward(time)
        contact = await self.contact()
        await self.house.conversation.lapse(contact.id)
        await self.house.sender.send_due(contact.id)
        self._read = len(self.said) - len(self._unread())

    async def _sends(self, **what: object) -> None:
        id_ = f"{self.address.path}-{next(self._numbers)}"
        received = Received(channel=self.channel, address=self.address, provider_id=id_, **what)  # type: ignore[arg-type]
        self._read = len(self.said)
        await self.house.take(received)

    def _unread(self) -> list[Content]:
        return self.said[self._read :]

    @property
    def heard(self) -> str:
        """What the last message was answered with."""
        return "\n".join(content.text for content in self._unread())

    @property
    def options(self) -> list[str]:
        """The labels offered by the last answer."""
        return [option.label for content in self._unread() for option in content.options]

    def hears(self, part: str) -> None:
        assert part in self.heard, f"expected {part!r} in what was heard:\n{self.heard}"

    def hears_not(self, part: str) -> None:
        assert part not in self.heard, f"did not expect {part!r} in what was heard:\n{self.heard}"

    async def is_at(self, step: str) -> None:
        """`flow.step` of the question that now waits."""
        sessions = await self.sessions()
        at = f"{sessions[0].flow}.{sessions[0].step}" if sessions else "nowhere"
        assert at == step, f"expected to be at {step}, is at {at}; heard:\n{self.heard}"

    async def contact(self) -> Contact:
        async with self.house.store.transaction() as unit:
            contact = await unit.contacts.find(self.address)
        assert contact is not None
        return contact

    async def sessions(self) -> list[Session]:
        contact = await self.contact()
        async with self.house.store.transaction() as unit:
            return list(await unit.sessions.open(contact.id))

    async def cases(self) -> list[Case]:
        contact = await self.contact()
        async with self.house.store.transaction() as unit:
            return list(await unit.cases.of(contact.id))


class TestClock:
    """Real time plus what a test let pass."""

    __test__ = False

    def __init__(self, real: SystemClock) -> None:
        self._real = real
        self._passed = timedelta()

    def now(self) -> datetime:
        return self._real.now() + self._passed

    def forward(self, time: timedelta) -> None:
        self._passed += time


@dataclass(kw_only=True)
class Muster:
    """The services of one deployment; `worker` introduces somebody who writes to it."""

    store: SqlStore
    inbox: Inbox
    conversation: Conversation
    sender: Sender
    clock: TestClock
    desk: BroadcastDesk
    outreach: OutreachSender
    operators: OperatorDesk
    workers: dict[Address, Worker] = field(default_factory=dict)
    broken: dict[Address, SendError] = field(default_factory=dict)  # what sending there raises
    _paths: Iterator[int] = field(default_factory=lambda: itertools.count(5005550101))

    def worker(self, channel: Channel = Channel.WEBCHAT, path: str | None = None) -> Worker:
        address = Address(scheme=channel.scheme, path=path or f"+1{next(self._paths)}")
        self.workers[address] = Worker(house=self, address=address, channel=channel)
        return self.workers[address]

    async def operator(
        self, name: str, role: Role = Role.OPERATOR, *, languages: Sequence[str] = ("en",), employer: str | None = None
    ) -> Reader:
        """Somebody of the staff, by whose first name contacts know them."""
        staff = Staff(
            id=StaffId(name),
            login=name,
            name=name.capitalize(),
            role=role,
            employer=EmployerId(employer) if employer else None,
            languages=tuple(languages),
            password_hash="",
            created_at=self.clock.now(),
        )
        async with self.store.transaction() as unit:
            if await unit.staff.get(staff.id) is None:
                await unit.staff.add(staff)
        return Reader(role=role, id=name, employer=staff.employer)

    async def take(self, received: Received) -> None:
        """What the web room and a worker process do with a message, one after the other."""
        await self.inbox.take(Inbound(messages=(received,)))
        await self.settle(received.address)

    async def send_out(self) -> int:
        """What the ticks and senders of a worker process do with broadcasts, until nothing is due."""
        await self.desk.life.keep_time()
        sent = 0
        while work := await self.outreach.look():
            for place in work:
                sent += await self.outreach.send_chunk(*place)
        return sent

    async def settle(self, address: Address) -> ContactId | None:
        async with self.store.transaction() as unit:
            contact = await unit.contacts.find(address)
        if contact is None:
            return None
        await self.conversation.handle(contact.id)
        await self.sender.send_due(contact.id)
        return contact.id


@dataclass(frozen=True, kw_only=True)
class SendingBell:
    """Sends at once what staff have written, as a worker process does when the bell rings."""

    house: Muster

    async def ring(self, contact: ContactId, _: Lane) -> None:
        await self.house.sender.send_due(contact)


class Phone(Terminal):
    """A channel whose sends land on the phones of the dialogue."""

    house: Muster

    async def send(self, delivery: Delivery) -> str:
        if (error := self.house.broken.get(delivery.address)) is not None:
            raise error
        self.house.workers[delivery.address].said.append(delivery.content)
        return str(delivery.id)


@asynccontextmanager
async def muster(folder: Path, **settings: object) -> AsyncIterator[Muster]:
    """Muster's services on an own database, with the demo's places; no NLU server: key words answer.

    The database is a file in `folder` with keys of its own, unless `database_url` (migrated) and `keys` are given.
    """
    url = str(settings.pop("database_url", "") or fresh_sqlite(folder / "dialogue.db"))
    keys = SecretStr(str(settings.pop("keys", make_key())))
    chosen: Settings = load(database_url=SecretStr(url), keys=keys, nlu_url="http://127.0.0.1:9", **settings)
    store = await open_store(chosen)
    clock = TestClock(SystemClock())
    try:
        async with aiohttp.ClientSession() as session:
            await scenario.load(store, clock.now())
            desks = Desks.over(store, chosen)
            phones = {
                channel: Phone(
                    name=channel,
                    fitting=cut_for_sms if channel is Channel.SMS else lambda content: (content,),
                    write=lambda _: None,
                )
                for channel in Channel
            }
            conversation = converse(
                chosen, desks, store=store, bell=NoBell(), channels=phones, rasa=ask_rasa(chosen, session)
            )
            conversation.clock = conversation.listening.clock = clock
            sender = send_through(chosen, desks, store=store, channels=phones, throttle=NoThrottle())
            sender = replace(sender, clock=clock)
            ways = broadcast_ways(chosen, phones)
            desk = replace(broadcast_desk(chosen, desks, store=store, ways=ways), clock=clock)
            house = Muster(
                store=store,
                inbox=Inbox(store=store, bell=NoBell(), clock=clock, ids=desks.ids, ways=ways),
                conversation=conversation,
                sender=sender,
                clock=clock,
                desk=desk,
                operators=OperatorDesk(store=store, bell=NoBell(), clock=clock, conversation=conversation),
                outreach=OutreachSender(store=store, desk=desk, sender=sender, clock=clock, ids=desks.ids, ways=ways),
            )
            for phone in phones.values():
                phone.house = house
            house.operators.bell = SendingBell(house=house)
            yield house
    finally:
        await store.close()
