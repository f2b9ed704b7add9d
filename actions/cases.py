"""Owns the actions that open a case and tell how one goes."""

from bot.domain.case import Case, CaseStatus, Topic, Urgency
from bot.domain.errors import InputError
from bot.domain.values import Value
from bot.engine.effects import Called
from bot.engine.extract import case_number
from bot.i18n import Catalogs
from bot.services.cases import CaseDesk
from bot.services.ports import ActionSpec, Occasion
from bot.services.voice import Voice


def open_case(*, cases: CaseDesk) -> ActionSpec:
    """Opens a case with the flow's answers as its facts, or adds them to the contact's open one of the same day."""

    async def run(occasion: Occasion) -> Called:
        case = await cases.open(
            occasion.unit,
            contact=occasion.contact,
            topic=_topic(occasion.arguments.get("topic")),
            urgency=_urgency(occasion.arguments.get("urgency")),
            facts=occasion.session.answers,
            now=occasion.now,
        )
        return Called(outcome="done", values={"case_number": case.number})

    return ActionSpec(run=run, arguments=frozenset({"topic", "urgency"}), values=frozenset({"case_number"}))


def case_status(*, cases: CaseDesk, catalogs: Catalogs) -> ActionSpec:
    """Tells of the contact's case of that number, else of their newest; another's number is an unknown one."""

    async def run(occasion: Occasion) -> Called:
        unit, contact = occasion.unit, occasion.contact
        written = occasion.arguments.get("case_number")
        if isinstance(written, str) and written.strip():
            number = case_number(written)
            case = await cases.of_number(unit, contact, number) if number else None
        else:
            case = await cases.latest(unit, contact)
        if case is None:
            return Called(outcome="none")
        voice = Voice(catalogs=catalogs, language=occasion.language)
        return Called(outcome="found", values={"case_number": case.number, "status_text": standing(case, voice)})

    return ActionSpec(
        run=run,
        arguments=frozenset({"case_number"}),
        outcomes=frozenset({"found", "none"}),
        values=frozenset({"status_text", "case_number"}),
    )


def standing(case: Case, voice: Voice) -> str:
    """How a case goes, in plain words: no topic, which others might read, and no time that nobody gave."""
    number, opened = case.number, case.opened_at.date()
    if not case.status.is_open:
        if case.closed_at is None:
            return voice.say("Case {number} is closed.", number=number)
        return voice.say("Case {number} was closed on {day}.", number=number, day=case.closed_at.date())
    if case.status is CaseStatus.WAITING:
        return voice.say(
            "A person works on case {number}. They wait for an answer, from you or from somebody else. "
            "It was opened on {day}.",
            number=number,
            day=opened,
        )
    if case.status is CaseStatus.IN_PROGRESS:
        return voice.say("A person works on case {number}. It was opened on {day}.", number=number, day=opened)
    return voice.say("Case {number} is open since {day}. It waits for the next free person.", number=number, day=opened)


def _topic(value: Value) -> Topic:
    try:
        return Topic(str(value))
    except ValueError:
        raise InputError(f"open_case: topic {value!r} must be one of {', '.join(Topic)}") from None


def _urgency(value: Value) -> Urgency:
    """An urgency by its name, as flows write it."""
    name = str(value or "normal").upper()
    if name not in Urgency.__members__:
        raise InputError(f"open_case: urgency {value!r} must be one of {', '.join(Urgency.__members__).lower()}")
    return Urgency[name]
