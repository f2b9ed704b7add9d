"""Owns SMS by Twilio: plain text, options as numbered lines."""

import re
from dataclasses import dataclass, replace

from bot.channels import twilio
from bot.channels.segments import numbered, split
from bot.channels.twilio import MAX_BODY, TwilioAccount
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.delivery import Content, Delivery
from bot.domain.errors import InputError
from bot.domain.message import Attachment, Received
from bot.services.ports import Inbound, Request

# E.164, a short code, or an alphanumeric sender id.
_SENDER = re.compile(r"\+?[0-9]{3,15}|[A-Za-z0-9 ]{1,11}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsChannel:
    """Text messages to and from one number."""

    account: TwilioAccount
    sender: str
    name: Channel = Channel.SMS
    has_receipts: bool = True

    def receive(self, request: Request) -> Inbound:
        form = self.account.form(request)
        if request.url.partition("?")[0].endswith("/status"):
            known = twilio.receipt(self.name, form)
            return Inbound(receipts=(known,) if known else ())
        return Inbound(messages=(self._message(form),))

    def _message(self, form: twilio.Form) -> Received:
        sid, sender = form.get("MessageSid") or form.get("SmsSid"), form.get("From", "")
        if not sid or not _SENDER.fullmatch(sender):
            raise InputError("an inbound message needs MessageSid and a From that is a number")
        return Received(
            channel=self.name,
            address=Address(scheme=Scheme.TEL, path=sender),
            provider_id=sid,
            text=form.get("Body", ""),
            attachments=twilio.attachments(form),
            position=twilio.position(form),
        )

    def fit(self, content: Content) -> tuple[Content, ...]:
        """Numbered lines for options; parts of at most 1,600 characters, the options on the last one."""
        text = numbered(content.text, [option.label for option in content.options])
        parts = split(text, MAX_BODY, len)
        bare = [replace(content, text=part, options=()) for part in parts[:-1]]
        return (*bare, replace(content, text=parts[-1])) if parts else (replace(content, text=text),)

    async def send(self, delivery: Delivery) -> str:
        return await self.account.send(
            delivery, sender=self.sender, to=delivery.address.path, text=delivery.content.text
        )

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        return await self.account.fetch(attachment)

    async def acknowledge(self, received: Received) -> None:
        return
