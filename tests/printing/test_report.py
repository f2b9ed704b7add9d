"""The after-action report as PDF: every letter there, as many pages as it takes, a drill in its own colour on each."""

import logging
import re
import zlib
from datetime import UTC, datetime

import pytest

from bot.printing.report import DRILL, LIVE, draw_report
from bot.services.paper import Grid, Paper, Part

MADE_AT = datetime(2026, 5, 6, tzinfo=UTC)
WIDE = Grid(
    columns=("Language", "Answered", "Sent", "Failed", "All"),
    rows=(("English", "24", "*", "*", "30"), ("नेपाली", "0", "6", "0", "6")),
    sums=("All", "24", "9", "3", "36"),
)


def paper(*, rows: int = 3, language: str = "en", is_drill: bool = False) -> Paper:
    counts = Grid(
        columns=("State", "People"), rows=tuple((f"Site {i} موقع", str(i)) for i in range(rows)), sums=("All", "9")
    )
    parts = (
        Part(title="What happened", facts=(("Began", "6 May 2026 (\u2066UTC-03\u2069)"), ("Ended", "–"))),
        Part(title="By language", lines=("* is hidden.",), grid=WIDE),
        Part(title="How far", grid=counts),
    )
    mark = "DRILL: practice" if is_drill else "Live alert"
    return Paper(title="Flood", mark=mark, is_drill=is_drill, subtitle="As of", language=language, parts=parts)


def pages(pdf: bytes) -> list[bytes]:
    """What is drawn on each page."""
    streams = re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
    found = []
    for stream in streams:
        try:
            drawn = zlib.decompress(stream)
        except zlib.error:
            continue
        if b" re f" in drawn and b"BT" in drawn:
            found.append(drawn)
    return found


def colour(red: int, green: int, blue: int) -> bytes:
    return b" ".join(f"{part / 255:.4f}".rstrip("0").rstrip(".").encode() for part in (red, green, blue))


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_every_letter_is_there(language: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        pdf = draw_report(paper(language=language), MADE_AT)
    assert len(pages(pdf)) == 1
    assert "missing the following glyphs" not in caplog.text


@pytest.mark.parametrize(("is_drill", "band", "never"), [(True, DRILL, LIVE), (False, LIVE, DRILL)])
def test_r9_every_page_begins_with_what_it_is_in_its_own_colour(
    is_drill: bool, band: tuple[int, int, int], never: tuple[int, int, int]
) -> None:
    drawn = pages(draw_report(paper(rows=200, is_drill=is_drill), MADE_AT))
    assert len(drawn) > 3
    assert all(colour(*band) in page and colour(*never) not in page for page in drawn)


def test_the_same_report_is_the_same_file() -> None:
    assert draw_report(paper(), MADE_AT) == draw_report(paper(), MADE_AT)
