"""Owns documents in SQL: what is known of a file in clear, its bytes sealed, gone on their day."""

from datetime import datetime

from sqlalchemy import insert, select

from bot.domain.document import Document, DocumentId
from bot.storage.retention import delete_oldest
from bot.storage.schema import documents
from bot.storage.work import Work

_KNOWN = [column for column in documents.c if column.name != "sealed"]


class SqlDocuments:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._vault = work.vault

    async def add(self, document: Document, body: bytes) -> None:
        await self._db.execute(
            insert(documents).values(
                id=document.id,
                contact_id=document.contact,
                kind=document.kind,
                media_type=document.media_type,
                size=document.size,
                stored_at=document.stored_at,
                expires_at=document.expires_at,
                sealed=self._vault.seal("documents", document.id, body),
            )
        )

    async def get(self, document: DocumentId) -> Document | None:
        row = (await self._db.execute(select(*_KNOWN).where(documents.c.id == document))).first()
        if row is None:
            return None
        return Document(
            id=DocumentId(row.id),
            contact=row.contact_id,
            kind=row.kind,
            media_type=row.media_type,
            size=row.size,
            stored_at=row.stored_at,
            expires_at=row.expires_at,
        )

    async def body(self, document: DocumentId) -> bytes | None:
        sealed = await self._db.scalar(select(documents.c.sealed).where(documents.c.id == document))
        return self._vault.unseal("documents", document, sealed) if sealed is not None else None

    async def delete_expired(self, now: datetime, limit: int) -> int:
        due = documents.c.expires_at <= now
        return await delete_oldest(self._db, documents, due, by=documents.c.expires_at, limit=limit)
