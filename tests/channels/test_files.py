"""Files to contacts, against the stand-ins: uploaded to Telegram, fetched by WhatsApp, as an address in an SMS."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from aiohttp import web

from bot.channels.sms import MAX_LINK, SmsChannel
from bot.channels.telegram import MAX_CAPTION, MAX_PHOTO, TelegramChannel
from bot.channels.twilio import MAX_BODY
from bot.channels.whatsapp import WhatsAppChannel
from bot.domain.contact import Address, Scheme
from bot.domain.delivery import Content, Template
from bot.domain.document import DocumentId
from bot.domain.errors import Reason, SendError
from bot.sandbox.faults import Fault
from bot.sandbox.telegram import TelegramStandIn
from bot.sandbox.twilio import TwilioStandIn
from tests.channels.conftest import WHATSAPP, Serve
from tests.channels.stand import delivery

JPEG, PDF = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + b"\0" * 64, b"%PDF-1.4\n%%EOF"
CHAT = 41
ON_TELEGRAM = Address(scheme=Scheme.TELEGRAM, path=str(CHAT))
BY_SMS = Address(scheme=Scheme.TEL, path="+5551555001234")
ON_WHATSAPP = Address(scheme=Scheme.WHATSAPP, path="+9779800000001")
PHOTO = Content(text="Look at this map", language="en", attachment=DocumentId("photo"))
PAPER = replace(PHOTO, attachment=DocumentId("paper"))


@dataclass
class Shelf:
    """Two files; `url` is where they can be fetched."""

    url: str = ""
    size: int = 0

    async def read(self, document: DocumentId) -> tuple[str, bytes]:
        if document == "gone":
            raise SendError(Reason.BAD_CONTENT, detail="gone")
        return ("application/pdf", PDF) if document == "paper" else ("image/jpeg", JPEG + b"\0" * self.size)

    def link(self, document: DocumentId) -> str:
        if not self.url:
            raise SendError(Reason.BAD_CONTENT, detail="no address")
        return f"{self.url}/media/{document}"


@pytest.fixture
async def shelf(serve: Serve) -> Shelf:
    shelf = Shelf()

    async def fetch(request: web.Request) -> web.Response:
        media_type, body = await shelf.read(DocumentId(request.match_info["name"]))
        return web.Response(body=body, content_type=media_type)

    app = web.Application()
    app.router.add_get("/media/{name}", fetch)
    shelf.url = await serve(app)
    return shelf


@pytest.fixture
def on_telegram(bot_channel: TelegramChannel, telegram: TelegramStandIn, shelf: Shelf) -> TelegramChannel:
    telegram.add_user(CHAT, first_name="Sita", language_code="ne")
    telegram.phone_starts(CHAT)
    bot_channel.files = shelf
    return bot_channel


async def test_a_photo_is_uploaded_to_telegram_with_its_words(
    on_telegram: TelegramChannel, telegram: TelegramStandIn
) -> None:
    sid = await on_telegram.send(delivery(ON_TELEGRAM, PHOTO))
    (sent,) = await telegram.heard(CHAT, 1)
    assert sent["caption"] == PHOTO.text
    assert sid == f"{CHAT}:{sent['message_id']}"
    assert telegram.files[sent["photo"][-1]["file_id"]].data == JPEG  # type: ignore[index]


async def test_a_paper_is_uploaded_as_a_document_without_its_own_name(
    on_telegram: TelegramChannel, telegram: TelegramStandIn
) -> None:
    await on_telegram.send(delivery(ON_TELEGRAM, PAPER))
    (sent,) = await telegram.heard(CHAT, 1)
    assert sent["document"]["file_name"] == "document.pdf"  # type: ignore[index]
    assert telegram.files[sent["document"]["file_id"]].data == PDF  # type: ignore[index]


async def test_a_photo_above_telegrams_limit_goes_as_a_document(
    on_telegram: TelegramChannel, telegram: TelegramStandIn, shelf: Shelf
) -> None:
    shelf.size = MAX_PHOTO
    await on_telegram.send(delivery(ON_TELEGRAM, PHOTO))
    (sent,) = await telegram.heard(CHAT, 1)
    assert "document" in sent


def test_words_that_are_no_caption_go_before_the_file(on_telegram: TelegramChannel) -> None:
    long = replace(PHOTO, text="Come. " * MAX_CAPTION)
    *texts, file = on_telegram.fit(long)
    assert [part.attachment for part in texts] == [None] * len(texts)
    assert (file.text, file.attachment) == ("", PHOTO.attachment)
    assert on_telegram.fit(PHOTO) == (PHOTO,)


async def test_telegrams_refusal_of_a_file_is_a_reason(on_telegram: TelegramChannel, telegram: TelegramStandIn) -> None:
    telegram.faults.order(Fault(status=429, retry_after=7))
    with pytest.raises(SendError) as caught:
        await on_telegram.send(delivery(ON_TELEGRAM, PHOTO))
    assert (caught.value.reason, caught.value.retry_after) == (Reason.TOO_FAST, 7)


async def test_whatsapp_fetches_the_file_and_shows_it_with_its_words(
    whatsapp: WhatsAppChannel, twilio: TwilioStandIn, shelf: Shelf
) -> None:
    await twilio.phone_sends("hi", from_=f"whatsapp:{ON_WHATSAPP.path}", to=WHATSAPP)
    await replace(whatsapp, files=shelf).send(delivery(ON_WHATSAPP, PHOTO))
    phone = f"whatsapp:{ON_WHATSAPP.path}"
    (sent,) = await twilio.changes.until(lambda: [one for one in twilio.sent_to(phone) if one.media] or None)
    assert sent.body == PHOTO.text
    assert [(media.content_type, media.data) for media in sent.media] == [("image/jpeg", JPEG)]


async def test_a_template_carries_no_file(whatsapp: WhatsAppChannel, shelf: Shelf) -> None:
    content = replace(PHOTO, template=Template(id="HX" + "1" * 32, variables=(PHOTO.text,)))
    with pytest.raises(SendError) as caught:
        await replace(whatsapp, files=shelf).send(delivery(ON_WHATSAPP, content))
    assert caught.value.reason is Reason.OUTSIDE_WINDOW


async def test_an_sms_ends_with_the_files_address(sms: SmsChannel, twilio: TwilioStandIn, shelf: Shelf) -> None:
    channel = replace(sms, files=shelf)
    await channel.send(delivery(BY_SMS, PHOTO))
    (sent,) = await twilio.heard(BY_SMS.path, 1)
    assert sent.body == f"{PHOTO.text}\n{shelf.url}/media/photo"
    assert not sent.media  # a picture message would not reach every phone


def test_an_sms_leaves_room_for_the_address_and_counts_it(sms: SmsChannel) -> None:
    long = replace(PHOTO, text="Leave the house now. " * 100)
    parts = sms.fit(long)
    assert [part.attachment for part in parts] == [None] * (len(parts) - 1) + [PHOTO.attachment]
    assert all(len(part.text) + MAX_LINK <= MAX_BODY for part in parts)
    assert sms.cost(PHOTO) > sms.cost(replace(PHOTO, attachment=None))


@pytest.mark.parametrize("has_files", [True, False])
async def test_without_an_address_the_sending_fails_at_once(
    sms: SmsChannel, whatsapp: WhatsAppChannel, on_telegram: TelegramChannel, *, has_files: bool
) -> None:
    files = Shelf() if has_files else None
    for channel, address in ((replace(sms, files=files), BY_SMS), (replace(whatsapp, files=files), ON_WHATSAPP)):
        with pytest.raises(SendError) as caught:
            await channel.send(delivery(address, PHOTO, life=timedelta(hours=1)))
        assert (caught.value.reason, caught.value.reason.is_retryable) == (Reason.BAD_CONTENT, False)
    on_telegram.files = files
    with pytest.raises(SendError) as caught:
        await on_telegram.send(delivery(ON_TELEGRAM, replace(PHOTO, attachment=DocumentId("gone"))))
    assert caught.value.reason is Reason.BAD_CONTENT
