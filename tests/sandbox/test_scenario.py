"""The demo scenario is loaded fresh, is fictional throughout, and shows what is never told."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.contact import Contact
from bot.domain.place import PlaceKind
from bot.domain.values import Position
from bot.i18n import Catalogs
from bot.sandbox import scenario
from bot.services.places import PlaceDirectory
from bot.storage.store import SqlStore
from tests.stand import NOW, PHONE, ROOT, StillClock, catalogs, clock, met, store

__all__ = ["catalogs", "clock", "store"]

ZONE = ZoneInfo(scenario.TIMEZONE)
TODAY = NOW.astimezone(ZONE).date()
CONSULATES = {"NP", "BD", "VE", "HT", "SN", "BO", "CO", "PE", "EG", "MA", "SY", "PH", "IN", "PK", "GH"}


def test_every_place_says_that_it_is_fictional() -> None:
    for place in scenario.demo_places(NOW):
        assert place.name.endswith("(demo)")
        assert place.source == "fictional demo data"
        assert place.id.startswith("demo-")


def test_no_phone_number_can_be_anybodys() -> None:
    """Brazilian subscriber numbers begin with 2-5 or 9, its short services have three digits and begin with 1."""
    phones = [phone for place in scenario.demo_places(NOW) for phone in place.phones]
    assert len(phones) == len(set(phones)) == len(scenario.demo_places(NOW))
    assert all(re.fullmatch(r"\+55\d\d155501\d\d|9\d{3}", phone) for phone in phones)


def test_there_is_a_place_of_every_kind_and_a_consulate_for_each_nationality() -> None:
    told = [place for place in scenario.demo_places(NOW) if place.may_be_told(TODAY)]
    kinds = Counter(place.kind for place in told)
    assert set(kinds) == set(PlaceKind)
    assert {place.nationality for place in told if place.kind is PlaceKind.CONSULATE} == CONSULATES
    assert len(told) >= 40


def test_all_but_three_are_told_today_and_for_thirty_days_more() -> None:
    """R5: two are past their date and one is blocked."""
    places = scenario.demo_places(NOW)
    untold = [place for place in places if not place.may_be_told(TODAY)]
    assert sorted(place.id for place in untold) == [
        "demo-blocked-shelter",
        "demo-expired-consulate",
        "demo-expired-shelter",
    ]
    assert len([place for place in places if place.may_be_told(TODAY + timedelta(days=30))]) == len(places) - 3
    assert not [place for place in places if place.may_be_told(TODAY + timedelta(days=31))]


async def test_loading_it_again_renews_its_days_and_doubles_nothing(
    store: SqlStore,
    clock: StillClock,
) -> None:
    first = await scenario.load(store, NOW)
    clock.pass_(timedelta(days=200))
    assert await scenario.load(store, clock.now()) == first
    async with store.transaction() as unit:
        places = await unit.places.all()
        assert len(places) == first.places
        today = clock.now().astimezone(ZONE).date()
        assert sum(place.may_be_told(today) for place in places) == first.told == first.places - 3


async def test_what_somebody_blocked_in_the_demo_stays_blocked(store: SqlStore) -> None:
    """R5."""
    first = await scenario.load(store, NOW)
    async with store.transaction() as unit:
        place = (await unit.places.tellable([PlaceKind.LEGAL_AID], TODAY))[0]
        await unit.places.put([replace(place, blocked_at=NOW)])
    assert (await scenario.load(store, NOW)).told == first.told - 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("LAJ1", "Abrigo Ginásio das Araucárias"),
        ("can2", "Abrigo Ginásio Céu Aberto"),
        ("ENC3", "Abrigo Salão do Morro"),
    ],
)
async def test_each_sites_code_leads_to_the_shelter_beside_it(
    code: str,
    expected: str,
    store: SqlStore,
    catalogs: Catalogs,
) -> None:
    await scenario.load(store, NOW)
    directory = PlaceDirectory(catalogs=catalogs, zone=ZONE)
    async with store.transaction() as unit:
        contact = await met(unit, PHONE)
        found = await directory.find(
            unit, kinds=[PlaceKind.SHELTER], contact=contact, language="en", now=NOW, near=code
        )  # fmt: skip
    assert found.text.startswith(expected)
    assert "fechado" not in found.text
    assert "errado" not in found.text


async def test_a_nepali_in_porto_alegre_is_told_of_the_embassy_and_not_of_the_old_consulate(
    store: SqlStore,
    catalogs: Catalogs,
) -> None:
    """R5: the nearer one is past its date."""
    await scenario.load(store, NOW)
    directory = PlaceDirectory(catalogs=catalogs, zone=ZONE)
    async with store.transaction() as unit:
        contact: Contact = await met(unit, PHONE)
        found = await directory.find(
            unit, kinds=[PlaceKind.CONSULATE], contact=contact, language="en", now=NOW, nationality="NP",
            near=Position(latitude=-30.03, longitude=-51.22),
        )  # fmt: skip
    assert [place.name for place in found.places] == ["Embaixada do Nepal (demo)"]


def test_the_folder_says_what_it_is() -> None:
    text = (ROOT / "bot" / "sandbox" / "scenario" / "README.md").read_text("utf-8")
    assert "everything here is fictional" in text
