"""Owns one open page of the web chat: it hears what the page says, and shows it what storage holds, once and in order.

The page's cursor stands after the last delivery before which nothing is pending. What comes after it is read from
storage whenever something is announced, the wire had a gap, or the page has come back: nothing is lost or repeated.
"""

import asyncio
import hashlib
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import orjson
from aiohttp import WSMsgType, web

from bot.domain.contact import Address, Channel, ContactId
from bot.domain.delivery import Delivery, DeliveryStatus
from bot.domain.document import DocumentId
from bot.domain.errors import Unavailable
from bot.domain.message import MessageKind, Receipt
from bot.log import logger
from bot.services.inbox import Inbox
from bot.services.ports import Clock, Inbound, Store
from bot.web import webchat_frames as frames
from bot.web.webchat_frames import BadFrame, Frame, Hello, Join, Ping, Say, Seen

log = logger("webchat")

HISTORY = 100  # messages and deliveries shown after a reload
_PAGE = 200  # deliveries read at once
_HELLO_SECONDS = 20.0  # for the first frame
LOOK_SECONDS = 3.0  # between two looks into storage while an announcement may have been missed
_HEARTBEAT_SECONDS = 30.0
_PARTING_SECONDS = 5.0  # for a look into storage that is under way
_BURST, _PER_SECOND = 20, 2.0  # frames
_MOST_ERRORS = 200  # after so many bad frames nobody is reading the answers
_WIRE_FRAME = 64 * 1024  # bytes: above our own limit, so that a page which is a little over it hears so


class News(Protocol):
    """What the page hears live: announcements (`data`), and what happened to the wire itself (`name` GAP or LOST)."""

    def subscribe(self, topics: Sequence[str]) -> AsyncIterator[Any]: ...


@dataclass(kw_only=True)
class Bucket:
    """How much may come at once and in the long run."""

    clock: Clock
    burst: float = _BURST
    per_second: float = _PER_SECOND
    level: float = 0.0
    since: datetime | None = None

    def wait(self) -> float:
        """Seconds until the next one may come; 0 when it may come now, and is counted."""
        now = self.clock.now()
        if self.since is not None:
            self.level = max(0.0, self.level - (now - self.since).total_seconds() * self.per_second)
        self.since = now
        if self.level + 1 > self.burst:
            return (self.level + 1 - self.burst) / self.per_second
        self.level += 1
        return 0.0


@dataclass(kw_only=True)
class Reader:
    """What one page has been shown of one address's deliveries."""

    store: Store
    address: Address
    link: Callable[[DocumentId], str]  # the address of a file that came with a delivery
    epoch: str = ""  # names the contact: after an erasure positions begin again
    position: int = 0  # nothing up to here is pending
    shown: set[str] = field(default_factory=set)  # ids after it that the page has
    announced: set[str] = field(default_factory=set)  # handed to us, though storage may not say "sent" yet
    is_sending: bool = False  # something was under way at the last look: its announcement may have been missed

    @property
    def cursor(self) -> str:
        return f"{self.epoch}.{self.position}" if self.epoch else ""

    async def resume(self, cursor: str) -> None:
        """Go on where the page says it is; from the beginning if that was another contact."""
        epoch, _, position = cursor.partition(".")
        async with self.store.transaction() as unit:
            contact = await unit.contacts.find(self.address)
        self.epoch = _epoch(contact.id) if contact else ""
        is_known = bool(epoch) and epoch == self.epoch and position.isdecimal() and len(position) < 10
        self.position = int(position) if is_known else 0

    async def unseen(self) -> list[Delivery]:
        """What the page should be shown now, in order; it counts as shown."""
        found: list[Delivery] = []
        async with self.store.transaction() as unit:
            contact = await unit.contacts.find(self.address)
            if contact is None:
                return []
            if self.epoch != _epoch(contact.id):
                self.epoch, self.position, self.shown = _epoch(contact.id), 0, set()
            at, is_settled, self.is_sending = self.position, True, False
            while page := await unit.deliveries.after(contact.id, self.address, at, _PAGE):
                for delivery in page:
                    is_ready = not delivery.status.is_pending or delivery.id in self.announced
                    if is_ready and delivery.id not in self.shown:
                        found.append(delivery)
                        self.shown.add(delivery.id)
                    self.is_sending |= not is_ready and delivery.status is DeliveryStatus.SENDING
                    is_settled = is_settled and is_ready
                    if is_settled:
                        self.position = delivery.position
                at = page[-1].position
        return found

    def frame(self, delivery: Delivery) -> Mapping[str, Any]:
        """The delivery as the page draws it."""
        attachment = delivery.content.attachment
        return frames.shown(delivery, self.link(attachment) if attachment is not None else "")

    async def history(self) -> list[Mapping[str, Any]]:
        """The last of both sides' words, oldest first."""
        deliveries = deque(await self.unseen(), maxlen=HISTORY)
        async with self.store.transaction() as unit:
            contact = await unit.contacts.find(self.address)
            messages = await unit.messages.history(contact.id, HISTORY) if contact else []
        items = [
            (message.received_at, frames.own(message))
            for message in messages
            if message.received.address == self.address and message.received.kind is MessageKind.WORDS
        ]
        items += [(delivery.sent_at or delivery.created_at, self.frame(delivery)) for delivery in deliveries]
        return [item for _, item in sorted(items, key=lambda pair: pair[0])][-HISTORY:]


@dataclass(kw_only=True)
class Socket:
    """One open socket."""

    ws: web.WebSocketResponse
    inbox: Inbox
    store: Store
    live: News
    clock: Clock
    link: Callable[[DocumentId], str]
    look_seconds: float = LOOK_SECONDS

    def __post_init__(self) -> None:
        self._stir = asyncio.Event()
        self._is_blind = True
        self._is_over = False
        self._bucket = Bucket(clock=self.clock)
        self._errors = 0

    async def serve(self) -> None:
        """Talk until the page leaves."""
        texts = self._texts()
        with suppress(ConnectionError):
            hello = await self._first(texts)
            if hello is not None:
                await self._talk(hello, texts)

    async def _first(self, texts: AsyncIterator[str]) -> Hello | None:
        """The page's hello; None when it does not come."""
        try:
            async with asyncio.timeout(_HELLO_SECONDS):
                async for data in texts:
                    frame = await self._parse(data)
                    if isinstance(frame, Hello):
                        return frame
                    if frame is not None:
                        await self._refuse(BadFrame("no_hello", "Say hello first, with your chat's secret."))
        except TimeoutError:
            await self.ws.close(code=4408, message=b"no hello")
        return None

    async def _talk(self, hello: Hello, texts: AsyncIterator[str]) -> None:
        secret = hello.secret or secrets.token_hex(32)
        reader = Reader(store=self.store, address=frames.address_of(secret), link=self.link)
        tasks = [asyncio.create_task(self._listen(reader))]
        try:
            await self._greet(reader, hello, secret)
            tasks.append(asyncio.create_task(self._show_forever(reader)))
            async for data in texts:
                await self._hear(data, reader)
        except Unavailable:
            await self.ws.close(code=1013, message=b"try again later")
        finally:
            await self._part(tasks)

    async def _part(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        """End what shows and listens; a look into storage is left to end by itself, for it holds a transaction."""
        self._is_over = True
        self._stir.set()
        tasks[0].cancel()
        await asyncio.wait(tasks, timeout=_PARTING_SECONDS)
        for task in tasks:
            task.cancel()

    async def _greet(self, reader: Reader, hello: Hello, secret: str) -> None:
        await reader.resume(hello.cursor)
        is_whole = reader.position == 0
        items = await reader.history() if is_whole else [reader.frame(delivery) for delivery in await reader.unseen()]
        answer = {"type": "history", "items": items, "is_whole": is_whole, "cursor": reader.cursor}
        await self._send(answer if hello.secret else {**answer, "secret": secret})

    # --- what the page says ---------------------------------------------------------------------------------------

    async def _texts(self) -> AsyncIterator[str]:
        """The texts of the frames that come at a bearable pace; everything else is answered here."""
        async for message in self.ws:
            if (wait := self._bucket.wait()) > 0:
                await self._refuse(BadFrame("too_fast", f"Too many frames: wait {wait:.1f} seconds."), wait=wait)
            elif message.type is not WSMsgType.TEXT:
                await self._refuse(BadFrame("not_json", "Send JSON as text, not binary."))
            else:
                yield message.data

    async def _parse(self, data: str) -> Frame | None:
        try:
            return frames.parse(data)
        except BadFrame as error:
            await self._refuse(error)
            return None

    async def _hear(self, data: str, reader: Reader) -> None:
        """Do what one frame asks; a fault of ours never ends the talk."""
        frame = await self._parse(data)
        if frame is None:
            return
        try:
            await self._do(frame, reader)
        except BadFrame as error:
            await self._refuse(error)
        except Unavailable:
            await self._trouble(frame)
        except ConnectionError:
            raise
        except Exception as error:
            log.error("frame_failed", frame=frame.type, error=error)
            await self._trouble(frame)

    async def _do(self, frame: Frame, reader: Reader) -> None:
        match frame:
            case Say():
                await self.inbox.take(Inbound(messages=(frames.said(frame, reader.address),)))
                await self._send({"type": "stored", "id": frame.id, "at": self.clock.now().isoformat()})
            case Join():
                await self.inbox.take(Inbound(messages=(frames.joined(frame, reader.address),)))
                await self._send({"type": "joined", "site": frame.site})
            case Seen():
                await self.inbox.take(Inbound(receipts=_receipts(frame, reader)))
            case Ping():
                await self._send({"type": "pong"})
            case Hello():
                raise BadFrame("said_hello", "You have said hello already: open another socket for another chat.")

    async def _trouble(self, frame: Frame) -> None:
        """Nothing was stored; the page keeps it and tries again."""
        trouble = BadFrame("try_again", "Something failed here. Send it again.", id=getattr(frame, "id", None))
        await self._refuse(trouble, wait=5.0)

    async def _refuse(self, error: BadFrame, *, wait: float | None = None) -> None:
        self._errors += 1
        answer: dict[str, object] = {"type": "error", "code": error.code, "text": str(error)}
        if error.id is not None:
            answer["id"] = error.id
        if wait is not None:
            answer["wait"] = round(wait, 1)
        await self._send(answer)
        if self._errors >= _MOST_ERRORS:
            await self.ws.close(code=4429, message=b"too many bad frames")

    # --- what the page is shown -----------------------------------------------------------------------------------

    async def _listen(self, reader: Reader) -> None:
        async for news in self.live.subscribe([f"webchat:{reader.address.path}"]):
            data = getattr(news, "data", None)
            if data is not None:
                reader.announced.add(str(data.get("delivery")))
            else:
                self._is_blind = getattr(news, "name", "") == "LOST"
            self._stir.set()

    async def _show_forever(self, reader: Reader) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.look_seconds if self._is_blind or reader.is_sending else None):
                    await self._stir.wait()
            self._stir.clear()
            if self._is_over:
                return
            try:
                await self._show(reader)
            except ConnectionError:
                return
            except Exception as error:  # a page that stays open must not fall silent for good
                log.error("show_failed", error=error)
                reader.is_sending = True

    async def _show(self, reader: Reader) -> None:
        before = reader.cursor
        for delivery in await reader.unseen():
            await self._send(reader.frame(delivery))
        if reader.cursor != before:
            await self._send({"type": "cursor", "cursor": reader.cursor})

    async def _send(self, frame: Mapping[str, Any]) -> None:
        await self.ws.send_str(orjson.dumps(frame).decode())


def _epoch(contact: ContactId) -> str:
    return hashlib.sha256(contact.encode()).hexdigest()[:12]


def _receipts(frame: Seen, reader: Reader) -> tuple[Receipt, ...]:
    """The page vouches only for what it was shown here."""
    status = "read" if frame.is_read else "delivered"
    return tuple(
        Receipt(channel=Channel.WEBCHAT, provider_id=known, status=status)
        for known in dict.fromkeys(frame.ids)
        if known in reader.shown
    )


def open_socket() -> web.WebSocketResponse:
    return web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, max_msg_size=_WIRE_FRAME)
