"""Owns the actions by which contacts rule over their own data and over being written to (R18, R19)."""

from bot.domain.contact import Permission
from bot.engine.effects import Called
from bot.i18n import Catalogs
from bot.services.ports import ActionSpec, Occasion
from bot.services.privacy import Privacy, Retention
from bot.services.voice import Voice

EVERYWHERE = "all"


def opt_out(*, privacy: Privacy) -> ActionSpec:
    """No more messages to the address it was said at; with `scope: all`, to none of the contact's addresses."""
    return _permission(privacy, Permission.REFUSED)


def opt_in(*, privacy: Privacy) -> ActionSpec:
    """Messages again, as `opt_out` ended them."""
    return _permission(privacy, Permission.GRANTED)


def _permission(privacy: Privacy, permission: Permission) -> ActionSpec:
    async def run(occasion: Occasion) -> Called:
        is_everywhere = occasion.arguments.get("scope") == EVERYWHERE
        address = None if is_everywhere else occasion.address
        await privacy.permit(occasion.unit, occasion.contact, permission, address, occasion.now)
        return Called(outcome="done")

    return ActionSpec(run=run, arguments=frozenset({"scope"}))


def erase_me(*, privacy: Privacy) -> ActionSpec:
    """The contact is erased everywhere once the farewell is sent."""

    async def run(occasion: Occasion) -> Called:
        await privacy.ask_to_forget(occasion.unit, occasion.contact, occasion.now)
        return Called(outcome="done")

    return ActionSpec(run=run)


def what_you_know(*, privacy: Privacy, catalogs: Catalogs, retention: Retention) -> ActionSpec:
    """Sets `summary`: what is held of the contact and when it goes."""

    async def run(occasion: Occasion) -> Called:
        voice = Voice(catalogs=catalogs, language=occasion.language)
        summary = await privacy.summary(occasion.unit, occasion.contact, retention, voice)
        return Called(outcome="done", values={"summary": summary})

    return ActionSpec(run=run, values=frozenset({"summary"}))
