"""A site's poster: one sheet of A4 in the site's languages, with every letter there."""

import gc
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fpdf import FPDF

from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.domain.values import Position
from bot.i18n import Catalogs
from bot.printing.poster import draw_poster
from bot.printing.typesetting import Sheet, Style, _runs
from bot.services.joining import Ways, poster_of

ROOT = Path(__file__).resolve().parents[2]
FARM = Employer(id=EmployerId("farm"), name="Boa Terra")
SITE = Site(
    id=SiteId("a1"), employer=FARM.id, name="Fazenda São João", code="FSJ1",
    position=Position(latitude=-29.4, longitude=-51.9),
)  # fmt: skip
WAYS = Ways(public_url="https://help.example", telegram_bot="b", whatsapp_number="+1500", sms_number="+1501")
GIVEN = {"organisation": "Muster", "emergency_number": "193"}
LANGUAGES = ("en", "es", "ne", "ar")


@pytest.fixture(scope="module")
def catalogs() -> Catalogs:
    return Catalogs.load(ROOT / "locales", LANGUAGES)


def drawn(catalogs: Catalogs, *languages: str, ways: Ways = WAYS, site: Site = SITE) -> bytes:
    poster = poster_of(replace(site, languages=languages), FARM, ways=ways, offered=LANGUAGES)
    return draw_poster(poster, catalogs=catalogs, given=GIVEN, made_at=datetime(2026, 5, 6, tzinfo=UTC))


@pytest.mark.parametrize("languages", [("en",), ("ne", "ar"), LANGUAGES])
def test_it_is_one_sheet_with_every_letter(
    catalogs: Catalogs, languages: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        pdf = drawn(catalogs, *languages)
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    assert "missing the following glyphs" not in caplog.text


def test_a_site_without_languages_gets_all_that_are_offered(catalogs: Catalogs) -> None:
    assert poster_of(SITE, FARM, ways=WAYS, offered=LANGUAGES).languages == LANGUAGES
    assert drawn(catalogs) == drawn(catalogs, *LANGUAGES)


def test_long_names_and_channels_that_are_off_do_not_break_it(catalogs: Catalogs) -> None:
    long = replace(
        SITE, name="Alojamento dos trabalhadores da Fazenda São João do Norte " * 2, code="VERY-LONG-CODE-12345"
    )
    assert len(re.findall(rb"/Type /Page\b", drawn(catalogs, *LANGUAGES, ways=Ways(), site=long))) == 1


def test_text_that_begins_on_the_right_takes_its_height_like_any_other() -> None:
    sheet = Sheet(title="t", language="ar", made_at=datetime(2026, 5, 6, tzinfo=UTC))
    one = sheet.height("عند الخطر", width=100, language="ar", style=Style(size=10))
    many = sheet.height("عند الخطر " * 40, width=100, language="ar", style=Style(size=10))
    assert many > 2 * one


def test_neighbouring_modules_of_a_code_are_drawn_in_one() -> None:
    assert list(_runs([1, 1, 0, 1, 0, 0, 1])) == [(0, 2), (3, 1), (6, 1)]


def test_what_was_drawn_is_forgotten(catalogs: Catalogs) -> None:
    """A poster holds megabytes of fonts, and posters are asked for as long as the service runs."""
    drawn(catalogs, "en")
    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, FPDF)]
