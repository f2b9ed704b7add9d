"""What the bot did not understand is marked by people and learned from, and tells nothing of who wrote it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml

from bot.console import corrections
from bot.domain.case import Topic, Urgency
from bot.domain.contact import Channel
from bot.domain.message import Message, Understanding
from bot.domain.staff import Role
from bot.services.corrections import LEFT_OUT, CorrectionDesk
from tests.console.conftest import FARM, Browser
from tests.console.desk_scene import DeskScene, desk
from tests.dialogue import Worker

__all__ = ["desk"]

INTENTS = ("in_danger", "shelter", "unpaid_wages", "out_of_scope")
PHONE = "+5551998765432"
MUDDLE = "blorp Sita zzyx flurb gurung call +55 51 99876-5432 or 998765432 frob 2500"


class Vague:
    """Understands the word "trapped" and nothing else."""

    async def understand(self, text: str, language: str | None) -> Understanding:
        ranking = (("in_danger", 0.95),) if "trapped" in text else (("shelter", 0.3), ("menu", 0.1))
        return Understanding(ranking=ranking, source="nlu")


@pytest.fixture(autouse=True)
def pages(desk: DeskScene) -> None:
    muster = desk.muster
    muster.conversation.listening.understander = Vague()
    lessons = CorrectionDesk(
        store=muster.store, clock=muster.clock, intents=INTENTS, languages=("en", "es", "ne", "ar"), region="BR"
    )
    desk.house.pages += corrections.routes(desk=lessons, languages={"en": "English", "es": "Español", "ne": "नेपाली"})


async def writes(desk: DeskScene, text: str = MUDDLE, *, path: str = PHONE) -> Worker:
    """A worker of a known name, who is not understood."""
    worker = desk.muster.worker(Channel.SMS, path)
    await worker.joins()
    contact = await worker.contact()
    known = replace(contact, name="Sita Gurung", language="en", is_language_confirmed=True)
    async with desk.muster.store.transaction() as unit:
        await unit.contacts.save(known)
    await worker.says(text)
    return worker


async def message(desk: DeskScene, worker: Worker) -> Message:
    contact = await worker.contact()
    async with desk.muster.store.look() as unit:
        return (await unit.messages.history(contact.id, 10))[-1]


async def mark(browser: Browser, id_: str, intent: str, text: str, language: str = "en") -> int:
    await browser.get("/console/corrections")
    typed = {"intent": intent, "text": text, "language": language}
    return (await browser.post(f"/console/corrections/{id_}", typed)).status


async def exported(browser: Browser, language: str = "en") -> str:
    return await browser.text(f"/console/corrections/export/{language}.yml")


async def audited(desk: DeskScene) -> list[tuple[str, str, str]]:
    async with desk.muster.store.look() as unit:
        entries = await unit.audit.search(limit=100)
    return [(entry.deed, entry.matter, entry.subject) for entry in entries]


async def test_what_was_not_understood_is_kept_with_what_it_was_taken_for(desk: DeskScene) -> None:
    worker = await writes(desk)
    doubt = (await message(desk, worker)).doubt
    assert doubt is not None
    assert (doubt.intent, doubt.confidence, doubt.language) == ("shelter", 0.3, "en")
    text = await (await desk.staff()).text("/console/corrections")
    assert MUDDLE in text
    assert "The bot took it for: A place to sleep (30% sure)." in text


async def test_what_was_understood_is_no_lesson(desk: DeskScene) -> None:
    worker = await writes(desk, "we are trapped on the roof the water is rising help us")
    assert (await message(desk, worker)).doubt is None
    assert "trapped" not in await (await desk.staff()).text("/console/corrections")


async def test_the_text_is_masked_before_anybody_saves_it_and_again_when_they_do(desk: DeskScene) -> None:
    worker = await writes(desk)
    id_ = (await message(desk, worker)).id
    browser = await desk.staff()
    draft = re.search(r"<textarea[^>]*>([^<]*)</textarea>", await browser.text(f"/console/corrections/{id_}"))
    assert draft is not None
    assert draft[1] == "blorp (name) zzyx flurb (name) call (phone) or (phone) frob 0"
    assert await mark(browser, id_, "unpaid_wages", f"Sita has no pay, {PHONE}, 31 days") == 303
    async with desk.muster.store.look() as unit:
        kept = (await unit.corrections.of([id_]))[id_]
    assert kept.text == "(name) has no pay, (phone), 0 days"
    assert MUDDLE not in await browser.text("/console/corrections")  # marked: no longer in the list


async def test_an_export_is_rasas_data_and_holds_no_phone_name_or_number_of_the_contact(desk: DeskScene) -> None:
    worker = await writes(desk)
    browser = await desk.staff("sam", Role.SUPERVISOR)
    assert await mark(browser, (await message(desk, worker)).id, "unpaid_wages", MUDDLE) == 303
    body = await exported(browser)
    document = yaml.safe_load(body)
    assert document["version"] == "3.1"
    assert document["nlu"] == [
        {"intent": "unpaid_wages", "examples": "- blorp (name) zzyx flurb (name) call (phone) or (phone) frob 0\n"}
    ]
    for secret in ("Sita", "gurung", PHONE, "99876", "5432", "2500", (await worker.contact()).id):
        assert secret.casefold() not in body.casefold(), secret
    assert yaml.safe_load(await exported(browser, "ne"))["nlu"] == []


async def test_a_name_that_is_told_later_goes_too(desk: DeskScene) -> None:
    worker = await writes(desk, "blorp zzyx Bishnu flurb")
    browser = await desk.staff("sam", Role.SUPERVISOR)
    await mark(browser, (await message(desk, worker)).id, "shelter", "blorp zzyx Bishnu flurb")
    assert "Bishnu" in await exported(browser)
    renamed = replace(await worker.contact(), name="Bishnu")
    async with desk.muster.store.transaction() as unit:
        await unit.contacts.save(renamed)
    assert "Bishnu" not in await exported(browser)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.SPECIALIST])
async def test_r16_nobody_of_a_protection_case_is_ever_here(desk: DeskScene, role: Role) -> None:
    """No row, no page, no mark, and nothing in an export that was marked before."""
    worker = await writes(desk)
    id_ = (await message(desk, worker)).id
    before = await desk.staff("sam", Role.SUPERVISOR)
    assert await mark(before, id_, "shelter", "blorp zzyx") == 303
    await worker.says("zzyx blorp flurb frob again")
    later = (await message(desk, worker)).id
    assert "blorp" in await exported(before)

    case = await desk.opens(worker, Topic.FORCED_LABOUR, Urgency.HIGH)
    assert case.compartment.value == "protection"
    browser = await desk.staff("olga", role)
    assert "blorp" not in await browser.text("/console/corrections")
    missing = await browser.get("/console/corrections/none")
    for one in (id_, later):
        assert (await browser.get(f"/console/corrections/{one}")).status == missing.status == 404
        assert await mark(browser, one, "shelter", "anything") == 404
    assert "blorp" not in await exported(before)


async def test_r16_nothing_of_them_is_in_the_audit_of_the_list(desk: DeskScene) -> None:
    """R17: whose words were shown is, and of others nothing."""
    shown, hidden = await writes(desk), await writes(desk, path="+5551998765433")
    await desk.opens(hidden, Topic.ABUSE, Urgency.HIGH)
    await (await desk.staff()).text("/console/corrections")
    read = [subject for deed, matter, subject in await audited(desk) if (deed, matter) == ("read", "conversation")]
    assert (await shown.contact()).id in read
    assert (await hidden.contact()).id not in read


async def test_what_is_not_for_training_keeps_no_text_and_can_be_marked_anew(desk: DeskScene) -> None:
    worker = await writes(desk)
    id_ = (await message(desk, worker)).id
    browser = await desk.staff("sam", Role.SUPERVISOR)
    assert await mark(browser, id_, LEFT_OUT, MUDDLE) == 303
    async with desk.muster.store.look() as unit:
        assert (await unit.corrections.of([id_]))[id_].text == ""
    assert yaml.safe_load(await exported(browser))["nlu"] == []
    assert await mark(browser, id_, "shelter", "blorp") == 303
    assert "blorp" in await exported(browser)
    assert ("change", "training", id_) in await audited(desk)
    assert ("export", "training", "examples") in await audited(desk)


@pytest.mark.parametrize(
    "typed",
    [
        {"intent": "nonsense", "text": "blorp", "language": "en"},
        {"intent": "", "text": "blorp", "language": "en"},
        {"intent": "shelter", "text": "12345 678", "language": "en"},
        {"intent": "shelter", "text": "blorp", "language": "xx"},
    ],
)
async def test_what_cannot_be_learned_is_refused_and_nothing_typed_is_lost(
    desk: DeskScene, typed: dict[str, str]
) -> None:
    worker = await writes(desk)
    id_ = (await message(desk, worker)).id
    browser = await desk.staff()
    await browser.text("/console/corrections")
    answer = await browser.post(f"/console/corrections/{id_}", typed)
    assert answer.status == 422
    assert f">{typed['text']}</textarea>" in await answer.text()
    async with desk.muster.store.look() as unit:
        assert await unit.corrections.of([id_]) == {}


async def test_an_administrator_takes_the_data_and_reads_nobodys_words(desk: DeskScene) -> None:
    worker = await writes(desk)
    id_ = (await message(desk, worker)).id
    await mark(await desk.staff("sam", Role.SUPERVISOR), id_, "shelter", "blorp")
    await worker.says("zzyx frob flurb quux")
    browser = await desk.staff("root", Role.ADMINISTRATOR)
    text = await browser.text("/console/corrections")
    assert "/console/corrections/export/en.yml" in text
    assert "zzyx" not in text
    assert (await browser.get(f"/console/corrections/{id_}")).status == 404
    assert "blorp" in await exported(browser)


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.APPROVER, Role.OPERATOR, Role.SPECIALIST])
async def test_r2_nobody_else_takes_the_data(desk: DeskScene, role: Role) -> None:
    browser = await desk.house.signed_in("ana", role, FARM if role.is_employers else None)
    assert (await browser.get("/console/corrections/export/en.yml")).status in (403, 404)
    if role.is_employers:
        assert (await browser.get("/console/corrections")).status == 404


async def test_an_erased_contact_leaves_no_lesson(desk: DeskScene) -> None:
    """R18."""
    worker = await writes(desk)
    browser = await desk.staff("sam", Role.SUPERVISOR)
    await mark(browser, (await message(desk, worker)).id, "shelter", "blorp")
    contact = await worker.contact()
    async with desk.muster.store.transaction() as unit:
        await unit.contacts.erase(contact.id)
    assert yaml.safe_load(await exported(browser))["nlu"] == []
