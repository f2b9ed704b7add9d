"""Canned replies and the page on which a reply is made: who may, what is checked, what is shown before it is sent."""

from __future__ import annotations

import io
from dataclasses import replace

from bot.domain.contact import ContactId
from bot.domain.staff import Role
from bot.services.desk import BY_HAND
from tests.console.conftest import Browser
from tests.console.desk_scene import DeskScene, desk
from tests.services.test_documents import JPEG

__all__ = ["desk"]


async def held(desk: DeskScene, browser: Browser, language: str = "ne") -> tuple[object, ContactId, str]:
    """A worker of that language whose conversation this browser has taken."""
    worker, case = await desk.waits(says="मलाई 50 चाहिन्छ")
    async with desk.muster.store.transaction(case.contact) as unit:
        known = await unit.contacts.get(case.contact)
        assert known is not None
        await unit.contacts.save(replace(known, language=language))
    await browser.text("/console/desk")
    await browser.post("/console/desk/take", {"contact": case.contact})
    return worker, case.contact, f"/console/desk/{case.contact}"


async def test_a_supervisor_adds_changes_and_deletes_and_operators_only_read(desk: DeskScene) -> None:
    sofia, olga = await desk.staff("sofia", Role.SUPERVISOR), await desk.staff("olga")
    await sofia.text("/console/replies/new")
    wrong = {"name": "Rates", "text-en": "Ask {name} for 40 <b>", "text-es": "Pida {nombre} 50"}
    answer = await sofia.post("/console/replies/new", wrong)
    text = await answer.text()
    assert answer.status == 422
    assert "{nombre} is no variable here." in text
    assert "Ask {name} for 40 &lt;b&gt;" in text  # what was typed is there still
    right = {**wrong, "text-es": "Pida a {name} 40 <b>", "topic": "wages"}
    answer = await sofia.post("/console/replies/new", right)
    own = answer.headers["Location"].partition("#")[2]
    text = await (await sofia.follow(answer)).text()
    assert "Missing: Nepali, Arabic" in text
    assert "Pida a {name} 40 &lt;b&gt;" in text
    assert "Rates" in await olga.text("/console/replies")
    for path in ("/console/replies/new", f"/console/replies/{own}", f"/console/replies/{own}/delete"):
        assert (await olga.get(path)).status == 403
        assert (await olga.post(path, right)).status == 403
    assert (await sofia.get("/console/replies/built-in-goodbye")).status == 404
    assert (await sofia.post("/console/replies/built-in-goodbye/delete")).status == 404
    await sofia.text(f"/console/replies/{own}/delete")
    await sofia.follow(await sofia.post(f"/console/replies/{own}/delete"))
    assert "Rates" not in await sofia.text("/console/replies")


async def test_a_reply_in_another_language_is_shown_first_and_sent_as_it_was_mended(desk: DeskScene) -> None:
    """R13."""
    browser = await desk.staff(languages=("en",))
    worker, contact, path = await held(desk, browser)
    before = len(worker.said)  # type: ignore[attr-defined]
    await browser.text(f"{path}/compose")
    typed = {"do": "send", "text": "Come at 9", "language": "en", "translate_to": "ne"}
    text = await (await browser.post(f"{path}/compose", typed)).text()
    assert "«ne: Come at 9»" in text
    assert "A machine made this translation." in text
    assert len(worker.said) == before  # type: ignore[attr-defined]
    mended = {
        "do": "send",
        "text": "आउनुहोस् 9",
        "language": "ne",
        "translate_to": "ne",
        "original": "Come at 9",
        "written_in": "en",
    }
    await browser.follow(await browser.post(f"{path}/compose", mended))
    assert worker.said[-1].text == "आउनुहोस् 9"  # type: ignore[attr-defined]
    async with desk.muster.store.look() as unit:
        sent = (await unit.deliveries.history(contact, 9))[-1]
        kept = await unit.translations.beside([f"delivery:{sent.id}"])
    assert [(one.engine, one.language, one.text) for one in kept] == [(BY_HAND, "en", "Come at 9")]
    await desk.translating.settle()
    text = await browser.text(path)
    assert "As it was written" in text
    assert "Machine translation (stand-in)" in text
    assert "«en: मलाई 50 चाहिन्छ»" in text


async def test_a_failing_service_offers_to_send_it_as_it_is(desk: DeskScene) -> None:
    """R13."""
    browser = await desk.staff(languages=("en",))
    worker, _, path = await held(desk, browser)
    desk.tongue.is_down = True
    await browser.text(f"{path}/compose")
    typed = {"do": "send", "text": "Come now", "language": "en", "translate_to": "ne"}
    answer = await browser.post(f"{path}/compose", typed)
    assert answer.status == 422
    assert "Send it as it is" in await answer.text()
    await browser.follow(await browser.post(f"{path}/compose", {**typed, "do": "as_is"}))
    assert worker.said[-1].text == "Come now"  # type: ignore[attr-defined]
    await desk.translating.settle()
    text = await browser.text(path)
    assert "It could not be translated." in text
    assert "Try again" in text


async def test_a_photo_goes_out_from_the_page(desk: DeskScene) -> None:
    browser = await desk.staff(languages=("en", "ne"))
    worker, _, path = await held(desk, browser)
    await browser.text(f"{path}/compose")
    await browser.follow(
        await browser.post(f"{path}/compose", {"do": "send", "text": "हेर्नुहोस्", "file": io.BytesIO(JPEG)})
    )
    assert worker.said[-1].attachment is not None  # type: ignore[attr-defined]


async def test_what_one_may_not_see_has_no_page_to_write_on(desk: DeskScene) -> None:
    """R2, R16: the same answer as for what does not exist."""
    olga, ana = await desk.staff("olga"), await desk.house.author()
    _, _, path = await held(desk, olga)
    await ana.get("/console/account")
    for browser, where in ((ana, path), (olga, "/console/desk/nobody")):
        assert (await browser.get(f"{where}/compose")).status == 404
        typed = {"do": "translate", "text": "x", "language": "en", "translate_to": "ne"}
        assert (await browser.post(f"{where}/compose", typed)).status == 404
        assert (await browser.post(f"{where}/translate", {"subject": "message:1"})).status == 404
    assert (await ana.get("/console/replies")).status == 404
