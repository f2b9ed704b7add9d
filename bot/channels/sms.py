"""Owns SMS by Twilio: plain text, options as numbered lines."""

import re
from dataclasses import dataclass

from bot.channels import twilio
from bot.channels.segments import cut, segments
from bot.channels.twilio import MAX_BODY, TwilioAccount
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.delivery import Content, Delivery
from bot.domain.errors import InputError
from bot.domain.message import Attachment, Received
from bot.services.ports import Inbound, Request

# E.164, a short code, or an alphanumeric sender id.
_SENDER = re.compile(r"\+?[0-9]{3,15}|[A-Za-z0-9 ]{1,11}")


def cut_for_sms(content: Content) -> tuple[Content, ...]:
    """The content as text messages: options as numbered lines, on the last of parts of at most 1,600 characters."""
    return cut(content, MAX_BODY, len, is_numbered=True)


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
        return cut_for_sms(content)

    def cost(self, content: Content) -> float:
        """Its segments: what a number's pace and the bill count."""
        return float(segments(content.text)[1])

    async def send(self, delivery: Delivery) -> str:
        return await self.account.send(
            delivery, sender=self.sender, to=delivery.address.path, text=delivery.content.text
        )

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        return await self.account.fetch(attachment)

    async def acknowledge(self, received: Received) -> None:
        return
