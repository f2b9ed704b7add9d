"""Owns the actions by which a flow keeps what a contact says of their own safety, and of a colleague's."""

from bot.domain.checkin import Safety
from bot.domain.delivery import BroadcastId
from bot.engine.effects import Called
from bot.services.checkins import CheckInDesk
from bot.services.ports import ActionSpec, Occasion


def record_check_in(*, check_ins: CheckInDesk, organisation: str) -> ActionSpec:
    """Keeps the answer to the alert that the session is about; sets the name of who sees it."""

    async def run(occasion: Occasion) -> Called:
        employer = occasion.contact.employer
        known = await occasion.unit.sites.employer(employer) if employer else None
        safety = Safety(str(occasion.arguments["safety"]))
        is_kept = await check_ins.record(occasion.unit, occasion.contact, _broadcast(occasion), safety, occasion.now)
        name = known.name if known else organisation
        return Called(outcome="recorded" if is_kept else "too_late", values={"employer_name": name})

    return ActionSpec(
        run=run,
        arguments=frozenset({"safety"}),
        outcomes=frozenset({"recorded", "too_late"}),
        values=frozenset({"employer_name"}),
    )


def vouch(*, check_ins: CheckInDesk) -> ActionSpec:
    """Keeps that a colleague is safe, as reported by this contact."""

    async def run(occasion: Occasion) -> Called:
        who = str(occasion.arguments.get("who") or "")
        is_kept = await check_ins.vouch(occasion.unit, occasion.contact, _broadcast(occasion), who, now=occasion.now)
        return Called(outcome="recorded" if is_kept else "unknown")

    return ActionSpec(run=run, arguments=frozenset({"who"}), outcomes=frozenset({"recorded", "unknown"}))


def _broadcast(occasion: Occasion) -> BroadcastId | None:
    named = occasion.session.answers.get("broadcast")
    return BroadcastId(named) if isinstance(named, str) else None
