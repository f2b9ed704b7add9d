"""SMS out, through twilio's client to the stand-in over loopback: what is sent, and what refusals mean."""

from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from bot.channels.sms import SmsChannel, cut_for_sms
from bot.channels.twilio import TwilioAccount
from bot.channels.twilio_reasons import CODES, REASONS, reason
from bot.domain.contact import Address, Channel, Scheme
from bot.domain.delivery import Content
from bot.domain.errors import InputError, Reason, SendError, Unavailable
from bot.domain.message import Attachment
from bot.sandbox.faults import Drop, Fault
from bot.sandbox.twilio import TwilioLimits, TwilioStandIn, Webhook
from bot.services.ports import Channeller
from tests.channels.conftest import SMS, Ear, Serve
from tests.channels.stand import ACCOUNT, TOKEN, delivery, offering, plain

PHONE = "+5551555001234"
THERE = Address(scheme=Scheme.TEL, path=PHONE)


async def test_a_text_arrives_as_it_is(sms: SmsChannel, twilio: TwilioStandIn) -> None:
    sid = await sms.send(delivery(THERE, "اذهب إلى المدرسة\n1 نعم"))
    (sent,) = await twilio.heard(PHONE, 1)
    assert (sent.sid, sent.from_, sent.body) == (sid, SMS, "اذهب إلى المدرسة\n1 نعم")
    assert sent.status_callback is None  # nobody could call back: there is no public address
    assert sent.validity_seconds == 36_000


def test_options_are_numbered_lines(sms: SmsChannel) -> None:
    content = offering("Are you safe?", "Safe", "I need help")
    (fitted,) = sms.fit(content)
    assert fitted.text == "Are you safe?\n1 Safe\n2 I need help"
    assert fitted.options == content.options  # what the answers are matched with
    assert sms.fit(content) == cut_for_sms(content)


def test_a_long_text_is_cut_for_twilio(sms: SmsChannel) -> None:
    parts = sms.fit(Content(text="Leave the house now. " * 200, language="en"))
    assert len(parts) == 3
    assert all(len(part.text) <= 1600 and part.text.endswith("now.") for part in parts)


@pytest.mark.parametrize(("text", "cost"), [("", 1), ("a" * 160, 1), ("a" * 161, 2), ("ক" * 200, 3)])
def test_a_text_costs_its_segments(sms: SmsChannel, text: str, cost: float) -> None:
    assert sms.cost(Content(text=text, language="bn")) == cost


@pytest.mark.parametrize(
    ("life", "seconds"), [(timedelta(minutes=10), 600), (timedelta(days=3), 36_000), (timedelta(seconds=1), 1)]
)
async def test_twilio_drops_what_it_cannot_send_in_time(
    sms: SmsChannel, twilio: TwilioStandIn, life: timedelta, seconds: int
) -> None:
    """R20: the life of a delivery is its ValidityPeriod, 1 to 36,000 s."""
    await sms.send(delivery(THERE, life=life))
    (sent,) = await twilio.heard(PHONE, 1)
    assert sent.validity_seconds == seconds


@pytest.mark.parametrize("life", [timedelta(0), timedelta(seconds=-5), timedelta(milliseconds=400)])
async def test_what_has_expired_is_not_handed_over(sms: SmsChannel, twilio: TwilioStandIn, life: timedelta) -> None:
    with pytest.raises(SendError) as caught:
        await sms.send(delivery(THERE, life=life))
    assert caught.value.reason is Reason.EXPIRED
    assert twilio.sent_to(PHONE) == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=429), Reason.TOO_FAST),
        (Fault(status=500), Reason.PROVIDER_DOWN),
        (Fault(status=503), Reason.PROVIDER_DOWN),
        (Fault(status=401), Reason.BAD_CREDENTIALS),
        (Fault(drop=Drop.BEFORE), Reason.PROVIDER_DOWN),
        (Fault(drop=Drop.AFTER), Reason.PROVIDER_DOWN),
    ],
    ids=lambda value: str(value) if isinstance(value, Reason) else f"{value.status}-{value.drop}",
)
async def test_each_trouble_has_its_reason(
    sms: SmsChannel, twilio: TwilioStandIn, fault: Fault, expected: Reason
) -> None:
    twilio.faults.order(fault)
    with pytest.raises(SendError) as caught:
        await sms.send(delivery(THERE))
    assert caught.value.reason is expected


async def test_refusals_of_the_account_have_their_reasons(
    sms: SmsChannel, twilio: TwilioStandIn, session: aiohttp.ClientSession
) -> None:
    twilio.landlines.add("+5551555000001")
    twilio.opted_out.add(("+5551555000002", SMS))
    stranger = SmsChannel(account=sms.account, sender="+12025550000")
    wrong = SmsChannel(
        account=TwilioAccount(account_sid=ACCOUNT, auth_token="wrong", session=session, api_url=twilio.public_url),
        sender=SMS,
    )
    for channel, path, text, expected in [
        (sms, "+5551555000001", "hi", Reason.INVALID_ADDRESS),
        (sms, "+5551555000002", "hi", Reason.OPTED_OUT),
        (sms, "12", "hi", Reason.INVALID_ADDRESS),
        (sms, PHONE, "x" * 1601, Reason.TOO_LONG),
        (sms, PHONE, "", Reason.BAD_CONTENT),
        (stranger, PHONE, "hi", Reason.BAD_CREDENTIALS),
        (wrong, PHONE, "hi", Reason.BAD_CREDENTIALS),
    ]:
        with pytest.raises(SendError) as caught:
            await channel.send(delivery(Address(scheme=Scheme.TEL, path=path), text))
        assert caught.value.reason is expected


async def test_a_full_queue_may_be_tried_again(sms: SmsChannel, twilio: TwilioStandIn) -> None:
    twilio.limits = TwilioLimits(segments=1, queue_seconds=1)
    for text in ("one", "two"):
        await sms.send(delivery(THERE, text))
    with pytest.raises(SendError) as caught:
        await sms.send(delivery(THERE, "one more"))
    assert caught.value.reason is Reason.QUEUE_FULL
    assert caught.value.reason.is_retryable


@pytest.mark.parametrize(
    ("header", "expected"), [("7", 7.0), ("0.5", 0.5), ("", None), ("soon", None), ("-1", None), ("nan", None)]
)
async def test_retry_after_is_obeyed(
    serve: Serve, session: aiohttp.ClientSession, header: str, expected: float | None
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"code": 20429, "message": "slow"}, status=429, headers={"Retry-After": header})

    with pytest.raises(SendError) as caught:
        await _at(await serve(_answering(refuse)), session).send(delivery(THERE))
    assert (caught.value.reason, caught.value.retry_after) == (Reason.TOO_FAST, expected)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, "<html>", Reason.PROVIDER_DOWN),
        (201, "{}", Reason.PROVIDER_DOWN),
        (502, "<html>bad gateway</html>", Reason.PROVIDER_DOWN),
        (429, "slow down", Reason.TOO_FAST),
        (403, "no", Reason.BAD_CREDENTIALS),
        (400, "[]", Reason.UNKNOWN),
        (400, '{"type":"t","title":"Invalid To","status":400,"code":21211}', Reason.INVALID_ADDRESS),
        (307, "", Reason.UNKNOWN),
    ],
)
async def test_answers_of_another_shape_are_errors_too(
    serve: Serve, session: aiohttp.ClientSession, status: int, body: str, expected: Reason
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    with pytest.raises(SendError) as caught:
        await _at(await serve(_answering(answer)), session).send(delivery(THERE))
    assert caught.value.reason is expected


async def test_nobody_there_is_the_provider_being_down(session: aiohttp.ClientSession) -> None:
    with pytest.raises(SendError) as caught:
        await _at("http://127.0.0.1:9", session).send(delivery(THERE))
    assert caught.value.reason is Reason.PROVIDER_DOWN


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (21408, Reason.UNREACHABLE), (21612, Reason.UNREACHABLE), (21659, Reason.BAD_CREDENTIALS),
        (21635, Reason.LANDLINE), (63038, Reason.REACH_LIMIT), (20429, Reason.TOO_FAST), (30001, Reason.QUEUE_FULL),
    ],
)  # fmt: skip
def test_a_code_says_more_than_the_http_status(code: int, expected: Reason) -> None:
    assert reason(code, 400) is expected
    assert reason(code, 500) is expected


def test_the_table_of_reasons_names_no_code_twice() -> None:
    named = [code for codes in CODES.values() for code in codes]
    assert len(named) == len(set(named)) == len(REASONS)
    assert {Reason.TOO_FAST, Reason.QUEUE_FULL, Reason.PROVIDER_DOWN} == {
        known for known in REASONS.values() if known.is_retryable
    }


# --- the round trip -------------------------------------------------------------------------------------------------


async def test_receipts_come_to_the_address_that_the_send_named(
    twilio: TwilioStandIn, session: aiohttp.ClientSession, ear: Ear
) -> None:
    account = TwilioAccount(
        account_sid=ACCOUNT, auth_token=TOKEN, session=session, api_url=twilio.public_url, public_url=ear.url,
        now=twilio.clock.now,
    )  # fmt: skip
    channel: Channeller = SmsChannel(account=account, sender=SMS)
    sid = await channel.send(delivery(THERE))
    requests = await ear.heard(2)
    receipts = [plain(receipt) for request in requests for receipt in channel.receive(request).receipts]
    assert receipts == [
        {"channel": "sms", "provider_id": sid, "status": "sent"},
        {"channel": "sms", "provider_id": sid, "status": "delivered"},
    ]
    assert requests[0].url == f"{ear.url}/channels/sms/status"


async def test_what_a_phone_sends_is_received(sms: SmsChannel, twilio: TwilioStandIn, ear: Ear) -> None:
    twilio.webhooks = {SMS: Webhook(url=f"{ear.url}/channels/sms")}
    await twilio.phone_sends("Help, água!", from_=PHONE, to=SMS, media=[("image/png", b"\x89PNG")])
    await twilio.phone_sends("stop", from_=PHONE, to=SMS)
    first, second = [sms.receive(request).messages[0] for request in ear.requests]
    assert (first.channel, first.address, first.text) == (Channel.SMS, THERE, "Help, água!")
    assert await sms.fetch(first.attachments[0]) == (b"\x89PNG", "image/png")
    assert second.kind.value == "blocked"


# --- media ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.org/photo.jpg",
        "https://api.twilio.com.evil.example.org/photo.jpg",
        "https://api.twilio.com@evil.example.org/photo.jpg",
        "http://api.twilio.com/photo.jpg",
        "https://s3-external-1.amazonaws.com/another-bucket/photo.jpg",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "http://[::1",
        "",
    ],
)
async def test_media_comes_from_twilios_hosts_only(sms: SmsChannel, url: str) -> None:
    with pytest.raises(InputError):
        await sms.fetch(Attachment(kind="photo", source=url))


async def test_a_redirect_is_followed_without_our_credentials(serve: Serve, session: aiohttp.ClientSession) -> None:
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        if request.path == "/first":
            raise web.HTTPTemporaryRedirect("/second")
        return web.Response(body=b"voice", content_type="audio/ogg")

    url = await serve(_answering(answer))
    fetched = await _at(url, session).fetch(Attachment(kind="voice", source=f"{url}/first"))
    assert fetched == (b"voice", "audio/ogg")
    assert seen[0] is not None
    assert seen[0].startswith("Basic ")
    assert seen[1] is None


@pytest.mark.parametrize(
    ("location", "status", "expected"),
    [
        ("http://127.0.0.1:1/away", 302, InputError),
        ("https://evil.example.org/", 307, InputError),
        ("/round", 302, InputError),
        ("", 302, InputError),
        ("", 404, InputError),
        ("", 410, InputError),
        ("", 403, Unavailable),
        ("", 500, Unavailable),
    ],
)
async def test_media_that_leads_away_or_is_gone(
    serve: Serve, session: aiohttp.ClientSession, location: str, status: int, expected: type[Exception]
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": location} if location else {})

    url = await serve(_answering(answer))
    with pytest.raises(expected):
        await _at(url, session).fetch(Attachment(kind="photo", source=f"{url}/round"))


@pytest.mark.parametrize("is_announced", [True, False])
async def test_media_that_is_too_large_is_not_read_to_its_end(
    serve: Serve, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, is_announced: bool
) -> None:
    monkeypatch.setattr("bot.channels.media.MAX_DOCUMENT_BYTES", 1000)

    async def answer(request: web.Request) -> web.StreamResponse:
        if is_announced:
            return web.Response(body=b"x" * 1001)
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x" * 1001)
        return response

    url = await serve(_answering(answer))
    with pytest.raises(InputError, match="too large"):
        await _at(url, session).fetch(Attachment(kind="photo", source=f"{url}/photo"))


async def test_a_media_host_that_is_away_can_be_asked_again(session: aiohttp.ClientSession) -> None:
    with pytest.raises(Unavailable):
        await _at("http://127.0.0.1:9", session).fetch(Attachment(kind="photo", source="http://127.0.0.1:9/photo"))


def _at(url: str, session: aiohttp.ClientSession) -> SmsChannel:
    account = TwilioAccount(account_sid=ACCOUNT, auth_token=TOKEN, session=session, api_url=url)
    return SmsChannel(account=account, sender=SMS)


def _answering(handler: object) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)  # type: ignore[arg-type]
    return app
