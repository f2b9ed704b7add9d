"""Owns what contacts send as files: their type and size are checked, they are stored encrypted and have an end date."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import puremagic

from bot.domain.contact import ContactId
from bot.domain.document import ALLOWED_MEDIA_TYPES, MAX_DOCUMENT_BYTES, Document, DocumentId
from bot.domain.errors import Denied, InputError
from bot.domain.values import Evidence
from bot.services import access, audit
from bot.services.access import Deed, Matter, Reader
from bot.services.ports import Ids, Store, Unit

# What puremagic calls by another name than the providers do; a container that may hold either is named both.
_SAME_TYPES = {
    "audio/wave": ("audio/wav",),
    "audio/x-wav": ("audio/wav",),
    "audio/x-m4a": ("audio/mp4",),
    "video/x-m4v": ("video/mp4",),
    "video/mp4": ("video/mp4", "audio/mp4"),
    "application/ogg": ("audio/ogg",),
    "video/ogg": ("audio/ogg",),
    "audio/x-aac": ("audio/aac",),
    "image/jpg": ("image/jpeg",),
    "image/pjpeg": ("image/jpeg",),
    "image/heif": ("image/heic",),
    "video/webm": ("video/webm", "audio/webm"),
}
# What puremagic knows without a type, or not at all: RFC 4867 for AMR, and ISO 23008-12's brands for HEIC.
_AMR = (b"#!AMR\n", b"#!AMR-WB\n")
_HEIC_BRANDS = (b"heic", b"heix", b"mif1", b"msf1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Takes files in and hands them out; `life` is how long one is kept (R18)."""

    ids: Ids
    life: timedelta

    def inspect(self, body: bytes, claimed: str) -> str:
        """The media type that the bytes themselves show; raises InputError for what we do not keep.

        The sender's own claim counts only where the bytes allow it: a program named .jpg stays a program.
        """
        if not body:
            raise InputError("the file is empty")
        if len(body) > MAX_DOCUMENT_BYTES:
            raise InputError(f"the file has {len(body)} bytes; {MAX_DOCUMENT_BYTES} are allowed")
        shown = _types(body)
        claimed = claimed.partition(";")[0].strip().lower()
        kept = (
            [claimed] if claimed in shown else [media_type for media_type in shown if media_type in ALLOWED_MEDIA_TYPES]
        )
        if not kept or kept[0] not in ALLOWED_MEDIA_TYPES:
            raise InputError("this kind of file is not kept: send a photo, a voice note, a video or a PDF")
        return kept[0]

    async def store(
        self, unit: Unit, *, contact: ContactId, kind: str, body: bytes, media_type: str, now: datetime
    ) -> Evidence:
        """Check and store one file; raises InputError."""
        document = Document(
            id=DocumentId(self.ids.new()),
            contact=contact,
            kind=kind,
            media_type=self.inspect(body, media_type),
            size=len(body),
            stored_at=now,
            expires_at=now + self.life,
        )
        await unit.documents.add(document, body)
        return Evidence(document_id=document.id, kind=kind)

    async def read(
        self, store: Store, *, reader: Reader, document: DocumentId, now: datetime
    ) -> tuple[Document, bytes]:
        """One file for one reader; the look is entered in the audit, and a refused one too (R17).

        Raises Denied for what the reader may not see, and in the same words for what is not there or past its end.
        """
        async with store.transaction() as unit:
            known, body = await unit.documents.get(document), None
            if known is not None and now < known.expires_at:
                cases = await unit.cases.of(ContactId(known.contact))
                if access.may(reader, Deed.READ, access.of_document(known, cases)):
                    body = await unit.documents.body(document)
            is_allowed = body is not None
            await audit.record(unit, reader, Deed.READ, Matter.DOCUMENT, document, at=now, is_allowed=is_allowed)
        if known is None or body is None:
            raise Denied(access.REFUSAL)
        return known, body


def _types(body: bytes) -> list[str]:
    """Every media type that the first bytes show: several where a container may hold either."""
    if body.startswith(_AMR):
        return ["audio/amr"]
    if body[4:8] == b"ftyp" and body[8:12] in _HEIC_BRANDS:
        return ["image/heic"]
    try:
        found = puremagic.magic_string(body)
    except (puremagic.PureError, ValueError):
        return []
    named = [match for match in found if match.mime_type]
    surest = max((match.confidence for match in named), default=0)  # a worse match is a guess: an AVI "may be" a WebP
    types = [_SAME_TYPES.get(match.mime_type, (match.mime_type,)) for match in named if match.confidence == surest]
    return [media_type for several in types for media_type in several]
