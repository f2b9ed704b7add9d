"""The pages of sites and of preparedness: a plan is written, printed, and told what it lacks."""

import pytest

from bot.domain.employer import OnCall
from bot.services.roster import RosterDesk
from tests.console.companies import listed, open_company
from tests.console.conftest import FARM, House

NEW = {
    "name": "River farm", "code": "river 1", "latitude": "-29.5", "longitude": "-51.9", "timezone": "America/Sao_Paulo",
    "assembly_point": "Gate 2", "contact_phone": "51 99999-0002", "languages": "ne",
}  # fmt: skip


@pytest.fixture
async def office(house: House) -> RosterDesk:
    return await open_company(house)


async def test_a_site_is_added_with_its_code_and_phone_evened_out(house: House, office: RosterDesk) -> None:
    browser = await house.author()
    await browser.get("/console/sites/new")
    answer = await browser.post("/console/sites/new", NEW)
    assert "RIVER1" in await (await browser.follow(answer)).text()
    async with house.store.transaction() as unit:
        site = await unit.sites.by_code("river1")
    assert site
    assert (site.employer, site.contact_phone, site.languages) == (FARM.id, "+5551999990002", ("ne",))
    assert "River farm" in await browser.text("/console/sites")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "RIVER"}, "code"), ({"code": "aa1"}, "code"), ({"code": "MM1"}, "code"),
        ({"latitude": "95"}, "latitude"),
        ({"timezone": "Mars/Base"}, "timezone"), ({"contact_phone": "banana"}, "contact_phone"), ({"name": ""}, "name"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_site_stands_at_its_field(
    house: House, office: RosterDesk, change: dict[str, str], field: str
) -> None:
    browser = await house.author()
    await browser.get("/console/sites/new")
    answer = await browser.post("/console/sites/new", NEW | change)
    assert answer.status == 422
    assert f'id="{field}-error"' in await answer.text()


async def test_a_site_is_changed_and_keeps_its_own_code(house: House, office: RosterDesk) -> None:
    browser = await house.author()
    await browser.get("/console/sites/aa1")
    answer = await browser.post("/console/sites/aa1", NEW | {"code": "aa1x", "name": "Site A, new"})
    assert answer.status == 303
    assert "Site A, new" in await browser.text("/console/sites/aa1")


async def test_the_poster_comes_as_a_pdf(house: House, office: RosterDesk) -> None:
    browser = await house.author()
    answer = await browser.get("/console/sites/aa1/poster.pdf")
    assert (answer.status, answer.content_type, await answer.text()) == (200, "application/pdf", "%PDF AA1")


async def test_how_to_join_is_shown_as_the_poster_has_it(house: House, office: RosterDesk) -> None:
    browser = await house.author()
    assert "JOIN AA1" in await browser.text("/console/sites/aa1")


async def test_who_is_on_call_is_written_one_a_line(house: House, office: RosterDesk) -> None:
    browser = await house.author()
    await browser.get("/console/sites/on-call")
    for wrong in ("Rosa", "Rosa, banana", ", +5551999990001", "\n".join(f"R{n}, +5551999990001" for n in range(6))):
        assert (await browser.post("/console/sites/on-call", {"contacts": wrong})).status == 422, wrong
    await browser.post("/console/sites/on-call", {"contacts": "Rosa Lima, 51 99999-0001\n\nTon, +55 51 99999-0002"})
    async with house.store.transaction() as unit:
        employer = await unit.sites.employer(FARM.id)
        assert len(await unit.sites.of(FARM.id)) == 2
    assert employer
    assert employer.on_call == (
        OnCall(name="Rosa Lima", phone="+5551999990001"),
        OnCall(name="Ton", phone="+5551999990002"),
    )


async def test_preparedness_counts_and_names_what_is_missing(house: House, office: RosterDesk) -> None:
    await listed(house, office)
    browser = await house.author()
    text = await browser.text("/console/preparedness")
    assert "2 of 2 people can be reached" in text
    for missing in (
        "No assembly point: Site AA1",
        "Nobody on call",
        "No speaker has reviewed the texts in Nepali",
        "No drill yet",
    ):
        assert missing in text


async def test_preparedness_of_nobody_says_how_to_begin(house: House, office: RosterDesk) -> None:
    browser = await house.author()
    assert "Nobody is on your list yet" in await browser.text("/console/preparedness")
