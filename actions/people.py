"""Owns the action that gives a flow what is known of the contact and of the deployment."""

from collections.abc import Mapping

from bot.domain.values import Value
from bot.engine.effects import Called
from bot.services.ports import ActionSpec, Occasion

NAMES = frozenset({"organisation", "emergency_number", "hotline", "nationality", "site_name", "known_position"})


def contact_facts(*, given: Mapping[str, str]) -> ActionSpec:
    """Sets what is known and leaves out what is not, so that a flow may ask `known(site_name)`."""

    async def run(occasion: Occasion) -> Called:
        contact = occasion.contact
        site = await occasion.unit.sites.get(contact.site) if contact.site else None
        facts: dict[str, Value] = {
            **given,
            "nationality": contact.nationality,
            "site_name": site.name if site else None,
            "known_position": contact.position or (site.position if site else None),
        }
        return Called(
            outcome="done", values={name: fact for name, fact in facts.items() if name in NAMES and fact is not None}
        )

    return ActionSpec(run=run, values=NAMES)
