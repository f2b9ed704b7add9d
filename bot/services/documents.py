"""Owns what contacts send as files: their type and size are checked, they are stored encrypted and have an end date."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import puremagic

from bot.domain.contact import ContactId
from bot.domain.document import ALLOWED_MEDIA_TYPES, MAX_DOCUMENT_BYTES, Document, DocumentId
from bot.domain.errors import InputError
from bot.domain.values import Evidence
from bot.services.ports import Ids, Unit

# What puremagic calls by another name than the providers do.
_SAME_TYPE = {
    "audio/x-wav": "audio/wav",
    "audio/x-m4a": "audio/mp4",
    "video/x-m4v": "video/mp4",
    "application/ogg": "audio/ogg",
    "video/ogg": "audio/ogg",
    "audio/x-aac": "audio/aac",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "video/webm": "audio/webm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Takes files in; `life` is how long one is kept (R18)."""

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


def _types(body: bytes) -> list[str]:
    """Every media type that the first bytes can be, the likeliest first."""
    try:
        found = puremagic.magic_string(body)
    except (puremagic.PureError, ValueError):
        return []
    return [_SAME_TYPE.get(match.mime_type, match.mime_type) for match in found if match.mime_type]
