"""Owns the conversation on a terminal: one line a message, replies on standard output; no server, no keys."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count

from bot.domain.contact import Address, Channel, ContactId
from bot.domain.delivery import Content, Delivery, Lane
from bot.domain.errors import InputError
from bot.domain.message import Attachment, MessageKind, Received
from bot.domain.values import Position
from bot.services.conversation import Conversation
from bot.services.deliveries import Sender
from bot.services.inbox import Inbox
from bot.services.ports import Inbound, Request

HELP = "Type a message and press Enter. /location LAT,LON shares a location, /photo sends one. Ctrl+D ends."
PIXEL = bytes.fromhex(  # a photo of one grey pixel
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c63680000008200817d6ef90a0000000049454e44ae426082"
)


class NoBell:
    """Nobody need be woken: the terminal works through everything itself."""

    async def ring(self, contact: ContactId, lane: Lane) -> None:
        return


class NoThrottle:
    """A terminal is never too fast."""

    async def acquire(self, sender: str, lane: Lane, address: str, *, cost: float = 1.0) -> float:
        return 0.0

    async def hold(self, sender: str, seconds: float) -> None:
        return


@dataclass(kw_only=True)
class Terminal:
    """A channel that ends on this terminal; `fitting` is the cut of the channel that it stands for."""

    name: Channel
    fitting: Callable[[Content], tuple[Content, ...]]
    write: Callable[[str], None]
    sender: str = "terminal"
    has_receipts: bool = False

    def receive(self, request: Request) -> Inbound:
        raise InputError("a terminal has no webhook")

    def fit(self, content: Content) -> tuple[Content, ...]:
        return self.fitting(content)

    def cost(self, content: Content) -> float:
        return 1.0

    async def send(self, delivery: Delivery) -> str:
        self.write(delivery.content.text)
        for number, option in enumerate(delivery.content.options, start=1):
            self.write(f"  [{number}] {option.label}")
        return str(delivery.id)

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        return PIXEL, "image/png"

    async def acknowledge(self, received: Received) -> None:
        return


@dataclass(kw_only=True)
class Simulation:
    """Takes lines in and lets the same services as always answer them."""

    inbox: Inbox
    conversation: Conversation
    sender: Sender
    channel: Channel
    language_hint: str | None

    async def converse(self, lines: Iterable[str]) -> None:
        """Answer each line before the next is read."""
        for number, line in zip(count(1), lines, strict=False):
            received = self._received(line.rstrip("\n"), number)
            await self.inbox.take(Inbound(messages=(received,)))
            await self.answer(received.address)

    async def answer(self, address: Address) -> None:
        async with self.conversation.store.transaction() as unit:
            contact = await unit.contacts.find(address)
        if contact is not None:
            await self.conversation.handle(contact.id)
            await self.sender.send_due(contact.id)

    def _received(self, line: str, number: int) -> Received:
        address = Address(scheme=self.channel.scheme, path="+15005550100")
        command, _, rest = line.partition(" ")
        position = _position(rest) if command == "/location" else None
        photo = (Attachment(kind="photo", source="terminal"),) if command == "/photo" else ()
        return Received(
            channel=self.channel,
            address=address,
            provider_id=f"line-{number}",
            kind=MessageKind.WORDS,
            text="" if position or photo else line,
            attachments=photo,
            position=position,
            language_hint=self.language_hint,
        )


def _position(text: str) -> Position | None:
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return Position(latitude=latitude, longitude=longitude)


def lines_of_terminal() -> Iterable[str]:
    """Standard input: with a prompt for a person, plainly for a script."""
    if not sys.stdin.isatty():
        yield from sys.stdin
        return
    print(HELP, file=sys.stderr)
    while True:
        try:
            yield input("> ")
        except EOFError:
            return
