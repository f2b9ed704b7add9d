"""Owns an employer's people in SQL, many at a time: whose an address or a number is, everybody, the new ones."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, select, update

from bot.domain.contact import Address, Contact, ContactId
from bot.domain.employer import EmployerId
from bot.storage.contacts import KNOWN, MANY, SqlContacts
from bot.storage.schema import addresses, contact_groups, contacts
from bot.storage.work import Work

T = TypeVar("T")


class SqlRoster:
    def __init__(self, work: Work, repository: SqlContacts) -> None:
        self._db = work.connection
        self._vault = work.vault
        self._contacts = repository

    async def owners(self, sought: Sequence[Address]) -> Mapping[Address, ContactId]:
        by_key = {self._vault.hash_address(address): address for address in sought}
        owner = select(addresses.c.id, addresses.c.contact_id)
        rows = await self._in_parts(owner, addresses.c.id, list(by_key))
        return {by_key[row.id]: ContactId(row.contact_id) for row in rows}

    async def listed_as(self, employer: EmployerId, numbers: Sequence[str]) -> Mapping[str, ContactId]:
        by_key = {self._vault.roster_key(employer, number): number for number in numbers}
        person = select(contacts.c.roster_key, contacts.c.id).where(contacts.c.employer_id == employer)
        rows = await self._in_parts(person.order_by(contacts.c.id), contacts.c.roster_key, list(by_key))
        return {by_key[row.roster_key]: ContactId(row.id) for row in rows}

    async def get(self, wanted: Sequence[ContactId]) -> Mapping[ContactId, Contact]:
        rows = await self._in_parts(KNOWN, contacts.c.id, list(wanted))
        return {contact.id: contact for contact in await self._contacts.read(_together(rows))}

    async def people(self, employer: EmployerId) -> Sequence[Contact]:
        rows = (await self._db.execute(KNOWN.where(contacts.c.employer_id == employer))).all()
        return sorted(await self._contacts.read(_together(rows)), key=lambda contact: contact.id)

    async def groups(self, employer: EmployerId | None) -> Sequence[str]:
        query = select(contact_groups.c.name).distinct().order_by(contact_groups.c.name)
        if employer is not None:
            mine = contacts.c.employer_id == employer, contacts.c.left_at.is_(None)
            query = query.join(contacts, contacts.c.id == contact_groups.c.contact_id).where(*mine)
        return (await self._db.scalars(query)).all()

    async def add(self, new: Sequence[Contact]) -> None:
        await self._contacts.add(new)

    async def set_left(self, employer: EmployerId, who: Sequence[ContactId], at: datetime | None) -> None:
        for part in _parts(who):
            theirs = contacts.c.id.in_(part), contacts.c.employer_id == employer
            await self._db.execute(update(contacts).where(*theirs).values(left_at=at))

    async def _in_parts(self, query: Select[Any], column: Any, sought: Sequence[str]) -> list[Any]:
        found: list[Any] = []
        for part in _parts(sought):
            found += (await self._db.execute(query.where(column.in_(part)))).all()
        return found


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + MANY] for start in range(0, len(items), MANY))


def _together(rows: Sequence[Any]) -> list[Any]:
    """The rows of each contact one after the other; sorting is stable, so that addresses keep their order."""
    return sorted(rows, key=lambda row: row.id)
