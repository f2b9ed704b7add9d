"""Which places are told, in which order, and in which words."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.contact import Contact
from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.domain.place import Opening, Place, PlaceId, PlaceKind
from bot.domain.values import Position
from bot.i18n import Catalog, Catalogs, Translation
from bot.services.places import FRESH, NEARBY_KM, PlaceDirectory, describe, locate, nearest, spaced, week_of
from bot.services.voice import Voice
from bot.storage.store import SqlUnit
from tests.stand import LANGUAGES, NOW

ZONE = ZoneInfo("America/Sao_Paulo")
HERE = Position(latitude=-30.0, longitude=-51.2)
TODAY = date(2026, 5, 6)
DAYTIME = tuple(Opening(weekday=day, opens=time(8), closes=time(17)) for day in range(5))
SITE = Site(
    id=SiteId("s1"), employer=EmployerId("e1"), name="Serra Azul, Lajeado plant", code="LAJ1",
    position=Position(latitude=-29.46, longitude=-51.96),
)  # fmt: skip


def north(kilometres: float) -> Position:
    return Position(latitude=HERE.latitude + kilometres / 111.195, longitude=HERE.longitude)


def place(name: str = "Gym", **changes: object) -> Place:
    known = Place(
        id=PlaceId(name),
        kind=PlaceKind.SHELTER,
        name=name,
        phones=("+555155500123",),
        street="Rua das Flores 10, Lajeado",
        position=HERE,
        is_always_open=True,
        timezone="America/Sao_Paulo",
        is_id_needed=False,
        source="Civil Defence",
        checked_on=TODAY - timedelta(days=3),
        expires_on=TODAY + timedelta(days=30),
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def names(
    *places: Place,
    position: Position | None = HERE,
    nationality: str | None = None,
    now: datetime = NOW,
    limit: int = 10,
    kinds: tuple[PlaceKind, ...] = (PlaceKind.SHELTER,),
) -> list[str]:
    found = nearest(
        places, position=position, kinds=kinds, nationality=nationality, now=now, zone=ZONE, limit=limit
    )  # fmt: skip
    return [one.name for one in found]


# --- which ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_on": TODAY - timedelta(days=1)},
        {"blocked_at": NOW},
        {"source": ""},
        {"checked_on": TODAY + timedelta(days=1)},
    ],
)
def test_what_may_not_be_told_is_never_chosen(changes: dict[str, object]) -> None:
    """R5."""
    assert names(place("good"), place("bad", **changes)) == ["good"]


@pytest.mark.parametrize(
    ("utc", "is_told"),
    [
        (datetime(2026, 5, 7, 2, 59, 59, tzinfo=UTC), True),  # 23:59:59 on the 6th in Porto Alegre
        (datetime(2026, 5, 7, 3, 0, 0, tzinfo=UTC), False),  # midnight there
    ],
)
def test_a_place_expires_at_the_midnight_of_the_host_country(utc: datetime, is_told: bool) -> None:
    """R5: not at UTC's midnight, three hours earlier."""
    assert (names(place("last day", expires_on=TODAY), now=utc) == ["last day"]) is is_told


def test_only_the_kinds_asked_for_are_chosen() -> None:
    clinic = place("clinic", kind=PlaceKind.CLINIC)
    assert names(place("gym"), clinic, kinds=(PlaceKind.CLINIC,)) == ["clinic"]
    assert names(place("gym"), clinic, kinds=(PlaceKind.CLINIC, PlaceKind.SHELTER)) == ["clinic", "gym"]


@pytest.mark.parametrize(
    ("nationality", "expected"),
    [("NP", ["any", "nepal"]), ("BD", ["any", "bangla"]), (None, ["any", "bangla", "nepal"])],
)
def test_a_consulate_is_for_its_own_people(nationality: str | None, expected: list[str]) -> None:
    places = (place("nepal", nationality="NP"), place("bangla", nationality="BD"), place("any"))
    assert names(*places, nationality=nationality) == expected


def test_the_nearer_comes_first() -> None:
    assert names(place("b", position=north(9)), place("a", position=north(12)), place("c", position=north(1))) == [
        "c",
        "b",
        "a",
    ]


def test_nearby_an_open_door_comes_before_a_shorter_way() -> None:
    closed = place("closed", is_always_open=False, hours=(Opening(weekday=6, opens=time(8), closes=time(9)),))
    unknown = place("unknown", is_always_open=False, hours=())
    far_open = place("open", position=north(20))
    assert names(closed, unknown, far_open) == ["open", "unknown", "closed"]


def test_an_open_door_far_away_never_comes_before_a_place_nearby() -> None:
    closed = place("closed", is_always_open=False, hours=(Opening(weekday=6, opens=time(8), closes=time(9)),))
    assert names(place("open", position=north(NEARBY_KM + 1)), closed) == ["closed", "open"]


def test_far_away_only_the_distance_counts() -> None:
    closed = place("closed", position=north(100), is_always_open=False, hours=DAYTIME)
    night = datetime(2026, 5, 7, 2, tzinfo=UTC)
    assert names(place("open", position=north(900)), closed, now=night) == ["closed", "open"]


def test_a_phone_without_a_place_is_near_everywhere() -> None:
    assert names(place("far", position=north(80)), place("phone", position=None)) == ["phone", "far"]


def test_without_a_location_those_always_open_come_first_then_those_for_everyone_then_by_name() -> None:
    day = place("a day", is_always_open=False, hours=DAYTIME)
    women = place("a women", who_for="women")
    assert names(place("z"), day, women, place("b"), position=None) == ["b", "z", "a women", "a day"]


def test_no_more_are_chosen_than_asked_for() -> None:
    assert len(names(*(place(str(n)) for n in range(9)), limit=3)) == 3


# --- named places ---------------------------------------------------------------------------------------------------


OTHER = replace(SITE, id=SiteId("s2"), code="CAX2", name="Serra Azul, Caxias tower", position=HERE)


@pytest.mark.parametrize(
    "text", ["LAJ1", "laj1", " laj1 ", "I work at LAJ1.", "LAJ1, house 3", "Serra Azul, Lajeado plant", "lajeado plant",
             "LAJEADO", "ＬＡＪ１"]
)  # fmt: skip
def test_a_sites_code_or_name_is_a_location(text: str) -> None:
    spot = locate(text, [SITE, OTHER])
    assert spot is not None
    assert spot.position == SITE.position


@pytest.mark.parametrize("text", ["", "  ", "a", "laj", "Serra Azul", "nowhere", "😀", "."])
def test_what_names_no_site_or_any_of_several_is_no_location(text: str) -> None:
    assert locate(text, [SITE, OTHER]) is None


def test_the_town_of_a_known_place_is_a_location() -> None:
    spot = locate("canoas", [SITE], [place(street="Rua 1, Canoas", position=north(3))])
    assert spot is not None
    assert spot.position == north(3)


def test_a_street_is_read_by_whole_words_only() -> None:
    assert locate("cano", [], [place(street="Rua 1, Canoas")]) is None


# --- in words -------------------------------------------------------------------------------------------------------


def told(catalogs: Catalogs, what: Place, language: str = "en", now: datetime = NOW, at: Position | None = HERE) -> str:
    return describe(what, Voice(catalogs=catalogs, language=language), now=now, position=at)


def test_a_place_says_all_that_a_worker_needs_to_decide(catalogs: Catalogs) -> None:
    """R5, R6: where, phone, hours, ID, cost, for whom, languages, checked when and by whom."""
    text = told(
        catalogs,
        place(
            "School gym", position=north(2.3), is_always_open=False, hours=DAYTIME, who_for="families",
            languages=("pt", "es"),
        ),
    )  # fmt: skip
    assert text.splitlines() == [
        "School gym",
        "Rua das Flores 10, Lajeado. About 2.3 km away.",
        "Phone: +55 51 5550-0123",
        "Open now. Hours: Mon-Fri 08:00-17:00",
        "Free. No ID needed. For: families.",
        "Languages: Portuguese and Spanish",
        "Checked on 3 May 2026. Source: Civil Defence",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"is_id_needed": True}, "Bring an ID."),
        ({"is_id_needed": False}, "No ID needed."),
        ({"is_id_needed": None}, "Ask if you need an ID."),
        ({"fee": "R$ 60"}, "It costs: R$ 60."),
        ({"fee": ""}, "Free."),
        ({"is_always_open": True}, "Open day and night."),
        ({"is_always_open": False}, "We do not know the opening hours. Call first."),
        ({"is_always_open": False, "hours": (Opening(weekday=6, opens=time(8), closes=time(9)),)}, "Closed now."),
        ({"nationality": "NP"}, "For people from Nepal."),
        ({"who_for": "women and children"}, "For: women and children."),
        ({}, "For everyone."),
        ({"position": north(0.02)}, "Less than 0.1 km away."),
        ({"position": north(12.4)}, "About 12 km away."),
        ({"position": north(9.96)}, "About 10"),
    ],
)
def test_each_fact_has_its_sentence(changes: dict[str, object], sentence: str, catalogs: Catalogs) -> None:
    assert sentence in told(catalogs, place(**changes))


def test_what_is_not_known_is_left_out(catalogs: Catalogs) -> None:
    bare = place(phones=(), street="", position=None, is_always_open=False)
    assert told(catalogs, bare).splitlines() == [
        "Gym",
        "We do not know the opening hours.",
        "Free. No ID needed. For everyone.",
        "Checked on 3 May 2026. Source: Civil Defence",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_phones_and_figures_stay_in_latin_digits_in_every_language(language: str, catalogs: Catalogs) -> None:
    text = told(catalogs, place(phones=("+555155500123", "190"), position=north(2.3)), language)
    assert "+55 51 5550-0123" in text
    assert "190" in text
    assert not any(character.isdecimal() and not character.isascii() for character in text)


def test_in_a_right_to_left_text_each_phone_is_kept_left_to_right() -> None:
    said = Translation(
        msgid="Phone: {phones}", plural=None, forms=("هاتف: {phones}",), is_fuzzy=False, is_reviewed=False, line=1
    )
    catalog = Catalog(entries={said.msgid: said}, plural_form=lambda n: 0)
    arabic = Catalogs(languages=("ar",), catalogs={("ar", "bot"): catalog})
    text = told(arabic, place(phones=("+555155500123", "+555155500124")), "ar")
    assert "\u2066+55 51 5550-0123\u2069" in text
    assert "\u2066+55 51 5550-0124\u2069" in text


def test_spanish_is_spoken_where_a_catalog_has_it(catalogs: Catalogs) -> None:
    text = told(catalogs, place(who_for="women and children"), "es")
    assert "Gratis. No piden documentos. Para: mujeres, niñas y niños." in text


def test_braces_in_imported_data_are_shown_and_never_filled_in(catalogs: Catalogs) -> None:
    text = told(catalogs, place("Gym {hotline}", who_for="all {who}", fee="{fee} R$", source="{source}"))
    assert "Gym {hotline}" in text
    assert "For: all {who}." in text
    assert "It costs: {fee} R$." in text
    assert "Source: {source}" in text


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("+97715970000", "+977 1-5970000"), ("190", "190"), ("0800 644", "0800 644"), ("+0", "+0")],
)
def test_a_phone_is_shown_in_groups_and_a_short_code_as_it_is(stored: str, shown: str) -> None:
    assert spaced(stored) == shown


def test_a_week_joins_days_with_the_same_hours(catalogs: Catalogs) -> None:
    voice = Voice(catalogs=catalogs, language="en")
    saturday = Opening(weekday=5, opens=time(8), closes=time(12))
    monday_evening = Opening(weekday=0, opens=time(18), closes=time(2))
    assert week_of((*DAYTIME, saturday), voice) == "Mon-Fri 08:00-17:00; Sat 08:00-12:00"
    assert week_of((*DAYTIME, monday_evening), voice) == "Mon 08:00-17:00, 18:00-02:00; Tue-Fri 08:00-17:00"
    assert week_of((), voice) == ""


# --- for a contact --------------------------------------------------------------------------------------------------


@pytest.fixture
def directory(catalogs: Catalogs) -> PlaceDirectory:
    return PlaceDirectory(catalogs=catalogs, zone=ZONE)


@pytest.fixture
async def known(unit: SqlUnit) -> None:
    await unit.sites.put(Employer(id=EmployerId("e1"), name="Serra Azul"), [SITE])
    by_site = place("By the plant", position=SITE.position)
    await unit.places.put([place("Here"), by_site, place("Expired", expires_on=TODAY - timedelta(days=1))])


async def first_found(
    directory: PlaceDirectory, unit: SqlUnit, contact: Contact, near: Position | str | None = None
) -> tuple[str, str]:
    found = await directory.find(
        unit, kinds=[PlaceKind.SHELTER], contact=contact, language="en", now=NOW, near=near, limit=1
    )
    return found.places[0].name, found.text.split("\n\n")[-1]


@pytest.mark.usefixtures("known")
async def test_what_is_said_now_counts_before_what_was_shared_before_and_before_the_place_of_work(
    directory: PlaceDirectory, unit: SqlUnit, contact: Contact
) -> None:
    at_work = replace(contact, site=SITE.id)
    shared = replace(at_work, position=HERE, position_at=NOW)
    assert (await first_found(directory, unit, at_work))[0] == "By the plant"
    assert (await first_found(directory, unit, shared))[0] == "Here"
    assert (await first_found(directory, unit, shared, near=SITE.position))[0] == "By the plant"
    assert (await first_found(directory, unit, shared, near="laj1"))[0] == "By the plant"


@pytest.mark.usefixtures("known")
async def test_without_any_location_the_reader_hears_that_sharing_it_gives_nearer_ones(
    directory: PlaceDirectory, unit: SqlUnit, contact: Contact
) -> None:
    """R1: something is told all the same."""
    name, note = await first_found(directory, unit, contact)
    assert name == "By the plant"
    assert note == "Share your location to get the nearest ones."


@pytest.mark.usefixtures("known")
async def test_an_unknown_name_is_admitted(directory: PlaceDirectory, unit: SqlUnit, contact: Contact) -> None:
    assert (await first_found(directory, unit, contact, near="Atlantis"))[1] == (
        "I do not know the place that you wrote. Share your location to get the nearest ones."
    )
    at_work = replace(contact, site=SITE.id)
    assert (await first_found(directory, unit, at_work, near="Atlantis"))[1] == (
        "I do not know the place that you wrote. This is near Serra Azul, Lajeado plant."
    )


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("age", "is_told"), [(FRESH, False), (FRESH + timedelta(seconds=1), True)])
async def test_an_old_location_is_told_with_its_day(
    age: timedelta, is_told: bool, directory: PlaceDirectory, unit: SqlUnit, contact: Contact
) -> None:
    shared = replace(contact, position=HERE, position_at=NOW - age)
    for near in (None, HERE):
        note = (await first_found(directory, unit, shared, near=near))[1]
        told = "This is near the location you shared on 5 May 2026. Share it again if you have moved."
        assert (note == told) is is_told


@pytest.mark.usefixtures("known")
async def test_an_expired_place_is_not_told_to_a_contact(
    directory: PlaceDirectory, unit: SqlUnit, contact: Contact
) -> None:
    """R5, through the real store."""
    found = await directory.find(unit, kinds=[PlaceKind.SHELTER], contact=contact, language="en", now=NOW)
    assert "Expired" not in found.text
    assert len(found.places) == 2


async def test_nothing_found_is_nothing_told(directory: PlaceDirectory, unit: SqlUnit, contact: Contact) -> None:
    found = await directory.find(unit, kinds=[PlaceKind.FOOD], contact=contact, language="en", now=NOW)
    assert (found.places, found.text) == ((), "")


async def test_a_hotline_needs_no_location(directory: PlaceDirectory, unit: SqlUnit, contact: Contact) -> None:
    await unit.places.put([place("Line", kind=PlaceKind.HOTLINE, position=None, street="")])
    found = await directory.find(unit, kinds=[PlaceKind.HOTLINE], contact=contact, language="en", now=NOW)
    assert "location" not in found.text
