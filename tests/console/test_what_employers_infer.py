"""R2: what an employer could infer from pages that tell nothing: they are the same before and after a worker writes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from bot.domain.contact import Address, Channel, Contact, ContactId, Listing, Permission, Reach, Scheme
from bot.domain.values import Position
from tests.console.alert_house import CAMP, MILL, fields_of, finished, open_alerts, plain, saved
from tests.console.conftest import FARM, Browser, House

COUNT = 12


def listed(number: int, language: str = "es") -> Contact:
    """One of the employer's people as its own list has them; nobody ever wrote."""
    phone = f"+5551555{number:06}"
    listing = Listing(name=f"Person {number}", phones=(phone,), whatsapp=(phone,), language=language)
    return Contact(
        id=ContactId(f"farm{number}"),
        reaches=tuple(Reach(address=address, permission=Permission.NONE) for address in listing.addresses),
        language=language,
        employer=FARM.id,
        site=MILL.id if number % 2 else CAMP.id,
        groups=("night",) if number else ("one", "night"),
        listing=listing,
    )


async def employed(house: House) -> None:
    async with house.store.transaction() as unit:
        await unit.sites.put(FARM, [MILL, CAMP])
        await unit.roster.add([listed(number) for number in range(COUNT)])


async def one_writes(house: House) -> None:
    """One of them writes to us, in another language, from the phone that is listed and from Telegram."""
    now = house.clock.now()
    async with house.store.transaction() as unit:
        contact = await unit.contacts.get(ContactId("farm0"))
        assert contact is not None
        heard = [replace(reach, permission=Permission.WROTE, permission_at=now) for reach in contact.reaches]
        chat = Reach(address=Address(scheme=Scheme.TELEGRAM, path="4711"), permission_at=now, last_heard_at=now)
        await unit.contacts.save(
            replace(
                contact,
                reaches=(chat, *(replace(reach, last_heard_at=now) for reach in heard)),
                language="hi",
                is_language_confirmed=True,
                name="Said themselves",
                nationality="IN",
                position=Position(latitude=-29.46, longitude=-51.96),
                position_at=now,
                met_at=now,
            )
        )


AUDIENCES = [
    {"groups": "one"},
    {"groups": "one", "languages": "hi"},
    {"groups": "one", "languages": "es"},
    {"languages": "hi"},
    {"sites": "st2", "languages": "es"},
    {},
]


async def told(author: Browser, path: str) -> list[str]:
    """All that the draft's pages tell of these audiences, whoever is in them."""
    pages = []
    for audience in AUDIENCES:
        fields = fields_of(await author.text(f"{path}/edit"))
        fields = {name: value for name, value in fields.items() if name not in ("sites", "languages", "groups")}
        answer = await author.post(f"{path}/count", fields | audience)
        pages.append(plain(await answer.text()))
        await saved(author, path, **({"sites": None, "languages": None, "groups": None} | audience))
        pages.append(re.sub(r'value="[0-9a-f]{64}"|name="revision" value="\d+"', "", await author.text(path)))
    return pages


async def test_r2_a_draft_tells_nothing_of_who_wrote_to_us_from_where_in_which_language(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await employed(house)
    path = await finished(author)
    before = await told(author, path)
    house.clock.pass_(timedelta(0))
    await one_writes(house)
    after = await told(author, path)
    for audience, (was, now) in zip(
        [one for one in AUDIENCES for _ in "ab"], zip(before, after, strict=True), strict=True
    ):
        assert now == was, audience


async def test_r2_who_is_meant_by_a_language_is_whom_the_list_says_to_speak_it(house: House) -> None:
    """Else an audience of one tells which language a worker talks with us in; who is on no list is always meant."""
    desk = open_alerts(house)
    author = await house.author()
    await employed(house)
    joined = replace(listed(90), id=ContactId("joined"), listing=None, language="ar", reaches=(), groups=())
    async with house.store.transaction() as unit:
        await unit.roster.add([joined])
    await one_writes(house)
    path = await finished(author)
    fields = fields_of(await author.text(f"{path}/edit"))
    for language, meant in (("es", COUNT + 1), ("hi", 1), ("ar", 1)):
        answer = await author.post(f"{path}/count", fields | {"languages": language})
        assert plain(await answer.text()).startswith(f"{meant} p"), language
    assert Channel.SMS in desk.ways
