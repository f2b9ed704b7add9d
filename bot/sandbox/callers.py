"""Owns the demo's callers: workers on stand-in phones who ask for a person now and then, and answer who writes back."""

import asyncio
import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.sandbox.changes import Changes
from bot.sandbox.clock import Clock, WallClock
from bot.sandbox.tasks import Tasks
from bot.sandbox.telegram_bot import TelegramChange, TelegramStandIn
from bot.sandbox.twilio_account import TwilioStandIn
from bot.sandbox.twilio_records import WHATSAPP, TwilioMessage

FILE = Path(__file__).with_name("scenario") / "callers.csv"
FIRST_SECONDS, GAP_SECONDS = 40.0, 180.0  # until the first one asks, and between two
WRITING_SECONDS = 25.0  # for one line
_FIRST_CHAT = 7_100_000_000  # Telegram's user ids are no phone numbers: these end as their owner's number does


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One worker: `says` are the lines by which they ask, `answers` those to a person who writes back.

    `address` is what the stand-in knows them by: a number, WhatsApp's with its prefix, or a chat's.
    """

    name: str
    phone: str
    language: str
    channel: str
    says: Sequence[str]
    answers: Sequence[str]

    @property
    def chat(self) -> int:
        return _FIRST_CHAT + int(self.phone[-3:])

    @property
    def address(self) -> str:
        return {"telegram": str(self.chat), "whatsapp": WHATSAPP + self.phone}.get(self.channel, self.phone)


def read_callers(file: Path = FILE) -> tuple[Caller, ...]:
    """The callers of a CSV file; lines stand apart by "|"."""
    with file.open(encoding="utf-8", newline="") as lines:
        return tuple(
            Caller(
                name=row["name"],
                phone=row["phone"],
                language=row["language"],
                channel=row["channel"],
                says=tuple(row["says"].split("|")),
                answers=tuple(row["answers"].split("|")),
            )
            for row in csv.DictReader(lines)
        )


@dataclass(kw_only=True)
class Callers:
    """Asks for help by the providers' own roads, one caller after the other, again and again; looks into no database.

    `joins` are the words, in all languages, by which a worker knows that a person has come.
    """

    people: Sequence[Caller]
    joins: Collection[str]
    twilio: TwilioStandIn
    telegram: TelegramStandIn
    clock: Clock = field(default_factory=WallClock)
    _left: dict[str, list[str]] = field(default_factory=dict)  # answers to the person who is there now, by address
    _read: set[str] = field(default_factory=set)
    _tasks: Tasks = field(default_factory=Tasks)

    def settle_in(self) -> None:
        """Make Telegram's stand-in know who has started the bot."""
        for one in self.people:
            if one.channel == "telegram" and one.chat not in self.telegram.chats:
                self.telegram.add_user(one.chat, first_name=one.name, language_code=one.language)
                self.telegram.chats[one.chat].has_started = True

    async def run(self, stop: asyncio.Event) -> None:
        """Call and answer until `stop` is set."""
        queue: asyncio.Queue[object] = asyncio.Queue()
        watched: tuple[Changes[Any], ...] = (self.twilio.changes, self.telegram.changes)
        with watched[0].watch(queue), watched[1].watch(queue):
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._listen(queue)), group.create_task(self._call())]
                    await stop.wait()
                    for task in tasks:
                        task.cancel()
            finally:
                await self._tasks.close()

    async def _call(self) -> None:
        await self.clock.sleep(FIRST_SECONDS)
        while True:
            for one in self.people:
                if one.address not in self._left:  # who is speaking with a person has no new matter
                    self._tasks.start(self._say(one, one.says))
                await self.clock.sleep(GAP_SECONDS)

    async def _listen(self, queue: "asyncio.Queue[object]") -> None:
        known: Mapping[str, Caller] = {one.address: one for one in self.people}
        while True:
            address, text = self._heard(await queue.get())
            caller = known.get(address)
            if caller is None:
                continue
            if any(words in text for words in self.joins):
                self._left[address] = list(caller.answers)
            elif left := self._left.get(address):
                self._tasks.start(self._say(caller, [left.pop(0)]))
            else:
                self._left.pop(address, None)

    def _heard(self, change: object) -> tuple[str, str]:
        """To whom a message has just come, and its words; nobody for what is no message to a phone."""
        if isinstance(change, TwilioMessage):
            is_here = change.status in {"delivered", "read"} and change.direction == "outbound-api"
            if is_here and change.sid not in self._read:
                self._read.add(change.sid)
                return change.to, change.body
            return "", ""
        if not isinstance(change, TelegramChange) or change.kind != "message":
            return "", ""
        if change.content["from"] == self.telegram.me:
            return str(change.chat_id), str(change.content.get("text", ""))
        return "", ""

    async def _say(self, caller: Caller, lines: Sequence[str]) -> None:
        for line in lines:
            await self.clock.sleep(WRITING_SECONDS)
            if caller.channel == "telegram":
                self.telegram.phone_sends_text(caller.chat, line)
            else:
                await self.twilio.phone_sends(
                    line, from_=caller.address, to=self._sender(caller), profile_name=caller.name
                )

    def _sender(self, caller: Caller) -> str:
        """The service's own address on the caller's channel."""
        is_whatsapp = caller.channel == "whatsapp"
        return next(sender for sender in self.twilio.senders if sender.startswith(WHATSAPP) == is_whatsapp)
