"""Owns the words for places: their states, their columns, and each thing that was done with one."""

from typing import Final

from bot.console.words import N_, Words
from bot.services.place_desk import Done, State, Step

STATES: Final = {
    State.CURRENT: N_("Current"),
    State.EXPIRING: N_("Expires within 30 days"),
    State.EXPIRED: N_("Expired: told to nobody"),
    State.BLOCKED: N_("Blocked: told to nobody"),
}
FIELDS: Final = {
    "kind": N_("Kind"), "name": N_("Name"), "phones": N_("Phones"), "street": N_("Street and town"),
    "position": N_("Position"), "nationality": N_("Nationality"), "who_for": N_("Who it is for"),
    "languages": N_("Languages"), "hours": N_("Opening hours"), "is_always_open": N_("Opening hours"),
    "timezone": N_("Time zone"), "is_id_needed": N_("ID needed"), "fee": N_("Fee"), "source": N_("Source"),
    "checked_on": N_("Checked on"), "expires_on": N_("Expires on"),
}  # fmt: skip
DEEDS: Final = {
    Done.ADDED: N_("Added"),
    Done.CHANGED: N_("Corrected"),
    Done.CALLED: N_("Called: it works"),
    Done.BLOCKED: N_("Blocked"),
    Done.UNBLOCKED: N_("Unblocked"),
    Done.IMPORTED: N_("Imported from a file"),
}


def step_words(step: Step, _: Words) -> str:
    """One entry of a place's history: what was done, and to which fields."""
    done = _(DEEDS[step.done]) if step.done else step.entry.detail
    fields = list(dict.fromkeys(_(FIELDS.get(name, name)) for name in step.fields))
    return f"{done}: {', '.join(fields)}" if fields else done
