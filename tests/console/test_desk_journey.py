"""A worker's way to a person and back, in a real browser: by keyboard alone, at 360 px, in both directions.

Everything is as `run` composes it: the worker writes on the real web chat, and every answer goes the whole road.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from bot.i18n import Catalogs
from bot.services import desk
from tests.console.desk_town import Phone, Screen, Town, town

PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
WANTS_A_PERSON, LOST_PASSPORT = "اريد التحدث مع موظف", "صاحب العمل أخذ جواز سفري"
THANKS, WHERE_TO_SLEEP, BEATEN = "شكرا لك", "أين أجد مأوى؟", "صاحب الشغل ضربني"
DESPAIRS = "نفسي اموت واخلص"
OFFER = "Hello. Your passport is yours. Call +55 51 5550 0199."
NOTE = "Withheld passport. Call the consulate tomorrow."
SHELTER, GONE, WRONG = "Abrigo Ginásio Céu Aberto", "Abrigo Ginásio Antigo", "Abrigo Escola Baixa"


@pytest.fixture
async def here(tmp_path: Path, chrome: Chromium, catalogs: Catalogs) -> AsyncIterator[Town]:
    async with town(tmp_path, chrome, catalogs) as opened:
        yield opened


async def number_in(phone: Phone) -> str:
    """The case number that the worker was told."""
    await expect(phone.screen["#talk"]).to_contain_text(re.compile(r"M-[0-9A-Z]{6}"))
    found = re.search(r"M-[0-9A-Z]{6}", await phone.screen["#talk"].inner_text())
    assert found is not None
    return found[0]


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_r13_r14_a_worker_asks_for_a_person_is_helped_and_comes_back_to_the_bot(
    here: Town, language: str
) -> None:
    phone = await here.phone()
    await phone.says(WANTS_A_PERSON)
    number = await number_in(phone)
    await phone.says(LOST_PASSPORT)
    await phone.hears(phone.bot("Thank you. You can go on writing here at any time."))

    olga, omar = await here.staff("olga", language), await here.staff("omar", language)
    mine, other = await race(olga, omar, number)
    name = await whose(mine, other)
    await other.shows(".flash.problem", "{name} has this conversation already.", name=name)
    await mine.shows("#standing", "You have this conversation. The bot is silent.")
    await phone.hears(phone.bot(desk.JOINED.msgid, name=name, organisation="Muster"))
    await mine.is_sound("taken")

    await translates_and_answers(mine, phone)
    await sends_a_place_and_a_file(mine, phone)
    await other.shows("#standing", "{name} has this conversation. The bot is silent.", name=name)

    await phone.says(THANKS)
    await expect(mine["#timeline"]).to_contain_text(THANKS)
    await keeps_a_note(mine)
    await hands_back(mine, phone, name)
    await phone.screen.is_sound(f"phone-{language}")

    said = [(who, text) for who, text in await phone.talk() if who != "أنت:"]
    joined = next(index for index, (_, text) in enumerate(said) if "Muster" in text and name in text)
    speakers = [who for who, _ in said[joined:]]
    assert speakers[:4] == ["البرنامج:", "شخص:", "شخص:", "البرنامج:"]  # told, written, sent, told: nothing in between
    assert NOTE not in str(said)

    samir = await here.staff("samir", language)
    await reads_the_report(samir, name)


async def race(olga: Screen, omar: Screen, number: str) -> tuple[Screen, Screen]:
    """Both see it wait, both press "Take" at once; the one whose it is, and the other."""
    both = (olga, omar)
    for screen in both:
        await screen.follow("Desk")
        await expect(screen[".queue-row"]).to_contain_text(number)
        await screen.shows("#tally", "wait for a person")
        await screen.to("Take {number}", number=number)
    await asyncio.gather(*(screen.page.keyboard.press("Enter") for screen in both))
    for screen in both:
        await expect(screen["#standing .mine, #standing .taken"]).to_be_visible()
    have = [screen for screen in both if await screen["#standing .mine"].count()]
    assert len(have) == 1
    return (olga, omar) if have == [olga] else (omar, olga)


async def whose(mine: Screen, other: Screen) -> str:
    """The name that the other is told."""
    told = await other["#standing"].inner_text()
    return "Olga" if "Olga" in told else "Omar"


async def translates_and_answers(mine: Screen, phone: Phone) -> None:
    """R13: original and translation side by side, labelled; what goes out is shown first."""
    await expect(mine["#timeline .beside"].filter(has_text=f"«en: {LOST_PASSPORT}»")).to_be_visible()
    await mine.shows("#timeline .beside-label", "Machine translation ({engine})", engine="libretranslate")
    await mine["#text"].focus()
    await mine.page.keyboard.type(OFFER)
    await mine.press("Translate, or add a reply, a place or a file")
    await mine.press("Show the translation")
    await expect(mine["#text"]).to_have_value(f"«ar: {OFFER}»")
    await mine.shows(
        "main", "A machine made this translation. Read it, mend it, then send it. What you wrote is kept beside it."
    )
    await mine.is_sound("translated")
    await mine["#text"].focus()
    await mine.press("Send")
    await expect(mine["#timeline .by-staff"].filter(has_text=f"«ar: {OFFER}»")).to_contain_text(OFFER)
    await phone.hears(f"«ar: {OFFER}»")
    await expect(phone.screen["#talk .item small"].last).to_contain_text("شخص · ")


async def sends_a_place_and_a_file(mine: Screen, phone: Phone) -> None:
    """R5: only what may be told today is offered, and it goes out as a card in the worker's language."""
    chooser = asyncio.ensure_future(mine.page.wait_for_event("filechooser"))
    await mine["#text"].focus()
    await mine.press("Translate, or add a reply, a place or a file")
    await mine.choose("Kind", "shelter")
    await mine.press("Find")
    await expect(mine[".card"].filter(has_text=SHELTER)).to_be_visible()
    for never in (GONE, WRONG):
        await expect(mine["main"]).not_to_contain_text(never)
    await mine.is_sound("places")
    await mine["input[name=place]:checked"].focus()
    while SHELTER not in await mine.page.evaluate("document.activeElement.labels[0].innerText"):
        await mine.page.keyboard.press("ArrowDown")
    await mine.to("File")
    await mine.page.keyboard.press("Enter")
    await (await chooser).set_files({"name": "letter.pdf", "mimeType": "application/pdf", "buffer": PAPER})
    await mine["#text"].focus()
    await mine.press("Send")
    await expect(mine["#timeline .by-staff"].filter(has_text=SHELTER)).to_be_visible()
    await phone.hears(SHELTER)
    await phone.hears("+55 51 1555 0105")
    link = await phone.screen["#talk a.file"].evaluate("link => link.href")
    opened = await phone.screen.page.request.get(link)
    assert (opened.headers["content-type"], await opened.body()) == ("application/pdf", PAPER)


async def keeps_a_note(mine: Screen) -> None:
    await mine["#text"].focus()
    await mine.press("Write a note that only staff read")
    await mine.type("Note (the worker never sees it)", NOTE)
    await mine.press("Keep the note")
    await expect(mine["#timeline .note"]).to_contain_text(NOTE)


async def hands_back(mine: Screen, phone: Phone, name: str) -> None:
    """The worker is told, and the bot answers again."""
    await mine.press("Hand back to the bot")
    await mine.choose("How it ended", "helped")
    await mine.is_sound("hand-back")
    await mine.press("Hand back")
    await mine.shows(".flash.done", "Handed back to the bot.")
    await mine.shows("main", "Nobody waits. Whoever asks for a person appears here by itself.")
    await phone.hears(phone.bot(desk.LEFT.msgid, name=name))
    await phone.says(WHERE_TO_SLEEP)
    await expect(phone.screen["#talk .item"].last).to_contain_text(
        phone.bot("For places near you, share your location. Or write the name of your site or town.")
    )


async def reads_the_report(samir: Screen, name: str) -> None:
    """The journey's own numbers, on the page and in both files."""
    _ = samir.words
    await samir.follow("Figures")
    await samir.shows("h1", "The service")
    await samir.is_sound("report")
    table = _("Between bot and people")
    expected = {
        (_("By topic"), _("Wants a person"), _("Cases opened")): 1,
        (_("People reached"), "", _("People who wrote")): 1,
        (table, _("Conversations taken"), _("Times")): 1,
        (table, _("First answers"), _("Times")): 1,
        (table, _("Handed back to the bot"), _("Times")): 1,
        (_("First answer"), _("Normal"), _("Within target")): 1,
        (_("Resolution"), _("Normal"), _("Within target")): 1,
        (_("By language"), _.tongue("ar"), _("Cases opened")): 1,
        (_("By language"), _.tongue("ar"), _("Messages")): 4,  # asks, says what about, thanks, asks the bot
        (_("By channel"), _("Web chat"), _("Messages")): 4,
        (_("Load"), name, _("First answers")): 1,
        (_("Load"), name, _("In hand now")): 0,
    }
    text = (await downloaded(samir, "CSV")).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert expected.items() <= {tuple(row[3:6]): number(row[7]) for row in rows[2:]}.items()
    sheet = load_workbook(io.BytesIO(await downloaded(samir, "Excel"))).active
    assert sheet is not None
    cells = [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert expected.items() <= {tuple(row[3:6]): row[7] for row in cells[2:]}.items()
    assert cells[1] == rows[1]  # HXL tags
    assert OFFER not in text
    assert THANKS not in text


def number(text: str) -> float | str:
    return float(text) if re.fullmatch(r"[\d.]+", text) else text


async def downloaded(screen: Screen, name: str) -> bytes:
    """A link's file, as the browser saves it."""
    async with screen.page.expect_download() as waiting:
        await screen.press(name)
    return Path(await (await waiting.value).path()).read_bytes()


async def test_r16_a_protection_case_is_seen_by_the_specialist_alone(here: Town) -> None:
    phone = await here.phone()
    await phone.says(BEATEN)
    await phone.taps("Yes")
    await phone.taps("Skip")
    await phone.taps("Yes")
    await phone.taps("Write to me here")
    number_ = await number_in(phone)
    contact = await here.contact(number_)

    pia = await here.staff("pia", "ar")
    await pia.follow("Desk")
    await expect(pia[".queue-row"]).to_contain_text(number_)
    await expect(pia["#tally li"].first).to_contain_text("1")
    olga = await here.staff("olga", "en")
    await olga.follow("Desk")
    other = await here.phone()
    await other.says(DESPAIRS)
    await other.taps("Yes")
    await expect(pia[".queue-row"]).to_have_count(2)  # by itself
    await pia.shows(".queue-row", "Critical")  # the first of them
    await expect(pia["#tally .is-critical"]).to_contain_text("1")
    await pia.is_sound("protection")
    await sees_nobody(olga)
    await searches(pia, number_)
    await expect(pia["main"]).to_contain_text(number_)
    await searches(olga, number_)
    await expect(olga["main"]).not_to_contain_text(number_)
    await is_not_there(olga, here, f"/console/desk/{contact.id}", f"/console/desk/{'0' * len(contact.id)}")
    await is_not_there(olga, here, f"/console/cases/{number_}", "/console/cases/M-ZZZZZZ")

    samir = await here.staff("samir", "en")
    await samir.follow("Figures")
    await samir.shows("main", "Nobody wrote in this period and nobody waits.")

    await pia.follow("Desk")
    await pia.press("Take {number}", number=number_)
    await phone.hears(phone.bot(desk.JOINED.msgid, name="Pia", organisation="Muster"))
    await olga.follow("Desk")
    await sees_nobody(olga)


async def sees_nobody(screen: Screen) -> None:
    await screen.shows("main", "Nobody waits. Whoever asks for a person appears here by itself.")
    assert set(await screen["#tally li strong"].all_inner_texts()) == {"0"}


async def searches(screen: Screen, number: str) -> None:
    await screen.follow("Cases")
    await screen.type("Case number or name", number)
    await screen.page.keyboard.press("Enter")
    await expect(screen.page).to_have_url(re.compile(f"q={number}"))


async def is_not_there(screen: Screen, here: Town, path: str, nothing: str) -> None:
    """The same answer as for what does not exist."""
    asked, absent = [await screen.page.request.get(here.url + one) for one in (path, nothing)]
    assert (asked.status, absent.status) == (404, 404)
    assert (await asked.text()).replace(path, "") == (await absent.text()).replace(nothing, "")
