"""SMS in: Twilio's forms to messages and receipts, by tables."""

from typing import Any

import pytest

from bot.channels.sms import SmsChannel
from bot.channels.twilio import TwilioAccount
from tests.channels.conftest import SMS
from tests.channels.stand import ACCOUNT, plain, signed, table

SID = "SM00000000000000000000000000000001"
BASE = {
    "ToCountry": "US", "SmsMessageSid": SID, "NumMedia": "0", "SmsSid": SID, "SmsStatus": "received", "To": SMS,
    "NumSegments": "1", "MessageSid": SID, "AccountSid": ACCOUNT, "From": "+5551555001234", "ApiVersion": "2010-04-01",
}  # fmt: skip
CALLBACK = {
    "SmsSid": SID,
    "SmsStatus": "",
    "MessageSid": SID,
    "To": "+5551555001234",
    "AccountSid": ACCOUNT,
    "From": SMS,
}


@pytest.fixture
def channel(deaf_account: TwilioAccount) -> SmsChannel:
    return SmsChannel(account=deaf_account, sender=SMS)


@pytest.mark.parametrize("case", table("sms", "inbound.yml"), ids=lambda case: case["case"])
def test_a_form_is_read(channel: SmsChannel, case: dict[str, Any]) -> None:
    inbound = channel.receive(signed({**BASE, **case["form"]}))
    expected = [{"provider_id": SID, **message} for message in case["messages"]]
    assert [plain(message) for message in inbound.messages] == expected
    assert inbound.receipts == ()


@pytest.mark.parametrize("case", table("sms", "receipts.yml"), ids=lambda case: case["case"])
def test_a_status_callback_is_a_receipt(channel: SmsChannel, case: dict[str, Any]) -> None:
    inbound = channel.receive(signed({**CALLBACK, **case["form"]}, path="/channels/sms/status"))
    known = case.get("receipt")
    assert [plain(receipt) for receipt in inbound.receipts] == (
        [{"channel": "sms", "provider_id": SID, **known}] if known else []
    )
    assert inbound.messages == ()
