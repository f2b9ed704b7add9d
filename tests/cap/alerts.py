"""Owns the alerts of these tests: broadcasts of ours, and what others might send, written for this purpose."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.cap.document import check, parse
from bot.cap.writing import write_alert
from bot.domain.broadcast import (
    AlertUrgency,
    Area,
    Broadcast,
    BroadcastKind,
    BroadcastStatus,
    Category,
    Certainty,
    Circle,
    Info,
    Provenance,
    ResponseType,
    Severity,
)
from bot.domain.delivery import BroadcastId
from bot.domain.employer import EmployerId, Site, SiteId
from bot.domain.staff import StaffId
from bot.domain.values import Position

NOW = datetime(2026, 5, 6, 15, tzinfo=UTC)
ZONE = ZoneInfo("America/Sao_Paulo")
AUTHOR = StaffId("author")
EARLIER = Provenance(sender="muster.example", identifier="a0", sent="2026-05-06T09:00:00-03:00")
SQUARE = (
    Position(latitude=-30.0, longitude=-51.3),
    Position(latitude=-30.0, longitude=-51.1),
    Position(latitude=-29.9, longitude=-51.1),
    Position(latitude=-29.9, longitude=-51.3),
    Position(latitude=-30.0, longitude=-51.3),
)  # anticlockwise
AREA = Area(
    description="North bank & islands",
    polygons=(SQUARE,),
    circles=(Circle(centre=Position(latitude=-30.1, longitude=-51.2), radius_km=2.5),),
)


def info(words: str, **changes: Any) -> Info:
    parts = {"headline": words, "instruction": f"{words}: go up", "description": f"{words}: the river rises"}
    return Info(**{**parts, "reviewed_by": StaffId("reader"), "reviewed_at": NOW, **changes})


def flood(**changes: Any) -> Broadcast:
    """A public alert that is live."""
    usual: dict[str, Any] = {
        "id": BroadcastId("a1"),
        "employer": EmployerId("mill"),
        "kind": BroadcastKind.ALERT,
        "status": BroadcastStatus.LIVE,
        "event": "Flood",
        "category": Category.MET,
        "urgency": AlertUrgency.IMMEDIATE,
        "severity": Severity.SEVERE,
        "certainty": Certainty.OBSERVED,
        "response": ResponseType.EVACUATE,
        "area": AREA,
        "infos": {"en": info("Flood"), "ne": info("बाढी"), "ar": info("فيضان")},
        "is_public": True,
        "author": AUTHOR,
        "created_at": NOW - timedelta(hours=1),
        "begun_at": NOW,
        "onset_at": NOW + timedelta(minutes=30),
        "expires_at": NOW + timedelta(hours=6),
    }
    return Broadcast(**{**usual, **changes})


def written(broadcast: Broadcast, **changes: Any) -> bytes:
    """The broadcast as CAP, valid by OASIS's schema."""
    usual = {"sender": "muster.example", "sender_name": "Muster", "web": "https://muster.example/a1", "zone": ZONE}
    data = write_alert(broadcast, **{**usual, **changes})
    check(parse(data))
    return data


def site(name: str, latitude: float, longitude: float) -> Site:
    position = Position(latitude=latitude, longitude=longitude)
    return Site(id=SiteId(name), employer=EmployerId("mill"), name=name, code=name, position=position)


def envelope(body: str = "", **changes: str) -> bytes:
    """An alert of others; `changes` replace elements of the envelope, an empty one leaves it out."""
    elements = {
        "identifier": "BR-77", "sender": "civil.defence@example.org", "sent": "2026-05-06T11:00:00-03:00",
        "status": "Actual", "msgType": "Alert", "scope": "Public", "references": "", **changes,
    }  # fmt: skip
    inner = "\n".join(f"<{name}>{text}</{name}>" for name, text in elements.items() if text)
    return (
        f'<?xml version="1.0"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">\n{inner}\n{body}</alert>'.encode()
    )


def said(body: str = "", *, language: str = "<language>en-US</language>", before: str = "", **changes: str) -> str:
    """An info block: `before` comes after the times, `body` (areas) at the end."""
    elements = {
        "category": "Met", "event": "Flood", "urgency": "Immediate", "severity": "Severe", "certainty": "Likely",
        "onset": "", "expires": "", "headline": "", "instruction": "", **changes,
    }  # fmt: skip
    inner = "\n".join(f"<{name}>{text}</{name}>" for name, text in elements.items() if text)
    return f"<info>\n{language}\n{inner}\n{before}{body}</info>\n"
