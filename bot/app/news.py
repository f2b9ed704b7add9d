"""Owns news of conversations: whoever rings for a contact tells the screens that show the conversation."""

from dataclasses import dataclass

from bot.domain.contact import ContactId
from bot.domain.delivery import Lane
from bot.services.desk_ports import conversation_topic
from bot.services.ports import Bell, Live


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsBell:
    """A bell that open screens hear too."""

    bell: Bell
    live: Live

    async def ring(self, contact: ContactId, lane: Lane) -> None:
        await self.bell.ring(contact, lane)
        await self.live.publish(conversation_topic(contact), {})
