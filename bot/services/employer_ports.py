"""Owns the Protocols for employers: what storage must do for their sites, their people and their staff's accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.contact import Address, Contact, ContactId
from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.domain.staff import Role, Staff, StaffId, StaffSession


class Sites(Protocol):
    """The employers and where their people work."""

    async def put(self, employer: Employer, sites: Sequence[Site]) -> None:
        """Insert or replace the employer and these sites; raises Conflict when a code is another site's."""
        ...

    async def get(self, site: SiteId) -> Site | None: ...

    async def by_code(self, code: str) -> Site | None:
        """By its joining code, whatever the case of its letters."""
        ...

    async def all(self) -> Sequence[Site]: ...

    async def of(self, employer: EmployerId) -> Sequence[Site]: ...

    async def employer(self, employer: EmployerId) -> Employer | None: ...

    async def employers(self) -> Sequence[Employer]: ...


class Roster(Protocol):
    """The people of an employer, many at a time."""

    async def owners(self, addresses: Sequence[Address]) -> Mapping[Address, ContactId]:
        """Whose these addresses are; those that are nobody's are left out."""
        ...

    async def listed_as(self, employer: EmployerId, numbers: Sequence[str]) -> Mapping[str, ContactId]:
        """Who has these employee numbers in the employer's list; numbers that nobody has are left out."""
        ...

    async def get(self, contacts: Sequence[ContactId]) -> Mapping[ContactId, Contact]:
        """These contacts; one that is not stored, or was erased, is left out."""
        ...

    async def people(self, employer: EmployerId) -> Sequence[Contact]:
        """Everybody of the employer's, who left too, in the order in which they came."""
        ...

    async def groups(self, employer: EmployerId | None) -> Sequence[str]:
        """The groups that people of the employer (None: of any) are in, by name."""
        ...

    async def add(self, contacts: Sequence[Contact]) -> None:
        """Store new contacts with their addresses; raises Conflict when an address is somebody else's."""
        ...

    async def set_left(self, employer: EmployerId, contacts: Sequence[ContactId], at: datetime | None) -> None:
        """They have left, or (None) are back; whoever is not the employer's any more stays as they are."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """One of the staff, without anything that is secret."""

    id: StaffId
    name: str
    role: Role
    employer: EmployerId | None
    is_disabled: bool


class StaffAccounts(Protocol):
    """The accounts of all staff, the organisation's own too, and their sign-ins."""

    async def add(self, staff: Staff) -> None:
        """Raises Conflict when the login is another's."""
        ...

    async def get(self, staff: StaffId) -> Staff | None: ...

    async def hold(self, login: str) -> Staff | None:
        """The account of this login, which no other transaction changes until this one ends."""
        ...

    async def save(self, staff: Staff) -> None: ...

    async def all(self) -> Sequence[Staff]: ...

    async def colleagues(self) -> Sequence[Colleague]:
        """Everybody, also who works here no more: their names stand in what was written."""
        ...

    async def begin(self, session: StaffSession) -> None: ...

    async def session(self, id_: str) -> StaffSession | None: ...

    async def seen(self, id_: str, at: datetime) -> None: ...

    async def end(self, id_: str) -> bool:
        """False when the session was over already: of two who end it one may go on."""
        ...

    async def end_all(self, staff: StaffId) -> int: ...

    async def delete_expired(self, now: datetime) -> int: ...
