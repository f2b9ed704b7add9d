"""Owns SMS by Twilio: plain text, options as numbered lines."""

import re
from dataclasses import dataclass, replace

from bot.channels.segments import cut, segments, utf16_units
from bot.channels.twilio import MAX_BODY, TwilioAccount, link_to
from bot.channels.twilio_forms import Form, attachments, message_sid, shared_position
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.delivery import Content, Delivery
from bot.domain.errors import InputError
from bot.domain.message import Attachment, MessageKind, Received
from bot.services.ports import Files, Inbound, Request

MAX_LINK = 160  # characters of a file's address
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_MACHINE = re.compile(r"[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 &_.+-]{1,15}")  # a short code, a sender's name


def cut_for_sms(content: Content) -> tuple[Content, ...]:
    """The content as text messages: options as numbered lines, on the last of parts of at most 1,600 characters.

    The carrier cuts each into segments and puts them together again on the phone.
    """
    return cut(content, MAX_BODY, utf16_units, is_numbered=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsChannel:
    """Text messages to and from one number."""

    account: TwilioAccount
    sender: str
    files: Files | None = None
    name: Channel = Channel.SMS
    has_receipts: bool = True

    def receive(self, request: Request) -> Inbound:
        return self.account.receive(request, self.name, self._message)

    def _message(self, form: Form) -> Received | None:
        sender = form.get("From", "")
        if _MACHINE.fullmatch(sender):
            return None  # a service cannot be answered, or answers by itself without end
        if not _PHONE.fullmatch(sender):
            raise InputError("From is missing or no phone number")
        # To an opt-out word Twilio has answered by itself, and lets nothing of ours through. (START is left to the
        # words: Twilio's own list has "yes" in it, which is mostly an answer.)
        is_blocked = form.get("OptOutType", "").upper() == "STOP"
        return Received(
            channel=self.name,
            address=Address(scheme=Scheme.TEL, path=sender),
            provider_id=message_sid(form),
            kind=MessageKind.BLOCKED if is_blocked else MessageKind.WORDS,
            text=form.get("Body", ""),
            attachments=attachments(form),
            position=shared_position(form),
        )

    def fit(self, content: Content) -> tuple[Content, ...]:
        """As text messages; one with a file leaves room for its address."""
        if content.attachment is None:
            return cut_for_sms(content)
        return cut(content, MAX_BODY - MAX_LINK, utf16_units, is_numbered=True)

    def cost(self, content: Content) -> float:
        """Its segments: what a number's pace and the bill count; a file's address counts as the longest."""
        text = content.text if content.attachment is None else f"{content.text}\n{'x' * MAX_LINK}"
        return float(segments(text)[1])

    async def send(self, delivery: Delivery) -> str:
        """The text, and on a line of its own the address of the file: a picture message would not reach every phone."""
        content = delivery.content
        if content.attachment is not None:
            text = f"{content.text}\n{link_to(self.files, content.attachment)}".strip()
            delivery = replace(delivery, content=replace(content, text=text))
        return await self.account.send(delivery, sender=self.sender, to=delivery.address.path)

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        return await self.account.fetch(attachment)

    async def acknowledge(self, received: Received) -> None:
        return
