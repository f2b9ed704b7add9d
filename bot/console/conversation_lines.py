"""Owns how each entry of a conversation is shown: who said it, what came with it, and what became of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.console.desk_words import done, name_of, sending
from bot.console.words import N_, Words
from bot.domain.activity import ActivityKind
from bot.domain.contact import ContactId
from bot.domain.delivery import Delivery, DeliveryStatus
from bot.domain.document import DocumentId
from bot.domain.message import Attachment, Message, MessageKind
from bot.domain.staff import StaffId
from bot.domain.values import Position
from bot.services.desk import View
from bot.services.timeline import Entry, Speaker
from bot.services.translating import Beside

SPEAKERS = {
    Speaker.CONTACT: N_("Worker"),
    Speaker.BOT: N_("Bot"),
    Speaker.DESK: N_("Bot, for the desk"),
    Speaker.ALERT: N_("Alert"),
}
# Told apart without colour: each has a mark of its own.
MARKS = {
    Speaker.CONTACT: "◀",
    Speaker.BOT: "⚙",
    Speaker.DESK: "⚙",
    Speaker.ALERT: "⚠",
    Speaker.STAFF: "▶",
    Speaker.NOBODY: "·",
}
EVENTS = {
    MessageKind.EDITED: N_("corrected an earlier message"),
    MessageKind.JOINED: N_("opened the chat"),
    MessageKind.BLOCKED: N_("wants no messages here any more"),
    MessageKind.UNBLOCKED: N_("may be written to again"),
}
KINDS = {
    "photo": N_("Photo"),
    "voice": N_("Voice message"),
    "audio": N_("Sound"),
    "video": N_("Video"),
    "sticker": N_("Sticker"),
    "document": N_("Document"),
}
_SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})  # what every browser draws


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of an entry: `document` is None where it could not be opened, or not yet."""

    label: str
    document: DocumentId | None
    shows_as: str  # image, audio, video, link, waiting, lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry as the page shows it."""

    id: str
    subject: str  # what a translation of it is kept under
    speaker: Speaker
    mark: str
    who: str
    at: datetime
    text: str
    event: str = ""  # what happened, where nothing or not only something was said
    options: tuple[str, ...] = ()  # offered with it
    files: tuple[File, ...] = ()
    position: Position | None = None
    state: str = ""  # of something sent
    is_failed: bool = False
    is_note: bool = False
    contact: ContactId | None = None
    beside: Beside | None = None  # the same in the reader's language

    @property
    def is_quiet(self) -> bool:
        """A line that says what was done, not what was said."""
        return self.speaker is Speaker.NOBODY and not self.is_note


def lines(view: View, _: Words, beside: Mapping[str, Beside]) -> list[Line]:
    """Everything of the conversation that the page shows, the oldest first."""
    labels, contact = _labels(view.entries), view.contact.id
    return [
        replace(_line(entry, view.names, labels, _), contact=contact, beside=beside.get(entry.subject))
        for entry in view.entries
    ]


def _line(entry: Entry, names: Mapping[StaffId, str], labels: Mapping[str, str], _: Words) -> Line:
    if entry.message is not None:
        return _heard(entry, entry.message, labels, _)
    if entry.delivery is not None:
        return _said(entry, entry.delivery, names, _)
    assert entry.activity is not None
    return Line(
        id=_id(entry),
        subject=entry.subject,
        speaker=entry.speaker,
        mark=MARKS[entry.speaker],
        who=name_of(entry.staff, names, _),
        at=entry.at,
        text=entry.text,
        event=done(entry.activity, names, _),
        is_note=entry.activity.kind is ActivityKind.NOTE,
    )


def _heard(entry: Entry, message: Message, labels: Mapping[str, str], _: Words) -> Line:
    received = message.received
    event = _(EVENTS[received.kind]) if received.kind in EVENTS else ""
    if received.choice is not None:
        chosen = labels.get(received.choice)
        event = _("chose “{option}”", option=chosen) if chosen else _("chose an option")
    if received.phone is not None:
        event = _("shared the number {phone}", phone=received.phone)
    return Line(
        id=_id(entry),
        subject=entry.subject,
        speaker=entry.speaker,
        mark=MARKS[entry.speaker],
        who=_(SPEAKERS[Speaker.CONTACT]),
        at=entry.at,
        text=received.text,
        event=event,
        files=tuple(_file(one, _, is_handled=message.handled_at is not None) for one in received.attachments),
        position=received.position,
    )


def _said(entry: Entry, delivery: Delivery, names: Mapping[StaffId, str], _: Words) -> Line:
    sent = delivery.content.attachment
    is_persons = entry.speaker is Speaker.STAFF
    return Line(
        id=_id(entry),
        subject=entry.subject,
        speaker=entry.speaker,
        mark=MARKS[entry.speaker],
        who=name_of(entry.staff, names, _) if is_persons else _(SPEAKERS[entry.speaker]),
        at=entry.at,
        text=delivery.content.text,
        options=tuple(option.label for option in delivery.content.options),
        files=(File(label=_(KINDS["document"]), document=sent, shows_as="link"),) if sent is not None else (),
        state=sending(delivery, _),
        is_failed=delivery.status in (DeliveryStatus.FAILED, DeliveryStatus.EXPIRED),
    )


def _file(attachment: Attachment, _: Words, *, is_handled: bool) -> File:
    label = _(KINDS.get(attachment.kind, KINDS["document"]))
    if attachment.document_id is None:
        return File(label=label, document=None, shows_as="lost" if is_handled else "waiting")
    kind = attachment.media_type.partition("/")[0]
    shows_as = kind if attachment.media_type in _SHOWN or kind in ("audio", "video") else "link"
    if attachment.kind in ("photo", "sticker", "voice") and shows_as == "link":  # the provider did not say
        shows_as = "audio" if attachment.kind == "voice" else "image"
    return File(label=label, document=attachment.document_id, shows_as=shows_as)


def _labels(entries: Iterable[Entry]) -> dict[str, str]:
    """What the options that were offered are called, the newest last."""
    offered = (entry.delivery.content.options for entry in entries if entry.delivery is not None)
    return {option.payload: option.label for options in offered for option in options}


def _id(entry: Entry) -> str:
    """Fit for an id of a page's element."""
    return entry.subject.replace(":", "-")
