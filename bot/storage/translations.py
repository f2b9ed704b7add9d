"""Owns translations in SQL: whose and by which engine in clear, the text sealed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from bot.domain.contact import ContactId
from bot.services.desk_ports import Translation
from bot.storage.retention import delete_oldest
from bot.storage.schema import translations
from bot.storage.upsert import put
from bot.storage.work import Work

STEP = 32  # subjects by which one statement's list is longer than the next one's
_BESIDE = select(translations).where(translations.c.subject.in_(bindparam("subjects", expanding=True)))


class SqlTranslations:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._vault = work.vault

    async def put(self, translation: Translation) -> None:
        id_ = f"{translation.subject}:{translation.language}"
        row = {
            "id": id_,
            "contact_id": translation.contact,
            "subject": translation.subject,
            "language": translation.language,
            "engine": translation.engine,
            "at": translation.at,
            "sealed": self._vault.seal("translations", id_, translation.text.encode("utf-8", "replace")),
        }
        await put(self._db, translations, [row])

    async def beside(self, subjects: Collection[str]) -> Sequence[Translation]:
        rows = await self._db.execute(_BESIDE, {"subjects": _padded(subjects)})
        return [self._translation(row) for row in rows]

    async def delete_before(self, at: datetime, limit: int) -> int:
        due = translations.c.at < at
        return await delete_oldest(self._db, translations, due, by=translations.c.at, limit=limit)

    def _translation(self, row: Any) -> Translation:
        return Translation(
            subject=row.subject,
            contact=ContactId(row.contact_id),
            language=row.language,
            engine=row.engine,
            text=self._vault.unseal("translations", row.id, row.sealed).decode(),
            at=row.at,
        )


def _padded(subjects: Collection[str]) -> list[str]:
    """The same, the last of them several times: else a database would prepare a statement for each number of them."""
    found = list(subjects)
    return found + found[-1:] * (-len(found) % STEP)
