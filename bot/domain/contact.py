"""Owns the contact (a migrant worker) and the addresses at which one can be reached."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from bot.domain.employer import EmployerId, SiteId
from bot.domain.values import Position

ContactId = NewType("ContactId", str)

WHATSAPP_WINDOW = timedelta(hours=24)  # WhatsApp Business: free text only within 24 h of the contact's last message


class Channel(StrEnum):
    """The ways in and out of the house."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    WEBCHAT = "webchat"

    @property
    def joins_texts(self) -> bool:
        """Whether the texts of one answer go out as one message, because each message costs the contact or us."""
        return self is Channel.SMS

    @property
    def scheme(self) -> "Scheme":
        """The kind of address that this channel writes to."""
        return Scheme.TEL if self is Channel.SMS else Scheme(self.value)


class Scheme(StrEnum):
    """Kinds of address."""

    TEL = "tel"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    WEBCHAT = "webchat"

    @property
    def channel(self) -> Channel:
        """The channel that serves this kind of address."""
        return Channel.SMS if self is Scheme.TEL else Channel(self.value)


class Permission(StrEnum):
    """What the owner of an address has said about being written to."""

    NONE = "none"  # from a roster; has never written
    WROTE = "wrote"  # wrote to us first, which allows answers
    GRANTED = "granted"  # asked for messages (START)
    REFUSED = "refused"  # STOP, or blocked us on the channel


_JOINERS = "\u200c\u200d"  # parts of words in Arabic and Indic letters


def plain_name(typed: str) -> str:
    """A name as it is kept: on one line, without halves of characters and marks that turn the text beside it around."""
    kept = (one if one.isprintable() or one in _JOINERS else " " if one.isspace() else "" for one in typed)
    return " ".join("".join(kept).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a contact is reached: path is an E.164 number, a WhatsApp id, a Telegram chat, a web chat secret's hash."""

    scheme: Scheme
    path: str

    @property
    def channel(self) -> Channel:
        return self.scheme.channel

    @property
    def redacted(self) -> str:
        """Fit for a log: the scheme and the last two characters."""
        return f"{self.scheme.value}:…{self.path[-2:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One address of a contact with what is known of it."""

    address: Address
    permission: Permission = Permission.WROTE
    permission_at: datetime | None = None
    last_heard_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether answers and notices may go to this address."""
        return self.permission is not Permission.REFUSED

    def is_in_window(self, now: datetime) -> bool:
        """Whether free text may be sent now: always, but on WhatsApp only within 24 hours of the last message heard."""
        if self.address.scheme is not Scheme.WHATSAPP:
            return True
        return self.last_heard_at is not None and now - self.last_heard_at < WHATSAPP_WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What an employer's own list says of a person: the only facts of them that it is shown (R2)."""

    name: str | None = None
    phones: tuple[str, ...] = ()  # E.164, the first one first
    whatsapp: tuple[str, ...] = ()
    language: str | None = None
    nationality: str | None = None
    employee_number: str | None = None

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where the list says that this person can be reached: WhatsApp first, for it costs the reader least."""
        chats = [Address(scheme=Scheme.WHATSAPP, path=path) for path in self.whatsapp]
        return (*chats, *(Address(scheme=Scheme.TEL, path=path) for path in self.phones))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person who writes or is written to; nothing but an address is ever required."""

    id: ContactId
    reaches: tuple[Reach, ...]
    language: str | None = None
    is_language_confirmed: bool = False
    name: str | None = None
    nationality: str | None = None  # ISO 3166-1 alpha-2
    employer: EmployerId | None = None
    site: SiteId | None = None
    position: Position | None = None  # last shared location
    position_at: datetime | None = None
    met_at: datetime | None = None  # when the bot first said what it is
    erase_at: datetime | None = None  # asked to be forgotten: erased once the answer to that is sent
    left_at: datetime | None = None  # no longer works there: out of every audience, still answered
    groups: tuple[str, ...] = ()  # the employer's own words: shift, team, house
    listing: Listing | None = None  # None: not on an employer's list, at most joined by a site's code

    @property
    def employee_number(self) -> str | None:
        return self.listing.employee_number if self.listing else None

    @property
    def name_for_employer(self) -> str | None:
        """The name that the employer may see: its own list's, or what somebody who joined gives themselves."""
        return self.listing.name if self.listing else self.name

    def reach(self, address: Address) -> Reach | None:
        """This contact's reach at `address`, if it is one of theirs."""
        return next((reach for reach in self.reaches if reach.address == address), None)

    @property
    def heard_last(self) -> Address | None:
        """The address that this contact last wrote from."""
        heard = [(reach.last_heard_at, reach.address) for reach in self.reaches if reach.last_heard_at is not None]
        return max(heard, key=lambda pair: pair[0])[1] if heard else None

    def permitting(self, address: Address, permission: Permission, at: datetime) -> "Contact":
        """This contact after its owner said something new about being written to at `address`."""
        return replace(
            self,
            reaches=tuple(
                replace(reach, permission=permission, permission_at=at) if reach.address == address else reach
                for reach in self.reaches
            ),
        )
