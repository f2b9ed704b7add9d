"""Owns what an employer's list makes of one person: told by a row, told anew by hand, taken off it."""

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.contact import Address, Contact, ContactId, Listing, Permission, Reach
from bot.domain.employer import EmployerId
from bot.services.roster_rows import Entry


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
    told = relisted(contact, before, _updated(before, entry, taken), entry.listing, owners)
    return replace(
        told,
        employer=employer,
        site=entry.site or (contact.site if is_known else None),
        groups=tuple(sorted(entry.groups)) or (contact.groups if is_known else ()),
        left_at=None,
    )


def relisted(
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


def unlisted(contact: Contact) -> Contact:
    """The contact without an employer; addresses that only the list knew go with it."""
    kept = tuple(reach for reach in contact.reaches if reach.permission is not Permission.NONE)
    return replace(contact, reaches=kept, employer=None, site=None, groups=(), listing=None, left_at=None)
