"""Owns what a file would change in an employer's list: who each of its people is, and what it says anew of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.contact import Address, Contact, ContactId, Listing, Scheme
from bot.domain.employer import EmployerId, Site, SiteId
from bot.services.cells import RowProblem
from bot.services.ports import Unit
from bot.services.roster_person import listed, unlisted
from bot.services.roster_rows import Entry, RosterSheet

# The same words whoever's the person is and whether or not they ever wrote (R2).
NOT_YOURS = "this number cannot be put on your list: ask the organisation that runs this service"
# Else the people of those rows would be out of every alert for a slip of the pen.
NOBODY_LEAVES = "nobody is marked as left while a row has a problem: whoever it is about would be marked too"
FACTS = ("name", "phones", "whatsapp", "language", "nationality", "employee_number")
_NOBODY = ContactId("")


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


@dataclass(slots=True)
class Planner:
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
        problems = [*self.sheet.problems, *problems]
        leaving = self._leaving(claimed | replaced) if marks_leavers else []
        if leaving and problems:
            problems.append(RowProblem(row=problems[0].row, column="", message=NOBODY_LEAVES))
            leaving = []
        return Plan(
            employer=self.employer,
            items=tuple(items),
            leaving=tuple(leaving),
            problems=tuple(problems),
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


def _shown(value: str | tuple[str, ...] | None) -> str:
    return ", ".join(value) if isinstance(value, tuple) else value or ""
