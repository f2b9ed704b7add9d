"""Segments are counted as the networks do it (3GPP TS 23.038)."""

import pytest

from bot.sandbox.segments import count_segments


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # an escaped character takes two septets
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # an escape is never torn between two segments
        ("ç" * 10 + "a" * 61, 2),  # ç is not in GSM-7 (Ç is): the whole text goes UCS-2
        ("Ç" * 160, 1),
        ("न" * 70, 1),
        ("न" * 71, 2),
        ("न" * 134, 2),
        ("न" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),  # 33 emoji to a segment: a surrogate pair is never torn
    ],
)
def test_segments_of_a_text(text: str, segments: int) -> None:
    assert count_segments(text) == segments
