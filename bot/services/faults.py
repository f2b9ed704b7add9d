"""Owns what follows a fault of ours: the contact hears of it, a person gets a case, what is broken is let go (R22)."""

from bot.domain.case import Topic, Urgency
from bot.domain.contact import Channel, Contact
from bot.domain.delivery import Content
from bot.domain.session import Session
from bot.engine import interpreter
from bot.engine.effects import Say, Setting, Text
from bot.engine.flow import EngineError
from bot.log import logger
from bot.services.ports import Unit
from bot.services.turn import House

log = logger("faults")

FALLBACK = Text(
    msgid="Sorry, something went wrong on our side. Your message is saved and a person will look at it. "
    "In danger, call {emergency_number}. Hotline: {hotline}."
)


async def report(unit: Unit, house: House, contact: Contact, setting: Setting) -> None:
    """Open a case for a person to look at what the contact wanted."""
    await house.cases.open(unit, contact=contact, topic=Topic.FAULT, urgency=Urgency.HIGH, facts={}, now=setting.now)


async def sound(unit: Unit, house: House, contact: Contact, setting: Setting) -> tuple[list[Session], bool]:
    """The open sessions, and whether the one on top was lost.

    What a changed flow has broken is ended and a person gets a case, so that it fails once and what the contact says
    now is heard for itself.
    """
    sessions = await unit.sessions.open(contact.id)
    kept = [session for session in sessions if _is_sound(house, session, setting)]
    for session in sessions:
        if session not in kept:
            log.error("session_broken", session=session.id, flow=session.flow, step=session.step)
            await unit.sessions.save(session.ended())
    if len(kept) < len(sessions):
        await report(unit, house, contact, setting)
    return kept, list(sessions[:1]) != kept[:1]


def _is_sound(house: House, session: Session, setting: Setting) -> bool:
    try:
        interpreter.question(house.flows, session, setting)
    except EngineError:
        return False
    return True


def last_words(house: House, language: str) -> Content:
    """The fallback text; in plain English where even the catalogs fail."""
    try:
        return house.phrasing.content(Say(text=FALLBACK), language, Channel.SMS)
    except Exception as error:
        log.error("phrasing_failed", error=error)
        given = {name: str(value) for name, value in house.phrasing.given.items()}
        return Content(text=FALLBACK.msgid.format_map(given), language="en")
