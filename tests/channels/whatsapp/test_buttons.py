"""WhatsApp's buttons and lists through Twilio's Content API, and lines where they cannot be."""

from dataclasses import replace

import pytest

from bot.channels.segments import trimmed
from bot.channels.twilio import TwilioAccount
from bot.channels.twilio_buttons import MAX_REMEMBERED, Buttons, drawn
from bot.channels.whatsapp import WhatsAppChannel
from bot.domain.contact import Address, Scheme
from bot.domain.delivery import Content, Template
from bot.sandbox.faults import Fault
from bot.sandbox.twilio import Content as Approved
from bot.sandbox.twilio import TwilioStandIn
from tests.channels.conftest import WHATSAPP
from tests.channels.stand import delivery, offering

PHONE = "whatsapp:+9779800000001"
THERE = Address(scheme=Scheme.WHATSAPP, path="+9779800000001")


@pytest.fixture
def channel(account: TwilioAccount) -> WhatsAppChannel:
    return WhatsAppChannel(account=account, sender=WHATSAPP, buttons=Buttons(account=account))


@pytest.fixture(autouse=True)
async def _window(twilio: TwilioStandIn) -> None:
    await twilio.phone_sends("hi", from_=PHONE, to=WHATSAPP)


async def test_three_short_options_are_buttons_whose_payload_comes_back(
    channel: WhatsAppChannel, twilio: TwilioStandIn
) -> None:
    (content,) = channel.fit(offering("Are you safe?", "Safe", "I need help", "Later"))
    await channel.send(delivery(THERE, content))
    (sent,) = await twilio.heard(PHONE, 1)
    assert sent.body == "Are you safe?"
    assert [(button.text, button.payload, button.is_row) for button in sent.buttons] == [
        ("Safe", "pick:0", False), ("I need help", "pick:1", False), ("Later", "pick:2", False),
    ]  # fmt: skip


async def test_more_or_longer_options_are_a_list(channel: WhatsAppChannel, twilio: TwilioStandIn) -> None:
    labels = ("Food", "Water", "My passport was taken from me", "Wages")
    await channel.send(delivery(THERE, offering("What do you need?", *labels)))
    (sent,) = await twilio.heard(PHONE, 1)
    assert [(row.text, row.is_row) for row in sent.buttons] == [
        ("Food", True), ("Water", True), ("My passport was taken f…", True), ("Wages", True),
    ]  # fmt: skip
    (content,) = twilio.contents.values()
    assert content.types["twilio/list-picker"]["items"][2]["description"] == labels[2]  # type: ignore[index]


async def test_a_set_of_options_is_stored_once(channel: WhatsAppChannel, twilio: TwilioStandIn) -> None:
    for text in ("Are you safe?", "And now?"):
        await channel.send(delivery(THERE, offering(text, "Yes", "No")))
    await channel.send(delivery(THERE, offering("Hungry?", "Yes", "A bit")))
    assert [message.body for message in await twilio.heard(PHONE, 3)] == ["Are you safe?", "And now?", "Hungry?"]
    assert len(twilio.contents) == 2


async def test_no_more_sets_are_remembered_than_memory_should_hold(account: TwilioAccount) -> None:
    buttons = Buttons(account=account)
    buttons.known.update({offering("", str(number)).options: "HX" for number in range(MAX_REMEMBERED)})
    first = next(iter(buttons.known))
    await buttons.fields(offering("New?", "Yes"))
    assert len(buttons.known) == MAX_REMEMBERED
    assert first not in buttons.known


@pytest.mark.parametrize("status", [400, 404, 429, 500])
async def test_where_twilio_takes_no_buttons_the_options_are_lines(
    channel: WhatsAppChannel, twilio: TwilioStandIn, status: int
) -> None:
    twilio.faults.order(Fault(path="/v1/Content", status=status, code=20001))
    await channel.send(delivery(THERE, offering("Safe?", "Yes", "No")))
    (sent,) = await twilio.heard(PHONE, 1)
    assert (sent.body, sent.buttons) == ("Safe?\n1 Yes\n2 No", ())


async def test_when_the_window_has_closed_meanwhile_the_template_has_the_options_in_its_text(
    channel: WhatsAppChannel, twilio: TwilioStandIn
) -> None:
    sid = "HX" + "1" * 32
    twilio.contents[sid] = Approved(sid=sid, types={"twilio/text": {"body": "Muster: {{1}}"}})
    (content,) = channel.fit(offering("Safe?", "Yes", "No"))
    late = replace(content, template=Template(id=sid, variables=(content.text,)))
    await channel.send(delivery(THERE, late))
    (numbered,) = channel.fit(offering("Safe?\nAnswer now.", "Yes"))
    await channel.send(delivery(THERE, replace(numbered, template=Template(id=sid, variables=(numbered.text,)))))
    assert [message.body for message in await twilio.heard(PHONE, 2)] == [
        "Muster: Safe? 1 Yes 2 No",
        "Muster: Safe? Answer now. 1 Yes",
    ]


@pytest.mark.parametrize(
    "content",
    [
        offering("x" * 256, "Yes"),
        offering("one\ntwo", "Yes"),
        offering("Which?", *(str(number) for number in range(11))),
        offering("Which?", "x" * 73),
    ],
    ids=["a long text", "two lines", "eleven options", "an endless label"],
)
def test_what_cannot_be_tapped_is_numbered(channel: WhatsAppChannel, content: Content) -> None:
    (fitted,) = channel.fit(content)
    assert fitted.text.startswith(f"{content.text}\n1 ")
    assert drawn(fitted) is None  # so that it is sent as it is


def test_without_options_or_with_a_template_there_is_nothing_to_tap() -> None:
    assert drawn(offering("Go.")) is None
    content = delivery(THERE, "Go.", template=Template(id="HX1")).content
    assert drawn(content) is None


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Wages", 5, "Wages"),
        ("My passport", 6, "My pa…"),
        ("My passport", 4, "My…"),
        ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 13, "👨‍👩‍👧‍👦…"),
        ("น้ำท่วม", 5, "น้ำ…"),
    ],
)
def test_a_label_is_trimmed_between_graphemes(text: str, limit: int, expected: str) -> None:
    assert trimmed(text, limit) == expected
