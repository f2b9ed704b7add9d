"""Owns the ledger of erasures in SQL: keyed hashes of who was erased, against backups from before that day."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.contact import ContactId
from bot.storage import wishes
from bot.storage.crypto import Vault
from bot.storage.schema import erasures
from bot.storage.upsert import insert_new
from bot.storage.work import Work


class SqlErasures:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._db = work.connection

    async def add(self, contact: ContactId) -> None:
        """Note that this contact is erased now."""
        await insert_new(self._db, erasures, {"id": mark(self._work.vault, contact), "at": self._work.clock.now()})

    async def since(self, at: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        return [(row.key, row.at) for row in await self._db.execute(wishes.lines(at).limit(limit))]


def mark(vault: Vault, contact: str) -> str:
    """What an erased contact is known by, to whoever has the database's own key and the contact in a backup."""
    return vault.fingerprint("erasure", contact)
