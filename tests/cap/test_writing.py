"""Our alerts: valid by OASIS's schema, and refused where the schema would let pass what nobody can follow."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.cap.document import Element, child_text, children, parse, text_of
from bot.domain.broadcast import (
    AlertUrgency,
    Area,
    BroadcastKind,
    BroadcastStatus,
    Category,
    Certainty,
    Circle,
    MessageType,
    ResponseType,
    Severity,
)
from bot.domain.errors import InputError
from bot.domain.values import Position
from tests.cap.alerts import AREA, EARLIER, NOW, SQUARE, flood, info, written


def root_of(*arguments: Any, **changes: Any) -> Element:
    return parse(written(*arguments, **changes))


def infos_of(root: Element) -> dict[str, Element]:
    return {child_text(one, "language"): one for one in children(root, "info")}


def test_every_language_that_may_be_sent_has_its_info() -> None:
    """R12: one that nobody has reviewed is left out."""
    unreviewed = info("Inundación", reviewed_by=None)
    infos = infos_of(root_of(flood(infos={**flood().infos, "es": unreviewed})))
    assert list(infos) == ["en", "ar", "ne"]
    assert child_text(infos["ne"], "headline") == "बाढी"
    assert child_text(infos["ar"], "instruction") == "فيضان: go up"


def test_elements_say_what_the_broadcast_says() -> None:
    root = root_of(flood(), contact="+55 51 5550 0150", languages=["en"])
    envelope = {child.tag.partition("}")[2]: text_of(child) for child in root if "info" not in child.tag}
    assert envelope == {
        "identifier": "a1", "sender": "muster.example", "sent": "2026-05-06T12:00:00-03:00",
        "status": "Actual", "msgType": "Alert", "scope": "Public",
    }  # fmt: skip
    (only,) = children(root, "info")
    facts = {child.tag.partition("}")[2]: text_of(child) for child in only if "area" not in child.tag}
    assert facts == {
        "language": "en", "category": "Met", "event": "Flood", "responseType": "Evacuate", "urgency": "Immediate",
        "severity": "Severe", "certainty": "Observed", "effective": "2026-05-06T12:00:00-03:00",
        "onset": "2026-05-06T12:30:00-03:00", "expires": "2026-05-06T18:00:00-03:00", "senderName": "Muster",
        "headline": "Flood", "description": "Flood: the river rises", "instruction": "Flood: go up",
        "web": "https://muster.example/a1", "contact": "+55 51 5550 0150",
    }  # fmt: skip
    (area,) = children(only, "area")
    assert [text_of(child) for child in area] == [
        "North bank & islands", "-30,-51.3 -30,-51.1 -29.9,-51.1 -29.9,-51.3 -30,-51.3", "-30.1,-51.2 2.5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "2026-05-06T15:00:00-00:00"),
        ("Africa/Accra", "2026-05-06T15:00:00-00:00"),
        ("Asia/Kathmandu", "2026-05-06T20:45:00+05:45"),
        ("America/St_Johns", "2026-05-06T12:30:00-02:30"),
    ],
)
def test_times_have_the_zones_offset_and_no_fraction(zone: str, text: str) -> None:
    broadcast = flood(begun_at=NOW + timedelta(microseconds=123456))
    assert child_text(root_of(broadcast, zone=ZoneInfo(zone)), "sent") == text


def test_a_drill_is_an_exercise() -> None:
    """R9."""
    root = root_of(flood(kind=BroadcastKind.DRILL))
    assert child_text(root, "status") == "Exercise"
    assert child_text(root, "note").startswith("DRILL")


@pytest.mark.parametrize(
    ("headline", "shown"),
    [
        ("Flood", "DRILL: Flood"), ("Drilling hit a pipe", "DRILL: Drilling hit a pipe"),
        ("Drill: flood", "Drill: flood"), ("बाढी", "DRILL: बाढी"),
    ],
)  # fmt: skip
def test_r9_a_drills_headline_says_so_to_programs_that_show_nothing_else(headline: str, shown: str) -> None:
    root = root_of(flood(kind=BroadcastKind.DRILL, infos={"en": info(headline)}))
    assert child_text(infos_of(root)["en"], "headline") == shown
    real = root_of(flood(infos={"en": info(headline)}))
    assert child_text(infos_of(real)["en"], "headline") == headline


def test_r2_the_public_reads_nobodys_own_site() -> None:
    said = info("Flood at {site}", instruction="Go to {assembly_point}.")
    (only,) = children(root_of(flood(infos={"en": said})), "info")
    assert child_text(only, "headline") == "Flood at …"
    assert child_text(only, "instruction") == "Go to …."


def test_what_has_not_begun_is_a_draft() -> None:
    """R7: nobody may take for real what nobody has approved."""
    assert child_text(root_of(flood(begun_at=None, status=BroadcastStatus.SUBMITTED)), "status") == "Draft"


@pytest.mark.parametrize("kind", [MessageType.UPDATE, MessageType.CANCEL])
def test_a_later_message_names_the_earlier_ones(kind: MessageType) -> None:
    second = replace(EARLIER, identifier="a00")
    root = root_of(flood(message_type=kind), references=[EARLIER, second])
    assert child_text(root, "msgType") == kind
    assert child_text(root, "references") == (
        "muster.example,a0,2026-05-06T09:00:00-03:00 muster.example,a00,2026-05-06T09:00:00-03:00"
    )


def test_a_private_alert_names_its_readers() -> None:
    root = root_of(flood(is_public=False), addresses=["desk@example.org", 'The "night" desk'])
    assert child_text(root, "scope") == "Private"
    assert child_text(root, "addresses") == 'desk@example.org "The night desk"'


def test_no_recommendation_is_not_published_as_nothing_to_do() -> None:
    (only,) = children(root_of(flood(response=ResponseType.NONE), languages=["en"]), "info")
    assert child_text(only, "responseType") == ""


@pytest.mark.parametrize("member", [*Category, *AlertUrgency, *Severity, *Certainty, *ResponseType], ids=repr)
def test_every_word_of_the_closed_lists_is_valid(member: Any) -> None:
    names = {"Category": "category", "AlertUrgency": "urgency", "Severity": "severity", "Certainty": "certainty"}
    assert written(flood(**{names.get(type(member).__name__, "response"): member}))


OPEN = replace(AREA, polygons=(SQUARE[:-1],))
FEW = replace(AREA, polygons=((SQUARE[0], SQUARE[1], SQUARE[0]),))
OFF = replace(AREA, circles=(Circle(centre=Position(latitude=91, longitude=0), radius_km=1),))
NOWHERE = replace(AREA, circles=(Circle(centre=SQUARE[0], radius_km=float("nan")),))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"message_type": MessageType.UPDATE}, "which alert"),
        ({"message_type": MessageType.CANCEL}, "which alert"),
        ({"is_public": False}, "addressed"),
        ({"expires_at": NOW + timedelta(minutes=29)}, "expire before"),
        ({"expires_at": NOW - timedelta(minutes=1), "onset_at": None}, "expire before"),
        ({"area": OPEN}, "end where it begins"),
        ({"area": FEW}, "four points"),
        ({"area": OFF}, "not on the earth"),
        ({"area": NOWHERE}, "radius"),
        ({"infos": {}}, "no reviewed text"),
        ({"id": "a 1"}, "identifier"),
        ({"id": "a,1"}, "identifier"),
    ],
)
def test_what_nobody_could_follow_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        written(flood(**changes))


@pytest.mark.parametrize("sender", ["", "two words", "a,b", "a<b", "a&b", "a\nb", "a\x00b"])
def test_a_sender_that_references_could_not_name_is_refused(sender: str) -> None:
    with pytest.raises(InputError, match="sender"):
        written(flood(), sender=sender)


def test_a_language_that_is_not_reviewed_cannot_be_asked_for() -> None:
    """R12."""
    with pytest.raises(InputError, match="es"):
        written(flood(infos={**flood().infos, "es": info("Río", reviewed_by=None)}), languages=["en", "es"])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("</headline><status>Actual</status>", "</headline><status>Actual</status>"),
        ("<![CDATA[ ]]> &amp; <!-- -->", "<![CDATA[ ]]> &amp; <!-- -->"),
        ("a\x00b\x1bc\x0bd\ufffee\ud800f", "abcdef"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("&xxe; ]]>", "&xxe; ]]>"),
        ("🌊 บ้าน", "🌊 บ้าน"),
    ],
)
def test_no_text_breaks_the_document(text: str, kept: str) -> None:
    root = root_of(flood(infos={"en": info("Flood", headline=text)}, area=Area(description=text)))
    (only,) = children(root, "info")
    assert child_text(only, "headline") == kept
    assert child_text(next(children(only, "area")), "areaDesc") == kept


def test_a_shape_without_words_gets_some() -> None:
    (only, *_) = children(root_of(flood(area=replace(AREA, description=" "))), "info")
    assert child_text(next(children(only, "area")), "areaDesc") == "-30.000, -51.300"


def test_no_area_is_no_element() -> None:
    (only, *_) = children(root_of(flood(area=Area())), "info")
    assert list(children(only, "area")) == []
