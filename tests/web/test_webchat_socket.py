"""The web chat's socket: what is said is stored once, what is sent is shown once and in order, whatever drops."""

from typing import Any

from aiohttp.test_utils import TestClient

from tests.web.house import House, Page, open_page

SAY = {"type": "say", "id": "client-id-0001", "text": "I need water", "language": "en"}


async def test_a_message_is_stored_before_the_page_hears_so(house: House, page: Page) -> None:
    assert (await page.hello())["items"] == []
    await page.say(SAY)
    assert (await page.hear("stored"))["id"] == "client-id-0001"
    [message] = await house.said()
    assert (message.received.text, message.received.language_hint) == ("I need water", "en")


async def test_r23_a_message_repeated_after_a_lost_answer_is_stored_once(
    house: House, client: TestClient[Any, Any], page: Page
) -> None:
    await page.hello()
    await page.say(SAY)
    await page.hear("stored")
    async with open_page(client) as again:
        await again.hello()
        await again.say(SAY)
        assert (await again.hear("stored"))["id"] == "client-id-0001"
    assert len(await house.said()) == 1


async def test_an_answer_is_shown_at_once(house: House, page: Page) -> None:
    await page.hello()
    await house.answer("Water is at the school.", ("More", "more"), language="ar")
    frame = await page.hear("delivery")
    assert (frame["text"], frame["options"], frame["direction"]) == (
        "Water is at the school.",
        [["More", "more"]],
        "rtl",
    )
