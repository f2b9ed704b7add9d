"""Owns the actions by which a contact joins a site with its code and leaves their employer's list."""

from bot.domain.contact import Contact
from bot.domain.values import Value
from bot.engine.effects import Called
from bot.services import joining
from bot.services.joining import Joining, Outcome
from bot.services.ports import ActionSpec, Occasion


def join_site() -> ActionSpec:
    """Joins by `code`. Sets who the contact is with now, the name that the employer sees of one who was not listed."""

    async def run(occasion: Occasion) -> Called:
        code = occasion.arguments.get("code")
        ended = await joining.join(occasion.unit, occasion.contact, str(code or ""), occasion.now)
        return Called(outcome=ended.outcome.value, values=_told(ended, occasion.contact))

    return ActionSpec(
        run=run,
        arguments=frozenset({"code"}),
        outcomes=frozenset(outcome.value for outcome in Outcome),
        values=frozenset({"site_name", "employer_name", "shown_name", "is_listed", "is_new"}),
    )


def _told(ended: Joining, contact: Contact) -> dict[str, Value]:
    is_listed = contact.listing is not None and ended.employer is not None and contact.employer == ended.employer.id
    facts: dict[str, Value | None] = {
        "site_name": ended.site.name if ended.site else None,
        "employer_name": ended.employer.name if ended.employer else None,
        "shown_name": None if is_listed else contact.name,
        "is_listed": is_listed,
        "is_new": contact.met_at is None,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def employer_of() -> ActionSpec:
    """Whose list the contact is on."""

    async def run(occasion: Occasion) -> Called:
        employer = occasion.contact.employer
        known = await occasion.unit.sites.employer(employer) if employer else None
        return Called(outcome="known", values={"employer_name": known.name}) if known else Called(outcome="none")

    return ActionSpec(run=run, outcomes=frozenset({"known", "none"}), values=frozenset({"employer_name"}))


def leave_site() -> ActionSpec:
    """Forgets the contact's employer and site."""

    async def run(occasion: Occasion) -> Called:
        await joining.leave(occasion.unit, occasion.contact)
        return Called(outcome="done")

    return ActionSpec(run=run)
