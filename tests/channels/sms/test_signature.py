"""Twilio's signature: believed whatever proxy, port and body there is; nothing else is."""

import json
from hashlib import sha256

import pytest

from bot.channels.sms import SmsChannel
from bot.channels.twilio import TwilioAccount
from bot.domain.errors import InputError, NotAuthentic
from bot.sandbox.twilio_webhooks import sign
from bot.services.ports import Request
from tests.channels.conftest import SMS
from tests.channels.stand import ACCOUNT, PUBLIC, TOKEN, signed

FORM = {"MessageSid": "SM1", "From": "+5551555001234", "Body": "help", "AccountSid": ACCOUNT}


@pytest.fixture
def channel(deaf_account: TwilioAccount) -> SmsChannel:
    return SmsChannel(account=deaf_account, sender=SMS)


def test_twilios_own_documented_example_is_believed() -> None:
    """The request, token and signature of Twilio's page on webhook security."""
    form = {
        "Digits": "1234", "To": "+18005551212", "From": "+14158675310", "Caller": "+14158675310",
        "CallSid": "CA1234567890ABCDE",
    }  # fmt: skip
    example = sign(token="12345", url="https://example.com/myapp.php?foo=1&bar=2", form=list(form.items()))
    assert example == "L/OH5YylLD5NRKLltdqwSvS0BnU="


@pytest.mark.parametrize(
    "url",
    [f"{PUBLIC}/channels/sms", f"{PUBLIC}:443/channels/sms"],
    ids=["signed without the port", "signed with the port"],
)
def test_a_signature_holds_with_and_without_the_port(channel: SmsChannel, url: str) -> None:
    assert channel.receive(signed(FORM, signed_url=url)).messages


def test_our_own_url_may_name_a_port_that_twilio_left_out(channel: SmsChannel) -> None:
    request = signed(FORM, signed_url=f"{PUBLIC}/channels/sms")
    behind = Request(url=f"{PUBLIC}:443/channels/sms", headers=request.headers, body=request.body)
    assert channel.receive(behind).messages


def test_the_query_is_signed_too(channel: SmsChannel) -> None:
    assert channel.receive(signed(FORM, path="/channels/sms?site=7&x=%20y")).messages
    with pytest.raises(NotAuthentic):
        channel.receive(signed(FORM, path="/channels/sms?site=8", signed_url=f"{PUBLIC}/channels/sms?site=7"))


def test_repeated_and_empty_fields_are_signed_as_twilio_does(channel: SmsChannel) -> None:
    pairs = [*FORM.items(), ("MediaTag", "b"), ("MediaTag", "a"), ("MediaTag", "a"), ("FromCity", "")]
    assert channel.receive(signed(pairs)).messages


@pytest.mark.parametrize(
    "request_",
    [
        signed(FORM, token="another"),
        signed(FORM, signed_url="https://elsewhere.example.org/channels/sms"),
        signed(FORM, signed_url=f"{PUBLIC}:8443/channels/sms"),
        signed(FORM, signed_url=f"{PUBLIC}/channels/whatsapp"),
        signed({**FORM, "AccountSid": "AC" + "9" * 32}),
        Request(url=f"{PUBLIC}/channels/sms", headers={}, body=b"Body=help"),
        Request(url=f"{PUBLIC}/channels/sms", headers={"x-twilio-signature": ""}, body=b"Body=help"),
        Request(url=f"{PUBLIC}/channels/sms", headers={"x-twilio-signature": "ü\udcff"}, body=b"Body=help"),
        Request(url=f"{PUBLIC}:99999/channels/sms", headers={"x-twilio-signature": "x"}, body=b"Body=help"),
    ],
    ids=[
        "another token", "another host", "another port", "another path", "another account", "no signature",
        "empty signature", "no Latin signature", "port out of range",
    ],
)  # fmt: skip
def test_a_request_that_twilio_did_not_sign_is_refused(channel: SmsChannel, request_: Request) -> None:
    with pytest.raises(NotAuthentic):
        channel.receive(request_)


def test_a_changed_field_breaks_the_signature(channel: SmsChannel) -> None:
    request = signed(FORM)
    with pytest.raises(NotAuthentic):
        channel.receive(Request(url=request.url, headers=request.headers, body=request.body.replace(b"help", b"hell")))


# --- JSON bodies ----------------------------------------------------------------------------------------------------


def signed_json(body: bytes, *, digest: str | None = None) -> Request:
    url = f"{PUBLIC}/channels/sms?bodySHA256={digest if digest is not None else sha256(body).hexdigest()}"
    headers = {"content-type": "application/json", "x-twilio-signature": sign(token=TOKEN, url=url, form=[])}
    return Request(url=url, headers=headers, body=body)


def test_a_json_body_is_believed_by_its_hash(channel: SmsChannel) -> None:
    (message,) = channel.receive(
        signed_json(json.dumps({**FORM, "NumMedia": 0, "Extra": {"a": [1]}}).encode())
    ).messages
    assert (message.text, message.address.path) == ("help", "+5551555001234")


@pytest.mark.parametrize("digest", ["", "0" * 64, "ü"])
def test_a_json_body_with_another_hash_is_refused(channel: SmsChannel, digest: str) -> None:
    with pytest.raises(NotAuthentic):
        channel.receive(signed_json(json.dumps(FORM).encode(), digest=digest))


def test_a_json_body_without_a_hash_is_refused_although_its_url_is_signed(channel: SmsChannel) -> None:
    url = f"{PUBLIC}/channels/sms"
    headers = {"content-type": "application/json", "x-twilio-signature": sign(token=TOKEN, url=url, form=[])}
    with pytest.raises(NotAuthentic):
        channel.receive(Request(url=url, headers=headers, body=json.dumps(FORM).encode()))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'"x"', b"[" * 5000, b'{"From": NaN}', b"\xff"])
def test_a_signed_body_that_is_no_json_object_is_an_input_error(channel: SmsChannel, body: bytes) -> None:
    with pytest.raises(InputError) as caught:
        channel.receive(signed_json(body))
    assert not isinstance(caught.value, NotAuthentic)
