"""WhatsApp by Twilio, both ways: forms by a table, sends against the stand-in."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.channels.twilio import TwilioAccount, numbered_variables
from bot.channels.whatsapp import WhatsAppChannel, _shared_out
from bot.domain.contact import Address, Scheme
from bot.domain.delivery import Content, Template
from bot.domain.errors import Reason, SendError
from bot.sandbox.twilio import Button, Place, TwilioLimits, TwilioStandIn, Webhook
from bot.sandbox.twilio import Content as Approved
from tests.channels.conftest import WHATSAPP, Ear
from tests.channels.stand import ACCOUNT, delivery, offering, plain, signed, table

SID = "SM00000000000000000000000000000001"
PHONE = "whatsapp:+9779800000001"
THERE = Address(scheme=Scheme.WHATSAPP, path="+9779800000001")
BASE = {
    "SmsMessageSid": SID, "NumMedia": "0", "ProfileName": "Sita", "SmsSid": SID, "WaId": "9779800000001",
    "SmsStatus": "received", "Body": "", "To": WHATSAPP, "NumSegments": "1", "MessageSid": SID,
    "AccountSid": ACCOUNT, "From": PHONE, "ApiVersion": "2010-04-01", "MessageType": "text",
}  # fmt: skip


@pytest.fixture
def reader(deaf_account: TwilioAccount) -> WhatsAppChannel:
    return WhatsAppChannel(account=deaf_account, sender=WHATSAPP)


@pytest.fixture
def approved(twilio: TwilioStandIn) -> str:
    """A template that WhatsApp has approved: one variable, the text."""
    sid = "HX" + "1" * 32
    twilio.contents[sid] = Approved(sid=sid, types={"twilio/text": {"body": "Muster: {{1}} Answer to go on."}})
    return sid


async def opens_window(twilio: TwilioStandIn, phone: str = PHONE) -> None:
    await twilio.phone_sends("hi", from_=phone, to=WHATSAPP)


@pytest.mark.parametrize("case", table("whatsapp", "inbound.yml"), ids=lambda case: case["case"])
def test_a_form_is_read(reader: WhatsAppChannel, case: dict[str, Any]) -> None:
    inbound = reader.receive(signed({**BASE, **case["form"]}, path="/channels/whatsapp"))
    expected = {
        "channel": "whatsapp", "address": "whatsapp:+9779800000001", "provider_id": SID, "name": "Sita",
        **case["message"],
    }  # fmt: skip
    if expected["name"] is None:
        del expected["name"]
    assert [plain(message) for message in inbound.messages] == [expected]


def test_a_status_callback_is_a_receipt(reader: WhatsAppChannel) -> None:
    form = {**BASE, "MessageStatus": "read", "EventType": "READ", "ChannelPrefix": "whatsapp"}
    inbound = reader.receive(signed(form, path="/channels/whatsapp/status"))
    assert [plain(receipt) for receipt in inbound.receipts] == [
        {"channel": "whatsapp", "provider_id": SID, "status": "read"}
    ]


async def test_a_text_within_the_window_arrives(whatsapp: WhatsAppChannel, twilio: TwilioStandIn) -> None:
    await opens_window(twilio)
    sid = await whatsapp.send(delivery(THERE, "Go to the school", life=timedelta(hours=1)))
    (sent,) = await twilio.heard(PHONE, 1)
    assert (sent.sid, sent.from_, sent.body, sent.validity_seconds) == (sid, WHATSAPP, "Go to the school", 3600)


async def test_the_sender_may_be_set_without_its_prefix(account: TwilioAccount, twilio: TwilioStandIn) -> None:
    await opens_window(twilio)
    await WhatsAppChannel(account=account, sender=WHATSAPP.removeprefix("whatsapp:")).send(delivery(THERE))
    assert (await twilio.heard(PHONE, 1))[0].from_ == WHATSAPP


async def test_a_person_who_hides_the_number_is_written_to(whatsapp: WhatsAppChannel, twilio: TwilioStandIn) -> None:
    await opens_window(twilio, "whatsapp:NP.1A2b3C4d")
    await whatsapp.send(delivery(Address(scheme=Scheme.WHATSAPP, path="NP.1A2b3C4d")))
    assert await twilio.heard("whatsapp:NP.1A2b3C4d", 1)


def test_options_are_numbered_lines_and_cost_one_message(whatsapp: WhatsAppChannel) -> None:
    (fitted,) = whatsapp.fit(offering("Are you safe?", "Safe", "I need help"))
    assert fitted.text == "Are you safe?\n1 Safe\n2 I need help"
    assert whatsapp.cost(Content(text="x" * 1600, language="en")) == 1


async def test_a_template_goes_out_with_its_variables_outside_the_window(
    whatsapp: WhatsAppChannel, twilio: TwilioStandIn, approved: str
) -> None:
    template = Template(id=approved, variables=("Flood!\n Leave\tnow.",))
    await whatsapp.send(delivery(THERE, "not sent", template=template))
    (sent,) = await twilio.heard(PHONE, 1)
    assert sent.body == "Muster: Flood! Leave now. Answer to go on."


@pytest.mark.parametrize(
    ("variables", "reason"),
    [(("x" * 256,), Reason.TOO_LONG), (tuple("x" * 101), Reason.TOO_LONG)],
    ids=["a variable over 255", "over 100 variables"],
)
async def test_a_doomed_template_is_not_sent(
    whatsapp: WhatsAppChannel, twilio: TwilioStandIn, approved: str, variables: tuple[str, ...], reason: Reason
) -> None:
    with pytest.raises(SendError) as caught:
        await whatsapp.send(delivery(THERE, template=Template(id=approved, variables=variables)))
    assert caught.value.reason is reason
    assert twilio.sent_to(PHONE) == []


async def test_no_variable_is_empty(whatsapp: WhatsAppChannel, twilio: TwilioStandIn, approved: str) -> None:
    await whatsapp.send(delivery(THERE, template=Template(id=approved, variables=(" \n",))))
    assert (await twilio.heard(PHONE, 1))[0].body == "Muster: - Answer to go on."


@pytest.mark.parametrize(
    ("template", "expected"),
    [(None, Reason.OUTSIDE_WINDOW), ("HX" + "9" * 32, Reason.BAD_CONTENT), ("unfilled", Reason.BAD_CONTENT)],
    ids=["free text outside the window", "a template that is not there", "a template without its variable"],
)
async def test_what_the_provider_refuses_has_its_reason(
    whatsapp: WhatsAppChannel, twilio: TwilioStandIn, approved: str, template: str | None, expected: Reason
) -> None:
    twilio.refuses_at_once = True
    chosen = Template(id=approved if template == "unfilled" else template) if template else None
    with pytest.raises(SendError) as caught:
        await whatsapp.send(delivery(THERE, template=chosen))
    assert caught.value.reason is expected
    assert not expected.is_retryable


async def test_somebody_without_whatsapp_is_an_invalid_address(
    whatsapp: WhatsAppChannel, twilio: TwilioStandIn, approved: str
) -> None:
    twilio.refuses_at_once = True
    twilio.without_whatsapp.add(PHONE)
    with pytest.raises(SendError) as caught:
        await whatsapp.send(delivery(THERE, template=Template(id=approved, variables=("Flood",))))
    assert caught.value.reason is Reason.INVALID_ADDRESS


async def test_too_fast_may_be_tried_again(whatsapp: WhatsAppChannel, twilio: TwilioStandIn) -> None:
    twilio.limits = TwilioLimits(whatsapp=1, whatsapp_burst=1)
    await opens_window(twilio)
    await whatsapp.send(delivery(THERE))
    with pytest.raises(SendError) as caught:
        await whatsapp.send(delivery(THERE))
    assert caught.value.reason is Reason.TOO_FAST


async def test_what_a_phone_sends_is_received(whatsapp: WhatsAppChannel, twilio: TwilioStandIn, ear: Ear) -> None:
    twilio.webhooks = {WHATSAPP: Webhook(url=f"{ear.url}/channels/whatsapp")}
    given: list[dict[str, Any]] = [
        {"text": "hi", "profile_name": "Sita"},
        {"button": Button(text="Safe", payload="pick:0")},
        {"button": Button(text="Wages", payload="pick:3", is_row=True)},
        {"place": Place(latitude=27.7, longitude=85.3, label="Home")},
    ]
    for each in given:
        await twilio.phone_sends(from_=PHONE, to=WHATSAPP, **each)
    received = [whatsapp.receive(request).messages[0] for request in ear.requests]
    assert [(each.text, each.choice) for each in received] == [
        ("hi", None), ("Safe", "pick:0"), ("Wages", "pick:3"), ("", None),
    ]  # fmt: skip
    assert received[0].name == "Sita"
    assert plain(received[3].position) == [27.7, 85.3]


def test_variables_are_numbered_from_one() -> None:
    assert json.loads(numbered_variables(["água", ""])) == {"1": "água", "2": "-"}


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("length", [10, 250, 251, 900])
def test_a_text_is_shared_out_among_a_templates_variables_and_loses_nothing(count: int, length: int) -> None:
    text = " ".join(["water"] * (length // 6 + 1))
    parts = _shared_out(text, count)
    assert " ".join(part for part in parts if part != "-") == text
    assert len(parts) == count or parts == (text,)
    assert all(len(part) <= 255 for part in parts) or parts == (text,)


def test_a_shared_out_text_is_cut_between_sentences() -> None:
    """The template's words stand between its variables: in the middle of a sentence they would confuse."""
    first, second = "DRILL. Go up to a higher floor now, and stay there.", "Stay off the road. Are you safe? 1 Yes 2 No"
    assert _shared_out(f"{first} {second}", 2) == (first, second)
