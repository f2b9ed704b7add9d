"""What the bot was told is shown in the words in which it was asked, never under the name of a variable."""

from __future__ import annotations

import pytest

from bot.app.desks import action_specs, flows
from bot.config import Settings
from bot.console.case_words import NAMED, FactWords
from bot.domain.case import Topic, Urgency
from bot.domain.values import Value
from bot.services.cases import NOT_FACTS
from tests.console.desk_scene import DeskScene, desk

__all__ = ["desk"]

FACTS: dict[str, Value] = {"months": 3, "site_name": "Packing hall", "consent_keep": "yes", "hotline": "0800 123"}


def test_whatever_a_flow_or_an_action_leaves_in_a_case_has_words() -> None:
    settings = Settings()
    asked = {name for _, name in FactWords.of(flows(settings).values()).by_topic}
    made = {name for action in action_specs(settings).values() for name in action.values}
    assert made - asked - set(NAMED) - NOT_FACTS == set()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("How many months of pay are missing?", "Site", "Packing hall")),
        ("es", ("Packing hall",)),
    ],
)
async def test_a_conversation_tells_answers_in_the_readers_language(
    desk: DeskScene, language: str, words: tuple[str, ...]
) -> None:
    worker = desk.muster.worker()
    await worker.says("hello")
    contact = await worker.contact()
    async with desk.muster.store.transaction(contact.id) as unit:
        await desk.muster.conversation.house.cases.open(
            unit, contact=contact, topic=Topic.WAGES, urgency=Urgency.NORMAL, facts=FACTS, now=desk.muster.clock.now()
        )
    browser = await desk.staff(languages=(language,))
    text = await browser.text(f"/console/desk/{contact.id}")
    answers = text.split("<details><summary>")[1].split("</details>")[0]
    for word in words:
        assert word in answers, word
    assert ("How many months" in answers) is (language == "en")
    for name in ("site_name", "site name", "months</dt>", "hotline", "0800"):
        assert name not in answers, name
