"""How the Twilio stand-in calls back: statuses, inbound messages, media, opt-out words; all signed as Twilio signs."""

from typing import Any

import pytest
from aiohttp import ClientSession, encode_basic_auth
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from bot.sandbox.clock import ManualClock
from bot.sandbox.twilio import Button, Callbacks, Fate, Place, Retry, TwilioStandIn, Webhook, sign

SMS = "+12025550199"
WHATSAPP = "whatsapp:+12025550199"
PHONE = "+447700900001"


async def send(client: Client, listener: Any, **fields: Any) -> Any:
    callback = f"{listener.url}/status?lane=bulk"
    return await client.messages.create_async(
        **{"to": PHONE, "from_": SMS, "body": "hello", "status_callback": callback, **fields}
    )


def told(listener: Any) -> list[str]:
    return [request.form["MessageStatus"] for request in listener.requests]


# --- statuses -------------------------------------------------------------------------------------------------------


async def test_statuses_are_posted_in_order_and_signed(client: Client, twilio: TwilioStandIn, listener: Any) -> None:
    message = await send(client, listener)
    requests = await listener.heard(2)
    assert told(listener) == ["sent", "delivered"]
    for request in requests:
        signature = request.headers["X-Twilio-Signature"]
        assert RequestValidator("secret").validate(request.url, request.form, signature)
        assert not RequestValidator("wrong").validate(request.url, request.form, signature)
        assert request.form["MessageSid"] == request.form["SmsSid"] == message.sid
        assert (request.form["To"], request.form["From"]) == (PHONE, SMS)
        assert "ErrorCode" not in request.form


async def test_whatsapp_is_read_and_says_so(client: Client, twilio: TwilioStandIn, listener: Any) -> None:
    twilio.webhooks.clear()
    await twilio.phone_sends("hi", from_=f"whatsapp:{PHONE}", to=WHATSAPP)
    await send(client, listener, to=f"whatsapp:{PHONE}", from_=WHATSAPP)
    requests = await listener.heard(3)
    assert told(listener) == ["sent", "delivered", "read"]
    assert (requests[2].form["EventType"], requests[2].form["ChannelToAddress"]) == ("READ", PHONE)


async def test_a_failing_number_ends_undelivered_with_its_error(
    client: Client, twilio: TwilioStandIn, listener: Any
) -> None:
    twilio.fates[PHONE] = Fate(statuses=("sent", "undelivered"), error_code=30003)
    await send(client, listener)
    requests = await listener.heard(2)
    assert [one.form.get("ErrorCode") for one in requests] == [None, "30003"]


async def test_callbacks_can_be_repeated(client: Client, twilio: TwilioStandIn, listener: Any) -> None:
    twilio.callbacks = Callbacks(copies=2)
    await send(client, listener)
    await listener.heard(4)
    assert told(listener) == ["sent", "sent", "delivered", "delivered"]


async def test_callbacks_can_come_out_of_order(client: Client, twilio: TwilioStandIn, listener: Any) -> None:
    twilio.callbacks = Callbacks(is_shuffled=True)
    for _ in range(8):
        await send(client, listener)
    await listener.heard(16)
    by_message: dict[str, list[str]] = {}
    for request in listener.requests:
        by_message.setdefault(request.form["MessageSid"], []).append(request.form["MessageStatus"])
    assert {tuple(order) for order in by_message.values()} == {("sent", "delivered"), ("delivered", "sent")}


async def test_callbacks_can_be_lost(client: Client, twilio: TwilioStandIn, listener: Any) -> None:
    twilio.callbacks = Callbacks(lose=1)
    await send(client, listener)
    await listener.heard(1)
    assert told(listener) == ["delivered"]


async def test_a_services_message_is_accepted_then_queued_and_gets_its_sender(
    client: Client, twilio: TwilioStandIn, listener: Any
) -> None:
    service = "MG" + "0" * 32
    twilio.services[service] = (SMS,)
    await send(client, listener, from_=None, messaging_service_sid=service)
    requests = await listener.heard(3)
    assert told(listener) == ["queued", "sent", "delivered"]
    assert (requests[0].form["From"], requests[0].form["MessagingServiceSid"]) == (SMS, service)


async def test_a_picture_that_cannot_be_fetched_fails_the_message(
    client: Client, twilio: TwilioStandIn, listener: Any
) -> None:
    listener.answers = [404]
    await send(client, listener, media_url=[f"{listener.url}/map.png"])
    requests = await listener.heard(2)
    assert (requests[1].form["MessageStatus"], requests[1].form["ErrorCode"]) == ("failed", "11200")


async def test_a_picture_sent_out_is_kept_as_media(client: Client, twilio: TwilioStandIn, listener: Any) -> None:
    message = await send(client, listener, media_url=[f"{listener.url}/map.png"])
    await listener.heard(3)
    assert message.sid.startswith("MM")
    assert len(await client.messages(message.sid).media.list_async()) == 1


# --- what phones send -----------------------------------------------------------------------------------------------


async def test_an_inbound_sms_is_posted_with_twilios_fields_and_signature(twilio: TwilioStandIn, listener: Any) -> None:
    inbound = await twilio.phone_sends("नमस्ते", from_=PHONE, to=SMS)
    assert inbound.is_accepted
    [request] = listener.requests
    assert dict(request.form) == {
        "AccountSid": twilio.account_sid,
        "ApiVersion": "2010-04-01",
        "Body": "नमस्ते",
        "From": PHONE,
        "MessageSid": inbound.message.sid,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsMessageSid": inbound.message.sid,
        "SmsSid": inbound.message.sid,
        "SmsStatus": "received",
        "To": SMS,
    }
    assert RequestValidator("secret").validate(request.url, request.form, request.headers["X-Twilio-Signature"])


async def test_behind_a_proxy_the_public_address_is_signed(twilio: TwilioStandIn, listener: Any) -> None:
    public = "https://muster.example.org/channels/sms"
    twilio.webhooks[SMS] = Webhook(url=f"{listener.url}/inbound", signed_url=public)
    await twilio.phone_sends("hi", from_=PHONE, to=SMS)
    [request] = listener.requests
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator("secret").validate(public, request.form, signature)
    assert not RequestValidator("secret").validate(request.url, request.form, signature)


def test_the_signature_takes_a_repeated_field_once() -> None:
    url, form = "https://example.org/a?b=c", [("B", "2"), ("A", "1"), ("B", "2"), ("B", "1")]
    expected = RequestValidator("secret").compute_signature(url, _Multi({"A": ["1"], "B": ["2", "2", "1"]}))
    assert sign(token="secret", url=url, form=form) == expected


class _Multi(dict[str, list[str]]):
    def getall(self, name: str) -> list[str]:
        return self[name]


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        (
            {"text": "hi", "profile_name": "Omar"},
            {"ProfileName": "Omar", "WaId": "447700900001", "MessageType": "text"},
        ),
        (
            {"button": Button(text="Safe", payload="safe"), "reply_to": "SM1"},
            {"Body": "Safe", "ButtonText": "Safe", "ButtonPayload": "safe", "OriginalRepliedMessageSid": "SM1"},
        ),
        (
            {"button": Button(text="Shelter", payload="1", is_row=True)},
            {"Body": "Shelter", "ListId": "1", "ListTitle": "Shelter", "MessageType": "interactive"},
        ),
        (
            {"place": Place(latitude=-30.0, longitude=-51.2, label="Camp", address="Road 1")},
            {"Body": "", "Latitude": "-30.0", "Longitude": "-51.2", "Label": "Camp", "Address": "Road 1"},
        ),
        (
            {"media": [("image/jpeg", b"a"), ("audio/ogg", b"b")]},
            {"NumMedia": "2", "MediaContentType0": "image/jpeg", "MediaContentType1": "audio/ogg"},
        ),
    ],
)
async def test_what_whatsapp_phones_send(
    twilio: TwilioStandIn, listener: Any, sent: dict[str, Any], fields: dict[str, str]
) -> None:
    await twilio.phone_sends(from_=f"whatsapp:{PHONE}", to=WHATSAPP, **sent)
    form = dict(listener.requests[0].form)
    assert {name: form.get(name) for name in fields} == fields


async def test_a_whatsapp_user_who_hides_the_number_can_be_heard_and_answered(
    twilio: TwilioStandIn, client: Client, listener: Any
) -> None:
    user = "whatsapp:NP.13491208655302741918"
    await twilio.phone_sends("hi", from_=user, to=WHATSAPP)
    assert (listener.requests[0].form["From"], "WaId" in listener.requests[0].form) == (user, False)
    assert (await client.messages.create_async(to=user, from_=WHATSAPP, body="x")).status == "queued"


async def test_a_message_can_be_repeated_under_the_same_sid(twilio: TwilioStandIn, listener: Any) -> None:
    inbound = await twilio.phone_sends("hi", from_=PHONE, to=SMS)
    await twilio.repeat(inbound.message.sid)
    first, second = listener.requests
    assert dict(first.form) == dict(second.form)


async def test_a_refusing_webhook_is_tried_again_only_if_so_configured(twilio: TwilioStandIn, listener: Any) -> None:
    listener.answers = [503, 503]
    once = await twilio.phone_sends("hi", from_=PHONE, to=SMS)
    assert (once.answers, once.is_accepted) == ([503], False)
    twilio.poster.retry = Retry(attempts=3, wait=0.0, on_bad_status=True)
    again = await twilio.phone_sends("hi", from_=PHONE, to=SMS)
    assert (again.answers, again.is_accepted) == ([503, 200], True)


async def test_a_webhook_that_cannot_be_reached_is_tried_again(twilio: TwilioStandIn, unused_tcp_port: int) -> None:
    twilio.webhooks[SMS] = Webhook(url=f"http://127.0.0.1:{unused_tcp_port}/")
    twilio.poster.retry = Retry(attempts=2, wait=0.0)
    assert (await twilio.phone_sends("hi", from_=PHONE, to=SMS)).answers == [0, 0]


async def test_media_need_the_accounts_credentials_and_redirect_to_the_bytes(
    twilio: TwilioStandIn, client: Client, listener: Any
) -> None:
    await twilio.phone_sends("", from_=PHONE, to=SMS, media=[("image/jpeg", b"bytes")])
    url = listener.requests[0].form["MediaUrl0"]
    assert url.startswith(f"{twilio.public_url}/2010-04-01/Accounts/{twilio.account_sid}/Messages/MM")
    login = {"Authorization": encode_basic_auth(twilio.account_sid, twilio.auth_token)}
    async with ClientSession() as session:
        async with session.get(url) as answer:
            assert answer.status == 401
        async with session.get(url, headers=login, allow_redirects=False) as answer:
            assert answer.status == 307
        async with session.get(url, headers=login) as answer:
            assert (answer.content_type, await answer.read()) == ("image/jpeg", b"bytes")
    message, media = listener.requests[0].form["MessageSid"], url.rpartition("/")[2]
    assert await client.messages(message).media(media).delete_async()
    async with ClientSession() as session, session.get(url, headers=login) as answer:
        assert answer.status == 404


# --- opt-out words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["STOP", "stopall", " Unsubscribe ", "CANCEL", "End", "QUIT", "revoke", "OPTOUT"])
async def test_r19_a_stop_word_blocks_sending_until_a_start_word_and_is_still_delivered(
    client: Client, twilio: TwilioStandIn, listener: Any, word: str
) -> None:
    await twilio.phone_sends(word, from_=PHONE, to=SMS)
    assert (listener.requests[0].form["Body"], listener.requests[0].form["OptOutType"]) == (word, "STOP")
    with pytest.raises(TwilioRestException) as refusal:
        await client.messages.create_async(to=PHONE, from_=SMS, body="x")
    assert refusal.value.code == 21610
    await twilio.phone_sends("unstop", from_=PHONE, to=SMS)
    assert listener.requests[1].form["OptOutType"] == "START"
    await client.messages.create_async(to=PHONE, from_=SMS, body="x")


@pytest.mark.parametrize("text", ["Stop please", "PARAR", "रोक्नुहोस्", "stopp"])
async def test_other_words_block_nothing(twilio: TwilioStandIn, listener: Any, text: str) -> None:
    await twilio.phone_sends(text, from_=PHONE, to=SMS)
    assert "OptOutType" not in listener.requests[0].form
    assert not twilio.opted_out


async def test_stop_is_only_a_word_on_whatsapp_and_on_short_codes(twilio: TwilioStandIn) -> None:
    await twilio.phone_sends("STOP", from_=f"whatsapp:{PHONE}", to=WHATSAPP)
    await twilio.phone_sends("STOP", from_=PHONE, to="12345")
    assert not twilio.opted_out


async def test_twilio_itself_answers_an_opt_out_word_on_the_phone(twilio: TwilioStandIn) -> None:
    await twilio.phone_sends("STOP", from_=PHONE, to=SMS)
    shown = [(one.direction, one.body[:21]) for one in twilio.messages.values()]
    assert shown == [("inbound", "STOP"), ("outbound-reply", "You have successfully")]
    assert twilio.sent_to(PHONE) == []


async def test_statuses_follow_each_other_after_their_delay(twilio: TwilioStandIn, clock: ManualClock) -> None:
    twilio.status_seconds = 2.0
    message = twilio.create_message({"To": PHONE, "From": SMS, "Body": "x"}, [])
    seen = []
    for _ in range(3):
        seen.append(message.status)
        await clock.advance(2.0)
    assert seen == ["queued", "sent", "delivered"]
