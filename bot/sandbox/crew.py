"""Owns the demo's crew: workers on stand-in phones who answer alerts and drills after a while, each in their words."""

import asyncio
import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.sandbox.changes import Changes
from bot.sandbox.clock import Clock, WallClock
from bot.sandbox.tasks import Tasks
from bot.sandbox.telegram_bot import TelegramChange, TelegramStandIn, inline_data
from bot.sandbox.twilio_account import TwilioStandIn
from bot.sandbox.twilio_records import WHATSAPP, TwilioMessage
from bot.sandbox.twilio_situation import Fate

FILE = Path(__file__).with_name("scenario") / "crew.csv"
_PHONE_IS_OFF = Fate(statuses=("sent", "undelivered"), error_code=30003)
_FIRST_CHAT = 7_000_000_000  # Telegram's user ids are no phone numbers: these end as their owner's number does


class Conduct(StrEnum):
    """How a worker of the crew takes an alert."""

    ANSWERS = "answers"
    AFTER_REMINDER = "after_reminder"  # answers the second time they are asked
    SILENT = "silent"
    UNREACHABLE = "unreachable"  # the phone is off: the carrier cannot deliver
    NO_WHATSAPP = "no_whatsapp"  # the list says WhatsApp, but the number has none: answers by SMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One worker: `phone` is E.164, `site` a site's code, `channel` sms, whatsapp or telegram.

    `means` is what the answer says (safe, help, stop), `says` its words, empty for a tap on the option; `seconds` is
    how long it takes. `has_written` says that the service has been written to from there before.
    """

    name: str
    phone: str
    language: str
    site: str
    channel: str
    has_written: bool
    conduct: Conduct
    means: str
    says: str
    seconds: float

    @property
    def chat(self) -> int:
        """The Telegram user's id."""
        return _FIRST_CHAT + int(self.phone[-3:])

    @property
    def number(self) -> str:
        """What the phone is known by on its channel."""
        return str(self.chat) if self.channel == "telegram" else self.phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message as it lies on a worker's phone: the values of its buttons are in the order in which they are shown."""

    member: Member
    address: str
    id: str
    text: str
    buttons: tuple[Any, ...] = ()

    @property
    def is_telegram(self) -> bool:
        return not self.address.startswith(("+", WHATSAPP))


def read_crew(file: Path = FILE) -> tuple[Member, ...]:
    """The crew of a CSV file: the columns of a roster, and those that say how each answers."""
    with file.open(encoding="utf-8", newline="") as lines:
        return tuple(_member(row) for row in csv.DictReader(lines))


def _member(row: dict[str, str]) -> Member:
    return Member(
        name=row["name"],
        phone=row["phone"],
        language=row["language"],
        site=row["site"],
        channel=row["channel"],
        has_written=row["has_written"] == "yes",
        conduct=Conduct(row["conduct"]),
        means=row["means"],
        says=row["says"],
        seconds=float(row["seconds"]),
    )


class Crew:
    """Watches what the service sends and answers by the providers' own roads; it looks into no database.

    `questions` are the words, in all languages, by which a worker knows that an alert asks something. `haste` divides
    the time that each takes.
    """

    def __init__(
        self,
        *,
        members: Sequence[Member],
        questions: Collection[str],
        twilio: TwilioStandIn,
        telegram: TelegramStandIn,
        clock: Clock | None = None,
        haste: float = 1.0,
    ) -> None:
        self.members = tuple(members)
        self._questions = tuple(questions)
        self._twilio = twilio
        self._telegram = telegram
        self._clock = clock or WallClock()
        self._haste = haste
        self._owners = {address: member for member in self.members for address in _addresses(member)}
        self._read: set[str] = set()
        self._asked: set[str] = set()  # phones of those who let one question pass
        self._answering: set[str] = set()
        self._tasks = Tasks()

    def settle_in(self) -> None:
        """Make the stand-ins know who has written before, whose phone is off, and who has no WhatsApp."""
        for member in self.members:
            if member.channel == "telegram":
                self._start_telegram(member)
            if member.channel == "whatsapp" and member.has_written:
                pair = (WHATSAPP + member.phone, self._sender(WHATSAPP + member.phone))
                self._twilio.last_inbound[pair] = self._clock.now()
            if member.conduct is Conduct.UNREACHABLE:
                self._twilio.fates[member.phone] = _PHONE_IS_OFF
            if member.conduct is Conduct.NO_WHATSAPP:
                self._twilio.without_whatsapp.add(WHATSAPP + member.phone)

    def _start_telegram(self, member: Member) -> None:
        if member.chat not in self._telegram.chats:
            self._telegram.add_user(member.chat, first_name=member.name, language_code=member.language)
        self._telegram.chats[member.chat].has_started = True

    async def run(self, stop: asyncio.Event) -> None:
        """Answer what comes until `stop` is set; whoever is still writing then puts the phone away."""
        queue: asyncio.Queue[object] = asyncio.Queue()
        watched: tuple[Changes[Any], ...] = (self._twilio.changes, self._telegram.changes)
        with watched[0].watch(queue), watched[1].watch(queue):
            try:
                async with asyncio.TaskGroup() as group:
                    listening = group.create_task(self._listen(queue))
                    await stop.wait()
                    listening.cancel()
            finally:
                await self._tasks.close()

    async def _listen(self, queue: "asyncio.Queue[object]") -> None:
        while True:
            heard = self._heard(await queue.get())
            if heard is not None and self._is_asked(heard) and self._will_answer(heard.member):
                self._answering.add(heard.member.phone)
                self._tasks.start(self._answer(heard))

    # --- what lies on the phones ------------------------------------------------------------------------------------

    def _heard(self, change: object) -> Heard | None:
        """The message that has just come to one of the crew's phones, if that is what the change is."""
        if isinstance(change, TwilioMessage):
            return self._heard_by_twilio(change)
        if isinstance(change, TelegramChange) and change.kind == "message":
            return self._heard_by_telegram(change)
        return None

    def _heard_by_twilio(self, message: TwilioMessage) -> Heard | None:
        member = self._owners.get(message.to)
        is_here = message.status in {"delivered", "read"} and message.direction == "outbound-api"
        if member is None or not is_here or message.sid in self._read:
            return None
        self._read.add(message.sid)
        return Heard(member=member, address=message.to, id=message.sid, text=message.body, buttons=message.buttons)

    def _heard_by_telegram(self, change: TelegramChange) -> Heard | None:
        member = self._owners.get(str(change.chat_id))
        if member is None or change.content["from"] != self._telegram.me:
            return None
        return Heard(
            member=member,
            address=str(change.chat_id),
            id=str(change.content["message_id"]),
            text=str(change.content.get("text", "")),
            buttons=tuple(inline_data(change.content)),
        )

    def _is_asked(self, heard: Heard) -> bool:
        return any(question in heard.text for question in self._questions)

    def _will_answer(self, member: Member) -> bool:
        """Whether this one answers now: not twice at once, and some only when they are asked again."""
        if not member.means or member.phone in self._answering:
            return False
        if member.conduct is Conduct.AFTER_REMINDER and member.phone not in self._asked:
            self._asked.add(member.phone)
            return False
        self._asked.discard(member.phone)
        return True

    # --- what the workers do ----------------------------------------------------------------------------------------

    async def _answer(self, heard: Heard) -> None:
        member = heard.member
        try:
            await self._clock.sleep(member.seconds / self._haste)
            place = 0 if member.means == "safe" else 1
            if member.says or not heard.buttons:
                await self._write(heard, member.says or str(place + 1))
            else:
                await self._tap(heard, place)
        finally:
            self._answering.discard(member.phone)

    async def _write(self, heard: Heard, text: str) -> None:
        if heard.is_telegram:
            self._telegram.phone_sends_text(heard.member.chat, text)
        else:
            await self._twilio.phone_sends(
                text, from_=heard.address, to=self._sender(heard.address), profile_name=heard.member.name
            )

    async def _tap(self, heard: Heard, place: int) -> None:
        if heard.is_telegram:
            self._telegram.phone_taps(heard.member.chat, int(heard.id), heard.buttons[place])
        else:
            await self._twilio.phone_sends(
                button=heard.buttons[place],
                reply_to=heard.id,
                from_=heard.address,
                to=self._sender(heard.address),
                profile_name=heard.member.name,
            )

    def _sender(self, address: str) -> str:
        """The service's own address on the channel of this one."""
        is_whatsapp = address.startswith(WHATSAPP)
        return next(sender for sender in self._twilio.senders if sender.startswith(WHATSAPP) == is_whatsapp)


def _addresses(member: Member) -> tuple[str, ...]:
    if member.channel == "telegram":
        return (str(member.chat), member.phone)
    return (WHATSAPP + member.phone, member.phone) if member.channel == "whatsapp" else (member.phone,)
