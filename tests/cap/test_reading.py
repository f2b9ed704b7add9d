"""Alerts of others: what they say in our words, and every hostile or broken one refused with its line."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from bot.cap.document import MAX_BYTES, MAX_DEPTH
from bot.cap.reading import Imported, fitted, read, read_alert
from bot.domain.broadcast import (
    AlertUrgency,
    Category,
    Certainty,
    Info,
    MessageType,
    Provenance,
    ResponseType,
    Severity,
)
from bot.domain.errors import InputError
from bot.domain.values import Position
from tests.cap.alerts import SQUARE, envelope, said

BOX = "-30,-51.3 -30,-51.1 -29.9,-51.1 -29.9,-51.3 -30,-51.3"
AREA = f"<area><areaDesc>North bank</areaDesc><polygon>{BOX}</polygon></area>"


def area_of(*shapes: str, words: str = "North bank", after: str = "") -> Imported:
    return read_alert(envelope(said(f"<area><areaDesc>{words}</areaDesc>{''.join(shapes)}{after}</area>")))


def test_an_evacuation_order_in_two_languages() -> None:
    order = envelope(
        said(
            AREA, headline="Leave the river bank", instruction="Walk to the gym", category="Met",
            onset="2026-05-06T12:00:00-03:00", expires="2026-05-07T00:00:00-03:00",
        )
        + said(AREA, language="<language>pt-BR</language>", event="Cheia", headline="Saia da margem",
               onset="2026-05-06T15:00:00-00:00", expires="2026-05-07T03:00:00-00:00")
    )  # fmt: skip
    assert read_alert(order) == Imported(
        provenance=Provenance(sender="civil.defence@example.org", identifier="BR-77", sent="2026-05-06T11:00:00-03:00"),
        message_type=MessageType.ALERT,
        status="Actual",
        scope="Public",
        sent_at=datetime(2026, 5, 6, 14, tzinfo=UTC),
        source_language="en",
        infos={
            "en": Info(headline="Leave the river bank", instruction="Walk to the gym"),
            "pt": Info(headline="Saia da margem", instruction=""),
        },
        event="Flood",
        category=Category.MET,
        urgency=AlertUrgency.IMMEDIATE,
        severity=Severity.SEVERE,
        certainty=Certainty.LIKELY,
        response=ResponseType.NONE,
        area=replace(area_of().area, polygons=(SQUARE,)),
        onset_at=datetime(2026, 5, 6, 15, tzinfo=UTC),
        expires_at=datetime(2026, 5, 7, 3, tzinfo=UTC),
    )


def test_an_earthquake_that_gives_a_circle_and_many_codes() -> None:
    codes = "".join(f"<geocode><valueName>IBGE</valueName><value>{number}</value></geocode>" for number in range(40))
    area = area_of("<circle>32.9525,-115.5527 0</circle>", words="Valley", after=codes).area
    assert [(circle.centre, circle.radius_km) for circle in area.circles] == [
        (Position(latitude=32.9525, longitude=-115.5527), 0)
    ]
    assert area.description.startswith("Valley (IBGE 0, IBGE 1, ")
    assert area.description.endswith("IBGE 29, ...)")


def test_a_cancellation_without_words_names_what_it_cancels() -> None:
    cancel = read_alert(envelope(msgType="Cancel", references="a@b,BR-76,2026-05-06T10:00:00-03:00 odd,one"))
    assert cancel.message_type is MessageType.CANCEL
    assert cancel.references == (Provenance(sender="a@b", identifier="BR-76", sent="2026-05-06T10:00:00-03:00"),)
    assert cancel.infos == {}
    assert cancel.notes == ("A reference that cannot be read was left out: odd,one",)


def test_texts_come_unreviewed() -> None:
    """R12: nobody here has stood for their meaning."""
    infos = read_alert(envelope(said(headline="Leave"))).infos
    assert [info.reviewed_by for info in infos.values()] == [None]


def test_without_a_headline_the_event_is_one() -> None:
    assert read_alert(envelope(said(event="Hail"))).infos["en"].headline == "Hail"


def test_an_info_that_names_no_language_is_english() -> None:
    assert list(read_alert(envelope(said(language=""))).infos) == ["en"]


@pytest.mark.parametrize(
    ("tag", "offered", "ours"),
    [
        ("en-US", (), "en"), ("es-419", ("es",), "es"), ("ES-419", ("es", "es-419"), "es-419"), ("tl", (), "fil"),
        ("in-ID", (), "id"), ("zh-Hant", ("zh-hant",), "zh-hant"), ("NE", ("ne",), "ne"),
    ],
)  # fmt: skip
def test_language_tags_become_our_codes(tag: str, offered: tuple[str, ...], ours: str) -> None:
    assert fitted(tag, offered) == ours


def test_a_second_text_in_one_language_is_left_out_with_a_note() -> None:
    alert = read_alert(
        envelope(said(headline="First") + said(language="<language>en-GB</language>", headline="Second"))
    )
    assert alert.infos["en"].headline == "First"
    assert len(alert.notes) == 1
    assert alert.notes[0].startswith("Line 18: a second text in en")


def test_languages_that_disagree_on_facts_are_noted() -> None:
    other = said(language="<language>es</language>", severity="Minor", expires="2026-05-07T00:00:00-03:00")
    alert = read_alert(envelope(said() + other))
    assert alert.severity is Severity.SEVERE
    assert alert.notes == (
        "Severity is another in es: that of en was taken.", "Expires is another in es: that of en was taken.",
    )  # fmt: skip


def test_of_several_categories_the_first_is_taken_with_a_note() -> None:
    alert = read_alert(envelope(said().replace("<category>Met", "<category>Geo</category><category>Met")))
    assert alert.category is Category.GEO
    assert alert.notes == ("Of Geo, Met (category) only the first was taken.",)


# --- shapes


@pytest.mark.parametrize(
    "points",
    [
        BOX,
        BOX.rsplit(" ", 1)[0],  # open
        " ".join(reversed(BOX.split())),  # clockwise
        f"\n  {BOX.replace(' ', '  ')}\n",
    ],
)
def test_polygons_are_closed_and_run_anticlockwise(points: str) -> None:
    (ring,) = area_of(f"<polygon>{points}</polygon>").area.polygons
    assert ring[0] == ring[-1]
    assert set(ring) == set(SQUARE)
    doubled = sum(a.longitude * b.latitude - b.longitude * a.latitude for a, b in pairwise(ring))
    assert doubled > 0


def test_shapes_that_all_languages_share_are_kept_once() -> None:
    alert = read_alert(envelope(said(AREA) + said(AREA, language="<language>es</language>")))
    assert len(alert.area.polygons) == 1
    assert alert.area.description == "North bank"


def test_a_polygon_that_encloses_nothing_is_noted() -> None:
    alert = area_of(f"<polygon>1,1 2,2 3,3 1,1</polygon><polygon>{BOX}</polygon>")
    assert len(alert.area.polygons) == 1
    assert "encloses nothing" in alert.notes[0]


def test_heights_are_noted() -> None:
    assert "heights" in area_of(after="<altitude>100</altitude><ceiling>2000</ceiling>").notes[0]


@pytest.mark.parametrize(
    "shape",
    [
        "<polygon>a,b c,d e,f</polygon>", "<polygon>1,2,3 4,5 6,7</polygon>", "<polygon>1;2 3;4 5;6</polygon>",
        "<polygon>-51.3,-130 -30,-51 -29,-51</polygon>".replace("-51.3", "-91"), "<polygon>1e400,1 1,2 2,2</polygon>",
        "<polygon>nan,1 1,2 2,2</polygon>", "<circle>1,2</circle>", "<circle>1,2 -3</circle>",
        "<circle>1,2 inf</circle>", "<circle>1,2 50000</circle>", "<circle>1,181 5</circle>",
        "<polygon>١,٢ ٣,٤ ٥,٦</polygon>",
    ],
)  # fmt: skip
def test_a_shape_that_cannot_be_read_is_refused_with_its_line(shape: str) -> None:
    with pytest.raises(InputError, match=r"Line 16, (polygon|circle): "):
        area_of(shape)


def test_more_shapes_than_any_map_has_are_refused() -> None:
    with pytest.raises(InputError, match="more than 500 shapes"):
        area_of("<circle>1,2 3</circle>" * 501)


def test_scrawls_that_fall_into_thousands_of_pieces_are_refused_in_time() -> None:
    scrawl = " ".join(f"{corner * 37 % 61},{corner * 53 % 97}" for corner in range(99))
    with pytest.raises(InputError, match="more than 500 shapes"):
        area_of(f"<polygon>{scrawl}</polygon>" * 900)


# --- signatures

SIGNED = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><KeyInfo>{}</KeyInfo></Signature>'


@pytest.mark.parametrize(
    ("key", "signer"),
    [
        ("<KeyName>Civil Defence</KeyName>", "Civil Defence"),
        ("<X509Data><X509SubjectName>CN=Civil Defence</X509SubjectName></X509Data>", "CN=Civil Defence"),
        ("<X509Data><X509Certificate>bm90IG9uZQ==</X509Certificate></X509Data>", ""),
        ("<X509Data><X509Certificate>é</X509Certificate></X509Data>", ""),
        ("", ""),
    ],
)
def test_a_signature_is_shown_as_a_claim(key: str, signer: str) -> None:
    alert = read_alert(envelope(said() + SIGNED.format(key)))
    assert (alert.is_signed, alert.claimed_signer) == (True, signer)


def test_an_unsigned_alert_says_so() -> None:
    assert not read_alert(envelope(said())).is_signed


# --- hostile and broken

GOOD = envelope(said())
BOMB = '<!DOCTYPE alert [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
REMOTE = '<!DOCTYPE alert SYSTEM "http://example.org/alert.dtd">'


def with_prolog(prolog: str) -> bytes:
    return GOOD.replace(b"?>\n", f"?>\n{prolog}\n".encode(), 1)


@pytest.mark.parametrize("prolog", [BOMB, OUTSIDE, REMOTE])
def test_a_document_type_is_refused_before_it_is_parsed(prolog: str) -> None:
    with pytest.raises(InputError, match="Line 2: the file defines a document type"):
        read_alert(with_prolog(prolog))


@pytest.mark.parametrize("prolog", [BOMB, OUTSIDE, REMOTE])
def test_another_encoding_hides_no_document_type(prolog: str) -> None:
    with pytest.raises(InputError, match="defines a document type"):
        read_alert(with_prolog(prolog).decode().encode("utf-16"))
    disguised = GOOD.replace(b'"1.0"', b'"1.0" encoding="UTF-7"').replace(
        b"?>\n", b"?>\n+ADwAIQ-DOCTYPE alert +AFsAXQ-+AD4-\n", 1
    )
    with pytest.raises(InputError, match="UTF-7 is not read"):
        read_alert(disguised)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"not xml", "Line 1: this is no whole XML file"),
        (GOOD[:-20], "Line 15: this is no whole XML file"),
        (GOOD.replace(b"Flood", b"Fl\x00od"), "Line 12 holds a NUL"),
        (GOOD.replace(b"Flood", b"Fl\x0bod"), "Line 12: this is no whole XML file"),
        (GOOD.replace(b"Flood", b"Fl\xf3od"), "Line 12 is not written in utf-8. Save the file as UTF-8"),
        (GOOD.replace(b"Flood", b"&flood;"), "Line 12"),
        (GOOD.replace(b'"1.0"', b'"1.0" encoding="EBCDIC-CP-US"'), "EBCDIC-CP-US is not read"),
        (GOOD.replace(b'"1.0"', b'"1.0" encoding="iso-8859-99"'), "not known"),
        (GOOD.replace(b"cap:1.2", b"cap:1.1"), "Line 2: this is CAP 1.1, and only 1.2"),
        (GOOD.replace(b"urn:oasis:names:tc:emergency:cap:1.2", b"http://www.incident.com/cap/1.0"), "this is CAP 1.0"),
        (GOOD.replace(b"urn:oasis:names:tc:emergency:cap:1.2", b"urn:x"), "no CAP 1.2 alert, for it begins with"),
        (b"<html><body>Sign in</body></html>", "begins with <html>"),
        (gzip.compress(GOOD), "Line 1"),
        (GOOD + b" " * MAX_BYTES, "larger than 1 MB"),
        (envelope(), "no text for anybody"),
        (envelope(said(), msgType="Ack"), "nothing to tell"),
        (envelope(said(), msgType="Error"), "nothing to tell"),
        (envelope(said(), status="System"), "nothing to tell"),
        (envelope(said(), sent="2026-05-06T11:00:00Z"), "line 5: Element 'sent'"),
        (envelope(said(), sent="2026-05-06T24:00:00-03:00"), "Line 5, sent: "),
        (envelope(said(onset="0001-01-01T00:00:00+14:00")), "Line 16, onset: "),
        (envelope(said(urgency="Soon")), "line 13: Element 'urgency'"),
        (envelope(said() + "<parrot/>"), "parrot"),
        (envelope(said(), identifier=" "), "sender and identifier"),
    ],
)
def test_what_is_no_alert_is_refused_with_its_line(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_alert(data)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000, 50_000])
def test_a_deep_file_is_refused(depth: int) -> None:
    deep = '<x xmlns="http://www.w3.org/2000/09/xmldsig#">' + "<x>" * depth + "</x>" * depth + "</x>"
    with pytest.raises(InputError, match=r"nested deeper|[Ee]xcessive depth"):
        read_alert(envelope(said() + deep))


def test_many_complaints_are_not_all_told() -> None:
    with pytest.raises(InputError, match=r"and \d+ more") as caught:
        read_alert(envelope(said(urgency="Soon", severity="Bad", certainty="Yes", category="Wet") * 50))
    assert len(str(caught.value)) < 2500


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_alerts_in_other_encodings_are_read(encoding: str) -> None:
    name = "utf-8" if "8-sig" in encoding else encoding
    text = envelope(said(headline="Inundação")).decode().replace('"1.0"', f'"1.0" encoding="{name}"')
    assert read_alert(text.encode(encoding)).infos["en"].headline == "Inundação"


def test_markup_in_comments_and_cdata_is_text_or_nothing() -> None:
    alert = read_alert(envelope(said(headline="Go <!-- not --><![CDATA[<b>up</b> & stay]]>")))
    assert alert.infos["en"].headline == "Go <b>up</b> & stay"


def test_one_door_takes_alerts_and_feeds() -> None:
    assert isinstance(read(envelope(said())), Imported)
    assert read(b"<rss><channel><item><link>https://example.org/1.cap</link></item></channel></rss>")
    with pytest.raises(InputError, match="begins with <html>"):
        read(b"<html/>")
