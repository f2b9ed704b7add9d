"""Owns writing a broadcast as a CAP 1.2 alert, and refusing what the schema lets pass but nobody could follow."""

import re
from collections.abc import Sequence
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring
from zoneinfo import ZoneInfo

from bot.cap import times
from bot.cap.document import CAP
from bot.cap.shapes import written_circle, written_polygon
from bot.domain.broadcast import Area, Broadcast, BroadcastKind, Info, MessageType, Provenance, ResponseType
from bot.domain.errors import InputError

DRILL = "DRILL: "
DRILL_NOTE = "DRILL: this is an exercise. Nothing has happened."
_IS_MARKED = re.compile(r"drill\b", re.IGNORECASE)  # "Drilling" is no mark
_OWN = re.compile(r"\{(?:site|assembly_point)\}")  # what is each reader's own; the public has neither

# What XML 1.0 cannot hold at all, whatever it is escaped as.
_UNWRITABLE = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[^\s,<&\"]+")  # of senders and alerts: references are separated by spaces and commas


def write_alert(
    broadcast: Broadcast,
    *,
    sender: str,
    sender_name: str,
    web: str,
    zone: ZoneInfo,
    references: Sequence[Provenance] = (),
    languages: Sequence[str] | None = None,
    contact: str = "",
    addresses: Sequence[str] = (),
) -> bytes:
    """The alert as XML in UTF-8, with one info for each language: those given, else all that are sendable.

    `sender` names the deployment in the world, as a domain or an email address does; times are written in `zone`. A
    broadcast that is not public is Private, to `addresses`. One that has not begun is marked a draft. Raises InputError
    for what could not be followed: no text, an update of nothing, a private alert to nobody, an end before its onset.
    """
    spoken = broadcast.sendable_languages() if languages is None else languages
    _check(broadcast, spoken, references, addresses)
    sent = times.written(sent_at(broadcast), zone)
    alert = Element("alert", {"xmlns": CAP})
    _add(alert, "identifier", _named(broadcast.id, "identifier"))
    _add(alert, "sender", _named(sender, "sender"))
    _add(alert, "sent", sent)
    _add(alert, "status", _status(broadcast))
    _add(alert, "msgType", broadcast.message_type)
    _add(alert, "scope", "Public" if broadcast.is_public else "Private")
    if not broadcast.is_public:
        _add(alert, "addresses", " ".join(map(_quoted, addresses)))
    if broadcast.kind is BroadcastKind.DRILL:
        _add(alert, "note", DRILL_NOTE)
    _add(alert, "references", " ".join(map(_reference, references)))
    for language in spoken:
        info = SubElement(alert, "info")
        _add(info, "language", language)
        _describe(info, broadcast, sent=sent, zone=zone)
        said = broadcast.infos[language]
        _add(info, "senderName", sender_name)
        _add(info, "headline", headline_of(broadcast, said))
        _add(info, "description", for_all(said.description))
        _add(info, "instruction", for_all(said.instruction))
        _add(info, "web", web)
        _add(info, "contact", contact)
        _place(info, broadcast.area)
    written: bytes = tostring(alert, encoding="utf-8", xml_declaration=True)
    return written


def sent_at(broadcast: Broadcast) -> datetime:
    """CAP's `sent`, by which others refer to the alert: it never changes once the broadcast has begun."""
    return broadcast.begun_at or broadcast.created_at


def headline_of(broadcast: Broadcast, said: Info) -> str:
    """A drill says so first, also to programs that show nothing but headlines (R9)."""
    headline = for_all(said.headline)
    is_unmarked = broadcast.kind is BroadcastKind.DRILL and not _IS_MARKED.match(headline.strip())
    return f"{DRILL}{headline}" if is_unmarked else headline


def for_all(text: str) -> str:
    """The text as it is told to everybody: what each reader's own site fills stays open."""
    return _OWN.sub("…", text)


def clean(text: str) -> str:
    """The text as XML can hold it: without control characters, with one kind of line end."""
    return _UNWRITABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _check(
    broadcast: Broadcast, languages: Sequence[str], references: Sequence[Provenance], addresses: Sequence[str]
) -> None:
    missing = [language for language in languages if language not in broadcast.sendable_languages()]
    if missing or not languages:
        raise InputError(f"There is no reviewed text in {', '.join(missing) or 'any language'}: write it first.")
    if broadcast.message_type is not MessageType.ALERT and not references:
        raise InputError("An update or a cancellation must say which alert it means: begin it from that alert.")
    if not broadcast.is_public and not addresses:
        raise InputError("An alert that is not public needs somebody whom it is addressed to.")
    onset, expires = broadcast.onset_at or sent_at(broadcast), broadcast.expires_at
    if expires is not None and expires < onset:
        raise InputError("The alert would expire before it begins: give it a later end.")


def _status(broadcast: Broadcast) -> str:
    if broadcast.begun_at is None:
        return "Draft"
    return "Exercise" if broadcast.kind is BroadcastKind.DRILL else "Actual"


def _describe(info: Element, broadcast: Broadcast, *, sent: str, zone: ZoneInfo) -> None:
    """What is the same in every language, in the order of the schema."""
    _add(info, "category", broadcast.category)
    source = broadcast.source
    SubElement(info, "event").text = clean(broadcast.event or (source.headline if source else "")) or "Alert"
    if broadcast.response is not ResponseType.NONE:  # published, it would say "no action is recommended"
        _add(info, "responseType", broadcast.response)
    _add(info, "urgency", broadcast.urgency)
    _add(info, "severity", broadcast.severity)
    _add(info, "certainty", broadcast.certainty)
    _add(info, "effective", sent)
    for name, at in (("onset", broadcast.onset_at), ("expires", broadcast.expires_at)):
        _add(info, name, times.written(at, zone) if at else "")


def _place(info: Element, area: Area) -> None:
    if not area.description.strip() and not area.has_shape:
        return
    place = SubElement(info, "area")
    SubElement(place, "areaDesc").text = clean(area.description) or _whereabouts(area)
    for ring in area.polygons:
        _add(place, "polygon", written_polygon(ring))
    for circle in area.circles:
        _add(place, "circle", written_circle(circle))


def _whereabouts(area: Area) -> str:
    """Words for a shape that has none, the same in every language: its first point."""
    point = area.polygons[0][0] if area.polygons else area.circles[0].centre
    return f"{point.latitude:.3f}, {point.longitude:.3f}"


def _reference(earlier: Provenance) -> str:
    return (
        f"{_named(earlier.sender, 'sender')},{_named(earlier.identifier, 'identifier')},{_named(earlier.sent, 'sent')}"
    )


def _quoted(address: str) -> str:
    plain = clean(address).replace('"', "")
    return f'"{plain}"' if re.search(r"\s", plain) else plain


def _named(text: str, field: str) -> str:
    if not _NAME.fullmatch(text) or clean(text) != text:
        raise InputError(f"The {field} {text[:60]!r} must have no spaces, commas, quotes, & or <.")
    return text


def _add(parent: Element, name: str, text: str) -> None:
    """Add a child, unless it would be empty."""
    said = clean(text)
    if said:
        SubElement(parent, name).text = said
