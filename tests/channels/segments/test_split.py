"""Splitting: within the limit, at a sentence, then a word, never inside a grapheme cluster, nothing lost."""

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.segments import Measure, cut, numbered, septets, split, utf16_units
from bot.domain.delivery import Content
from tests.channels.stand import offering

# What people really write: Thai, Khmer, Burmese, Bengali, Tamil, families, flags, skin tones, keycaps, accents.
CLUSTERS = [
    "น้ำ", "ที่", "กำ", "ក្រុ", "ស្រី", "ကြို", "မြို့", "ক্ষি", "স্ত্রী", "நி", "க்ஷ",
    "👨‍👩‍👧‍👦", "🇳🇵", "🇧🇩", "👍🏽", "1️⃣", "e\u0301", "ا\u064e", "\r\n", "a",
    "B", "7", "।", ".", "! ", " ", "\n", "\u200b",
]  # fmt: skip
CALM = settings(deadline=None, max_examples=60)  # the machine may be busy
TEXTS = st.lists(st.sampled_from(CLUSTERS), max_size=120).map("".join) | st.text(max_size=200)


def squeezed(text: str) -> str:
    return "".join(text.split())


@CALM
@given(text=TEXTS, limit=st.integers(1, 60), measure=st.sampled_from([utf16_units, len]))
def test_nothing_but_white_space_is_lost(text: str, limit: int, measure: Measure) -> None:
    assert squeezed("".join(split(text, limit, measure))) == squeezed(text)


@CALM
@given(text=TEXTS, limit=st.integers(1, 60), measure=st.sampled_from([utf16_units, len, septets]))
def test_a_part_is_within_the_limit_or_a_single_grapheme(text: str, limit: int, measure: Measure) -> None:
    for part in split(text, limit, measure):
        assert part
        assert measure(part) <= limit or len(regex.findall(r"\X", part)) == 1


@CALM
@given(text=TEXTS, limit=st.integers(1, 60))
def test_no_cut_falls_inside_a_grapheme_cluster(text: str, limit: int) -> None:
    ends = {0}
    for match in regex.finditer(r"\X", text):
        ends.add(match.end())
    at = 0
    for part in split(text, limit):
        at = text.index(part, at)
        before = text[:at].rstrip()
        assert at in ends or len(before) in ends  # the part begins at a border, or behind trimmed white space
        at += len(part)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Leave now. Go to the school.", 20, ["Leave now.", "Go to the school."]),
        ("Leave now! “Go.” Take water.", 20, ["Leave now! “Go.”", "Take water."]),
        ("Take the road to the school", 12, ["Take the", "road to the", "school"]),
        ("It costs 3.50 a day", 12, ["It costs", "3.50 a day"]),
        ("Call +55\u00a051\u00a05550\u00a00100", 18, ["Call", "+55\u00a051\u00a05550\u00a00100"]),
        ("अभी निकलें। स्कूल जाएँ।", 16, ["अभी निकलें।", "स्कूल जाएँ।"]),
        ("立即离开。去学校。带水。", 6, ["立即离开。", "去学校。", "带水。"]),
        ("Line one\nLine two\nLine three", 18, ["Line one\nLine two", "Line three"]),
        ("ជំនន់ទឹក\u200bទៅ\u200bសាលា", 14, ["ជំនន់ទឹក\u200bទៅ\u200b", "សាលា"]),
        ("น้ำท่วมแล้ว", 4, ["น้ำ", "ท่วม", "แล้ว"]),
        ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 11, ["👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"]),
        ("👨‍👩‍👧‍👦", 3, ["👨‍👩‍👧‍👦"]),
        ("🇳🇵🇧🇩🇮🇳", 9, ["🇳🇵🇧🇩", "🇮🇳"]),
        ("", 5, []),
        ("   ", 5, []),
    ],
)
def test_a_text_is_cut_where_a_reader_would_pause(text: str, limit: int, expected: list[str]) -> None:
    assert split(text, limit) == expected


def test_the_parts_of_a_long_text_are_few() -> None:
    words = "flood " * 1000
    assert len(split(words, 1600)) == 4


def test_options_are_lines_with_their_number_first() -> None:
    assert numbered("Are you safe?", ["Safe", "I need help"]) == "Are you safe?\n1 Safe\n2 I need help"
    assert numbered("هل أنت بأمان؟", ["نعم", "لا"]) == "هل أنت بأمان؟\n1 نعم\n2 لا"


def test_what_is_asked_stays_on_the_last_part() -> None:
    content = offering("Leave now. Go to the school.", "Safe", "Help")
    first, last = cut(content, 20)
    assert (first.text, first.options) == ("Leave now.", ())
    assert (last.text, last.options) == ("Go to the school.", content.options)


def test_a_location_is_asked_for_once() -> None:
    content = Content(text="Leave now. Where are you?", language="en", asks_position=True)
    assert [part.asks_position for part in cut(content, 16)] == [False, True]


def test_options_that_do_not_fit_behind_the_text_go_together_in_a_part_of_their_own() -> None:
    parts = cut(offering("Leave now. Go to the school.", "Safe", "Help"), 20, is_numbered=True)
    assert [part.text for part in parts] == ["Leave now.", "Go to the school.", "1 Safe\n2 Help"]
    assert [bool(part.options) for part in parts] == [False, False, True]


def test_a_short_content_stays_whole() -> None:
    content = offering("Are you safe?", "Safe")
    assert cut(content, 100) == (content,)
