"""Owns the action that tells a contact where help is."""

from bot.domain.errors import InputError
from bot.domain.place import PlaceKind
from bot.domain.values import Position, Value
from bot.engine.effects import Called
from bot.services.places import TOLD_AT_ONCE, PlaceDirectory
from bot.services.ports import ActionSpec, Occasion

TOLD_WHERE_IT_COSTS = 2  # one place is about four SMS segments, for its name is seldom within GSM-7


def find_places(*, places: PlaceDirectory) -> ActionSpec:
    """`kind` is one kind or several ("hospital, clinic"); `near` a location or a place's name, `site` a site's code."""

    async def run(occasion: Occasion) -> Called:
        given = occasion.arguments
        near = given.get("near") or given.get("site")
        found = await places.find(
            occasion.unit,
            kinds=kinds(given.get("kind")),
            contact=occasion.contact,
            language=occasion.language,
            now=occasion.now,
            near=near if isinstance(near, Position | str) else None,
            nationality=_nationality(given.get("nationality")) or occasion.contact.nationality,
            limit=_limit(occasion),
        )
        if not found.places:
            return Called(outcome="none")
        return Called(outcome="found", values={"places_text": found.text, "count": len(found.places)})

    return ActionSpec(
        run=run,
        arguments=frozenset({"kind", "near", "site", "nationality"}),
        outcomes=frozenset({"found", "none"}),
        values=frozenset({"places_text", "count"}),
    )


def kinds(written: Value) -> tuple[PlaceKind, ...]:
    """The kinds of places that a flow asks for; raises InputError, which names those there are."""
    names = [name.strip() for name in written.split(",")] if isinstance(written, str) else []
    try:
        found = tuple(PlaceKind(name) for name in names)
    except ValueError:
        found = ()
    if not found:
        raise InputError(f"find_places: kind {written!r} must be one of {', '.join(PlaceKind)}")
    return found


def _limit(occasion: Occasion) -> int:
    """Fewer where each place is several messages that cost."""
    return TOLD_WHERE_IT_COSTS if occasion.address.channel.joins_texts else TOLD_AT_ONCE


def _nationality(value: Value) -> str | None:
    return value.upper() if isinstance(value, str) and len(value) == 2 else None
