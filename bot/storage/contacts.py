"""Owns contacts and their addresses in SQL: found by keyed hash, forgotten for good when asked."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, and_, bindparam, case, delete, exists, insert, or_, select, update

from bot.domain.case import Compartment
from bot.domain.checkin import RecipientState
from bot.domain.contact import Address, Contact, ContactId, Listing, Permission, Reach, Scheme
from bot.domain.errors import Conflict, Reason
from bot.storage import values
from bot.storage.erasures import SqlErasures
from bot.storage.schema import (
    Moment,
    addresses,
    cases,
    contact_groups,
    contacts,
    deliveries,
    merges,
    messages,
    metadata,
    recipients,
    refused_addresses,
)
from bot.storage.upsert import insert_new
from bot.storage.work import Work

_PRIVATE = ("name", "nationality", "position")  # what is sealed of a contact, beside the employer's listing
MANY = 500  # values in one statement's list: SQLite takes a thousand and more, PostgreSQL thirty thousand
KNOWN = (
    select(contacts, *(column.label(f"address_{column.name}") for column in addresses.c))
    .select_from(contacts.outerjoin(addresses))
    .order_by(addresses.c.place, addresses.c.id)
)
_BY_ID = KNOWN.where(contacts.c.id == bindparam("contact"))
_OWNER = select(addresses.c.contact_id).where(addresses.c.id == bindparam("address"))
_BY_ADDRESS = KNOWN.where(contacts.c.id == _OWNER.scalar_subquery())
_CHANGE = update(contacts).where(contacts.c.id == bindparam("contact"))


def _later(at: Any) -> ColumnElement[Any]:
    """The time, unless a later one is stored: the way in notes messages while a turn is under way."""
    is_later = or_(addresses.c.last_heard_at.is_(None), addresses.c.last_heard_at < at)
    return case((is_later, at), else_=addresses.c.last_heard_at)


def _heard() -> Update:
    at, is_new = bindparam("at", type_=Moment), addresses.c.permission == Permission.NONE.value
    return (
        update(addresses)
        .where(addresses.c.id == bindparam("address"))
        .values(
            last_heard_at=_later(at),
            permission=case((is_new, Permission.WROTE.value), else_=addresses.c.permission),
            permission_at=case((is_new, at), else_=addresses.c.permission_at),
        )
    )


_HEARD = _heard()
_HEARD_OF = _HEARD.where(addresses.c.contact_id == bindparam("contact"))


class SqlContacts:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._db = work.connection
        self._vault = work.vault
        self._read: dict[ContactId, Contact] = {}  # as stored: what a save need not write again

    async def find(self, address: Address) -> Contact | None:
        return await self._one(_BY_ADDRESS, {"address": self._vault.hash_address(address)})

    async def get(self, contact: ContactId) -> Contact | None:
        """The contact, held until the transaction ends, so that a save rests on what was read."""
        await self._work.hold(contact)
        return await self._one(_BY_ID, {"contact": contact})

    async def meet(self, address: Address, new: ContactId) -> Contact:
        known = await self.find(address) or await self._make(address, new) or await self.find(address)
        if known is None:
            raise Conflict("The contact at this address was erased at this moment: try again.")
        return known

    async def save(self, contact: Contact) -> None:
        if (await self._db.execute(_CHANGE, {"contact": contact.id, **self._row(contact)})).rowcount == 0:
            raise Conflict(f"contact {contact.id} is not stored, or was erased")
        known = self._read.pop(contact.id, None)
        if known is None or known.reaches != contact.reaches:
            await self._save_reaches(contact)
        if known is None or known.groups != contact.groups:
            await self._save_groups(contact)

    async def heard(self, address: Address, at: datetime, *, of: ContactId | None = None) -> None:
        said = {"address": self._vault.hash_address(address), "at": at}
        if of is None:
            await self._db.execute(_HEARD, said)
        elif (await self._db.execute(_HEARD_OF, {**said, "contact": of})).rowcount == 0:
            raise Conflict("The address is another contact's since a moment: try again.")

    async def met(self, told: Sequence[ContactId], at: datetime) -> None:
        if told:
            newly = contacts.c.id.in_(told), contacts.c.met_at.is_(None)
            await self._db.execute(update(contacts).where(*newly).values(met_at=at))

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
        await self._work.hold(contact)
        refused = and_(addresses.c.contact_id == contact, addresses.c.permission == Permission.REFUSED)
        for row in (await self._db.execute(select(addresses.c.id).where(refused))).all():
            await insert_new(self._db, refused_addresses, {"id": row.id})
        await self._leave_accounts(contact)
        merged = select(merges.c.other_id).where(merges.c.contact_id == contact, merges.c.undone_at.is_(None))
        others = [ContactId(one) for one in await self._db.scalars(merged)]
        for table in reversed(metadata.sorted_tables):
            if "contact_id" in table.c and table is not recipients:  # the sums of an alert stay whole without them
                await self._db.execute(delete(table).where(table.c.contact_id == contact))
        if (await self._db.execute(delete(contacts).where(contacts.c.id == contact))).rowcount:
            for one in (contact, *others):  # in an older backup they are still apart
                await SqlErasures(self._work).add(one)

    async def _leave_accounts(self, contact: ContactId) -> None:
        """The sums of broadcasts stay whole without the person; whom nobody knows any more is not waited for."""
        is_waiting = recipients.c.state == RecipientState.WAITING.value
        ended = {
            "state": case((is_waiting, RecipientState.NOT_REACHED.value), else_=recipients.c.state),
            "reason": case((is_waiting, Reason.NO_ADDRESS.value), else_=recipients.c.reason),
        }
        mine = update(recipients).where(recipients.c.contact_id == contact)
        await self._db.execute(mine.values(contact_id=None, due_at=None, **ended))

    async def add(self, new: Sequence[Contact]) -> None:
        """Store new contacts with their addresses and groups; raises Conflict when an address is somebody else's."""
        if not new:
            return
        await self._db.execute(insert(contacts), [{"id": one.id, "last_position": 0, **self._row(one)} for one in new])
        rows = {row["id"]: row for one in new for place, reach in enumerate(one.reaches)
                for row in [self._address_row(one.id, reach, place)]}  # fmt: skip
        await self._keep_refused(rows)
        if len(rows) < sum(len(one.reaches) for one in new):
            raise Conflict("Two of these people have the same address.")
        if rows:
            await self._db.execute(insert(addresses), list(rows.values()))
        groups = [{"contact_id": one.id, "name": name} for one in new for name in dict.fromkeys(one.groups)]
        if groups:
            await self._db.execute(insert(contact_groups), groups)

    async def _keep_refused(self, rows: dict[str, dict[str, Any]]) -> None:
        """Addresses that refused before their owner was erased stay refused until START."""
        keys = list(rows)
        for start in range(0, len(keys), MANY):
            mine = refused_addresses.c.id.in_(keys[start : start + MANY])
            for key in (await self._db.scalars(select(refused_addresses.c.id).where(mine))).all():
                rows[key]["permission"] = Permission.REFUSED.value
            await self._db.execute(delete(refused_addresses).where(mine))

    # --- reading ----------------------------------------------------------------------------------------------------

    async def _one(self, query: Select[Any], sought: dict[str, str]) -> Contact | None:
        rows = (await self._db.execute(query, sought)).all()
        return (await self.read(rows))[0] if rows else None

    async def many(self, wanted: Sequence[ContactId]) -> dict[ContactId, Contact]:
        """Those contacts that are stored, by id; not held."""
        if not wanted:
            return {}
        query = KNOWN.where(contacts.c.id.in_(wanted)).order_by(None)
        rows = await self._db.execute(query.order_by(contacts.c.id, addresses.c.place, addresses.c.id))
        return {contact.id: contact for contact in await self.read(rows.all())}

    async def named(self, *, shows_protection: bool, limit: int) -> list[Contact]:
        """Contacts, the newest first (their ids sort by time); not held."""
        newest = select(contacts.c.id).order_by(contacts.c.id.desc()).limit(limit)
        if not shows_protection:
            is_protection = cases.c.compartment == Compartment.PROTECTION.value
            newest = newest.where(~exists().where(cases.c.contact_id == contacts.c.id, is_protection))
        query = KNOWN.where(contacts.c.id.in_(newest)).order_by(None)
        rows = await self._db.execute(query.order_by(contacts.c.id.desc(), addresses.c.place, addresses.c.id))
        return await self.read(rows.all())

    async def read(self, rows: Sequence[Any]) -> list[Contact]:
        """The contacts of joined rows, those of one contact in a row; their groups are fetched with one more query."""
        by_id = {ContactId(id_): list(mine) for id_, mine in groupby(rows, key=lambda row: row.id)}
        employed = [id_ for id_, mine in by_id.items() if mine[0].employer_id is not None]
        groups = await self._groups(employed)
        found = [self._contact(mine, tuple(groups.get(id_, ()))) for id_, mine in by_id.items()]
        self._read.update((contact.id, contact) for contact in found)
        return found

    async def _groups(self, contacts: Sequence[ContactId]) -> dict[ContactId, list[str]]:
        """The groups of those who have any; only people of an employer can."""
        found: dict[ContactId, list[str]] = {}
        for start in range(0, len(contacts), MANY):
            mine = contact_groups.c.contact_id.in_(contacts[start : start + MANY])
            for row in await self._db.execute(select(contact_groups).where(mine).order_by(contact_groups.c.name)):
                found.setdefault(ContactId(row.contact_id), []).append(row.name)
        return found

    def _contact(self, rows: Sequence[Any], groups: tuple[str, ...]) -> Contact:
        row = rows[0]
        stored = values.from_bytes(self._vault.unseal("contacts", row.id, row.sealed))
        listing = _listing(stored.pop("listing", None))
        private = values.read_all(stored)
        return Contact(
            id=ContactId(row.id),
            reaches=tuple(self._reach(each) for each in rows if each.address_id is not None),
            language=row.language,
            is_language_confirmed=row.is_language_confirmed,
            employer=row.employer_id,
            site=row.site_id,
            position_at=row.position_at,
            met_at=row.met_at,
            erase_at=row.erase_at,
            left_at=row.left_at,
            groups=groups,
            listing=listing,
            **private,  # type: ignore[arg-type]
        )

    def _reach(self, row: Any) -> Reach:
        path = self._vault.unseal("addresses", row.address_id, row.address_sealed)
        return Reach(
            address=Address(scheme=Scheme(row.address_scheme), path=path.decode("utf-8", "surrogatepass")),
            permission=Permission(row.address_permission),
            permission_at=row.address_permission_at,
            last_heard_at=row.address_last_heard_at,
        )

    # --- writing ----------------------------------------------------------------------------------------------------

    async def _make(self, address: Address, new: ContactId) -> Contact | None:
        """Make the contact; None, giving way, when somebody made one for this address at the same time."""
        contact = Contact(id=new, reaches=())
        await self._db.execute(insert(contacts).values(id=new, last_position=0, **self._row(contact)))
        reach = await self._add_reach(new, Reach(address=address, permission=Permission.NONE), place=0)
        if reach is not None:
            return replace(contact, reaches=(reach,))
        await self._db.execute(delete(contacts).where(contacts.c.id == new))
        return None

    def _row(self, contact: Contact) -> dict[str, Any]:
        private = values.written_all({name: getattr(contact, name) for name in _PRIVATE})
        if contact.listing is not None:
            private["listing"] = asdict(contact.listing)
        return {
            "language": contact.language,
            "is_language_confirmed": contact.is_language_confirmed,
            "employer_id": contact.employer,
            "site_id": contact.site,
            "position_at": contact.position_at,
            "met_at": contact.met_at,
            "erase_at": contact.erase_at,
            "left_at": contact.left_at,
            "roster_key": self._roster_key(contact),
            "listed_language": contact.listing.language if contact.listing else None,
            "sealed": self._vault.seal("contacts", contact.id, values.to_bytes(private)),
        }

    def _roster_key(self, contact: Contact) -> str | None:
        if contact.employer is None or contact.employee_number is None:
            return None
        return self._vault.roster_key(contact.employer, contact.employee_number)

    async def _save_groups(self, contact: Contact) -> None:
        await self._db.execute(delete(contact_groups).where(contact_groups.c.contact_id == contact.id))
        rows = [{"contact_id": contact.id, "name": name} for name in dict.fromkeys(contact.groups)]
        if rows:
            await self._db.execute(insert(contact_groups), rows)

    async def _save_reaches(self, contact: Contact) -> None:
        """Write every address with what is known of it; take away those that are no longer the contact's."""
        wanted = {self._vault.hash_address(reach.address): reach for reach in contact.reaches}
        mine = addresses.c.contact_id == contact.id
        stored = set((await self._db.scalars(select(addresses.c.id).where(mine))).all())
        if stored - wanted.keys():
            await self._db.execute(delete(addresses).where(addresses.c.id.in_(stored - wanted.keys())))
        for place, (key, reach) in enumerate(wanted.items()):
            if key in stored:
                await self._change_reach(key, reach, place)
            elif await self._add_reach(contact.id, reach, place) is None:
                raise Conflict("The address belongs to somebody else.")

    async def _add_reach(self, contact: ContactId, reach: Reach, place: int) -> Reach | None:
        """Store an address and return what is known of it; None when it is somebody else's.

        One that refused before its owner was erased stays refused until START.
        """
        key = self._vault.hash_address(reach.address)
        lifted = await self._db.execute(delete(refused_addresses).where(refused_addresses.c.id == key))
        if lifted.rowcount and reach.permission is not Permission.GRANTED:
            reach = replace(reach, permission=Permission.REFUSED)
        row = self._address_row(contact, reach, place)
        return reach if await insert_new(self._db, addresses, row) else None

    def _address_row(self, contact: ContactId, reach: Reach, place: int) -> dict[str, Any]:
        key = self._vault.hash_address(reach.address)
        return {
            "id": key,
            "contact_id": contact,
            "place": place,
            "scheme": reach.address.scheme.value,
            "permission": reach.permission.value,
            "permission_at": reach.permission_at,
            "last_heard_at": reach.last_heard_at,
            "sealed": self._vault.seal("addresses", key, reach.address.path.encode("utf-8", "surrogatepass")),
        }

    async def _change_reach(self, key: str, reach: Reach, place: int) -> None:
        row: dict[str, Any] = {
            "place": place,
            "permission": reach.permission.value,
            "permission_at": reach.permission_at,
        }
        if reach.last_heard_at is not None:
            row["last_heard_at"] = _later(reach.last_heard_at)
        await self._db.execute(update(addresses).where(addresses.c.id == key).values(row))


def _listing(stored: Mapping[str, Any] | None) -> Listing | None:
    if stored is None:
        return None
    return Listing(**{**stored, "phones": tuple(stored["phones"]), "whatsapp": tuple(stored["whatsapp"])})
