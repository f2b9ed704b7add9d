"""Owns the alert pages as their tests use them: real channels that only measure, sites, people, and a draft's form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from html.parser import HTMLParser
from typing import Any, cast

from aiohttp import ClientSession

from bot.cap.intake import Intake
from bot.channels.sms import SmsChannel
from bot.channels.telegram import TelegramChannel
from bot.channels.twilio import TwilioAccount
from bot.channels.webchat import WebChatChannel
from bot.channels.whatsapp import WhatsAppChannel
from bot.console import alerts
from bot.domain.broadcast import Broadcast
from bot.domain.contact import Address, Channel, Contact, ContactId, Listing, Permission, Reach, Scheme
from bot.domain.delivery import BroadcastId
from bot.domain.employer import Employer, Site, SiteId
from bot.domain.values import Position
from bot.queue.live import Live
from bot.services.broadcasts import BroadcastDesk
from bot.services.forecast import Way
from tests.console.conftest import FARM, Browser, House

MILL = Site(
    id=SiteId("st1"), employer=FARM.id, name="Serra Mill", code="MILL1", assembly_point="North gate",
    position=Position(latitude=-29.46, longitude=-51.96), timezone="America/Sao_Paulo",
)  # fmt: skip
CAMP = Site(
    id=SiteId("st2"), employer=FARM.id, name="River Camp", code="CAMP1", assembly_point="Chapel",
    position=Position(latitude=-30.03, longitude=-51.22), timezone="America/Sao_Paulo",
)  # fmt: skip


def ways() -> dict[Channel, Way]:
    """Every channel, as a deployment with all of them has it; nothing is ever sent."""
    account = TwilioAccount(
        account_sid="AC0", auth_token="x", api_url="http://127.0.0.1:1", public_url="http://127.0.0.1:1",
        session=cast(ClientSession, None),
    )  # fmt: skip
    telegram = TelegramChannel(token="1:x", secret="", api_url="http://127.0.0.1:1")
    return {
        Channel.TELEGRAM: Way(channeller=telegram, rate=25),
        Channel.WHATSAPP: Way(
            channeller=WhatsAppChannel(account=account, sender="+15005550009"), rate=80, template="HX1", reach=250
        ),
        Channel.SMS: Way(channeller=SmsChannel(account=account, sender="+15005550006"), rate=1),
        Channel.WEBCHAT: Way(channeller=WebChatChannel(live=cast(Live, None)), rate=5000),
    }


def broadcast_desk(house: House) -> BroadcastDesk:
    return BroadcastDesk(
        store=house.store, clock=house.clock, ids=house.ids, catalogs=house.catalogs, organisation="Muster", ways=ways()
    )


def open_alerts(house: House, session: ClientSession | None = None) -> BroadcastDesk:
    """Give the house its alert pages."""
    desk = broadcast_desk(house)
    intake = Intake(
        session=cast(ClientSession, session), clock=house.clock, ids=house.ids, languages=house.catalogs.languages
    )
    house.pages += alerts.routes(desk=desk, zone=house.settings.zone, intake=intake)
    return desk


async def people(
    house: House, count: int = 12, *, employer: Employer = FARM, sites: Sequence[Site] = (MILL, CAMP)
) -> None:
    """So many people with a phone, by turns at each site and of each language, all in the group "night"."""
    spoken = ("en", "es", "ar", "hi")
    phones = [f"+55{sum(map(ord, employer.id)):04}{number:06}" for number in range(count)]
    listed = [
        Contact(
            id=ContactId(f"{employer.id}{number}"),
            reaches=(Reach(address=Address(scheme=Scheme.TEL, path=phones[number]), permission=Permission.NONE),),
            language=spoken[number % len(spoken)],
            listing=Listing(phones=(phones[number],), language=spoken[number % len(spoken)]),
            employer=employer.id,
            site=sites[number % len(sites)].id if sites else None,
            groups=("night",),
        )
        for number in range(count)
    ]  # fmt: skip
    async with house.store.transaction() as unit:
        await unit.sites.put(employer, list(sites))
        await unit.roster.add(listed)


async def stored(house: House, broadcast: str) -> Broadcast:
    async with house.store.look() as unit:
        found = await unit.broadcasts.get(BroadcastId(broadcast))
    assert found is not None
    return found


class _Fields(HTMLParser):
    """What a browser would send of the form with id "draft", with no button pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}
        self._is_in = False
        self._area = self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "form":
            self._is_in = given.get("id") == "draft"
        elif not self._is_in:
            return
        elif tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.values.setdefault(name, []).append(given.get("value") or "")
        elif tag == "textarea":
            self._area = name
            self.values[name] = [""]
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self.values[self._select] = [given.get("value") or ""]

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area] = [self.values[self._area][0] + data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "form":
            self._is_in = False


def fields_of(text: str) -> dict[str, Any]:
    """The draft's form as it stands on the page, ready to be changed and sent."""
    parser = _Fields()
    parser.feed(text)
    parser.values.pop("csrf", None)
    return {name: values[0] if len(values) == 1 else values for name, values in parser.values.items()}


async def begun(author: Browser, *, kind: str = "drill", hazard: str = "flood") -> str:
    """A draft of the author's; its address."""
    await author.text("/console/alerts/new")
    answer = await author.post("/console/alerts", {"kind": kind, "hazard": hazard, "language": "en"})
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"].removesuffix("/edit")


async def saved(author: Browser, path: str, **changes: Any) -> Any:
    """Save the draft's form with these changes; a list sends its name more than once, None leaves it out."""
    fields = fields_of(await author.text(f"{path}/edit")) | changes
    return await author.post(f"{path}/edit", {name: value for name, value in fields.items() if value is not None})


async def finished(author: Browser, *, kind: str = "drill", **changes: Any) -> str:
    """A draft from the flood's template, filled in and reviewed in Spanish and Arabic; its address."""
    path = await begun(author, kind=kind)
    answer = await saved(author, path, place="Lajeado", time="2026-05-06T11:30", **changes)
    assert answer.status == 303, await answer.text()
    for language in ("es", "ar", "ne"):
        answer = await saved(author, path, review=language)
        assert answer.status == 303, await answer.text()
    return path


async def submitted(author: Browser, *, kind: str = "drill", **changes: Any) -> str:
    path = await finished(author, kind=kind, **changes)
    await author.text(path)
    answer = await author.post(f"{path}/submit", {"knows_fallbacks": "1"})
    assert answer.status == 303, await answer.text()
    return path


def revision_in(text: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', text)
    assert found, text
    return found.group(1)


def plain(text: str) -> str:
    """What is read on a page, without its tags."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", text).split()))
