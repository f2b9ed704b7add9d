"""Who hears that a place is wrong mends it: corrected, called, blocked at once, imported; the audit knows (R5)."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from aiohttp import FormData

from bot.console import places
from bot.domain.place import Place, PlaceId, PlaceKind
from bot.domain.staff import Role
from bot.importing import read_rows
from bot.services.place_desk import PlaceDesk
from tests.console.conftest import FARM, Browser, House

TODAY = date(2026, 5, 6)  # of tests/stand.py's clock
NEW = {
    "kind": "shelter", "name": "School gym", "phones": "(51) 3714-1234; 193", "street": "Rua das Flores 5, Lajeado",
    "latitude": "-29.4669", "longitude": "-51.9614", "who_for": "families", "languages": "pt, Spanish",
    "hours": "Mon-Fri 08:00-12:00, 13:00-17:00; Sat 22:00-02:00", "id_needed": "no", "fee": "",
    "source": "Civil Defence, Ana Souza", "checked_on": "2026-05-06", "expires_on": "2026-08-01",
    "timezone": "America/Sao_Paulo",
}  # fmt: skip
FILE = b"kind,name,phones,source,checked_on,expires_on\nshelter,Gym,193,CD,2026-05-01,2026-09-01\n"
GYM = "/console/places/shelter-school-gym"


@pytest.fixture(autouse=True)
def pages(house: House) -> None:
    settings = house.settings
    desk = PlaceDesk(store=house.store, clock=house.clock, zone=settings.zone, region="BR")
    house.pages += places.routes(desk=desk, read_rows=read_rows)


async def operator(house: House, role: Role = Role.OPERATOR) -> Browser:
    return await house.signed_in("olga", role)


async def put(house: House, id_: str = "gym", **changed: Any) -> Place:
    given: dict[str, Any] = {
        "id": PlaceId(id_), "kind": PlaceKind.SHELTER, "name": id_.title(), "phones": ("+555137141234",),
        "source": "Civil Defence", "checked_on": TODAY, "expires_on": TODAY + timedelta(days=90),
    }  # fmt: skip
    place = Place(**{**given, **changed})
    async with house.store.transaction() as unit:
        await unit.places.put([place])
    return place


async def stored(house: House, id_: str) -> Place:
    async with house.store.look() as unit:
        found = await unit.places.get(PlaceId(id_))
    assert found is not None
    return found


async def told(house: House) -> list[str]:
    """What a worker may hear of today."""
    async with house.store.look() as unit:
        return [place.id for place in await unit.places.tellable(list(PlaceKind), TODAY)]


async def seen(browser: Browser, path: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', await browser.text(path))
    assert found is not None
    return found[1]


async def test_r6_a_place_is_added_with_all_that_a_worker_needs_to_know(house: House) -> None:
    browser = await operator(house)
    answer = await browser.follow(await browser.post("/console/places/new", NEW))
    text = await answer.text()
    assert "+55 51 3714-1234" in text
    assert "Mon-Fri 08:00-12:00, 13:00-17:00; Sat 22:00-02:00" in text
    place = await stored(house, "shelter-school-gym")
    assert place.phones == ("+555137141234", "193")
    assert (place.is_id_needed, place.languages, place.expires_on) == (False, ("pt", "es"), date(2026, 8, 1))


@pytest.mark.parametrize("field", ["source", "checked_on", "expires_on"])
async def test_r5_nothing_is_kept_without_source_check_and_expiry(house: House, field: str) -> None:
    browser = await operator(house)
    answer = await browser.post("/console/places/new", {**NEW, field: ""})
    assert answer.status == 422
    text = await answer.text()
    assert f'id="{field}-error"' in text
    assert 'value="School gym"' in text  # nothing typed is lost
    assert await told(house) == []


async def test_a_number_that_is_none_is_refused(house: House) -> None:
    browser = await operator(house)
    answer = await browser.post("/console/places/new", {**NEW, "phones": "12345678901234567"})
    assert answer.status == 422
    assert 'id="phones-error"' in await answer.text()


async def test_the_same_place_is_not_kept_twice(house: House) -> None:
    browser = await operator(house)
    await browser.post("/console/places/new", NEW)
    answer = await browser.post("/console/places/new", {**NEW, "phones": "190"})
    assert answer.status == 422
    assert (await stored(house, "shelter-school-gym")).phones == ("+555137141234", "193")


async def test_opening_and_saving_a_place_changes_nothing(house: House) -> None:
    browser = await operator(house)
    await browser.post("/console/places/new", NEW)
    before, page = await stored(house, "shelter-school-gym"), await browser.text(GYM)
    typed = dict(re.findall(r'<input id="(\w+)" name="\w+" type="\w+" value="([^"]*)"', page))
    answer = await browser.post(GYM, {**typed, "kind": "shelter", "id_needed": "no", "seen": await seen(browser, GYM)})
    assert answer.status == 303, await answer.text()
    assert await stored(house, "shelter-school-gym") == before
    assert "Corrected" not in await browser.text(GYM)


async def test_a_correction_that_crosses_another_is_refused(house: House) -> None:
    browser = await operator(house)
    await browser.post("/console/places/new", NEW)
    old = await seen(browser, GYM)
    assert (await browser.post(GYM, {**NEW, "phones": "190", "seen": old})).status == 303
    answer = await browser.post(GYM, {**NEW, "phones": "192", "seen": old})
    assert answer.status == 409
    assert (await stored(house, "shelter-school-gym")).phones == ("190",)
    assert "Corrected: Phones" in await browser.text(GYM)


async def test_r5_one_click_blocks_and_one_undoes_it(house: House) -> None:
    await put(house)
    browser = await operator(house)
    await browser.text("/console/places")
    blocked = await (await browser.follow(await browser.post("/console/places/gym/block"))).text()
    assert "nobody is told of it" in blocked
    assert "Undo: tell it again" in blocked
    assert await told(house) == []
    await browser.post("/console/places/gym/unblock")
    assert await told(house) == ["gym"]
    history = await browser.text("/console/places/gym")
    assert re.findall(r"<bdi>Olga</bdi> · (\w+)", history) == ["Unblocked", "Blocked"]


async def test_r5_a_correction_never_unblocks(house: House) -> None:
    await put(house)
    browser = await operator(house)
    await browser.text("/console/places")
    await browser.post("/console/places/gym/block")
    await browser.post("/console/places/gym", {**NEW, "seen": await seen(browser, "/console/places/gym")})
    await browser.post("/console/places/gym/call", {"until": "2027-01-01"})
    assert await told(house) == []


async def test_r5_a_call_sets_the_check_to_today_and_a_new_expiry(house: House) -> None:
    await put(house, checked_on=date(2025, 1, 1), expires_on=date(2026, 5, 1))
    browser = await operator(house)
    assert await told(house) == []
    listed = await browser.text("/console/places?state=review")
    assert "Gym" in listed
    await browser.post("/console/places/gym/call", {"until": "2026-09-01"})
    place = await stored(house, "gym")
    assert (place.checked_on, place.expires_on) == (TODAY, date(2026, 9, 1))
    assert await told(house) == ["gym"]
    history = await browser.text("/console/places/gym")
    assert "Called: it works" in history
    assert "Olga" in history


@pytest.mark.parametrize("until", ["2026-05-06", "2020-01-01", "soon", ""])
async def test_a_call_does_not_make_believe_in_the_past(house: House, until: str) -> None:
    before = await put(house)
    browser = await operator(house)
    await browser.text("/console/places/gym")
    await browser.post("/console/places/gym/call", {"until": until})
    assert await stored(house, "gym") == before


async def test_the_list_is_filtered_by_kind_words_phone_and_state(house: House) -> None:
    await put(house, "current")
    await put(house, "soon", expires_on=TODAY + timedelta(days=30))
    await put(house, "later", expires_on=TODAY + timedelta(days=31), kind=PlaceKind.CLINIC, phones=("192",))
    await put(house, "gone", expires_on=TODAY - timedelta(days=1))
    await put(house, "blocked", blocked_at=house.clock.now())
    browser = await operator(house)

    async def found(query: str) -> set[str]:
        text = await browser.text(f"/console/places?{query}", headers={"HX-Request": "true"})
        return set(re.findall(r"<a href=\"/console/places/(\w+)\"><bdi>", text))

    assert await found("") == {"current", "soon", "later", "gone", "blocked"}
    assert await found("state=current") == {"current", "later"}
    assert await found("state=expiring") == {"soon"}
    assert await found("state=expired") == {"gone"}
    assert await found("state=blocked") == {"blocked"}
    assert await found("state=review") == {"soon", "gone"}
    assert await found("kind=clinic") == {"later"}
    assert await found("q=CURR") == {"current"}
    assert await found("q=3714-1234") == {"current", "soon", "gone", "blocked"}
    assert await found("q=nothing&state=nonsense") == set()


async def send(browser: Browser, body: bytes) -> str:
    """Give a file to the import; returns where its preview is."""
    form = FormData({"csrf": browser.csrf})
    form.add_field("file", body, filename="places.csv", content_type="text/csv")
    answer = await browser.client.post("/console/places/import", data=form, allow_redirects=False)
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"]


async def test_what_is_exported_is_imported_as_it_was_and_nothing_is_written_before(house: House) -> None:
    browser = await operator(house, Role.SUPERVISOR)
    await browser.post("/console/places/new", {**NEW, "source": "=HYPERLINK(1)"})
    await put(house, "secret", blocked_at=house.clock.now())
    before = await stored(house, "shelter-school-gym")
    answer = await browser.get("/console/places/export.csv")
    body = await answer.read()
    assert b",=" not in body
    assert b"secret" not in body  # a file cannot say that it is blocked

    preview = await send(browser, body)
    assert "The same: 1" in await browser.text(preview)
    preview = await send(browser, body.replace(b"School gym", b"Old gym"))
    text = await browser.text(preview)
    assert "Changed: 1" in text
    assert await stored(house, "shelter-school-gym") == before
    await browser.post(preview)
    assert (await stored(house, "shelter-school-gym")).name == "Old gym"
    assert "Imported from a file: Name" in await browser.text(GYM)


async def test_rows_with_problems_are_told_and_left_out_only_by_choice(house: House) -> None:
    browser = await operator(house)
    await browser.text("/console/places")
    preview = await send(browser, FILE + b"shelter,Hall,193,,2026-05-01,2026-09-01\n")
    assert "is empty: write it" in await browser.text(preview)
    assert (await browser.post(preview)).status == 422
    assert await told(house) == []
    assert (await browser.post(preview, {"skip_bad": "yes"})).status == 303
    assert await told(house) == ["shelter-gym"]


async def test_nobody_sees_the_preview_of_another(house: House) -> None:
    browser, other = await operator(house), await house.signed_in("omar", Role.OPERATOR)
    await browser.text("/console/places")
    preview = await send(
        browser, b"kind,name,phones,source,checked_on,expires_on\nshelter,Gym,193,CD,2026-05-01,2026-09-01\n"
    )
    assert (await other.get(preview)).status == 303
    assert (await other.post(preview)).status == 303
    assert await told(house) == []


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.APPROVER])
async def test_an_employer_reads_places_and_changes_none(house: House, role: Role) -> None:
    """R2: and does not learn who of the staff did what."""
    await put(house)
    keeper = await operator(house)
    await keeper.text("/console/places")
    await keeper.post("/console/places/gym/block")
    await keeper.post("/console/places/gym/unblock")
    browser = await house.signed_in("ana", role, FARM)
    assert "Gym" in await browser.text("/console/places")
    shown = await browser.text("/console/places/gym")
    assert "Olga" not in shown
    assert '<form method="post" action="/console/places' not in shown
    for path in ("/console/places/gym/block", "/console/places/gym/call", "/console/places/gym", "/console/places/new"):
        assert (await browser.post(path, {**NEW, "until": "2027-01-01"})).status == 403, path
    assert (await browser.get("/console/places/export.csv")).status == 403
    assert await told(house) == ["gym"]


async def test_a_place_that_is_not_there_is_not_there(house: House) -> None:
    browser = await operator(house)
    assert (await browser.get("/console/places/none")).status == 404
    assert (await browser.post("/console/places/none/block")).status == 404
