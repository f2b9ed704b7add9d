"""Owns merges in SQL: every row of one contact becomes another's, and what moved is noted so that it can go back.

The contact that was merged is deleted: by its foreign keys the database itself lets nothing come to it any more, and
whoever comes with its id finds it as gone as one that was erased.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, insert, select, text, update

from bot.domain.contact import Address, Contact, ContactId, Scheme
from bot.domain.errors import Conflict
from bot.domain.merge import Merge, MergeId
from bot.domain.session import SessionStatus
from bot.domain.staff import StaffId
from bot.storage import values
from bot.storage.contacts import MANY, SqlContacts
from bot.storage.merged_accounts import MergedAccounts
from bot.storage.schema import (
    IS_OPEN,
    Moment,
    addresses,
    claims,
    contact_groups,
    contacts,
    corrections,
    deliveries,
    merges,
    messages,
    metadata,
    recipients,
    sessions,
    translations,
)
from bot.storage.work import Work

# What an employer knows of a person goes as a whole; the rest one by one.
_EMPLOYMENT = ("employer_id", "site_id", "left_at", "roster_key", "listed_language", "listing", "groups")
_PERSON = ("language", "is_language_confirmed", "position_at", "met_at", "name", "nationality", "position")
_SEALED = ("name", "nationality", "position", "listing")
_OWN_WAY = {addresses, deliveries, recipients, claims, contact_groups}
# A new table of things that a contact has moves with the others.
_MOVING = [table for table in metadata.sorted_tables if "contact_id" in table.c and table not in _OWN_WAY]
Face = dict[str, Any]  # what is known of a contact, as JSON holds it


class SqlMerges:
    def __init__(self, work: Work, known: SqlContacts) -> None:
        self._db = work.connection
        self._vault = work.vault
        self._contacts = known
        self._accounts = MergedAccounts(work)

    async def hold(self, held: Sequence[ContactId]) -> None:
        """Until this transaction ends nothing else is written of these contacts; in one order, whoever asks."""
        query = select(contacts.c.id).where(contacts.c.id.in_(held)).order_by(contacts.c.id)
        await self._db.execute(query.with_for_update())

    async def get(self, merge: MergeId) -> Merge | None:
        row = (await self._db.execute(select(merges).where(merges.c.id == merge))).first()
        return _merge(row) if row is not None else None

    async def of(self, contact: ContactId) -> Sequence[Merge]:
        standing = select(merges).where(merges.c.contact_id == contact, merges.c.undone_at.is_(None))
        rows = await self._db.execute(standing.order_by(merges.c.at.desc(), merges.c.id.desc()))
        return [_merge(row) for row in rows]

    async def into(self, other: ContactId) -> ContactId | None:
        standing = select(merges.c.contact_id).where(merges.c.other_id == other, merges.c.undone_at.is_(None))
        found = await self._db.scalar(standing)
        return ContactId(found) if found is not None else None

    # --- together ---------------------------------------------------------------------------------------------------

    async def join(self, merge: Merge, became: Contact) -> None:
        kept, other = merge.contact, merge.other
        before = await self._face(kept)
        await self._contacts.save(became)
        moved = {
            "before": before,
            "became": await self._face(kept),
            "other": await self._face(other),
            "ended": await self._end_sessions(kept, other),
            "addresses": await self._join_addresses(kept, other),
            "deliveries": await self._join_deliveries(kept, other),
            "accounts": await self._accounts.join(kept, other, merge.staff, merge.at),
            "claim": await self._join_claims(kept, other),
            "rows": {table.name: await self._join_rows(table, kept, other) for table in _MOVING},
            "last_message": await self._last_message(kept),
            "last_position": await self._last_position(kept),
        }
        await self._db.execute(delete(contact_groups).where(contact_groups.c.contact_id == other))
        await self._db.execute(delete(contacts).where(contacts.c.id == other))
        row = {"id": merge.id, "contact_id": kept, "other_id": other, "staff_id": merge.staff, "at": merge.at}
        await self._db.execute(insert(merges).values(**row, sealed=self._seal(merge.id, moved)))

    async def _join_rows(self, table: Table, kept: ContactId, other: ContactId) -> list[Any]:
        key, theirs = _key(table), table.c.contact_id == other
        moved = list(await self._db.scalars(select(key).where(theirs)))
        await self._db.execute(update(table).where(theirs).values(contact_id=kept))
        return moved

    async def _end_sessions(self, kept: ContactId, other: ContactId) -> list[list[Any]]:
        """Two flows cannot wait for one answer: where the kept contact is in one, the other's end."""
        open_ones = select(sessions).where(text(IS_OPEN))
        if (await self._db.execute(open_ones.where(sessions.c.contact_id == kept).limit(1))).first() is None:
            return []
        rows = (await self._db.execute(open_ones.where(sessions.c.contact_id == other))).all()
        ended = update(sessions).where(sessions.c.id.in_([row.id for row in rows]))
        await self._db.execute(
            ended.values(
                status=SessionStatus.ENDED.value, returns=[], waits_until=None, revision=sessions.c.revision + 1
            )
        )
        return [[row.id, row.status, row.returns, _iso(row.waits_until)] for row in rows]

    async def _join_addresses(self, kept: ContactId, other: ContactId) -> list[list[Any]]:
        """Each with what its owner said of being written to there: no STOP is lifted."""
        theirs, place = addresses.c.contact_id == other, addresses.c.place
        rows = await self._db.execute(select(addresses.c.id, place).where(theirs).order_by(place))
        moved = [[row.id, row.place] for row in rows]
        last = await self._db.scalar(select(func.max(place)).where(addresses.c.contact_id == kept))
        first = 0 if last is None else last + 1
        await self._db.execute(update(addresses).where(theirs).values(contact_id=kept, place=place + first))
        return moved

    async def _join_deliveries(self, kept: ContactId, other: ContactId) -> list[list[Any]]:
        theirs, position = deliveries.c.contact_id == other, deliveries.c.position
        rows = await self._db.execute(select(deliveries.c.id, position).where(theirs).order_by(position))
        moved = [[row.id, row.position] for row in rows]
        ends = {one: await self._last_position(one) for one in (kept, other)}
        await self._db.execute(update(deliveries).where(theirs).values(contact_id=kept, position=position + ends[kept]))
        await self._set_last_position(kept, ends[kept] + ends[other])
        return moved

    async def _join_claims(self, kept: ContactId, other: ContactId) -> bool:
        """Whether the claim went along, because nobody had the kept one."""
        theirs = claims.c.contact_id == other
        has_own = (await self._db.execute(select(claims).where(claims.c.contact_id == kept))).first() is not None
        if has_own:
            await self._db.execute(delete(claims).where(theirs))
            return False
        return (await self._db.execute(update(claims).where(theirs).values(contact_id=kept))).rowcount > 0

    # --- apart ------------------------------------------------------------------------------------------------------

    async def part(self, merge: Merge, at: datetime) -> None:
        row = (await self._db.execute(select(merges).where(merges.c.id == merge.id).with_for_update())).first()
        if row is None or row.undone_at is not None:
            raise Conflict("Somebody else has taken these conversations apart already.")
        kept, other = merge.contact, merge.other
        moved = values.from_bytes(self._vault.unseal("merges", row.id, row.sealed))
        own = {name: list(keys) for name, keys in moved["rows"].items()}
        places = dict(moved["addresses"])
        await self._make_again(kept, other, moved)
        await self._part_addresses(kept, other, places)
        for name, keys in (await self._came_since(kept, moved["last_message"], places)).items():
            own[name] += keys
        await self._part_deliveries(merge, moved["deliveries"], moved["last_position"], places)
        for table in _MOVING:
            await self._give(table, own.get(table.name, ()), kept, other)
        await self._reopen(other, moved["ended"])
        await self._accounts.part(moved["accounts"], kept, other)
        if moved["claim"]:
            back = update(claims).where(claims.c.contact_id == kept, claims.c.staff_id == merge.staff)
            await self._db.execute(back.values(contact_id=other))
        undone = update(merges).where(merges.c.id == merge.id)
        await self._db.execute(undone.values(undone_at=at, sealed=self._seal(merge.id, {})))

    async def _make_again(self, kept: ContactId, other: ContactId, moved: Mapping[str, Face]) -> None:
        """Each is known by what was known of them before, but for what has been learned since of the kept one."""
        before, became, now = moved["before"], moved["became"], await self._face(kept)
        theirs, own = dict(moved["other"]), dict(now)
        own |= {name: before[name] for name in _PERSON if now[name] == became[name]}
        if any(before[name] != became[name] for name in _EMPLOYMENT):  # it was the other's
            theirs |= {name: now[name] for name in _EMPLOYMENT}
            own |= {name: before[name] for name in _EMPLOYMENT}
        await self._db.execute(
            insert(contacts).values(id=other, last_position=0, erase_at=None, **self._written(other, theirs))
        )
        await self._db.execute(update(contacts).where(contacts.c.id == kept).values(**self._written(kept, own)))
        await self._db.execute(delete(contact_groups).where(contact_groups.c.contact_id == kept))
        groups = [{"contact_id": one, "name": name} for one, face in ((kept, own), (other, theirs))
                  for name in face["groups"]]  # fmt: skip
        if groups:
            await self._db.execute(insert(contact_groups), groups)

    async def _part_addresses(self, kept: ContactId, other: ContactId, places: Mapping[str, int]) -> None:
        back = update(addresses).where(addresses.c.id == bindparam("key"), addresses.c.contact_id == kept)
        rows = [{"key": key, "before": place} for key, place in places.items()]
        if rows:
            await self._db.execute(back.values(contact_id=other, place=bindparam("before")), rows)

    async def _came_since(self, kept: ContactId, last: int, places: Mapping[str, int]) -> Mapping[str, list[Any]]:
        """What came from these addresses since the merge, with the files and translations of it: it goes with them."""
        since = select(messages).where(messages.c.contact_id == kept, messages.c.number > last)
        numbers, ids, files = [], [], []
        for row in (await self._db.execute(since)).all():
            said = values.from_bytes(self._vault.unseal("messages", row.id, row.sealed))
            address = Address(scheme=Scheme(said["scheme"]), path=said["path"])
            if self._vault.hash_address(address) in places:
                numbers.append(row.number)
                ids.append(row.id)
                files += [one["document_id"] for one in said["attachments"] if one["document_id"]]
        subjects = [f"message:{one}" for one in ids]
        return {
            "messages": numbers,
            "documents": files,
            "corrections": await self._keys(corrections, corrections.c.message_id, ids),
            "translations": await self._keys(translations, translations.c.subject, subjects),
        }

    async def _part_deliveries(
        self, merge: Merge, before: Sequence[Sequence[Any]], end: int, places: Mapping[str, int]
    ) -> None:
        """Back to their old positions; what was written to these addresses since goes after them."""
        last, position = max((place for _, place in before), default=0), deliveries.c.position
        mine = deliveries.c.contact_id == merge.contact, deliveries.c.address_hash.in_(list(places)), position > end
        late = list(await self._db.scalars(select(deliveries.c.id).where(*mine).order_by(position)))
        back = update(deliveries).where(deliveries.c.id == bindparam("key"))
        moves = [*before, *([key, last + number] for number, key in enumerate(late, start=1))]
        if moves:
            await self._db.execute(
                back.where(deliveries.c.contact_id == merge.contact).values(
                    contact_id=merge.other, position=bindparam("before")
                ),
                [{"key": key, "before": position} for key, position in moves],
            )
        await self._set_last_position(merge.other, last + len(late))
        subjects = [f"delivery:{key}" for key in late]
        made = await self._keys(translations, translations.c.subject, subjects)
        await self._give(translations, made, merge.contact, merge.other)

    async def _reopen(self, other: ContactId, ended: Sequence[Sequence[Any]]) -> None:
        """What was ended because of the merge waits again, as it did."""
        for key, status, returns, waits_until in ended:
            mine = update(sessions).where(sessions.c.id == key, sessions.c.contact_id == other)
            again = {"status": status, "returns": returns, "waits_until": _moment(waits_until)}
            await self._db.execute(mine.values(**again, revision=sessions.c.revision + 1))

    async def _give(self, table: Table, keys: Iterable[Any], kept: ContactId, other: ContactId) -> None:
        """Those of these rows that are still there, and still the kept contact's."""
        for some in _chunks(list(keys)):
            mine = update(table).where(_key(table).in_(some), table.c.contact_id == kept)
            await self._db.execute(mine.values(contact_id=other))

    async def _keys(self, table: Table, column: Any, wanted: Sequence[str]) -> list[Any]:
        found: list[Any] = []
        for some in _chunks(wanted):
            found += await self._db.scalars(select(_key(table)).where(column.in_(some)))
        return found

    # --- rows -------------------------------------------------------------------------------------------------------

    async def _last_position(self, contact: ContactId) -> int:
        return int(await self._db.scalar(select(contacts.c.last_position).where(contacts.c.id == contact)) or 0)

    async def _last_message(self, contact: ContactId) -> int:
        """What came to this contact later has a higher number: while it is held nothing is under way to it."""
        newest = select(func.max(messages.c.number)).where(messages.c.contact_id == contact)
        return int(await self._db.scalar(newest) or 0)

    async def _set_last_position(self, contact: ContactId, last: int) -> None:
        await self._db.execute(update(contacts).where(contacts.c.id == contact).values(last_position=last))

    async def _face(self, contact: ContactId) -> Face:
        row = (await self._db.execute(select(contacts).where(contacts.c.id == contact))).first()
        if row is None:
            raise Conflict("One of these conversations is not there any more.")
        groups = select(contact_groups.c.name).where(contact_groups.c.contact_id == contact)
        told: Face = {name: _plain(row._mapping[name]) for name in (*_EMPLOYMENT, *_PERSON) if name in contacts.c}
        told |= dict.fromkeys(_SEALED) | values.from_bytes(self._vault.unseal("contacts", row.id, row.sealed))
        return told | {"groups": sorted(await self._db.scalars(groups))}

    def _written(self, contact: ContactId, face: Face) -> dict[str, Any]:
        """The contact's columns; what was not known is not sealed as a null where no null was."""
        columns = {name: face[name] for name in (*_EMPLOYMENT, *_PERSON) if name in contacts.c}
        times = {name: _moment(value) for name, value in columns.items() if isinstance(contacts.c[name].type, Moment)}
        private = {name: face[name] for name in _SEALED if name != "listing" or face[name] is not None}
        sealed = self._vault.seal("contacts", contact, values.to_bytes(private))
        return {**columns, **times, "sealed": sealed}

    def _seal(self, merge: MergeId, moved: Mapping[str, Any]) -> bytes:
        return self._vault.seal("merges", merge, values.to_bytes(moved))


def _merge(row: Any) -> Merge:
    return Merge(
        id=MergeId(row.id),
        contact=ContactId(row.contact_id),
        other=ContactId(row.other_id),
        staff=StaffId(row.staff_id),
        at=row.at,
        undone_at=row.undone_at,
    )


def _key(table: Table) -> Any:
    (key,) = table.primary_key
    return key


def _chunks(keys: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (keys[start : start + MANY] for start in range(0, len(keys), MANY))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _moment(at: str | None) -> datetime | None:
    return datetime.fromisoformat(at) if at is not None else None
