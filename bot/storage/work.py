"""Owns what every repository works with: one transaction's connection, the vault and the clock."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.ports import Clock
from bot.storage.crypto import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One transaction."""

    connection: AsyncConnection
    vault: Vault
    clock: Clock

    async def one_at_a_time(self, name: str) -> None:
        """Until the transaction ends, no other that asks for the same name goes on; SQLite has one writer anyway."""
        if self.connection.dialect.name == "postgresql":
            await self.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
