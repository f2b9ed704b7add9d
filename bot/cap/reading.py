"""Owns reading a CAP 1.2 alert of others: checked, in our languages and in UTC, with notes on what was left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.cap import times
from bot.cap.document import Element, check, child_text, children, parse, text_of
from bot.cap.feeds import Link, is_feed, links
from bot.cap.places import read_area
from bot.cap.signing import claimed_signer, signatures
from bot.domain.broadcast import (
    AlertUrgency,
    Area,
    Category,
    Certainty,
    Info,
    MessageType,
    Provenance,
    ResponseType,
    Severity,
)
from bot.domain.errors import InputError

NOT_FOR_PEOPLE = {
    "Ack": "acknowledges another one",
    "Error": "rejects another one",
    "System": "is meant for alerting systems",
}
# Codes that senders of CAP still use, and what the same language is called here.
RENAMED = {"tl": "fil", "iw": "he", "in": "id", "ji": "yi", "mo": "ro"}
UNSAID = "en-US"  # the language of an info that names none, by the standard


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an alert of others says. `infos` is by our language codes, in the sender's order; times are in UTC.

    `status` and `scope` are CAP's words. `is_signed` says only that a signature is there: nobody has checked it, and
    `claimed_signer` is its own word. `notes` tell staff what was left out or changed in reading.
    """

    provenance: Provenance
    message_type: MessageType
    status: str
    scope: str
    sent_at: datetime
    references: tuple[Provenance, ...] = ()
    source_language: str = "en"
    infos: Mapping[str, Info] = field(default_factory=dict)
    sender_name: str = ""
    web: str = ""
    contact: str = ""
    event: str = ""
    category: Category = Category.OTHER
    urgency: AlertUrgency = AlertUrgency.UNKNOWN
    severity: Severity = Severity.UNKNOWN
    certainty: Certainty = Certainty.UNKNOWN
    response: ResponseType = ResponseType.NONE
    area: Area = field(default_factory=Area)
    effective_at: datetime | None = None
    onset_at: datetime | None = None
    expires_at: datetime | None = None
    is_signed: bool = False
    claimed_signer: str = ""
    notes: tuple[str, ...] = ()


def read_alert(data: bytes, *, languages: Sequence[str] = ()) -> Imported:
    """Read one alert; `languages` are those offered here, to which the sender's tags are fitted.

    Raises InputError with the line of what is wrong and what to do.
    """
    root = parse(data)
    check(root)
    return imported(root, languages)


def read(data: bytes, *, languages: Sequence[str] = (), base: str = "") -> Imported | list[Link]:
    """Whatever staff were given: one alert, or the links of a feed at `base`. Raises InputError."""
    root = parse(data)
    if is_feed(root):
        return links(root, base)
    check(root)
    return imported(root, languages)


def imported(root: Element, languages: Sequence[str]) -> Imported:
    """What an alert that has passed the schema says."""
    notes: list[str] = []
    message_type = _message_type(root)
    infos = _infos(root, languages, notes)
    if not infos and message_type is not MessageType.CANCEL:
        raise InputError(f"Line {root.sourceline}: the alert has no text for anybody. Ask its sender.")
    said = _said(infos, notes)
    signed = signatures(root)
    return Imported(
        provenance=_provenance(root),
        message_type=message_type,
        status=child_text(root, "status"),
        scope=child_text(root, "scope"),
        sent_at=_needed_time(root),
        references=_references(root, notes),
        is_signed=bool(signed),
        claimed_signer=claimed_signer(signed[0]) if signed else "",
        **said,
        notes=tuple(notes),
    )


def fitted(tag: str, offered: Sequence[str]) -> str:
    """Our code for a language tag of others: "en" for "en-US", unless "en-US" itself is offered."""
    first, *rest = tag.replace("_", "-").split("-")
    base = RENAMED.get(first.lower(), first.lower())
    full = "-".join([base, *rest]).casefold()
    return next((own for own in offered if own.casefold() == full), base)


# --- the envelope ---------------------------------------------------------------------------------------------------


def _message_type(root: Element) -> MessageType:
    for name in ("msgType", "status"):
        if child_text(root, name) in NOT_FOR_PEOPLE:
            reason = NOT_FOR_PEOPLE[child_text(root, name)]
            raise InputError(f"Line {root.sourceline}: this message {reason}: there is nothing to tell people.")
    return MessageType(child_text(root, "msgType"))


def _provenance(root: Element) -> Provenance:
    sender, identifier = child_text(root, "sender"), child_text(root, "identifier")
    if not sender or not identifier:
        raise InputError(f"Line {root.sourceline}: the alert does not say its sender and identifier. Ask its sender.")
    return Provenance(sender=sender, identifier=identifier, sent=child_text(root, "sent"))


def _references(root: Element, notes: list[str]) -> tuple[Provenance, ...]:
    triples = [triple.split(",") for triple in child_text(root, "references").split()]
    unread = [",".join(parts)[:100] for parts in triples if len(parts) != 3 or not all(parts)]
    notes += [f"A reference that cannot be read was left out: {text}" for text in unread]
    return tuple(
        Provenance(sender=parts[0], identifier=parts[1], sent=parts[2])
        for parts in triples
        if len(parts) == 3 and all(parts)
    )


def _needed_time(root: Element) -> datetime:
    at = _time(root, "sent")
    if at is None:
        raise InputError(f"Line {root.sourceline}: the alert does not say when it was sent. Ask its sender.")
    return at


def _time(parent: Element, name: str) -> datetime | None:
    element = next(children(parent, name), None)
    if element is None:
        return None
    try:
        return times.read(text_of(element))
    except InputError as error:
        raise InputError(f"Line {element.sourceline}, {name}: {error}. Ask the sender.") from error


# --- what is said ---------------------------------------------------------------------------------------------------


def _infos(root: Element, languages: Sequence[str], notes: list[str]) -> Mapping[str, Element]:
    """The infos by language, the first of each."""
    found: dict[str, Element] = {}
    for info in children(root, "info"):
        language = fitted(child_text(info, "language") or UNSAID, languages)
        if found.setdefault(language, info) is not info:
            notes.append(
                f"Line {info.sourceline}: a second text in {language} was left out. It may be meant for another area "
                "or time: read the original."
            )
    return found


def _said(infos: Mapping[str, Element], notes: list[str]) -> dict[str, Any]:
    """The fields that infos give; facts are those of the first one."""
    if not infos:
        return {}
    language, first = next(iter(infos.items()))
    _compare(infos, notes)
    return {
        "source_language": language,
        "infos": {language: _texts(info) for language, info in infos.items()},
        "sender_name": child_text(first, "senderName"),
        "web": child_text(first, "web"),
        "contact": child_text(first, "contact"),
        "event": child_text(first, "event"),
        "category": Category(_first_of(first, "category", Category.OTHER, notes)),
        "urgency": AlertUrgency(child_text(first, "urgency")),
        "severity": Severity(child_text(first, "severity")),
        "certainty": Certainty(child_text(first, "certainty")),
        "response": ResponseType(_first_of(first, "responseType", ResponseType.NONE, notes)),
        "area": read_area(list(infos.values()), notes),
        "effective_at": _time(first, "effective"),
        "onset_at": _time(first, "onset"),
        "expires_at": _time(first, "expires"),
    }


def _texts(info: Element) -> Info:
    """Its texts, which nobody here has reviewed; an alert without a headline has its event for one."""
    return Info(
        headline=child_text(info, "headline") or child_text(info, "event"),
        description=child_text(info, "description"),
        instruction=child_text(info, "instruction"),
    )


def _compare(infos: Mapping[str, Element], notes: list[str]) -> None:
    """Note where languages disagree on a fact: one of them is wrong."""
    (main, first), *others = infos.items()
    for language, info in others:
        differing = [
            name for name in ("urgency", "severity", "certainty") if child_text(info, name) != child_text(first, name)
        ]
        differing += [name for name in ("onset", "expires") if _time(info, name) != _time(first, name)]
        notes += [f"{name.capitalize()} is another in {language}: that of {main} was taken." for name in differing]


def _first_of(info: Element, name: str, default: str, notes: list[str]) -> str:
    said = [text_of(element) for element in children(info, name)]
    if len(said) > 1:
        notes.append(f"Of {', '.join(said)} ({name}) only the first was taken.")
    return said[0] if said else default
