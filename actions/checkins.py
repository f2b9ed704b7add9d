"""Owns the actions by which a flow keeps what a contact says of their own safety, and of a colleague's."""

from bot.domain.checkin import Safety
from bot.engine.effects import Called
from bot.services.checkins import CheckInDesk, broadcast_of, live_question
from bot.services.ports import ActionSpec, Occasion


def record_check_in(*, check_ins: CheckInDesk) -> ActionSpec:
    """Keeps the answer to the alert that the session is about."""

    async def run(occasion: Occasion) -> Called:
        broadcast, safety = broadcast_of(occasion.session), Safety(str(occasion.arguments["safety"]))
        is_kept = await check_ins.record(occasion.unit, occasion.contact, broadcast, safety, occasion.now)
        return Called(outcome="recorded" if is_kept else "too_late")

    return ActionSpec(run=run, arguments=frozenset({"safety"}), outcomes=frozenset({"recorded", "too_late"}))


def ask_safety(*, check_ins: CheckInDesk, organisation: str) -> ActionSpec:
    """Whether somebody who writes that they are safe is to be asked so by the live alert, which does not know it."""

    async def run(occasion: Occasion) -> Called:
        asked = await live_question(occasion.unit, occasion.contact, organisation=organisation)
        if asked is None or (asked.recipient.has_answered and asked.recipient.safety is Safety.SAFE):
            return Called(outcome="none")
        await check_ins.note_words(occasion.unit, asked.recipient, occasion.now)
        return Called(outcome="asked", values=asked.answers(interrupts=False))

    values = frozenset({"broadcast", "employer_name", "drill", "ours"})
    return ActionSpec(run=run, outcomes=frozenset({"asked", "none"}), values=values)


def vouch(*, check_ins: CheckInDesk) -> ActionSpec:
    """Keeps that a colleague is safe, as reported by this contact."""

    async def run(occasion: Occasion) -> Called:
        broadcast, who = broadcast_of(occasion.session), str(occasion.arguments.get("who") or "")
        is_kept = await check_ins.vouch(occasion.unit, occasion.contact, broadcast, who, now=occasion.now)
        return Called(outcome="recorded" if is_kept else "unknown")

    return ActionSpec(run=run, arguments=frozenset({"who"}), outcomes=frozenset({"recorded", "unknown"}))
