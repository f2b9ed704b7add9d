"""The settings show what is set up and how it does: to who may see them, figures to fewer, small counts to few."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium

from bot.app.desks import flows
from bot.app.duties import unheard_alarms
from bot.config import Settings
from bot.console import settings_pages
from bot.console.settings_pages import about
from bot.console.words import Words
from bot.domain.contact import Address, Channel, ContactId, Scheme
from bot.domain.delivery import DeliveryStatus
from bot.domain.employer import Employer
from bot.domain.session import Session, SessionId, SessionStatus
from bot.domain.staff import Role
from bot.i18n import Catalogs
from bot.services.channel_health import Setup
from bot.services.coverage import Lines
from bot.services.hazards import load
from tests.console.conftest import FARM, Browser, House
from tests.storage import samples

CSRF = re.compile(r'name="csrf" value="[0-9a-f]+"')
PAGES = ("", "/languages", "/flows", "/flows/abuse", "/channels", "/retention")
ANA = Address(scheme=Scheme.TEL, path="+5551955500001")


class Parts:
    """What the parts of the service answer."""

    def __init__(self) -> None:
        self.words = {"database": "ok", "redis": "ok", "nlu": "down: ClientError", "worker": "ok"}

    async def ask(self) -> Mapping[str, str]:
        return self.words


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture(autouse=True)
def pages(house: House, parts: Parts) -> None:
    house.pages += settings_pages.routes(
        store=house.store,
        clock=house.clock,
        flows=flows(house.settings),
        catalogs=house.catalogs,
        hazards=load(),
        count_lines=lambda: {"ne": Lines(training=812, evaluation=77)},
        channels=[
            Setup(channel=Channel.SMS, is_on=True, rate=1, burst=3, hooks=("https://muster.example/channels/sms",)),
            Setup(channel=Channel.WHATSAPP, is_on=False, rate=80, burst=80, template="HX77", template_variables=4),
        ],
        ask_parts=parts.ask,
        retention=house.settings.retention,
        unheard=unheard_alarms(house.settings),
    )


async def administrator(house: House) -> Browser:
    return await house.signed_in("root", Role.ADMINISTRATOR)


async def contact(house: House) -> ContactId:
    async with house.store.transaction() as unit:
        return (await unit.contacts.meet(ANA, ContactId("ana"))).id


async def talks(house: House, flow: str, step: str, count: int, status: SessionStatus = SessionStatus.ENDED) -> None:
    who = await contact(house)
    async with house.store.transaction() as unit:
        for _ in range(count):
            session = Session(
                id=SessionId(house.ids.new()), contact=who, flow=flow, version=1, step=step, status=status,
                started_at=house.clock.now(),
            )  # fmt: skip
            await unit.sessions.save(session)


def row(text: str, head: str) -> str:
    """The row of a table whose first cell says this, without its marks."""
    rows = [re.sub(r"<[^>]+>", " ", one) for one in re.findall(r"<tr>.*?</tr>", text, re.DOTALL)]
    return " ".join(next(one for one in rows if one.split()[: len(head.split())] == head.split()).split())


# --- who may see ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "employer", "is_shown", "has_figures"),
    [
        (Role.ADMINISTRATOR, None, True, True),
        (Role.SUPERVISOR, None, True, True),
        (Role.SPECIALIST, None, True, True),
        (Role.OPERATOR, None, True, False),
        (Role.AUTHOR, FARM, False, False),
        (Role.APPROVER, FARM, False, False),
    ],
)
async def test_settings_are_for_the_organisation_and_figures_for_who_reads_reports(
    house: House, role: Role, employer: Employer | None, is_shown: bool, has_figures: bool
) -> None:
    """R2."""
    browser = await house.signed_in("olga", role, employer)
    await talks(house, "abuse", "happening", 7)
    for path in PAGES:
        answer = await browser.get(f"/console/settings{path}")
        assert answer.status == (200 if is_shown else 404), path
    shown = [await (await browser.get(f"/console/settings{path}")).text() for path in PAGES]
    for text, words in zip(shown[3:], ("Where people stopped", "Last message in", "Waiting to be erased"), strict=True):
        assert (words in text) is has_figures
    assert ("/console/settings" in await browser.text("/console/account")) is is_shown


async def test_a_small_count_of_a_discreet_flow_is_told_only_to_who_may_see_protection(house: House) -> None:
    """R16: one talk about abuse is one person."""
    await talks(house, "abuse", "happening", 2)
    await talks(house, "abuse", "safe_now", 5)
    await talks(house, "weather", "#1", 2)
    boss, pia = await administrator(house), await house.signed_in("pia", Role.SPECIALIST)
    text = await boss.text("/console/settings/flows/abuse")
    assert row(text, "4 · happening") == "4 · happening fewer than 5 0 0"
    assert row(text, "1 · safe_now") == "1 · safe_now 5 0 0"
    assert "fewer than 5" not in await pia.text("/console/settings/flows/abuse")
    assert "fewer than 5" not in await boss.text("/console/settings/flows/weather")


# --- what they show ---------------------------------------------------------------------------------------------------


async def test_a_flow_is_drawn_and_told_as_a_list(house: House) -> None:
    browser = await administrator(house)
    for flow in flows(house.settings).values():
        text = await browser.text(f"/console/settings/flows/{flow.name}")
        assert text.count("<rect") >= len(flow.steps), flow.name
        assert 'role="img"' in text
        anchors = set(re.findall(r'<li id="(step-[^"]+)"', text))
        assert len(anchors) == len(flow.steps)
        assert set(re.findall(r'href="#(step-[^"]+)"', text)) <= anchors, flow.name
    assert (await browser.get("/console/settings/flows/none")).status == 404


async def test_where_people_stopped_is_counted_by_step_for_thirty_days(house: House) -> None:
    await talks(house, "shelter", "where", 9)
    house.clock.pass_(timedelta(days=31))
    await talks(house, "shelter", "where", 3, SessionStatus.WAITING)
    await talks(house, "shelter", "gone_step", 1)
    browser = await administrator(house)
    text = await browser.text("/console/settings/flows/shelter")
    assert row(text, "gone_step") == "gone_step (not a step any more) 1 0 0"
    assert row(text, "4 · where") == "4 · where 0 3 0"
    assert "Nobody was in this flow" in await browser.text("/console/settings/flows/stop")


async def test_languages_tell_what_is_missing_and_what_only_a_machine_wrote(house: House) -> None:
    """R12."""
    text = await (await administrator(house)).text("/console/settings/languages")
    total = row(text, "English").split()[1]
    assert row(text, "English") == f"English {total} {total} {total} 0"
    nepali = row(text, "Nepali").split()
    assert int(nepali[3]) + int(nepali[4]) == int(nepali[2])
    assert int(nepali[4]) > 0
    assert row(text[text.index('id="ready"') :], "Nepali").endswith(f"of {len(load())} 812 77")


async def test_channels_tell_what_is_off_what_failed_and_what_is_down(house: House, parts: Parts) -> None:
    await contact(house)
    async with house.store.transaction() as unit:
        made = samples.delivery("d1", ContactId("ana"), created_at=house.clock.now(), due_at=house.clock.now())
        await unit.deliveries.add([made])
    browser = await administrator(house)
    text = await browser.text("/console/settings/channels")
    for words in ("Off: its settings are missing", "HX77", "4 variables", "https://muster.example/channels/sms"):
        assert words in text
    assert "<dt>Waiting to be sent</dt><dd>fewer than 10</dd>" in text
    assert text.count("Does not work") == 1
    parts.words["database"] = "down: OSError"
    text = await browser.text("/console/settings/channels")
    assert "Last message in" not in text
    assert text.count("Does not work") == 2


async def test_r16_one_person_more_changes_nothing_on_the_page_of_channels(house: House) -> None:
    """Who may read reports counts who they may see: an exact sum or time would tell them of who is left."""
    await contact(house)
    browser, shown = await administrator(house), []
    for number in range(1, 3):
        async with house.store.transaction() as unit:
            at = house.clock.now()
            made = samples.delivery(
                f"d{number}", ContactId("ana"), status=DeliveryStatus.SENT, created_at=at, due_at=at, sent_at=at
            )
            await unit.deliveries.add([made])
        shown.append(await browser.text("/console/settings/channels"))
        house.clock.pass_(timedelta(minutes=5))
    assert CSRF.sub("", shown[0]) == CSRF.sub("", shown[1])
    assert "<dt>Last message out</dt><dd>in the last hour</dd>" in shown[1]
    assert "fewer than 10 sent" in shown[1]


@pytest.mark.parametrize(("count", "told"), [(0, "0"), (1, "fewer than 10"), (9, "fewer than 10"), (14, "about 10")])
def test_a_count_is_told_in_tens(count: int, told: str, catalogs: Catalogs) -> None:
    assert about(count, Words(catalogs=catalogs, language="en")) == told


async def test_retention_tells_the_days_what_went_and_who_waits(house: House) -> None:
    """R18."""
    who = await contact(house)
    async with house.store.transaction(who) as unit:
        known = await unit.contacts.get(who)
        assert known is not None
        await unit.contacts.save(replace(known, erase_at=house.clock.now()))
        await unit.figures.note_deleted({"messages": 141, "contacts": 2}, house.clock.now())
    text = await (await administrator(house)).text("/console/settings/retention")
    assert row(text, "Messages from people") == "Messages from people 180 MUSTER_RETENTION__MESSAGES about 140"
    assert row(text, "Closed cases") == "Closed cases 730 MUSTER_RETENTION__CASES 0"
    assert "<dt>Erased in the last day</dt><dd>fewer than 10</dd>" in text
    assert "<dt>Waiting to be erased</dt><dd>fewer than 10</dd>" in text


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_pages_are_sound_on_a_phone(house: House, chrome: Chromium, language: str, tmp_path: Path) -> None:
    await talks(house, "in_danger", "can_write", 3)
    browser, served = await administrator(house), await house.serve()
    await browser.post("/console/language?next=/console/settings", {"language": language})
    context = await chrome.new_context(viewport={"width": 360, "height": 740})
    cookies = {"muster": browser.cookie(), "muster_language": language}
    await context.add_cookies(
        [{"name": name, "value": value, "url": str(served.make_url("/"))} for name, value in cookies.items()]
    )
    page = await context.new_page()
    problems: list[str] = []
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    for path in (*PAGES, "/flows/in_danger"):
        await page.goto(str(served.make_url(f"/console/settings{path}")))
        assert await page.locator("html").get_attribute("lang") == language
        found = await Axe().run(page)
        assert found.violations_count == 0, (path, found.generate_report())
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path
        await page.screenshot(path=tmp_path / f"{path.replace('/', '-')}-{language}.png", full_page=True)
    assert problems == []


async def test_it_says_loudly_that_nobody_outside_hears_of_critical_cases(house: House) -> None:
    """R11, R16: a silence that nobody knows of."""
    text = await (await administrator(house)).text("/console/settings")
    assert "Nobody outside is told that a critical case waits" in text
    assert "No specialist outside is told that a protection case waits" in text


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, 2),
        ({"alarm_to": ("a@example.org",)}, 2),  # without a mail server
        ({"smtp_url": "smtp://mail.example.org", "alarm_from": "m@example.org", "alarm_to": ("a@example.org",)}, 1),
        ({"alarm_specialists_webhook": "https://example.org/x", "alarm_secret": "s"}, 1),
        ({"alarm_webhook": "https://example.org/y", "alarm_specialists_webhook": "https://example.org/x",
          "alarm_secret": "s"}, 0),
    ],
)  # fmt: skip
def test_what_is_set_up_is_heard(given: dict[str, Any], missing: int) -> None:
    assert len(unheard_alarms(Settings(**given))) == missing
