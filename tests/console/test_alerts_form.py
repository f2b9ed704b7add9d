"""A draft's form by itself: areas as lines of text, pauses, times, and what saving an untouched form keeps."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.console.draft_form import Edited, changed, is_same, pauses, read_area, typed_values, written_area
from bot.domain.broadcast import Area, Audience, Broadcast, BroadcastKind, Circle, Info, Provenance
from bot.domain.delivery import BroadcastId
from bot.domain.errors import InputError
from bot.domain.staff import StaffId
from bot.domain.values import Position
from tests.stand import NOW

ZONE = ZoneInfo("America/Sao_Paulo")
TRIANGLE = "-29.0, -52.0\n-30.0, -52.0\n-30.0, -51.0"


def draft(**fields: object) -> Broadcast:
    known = {
        "id": BroadcastId("b1"), "employer": None, "kind": BroadcastKind.ALERT, "author": StaffId("ana"),
        "created_at": NOW, "expires_at": NOW + timedelta(hours=3, seconds=17),
        "infos": {"en": Info(headline="Flood", instruction="Go up.", reviewed_by=StaffId("eva"), reviewed_at=NOW)},
    }  # fmt: skip
    return Broadcast(**{**known, **fields})  # type: ignore[arg-type]


def resent(stored: Broadcast, **typed: str) -> Broadcast:
    """The draft after its form was sent as it was shown, but for what was `typed`."""
    sent = {name: value for name, value in {**typed_values(stored, ZONE), **typed}.items() if value not in ("", [])}
    form = Edited.model_validate(sent)
    return changed(stored, form, languages=["en", "es", "pt"], zone=ZONE, now=NOW)


@pytest.mark.parametrize(
    "text", [TRIANGLE, "-29.5, -52.0, 7.5", f"{TRIANGLE}\n\n10.0, 10.0\n10.0, 11.0\n11.0, 11.0", ""]
)
def test_an_area_is_written_as_it_is_read(text: str) -> None:
    area = read_area(text)
    assert (area is None) == (not text)
    if area is not None:
        assert read_area(written_area(area)) == area


def test_spaces_semicolons_and_arabic_commas_part_the_numbers_too() -> None:
    for mark in (" ", ";", "،", "\t"):
        assert read_area(TRIANGLE.replace(", ", mark)) == read_area(TRIANGLE)


@pytest.mark.parametrize(
    "text", ["here", "1", "1, 2, 3, 4", "1, 2", "91, 0\n0, 0\n0, 1", "1,5, 2,5", "0, 0, -1", "nan, 1\n1, 1\n2, 2"]
)
def test_what_is_no_area_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_area(text)


@pytest.mark.parametrize(("text", "minutes"), [("", []), ("10", [10]), ("10, 20;30", [10, 20, 30]), ("٥", [5])])
def test_pauses_are_minutes(text: str, minutes: list[int]) -> None:
    assert pauses(text) == tuple(timedelta(minutes=one) for one in minutes)


@pytest.mark.parametrize("text", ["0", "-5", "soon", "1441", "1 2 3 4 5 6 7", "1.5"])
def test_what_are_no_pauses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Write minutes"):
        pauses(text)


@pytest.mark.parametrize(
    "stored",
    [
        draft(),
        draft(asks_check_in=True, repeats=(timedelta(minutes=10),), is_public=True, onset_at=NOW, send_at=NOW),
        draft(audience=Audience(area=read_area(TRIANGLE)), area=read_area(TRIANGLE)),
        draft(
            provenance=Provenance(sender="s", identifier="i", sent="2026-05-06T12:00:00-03:00"),
            area=Area(description="Hills", circles=(Circle(centre=Position(latitude=1, longitude=2), radius_km=3),)),
        ),
        draft(audience=Audience(of=BroadcastId("b0"), includes_waiting=True), references=(BroadcastId("b0"),)),
        draft(infos={"pt": Info(headline="Enchente", instruction="Suba.")}, source_language="pt"),
        draft(fillings={"place": "Lajeado", "time": "2026-05-06T11:30:00-03:00"}),
    ],
    ids=["plain", "full", "drawn", "imported", "update", "other language", "filled"],
)  # fmt: skip
def test_a_form_that_is_sent_as_it_was_shown_changes_nothing(stored: Broadcast) -> None:
    assert is_same(stored, resent(stored))


@pytest.mark.parametrize(
    "typed", [{"event": "River"}, {"headline-en": "Water"}, {"headline-es": "Agua"}, {"drawn": TRIANGLE}]
)
def test_whatever_is_changed_is_a_change(typed: dict[str, str]) -> None:
    assert not is_same(draft(), resent(draft(), **typed))
