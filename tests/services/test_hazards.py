"""Proves that the templates of usual hazards are short, whole in every language, and move nobody on their own."""

import re

import pytest
from babel.messages.pofile import read_po

from bot.channels.segments import Encoding, segments
from bot.i18n import Catalogs, faults, numbers, placeholders
from bot.services import hazards
from bot.services.hazards import Hazard
from tests.stand import LANGUAGES, ROOT

HAZARDS = hazards.load()
WANTED = "flood storm earthquake fire unrest epidemic chemical heat evacuation_order all_clear"
ORDINARY = {
    "site": "Serra Azul, unit 2",
    "place": "Novo Hamburgo",
    "time": "18:00",
    "assembly_point": "the north gate, by the school",
    "authority": "Civil Defence",
}
MOVES = re.compile(r"\b(leave|evacuate|get out|go to|move|go back)\b", re.I)
CONDITIONS = ("only when the authorities say so", "get out of their way", "a damaged house", "do not go back")
MOST_UCS2 = 5  # segments; English keeps to 2


@pytest.fixture(params=HAZARDS, ids=lambda hazard: hazard.key)
def hazard(request: pytest.FixtureRequest) -> Hazard:
    found: Hazard = request.param
    return found


def filled(hazard: Hazard, language: str, catalogs: Catalogs) -> hazards.Draft:
    return hazards.draft(hazard, language, catalogs, ORDINARY)


def first_read(draft: hazards.Draft) -> str:
    """What must be read even if nothing else is."""
    return f"{draft.headline}\n{draft.instruction}"


def test_every_usual_hazard_has_one_template() -> None:
    keys = [hazard.key for hazard in HAZARDS]
    assert len(keys) == len(set(keys))
    assert set(WANTED.split()) <= set(keys)


def test_the_placeholders_are_those_an_author_is_asked_for(hazard: Hazard) -> None:
    assert {"site", "place", "time"} <= hazard.placeholders <= ORDINARY.keys()


def test_the_headline_says_where_and_when(hazard: Hazard) -> None:
    assert {"site", "place", "time"} <= placeholders(hazard.headline)


def test_a_copy_lives_for_hours_and_not_for_weeks(hazard: Hazard) -> None:
    """R20."""
    assert 1 <= hazard.life_hours <= 72


def test_nobody_is_told_to_move_unless_an_authority_says_so_or_the_house_burns(hazard: Hazard) -> None:
    """product.md, "It must never"."""
    if hazard.key == "fire" or "authority" in hazard.placeholders:
        return
    for sentence in re.split(r"(?<=[.:])\s", " ".join(hazard.texts)):
        if MOVES.search(sentence):
            assert any(one in f"{sentence} ".lower() for one in (*CONDITIONS, "only when", "get away from")), sentence


@pytest.mark.parametrize("key", ["evacuation_order", "all_clear"])
def test_an_order_and_its_end_name_who_gives_it_in_the_first_line(key: str) -> None:
    (found,) = (hazard for hazard in HAZARDS if hazard.key == key)
    assert "authority" in placeholders(found.headline)


@pytest.mark.parametrize("language", LANGUAGES)
def test_r12_a_template_is_whole_in_every_language_and_keeps_numbers_and_placeholders(
    hazard: Hazard, language: str, catalogs: Catalogs
) -> None:
    for text in (hazard.event, *hazard.texts):
        assert catalogs.has(text, language, "bot")
        assert faults(text, raw(text, language, catalogs)) == []


def raw(text: str, language: str, catalogs: Catalogs) -> str:
    """The text in the language with its placeholders as they stand."""
    names = {name: f"{{{name}}}" for name in placeholders(text)}
    return catalogs.text(text, language, domain="bot", isolate=False, **names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_filled_texts_carry_the_same_numbers_in_every_language(
    hazard: Hazard, language: str, catalogs: Catalogs
) -> None:
    """R12."""
    source, draft = filled(hazard, "en", catalogs), filled(hazard, language, catalogs)
    for said, meant in zip(draft[:3], source[:3], strict=True):
        assert numbers(said) == numbers(meant)


def test_what_is_not_filled_stays_a_placeholder(catalogs: Catalogs) -> None:
    flood = HAZARDS[0]
    draft = hazards.draft(flood, "es", catalogs, {"place": "Novo Hamburgo"})
    assert "Novo Hamburgo" in draft.headline
    assert {"site", "time"} <= placeholders(draft.headline)


def test_r12_a_draft_that_no_speaker_has_read_says_so(catalogs: Catalogs) -> None:
    assert filled(HAZARDS[0], "en", catalogs).is_reviewed
    assert not filled(HAZARDS[0], "ne", catalogs).is_reviewed


def test_a_language_without_translations_gets_english_that_counts_as_unreviewed(catalogs: Catalogs) -> None:
    draft = filled(HAZARDS[0], "vi", catalogs)
    assert draft[:3] == filled(HAZARDS[0], "en", catalogs)[:3]
    assert not draft.is_reviewed


def test_english_fits_two_sms_and_others_five(catalogs: Catalogs) -> None:
    """Prints the table (`pytest -s`): the segments of headline and instruction with ordinary values."""
    print(f"\n{'hazard':20}", *(f"{language:>4}" for language in LANGUAGES))
    for hazard in HAZARDS:
        counted = [segments(first_read(filled(hazard, language, catalogs))) for language in LANGUAGES]
        print(f"{hazard.key:20}", *(f"{count:4}" for _, count in counted))
        english = counted[LANGUAGES.index("en")]
        assert english[0] is Encoding.GSM7, hazard.key
        assert english[1] <= 2, hazard.key
        assert max(count for _, count in counted) <= MOST_UCS2, hazard.key


def test_no_template_shouts_or_promises() -> None:
    for hazard in HAZARDS:
        told = " ".join(hazard.texts)
        assert not re.search(r"[!\u2600-\u27bf\U0001f000-\U0001faff]|[A-Z]{4,}", told), hazard.key
        assert not re.search(r"\b(will be rescued|help is coming|guarantee|don't worry|visa)\b", told, re.I), hazard.key


def test_sentences_are_short() -> None:
    """voice.md 2: about twelve words."""
    told = " ".join(text for hazard in HAZARDS for text in hazard.texts)
    lengths = [len(sentence.split()) for sentence in re.split(r"[.:]\s", told) if sentence.strip()]
    assert max(lengths) <= 18
    assert sum(lengths) / len(lengths) < 9


def test_the_template_for_translators_has_every_text(hazard: Hazard) -> None:
    with (ROOT / "locales" / "bot.pot").open(encoding="utf-8") as file:
        listed = {message.id for message in read_po(file)}
    assert {hazard.event, *hazard.texts} <= listed
