"""How long a text is: GSM-7 and UCS-2, by 3GPP TS 23.038, and what an SMS costs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.segments import Encoding, encoding, segments, septets, utf16_units
from bot.sandbox.segments import count_segments

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (GSM7, 1)),
        ("a" * 160, (GSM7, 1)),
        ("a" * 161, (GSM7, 2)),
        ("a" * 306, (GSM7, 2)),
        ("a" * 307, (GSM7, 3)),
        ("€" * 80, (GSM7, 1)),
        ("€" * 81, (GSM7, 2)),
        ("a" * 152 + "€" + "a" * 152, (GSM7, 3)),  # the escape and its character stay together: 152 + 2 > 153
        ("é" * 160, (GSM7, 1)),
        ("ñÑ¿¡" * 40, (GSM7, 1)),
        ("ç", (UCS2, 1)),  # only the capital is in the alphabet
        ("’", (UCS2, 1)),
        ("ا" * 70, (UCS2, 1)),
        ("ا" * 71, (UCS2, 2)),
        ("ا" * 134, (UCS2, 2)),
        ("ا" * 135, (UCS2, 3)),
        ("🆘" * 35, (UCS2, 1)),
        ("🆘" * 36, (UCS2, 2)),
        ("🆘" * 67, (UCS2, 3)),  # 33 in each segment of 67 units: a surrogate pair is not divided
        ("a" * 69 + "ब", (UCS2, 1)),
        ("a" * 70 + "ब", (UCS2, 2)),
    ],
)
def test_a_text_goes_into_so_many_segments(text: str, expected: tuple[Encoding, int]) -> None:
    assert segments(text) == expected


def test_one_character_outside_the_alphabet_turns_the_whole_text() -> None:
    assert encoding("Go to the school") is GSM7
    assert encoding("Go to the school’s gate") is UCS2


def test_the_extension_table_costs_two_septets() -> None:
    assert septets("^{}\\[~]|€\f") == 20
    assert septets("@£$ÄÖ") == 5


def test_characters_beyond_the_first_plane_are_two_units() -> None:
    assert utf16_units("🆘a") == 3


@settings(deadline=None)
@given(st.text())
def test_units_are_those_of_the_utf_16_encoding(text: str) -> None:
    assert utf16_units(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("aé€^ब🆘 \n"), max_size=400))
def test_counting_agrees_with_the_carriers_stand_in(text: str) -> None:
    assert segments(text)[1] == count_segments(text)
