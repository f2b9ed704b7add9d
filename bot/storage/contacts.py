"""Owns contacts and their addresses in SQL: found by keyed hash, forgotten for good when asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, exists, insert, or_, select, update

from bot.domain.contact import Address, Contact, ContactId, Permission, Reach, Scheme
from bot.domain.errors import Conflict
from bot.storage import values
from bot.storage.schema import addresses, contacts, deliveries, messages, metadata, refused_addresses
from bot.storage.upsert import insert_new
from bot.storage.work import Work

_NOBODY: dict[str, Any] = {"name": None, "nationality": None, "position": None}


class SqlContacts:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._vault = work.vault

    async def find(self, address: Address) -> Contact | None:
        owner = await self._owner(address)
        return await self._load(owner) if owner is not None else None

    async def get(self, contact: ContactId) -> Contact | None:
        """The contact; its row is locked until the transaction ends, so that a save rests on what was read."""
        await self.lock(contact)
        return await self._load(contact)

    async def lock(self, contact: ContactId) -> None:
        """One transaction at a time goes on from here.

        The lock leaves the key alone: a message can be stored for a contact while their last one is being answered.
        """
        row = select(contacts.c.id).where(contacts.c.id == contact)
        await self._db.execute(row.with_for_update(key_share=True))

    async def meet(self, address: Address, new: ContactId) -> Contact:
        owner = await self._owner(address) or await self._make(address, new)
        contact = await self._load(owner)
        if contact is None:
            raise Conflict("The contact was erased at this moment: try again.")
        return contact

    async def save(self, contact: Contact) -> None:
        changed = await self._db.execute(
            update(contacts).where(contacts.c.id == contact.id).values(self._contact_row(contact))
        )
        if changed.rowcount == 0:
            raise Conflict(f"contact {contact.id} is not stored, or was erased")
        await self._save_reaches(contact)

    async def heard(self, address: Address, at: datetime) -> None:
        is_new = addresses.c.permission == Permission.NONE
        await self._db.execute(
            update(addresses)
            .where(addresses.c.id == self._vault.hash_address(address))
            .values(
                last_heard_at=_later(at),
                permission=case((is_new, Permission.WROTE.value), else_=addresses.c.permission),
                permission_at=case((is_new, at), else_=addresses.c.permission_at),
            )
        )

    async def erasable(self, now: datetime, limit: int) -> Sequence[ContactId]:
        has_message = exists().where(messages.c.contact_id == contacts.c.id, messages.c.handled_at.is_(None))
        has_delivery = exists().where(deliveries.c.contact_id == contacts.c.id, deliveries.c.ready_at.is_not(None))
        rows = await self._db.execute(
            select(contacts.c.id)
            .where(contacts.c.erase_at <= now, ~has_message, ~has_delivery)
            .order_by(contacts.c.erase_at)
            .limit(limit)
        )
        return [ContactId(row.id) for row in rows]

    async def erase(self, contact: ContactId) -> None:
        await self.lock(contact)
        refused = and_(addresses.c.contact_id == contact, addresses.c.permission == Permission.REFUSED)
        for row in (await self._db.execute(select(addresses.c.id).where(refused))).all():
            await insert_new(self._db, refused_addresses, {"id": row.id})
        for table in reversed(metadata.sorted_tables):
            if "contact_id" in table.c:
                await self._db.execute(delete(table).where(table.c.contact_id == contact))
        await self._db.execute(delete(contacts).where(contacts.c.id == contact))

    # --- reading ----------------------------------------------------------------------------------------------------

    async def _owner(self, address: Address) -> ContactId | None:
        row = select(addresses.c.contact_id).where(addresses.c.id == self._vault.hash_address(address))
        return await self._db.scalar(row)

    async def _load(self, contact: ContactId) -> Contact | None:
        row = (await self._db.execute(select(contacts).where(contacts.c.id == contact))).first()
        if row is None:
            return None
        private = values.read_all(values.from_bytes(self._vault.unseal("contacts", row.id, row.sealed)))
        return Contact(
            id=ContactId(row.id),
            reaches=await self._reaches(contact),
            language=row.language,
            is_language_confirmed=row.is_language_confirmed,
            employer=row.employer_id,
            site=row.site_id,
            position_at=row.position_at,
            met_at=row.met_at,
            erase_at=row.erase_at,
            **private,  # type: ignore[arg-type]
        )

    async def _reaches(self, contact: ContactId) -> tuple[Reach, ...]:
        rows = await self._db.execute(
            select(addresses).where(addresses.c.contact_id == contact).order_by(addresses.c.place, addresses.c.id)
        )
        return tuple(self._reach(row) for row in rows)

    def _reach(self, row: Any) -> Reach:
        path = self._vault.unseal("addresses", row.id, row.sealed).decode("utf-8", "surrogatepass")
        return Reach(
            address=Address(scheme=Scheme(row.scheme), path=path),
            permission=Permission(row.permission),
            permission_at=row.permission_at,
            last_heard_at=row.last_heard_at,
        )

    # --- writing ----------------------------------------------------------------------------------------------------

    async def _make(self, address: Address, new: ContactId) -> ContactId:
        """Make the contact; gives way to whoever made one for this address at the same time."""
        contact = Contact(id=new, reaches=())
        await self._db.execute(
            insert(contacts).values(id=new, last_position=0, **self._contact_row(contact)),
        )
        if await self._add_reach(new, Reach(address=address, permission=Permission.NONE), place=0):
            return new
        await self._db.execute(delete(contacts).where(contacts.c.id == new))
        owner = await self._owner(address)
        if owner is None:
            raise Conflict("The contact at this address was erased at this moment: try again.")
        return owner

    def _contact_row(self, contact: Contact) -> dict[str, Any]:
        private = values.written_all({name: getattr(contact, name) for name in _NOBODY})
        return {
            "language": contact.language,
            "is_language_confirmed": contact.is_language_confirmed,
            "employer_id": contact.employer,
            "site_id": contact.site,
            "position_at": contact.position_at,
            "met_at": contact.met_at,
            "erase_at": contact.erase_at,
            "sealed": self._vault.seal("contacts", contact.id, values.to_bytes(private)),
        }

    async def _save_reaches(self, contact: Contact) -> None:
        wanted = {self._vault.hash_address(reach.address): reach for reach in contact.reaches}
        stored = await self._db.execute(select(addresses).where(addresses.c.contact_id == contact.id))
        known = {row.id: row for row in stored}
        for gone in known.keys() - wanted.keys():
            await self._db.execute(delete(addresses).where(addresses.c.id == gone))
        for place, (key, reach) in enumerate(wanted.items()):
            if key not in known:
                if not await self._add_reach(contact.id, reach, place):
                    raise Conflict("The address belongs to somebody else.")
            elif known[key].place != place or self._reach(known[key]) != reach:
                await self._change_reach(key, reach, place)

    async def _add_reach(self, contact: ContactId, reach: Reach, place: int) -> bool:
        """Store an address; one that refused before its owner was erased stays refused until START."""
        key = self._vault.hash_address(reach.address)
        row = {
            "id": key,
            "contact_id": contact,
            "place": place,
            "scheme": reach.address.scheme.value,
            "permission": reach.permission.value,
            "permission_at": reach.permission_at,
            "last_heard_at": reach.last_heard_at,
            "sealed": self._vault.seal("addresses", key, reach.address.path.encode("utf-8", "surrogatepass")),
        }
        if not await insert_new(self._db, addresses, row):
            return False
        refusal = await self._db.execute(delete(refused_addresses).where(refused_addresses.c.id == key))
        if refusal.rowcount and reach.permission is not Permission.GRANTED:
            await self._db.execute(
                update(addresses).where(addresses.c.id == key).values(permission=Permission.REFUSED.value)
            )
        return True

    async def _change_reach(self, key: str, reach: Reach, place: int) -> None:
        row: dict[str, Any] = {
            "place": place,
            "permission": reach.permission.value,
            "permission_at": reach.permission_at,
        }
        if reach.last_heard_at is not None:
            row["last_heard_at"] = _later(reach.last_heard_at)
        await self._db.execute(update(addresses).where(addresses.c.id == key).values(row))


def _later(at: datetime) -> ColumnElement[Any]:
    """The time, unless a later one is stored: the way in notes messages while a turn is under way."""
    is_later = or_(addresses.c.last_heard_at.is_(None), addresses.c.last_heard_at < at)
    return case((is_later, at), else_=addresses.c.last_heard_at)
