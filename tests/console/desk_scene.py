"""Owns a desk to test with: workers who really write, and a console whose pages are the desk's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import ClientResponse

from bot.channels.sms import SmsChannel
from bot.config import Settings
from bot.console import asking, assigning, composing, conversation, documents, duty, queue, replies, same_person
from bot.console.case_words import FactWords
from bot.console.conversation_scene import Scene
from bot.console.desk_stream import ConversationStream, QueueStream, Seats
from bot.domain.case import Case, Topic, Urgency
from bot.domain.contact import Channel, ContactId
from bot.domain.errors import Unavailable
from bot.domain.staff import Role, StaffId
from bot.i18n import Catalogs
from bot.sandbox.translator import TranslatorStandIn
from bot.services.composing import Composer
from bot.services.desk_ports import Glance
from bot.services.duty import DutyDesk
from bot.services.merging import MergeDesk
from bot.services.places import PlaceDirectory
from bot.services.queue import Queue
from bot.services.replies import Replies
from bot.services.ringing import Ringing
from bot.services.staff import StaffDesk
from bot.services.translating import Translating
from bot.services.watch import Lookout
from tests.console.conftest import CHEAP, Browser, House
from tests.dialogue import Muster, Worker, muster
from tests.stand import CountingIds


@dataclass
class Eyes:
    """Who looks, without Redis; nothing fades by itself."""

    seen: dict[tuple[ContactId, StaffId], bool] = field(default_factory=dict)

    async def note(self, contact: ContactId, staff: StaffId, *, is_typing: bool = False) -> None:
        self.seen[contact, staff] = is_typing

    async def leave(self, contact: ContactId, staff: StaffId) -> None:
        self.seen.pop((contact, staff), None)

    async def all(self) -> Sequence[Glance]:
        return [Glance(contact=one, staff=staff, is_typing=types) for (one, staff), types in self.seen.items()]


@dataclass
class Wire:
    """News, told by the test."""

    heard: list[asyncio.Queue[object]] = field(default_factory=list)

    async def subscribe(self, topics: object) -> AsyncIterator[object]:
        mine: asyncio.Queue[object] = asyncio.Queue()
        self.heard.append(mine)
        while True:
            yield await mine.get()

    async def publish(self, topic: str, event: Mapping[str, object]) -> None:
        self.tells()

    def tells(self) -> None:
        for one in self.heard:
            one.put_nowait(object())


@dataclass
class Tongue:
    """A translation service as the stand-in is one; `made` replaces what it would say."""

    name: str = "stand-in"
    stand_in: TranslatorStandIn = field(default_factory=TranslatorStandIn)
    is_down: bool = False
    made: str = ""

    async def translate(self, text: str, source: str, target: str) -> str:
        if self.is_down:
            raise Unavailable("down")
        return self.made or self.stand_in.translate(text, target)


@dataclass
class Turns:
    """The pause between two readings of the queue: it lasts until the test says so."""

    given: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    async def rest(self, _: float) -> None:
        await self.given.get()

    def again(self) -> None:
        self.given.put_nowait(None)


@dataclass
class Stream:
    """A stream as a browser reads it."""

    answer: ClientResponse

    async def event(self) -> tuple[str, str]:
        lines: list[str] = []
        async with asyncio.timeout(10):
            while line := (await self.answer.content.readline()).decode().rstrip("\r\n"):
                lines.append(line)
        name = next(line.removeprefix("event: ") for line in lines if line.startswith("event: "))
        return name, "\n".join(line.removeprefix("data: ") for line in lines if line.startswith("data: "))

    async def until(self, name: str) -> dict[str, str]:
        """All events up to the next of that name, with it."""
        found: dict[str, str] = {}
        while name not in found:
            event, text = await self.event()
            found[event] = text
        return found

    async def is_over(self) -> bool:
        async with asyncio.timeout(10):
            await self.answer.content.read()
        return self.answer.content.at_eof()


@dataclass(kw_only=True)
class DeskScene:
    muster: Muster
    house: House
    eyes: Eyes
    wire: Wire
    turns: Turns
    following: ConversationStream
    lookout: Lookout[str, Any]
    tongue: Tongue
    translating: Translating

    async def waits(
        self,
        topic: Topic = Topic.PERSON,
        urgency: Urgency = Urgency.NORMAL,
        *,
        says: str = "hello",
        channel: Channel = Channel.WEBCHAT,
        narrative: str = "",
    ) -> tuple[Worker, Case]:
        """A worker who has written, and has a case that waits."""
        worker = self.muster.worker(channel)
        await worker.says(says)
        return worker, await self.opens(worker, topic, urgency, narrative=narrative)

    async def opens(self, worker: Worker, topic: Topic, urgency: Urgency = Urgency.NORMAL, **more: Any) -> Case:
        contact = await worker.contact()
        async with self.muster.store.transaction(contact.id) as unit:
            return await self.muster.conversation.house.cases.open(
                unit, contact=contact, topic=topic, urgency=urgency, facts={}, now=self.muster.clock.now(), **more
            )

    async def staff(self, login: str = "olga", role: Role = Role.OPERATOR, **more: Any) -> Browser:
        return await self.house.signed_in(login, role, **more)

    @asynccontextmanager
    async def watching(self, browser: Browser, path: str) -> AsyncIterator[Stream]:
        async with browser.client.get(path, headers={"Accept": "text/event-stream"}) as answer:
            assert answer.status == 200, answer.status
            assert answer.content_type == "text/event-stream"
            yield Stream(answer)


@pytest.fixture
async def desk(tmp_path: Path, catalogs: Catalogs) -> AsyncIterator[DeskScene]:
    async with muster(tmp_path) as services:
        store, clock, eyes, wire, turns = services.store, cast(Any, services.clock), Eyes(), Wire(), Turns()
        staff = StaffDesk(store=store, clock=clock, ids=CountingIds(), hasher=CHEAP)
        house = House(
            store=store,
            clock=clock,
            ids=CountingIds(),
            settings=Settings(home=tmp_path, organisation="Muster"),
            catalogs=catalogs,
            desk=staff,
        )
        waiting = Queue(store=store, viewing=eyes, clock=clock)
        lookout = Lookout(reader=waiting, clock=clock, rest=turns.rest)
        seats = Seats(staff=staff, clock=clock)
        tongue = Tongue()
        translating = Translating(store=store, clock=clock, desk=services.operators, live=wire, translator=tongue)
        canned = Replies(store=store, clock=clock, ids=CountingIds())
        following = ConversationStream(desk=services.operators, news=wire, viewing=eyes, seats=seats, clock=clock)
        house.pages += queue.routes(
            desk=services.operators,
            queue=waiting,
            stream=QueueStream(lookout=lookout, seats=seats, clock=clock, beat_seconds=5),
            clock=clock,
            languages={"en": "English", "es": "Español", "ne": "नेपाली", "ar": "العربية"},
            ringing=Ringing(store=store, clock=clock),
        )
        house.pages += conversation.routes(
            desk=services.operators,
            stream=following,
            viewing=eyes,
            clock=clock,
            scene=Scene(
                clock=clock,
                channels={
                    **services.conversation.channels,
                    Channel.SMS: SmsChannel(account=cast(Any, None), sender=""),
                },
                default_language="en",
                has_template=False,
                translating=translating,
                facts=FactWords.of(services.conversation.house.flows.values()),
                flows=services.conversation.house.flows,
            ),
        )
        composer = Composer(
            store=store,
            clock=clock,
            desk=services.operators,
            replies=canned,
            places=PlaceDirectory(catalogs=catalogs, zone=house.settings.zone),
            documents=services.conversation.documents,
            given={"organisation": "Muster", "hotline": "0800 123", "emergency_number": "112"},
            translator=tongue,
            has_links=True,
        )
        house.pages += composing.routes(composer=composer, translating=translating)
        house.pages += replies.routes(
            replies=canned, languages={"en": "English", "es": "Español", "ne": "नेपाली", "ar": "العربية"}
        )
        house.pages += same_person.routes(
            desk=MergeDesk(store=store, bell=services.operators.bell, clock=clock, ids=CountingIds())
        )
        on_duty = DutyDesk(store=store, clock=clock, ids=CountingIds(), desk=services.operators)
        house.pages += duty.routes(desk=on_duty, zone=house.settings.zone)
        house.pages += asking.routes(desk=services.operators)
        house.pages += assigning.routes(desk=services.operators, duty=on_duty)
        house.pages += documents.routes(documents=services.conversation.documents, store=store, clock=clock)
        yield DeskScene(
            muster=services,
            house=house,
            eyes=eyes,
            wire=wire,
            turns=turns,
            following=following,
            lookout=lookout,
            tongue=tongue,
            translating=translating,
        )
        await translating.close()
        await lookout.close()
        await following.close()
        await house.close()
