"""The page of phones: what each phone does reaches the service, and what the service sends shows live."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession

from bot.sandbox.phones_page import create_phones
from bot.sandbox.telegram import TelegramStandIn
from bot.sandbox.twilio import Button, Fate, TwilioStandIn, Webhook

SMS = "+12025550199"
WHATSAPP = "whatsapp:+12025550199"


@pytest.fixture
def account(listener: Any) -> TwilioStandIn:
    stand_in = TwilioStandIn(account_sid="AC", auth_token="secret", senders=(SMS, WHATSAPP), status_seconds=0.0)
    stand_in.webhooks = {sender: Webhook(url=f"{listener.url}/inbound") for sender in (SMS, WHATSAPP)}
    return stand_in


@pytest.fixture
async def page(account: TwilioStandIn, telegram: TelegramStandIn, serve: Any) -> AsyncIterator[ClientSession]:
    url = await serve(create_phones(twilio=account, telegram=telegram))
    account.public_url = f"{url}/twilio"
    async with ClientSession(url) as session:
        yield session


class Live:
    """The page's event stream, read one event at a time."""

    def __init__(self, answer: ClientResponse) -> None:
        self._answer = answer

    async def next(self) -> Any:
        line = await self._answer.content.readline()
        await self._answer.content.readline()
        return json.loads(line.removeprefix(b"data: "))

    async def until(self, key: str) -> Any:
        while key not in (event := await self.next()):
            pass
        return event


@pytest.fixture
async def live(page: ClientSession) -> AsyncIterator[Live]:
    async with page.get("/events") as answer:
        yield Live(answer)


async def post(page: ClientSession, path: str, **given: Any) -> int:
    async with page.post(path, json=given) as answer:
        return answer.status


async def test_a_newcomer_finds_one_phone_of_each_kind(live: Live) -> None:
    phones = (await live.next())["phones"]
    assert [(phone["kind"], phone["number"], phone["bubbles"]) for phone in phones] == [
        ("sms", "+447700900001", []),
        ("whatsapp", "+447700900002", []),
        ("telegram", "7000000003", []),
    ]


async def test_the_page_needs_nothing_from_outside(page: ClientSession) -> None:
    async with page.get("/") as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        text = await answer.text()
    assert "Nothing leaves this machine" in text
    for name in ("phones.css", "phones.js"):
        assert f'"pages/{name}"' in text
        async with page.get(f"/pages/{name}") as answer:
            text += await answer.text()
    assert "://" not in text
    async with page.get("/pages/../phones.py") as answer:
        assert answer.status == 404


async def test_what_a_phone_writes_reaches_the_service_and_shows_as_taken(
    page: ClientSession, live: Live, listener: Any
) -> None:
    await live.next()
    assert await post(page, "/phones/phone-1/text", text="नमस्ते") == 204
    assert listener.requests[0].form["Body"] == "नमस्ते"
    states = [(await live.next())["bubble"]["state"] for _ in range(2)]
    assert states == ["sending", "taken"]


async def test_a_service_that_does_not_answer_shows(page: ClientSession, live: Live, listener: Any) -> None:
    await live.next()
    listener.answers = [503]
    await post(page, "/phones/phone-2/text", text="hi")
    states = [(await live.next())["bubble"]["state"] for _ in range(2)]
    assert states == ["sending", "refused (503)"]


async def test_replies_arrive_live_with_their_states(live: Live, account: TwilioStandIn) -> None:
    await live.next()
    account.fates["+447700900001"] = Fate(statuses=("sent", "undelivered"), error_code=30003)
    account.create_message({"To": "+447700900001", "From": SMS, "Body": "a" * 161}, [])
    events = [await live.next() for _ in range(3)]
    assert {event["phone"] for event in events} == {"phone-1"}
    last = events[-1]["bubble"]
    assert (last["state"], last["error"], last["segments"], last["is_mine"]) == ("undelivered", 30003, 2, False)


async def test_whatsapp_buttons_can_be_tapped(page: ClientSession, account: TwilioStandIn, listener: Any) -> None:
    await post(page, "/phones/phone-2/text", text="hi")
    message = account.create_message({"To": "whatsapp:+447700900002", "From": WHATSAPP, "Body": "Safe?"}, [])
    message.buttons = (Button(text="Yes", payload="y"),)
    assert await post(page, "/phones/phone-2/tap", bubble=message.sid, value="y") == 204
    form = listener.requests[1].form
    assert (form["ButtonPayload"], form["OriginalRepliedMessageSid"]) == ("y", message.sid)
    assert await post(page, "/phones/phone-2/tap", bubble=message.sid, value="other") == 400


async def test_a_telegram_phone_taps_shares_and_blocks(
    page: ClientSession, live: Live, telegram: TelegramStandIn
) -> None:
    await live.next()
    await post(page, "/phones/phone-3/text", text="/start")
    markup = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    telegram.post(telegram.chats[7000000003], {"text": "?", "reply_markup": markup})
    rows = [(await live.next())["bubble"]["rows"] for _ in range(2)]
    assert rows == [[], [[{"text": "A", "value": "a", "url": None}]]]
    assert await post(page, "/phones/phone-3/tap", bubble="2", value="a") == 204
    assert await post(page, "/phones/phone-3/place", latitude="-30.0", longitude=-51.2) == 204
    assert await post(page, "/phones/phone-3/contact", number="+447700900003") == 204
    assert await post(page, "/phones/phone-3/block", is_blocked=True) == 204
    assert (await live.until("chat"))["chat"] == {"is_blocked": True}
    updates = await telegram.updates.poll(offset=0, limit=100, seconds=0)
    kinds = [next(kind for kind in update if kind != "update_id") for update in updates]
    assert kinds == ["message", "callback_query", "message", "message", "my_chat_member"]


async def test_photos_and_places_travel_as_each_kind_of_phone_sends_them(
    page: ClientSession, account: TwilioStandIn, telegram: TelegramStandIn, listener: Any
) -> None:
    for phone in ("phone-1", "phone-2", "phone-3"):
        async with page.post(f"/phones/{phone}/photo", data=b"png", headers={"Content-Type": "image/png"}) as answer:
            assert answer.status == 204
        assert await post(page, f"/phones/{phone}/place", latitude=1, longitude=2) == 204
    forms = [request.form for request in listener.requests]
    assert [form["NumMedia"] for form in forms] == ["1", "0", "1", "0"]
    assert (forms[1]["Body"], forms[3]["Latitude"]) == ("https://maps.google.com/?q=1.0,2.0", "1.0")
    assert [
        kind for one in telegram.chats[7000000003].messages.values() for kind in ("photo", "location") if kind in one
    ] == [
        "photo",
        "location",
    ]
    picture = next(one for one in account.messages.values() if one.media)
    async with page.get(f"/twilio/media/{picture.media[0].sid}") as answer:
        assert (answer.content_type, await answer.read()) == ("image/png", b"png")
    file = next(iter(telegram.files))
    async with page.get(f"/pictures/{file}") as answer:
        assert await answer.read() == b"png"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"kind": "sms", "name": "Bina", "number": "+44 7700 900-555"}, 201),
        ({"kind": "telegram", "name": "Tomas", "number": "42"}, 201),
        ({"kind": "whatsapp"}, 201),
        ({"kind": "fax"}, 400),
        ({"kind": "sms", "number": "0770"}, 400),
        ({"kind": "telegram", "number": "x"}, 400),
        ({"kind": "sms", "number": "+447700900001"}, 400),
    ],
)
async def test_phones_are_added_with_a_number_or_a_made_up_one(
    page: ClientSession, live: Live, given: dict[str, str], status: int
) -> None:
    await live.next()
    assert await post(page, "/phones", **given) == status
    if status == 201:
        assert (await live.next())["phone"]["kind"] == given["kind"]


async def test_a_removed_phone_is_gone(page: ClientSession, live: Live) -> None:
    await live.next()
    async with page.delete("/phones/phone-1") as answer:
        assert answer.status == 204
    assert await live.next() == {"removed": "phone-1"}
    assert await post(page, "/phones/phone-1/text", text="hi") == 404


async def test_broken_requests_are_refused_with_a_reason(page: ClientSession) -> None:
    assert await post(page, "/phones/phone-1/text") == 400
    assert await post(page, "/phones/phone-1/place", latitude="north", longitude=1) == 400
    async with page.post("/phones/phone-1/text", data="text=hi") as answer:
        assert answer.status == 415
    async with page.post("/phones/phone-1/text", data=b"[]", headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 400
    async with page.post("/phones/phone-1/photo", data=b"x", headers={"Content-Type": "text/html"}) as answer:
        assert answer.status == 415


async def test_a_service_without_whatsapp_shows_no_such_phone(telegram: TelegramStandIn, serve: Any) -> None:
    account = TwilioStandIn(account_sid="AC", auth_token="x", senders=(SMS,))
    url = await serve(create_phones(twilio=account, telegram=telegram))
    async with ClientSession(url) as session, session.get("/events") as answer:
        kinds = [phone["kind"] for phone in (await Live(answer).next())["phones"]]
    assert kinds == ["sms", "telegram"]


async def test_open_pages_and_long_polls_do_not_hold_up_a_shutdown(
    account: TwilioStandIn, telegram: TelegramStandIn
) -> None:
    from aiohttp.test_utils import TestServer

    server = TestServer(create_phones(twilio=account, telegram=telegram))
    await server.start_server()
    async with ClientSession(str(server.make_url("/"))) as session, session.get("/events") as answer:
        await Live(answer).next()
        polling = asyncio.create_task(session.get(f"/telegram/bot{telegram.token}/getUpdates?timeout=50"))
        await telegram.clock.slept_in(1)  # type: ignore[attr-defined]
        async with asyncio.timeout(5):
            await server.close()
        assert (await polling).status == 409
        assert await answer.content.read() == b""
