"""Owns the desk where an employer's list is changed: by a file, batch by batch, and by hand, person by person."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.contact import Contact, ContactId, Listing
from bot.domain.employer import EmployerId, SiteId
from bot.domain.errors import Conflict
from bot.log import logger
from bot.services.cells import Row
from bot.services.ports import Clock, Ids, Store, Unit
from bot.services.roster_person import listed, relisted, unlisted
from bot.services.roster_plan import NOT_YOURS, Item, Kind, Plan, Planner
from bot.services.roster_rows import RosterSheet, read_roster

log = logger("roster")

NUMBER_TAKEN = "another person of yours has this employee number"
TEXTS = (NOT_YOURS, NUMBER_TAKEN)  # shown on pages, so they are translated

BATCH = 500  # people in one transaction: others write between two of them
TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterDesk:
    """Reads, plans and carries out changes of employers' lists. `region` is for phones without a country's number."""

    store: Store
    clock: Clock
    ids: Ids
    region: str

    async def read(self, employer: EmployerId, rows: Iterable[Row]) -> RosterSheet:
        """The people of a file; raises InputError for what is no table."""
        async with self.store.look() as unit:
            sites = await unit.sites.of(employer)
        return read_roster(rows, sites=sites, region=self.region)

    async def plan(self, employer: EmployerId, sheet: RosterSheet, *, marks_leavers: bool = False) -> Plan:
        """What the file would change; nothing is written."""
        async with self.store.look() as unit:
            return await Planner(unit, employer, sheet).plan(marks_leavers=marks_leavers)

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
            leaving = [contact.id for contact in plan.leaving]
            await unit.roster.set_left(plan.employer, leaving, self.clock.now())

    async def _let_go(self, plan: Plan) -> None:
        """Take from people what is somebody else's from now on, before anybody gets it."""
        replaced = {item.replaces for item in plan.items if item.replaces is not None}
        async with self.store.transaction() as unit:
            for contact in sorted(plan.released.keys() | replaced):
                known = await unit.contacts.get(contact)
                if known is None or known.employer != plan.employer:
                    continue
                gone = plan.released.get(contact, frozenset())
                kept = tuple(reach for reach in known.reaches if reach.address not in gone)
                await unit.contacts.save(unlisted(known) if contact in replaced else replace(known, reaches=kept))

    async def _write_batch(self, unit: Unit, plan: Plan, batch: Sequence[Item]) -> None:
        owners = await unit.roster.owners([address for item in batch for address in item.entry.listing.addresses])
        new: list[Contact] = []
        for item in sorted(batch, key=lambda item: item.contact or ""):  # in one order, or two imports block each other
            known = await unit.contacts.get(item.contact) if item.contact else None
            if known is not None and known.employer not in (None, plan.employer):
                raise Conflict("somebody of this file has joined another employer meanwhile")
            before = known or Contact(id=ContactId(self.ids.new()), reaches=())
            after = listed(before, item.entry, plan.employer, owners, plan.taken)
            if known is None:
                new.append(after)
            elif after != known:
                await unit.contacts.save(after)
        await unit.roster.add(new)


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
            raise Conflict(NUMBER_TAKEN)
    told = contact
    if contact.listing is not None or edit.listing != Listing():  # who joined by a code may stay off the list
        told = relisted(contact, contact.listing or Listing(), edit.listing, edit.listing, owners)
    after = replace(told, site=edit.site, groups=tuple(sorted(edit.groups)))
    if after != contact:
        await unit.contacts.save(after)
    return after


async def mark_left(unit: Unit, contact: Contact, at: datetime | None) -> None:
    """Out of every audience, or (None) back in."""
    assert contact.employer is not None
    await unit.roster.set_left(contact.employer, [contact.id], at)
