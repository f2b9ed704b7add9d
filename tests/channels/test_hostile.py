"""Payloads made to break a reader: each is refused as not authentic or unreadable, or brings nothing that could harm.

They come signed and with the secret, as from a provider that has gone mad, and again as from a stranger.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.channels.sms import SmsChannel
from bot.channels.telegram import TelegramChannel
from bot.channels.twilio import TwilioAccount
from bot.channels.whatsapp import WhatsAppChannel
from bot.domain.errors import InputError, NotAuthentic
from bot.domain.message import Received
from bot.sandbox.twilio_webhooks import sign
from bot.services.ports import Channeller, Inbound, Request
from tests.channels.conftest import SECRET, SMS, WHATSAPP
from tests.channels.stand import ACCOUNT, PUBLIC, TOKEN, signed

Form = list[tuple[str, str]]

HUGE = 10**30
WORDS = "sthg private"
SID = "SM" + "1" * 32


def form(**changes: str | None) -> Form:
    fields = {
        "MessageSid": SID,
        "AccountSid": ACCOUNT,
        "From": "+5551555001234",
        "To": SMS,
        "Body": WORDS,
        "NumMedia": "0",
    }
    return [(name, value) for name, value in {**fields, **changes}.items() if value is not None]


FORMS: dict[str, Form] = {
    "no From": form(From=None),
    "empty From": form(From=""),
    "From in another script": form(From="+٥٥٥١٥٥٥٠٠١٢٣٤"),
    "From with a line break": form(From="+5551555001234\n"),
    "From with a NUL": form(From="+5551555\x00001234x"),
    "From too long": form(From="+" + "5" * 16),
    "From without digits": form(From="+"),
    "From an address of mail": form(From="a@b.example.org"),
    "From an injection": form(From="'; DROP TABLE contacts; --"),
    "From twice, the second bad": [*form(), ("From", "../../etc/passwd")],
    "no MessageSid": form(MessageSid=None),
    "empty MessageSid": form(MessageSid=""),
    "MessageSid with a NUL between": form(MessageSid="S M\x00"),
    "MessageSid endless": form(MessageSid="S" * 65),
    "MessageSid in another script": form(MessageSid="ကခဂ"),
    "NumMedia abc": form(NumMedia="abc"),
    "NumMedia negative": form(NumMedia="-1"),
    "NumMedia a fraction": form(NumMedia="1.5"),
    "NumMedia huge": form(NumMedia="9" * 400),
    "NumMedia above the limit": form(NumMedia="11"),
    "NumMedia in another script": form(NumMedia="٣"),
    "NumMedia superscript": form(NumMedia="²"),
    "Latitude NaN": form(Latitude="NaN", Longitude="1"),
    "Latitude infinite": form(Latitude="inf", Longitude="1"),
    "Latitude 999": form(Latitude="999", Longitude="1"),
    "Longitude -181": form(Latitude="1", Longitude="-181"),
    "Latitude words": form(Latitude="north", Longitude="east"),
    "Latitude huge": form(Latitude="1e999", Longitude="1"),
    "Latitude hexadecimal": form(Latitude="0x10", Longitude="1"),
    "nothing at all": [],
    "only blanks": [("", "")],
}
STATUS_FORMS: dict[str, Form] = {
    "no MessageSid": [("MessageStatus", "sent")],
    "no MessageStatus": [("MessageSid", SID)],
    "empty MessageStatus": [("MessageSid", SID), ("MessageStatus", "")],
    "an inbound message's form": form(MessageSid=None),
    "nothing at all": [],
}
BODIES: dict[str, bytes] = {
    "no UTF-8": b"Body=\xff\xfe",
    "no UTF-8 behind percent signs": b"Body=%ff%fe",
    "over 200 fields": b"&".join(b"a%d=1" % number for number in range(201)),
    "half a JSON object": b'{"Body": ',
    "binary": bytes(range(256)),
}


def nested(depth: int, of: str = "reply_to_message") -> Any:
    message: Any = update()["message"]
    for _ in range(depth):
        message = {**message, of: message}
    return message


def update(**parts: Any) -> dict[str, Any]:
    message = {
        "message_id": 9, "date": 1767225600, "chat": {"id": 41, "type": "private"},
        "from": {"id": 41, "is_bot": False, "first_name": "S"}, "text": WORDS,
    }  # fmt: skip
    return {"update_id": 7, "message": {**message, **parts}}


PERSON = {"id": 41, "is_bot": False, "first_name": "S"}
UPDATES: dict[str, Any] = {
    "null": None,
    "a number": 7,
    "a text": "update",
    "a list": [update()],
    "an empty object": {},
    "update_id missing": {"message": update()["message"]},
    "update_id null": {**update(), "update_id": None},
    "update_id a text": {**update(), "update_id": "7"},
    "update_id a fraction": {**update(), "update_id": 7.5},
    "update_id true": {**update(), "update_id": True},
    "update_id negative": {**update(), "update_id": -1},
    "update_id huge": {**update(), "update_id": HUGE},
    "update_id above 63 bits": {**update(), "update_id": 2**63},
    "message null": {"update_id": 7, "message": None},
    "message a list": {"update_id": 7, "message": []},
    "message a text": {"update_id": 7, "message": "hi"},
    "message empty": {"update_id": 7, "message": {}},
    "message only words": {"update_id": 7, "message": {"text": "hi"}},
    "message_id a text": update(message_id="x"),
    "date a text": update(date="yesterday"),
    "date huge": update(date=HUGE),
    "date beyond all years": update(date=10**15),
    "date negative": update(date=-(10**15)),
    "chat null": update(chat=None),
    "chat a number": update(chat=41),
    "chat without id": update(chat={"type": "private"}),
    "chat without type": update(chat={"id": 41}),
    "chat id a text": update(chat={"id": "41", "type": "private"}),
    "chat id huge": update(chat={"id": HUGE, "type": "private"}),
    "chat id an object": update(chat={"id": {}, "type": "private"}),
    "chat id negative though private": update(chat={"id": -41, "type": "private"}),
    "chat type unheard of": update(chat={"id": 41, "type": "telepathic"}),
    "from a list": update(**{"from": []}),
    "from a number": update(**{"from": 41}),
    "from without a name": update(**{"from": {"id": 41, "is_bot": False}}),
    "first_name an object": update(**{"from": {**PERSON, "first_name": {"a": 1}}}),
    "language_code a list": update(**{"from": {**PERSON, "language_code": ["ne"]}}),
    "text a number": update(text=5),
    "text an object": update(text={"a": 1}),
    "text a list": update(text=["a"]),
    "caption a number": update(text=None, caption=5),
    "location a text": update(location="here"),
    "location empty": update(location={}),
    "latitude 999": update(location={"latitude": 999, "longitude": 1}),
    "latitude a text": update(location={"latitude": "north", "longitude": 1}),
    "latitude null": update(location={"latitude": None, "longitude": 1}),
    "latitude huge": update(location={"latitude": HUGE, "longitude": 1}),
    "venue without a place": update(venue={"title": "x", "address": "y"}),
    "photo a text": update(photo="x"),
    "photo of numbers": update(photo=[1, 2]),
    "photo of texts as sizes": update(photo=[{"file_id": "a", "file_unique_id": "b", "width": "x", "height": "y"}]),
    "photo size in letters": update(
        photo=[{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1, "file_size": "big"}]
    ),
    "voice without a file": update(voice={"duration": 1}),
    "voice file_id an object": update(voice={"file_id": {}, "file_unique_id": "b", "duration": 1}),
    "document size negative": update(document={"file_id": "a", "file_unique_id": "b", "file_size": -1}),
    "document size huge": update(document={"file_id": "a", "file_unique_id": "b", "file_size": HUGE}),
    "contact empty": update(contact={}),
    "contact phone a number": update(contact={"phone_number": 977, "first_name": "R"}),
    "callback a text": {"update_id": 7, "callback_query": "x"},
    "callback empty": {"update_id": 7, "callback_query": {}},
    "callback data an object": {
        "update_id": 7,
        "callback_query": {
            "id": "1", "from": PERSON, "chat_instance": "7", "data": {"a": 1}, "message": update()["message"],
        },
    },
    "callback id a number": {
        "update_id": 7,
        "callback_query": {"id": 1, "from": PERSON, "chat_instance": "7", "data": "x", "message": update()["message"]},
    },
    "callback without a message": {
        "update_id": 7, "callback_query": {"id": "1", "from": PERSON, "chat_instance": "7", "data": "x"},
    },
    "callback from nobody": {
        "update_id": 7,
        "callback_query": {"id": "1", "chat_instance": "7", "data": "x", "message": update()["message"]},
    },
    "callback message a list": {
        "update_id": 7, "callback_query": {"id": "1", "from": PERSON, "chat_instance": "7", "data": "x", "message": []},
    },
    "membership a number": {"update_id": 7, "my_chat_member": 5},
    "membership empty": {"update_id": 7, "my_chat_member": {}},
    "membership without a status": {
        "update_id": 7,
        "my_chat_member": {"chat": {"id": 41, "type": "private"}, "from": PERSON, "date": 1, "new_chat_member": {}},
    },
    "an unknown kind": {"update_id": 7, "telepathy": {"thought": "hi"}},
    "only an update_id": {"update_id": 7},
    "a business message": {"update_id": 7, "business_message": update()["message"]},
    "replies within replies": {"update_id": 7, "message": nested(10)},
    "edited, empty": {"update_id": 7, "edited_message": {}},
    "edited, a list": {"update_id": 7, "edited_message": [1]},
}  # fmt: skip
TELEGRAM_BODIES: dict[str, bytes] = {
    "empty": b"",
    "truncated": json.dumps(update()).encode()[:-9],
    "no JSON": b"update_id=7",
    "no UTF-8": b'{"update_id": 7, "message": {"text": "\xff"}}',
    "half a surrogate pair": b'{"update_id": 7, "message": {"text": "\\ud83d"}}',
    "NaN": b'{"update_id": NaN}',
    "infinite": b'{"update_id": 1e999}',
    "a thousand lists": b"[" * 1000 + b"]" * 1000,
    "a hundred thousand lists": b"[" * 100_000,
    "a thousand replies": b'{"update_id":7,"message":' + b'{"reply_to_message":' * 1000 + b"{}" + b"}" * 1001,
    "two updates": json.dumps(update()).encode() * 2,
    "a NUL": b"\0",
    "a number of a million digits": b'{"update_id": ' + b"9" * 1_000_000 + b"}",
    "binary": bytes(range(256)),
}

CASES: dict[str, tuple[str, Request]] = {}
for _name, _form in FORMS.items():
    CASES[f"sms: {_name}"] = ("sms", signed(_form))
    as_whatsapp = [(key, f"whatsapp:{value}" if key == "From" else value) for key, value in _form]
    CASES[f"whatsapp: {_name}"] = ("whatsapp", signed(as_whatsapp, path="/channels/whatsapp"))
for _name, _form in STATUS_FORMS.items():
    CASES[f"sms status: {_name}"] = ("sms", signed(_form, path="/channels/sms/status"))
for _name, _body in BODIES.items():
    _headers = {"x-twilio-signature": sign(token=TOKEN, url=f"{PUBLIC}/channels/sms", form=[])}
    CASES[f"sms: {_name}"] = ("sms", Request(url=f"{PUBLIC}/channels/sms", headers=_headers, body=_body))
CASES["sms: a WhatsApp address"] = ("sms", signed(form(From="whatsapp:+5551555001234")))
CASES["whatsapp: a phone number without its prefix"] = ("whatsapp", signed(form(), path="/channels/whatsapp"))
_TELEGRAM_HEADERS = {"x-telegram-bot-api-secret-token": SECRET}
for _name, _update in UPDATES.items():
    _bytes = json.dumps(_update).encode()
    CASES[f"telegram: {_name}"] = ("telegram", Request(url="", headers=_TELEGRAM_HEADERS, body=_bytes))
for _name, _bytes in TELEGRAM_BODIES.items():
    CASES[f"telegram: {_name}"] = ("telegram", Request(url="", headers=_TELEGRAM_HEADERS, body=_bytes))

# What may pass although it is odd: what is wrong in it is not read, and the rest a person could have sent.
HARMLESS = {
    "telegram: message_id a text",
    "telegram: venue without a place",
    "telegram: voice file_id an object",
    "telegram: contact phone a number",
    "telegram: replies within replies",
}

Choose = Callable[[str], Channeller]


@pytest.fixture
def choose(deaf_account: TwilioAccount, reader: TelegramChannel) -> Choose:
    channels: dict[str, Channeller] = {
        "sms": SmsChannel(account=deaf_account, sender=SMS),
        "whatsapp": WhatsAppChannel(account=deaf_account, sender=WHATSAPP),
        "telegram": reader,
    }
    return channels.__getitem__


def test_there_are_more_than_a_hundred() -> None:
    assert len(CASES) > 150


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_payload_is_refused_or_ignored(choose: Choose, name: str) -> None:
    channel, request = CASES[name]
    outcome = outcome_of(choose(channel), request)
    if name in HARMLESS:
        assert isinstance(outcome, Inbound)
        assert [is_storable(message) for message in outcome.messages] == [True]
    elif isinstance(outcome, InputError):
        assert WORDS not in str(outcome)  # an error's text goes into logs and answers
    else:
        assert outcome == Inbound()


@pytest.mark.parametrize("name", CASES)
def test_from_a_stranger_nothing_is_even_read(choose: Choose, name: str) -> None:
    channel, request = CASES[name]
    headers = {"x-twilio-signature": "x" * 28, "x-telegram-bot-api-secret-token": "x"}
    with pytest.raises(InputError) as caught:
        choose(channel).receive(Request(url=request.url, headers=headers, body=request.body))
    if name.removeprefix("sms: ") not in BODIES:  # of what is no form there is no signature to compare
        assert isinstance(caught.value, NotAuthentic)


def outcome_of(channel: Channeller, request: Request) -> Inbound | InputError:
    """What becomes of the request; any other exception is the test's failure."""
    try:
        return channel.receive(request)
    except InputError as error:
        return error


def is_storable(received: Received) -> bool:
    sources = all(isinstance(attachment.source, str) for attachment in received.attachments)
    return received.text == WORDS and sources and received.address.path == "41"
