"""Owns the employers that the pages of people, sites and preparedness are tried with, and their pages."""

import io
from datetime import datetime

from aiohttp import ClientResponse, FormData

from bot.console import people, preparedness, sites
from bot.domain.contact import Channel, Contact
from bot.domain.employer import Employer, Site, SiteId
from bot.domain.values import Position
from bot.importing import read_rows
from bot.services.joining import Poster, Ways
from bot.services.preparedness import BroadcastDrills, Means, PreparednessDesk
from bot.services.roster import RosterDesk
from tests.console.conftest import FARM, MILL, Browser, House

LANGUAGES = {"en": "English", "es": "Español", "ne": "नेपाली", "ar": "العربية"}
MEANS = Means(channels=frozenset({Channel.SMS, Channel.TELEGRAM}), has_template=False, languages=tuple(LANGUAGES))
HERE = Position(latitude=-29.4, longitude=-51.9)
HEADER = "name,phone,language,site,group,employee_number\n"
SITA = "Sita Gurung,+9779800000001,ne,AA1,night,17\n"
AHMED = "Ahmed Ali,+9779800000002,ar,BB2,day,18\n"


def site(code: str, employer: Employer = FARM) -> Site:
    return Site(id=SiteId(code.lower()), employer=employer.id, name=f"Site {code}", code=code, position=HERE)


def draw(poster: Poster, at: datetime) -> bytes:
    return f"%PDF {poster.site.code}".encode()


async def open_company(house: House) -> RosterDesk:
    """Two sites of the farm and one of the mill, with every page of this family."""
    desk = RosterDesk(store=house.store, clock=house.clock, ids=house.ids, region="BR")
    house.pages += people.routes(desk=desk, means=MEANS, read_rows=read_rows)
    house.pages += sites.routes(
        store=house.store, clock=house.clock, ids=house.ids, ways=Ways(sms_number="+15005550009"),
        languages=LANGUAGES, region="BR", timezone="America/Sao_Paulo", draw_poster=draw,
    )  # fmt: skip
    house.pages += preparedness.routes(
        store=house.store,
        desk=PreparednessDesk(store=house.store, means=MEANS, drills=BroadcastDrills(store=house.store)),
    )
    async with house.store.transaction() as unit:
        await unit.sites.put(FARM, [site("AA1"), site("BB2")])
        await unit.sites.put(MILL, [site("MM1", MILL)])
    return desk


async def listed(house: House, desk: RosterDesk, text: str = HEADER + SITA + AHMED, employer: Employer = FARM) -> None:
    sheet = await desk.read(employer.id, read_rows(text.encode(), "people.csv"))
    assert not sheet.problems
    await desk.carry_out(employer.id, sheet)


async def people_of(house: House, employer: Employer = FARM) -> list[Contact]:
    async with house.store.transaction() as unit:
        return list(await unit.roster.people(employer.id))


async def sends_file(browser: Browser, body: str | bytes, name: str = "people.csv", **fields: str) -> ClientResponse:
    """Choose a file on the import page and send it."""
    await browser.get("/console/people/import")
    sent = FormData({"csrf": browser.csrf, **fields})
    sent.add_field("file", io.BytesIO(body.encode() if isinstance(body, str) else body), filename=name)
    origin = str(browser.client.make_url("/")).rstrip("/")
    answer = await browser.client.post(
        "/console/people/import", data=sent, allow_redirects=False, headers={"Origin": origin}
    )
    await browser._remember(answer)
    return answer
