"""Owns what every repository works with: one transaction's connection, the vault and the clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Text, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.contact import ContactId
from bot.services.ports import Clock
from bot.storage.crypto import Vault
from bot.storage.schema import contacts

# The lock leaves the key alone: a message can be stored for a contact while their last one is being answered.
_LOCK = select(contacts.c.id).where(contacts.c.id == bindparam("contact")).with_for_update(key_share=True)

_NAME_LOCKS = text(
    "SELECT count(pg_advisory_xact_lock(hashtextextended(name, 0)))"
    " FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS named(name, place)"
)
_NAME_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name", type_=Text), 0)))
_NAME_SHARE = select(func.pg_advisory_xact_lock_shared(func.hashtextextended(bindparam("name", type_=Text), 0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One transaction. What its locks are for, SQLite's one writer does by itself."""

    connection: AsyncConnection
    vault: Vault
    clock: Clock
    _held: set[ContactId] = field(default_factory=set)

    @property
    def has_many_writers(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    async def hold(self, contact: ContactId) -> None:
        """Until this transaction ends, no other that holds the contact goes on."""
        if self.has_many_writers and contact not in self._held:
            await self.connection.execute(_LOCK, {"contact": contact})
            self._held.add(contact)

    async def each_at_a_time(self, names: Sequence[str]) -> None:
        """As `one_at_a_time` for each of the names, which are in one order wherever they meet."""
        if self.has_many_writers:
            await self.connection.execute(_NAME_LOCKS, {"names": list(names)})

    async def one_at_a_time(self, name: str) -> None:
        """Until this transaction ends, no other that asks for the same name goes on."""
        if self.has_many_writers:
            await self.connection.execute(_NAME_LOCK, {"name": name})

    async def share(self, name: str) -> None:
        """Until this transaction ends, none that asks for the name alone goes on; others that share it do."""
        if self.has_many_writers:
            await self.connection.execute(_NAME_SHARE, {"name": name})
