"""Owns documents: photos, voice notes and papers that contacts send, always encrypted and always with an end date."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

DocumentId = NewType("DocumentId", str)

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024  # WhatsApp's own limit for media; Telegram lets a bot fetch 20 MB
ALLOWED_MEDIA_TYPES = frozenset(
    {
        "image/jpeg", "image/png", "image/webp", "image/gif", "image/heic",
        "audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/webm", "audio/wav",
        "video/mp4", "video/3gpp", "video/webm",
        "application/pdf",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is known of a stored file; its bytes stay in storage, encrypted."""

    id: DocumentId
    contact: str
    kind: str
    media_type: str
    size: int  # bytes
    stored_at: datetime
    expires_at: datetime
