"""What is learned from tells nothing of who wrote it."""

import pytest

from bot.services.masking import has_words, masked


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("call me +55 51 99876-5432", "call me (phone)"),
        ("mera number ९८४१२३४५६७ ho", "mera number (phone) ho"),
        ("they owe me 2.500,00 reais since 12/05/2024", "they owe me 0 reais since 0"),
        ("٢٥٠٠ ريال", "0 ريال"),
        ("passport AB123456 is gone", "passport 0 is gone"),
        ("room4 or 2500rs", "0 or 0"),
        ("see https://x.example/sita and sita@x.example or @sita77", "see (link) and (link) or (link)"),
        ("I am SITA gurung, Sita's friend", "I am (name), (name)'s friend"),
        ("me llamo José", "me llamo (name)"),
        ("मेरो नाम सीता हो", "मेरो नाम (name) हो"),
        ("أنا وأحمد هنا", "أنا و(name) هنا"),
        ("we are at river dorm now", "we are at (place) now"),
        ("[pay](amount)\nnow\u2028please\x07", "pay (amount) now please"),
        ("no water here", "no water here"),
    ],
)
def test_names_numbers_and_places_go_and_the_rest_stays(text: str, kept: str) -> None:
    names = ["Sita Gurung", "Jose da Silva", "सीता", "أحمد", "B"]
    once = masked(text, names=names, places=["River Dorm"], region="BR")
    assert once == kept
    assert masked(once, names=names, places=["River Dorm"], region="BR") == once


def test_masks_alone_say_nothing() -> None:
    assert not has_words(masked("12345 678, Sita 31", names=["Sita"], region="BR"))
    assert has_words("no pay for 0 days")
