"""Owns the employer's list of people: what a file would change in it, carrying that out, and editing by hand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.contact import Address, Contact, ContactId, Listing, Permission, Reach, Scheme
from bot.domain.employer import EmployerId, Site, SiteId
from bot.domain.errors import Conflict
from bot.log import logger
from bot.services.cells import Row, RowProblem
from bot.services.ports import Clock, Ids, Store, Unit
from bot.services.roster_rows import Entry, RosterSheet, read_roster

log = logger("roster")

BATCH = 500  # people in one transaction: others write between two of them
TRIES = 3
# The same words whoever's the person is and whether or not they ever wrote (R2).
NOT_YOURS = "this number cannot be put on your list: ask the organisation that runs this service"
FACTS = ("name", "phones", "whatsapp", "language", "nationality", "employee_number")


class Kind(StrEnum):
    """What becomes of one person of the file."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One fact of a person that changes, in words fit to be shown; empty for nothing."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What happens to one person of the file. Only `entry`, `kind` and `changes` may be shown to an employer (R2).

    `contact` is who they are if they are known at all, `replaces` who had their employee number until now.
    """

    entry: Entry
    kind: Kind
    changes: tuple[FieldChange, ...] = ()
    contact: ContactId | None = None
    replaces: ContactId | None = None
    is_written: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a file would do to an employer's list."""

    employer: EmployerId
    items: tuple[Item, ...] = ()
    leaving: tuple[Contact, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    merged: int = 0  # rows that told of somebody whom an earlier row had told of
    taken: frozenset[str] = frozenset()  # employee numbers that change hands
    released: Mapping[ContactId, frozenset[Address]] = field(default_factory=dict)  # addresses that change hands

    def count(self, kind: Kind) -> int:
        return sum(item.kind is kind for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterDesk:
    """Reads, plans and carries out changes of employers' lists. `region` is for phones without a country's number."""

    store: Store
    clock: Clock
    ids: Ids
    region: str

    async def read(self, employer: EmployerId, rows: Iterable[Row]) -> RosterSheet:
        """The people of a file; raises InputError for what is no table."""
        async with self.store.transaction() as unit:
            sites = await unit.sites.of(employer)
        return read_roster(rows, sites=sites, region=self.region)

    async def plan(self, employer: EmployerId, sheet: RosterSheet, *, marks_leavers: bool = False) -> Plan:
        """What the file would change; nothing is written."""
        async with self.store.transaction() as unit:
            return await _Planner(unit, employer, sheet).plan(marks_leavers=marks_leavers)

    async def carry_out(
        self,
        employer: EmployerId,
        sheet: RosterSheet,
        *,
        marks_leavers: bool = False,
        say: Callable[[int, int], None] = lambda done, total: None,
    ) -> Plan:
        """Plan once more and write it, batch by batch; `say` hears how many people are done, of how many.

        Rows with problems are left out. Where it is cut off, the same file again does the rest. Raises Conflict when
        others changed the same people at every try.
        """
        for attempt in range(TRIES):
            plan = await self.plan(employer, sheet, marks_leavers=marks_leavers)
            try:
                await self._write(plan, say)
            except Conflict:
                if attempt == TRIES - 1:
                    raise
                continue
            break
        counts = {kind.value: plan.count(kind) for kind in Kind}
        log.info("roster_imported", employer=employer, leaving=len(plan.leaving), merged=plan.merged, **counts)
        return plan

    async def _write(self, plan: Plan, say: Callable[[int, int], None]) -> None:
        await self._let_go(plan)
        items = [item for item in plan.items if item.is_written]
        for start in range(0, len(items), BATCH):
            batch = items[start : start + BATCH]
            async with self.store.transaction() as unit:
                await self._write_batch(unit, plan, batch)
            say(start + len(batch), len(items))
        async with self.store.transaction() as unit:
            await unit.roster.set_left([contact.id for contact in plan.leaving], self.clock.now())

    async def _let_go(self, plan: Plan) -> None:
        """Take from people what is somebody else's from now on, before anybody gets it."""
        replaced = {item.replaces for item in plan.items if item.replaces is not None}
        async with self.store.transaction() as unit:
            for contact in sorted(plan.released.keys() | replaced):
                known = await unit.contacts.get(contact)
                if known is None:
                    continue
                gone = plan.released.get(contact, frozenset())
                kept = tuple(reach for reach in known.reaches if reach.address not in gone)
                await unit.contacts.save(unlisted(known) if contact in replaced else replace(known, reaches=kept))

    async def _write_batch(self, unit: Unit, plan: Plan, batch: Sequence[Item]) -> None:
        owners = await unit.roster.owners([address for item in batch for address in item.entry.listing.addresses])
        new: list[Contact] = []
        for item in sorted(batch, key=lambda item: item.contact or ""):  # in one order, or two imports block each other
            known = await unit.contacts.get(item.contact) if item.contact else None
            before = known or Contact(id=ContactId(self.ids.new()), reaches=())
            after = listed(before, item.entry, plan.employer, owners, plan.taken)
            if known is None:
                new.append(after)
            elif after != known:
                await unit.contacts.save(after)
        await unit.roster.add(new)


def unlisted(contact: Contact) -> Contact:
    """The contact without an employer; addresses that only the list knew go with it."""
    kept = tuple(reach for reach in contact.reaches if reach.permission is not Permission.NONE)
    return replace(contact, reaches=kept, employer=None, site=None, groups=(), listing=None, left_at=None)


# --- one person -----------------------------------------------------------------------------------------------------


def listed(
    contact: Contact,
    entry: Entry,
    employer: EmployerId,
    owners: Mapping[Address, ContactId],
    taken: frozenset[str] = frozenset(),
) -> Contact:
    """The contact after the file has told of them.

    What a person said themselves stays: a confirmed language, STOP, the order of their addresses. An address that is
    somebody else's stays with them.
    """
    is_known = contact.employer == employer
    before = (contact.listing if is_known else None) or Listing()
    told = _relisted(contact, before, _updated(before, entry, taken), entry.listing, owners)
    return replace(
        told,
        employer=employer,
        site=entry.site or (contact.site if is_known else None),
        groups=tuple(sorted(entry.groups)) or (contact.groups if is_known else ()),
        left_at=None,
    )


def _relisted(
    contact: Contact, before: Listing, now: Listing, told: Listing, owners: Mapping[Address, ContactId]
) -> Contact:
    """The contact with what the list says now, where it says otherwise than before; `owners` are of what was told."""
    is_own_nationality = contact.nationality is not None and contact.nationality != before.nationality
    return replace(
        contact,
        reaches=_reaches(contact, now, told, owners),
        language=contact.language if contact.is_language_confirmed else now.language or contact.language,
        name=now.name or (None if contact.name == before.name else contact.name),
        nationality=contact.nationality if is_own_nationality else now.nationality,
        listing=now,
    )


def _updated(before: Listing, entry: Entry, taken: frozenset[str]) -> Listing:
    """What the file tells, and of what it does not tell what was told before."""
    told = entry.listing
    number = before.employee_number
    if number is not None and number.casefold() in taken:
        number = None
    return Listing(
        name=told.name or before.name,
        phones=told.phones or before.phones,
        whatsapp=() if entry.is_without_whatsapp else told.whatsapp or before.whatsapp,
        language=told.language or before.language,
        nationality=told.nationality or before.nationality,
        employee_number=told.employee_number or number,
    )


def _reaches(
    contact: Contact, listing: Listing, told: Listing, owners: Mapping[Address, ContactId]
) -> tuple[Reach, ...]:
    """Addresses of which their owner has said something stay, in their order; others are as the list has them."""
    said = [reach for reach in contact.reaches if reach.permission is not Permission.NONE]
    silent = {reach.address: reach for reach in contact.reaches if reach.permission is Permission.NONE}
    mine = {reach.address for reach in said}
    free = {address for address in told.addresses if owners.get(address, contact.id) == contact.id}
    wanted = [
        silent.get(address, Reach(address=address, permission=Permission.NONE))
        for address in listing.addresses
        if address not in mine and (address in free or address in silent)
    ]
    if said:  # the order in which they came is the person's
        known = [reach for reach in contact.reaches if reach.address in mine or reach in wanted]
        return (*known, *(reach for reach in wanted if reach not in known))
    return tuple(wanted)


# --- a whole file ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Planner:
    """Finds for each person of the file who they are, and what the file changes."""

    unit: Unit
    employer: EmployerId
    sheet: RosterSheet
    _people: dict[ContactId, Contact] = field(default_factory=dict)
    _strangers: Mapping[ContactId, Contact] = field(default_factory=dict)
    _owners: Mapping[Address, ContactId] = field(default_factory=dict)
    _numbered: Mapping[str, ContactId] = field(default_factory=dict)
    _sites: Mapping[SiteId, Site] = field(default_factory=dict)

    async def plan(self, *, marks_leavers: bool) -> Plan:
        await self._look_up()
        entries, problems = self._allowed()
        found = self._found(entries)
        numbers = [entry.listing.employee_number for entry in entries]
        moved = [
            number
            for number, contact in zip(numbers, found, strict=True)
            if number is not None and self._numbered.get(number, contact) != contact
        ]
        taken = frozenset(number.casefold() for number in moved)
        claimed = {contact for contact in found if contact is not None}
        released = self._released(entries, found, claimed)
        self._owners = {
            address: owner for address, owner in self._owners.items() if address not in released.get(owner, ())
        }
        items = [self._item(entry, contact, claimed, taken) for entry, contact in zip(entries, found, strict=True)]
        replaced = {item.replaces for item in items}
        return Plan(
            employer=self.employer,
            items=tuple(items),
            leaving=tuple(self._leaving(claimed | replaced)) if marks_leavers else (),
            problems=(*self.sheet.problems, *problems),
            merged=self.sheet.merged,
            taken=taken,
            released=released,
        )

    def _released(
        self, entries: Sequence[Entry], found: Sequence[ContactId | None], claimed: set[ContactId]
    ) -> Mapping[ContactId, frozenset[Address]]:
        """Addresses of this file that the people of this file, or who has lost their number to one, hold no more."""
        entry_of = dict(zip(found, entries, strict=True))
        replaced = set(self._numbered.values()) - claimed
        released: dict[ContactId, frozenset[Address]] = {}
        for contact in (claimed | replaced) & self._people.keys():
            known = self._people[contact]
            entry = entry_of.get(contact)
            after = listed(known, entry, self.employer, self._owners) if entry else unlisted(known)
            kept = {reach.address for reach in after.reaches}
            gone = frozenset(reach.address for reach in known.reaches if reach.address not in kept)
            if gone & self._owners.keys():
                released[contact] = gone
        return released

    async def _look_up(self) -> None:
        entries, roster = self.sheet.entries, self.unit.roster
        self._sites = {site.id: site for site in await self.unit.sites.of(self.employer)}
        self._people = {contact.id: contact for contact in await roster.people(self.employer)}
        self._owners = await roster.owners([address for entry in entries for address in entry.listing.addresses])
        numbers = [entry.listing.employee_number for entry in entries]
        self._numbered = await roster.listed_as(self.employer, [number for number in numbers if number is not None])
        others = {contact for contact in self._owners.values() if contact not in self._people}
        self._strangers = await roster.get(sorted(others))

    def _allowed(self) -> tuple[list[Entry], list[RowProblem]]:
        """The entries without those that are on the list of another employer."""
        allowed, problems = [], []
        for entry in self.sheet.entries:
            owners = [self._strangers.get(self._owners[a]) for a in entry.listing.addresses if a in self._owners]
            if any(owner is not None and owner.employer is not None for owner in owners):
                problems.append(RowProblem(row=entry.rows[0], column="phone", message=NOT_YOURS))
            else:
                allowed.append(entry)
        return allowed, problems

    def _found(self, entries: Sequence[Entry]) -> list[ContactId | None]:
        """Who each entry is: whoever has the phone, else who has the WhatsApp, else who has the employee number.

        The phone comes first because it is what the person talks to us with. Nobody is found twice.
        """
        found: list[ContactId | None] = [None] * len(entries)
        claimed: set[ContactId] = set()

        def claim(at: int, contact: ContactId | None) -> None:
            if found[at] is None and contact is not None and contact not in claimed:
                found[at] = contact
                claimed.add(contact)

        for scheme in (Scheme.TEL, Scheme.WHATSAPP):
            for at, entry in enumerate(entries):
                for address in entry.listing.addresses:
                    if address.scheme is scheme:
                        claim(at, self._owners.get(address))
        for at, entry in enumerate(entries):
            number = entry.listing.employee_number
            claim(at, self._numbered.get(number) if number is not None else None)
        return found

    def _item(self, entry: Entry, contact: ContactId | None, claimed: set[ContactId], taken: frozenset[str]) -> Item:
        known = self._people.get(contact) or self._strangers.get(contact) if contact is not None else None
        number = entry.listing.employee_number
        holder = self._numbered.get(number) if number is not None else None
        replaces = holder if holder is not None and holder != contact and holder not in claimed else None
        # Who the employer takes this person for: whom it has listed, else who had the employee number.
        shown = (
            known
            if known is not None and known.employer == self.employer
            else self._people.get(replaces or contact or _NOBODY)
        )
        blank = known or Contact(id=_NOBODY, reaches=())
        after = listed(blank, entry, self.employer, self._owners, taken)
        changes = tuple(self._changes(shown, listed(shown, entry, self.employer, self._owners, taken))) if shown else ()
        kind = Kind.NEW if shown is None else Kind.CHANGED if changes else Kind.SAME
        return Item(
            entry=entry,
            kind=kind,
            changes=changes,
            contact=contact,
            replaces=replaces,
            is_written=after != known or replaces is not None,
        )

    def _changes(self, before: Contact, after: Contact) -> Iterable[FieldChange]:
        """What the employer may see of a change: its own list's facts, never what the person said themselves (R2)."""
        was, now = before.listing or Listing(), after.listing or Listing()
        pairs = [(name, _shown(getattr(was, name)), _shown(getattr(now, name))) for name in FACTS]
        pairs.append(("site", self._site(before.site), self._site(after.site)))
        pairs.append(("groups", _shown(before.groups), _shown(after.groups)))
        pairs.append(("left", "yes" if before.left_at else "", ""))
        if before.listing is None:
            pairs.append(("joined by code", "yes", "on the list"))
        return [FieldChange(field=name, old=old, new=new) for name, old, new in pairs if old != new]

    def _site(self, site: SiteId | None) -> str:
        return self._sites[site].name if site is not None and site in self._sites else ""

    def _leaving(self, staying: Iterable[ContactId | None]) -> list[Contact]:
        """Who is on the list and not in the file: at the file's sites, if it names one for everybody.

        Who joined by a code was never on the list: they leave by themselves or by hand.
        """
        is_of_sites = all(entry.site is not None for entry in self.sheet.entries)
        scope = self.sheet.sites if is_of_sites else None
        here = set(staying)
        return [
            contact
            for contact in self._people.values()
            if contact.id not in here and contact.listing is not None and contact.left_at is None
            and (scope is None or contact.site in scope)
        ]  # fmt: skip


_NOBODY = ContactId("")


def _shown(value: str | tuple[str, ...] | None) -> str:
    return ", ".join(value) if isinstance(value, tuple) else value or ""


# --- by hand --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What staff changed of one person by hand; the whole listing is told anew."""

    listing: Listing
    site: SiteId | None
    groups: tuple[str, ...]


async def edit(unit: Unit, contact: Contact, edit: Edit) -> Contact:
    """Write down what staff changed; raises Conflict when a new number is on another list."""
    assert contact.employer is not None
    owners = await unit.roster.owners(edit.listing.addresses)
    others = await unit.roster.get([owner for owner in owners.values() if owner != contact.id])
    if any(other.employer is not None for other in others.values()):
        raise Conflict(NOT_YOURS)
    if edit.listing.employee_number is not None:
        numbered = await unit.roster.listed_as(contact.employer, [edit.listing.employee_number])
        if set(numbered.values()) - {contact.id}:
            raise Conflict("another person of yours has this employee number")
    told = contact
    if contact.listing is not None or edit.listing != Listing():  # who joined by a code may stay off the list
        told = _relisted(contact, contact.listing or Listing(), edit.listing, edit.listing, owners)
    after = replace(told, site=edit.site, groups=tuple(sorted(edit.groups)))
    if after != contact:
        await unit.contacts.save(after)
    return after


async def mark_left(unit: Unit, contact: Contact, at: datetime | None) -> None:
    """Out of every audience, or (None) back in."""
    await unit.roster.set_left([contact.id], at)
