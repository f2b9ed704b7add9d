"""Owns the words for conversations and cases: urgencies, topics, states, and each thing that was done as a sentence."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, TypeVar

from bot.console.standing_words import REASONS
from bot.console.words import N_, Words
from bot.domain.activity import Activity, ActivityKind
from bot.domain.case import CaseStatus, Compartment, Outcome, Topic, Urgency
from bot.domain.delivery import Delivery, DeliveryStatus
from bot.domain.staff import StaffId
from bot.services.desk import HandBack, Why
from bot.services.desk_ports import QueueRow
from bot.services.queue import Place, place_of

Kind = TypeVar("Kind", bound=Enum)

URGENCIES: Final = {
    Urgency.CRITICAL: N_("Critical"),
    Urgency.HIGH: N_("High"),
    Urgency.NORMAL: N_("Normal"),
    Urgency.LOW: N_("Low"),
}
# Told apart without colour: each has a shape of its own.
SHAPES: Final = {Urgency.CRITICAL: "◆", Urgency.HIGH: "▲", Urgency.NORMAL: "●", Urgency.LOW: "○"}
TOPICS: Final = {
    Topic.DANGER: N_("Danger"),
    Topic.MEDICAL: N_("Medical help"),
    Topic.DISTRESS: N_("Distress"),
    Topic.MISSING_PERSON: N_("Missing person"),
    Topic.EVACUATION: N_("Leaving, evacuation"),
    Topic.CONSULAR: N_("Consulate"),
    Topic.DOCUMENTS: N_("Documents"),
    Topic.WAGES: N_("Wages"),
    Topic.LABOUR: N_("Work"),
    Topic.FORCED_LABOUR: N_("Forced labour"),
    Topic.ABUSE: N_("Abuse"),
    Topic.PERSON: N_("Wants a person"),
    Topic.NOT_UNDERSTOOD: N_("Not understood"),
    Topic.FAULT: N_("Fault of the service"),
}
CASE_STATUSES: Final = {
    CaseStatus.OPEN: N_("Waits"),
    CaseStatus.IN_PROGRESS: N_("In hand"),
    CaseStatus.WAITING: N_("Rests"),
    CaseStatus.RESOLVED: N_("Resolved"),
    CaseStatus.CLOSED: N_("Closed"),
}
COMPARTMENTS: Final = {Compartment.GENERAL: N_("General"), Compartment.PROTECTION: N_("Protection")}
OUTCOMES: Final = {
    Outcome.HELPED: N_("Helped"),
    Outcome.REFERRED: N_("Referred to others"),
    Outcome.INFORMED: N_("Informed"),
    Outcome.UNREACHABLE: N_("Could not be reached"),
    Outcome.WITHDRAWN: N_("Wants it no more"),
    Outcome.DUPLICATE: N_("The same as another case"),
    Outcome.NOTHING_TO_DO: N_("Nothing to do"),
}
PLACES: Final = {
    Place.WAITING: N_("Waits for a person"),
    Place.OWED: N_("Waits for an answer"),
    Place.HELD: N_("In hand"),
    Place.FOLLOW_UP: N_("Next step is due"),
    Place.RESTING: N_("Rests"),
}
SENDING: Final = {
    DeliveryStatus.QUEUED: N_("Waiting to be sent"),
    DeliveryStatus.SENDING: N_("Being sent"),
    DeliveryStatus.SENT: N_("Sent"),
    DeliveryStatus.DELIVERED: N_("Delivered"),
    DeliveryStatus.READ: N_("Read"),
    DeliveryStatus.FAILED: N_("Not delivered"),
    DeliveryStatus.EXPIRED: N_("Not sent: its time was over"),
    DeliveryStatus.CANCELLED: N_("Not sent: cancelled"),
}
WHY: Final = {
    Why.WISH: N_("{name} gave it back to the queue."),
    Why.OFF_DUTY: N_("{name} went off duty: it went back to the queue."),
    Why.SILENT: N_("{name} gave no sign any more: it went back to the queue."),
}
HANDED: Final = {
    HandBack.RESUME: N_("{name} handed it back to the bot, which goes on where it was."),
    HandBack.END: N_("{name} handed it back to the bot, which begins afresh."),
}
DONE: Final = {
    ActivityKind.CASE_OPENED: N_("A case was opened."),
    ActivityKind.CLAIMED: N_("{name} took it."),
    ActivityKind.ANSWERED: N_("{name} answered for the first time."),
    ActivityKind.TRANSFERRED: N_("{name} gave it to {other}."),
    ActivityKind.NOTE: N_("{name} noted:"),
    ActivityKind.ASKED: N_("{name} let the bot ask a question."),
    ActivityKind.STATUS: N_("{name} changed a case: {was}, now {now}."),
    ActivityKind.URGENCY: N_("{name} changed the urgency of a case."),
    ActivityKind.COMPARTMENT: N_("{name} changed who may read a case."),
    ActivityKind.NEXT_STEP: N_("{name} set the next step."),
    ActivityKind.NARRATIVE: N_("{name} corrected what a case tells."),
    ActivityKind.LINKED: N_("{name} linked a case."),
    ActivityKind.UNLINKED: N_("{name} took a link between cases away."),
    ActivityKind.CLUES: N_("{name} marked signs in a case."),
    ActivityKind.CONSENT: N_("{name} recorded a consent."),
    ActivityKind.REFERRED: N_("{name} referred a case to others."),
    ActivityKind.ESCALATED: N_("Nobody answered in time: those who lead were told."),
    ActivityKind.MERGED: N_("{name} put two conversations of one person together."),
    ActivityKind.UNMERGED: N_("{name} took two conversations apart again."),
}
BY_ITSELF: Final = N_("The desk")
SOMEBODY: Final = N_("Somebody")


def done(activity: Activity, names: Mapping[StaffId, str], _: Words) -> str:
    """What was done, by whom, as one sentence."""
    details = activity.details
    given = {
        "name": name_of(activity.staff, names, _),
        "other": name_of(StaffId(details.get("to", "")), names, _),
        "was": _status(details.get("was", ""), _),
        "now": _status(details.get("is", ""), _),
    }
    text = DONE.get(activity.kind, BY_ITSELF)
    if activity.kind is ActivityKind.GIVEN_BACK:
        given["name"] = name_of(StaffId(details.get("from", "")), names, _)
        text = WHY.get(_known(Why, details.get("why", "")) or Why.WISH, WHY[Why.WISH])
    if activity.kind is ActivityKind.HANDED_BACK:
        text = HANDED[_known(HandBack, details.get("how", "")) or HandBack.END]
    return _(text, **given)


def name_of(staff: StaffId | None, names: Mapping[StaffId, str], _: Words) -> str:
    """Whoever did it by name; the desk itself for nobody, "somebody" for who is not known any more."""
    if staff is None:
        return _(BY_ITSELF)
    return names.get(staff) or _(SOMEBODY)


def _status(value: str, _: Words) -> str:
    found = _known(CaseStatus, value)
    return _(CASE_STATUSES[found]) if found is not None else value


def _known(kind: type[Kind], value: str) -> Kind | None:
    return next((one for one in kind if one.value == value), None)


def sending(delivery: Delivery, _: Words) -> str:
    """How far a message to the contact came: "Not delivered: the phone cannot be reached"."""
    state = _(SENDING[delivery.status])
    if delivery.status is DeliveryStatus.FAILED and delivery.failure is not None:
        return _("{state}: {reason}", state=state, reason=_(REASONS[delivery.failure]))
    return state


def span(length: timedelta, _: Words) -> str:
    """A length of time in words, never below a minute."""
    minutes = max(1, int(length.total_seconds()) // 60)
    if minutes < 60:
        return _.plural("{n} minute", "{n} minutes", minutes)
    if minutes < 48 * 60:
        return _("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
    return _.plural("{n} day", "{n} days", minutes // (24 * 60))


def clock_of(row: QueueRow, now: datetime, _: Words) -> tuple[str, bool]:
    """What a row's clock says, and whether its time is over."""
    if row.due_at is not None:
        return until(row.due_at, now, N_("Answer within {time}"), N_("Answer is late by {time}"), _)
    if row.resolve_by is not None and row.resolve_by <= now:
        return _("Resolution is late by {time}", time=span(now - row.resolve_by, _)), True
    if place_of(row, now) is Place.OWED and row.heard_at is not None:
        return _("Wrote {time} ago", time=span(now - row.heard_at, _)), False
    if row.next_step_at is not None:
        return until(row.next_step_at, now, N_("Next step in {time}"), N_("Next step is due since {time}"), _)
    if row.resolve_by is not None:
        return _("Resolve within {time}", time=span(row.resolve_by - now, _)), False
    return "", False


def until(at: datetime, now: datetime, before: str, after: str, _: Words) -> tuple[str, bool]:
    """What is said before a time and after it, and whether it is over."""
    is_over = at <= now
    return _(after if is_over else before, time=span(abs(at - now), _)), is_over
