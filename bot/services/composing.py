"""Owns composing: a reply to a contact, in another language, with a place or a file, and when it may not go."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.contact import Address, Channel, Contact, ContactId
from bot.domain.delivery import Content
from bot.domain.document import DocumentId
from bot.domain.errors import InputError, Unavailable
from bot.domain.place import Place, PlaceId, PlaceKind
from bot.services.access import Reader
from bot.services.desk import Desk, Original, Room, View
from bot.services.desk_ports import Translator
from bot.services.documents import Documents
from bot.services.places import PlaceDirectory, describe, nearest
from bot.services.ports import Clock, Store, Unit
from bot.services.replies import Chosen, Replies, choose, known_of, language_in, require_whole
from bot.services.translating import FAILED, NO_ENGINE, NOT_OFFERED, Doubt, doubts_of, names_in
from bot.services.voice import Voice

MOST_PLACES = 8  # offered at once
# What every phone opens and every channel carries. WhatsApp takes photos up to 5 MB; 10 MB load on no slow network.
SENDABLE: Mapping[str, str] = {"image/jpeg": "photo", "image/png": "photo", "application/pdf": "document"}
LARGEST: Mapping[str, int] = {"photo": 5 * 1024**2, "document": 10 * 1024**2}  # bytes
MAX_FILE = max(LARGEST.values())
LINKED = frozenset({Channel.SMS, Channel.WHATSAPP})  # they get the address of a file, not its bytes

NOT_TOLD = "This place may not be told today. Choose another one."
NO_SUCH_TEXT = "This reply has no text in the language of this person."
BAD_FILE = "Only photos (JPEG or PNG) and PDF files can be sent."
PHOTO_TOO_LARGE = "A photo may have 5 MB at most. Make it smaller, then send it."
FILE_TOO_LARGE = "A PDF may have 10 MB at most. Split it, or send photos of its pages."
NO_PUBLIC_ADDRESS = "Files cannot be sent on this channel: this service has no public address (MUSTER_PUBLIC_URL)."
OUTSIDE = "WhatsApp takes no files 24 hours after the person's last message. Send words only."
TEXTS = (NOT_TOLD, NO_SUCH_TEXT, BAD_FILE, PHOTO_TOO_LARGE, FILE_TOO_LARGE, NO_PUBLIC_ADDRESS, OUTSIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as it was chosen; its own name is not kept."""

    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A reply as it is typed. `text` is in `language`; `original` is what it was translated from, in `written_in`."""

    text: str = ""
    language: str = ""  # none: the contact's
    original: str = ""
    written_in: str = ""
    place: PlaceId | None = None
    file: File | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A draft as it would be sent, to be read first; `problem` says why it was not translated."""

    draft: Draft
    doubts: tuple[Doubt, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A place that may be told today, with what the contact would read of it."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """Makes replies and sends them; `given` are the organisation's own variables."""

    store: Store
    clock: Clock
    desk: Desk
    replies: Replies
    places: PlaceDirectory
    documents: Documents
    given: Mapping[str, str]
    translator: Translator | None = None
    has_links: bool = False  # whether files can be fetched from us by providers and phones

    # --- before it is sent ------------------------------------------------------------------------------------------

    async def preview(self, reader: Reader, contact: ContactId, draft: Draft, target: str) -> Preview:
        """The draft in another language, to be read and mended before it is sent. Never blocks a reply (R13).

        Raises Denied.
        """
        view = await self.desk.look_again(reader, contact)
        text, source = draft.text.strip(), draft.language or language_of(view.contact)
        if not text or source == target:
            return Preview(draft=draft)
        try:
            translated = await self._translated(text, source, target)
        except InputError:
            return Preview(draft=draft, problem=NOT_OFFERED)
        except Unavailable:
            return Preview(draft=draft, problem=FAILED if self.translator else NO_ENGINE)
        made = Draft(
            text=translated, language=target, original=text, written_in=source, place=draft.place, file=draft.file
        )
        return Preview(draft=made, doubts=tuple(doubts_of(text, translated, names_in(view))))

    async def _translated(self, text: str, source: str, target: str) -> str:
        if self.translator is None:
            raise Unavailable("no translator is set up")
        return await self.translator.translate(text, source, target)

    async def fill_in(self, reader: Reader, contact: ContactId, canned: str, place: PlaceId | None = None) -> Chosen:
        """A canned reply in this contact's language; raises Denied, and InputError where it has no such text."""
        reply = await self.replies.get(reader, canned)
        view = await self.desk.look_again(reader, contact)
        language = language_in(reply, language_of(view.contact))
        if language is None:
            raise InputError(NO_SUCH_TEXT)
        async with self.store.look() as unit:
            told = await self._tellable(unit, place) if place else None
        named = {"place": told.name} if told else {}
        is_sms = view.address is not None and view.address.channel is Channel.SMS
        return choose(reply, language, {**self._known(view, reader), **named}, isolate=not is_sms)

    def _known(self, view: View, reader: Reader) -> Mapping[str, str]:
        operator = next((name for id_, name in view.names.items() if id_ == reader.id), "")
        return known_of(view.contact, view.cases, operator.split()[0] if operator.strip() else "", self.given)

    async def offers(self, reader: Reader, contact: ContactId, kind: PlaceKind) -> Sequence[Offered]:
        """Places of a kind that may be told today (R5), the best for this contact first; raises Denied."""
        view = await self.desk.look_again(reader, contact)
        known, now = view.contact, self.clock.now()
        async with self.store.look() as unit:
            tellable = await unit.places.tellable([kind], now.astimezone(self.places.zone).date())
        best = nearest(
            tellable,
            position=known.position,
            kinds=[kind],
            nationality=known.nationality,
            now=now,
            zone=self.places.zone,
            limit=MOST_PLACES,
        )
        return [Offered(place=place, text=self._card(place, known, language_of(known))) for place in best]

    # --- sending ----------------------------------------------------------------------------------------------------

    async def send(self, reader: Reader, contact: ContactId, draft: Draft, *, once: str = "") -> str:
        """Send the draft as it stands, and keep beside it what it was translated from; once, where a form is named.

        Raises Denied, Conflict when the conversation is not the reader's, and InputError when it cannot be sent.
        """
        require_whole(draft.text)

        async def compose(room: Room, address: Address) -> Content:
            return await self._content(room, address, draft)

        original = Original(text=draft.original, language=draft.written_in) if draft.original else None
        once = f"{once} {_digest(draft)}" if once else ""
        return await self.desk.reply(reader, contact, compose, original=original, once=once)

    async def _content(self, room: Room, address: Address, draft: Draft) -> Content:
        language = draft.language or language_of(room.contact)
        parts = [draft.text.strip()]
        if draft.place is not None:
            parts.append(self._card(await self._tellable(room.unit, draft.place), room.contact, language))
        attachment = await self._keep(room, address, draft.file) if draft.file is not None else None
        return Content(text="\n\n".join(filter(None, parts)), language=language, attachment=attachment)

    async def _tellable(self, unit: Unit, id_: PlaceId) -> Place:
        """The place, if it may be told today; raises InputError (R5)."""
        place = await unit.places.get(id_)
        today = self.clock.now().astimezone(self.places.zone).date()
        if place is None or not place.may_be_told(today):
            raise InputError(NOT_TOLD)
        return place

    def _card(self, place: Place, contact: Contact, language: str) -> str:
        voice = Voice(catalogs=self.places.catalogs, language=language)
        return describe(place, voice, now=self.clock.now(), position=contact.position)

    async def _keep(self, room: Room, address: Address, file: File) -> DocumentId:
        """Store the file as the contact's own: it is encrypted, ends and is erased as what they sent."""
        kind = kind_of(self.documents, file)
        reach = room.contact.reach(address)
        if reach is not None and not reach.is_in_window(room.now):
            raise InputError(OUTSIDE)
        if address.channel in LINKED and not self.has_links:
            raise InputError(NO_PUBLIC_ADDRESS)
        kept = await self.documents.store(
            room.unit, contact=room.contact.id, kind=kind, body=file.body, media_type=file.media_type, now=room.now
        )
        return DocumentId(kept.document_id)


def _digest(draft: Draft) -> str:
    """What a draft says, in brief: what was changed after it was sent is another one."""
    return hashlib.sha256(repr(draft).encode("utf-8", "replace")).hexdigest()


def kind_of(documents: Documents, file: File) -> str:
    """What kind of document the file is kept as; raises InputError for what is not sent, with what to do."""
    try:
        kind = SENDABLE.get(documents.inspect(file.body, file.media_type))
    except InputError:
        kind = None
    if kind is None:
        raise InputError(BAD_FILE)
    if len(file.body) > LARGEST[kind]:
        raise InputError(PHOTO_TOO_LARGE if kind == "photo" else FILE_TOO_LARGE)
    return kind


def language_of(contact: Contact) -> str:
    """The language that a contact is written to in."""
    return contact.language or "en"
