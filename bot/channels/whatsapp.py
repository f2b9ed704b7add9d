"""Owns WhatsApp by Twilio: as SMS, with button payloads, locations and approved templates."""

import re
from dataclasses import dataclass

from bot.channels.segments import cut, utf16_units
from bot.channels.twilio import MAX_BODY, TwilioAccount, template_fields
from bot.channels.twilio_forms import Form, attachments, message_sid, shared_position
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.delivery import Content, Delivery
from bot.domain.errors import InputError
from bot.domain.message import Attachment, Received
from bot.services.ports import Inbound, Request

PREFIX = "whatsapp:"
# A phone number, or the id of somebody whose username hides it: "BR." and letters or digits.
_WHO = re.compile(r"\+[1-9][0-9]{6,14}|[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppChannel:
    """Messages to and from one WhatsApp sender."""

    account: TwilioAccount
    sender: str
    name: Channel = Channel.WHATSAPP
    has_receipts: bool = True

    def receive(self, request: Request) -> Inbound:
        return self.account.receive(request, self.name, self._message)

    def _message(self, form: Form) -> Received:
        sender = form.get("From", "")
        path = sender.removeprefix(PREFIX)
        if not sender.startswith(PREFIX) or not _WHO.fullmatch(path):
            raise InputError("From is missing or no WhatsApp address")
        return Received(
            channel=self.name,
            address=Address(scheme=Scheme.WHATSAPP, path=path),
            provider_id=message_sid(form),
            text=form.get("Body") or form.get("ButtonText") or form.get("ListTitle") or "",
            choice=form.get("ButtonPayload") or form.get("ListId") or None,
            attachments=attachments(form),
            position=shared_position(form),
            name=form.get("ProfileName") or None,
        )

    def fit(self, content: Content) -> tuple[Content, ...]:
        """Options as numbered lines: within a conversation buttons need a template for each set of them."""
        return cut(content, MAX_BODY, utf16_units, is_numbered=True)

    def cost(self, content: Content) -> float:
        return 1.0

    async def send(self, delivery: Delivery) -> str:
        """A template where the content has one, else free text: whether that is allowed now, services decide."""
        template = delivery.content.template
        return await self.account.send(
            delivery,
            sender=PREFIX + self.sender.removeprefix(PREFIX),
            to=PREFIX + delivery.address.path,
            content=template_fields(template) if template is not None else None,
        )

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        return await self.account.fetch(attachment)

    async def acknowledge(self, received: Received) -> None:
        return
