"""Owns WhatsApp by Twilio: as SMS, with button payloads, locations and approved templates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.channels.segments import cut, ends_sentence, numbered, split, utf16_units
from bot.channels.twilio import MAX_BODY, MAX_VARIABLE, TwilioAccount, link_to, template_fields
from bot.channels.twilio_buttons import Buttons, drawn
from bot.channels.twilio_forms import Form, attachments, message_sid, shared_position
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.delivery import Content, Delivery, Template
from bot.domain.errors import InputError, Reason, SendError
from bot.domain.message import Attachment, Received
from bot.log import logger
from bot.services.ports import Files, Inbound, Request

log = logger("whatsapp")

PREFIX = "whatsapp:"
# A phone number, or the id of somebody whose username hides it: "BR." and letters or digits.
_WHO = re.compile(r"\+[1-9][0-9]{6,14}|[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppChannel:
    """Messages to and from one WhatsApp sender; options as buttons and lists if `buttons` are given, else as lines."""

    account: TwilioAccount
    sender: str
    buttons: Buttons | None = None
    template_variables: int = 1  # among which the approved template shares out a text
    files: Files | None = None
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
        """Left as it is where its options can be tapped, else with its options as numbered lines."""
        if self.buttons is not None and drawn(content) is not None:
            return (content,)
        return cut(content, MAX_BODY, utf16_units, is_numbered=True)

    def cost(self, content: Content) -> float:
        return 1.0

    async def send(self, delivery: Delivery) -> str:
        """A template where the content has one, else what fits the 24-hour window: whether that is open, services know.

        Where Twilio does not take the buttons, the options go out as lines.
        """
        content = delivery.content
        fields: Mapping[str, str] | None = None
        media = link_to(self.files, content.attachment) if content.attachment is not None else ""
        if media and content.template is not None:
            raise SendError(Reason.OUTSIDE_WINDOW, detail="templates carry no file")
        if content.template is not None:
            fields = template_fields(_filled(content, content.template, self.template_variables))
        elif self.buttons is not None and drawn(content) is not None:
            try:
                fields = await self.buttons.fields(content)
            except SendError as error:
                log.warning("buttons_refused", delivery=delivery.id, reason=error.reason, detail=error.detail)
                delivery = replace(delivery, content=replace(content, text=_lines(content)))
        return await self.account.send(
            delivery,
            sender=PREFIX + self.sender.removeprefix(PREFIX),
            to=PREFIX + delivery.address.path,
            content=fields,
            media=media,
        )

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        return await self.account.fetch(attachment)

    async def acknowledge(self, received: Received) -> None:
        return


def _lines(content: Content) -> str:
    return numbered(content.text, [option.label for option in content.options])


def _filled(content: Content, template: Template, count: int) -> Template:
    """The template with the content's text, and its options as lines of it, shared out among `count` variables."""
    if template.variables != (content.text,):
        return template
    is_drawn = drawn(replace(content, template=None)) is not None  # else its options are numbered in the text already
    text = " ".join((_lines(content) if is_drawn else content.text).split())
    return replace(template, variables=_shared_out(text, count))


def _shared_out(text: str, count: int) -> tuple[str, ...]:
    """The text in `count` parts of about the same length, cut between sentences, else words; whole where too long.

    A variable for which no word is left is a dash, for none may be empty. The template's own words stand between the
    parts, so that a sentence cut in two would be hard to read.
    """
    least = max(max(map(len, text.split()), default=1), -(-len(text) // count))
    for keeps_sentences, step in ((True, 8), (False, 1)):  # fewer looks for what not every text has
        for limit in range(least, MAX_VARIABLE + 1, step):
            parts = split(text, limit, len)
            if len(parts) <= count and not (keeps_sentences and any(not ends_sentence(part) for part in parts[:-1])):
                return (*parts, *["-"] * (count - len(parts)))
    return (text,)
