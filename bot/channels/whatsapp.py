"""Owns WhatsApp by Twilio: as SMS, with button payloads, locations and approved templates."""

from dataclasses import dataclass

from bot.channels import twilio
from bot.channels.segments import cut
from bot.channels.twilio import MAX_BODY, TwilioAccount
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.delivery import Content, Delivery
from bot.domain.errors import InputError
from bot.domain.message import Attachment, Received
from bot.services.ports import Inbound, Request

PREFIX = "whatsapp:"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppChannel:
    """Messages to and from one WhatsApp sender. An address may be an id instead of a number."""

    account: TwilioAccount
    sender: str
    name: Channel = Channel.WHATSAPP
    has_receipts: bool = True

    def receive(self, request: Request) -> Inbound:
        form = self.account.form(request)
        if request.url.partition("?")[0].endswith("/status"):
            known = twilio.receipt(self.name, form)
            return Inbound(receipts=(known,) if known else ())
        return Inbound(messages=(self._message(form),))

    def _message(self, form: twilio.Form) -> Received:
        sid, sender = form.get("MessageSid"), form.get("From", "")
        path = sender.removeprefix(PREFIX)
        if not sid or path == sender or not path or len(path) > 128:
            raise InputError("an inbound WhatsApp message needs MessageSid and a From that begins with whatsapp:")
        return Received(
            channel=self.name,
            address=Address(scheme=Scheme.WHATSAPP, path=path),
            provider_id=sid,
            text=form.get("Body") or form.get("ButtonText") or "",
            choice=form.get("ButtonPayload") or form.get("ListId") or None,
            attachments=twilio.attachments(form),
            position=twilio.position(form),
            name=form.get("ProfileName") or None,
        )

    def fit(self, content: Content) -> tuple[Content, ...]:
        """Options as numbered lines: within a conversation buttons need a template for each set of them."""
        return cut(content, MAX_BODY, len, is_numbered=True)

    def cost(self, content: Content) -> float:
        return 1.0

    async def send(self, delivery: Delivery) -> str:
        return await self.account.send(
            delivery,
            sender=PREFIX + self.sender.removeprefix(PREFIX),
            to=PREFIX + delivery.address.path,
            text=delivery.content.text,
        )

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        return await self.account.fetch(attachment)

    async def acknowledge(self, received: Received) -> None:
        return
