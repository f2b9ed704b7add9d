"""Owns what actions find out of their occasion: the address at which the contact speaks now."""

from bot.domain.contact import Address, Contact
from bot.services.ports import Occasion


def said_at(occasion: Occasion) -> Address | None:
    """Where the contact wrote what this action answers."""
    return heard_last(occasion.contact)


def heard_last(contact: Contact) -> Address | None:
    """The address that the contact last wrote from."""
    heard = [(reach.last_heard_at, reach.address) for reach in contact.reaches if reach.last_heard_at is not None]
    return max(heard, key=lambda pair: pair[0])[1] if heard else None
