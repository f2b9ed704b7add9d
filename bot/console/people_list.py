"""Owns how an employer's people are shown: what it may see of each (R2), the filters of the list, and its export."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.contact import Channel, Contact, Listing
from bot.domain.employer import Site
from bot.engine.extract import fold
from bot.services.preparedness import Barrier, Means, standing
from bot.services.roster_rows import COLUMNS

PAGE = 50
REACHABLE = "reachable"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would run


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """All that an employer may see of one of its people: its own list, STOP, and that somebody joined by a code."""

    id: str
    name: str
    listing: Listing
    site: Site | None
    groups: tuple[str, ...]
    state: Channel | Barrier
    has_joined: bool  # by a code, and is on no list
    has_left: bool

    @property
    def is_reachable(self) -> bool:
        return isinstance(self.state, Channel)


def persons(contacts: Iterable[Contact], sites: Sequence[Site], means: Means) -> list[Person]:
    """The people as the employer may see them, by name."""
    by_id = {site.id: site for site in sites}
    found = [
        Person(
            id=contact.id,
            name=contact.name_for_employer or "",
            listing=contact.listing or Listing(),
            site=by_id.get(contact.site) if contact.site else None,
            groups=contact.groups,
            state=standing(contact, means),
            has_joined=contact.listing is None,
            has_left=contact.left_at is not None,
        )
        for contact in contacts
    ]
    return sorted(found, key=lambda person: (not person.name, fold(person.name), person.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What of the list is asked for."""

    words: str = ""  # in a name, an employee number or a phone
    site: str = ""
    group: str = ""
    reach: str = ""  # REACHABLE or a Barrier
    has_left: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        return cls(
            words=query.get("q", "").strip()[:100],
            site=query.get("site", ""),
            group=query.get("group", ""),
            reach=query.get("reach", ""),
            has_left=query.get("left", "") == "yes",
        )

    def chosen(self, people: Iterable[Person]) -> list[Person]:
        return [person for person in people if self._fits(person)]

    def _fits(self, person: Person) -> bool:
        is_wanted = REACHABLE if person.is_reachable else person.state.value
        return (
            person.has_left == self.has_left
            and (not self.site or (person.site is not None and person.site.id == self.site))
            and (not self.group or self.group in person.groups)
            and (not self.reach or self.reach == is_wanted)
            and (not self.words or self._has_words(person))
        )

    def _has_words(self, person: Person) -> bool:
        listing = person.listing
        sought = fold(self.words)
        texts = (person.name, listing.employee_number or "", *listing.phones, *listing.whatsapp)
        return any(sought in fold(text) for text in texts) or sought.replace(" ", "") in "".join(listing.phones)


# --- files ----------------------------------------------------------------------------------------------------------


def as_csv(people: Iterable[Person]) -> bytes:
    """The list as a file that can be imported again: CSV UTF-8 with Excel's mark."""
    return _csv([_row(person) for person in people])


def sample_csv(sites: Sequence[Site]) -> bytes:
    """A file to begin from, with two people who are not there."""
    code = sites[0].code if sites else ""
    return _csv(
        [
            ["Sita Gurung", "+55 51 5550 0101", "ne", code, "night shift; fire wardens", "NP", "1001", "same"],
            ["Ahmed Ali", "+55 51 5550 0102", "ar", code, "day shift", "EG", "1002", "no"],
        ]
    )


def _row(person: Person) -> list[str]:
    listing = person.listing
    whatsapp = "same" if listing.whatsapp and listing.whatsapp == listing.phones[:1] else "; ".join(listing.whatsapp)
    return [
        person.name, "; ".join(listing.phones), listing.language or "", person.site.code if person.site else "",
        "; ".join(person.groups), listing.nationality or "", listing.employee_number or "", whatsapp,
    ]  # fmt: skip


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + written.getvalue().encode("utf-8", "replace")


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet shows and does not run; the import takes the apostrophe off again."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
