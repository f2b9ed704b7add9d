"""Owns the action by which a contact sets the language they are written to in."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.values import Value
from bot.engine.effects import Called
from bot.engine.extract import language_named
from bot.services.ports import ActionSpec, Occasion


def set_language(*, offered: Sequence[str]) -> ActionSpec:
    """`language` is an offered code or a language's name in any of ours; the choice is kept as confirmed (R12)."""

    async def run(occasion: Occasion) -> Called:
        language = _offered(occasion.arguments.get("language"), offered)
        if language is None:
            return Called(outcome="unknown")
        contact = replace(occasion.contact, language=language, is_language_confirmed=True)
        if contact != occasion.contact:
            await occasion.unit.contacts.save(contact)
        return Called(outcome="done")

    return ActionSpec(run=run, arguments=frozenset({"language"}), outcomes=frozenset({"done", "unknown"}))


def _offered(written: Value, offered: Sequence[str]) -> str | None:
    if not isinstance(written, str):
        return None
    code = written.strip().replace("_", "-").lower()
    by_code = {language.lower(): language for language in offered}
    return by_code.get(code) or language_named(written, offered)
