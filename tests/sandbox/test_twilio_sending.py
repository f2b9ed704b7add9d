"""Sending through the Twilio stand-in with twilio's own client: answers, refusals, queues and limits."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientSession, encode_basic_auth
from jsonschema import Draft4Validator
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from bot.sandbox.clock import ManualClock
from bot.sandbox.twilio import Content, TwilioLimits, TwilioStandIn

SMS = "+12025550199"
WHATSAPP = "whatsapp:+12025550199"
PHONE = "+447700900001"
TEMPLATE = Content(
    sid="HX" + "1" * 32,
    variables={"2": "today"},
    types={
        "twilio/quick-reply": {
            "body": "Hi {{1}}, are you safe {{2}}? Answer here.",
            "actions": [{"title": "Yes {{1}}", "id": "y"}],
        }
    },
)


async def send(client: Client, **fields: Any) -> Any:
    return await client.messages.create_async(**{"to": PHONE, "from_": SMS, "body": "hello", **fields})


async def refused(client: Client, **fields: Any) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as refusal:
        await send(client, **fields)
    assert refusal.value.code is not None
    return refusal.value.status, refusal.value.code


def statuses(twilio: TwilioStandIn) -> list[str]:
    return [message.status for message in twilio.sent_to(PHONE)]


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI's `nullable` in JSON Schema's words, and no property that the specification does not name."""
    kept = {key: value for key, value in schema.items() if key not in {"nullable", "properties", "format"}}
    if schema.get("nullable"):
        kept["type"] = [schema["type"], "null"]
    if "properties" in schema:
        kept["properties"] = {name: nullable(value) for name, value in schema["properties"].items()}
        kept |= {"additionalProperties": False, "required": list(schema["properties"])}
    return kept


async def test_a_sent_message_answers_as_queued_and_ends_delivered(client: Client, twilio: TwilioStandIn) -> None:
    message = await send(client, body="नमस्ते " * 12)
    assert (message.status, message.num_segments, message.direction) == ("queued", "2", "outbound-api")
    assert message.uri == f"/2010-04-01/Accounts/{twilio.account_sid}/Messages/{message.sid}.json"
    assert (await client.messages(message.sid).fetch_async()).status == "delivered"


async def test_a_whatsapp_message_ends_read(client: Client, twilio: TwilioStandIn) -> None:
    await twilio.phone_sends("hi", from_=f"whatsapp:{PHONE}", to=WHATSAPP)
    message = await send(client, to=f"whatsapp:{PHONE}", from_=WHATSAPP)
    assert (await client.messages(message.sid).fetch_async()).status == "read"


async def test_answers_have_exactly_the_fields_of_twilios_specification(
    twilio: TwilioStandIn, twilio_spec: Any
) -> None:
    login = {"Authorization": encode_basic_auth(twilio.account_sid, twilio.auth_token)}
    account = f"{twilio.public_url}/2010-04-01/Accounts/{twilio.account_sid}/Messages"
    inbound = await twilio.phone_sends("pic", from_=PHONE, to=SMS, media=[("image/png", b"png")])
    media = f"{account}/{inbound.message.sid}/Media/{inbound.message.media[0].sid}.json"
    content = {"friendly_name": "ask", "language": "en", "types": dict(TEMPLATE.types)}
    async with ClientSession(headers=login) as session:
        async with session.post(f"{account}.json", data={"To": PHONE, "From": SMS, "Body": "hi"}) as answer:
            assert answer.status == 201
            Draft4Validator(nullable(twilio_spec["message"])).validate(await answer.json())
        async with session.get(f"{account}/{inbound.message.sid}.json") as answer:
            Draft4Validator(nullable(twilio_spec["message"])).validate(await answer.json())
        async with session.get(media) as answer:
            Draft4Validator(nullable(twilio_spec["media"])).validate(await answer.json())
        async with session.post(f"{twilio.public_url}/v1/Content", json=content) as answer:
            assert answer.status == 201
            Draft4Validator(nullable(twilio_spec["content"])).validate(await answer.json())


async def test_messages_are_listed_newest_first_updated_and_deleted(client: Client, twilio: TwilioStandIn) -> None:
    first, second = await send(client, body="one"), await send(client, body="two")
    assert [one.sid for one in await client.messages.list_async(to=PHONE)] == [second.sid, first.sid]
    assert (await client.messages(first.sid).update_async(body="")).body == ""
    assert await client.messages(first.sid).delete_async()
    assert first.sid not in twilio.messages
    with pytest.raises(TwilioRestException) as gone:
        await client.messages(first.sid).fetch_async()
    assert (gone.value.status, gone.value.code) == (404, 20404)


async def test_a_wrong_token_is_refused_with_20003(twilio: TwilioStandIn) -> None:
    login = {"Authorization": encode_basic_auth(twilio.account_sid, "wrong")}
    url = f"{twilio.public_url}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"
    async with ClientSession() as session:
        for headers in (login, {}):
            async with session.post(url, data={"To": PHONE, "From": SMS, "Body": "x"}, headers=headers) as answer:
                assert (answer.status, (await answer.json())["code"]) == (401, 20003)
    assert not twilio.messages


def no_situation(_: TwilioStandIn) -> None:
    pass


def a_landline(twilio: TwilioStandIn) -> None:
    twilio.landlines.add(PHONE)


def opted_out(twilio: TwilioStandIn) -> None:
    twilio.opted_out.add((PHONE, SMS))


def channel_refuses_at_once(twilio: TwilioStandIn) -> None:
    twilio.refuses_at_once = True


def not_on_whatsapp(twilio: TwilioStandIn) -> None:
    twilio.refuses_at_once = True
    twilio.without_whatsapp.add(f"whatsapp:{PHONE}")


def a_template(twilio: TwilioStandIn) -> None:
    twilio.contents[TEMPLATE.sid] = TEMPLATE


_WA = {"to": f"whatsapp:{PHONE}", "from_": WHATSAPP}
_ASK = {**_WA, "content_sid": TEMPLATE.sid}


@pytest.mark.parametrize(
    ("situation", "fields", "refusal"),
    [
        (no_situation, {"to": ""}, (400, 21604)),
        (no_situation, {"to": "0770"}, (400, 21211)),
        (no_situation, {"to": "whatsapp:omar", "from_": WHATSAPP}, (400, 21211)),
        (no_situation, {"from_": ""}, (400, 21603)),
        (no_situation, {"from_": "+12025550100"}, (400, 21606)),
        (no_situation, {**_WA, "from_": "whatsapp:+12025550100"}, (400, 63007)),
        (no_situation, {"from_": WHATSAPP}, (400, 21910)),
        (no_situation, {"body": ""}, (400, 21619)),
        (no_situation, {"body": "a" * 1601}, (400, 21617)),
        (no_situation, {"media_url": ["ftp://example.org/a.png"]}, (400, 21620)),
        (no_situation, {"media_url": ["http://127.0.0.1/a.png"] * 11}, (400, 21623)),
        (no_situation, {"status_callback": "not an address"}, (400, 21609)),
        (no_situation, {"validity_period": 36_001}, (400, 21612)),
        (no_situation, {"from_": "", "messaging_service_sid": "MG" + "0" * 32}, (400, 21701)),
        (a_landline, {}, (400, 21614)),
        (opted_out, {}, (400, 21610)),
        (channel_refuses_at_once, _WA, (400, 63016)),
        (not_on_whatsapp, _WA, (400, 63024)),
        (no_situation, _ASK, (400, 21655)),
        (a_template, _ASK, (400, 63028)),
        (a_template, {**_ASK, "content_variables": "no"}, (400, 21656)),
        (a_template, {**_ASK, "content_variables": '{"1": ""}'}, (400, 21656)),
        (a_template, {**_ASK, "content_variables": '{"1": "' + "a" * 256 + '"}'}, (400, 21656)),
    ],
)
async def test_refusals(
    client: Client,
    twilio: TwilioStandIn,
    situation: Callable[[TwilioStandIn], None],
    fields: dict[str, Any],
    refusal: tuple[int, int],
) -> None:
    situation(twilio)
    assert await refused(client, **fields) == refusal
    assert not twilio.messages


async def test_a_refusal_has_the_real_shape(twilio: TwilioStandIn) -> None:
    headers = {"Authorization": encode_basic_auth(twilio.account_sid, twilio.auth_token)}
    url = f"{twilio.public_url}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"
    async with ClientSession() as session, session.post(url, data={"To": "12"}, headers=headers) as answer:
        assert await answer.json() == {
            "code": 21211,
            "message": "Invalid 'To' Phone Number: 12",
            "more_info": "https://www.twilio.com/docs/errors/21211",
            "status": 400,
        }


@pytest.mark.parametrize("length", [1600, 1])
async def test_the_longest_and_shortest_bodies_pass(client: Client, length: int) -> None:
    assert (await send(client, body="a" * length)).status == "queued"


# --- WhatsApp's window ----------------------------------------------------------------------------------------------


async def test_free_text_fails_by_callback_unless_the_phone_wrote_in_the_last_24_hours(
    client: Client, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    phone = f"whatsapp:{PHONE}"

    async def outcome() -> tuple[str, int | None]:
        message = await send(client, to=phone, from_=WHATSAPP)
        assert message.status == "queued"
        fetched = await client.messages(message.sid).fetch_async()
        return fetched.status, fetched.error_code

    assert await outcome() == ("undelivered", 63016)
    await twilio.phone_sends("hi", from_=phone, to=WHATSAPP)
    await clock.advance(24 * 3600 - 1)
    assert await outcome() == ("read", None)
    await clock.advance(1)
    assert await outcome() == ("undelivered", 63016)


async def test_an_approved_template_passes_outside_the_window_with_its_variables(
    client: Client, twilio: TwilioStandIn
) -> None:
    a_template(twilio)
    message = await send(client, **_ASK, body=None, content_variables='{"1": "Asha"}')
    assert message.body == "Hi Asha, are you safe today? Answer here."
    assert [(one.text, one.payload) for one in twilio.messages[message.sid].buttons] == [("Yes Asha", "y")]
    assert twilio.messages[message.sid].status == "read"


async def test_content_made_by_the_api_opens_a_conversation_only_once_approved(
    client: Client, twilio: TwilioStandIn
) -> None:
    twilio.refuses_at_once = True
    a_template(twilio)
    twilio.contents[TEMPLATE.sid] = replace(TEMPLATE, is_approved=False)
    asked = {**_ASK, "content_variables": '{"1": "Asha"}'}
    assert await refused(client, **asked) == (400, 63016)
    login = {"Authorization": encode_basic_auth(twilio.account_sid, twilio.auth_token)}
    url = f"{twilio.public_url}/v1/Content/{TEMPLATE.sid}/ApprovalRequests/whatsapp"
    async with ClientSession() as session, session.post(url, json={"name": "ask"}, headers=login) as answer:
        assert answer.status == 201
    assert (await send(client, **asked)).status == "queued"


async def test_a_template_that_whatsapp_rejects_opens_no_conversation(client: Client, twilio: TwilioStandIn) -> None:
    twilio.refuses_at_once = True
    twilio.contents["HX2"] = Content(sid="HX2", types={"twilio/text": {"body": "{{1}}"}}, is_approved=False)
    login = {"Authorization": encode_basic_auth(twilio.account_sid, twilio.auth_token)}
    url = f"{twilio.public_url}/v1/Content/HX2/ApprovalRequests/whatsapp"
    async with ClientSession() as session, session.post(url, json={"name": "any"}, headers=login) as answer:
        told = await answer.json()
    assert (told["status"], bool(told["rejection_reason"])) == ("rejected", True)
    assert await refused(client, **_WA, content_sid="HX2", content_variables='{"1": "Go up"}') == (400, 63016)


async def test_a_list_goes_out_inside_the_window_only(client: Client, twilio: TwilioStandIn) -> None:
    twilio.refuses_at_once = True
    items = [{"item": "Shelter", "id": "1", "description": "a bed"}]
    twilio.contents["HX2"] = Content(sid="HX2", types={"twilio/list-picker": {"body": "What?", "items": items}})
    assert await refused(client, **_WA, content_sid="HX2") == (400, 63016)
    await twilio.phone_sends("hi", from_=f"whatsapp:{PHONE}", to=WHATSAPP)
    message = await send(client, **_WA, content_sid="HX2")
    assert [(one.text, one.payload, one.is_row) for one in twilio.messages[message.sid].buttons] == [
        ("Shelter", "1", True)
    ]


# --- rates and queues -----------------------------------------------------------------------------------------------


async def test_too_many_requests_are_refused_with_429_until_time_passes(
    client: Client, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    twilio.limits = TwilioLimits(requests=1, requests_burst=2)
    await send(client)
    await send(client)
    assert await refused(client) == (429, 20429)
    await clock.advance(1)
    await send(client)


async def test_a_whatsapp_sender_has_its_own_rate(client: Client, twilio: TwilioStandIn) -> None:
    twilio.limits = TwilioLimits(whatsapp=1, whatsapp_burst=1)
    await twilio.phone_sends("hi", from_=f"whatsapp:{PHONE}", to=WHATSAPP)
    await send(client, **_WA)
    assert await refused(client, **_WA) == (429, 63018)
    await send(client)


async def test_a_long_code_sends_one_segment_a_second(
    client: Client, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    twilio.limits = TwilioLimits(segments=1)
    await send(client, body="a" * 161)
    await send(client)
    await clock.advance(1.9)
    assert statuses(twilio) == ["delivered", "queued"]
    await clock.advance(0.1)
    assert statuses(twilio) == ["delivered", "delivered"]


async def test_a_message_whose_validity_ends_in_the_queue_is_never_sent(
    client: Client, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    twilio.limits = TwilioLimits(segments=0.1)
    await send(client)
    late = await send(client, validity_period=5)
    await clock.advance(5)
    assert statuses(twilio) == ["delivered", "failed"]
    assert twilio.messages[late.sid].error_code == 30036


async def test_a_queued_message_can_be_cancelled(client: Client, twilio: TwilioStandIn, clock: ManualClock) -> None:
    twilio.limits = TwilioLimits(segments=1)
    await send(client)
    waiting = await send(client)
    await client.messages(waiting.sid).update_async(status="canceled")
    await clock.advance(60)
    assert statuses(twilio) == ["delivered", "canceled"]


async def test_a_full_queue_refuses_a_sender_and_fails_a_services_message(
    client: Client, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    twilio.limits = TwilioLimits(segments=1, queue_seconds=0.5)
    twilio.services["MG" + "0" * 32] = (WHATSAPP, SMS)
    await send(client)
    assert await refused(client) == (429, 21611)
    message = await send(client, from_=None, messaging_service_sid="MG" + "0" * 32)
    assert (message.status, message.from_, message.num_segments) == ("accepted", None, "0")
    await clock.advance(0)
    assert (twilio.messages[message.sid].status, twilio.messages[message.sid].error_code) == ("failed", 30001)


async def test_without_limits_messages_live_at_once_and_only_the_newest_are_kept(clock: ManualClock) -> None:
    twilio = TwilioStandIn(account_sid="AC", auth_token="x", senders=(SMS,), clock=clock, status_seconds=0, keep=2)
    for number in range(5):
        twilio.create_message({"To": PHONE, "From": SMS, "Body": str(number)}, [])
    await clock.sleep(0)
    assert [(one.body, one.status) for one in twilio.messages.values()] == [("3", "delivered"), ("4", "delivered")]
