"""Owns the web chat as a channel: a delivery is announced to the open pages, which read it from storage."""

from dataclasses import dataclass

from bot.channels.segments import cut
from bot.domain.contact import Channel
from bot.domain.delivery import Content, Delivery
from bot.domain.errors import InputError, Unavailable
from bot.domain.message import Attachment, Received
from bot.services.ports import Inbound, Live, Request

MAX_TEXT = 4096  # characters of one bubble, as on Telegram: longer texts are read worse and load worse


@dataclass(frozen=True, slots=True, kw_only=True)
class WebChatChannel:
    """Our own page: what is announced is in storage already, so that whoever misses it reads it at the next connection.

    Pages report what they have shown: that is this channel's receipt.
    """

    live: Live
    name: Channel = Channel.WEBCHAT
    sender: str = "webchat"
    has_receipts: bool = True

    def receive(self, request: Request) -> Inbound:
        """Pages write through their socket; nobody else may. Raises InputError."""
        raise InputError("the web chat has no webhook: open /chat")

    def fit(self, content: Content) -> tuple[Content, ...]:
        """Parts of at most 4,096 characters; options and the location button stand under the last one."""
        return cut(content, MAX_TEXT, len)

    def cost(self, content: Content) -> float:
        return 1.0

    async def send(self, delivery: Delivery) -> str:
        """Tell the address's open pages that this delivery is to be shown. Its own id is its provider's."""
        await self.live.publish(f"webchat:{delivery.address.path}", {"delivery": delivery.id})
        return delivery.id

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        """The page's uploads are stored before their message, so there is nothing to fetch. Raises Unavailable."""
        raise Unavailable("a file of the web chat is stored when it arrives, or not at all")

    async def acknowledge(self, received: Received) -> None:
        """The page was told when its message was stored."""
        return
