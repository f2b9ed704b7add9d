"""The web chat's socket: what is said is stored once, what is sent is shown once and in order, whatever drops."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSCloseCode, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient

from bot.config import Settings
from bot.domain.contact import Address, Reach, Scheme
from bot.domain.delivery import DeliveryStatus, Lane
from bot.domain.errors import Unavailable
from bot.domain.message import MessageKind, Received
from bot.services.inbox import Inbox
from bot.services.ports import Inbound
from bot.web.webchat_frames import address_of
from bot.web.webchat_socket import HISTORY
from tests.databases import dump, sqlite_url
from tests.stand import StillClock
from tests.web.house import ADDRESS, SECRET, House, Page, connected, open_page, serving

SAY = {"type": "say", "id": "client-id-0001", "text": "I need water", "language": "en"}
Client = TestClient[Any, Any]


# --- what the page says -------------------------------------------------------------------------------------------


async def test_a_message_is_stored_before_the_page_hears_so(house: House, page: Page) -> None:
    assert (await page.hello())["items"] == []
    await page.say(SAY)
    assert (await page.hear("stored"))["id"] == "client-id-0001"
    [message] = await house.said()
    assert (message.received.text, message.received.language_hint) == ("I need water", "en")


async def test_r23_a_message_repeated_after_a_lost_answer_is_stored_once(
    house: House, client: Client, page: Page
) -> None:
    await page.hello()
    await page.say(SAY)
    await page.hear("stored")
    async with open_page(client) as again:
        await again.hello()
        await again.say(SAY)
        assert (await again.hear("stored"))["id"] == "client-id-0001"
    assert len(await house.said()) == 1


async def test_two_chats_may_use_the_same_id(house: House, client: Client, page: Page) -> None:
    await page.hello()
    await page.say(SAY)
    await page.hear("stored")
    async with open_page(client) as other:
        await other.hello(secret="cd" * 32)
        await other.say({**SAY, "text": "Somebody else"})
        await other.hear("stored")
    assert [message.received.text for message in await house.said(address_of("cd" * 32))] == ["Somebody else"]


async def test_a_tapped_option_and_a_location_arrive_as_such(house: House, page: Page) -> None:
    await page.hello()
    await page.say({"type": "say", "id": "client-id-0002", "choice": "safe"})
    await page.say({"type": "say", "id": "client-id-0003", "position": {"latitude": -30.03, "longitude": -51.23}})
    await page.hear("stored")
    await page.hear("stored")
    tapped, placed = [message.received for message in await house.said()]
    assert (tapped.choice, tapped.text) == ("safe", "")
    assert placed.position is not None
    assert (placed.position.latitude, placed.position.longitude) == (-30.03, -51.23)


async def test_opening_with_a_sites_code_joins_it_once(house: House, client: Client, page: Page) -> None:
    await page.hello()
    await page.say({"type": "join", "site": "RIVER-7", "language": "ne"})
    await page.say({"type": "join", "site": "river-7", "language": "ne"})
    await page.hear("joined")
    await page.hear("joined")
    [message] = await house.said()
    received = message.received
    assert (received.kind, received.text, received.language_hint) == (MessageKind.JOINED, "RIVER-7", "ne")


async def test_control_characters_are_left_out(house: House, page: Page) -> None:
    await page.hello()
    await page.say({**SAY, "text": "a\x00b\x1bc\nd\te"})
    await page.hear("stored")
    assert [message.received.text for message in await house.said()] == ["abc\nd\te"]


async def test_r22_a_store_that_is_away_is_said_and_the_message_is_taken_later(
    house: House, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Inbox.take

    async def fails(*_: Any) -> int:
        raise Unavailable("away")

    await page.hello()
    monkeypatch.setattr(Inbox, "take", fails)
    await page.say(SAY)
    error = await page.hear("error")
    assert (error["code"], error["id"]) == ("try_again", "client-id-0001")
    monkeypatch.setattr(Inbox, "take", take)
    await page.say(SAY)
    assert (await page.hear("stored"))["id"] == "client-id-0001"


# --- what the page is shown ---------------------------------------------------------------------------------------


async def test_an_answer_is_shown_at_once(house: House, page: Page) -> None:
    await page.hello()
    await house.answer("Water is at the school.", ("More", "more"), language="ar")
    frame = await page.hear("delivery")
    assert (frame["text"], frame["options"]) == ("Water is at the school.", [["More", "more"]])
    assert (frame["language"], frame["direction"]) == ("ar", "rtl")


async def test_what_came_while_the_page_was_away_is_shown_when_it_is_back_and_nothing_twice(
    house: House, client: Client, page: Page
) -> None:
    await page.hello()
    await house.answer("one")
    assert (await page.hear("delivery"))["text"] == "one"
    cursor = (await page.hear("cursor"))["cursor"]
    await page.ws.close()
    await house.answer("two")
    await house.answer("three")
    async with open_page(client) as back:
        history = await back.hello(cursor)
        assert ([item["text"] for item in history["items"]], history["is_whole"]) == (["two", "three"], False)
        await house.answer("four")
        assert (await back.hear("delivery"))["text"] == "four"


async def test_what_overtakes_in_the_emergency_lane_makes_nothing_be_lost(
    house: House, client: Client, page: Page
) -> None:
    await page.hello()
    slow = await house.queue("slow")
    async with house.store.transaction() as unit:  # not due for a minute
        claimed = await unit.deliveries.claim(slow.contact, house.clock.now(), house.clock.now())
        later = house.clock.now() + timedelta(minutes=1)
        await unit.deliveries.save(replace(claimed[0], status=DeliveryStatus.QUEUED, due_at=later))
    await house.answer("Go up now", lane=Lane.EMERGENCY)
    first = await page.hear("delivery")
    assert first["text"] == "Go up now"
    await page.ws.close()
    async with open_page(client) as back:
        await back.hello()  # its cursor still stands before the slow one
        house.clock.pass_(timedelta(minutes=2))
        await house.send_due()
        assert (await back.hear("delivery"))["text"] == "slow"


async def test_what_is_not_sent_yet_is_not_shown(house: House, page: Page) -> None:
    await house.queue("not yet")
    assert (await page.hello())["items"] == []


async def test_r20_what_was_cancelled_or_came_too_late_is_never_shown(house: House, page: Page) -> None:
    waiting = await house.queue("cancelled")
    async with house.store.transaction() as unit:
        await unit.deliveries.cancel_queued(waiting.contact)
    late = await house.queue("late")
    async with house.store.transaction() as unit:
        [claimed] = await unit.deliveries.claim(late.contact, house.clock.now(), house.clock.now())
        await unit.deliveries.save(replace(claimed, status=DeliveryStatus.EXPIRED))
    await house.answer("in time")
    assert [item["text"] for item in (await page.hello())["items"]] == ["in time"]


async def test_a_delivery_whose_announcement_was_lost_is_shown_all_the_same(house: House, page: Page) -> None:
    delivery = await house.queue("quiet")
    now = house.clock.now()
    async with house.store.transaction() as unit:
        [claimed] = await unit.deliveries.claim(delivery.contact, now, now + timedelta(seconds=30))
    assert (await page.hello())["items"] == []
    async with house.store.transaction() as unit:  # sent, though nothing was heard of it
        await unit.deliveries.save(replace(claimed, status=DeliveryStatus.SENT, provider_id=claimed.id, sent_at=now))
    assert (await page.hear("delivery"))["text"] == "quiet"


class Broken(Enum):
    LOST = "lost"


class DeadWire:
    """A wire that is down."""

    async def subscribe(self, _: Any) -> AsyncIterator[Any]:
        yield Broken.LOST
        await asyncio.Event().wait()

    async def publish(self, *_: Any) -> None:
        return


async def test_while_the_wire_is_down_storage_is_asked(house: House) -> None:
    house.live = DeadWire()
    async with connected(house) as client, open_page(client) as page:
        await page.hello()
        await house.answer("still here")
        assert (await page.hear("delivery"))["text"] == "still here"


async def test_after_an_erasure_the_same_page_begins_anew(house: House, client: Client, page: Page) -> None:
    await page.hello()
    for text in ("one", "two", "three"):
        await house.answer(text)
        await page.hear("delivery")
        cursor = (await page.hear("cursor"))["cursor"]
    async with house.store.transaction() as unit:
        contact = await unit.contacts.find(ADDRESS)
        assert contact is not None
        await unit.contacts.erase(contact.id)
    await house.answer("Welcome")  # position 1 of a new contact
    assert (await page.hear("delivery"))["text"] == "Welcome"
    async with open_page(client) as back:
        history = await back.hello(cursor)
        assert ([item["text"] for item in history["items"]], history["is_whole"]) == (["Welcome"], True)


@pytest.mark.parametrize("cursor", ["nonsense", "....", "abc.-1", "abc.٣", "abc." + "9" * 50, ".5", "abc.1e3"])
async def test_a_cursor_that_means_nothing_shows_everything(house: House, page: Page, cursor: str) -> None:
    await house.answer("hello")
    assert [item["text"] for item in (await page.hello(cursor))["items"]] == ["hello"]


# --- history ------------------------------------------------------------------------------------------------------


async def test_after_a_reload_both_sides_words_are_there_in_order(house: House, client: Client, page: Page) -> None:
    await page.hello()
    for number in (1, 2):
        await page.say({**SAY, "id": f"client-id-{number:04d}", "text": f"question {number}"})
        await page.hear("stored")
        house.clock.pass_(timedelta(seconds=1))
        await house.answer(f"answer {number}")
        house.clock.pass_(timedelta(seconds=1))
    async with open_page(client) as reloaded:
        items = (await reloaded.hello())["items"]
    assert [item["text"] for item in items] == ["question 1", "answer 1", "question 2", "answer 2"]
    assert [item["type"] for item in items] == ["said", "delivery"] * 2
    assert items[0]["id"] == "client-id-0001"


async def test_a_long_history_shows_its_end(house: House, page: Page) -> None:
    for number in range(HISTORY + 5):
        await house.queue(f"{number}")
    await house.send_due()
    items = (await page.hello())["items"]
    assert [item["text"] for item in items] == [str(number) for number in range(5, HISTORY + 5)]


async def test_what_the_same_person_wrote_on_another_channel_is_not_shown_here(house: House, page: Page) -> None:
    await house.answer("on the web")
    phone = Address(scheme=Scheme.TEL, path="+5551999990000")
    async with house.store.transaction() as unit:
        contact = await unit.contacts.find(ADDRESS)
        assert contact is not None
        await unit.contacts.save(replace(contact, reaches=(*contact.reaches, Reach(address=phone))))
    inbox = Inbox(store=house.store, bell=_Nobody(), clock=house.clock, ids=house.ids)
    sms = Received(channel=phone.channel, address=phone, provider_id="SM1", text="my boss hits me")
    assert await inbox.take(Inbound(messages=(sms,))) == 1
    await house.queue("answer by SMS", address=phone)
    assert [item["text"] for item in (await page.hello())["items"]] == ["on the web"]


class _Nobody:
    async def ring(self, *_: Any) -> None:
        return


# --- receipts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_read", "status"), [(False, DeliveryStatus.DELIVERED), (True, DeliveryStatus.READ)])
async def test_r20_the_page_reports_what_it_has_shown(
    house: House, page: Page, is_read: bool, status: DeliveryStatus
) -> None:
    await page.hello()
    delivery = await house.answer("hello")
    await page.hear("delivery")
    await page.say({"type": "seen", "ids": [delivery.id, "never-shown"], "is_read": is_read})
    await page.say({"type": "ping"})
    await page.hear("pong")
    async with house.store.transaction() as unit:
        stored = await unit.deliveries.get(delivery.id)
    assert stored is not None
    assert stored.status is status


async def test_a_page_cannot_report_another_chats_delivery(house: House, client: Client) -> None:
    delivery = await house.answer("hello")
    async with open_page(client) as stranger:
        await stranger.hello(secret="cd" * 32)
        await stranger.say({"type": "seen", "ids": [delivery.id], "is_read": True})
        await stranger.say({"type": "ping"})
        await stranger.hear("pong")
    async with house.store.transaction() as unit:
        stored = await unit.deliveries.get(delivery.id)
    assert stored is not None
    assert stored.status is DeliveryStatus.SENT


# --- the secret ---------------------------------------------------------------------------------------------------


async def test_r17_the_secret_is_not_in_the_database(
    house: House, page: Page, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await page.hello()
    await page.say(SAY)
    await page.hear("stored")
    rows = repr(await dump(sqlite_url(tmp_path / "muster.db")))
    assert SECRET not in rows
    assert ADDRESS.path not in rows
    assert SECRET not in "".join(capfd.readouterr())


async def test_a_browser_without_chance_gets_a_secret_from_the_server(house: House, page: Page) -> None:
    history = await page.hello(secret="")
    secret = history["secret"]
    assert len(bytes.fromhex(secret)) == 32
    await house.answer("yours", address=address_of(secret))
    assert (await page.hear("delivery"))["text"] == "yours"


async def test_another_secret_is_another_chat(house: House, client: Client) -> None:
    await house.answer("private")
    async with open_page(client) as stranger:
        assert (await stranger.hello(secret="ab" * 31 + "ac"))["items"] == []


# --- doors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "file://", "x"])
async def test_another_sites_page_may_not_open_the_socket(client: Client, origin: str) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/channels/webchat", headers={"Origin": origin})
    assert refused.value.status == 403


async def test_the_own_page_may_also_behind_a_proxy_that_renames_us(house: House) -> None:
    house.settings = Settings(public_url="https://help.example.org/", organisation="Muster")
    async with connected(house) as client:
        own = str(client.make_url("/")).rstrip("/")
        for origin in ("https://help.example.org", own):
            async with open_page(client, Origin=origin) as page:
                assert (await page.hello())["items"] == []


async def test_who_comes_without_a_socket_is_told_where_to_go(client: Client) -> None:
    answer = await client.get("/channels/webchat")
    assert (answer.status, "/chat" in await answer.text()) == (426, True)


async def test_too_many_frames_are_asked_to_wait_and_the_socket_lives(
    house: House, page: Page, clock: StillClock
) -> None:
    await page.hello()
    for _ in range(40):
        await page.say({"type": "ping"})
    answers = [await page.hear() for _ in range(40)]
    assert [answer["type"] for answer in answers].count("pong") == 19
    assert {answer["code"] for answer in answers if answer["type"] == "error"} == {"too_fast"}
    assert answers[-1]["wait"] > 0
    clock.pass_(timedelta(seconds=answers[-1]["wait"]))
    await page.say({"type": "ping"})
    assert (await page.hear())["type"] == "pong"


async def test_a_flood_of_bad_frames_ends_at_last(page: Page) -> None:
    await page.hello()
    for _ in range(250):
        await page.ws.send_str("?")
    while (message := await page.ws.receive(timeout=10)).type is WSMsgType.TEXT:
        pass
    assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
    assert page.ws.close_code == 4429


async def test_a_huge_frame_closes_the_socket(page: Page) -> None:
    await page.hello()
    await page.ws.send_str("x" * 70_000)
    assert (await page.ws.receive(timeout=10)).type is WSMsgType.CLOSE
    assert page.ws.close_code == WSCloseCode.MESSAGE_TOO_BIG


async def test_a_server_that_stops_closes_the_sockets_instead_of_waiting(house: House) -> None:
    server = await serving(house)
    async with ClientSession() as session, session.ws_connect(server.make_url("/channels/webchat")) as ws:
        await Page(ws).hello()
        closing = asyncio.create_task(server.close())
        message = await ws.receive(timeout=5)
        assert (message.type, message.data) == (WSMsgType.CLOSE, WSCloseCode.GOING_AWAY)
        await asyncio.wait_for(closing, timeout=5)
