"""Owns the words for what a broadcast is, on every page that shows one, and small counts that are not shown."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, TypeVar

from bot.console.words import N_, Words
from bot.domain.broadcast import (
    AlertUrgency,
    Broadcast,
    BroadcastKind,
    BroadcastStatus,
    Category,
    Certainty,
    MessageType,
    ResponseType,
    Severity,
)
from bot.domain.contact import Channel
from bot.domain.errors import Reason
from bot.i18n import autonym, base
from bot.services.access import Reader
from bot.services.disclosure import FEWEST

Key = TypeVar("Key")

KINDS: Final = {
    BroadcastKind.ALERT: N_("LIVE ALERT"),
    BroadcastKind.NOTICE: N_("Notice"),
    BroadcastKind.DRILL: N_("DRILL"),
}
STATUSES: Final = {
    BroadcastStatus.DRAFT: N_("Draft"),
    BroadcastStatus.SUBMITTED: N_("Waits for approval"),
    BroadcastStatus.APPROVED: N_("Approved, waits for its time"),
    BroadcastStatus.LIVE: N_("Live"),
    BroadcastStatus.ENDED: N_("Over"),
    BroadcastStatus.CANCELLED: N_("Cancelled"),
}
REPLACED: Final = N_("Replaced by an update")
MESSAGE_TYPES: Final = {MessageType.UPDATE: N_("Update"), MessageType.CANCEL: N_("Cancellation")}
CHANNELS: Final = {
    Channel.SMS: N_("SMS"),
    Channel.WHATSAPP: N_("WhatsApp"),
    Channel.TELEGRAM: N_("Telegram"),
    Channel.WEBCHAT: N_("Web chat"),
}
FIELDS: Final = {
    "headline": N_("Headline"),
    "instruction": N_("What people should do"),
    "description": N_("More about it"),
}
CATEGORIES: Final = {
    Category.GEO: N_("Earth: earthquake, landslide"),
    Category.MET: N_("Weather and water"),
    Category.SAFETY: N_("Safety"),
    Category.SECURITY: N_("Security, unrest"),
    Category.RESCUE: N_("Rescue"),
    Category.FIRE: N_("Fire"),
    Category.HEALTH: N_("Health"),
    Category.ENV: N_("Environment"),
    Category.TRANSPORT: N_("Transport"),
    Category.INFRA: N_("Supply: power, water, phones"),
    Category.CBRNE: N_("Chemical and other dangerous substances"),
    Category.OTHER: N_("Something else"),
}
URGENCIES: Final = {
    AlertUrgency.IMMEDIATE: N_("Act at once"),
    AlertUrgency.EXPECTED: N_("Act within the hour"),
    AlertUrgency.FUTURE: N_("Act in the near future"),
    AlertUrgency.PAST: N_("It is over: no action needed"),
    AlertUrgency.UNKNOWN: N_("Not known"),
}
SEVERITIES: Final = {
    Severity.EXTREME: N_("Extreme danger to life"),
    Severity.SEVERE: N_("Severe danger"),
    Severity.MODERATE: N_("Possible danger"),
    Severity.MINOR: N_("Little danger"),
    Severity.UNKNOWN: N_("Not known"),
}
CERTAINTIES: Final = {
    Certainty.OBSERVED: N_("It is happening or has happened"),
    Certainty.LIKELY: N_("Likely"),
    Certainty.POSSIBLE: N_("Possible"),
    Certainty.UNLIKELY: N_("Unlikely"),
    Certainty.UNKNOWN: N_("Not known"),
}
RESPONSES: Final = {
    ResponseType.SHELTER: N_("Take shelter where you are"),
    ResponseType.EVACUATE: N_("Leave the area"),
    ResponseType.PREPARE: N_("Prepare"),
    ResponseType.EXECUTE: N_("Do as was rehearsed"),
    ResponseType.AVOID: N_("Keep away from it"),
    ResponseType.MONITOR: N_("Watch the news of it"),
    ResponseType.ASSESS: N_("Judge for yourselves"),
    ResponseType.ALL_CLEAR: N_("All clear"),
    ResponseType.NONE: N_("Nothing is to be done"),
}
REASONS: Final = {
    Reason.OPTED_OUT: N_("They said STOP"),
    Reason.NO_ADDRESS: N_("No phone number or chat is known"),
    Reason.CHANNEL_OFF: N_("Known only on a channel that is off here"),
    Reason.OUTSIDE_WINDOW: N_("WhatsApp only, silent for 24 hours, and no template is set up"),
}
OTHER_REASON: Final = N_("Another reason")


def count_shown(count: int, reader: Reader) -> int | None:
    """The count, or None where this reader is told only that it is fewer than five."""
    return None if 0 < count < FEWEST and reader.role.is_employers else count


def counts_shown(counts: Mapping[Key, int], reader: Reader) -> dict[Key, int | None]:
    return {key: count_shown(count, reader) for key, count in counts.items()}


def language_name(language: str, _: Words) -> str:
    """The language's name for the reader, and in itself: "Arabic (العربية)"."""
    own, known = autonym(language), _.tongue(base(language))
    return own if known == own else f"{known} ({own})"


def span(length: timedelta, _: Words) -> str:
    """A length of time in the two units that matter: "2 h 5 min", "40 s"."""
    seconds = max(1, round(length.total_seconds()))
    if seconds < 60:
        return _("{seconds} s", seconds=seconds)
    minutes = -(-seconds // 60)
    if minutes < 60:
        return _("{minutes} min", minutes=minutes)
    return _("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


def options(labels: Mapping[Key, str], _: Words) -> list[tuple[Key, str]]:
    """Pairs for a choice of one."""
    return [(key, _(label)) for key, label in labels.items()]


def status(broadcast: Broadcast) -> str:
    """Where it stands: what an update took the place of was not called off."""
    is_replaced = broadcast.status is BroadcastStatus.CANCELLED and broadcast.replaced_by is not None
    return REPLACED if is_replaced else STATUSES[broadcast.status]


def title(broadcast: Broadcast, _: Words) -> str:
    """What lists and headings call it."""
    return broadcast.title or _("Without a headline")
