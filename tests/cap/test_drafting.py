"""An alert of others becomes a draft of ours, which nobody has approved, for those whom it is about."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from bot.cap.drafting import draft_of, remarks
from bot.cap.reading import Imported, read_alert
from bot.domain.broadcast import Audience, Broadcast, BroadcastKind, BroadcastStatus, MessageType, Provenance
from bot.domain.delivery import BroadcastId
from bot.domain.employer import EmployerId
from tests.cap.alerts import AUTHOR, NOW, envelope, said, site
from tests.stand import CountingIds

AREA = "<area><areaDesc>North bank</areaDesc><polygon>-30,-51.3 -30,-51.1 -29.9,-51.1 -29.9,-51.3</polygon></area>"
ALERT = read_alert(envelope(said(AREA, headline="Leave", expires="2026-05-07T00:00:00-03:00")))
EARLIER = Provenance(sender="civil.defence@example.org", identifier="BR-76", sent="2026-05-06T10:00:00-03:00")
UPDATE = replace(ALERT, message_type=MessageType.UPDATE, references=(EARLIER,))
CANCEL = replace(UPDATE, message_type=MessageType.CANCEL)
MILL, FARM = site("mill", -29.95, -51.2), site("farm", -28, -50)
OURS = BroadcastId("b1")


def draft(imported: Imported, **changes: Any) -> Broadcast:
    usual: dict[str, Any] = {
        "employer": EmployerId("mill"), "author": AUTHOR, "sites": [MILL, FARM], "now": NOW,
        "ids": CountingIds(made=iter(count(1))),
    }  # fmt: skip
    return draft_of(imported, **{**usual, **changes})


def test_it_is_a_draft_by_its_author_with_its_origin() -> None:
    """R7: it waits for approval as any other."""
    made = draft(ALERT)
    assert (made.status, made.kind, made.message_type) == (
        BroadcastStatus.DRAFT, BroadcastKind.ALERT, MessageType.ALERT,
    )  # fmt: skip
    assert (made.author, made.approver, made.is_public, made.provenance) == (AUTHOR, None, False, ALERT.provenance)
    assert (made.event, made.severity, made.expires_at) == (ALERT.event, ALERT.severity, ALERT.expires_at)


def test_its_texts_are_reviewed_by_nobody() -> None:
    """R12."""
    assert {info.reviewed_by for info in draft(ALERT).infos.values()} == {None}


def test_it_is_meant_for_the_sites_in_its_area() -> None:
    assert draft(ALERT).audience == Audience(sites=(MILL.id,))


def test_where_no_site_lies_in_it_the_area_narrows_and_not_nothing() -> None:
    """An audience that names nothing is everybody."""
    made = draft(ALERT, sites=[FARM])
    assert made.audience == Audience(area=ALERT.area)
    assert "None of the sites" in remarks(ALERT, made, NOW)[-1]


def test_without_a_shape_the_author_is_told_that_everybody_is_meant() -> None:
    alert = read_alert(envelope(said()))
    assert "everybody" in remarks(alert, draft(alert), NOW)[-1]


def test_an_update_of_ours_goes_to_exactly_those_who_got_it() -> None:
    """R8; the same moment may be written with another offset."""
    for sent in (EARLIER.sent, "2026-05-06T13:00:00-00:00"):
        made = draft(UPDATE, ours={replace(EARLIER, sent=sent): OURS})
        assert (made.message_type, made.references) == (MessageType.UPDATE, (OURS,))
        assert made.audience == Audience(of=OURS, includes_waiting=True)


def test_a_cancellation_of_ours_goes_to_those_who_were_warned() -> None:
    """R8."""
    made = draft(CANCEL, ours={EARLIER: OURS})
    assert (made.message_type, made.kind) == (MessageType.CANCEL, BroadcastKind.ALERT)
    assert made.audience == Audience(of=OURS)


def test_of_several_of_ours_the_latest_is_meant() -> None:
    later = replace(EARLIER, identifier="BR-75", sent="2026-05-06T10:30:00-03:00")
    update = replace(UPDATE, references=(later, EARLIER))
    made = draft(update, ours={EARLIER: OURS, later: BroadcastId("b2")})
    assert made.references == (OURS, "b2")
    assert made.audience.of == "b2"


def test_an_update_of_what_was_not_sent_here_is_an_alert_of_its_own() -> None:
    made = draft(UPDATE, ours={replace(EARLIER, identifier="BR-1"): OURS})
    assert (made.message_type, made.references, made.audience.of) == (MessageType.ALERT, (), None)
    assert "It is an update of something that was not sent from here." in remarks(UPDATE, made, NOW)


def test_a_cancellation_of_what_was_not_sent_here_frightens_nobody() -> None:
    made = draft(CANCEL)
    assert (made.message_type, made.kind) == (MessageType.ALERT, BroadcastKind.NOTICE)
    assert "It cancels something that was not sent from here." in remarks(CANCEL, made, NOW)


def test_what_others_practise_stays_a_drill() -> None:
    """R9."""
    for status in ("Exercise", "Test"):
        practice = replace(ALERT, status=status)
        made = draft(practice)
        assert made.kind is BroadcastKind.DRILL
        assert f"Its sender marked it {status}: it became a drill." in remarks(practice, made, NOW)


def test_the_author_is_told_what_to_doubt() -> None:
    doubtful = replace(
        ALERT, is_signed=True, claimed_signer="CN=Civil Defence", scope="Restricted", status="Draft", notes=("A note.",)
    )
    told = remarks(doubtful, draft(doubtful), NOW + timedelta(days=2))
    assert told == (
        "A note.",
        "It carries a signature (it names CN=Civil Defence), which was not verified.",
        "Its sender marked it Draft: it may change.",
        "Its scope is Restricted: ask the sender whether you may pass it on.",
        "It has expired.",
    )


def test_nothing_to_doubt_is_nothing_said() -> None:
    assert remarks(ALERT, draft(ALERT), NOW) == ()
