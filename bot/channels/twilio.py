"""Owns what SMS and WhatsApp share at Twilio: signatures, webhook forms, receipts, sending, its errors, its media."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from bot.domain.contact import Channel
from bot.domain.delivery import Delivery, DeliveryStatus
from bot.domain.document import MAX_DOCUMENT_BYTES
from bot.domain.errors import InputError, NotAuthentic, Reason, SendError, Unavailable
from bot.domain.message import Attachment, Receipt
from bot.domain.values import Position
from bot.services.ports import Request

MAX_BODY = 1600  # characters that Twilio takes in one message
MAX_LIFE = 36_000  # seconds: the longest ValidityPeriod
MAX_FIELDS = 200
TIMEOUT = aiohttp.ClientTimeout(total=20)
MEDIA_HOSTS = ("api.twilio.com", "media.twiliocdn.com")  # and its storage, by the redirect below
MEDIA_REDIRECTS = (".twilio.com", ".twiliocdn.com", ".amazonaws.com")

# https://www.twilio.com/docs/api/errors: what each code means to us.
REASONS: Mapping[int, Reason] = {
    20003: Reason.BAD_CREDENTIALS,
    20404: Reason.BAD_CREDENTIALS,
    20429: Reason.TOO_FAST,
    21211: Reason.INVALID_ADDRESS,
    21408: Reason.UNREACHABLE,
    21602: Reason.BAD_CONTENT,
    21606: Reason.BAD_CREDENTIALS,
    21610: Reason.OPTED_OUT,
    21611: Reason.QUEUE_FULL,
    21612: Reason.UNREACHABLE,
    21614: Reason.INVALID_ADDRESS,
    21617: Reason.TOO_LONG,
    21635: Reason.LANDLINE,
    30001: Reason.QUEUE_FULL,
    30002: Reason.BAD_CREDENTIALS,
    30003: Reason.UNREACHABLE,
    30004: Reason.FILTERED,
    30005: Reason.INVALID_ADDRESS,
    30006: Reason.LANDLINE,
    30007: Reason.FILTERED,
    30008: Reason.UNKNOWN,
    30022: Reason.TOO_FAST,
    30036: Reason.EXPIRED,
    63003: Reason.INVALID_ADDRESS,
    63007: Reason.BAD_CREDENTIALS,
    63013: Reason.FILTERED,
    63016: Reason.OUTSIDE_WINDOW,
    63018: Reason.TOO_FAST,
    63021: Reason.TOO_LONG,
    63024: Reason.INVALID_ADDRESS,
    63032: Reason.FILTERED,
    63049: Reason.REACH_LIMIT,
}
STATUSES: Mapping[str, DeliveryStatus] = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "partially_delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "undelivered": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
}
Form = Mapping[str, str]


class _Rewriting(AsyncHttpClient):  # type: ignore[misc]  # twilio is untyped
    """Twilio's own client over our HTTP session, its requests turned to the API address of the settings."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str) -> None:
        self._session = session
        self._api_url = api_url

    async def request(  # noqa: PLR0917 (the signature of twilio's own client)
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        allow_redirects: bool = False,
    ) -> Response:
        parts = urlsplit(url)
        target = f"{self._api_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        async with self._session.request(
            method.upper(),
            target,
            params={name: str(value) for name, value in (params or {}).items()},
            data=data,
            headers={**(headers or {}), **({"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {})},
            timeout=TIMEOUT,
            allow_redirects=allow_redirects,
        ) as answer:
            return Response(answer.status, await answer.text(), answer.headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """One Twilio account: checks what it sends, sends through it, fetches its media."""

    account_sid: str
    auth_token: str = field(repr=False)
    session: aiohttp.ClientSession = field(repr=False)
    api_url: str = "https://api.twilio.com"
    public_url: str = ""

    # --- webhooks -------------------------------------------------------------------------------------------------

    def form(self, request: Request) -> Form:
        """The request's fields, once its signature is believed; raises NotAuthentic or InputError.

        RequestValidator tries the URL with and without its port and compares in constant time.
        """
        signature = request.headers.get("x-twilio-signature", "")
        if not signature:
            raise NotAuthentic("X-Twilio-Signature is missing")
        fields = _fields(request)
        validator = RequestValidator(self.auth_token)
        if not validator.validate(request.url, _repeated(fields), signature):
            raise NotAuthentic("X-Twilio-Signature does not fit: check MUSTER_PUBLIC_URL and the auth token")
        form = dict(fields)
        sid = form.get("AccountSid", "")
        if sid and not hmac.compare_digest(sid.encode(), self.account_sid.encode()):
            raise NotAuthentic("this message is for another account")
        return form

    # --- sending --------------------------------------------------------------------------------------------------

    async def send(self, delivery: Delivery, *, sender: str, to: str, text: str, now: datetime | None = None) -> str:
        """Hand a message to Twilio and return its SID; raises SendError."""
        fields: dict[str, Any] = {"from_": sender, "to": to}
        if delivery.content.template is not None:
            fields["content_sid"] = delivery.content.template.id
            fields["content_variables"] = _variables(delivery.content.template.variables)
        else:
            fields["body"] = text
        if delivery.expires_at is not None:
            left = (delivery.expires_at - (now or datetime.now(UTC))).total_seconds()
            fields["validity_period"] = max(1, min(MAX_LIFE, int(left)))
        if self.public_url:
            fields["status_callback"] = f"{self.public_url}/channels/{delivery.channel}/status"
        client = Client(self.account_sid, self.auth_token, http_client=_Rewriting(self.session, self.api_url))
        try:
            message = await client.messages.create_async(**fields)
        except TwilioRestException as error:
            raise SendError(_reason(error.code, error.status), retry_after=_retry_after(error)) from None
        except (TwilioException, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise SendError(Reason.PROVIDER_DOWN, detail=type(error).__name__) from None
        if not message.sid:
            raise SendError(Reason.PROVIDER_DOWN, detail="no SID in the answer")
        return str(message.sid)

    # --- media ----------------------------------------------------------------------------------------------------

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        """A media file's bytes and type, from Twilio's own hosts only; raises InputError or Unavailable."""
        if not self._is_ours(attachment.source):
            raise InputError("media is fetched from Twilio's own hosts only")
        headers = {"Authorization": aiohttp.encode_basic_auth(self.account_sid, self.auth_token)}
        try:
            async with self.session.get(
                attachment.source, headers=headers, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                if answer.status in (301, 302, 303, 307, 308):
                    return await self._follow(answer.headers.get("Location", ""))
                return await _body(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"Twilio's media did not answer: {type(error).__name__}") from error

    async def _follow(self, location: str) -> tuple[bytes, str]:
        """Twilio's storage, by its redirect and without our credentials."""
        parts = urlsplit(location)
        is_known = any((parts.hostname or "").endswith(host) for host in MEDIA_REDIRECTS)
        if not (parts.scheme == "https" and is_known) and not self._is_ours(location):
            raise InputError("the media's address leads away from Twilio")
        async with self.session.get(location, timeout=TIMEOUT, allow_redirects=False) as answer:
            return await _body(answer)

    def _is_ours(self, url: str) -> bool:
        parts, api = urlsplit(url), urlsplit(self.api_url)
        if (parts.scheme, parts.netloc) == (api.scheme, api.netloc):
            return True
        return parts.scheme == "https" and parts.hostname in MEDIA_HOSTS and parts.port in (None, 443)


def _fields(request: Request) -> list[tuple[str, str]]:
    try:
        text = request.body.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise InputError("the body is not a form in UTF-8") from error


def _repeated(fields: list[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Fields as RequestValidator takes them: a repeated one as the list of its values."""
    whole: dict[str, list[str]] = {}
    for name, value in fields:
        whole.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in whole.items()}


def _variables(values: tuple[str, ...]) -> str:
    """ContentVariables: numbered, none empty, no line breaks (WhatsApp refuses both)."""
    return json.dumps({str(number): " ".join(value.split()) or "-" for number, value in enumerate(values, start=1)})


def _reason(code: int | None, status: int) -> Reason:
    if code is not None and code in REASONS:
        return REASONS[code]
    if status == 429:
        return Reason.TOO_FAST
    return Reason.PROVIDER_DOWN if status >= 500 else Reason.UNKNOWN


def _retry_after(error: TwilioRestException) -> float | None:
    return None


async def _body(answer: aiohttp.ClientResponse) -> tuple[bytes, str]:
    if answer.status in (404, 410):
        raise InputError("the file is gone")
    if answer.status != 200:
        raise Unavailable(f"the media's host answered {answer.status}")
    body = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_DOCUMENT_BYTES:
            raise InputError("the file is too large")
    return bytes(body), answer.content_type


# --- what both channels read from a form ----------------------------------------------------------------------------


def receipt(channel: Channel, form: Form) -> Receipt | None:
    """A status callback as a receipt; None for a status that says nothing new (queued, sending)."""
    sid = form.get("MessageSid") or form.get("SmsSid")
    status = form.get("MessageStatus") or form.get("SmsStatus")
    if not sid or not status:
        raise InputError("a status callback needs MessageSid and MessageStatus")
    known = STATUSES.get(status.lower())
    if known is None:
        return None
    reason = _reason(_code(form.get("ErrorCode")), 400).value if known is DeliveryStatus.FAILED else None
    return Receipt(channel=channel, provider_id=sid, status=known.value, reason=reason)


def attachments(form: Form) -> tuple[Attachment, ...]:
    """MediaUrl0.. and MediaContentType0..; raises InputError for a count that is none."""
    count = form.get("NumMedia") or "0"
    if not count.isdecimal() or int(count) > 10:
        raise InputError("NumMedia must be a number from 0 to 10")
    found = []
    for number in range(int(count)):
        url = form.get(f"MediaUrl{number}")
        if url:
            media_type = form.get(f"MediaContentType{number}", "application/octet-stream")
            found.append(Attachment(kind=_kind(media_type), source=url, media_type=media_type))
    return tuple(found)


def position(form: Form) -> Position | None:
    """Latitude and Longitude of a shared location; raises InputError when they are no degrees."""
    if not form.get("Latitude") or not form.get("Longitude"):
        return None
    try:
        latitude, longitude = float(form["Latitude"]), float(form["Longitude"])
    except ValueError as error:
        raise InputError("Latitude and Longitude must be numbers") from error
    if not (isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        raise InputError("Latitude and Longitude must be degrees on the earth")
    return Position(latitude=latitude, longitude=longitude)


def _kind(media_type: str) -> str:
    family = media_type.partition("/")[0]
    return {"image": "photo", "audio": "voice", "video": "video"}.get(family, "document")


def _code(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 8 else None
