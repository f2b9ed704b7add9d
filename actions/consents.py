"""Owns the actions by which contacts allow something to be passed on, see what they allow, and take it back (R4)."""

from bot.domain.values import Value
from bot.engine.effects import Called
from bot.i18n import Catalogs
from bot.services import consenting
from bot.services.ports import ActionSpec, Ids, Occasion
from bot.services.voice import Voice


def record_consent(*, ids: Ids) -> ActionSpec:
    """Keeps the answer (yes or no) to a consent that staff asked for."""

    async def run(occasion: Occasion) -> Called:
        consent, is_given = str(occasion.arguments.get("consent") or ""), occasion.arguments.get("answer") == "yes"
        is_kept = await consenting.answer(
            occasion.unit, ids, occasion.contact, consent, is_given=is_given, now=occasion.now
        )
        if not is_kept:
            return Called(outcome="gone")
        return Called(outcome="given" if is_given else "refused")

    return ActionSpec(
        run=run, arguments=frozenset({"consent", "answer"}), outcomes=frozenset({"given", "refused", "gone"})
    )


def consents_given(*, catalogs: Catalogs) -> ActionSpec:
    """Sets a numbered list of what the contact allows, and the ids in its order."""

    async def run(occasion: Occasion) -> Called:
        held = await consenting.holding(occasion.unit, occasion.contact.id)
        if not held:
            return Called(outcome="none")
        voice = Voice(catalogs=catalogs, language=occasion.language)
        lines = [
            voice.say(
                "{number}. To {recipient}, for {purpose}. You said yes on {day}.",
                number=place,
                recipient=consent.recipient,
                purpose=consent.purpose,
                day=(consent.answered_at or consent.asked_at).date(),
            )
            for place, consent in enumerate(held, start=1)
        ]
        ids = ",".join(consent.id for consent in held)
        return Called(outcome="some", values={"consents_text": "\n".join(lines), "consent_ids": ids})

    return ActionSpec(run=run, outcomes=frozenset({"some", "none"}), values=frozenset({"consents_text", "consent_ids"}))


def take_back_consent(*, ids: Ids) -> ActionSpec:
    """Takes back the one of that `number` in the list that was shown."""

    async def run(occasion: Occasion) -> Called:
        consent = _meant(occasion.arguments.get("number"), str(occasion.arguments.get("listed") or ""))
        if consent and await consenting.take_back(occasion.unit, ids, occasion.contact, consent, occasion.now):
            return Called(outcome="done")
        return Called(outcome="unknown")

    return ActionSpec(run=run, arguments=frozenset({"number", "listed"}), outcomes=frozenset({"done", "unknown"}))


def _meant(number: Value, listed: str) -> str:
    """The id at that place of the list, counted from 1; empty where there is none."""
    ids = listed.split(",")
    try:
        place = int(str(number))
    except ValueError:
        return ""
    return ids[place - 1] if 1 <= place <= len(ids) else ""
