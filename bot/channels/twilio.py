"""Owns what SMS and WhatsApp share at Twilio: one account, whose webhooks are believed, sent through, fetched from."""

import hmac
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from math import isfinite
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from multidict import MultiDict
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator, add_port, remove_port
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList

from bot.channels import media
from bot.channels.twilio_forms import Form, Pairs, form_of, form_pairs, json_pairs, receipt
from bot.channels.twilio_reasons import reason
from bot.domain.contact import Channel
from bot.domain.delivery import Delivery, Template
from bot.domain.document import DocumentId
from bot.domain.errors import NotAuthentic, Reason, SendError
from bot.domain.message import Attachment, Received
from bot.services.ports import Files, Inbound, Request

API_URL = "https://api.twilio.com"
MAX_BODY = 1600  # characters that Twilio takes in one message
MAX_LIFE = 36_000  # seconds: the longest ValidityPeriod
MAX_VARIABLES = 100
MAX_VARIABLE = 255  # characters
TIMEOUT = aiohttp.ClientTimeout(total=20)
# Where Twilio keeps media: with and without "Enforce HTTP Auth on Media URLs".
_STORAGE = ("https://mms.twiliocdn.com/", "https://s3-external-1.amazonaws.com/media.twiliocdn.com/")


# The pause in seconds that the last answer to this task asked for: twilio's errors do not keep it.
_retry_after: ContextVar[float | None] = ContextVar("retry_after", default=None)


class _Http(AsyncHttpClient):  # type: ignore[misc]  # twilio is untyped
    """twilio's HTTP client over our session, turned to the API address of the settings."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str) -> None:
        super().__init__(logging.getLogger("twilio"), is_async=True)
        self._session = session
        self._api_url = api_url

    async def request(  # noqa: PLR0917 (the signature of twilio's own client)
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        allow_redirects: bool = False,
    ) -> Response:
        login = {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}
        is_json = (headers or {}).get("Content-Type") == "application/json"
        async with self._session.request(
            method.upper(),
            self._turned(url),
            params={name: str(value) for name, value in (params or {}).items()},
            data=json.dumps(data) if is_json else data,
            headers={**(headers or {}), **login},
            timeout=TIMEOUT,
            allow_redirects=allow_redirects,
        ) as answer:
            _retry_after.set(_seconds(answer.headers.get("Retry-After", "")))
            return Response(answer.status, await answer.text(), answer.headers)

    def _turned(self, url: str) -> str:
        if self._api_url == API_URL:
            return url  # twilio's client knows its hosts: api, content, ...
        parts = urlsplit(url)
        return f"{self._api_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """One Twilio account: checks what it sends, sends through it, fetches its media."""

    account_sid: str
    auth_token: str = field(repr=False)
    session: aiohttp.ClientSession = field(repr=False)
    api_url: str = API_URL
    public_url: str = ""
    now: Callable[[], datetime] = field(default=_utc_now, repr=False)
    _client: Client = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        client = Client(self.account_sid, self.auth_token, http_client=_Http(self.session, self.api_url))
        object.__setattr__(self, "_client", client)  # frozen, and made once: it costs as much as a request

    # --- in -------------------------------------------------------------------------------------------------------

    def receive(self, request: Request, channel: Channel, read: Callable[[Form], Received | None]) -> Inbound:
        """What a webhook brought: receipts at .../status, else a message as `read` makes it of the form, or nothing."""
        form = self.form(request)
        if request.url.partition("?")[0].endswith("/status"):
            known = receipt(channel, form)
            return Inbound(receipts=(known,) if known else ())
        received = read(form)
        return Inbound(messages=(received,) if received else ())

    def form(self, request: Request) -> Form:
        """The request's fields, once its signature is believed; raises NotAuthentic or InputError."""
        pairs = self._signed(request)
        form = form_of(pairs)
        sid = form.get("AccountSid", "")
        if sid and not hmac.compare_digest(sid.encode(errors="replace"), self.account_sid.encode()):
            raise NotAuthentic("this message is for another account")
        return form

    def _signed(self, request: Request) -> Pairs:
        """Forms are signed with their fields; JSON bodies by the hash in the query, which is signed with the URL."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
            self._check(request, [])
            hashes = parse_qs(urlsplit(request.url).query).get("bodySHA256", [""])
            if not hmac.compare_digest(
                sha256(request.body).hexdigest().encode(), hashes[0].lower().encode(errors="replace")
            ):
                raise NotAuthentic("bodySHA256 is missing or does not fit the body")
            return json_pairs(request.body)
        pairs = form_pairs(request.body)
        self._check(request, pairs)
        return pairs

    def _check(self, request: Request, pairs: Pairs) -> None:
        """Compare the signature with that of the URL without its port and with it: Twilio's own choice varies."""
        given = request.headers.get("x-twilio-signature", "").encode(errors="replace")
        try:
            parts = urlsplit(request.url)
            sign = RequestValidator(self.auth_token).compute_signature
            wanted = [sign(url, MultiDict(pairs)).encode() for url in (remove_port(parts), add_port(parts))]
        except ValueError as error:  # a port out of range, a text that is no Unicode
            raise NotAuthentic("the request cannot have been signed") from error
        if not any(hmac.compare_digest(given, signature) for signature in wanted):
            raise NotAuthentic("X-Twilio-Signature does not fit: check MUSTER_PUBLIC_URL and the auth token")

    # --- out ------------------------------------------------------------------------------------------------------

    async def send(
        self, delivery: Delivery, *, sender: str, to: str, content: Mapping[str, str] | None = None, media: str = ""
    ) -> str:
        """Hand a message to Twilio and return its SID; raises SendError.

        `content` are the fields of a template to be sent instead of the delivery's text, `media` is the address at
        which Twilio fetches a file.
        """
        fields: dict[str, Any] = {"from_": sender, "to": to, **(content or {"body": delivery.content.text})}
        if media:
            fields["media_url"] = [media]
        if self.public_url:
            fields["status_callback"] = f"{self.public_url}/channels/{delivery.channel.value}/status"
        message = await self._ask(lambda client: client.messages.create_async(**fields, **_life(delivery, self.now())))
        if not message.sid:
            raise SendError(Reason.PROVIDER_DOWN, detail="no SID in the answer")
        return str(message.sid)

    async def make_content(self, *, language: str, types: Mapping[str, Any], variables: Mapping[str, str]) -> str:
        """Store a Content resource (a template that need not be approved) and return its SID; raises SendError."""
        wanted = ContentList.ContentCreateRequest(
            {"friendly_name": "muster", "language": language, "variables": variables, "types": types}
        )
        made = await self._ask(lambda client: client.content.v1.contents.create_async(wanted))
        if not made.sid:
            raise SendError(Reason.PROVIDER_DOWN, detail="no SID in the answer")
        return str(made.sid)

    async def _ask(self, call: Callable[[Client], Any]) -> Any:
        """One call of twilio's client; its errors, and the network's, as SendError."""
        _retry_after.set(None)
        try:
            return await call(self._client)
        except (TwilioRestException, TwilioServiceException) as error:
            raise SendError(
                reason(error.code, error.status), retry_after=_retry_after.get(), detail=str(error.code)
            ) from None
        except (TwilioException, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            is_doubtful = not isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
            raise SendError(Reason.PROVIDER_DOWN, detail=type(error).__name__, is_doubtful=is_doubtful) from None

    # --- media ----------------------------------------------------------------------------------------------------

    async def fetch(self, attachment: Attachment) -> tuple[bytes, str]:
        """A media file's bytes and type, from Twilio's own hosts only; raises InputError or Unavailable."""
        login = {"Authorization": aiohttp.encode_basic_auth(self.account_sid, self.auth_token)}
        headers = login if self._is_api(attachment.source) else {}
        return await media.fetch(self.session, attachment.source, headers=headers, is_allowed=self._has_media)

    def _has_media(self, url: str) -> bool:
        return self._is_api(url) or url.startswith(_STORAGE)

    def _is_api(self, url: str) -> bool:
        return url.startswith((f"{self.api_url}/", f"{API_URL}/"))


def link_to(files: Files | None, document: DocumentId) -> str:
    """The address of a file; raises SendError where this channel was given none to send."""
    if files is None:
        raise SendError(Reason.BAD_CONTENT, detail="files cannot be sent here")
    return files.link(document)


def template_fields(template: Template) -> Mapping[str, str]:
    """A template's fields, or SendError for what Twilio would refuse: 100 variables of 255 characters, none empty.

    WhatsApp refuses line breaks in variables too: they become spaces.
    """
    values = [" ".join(value.split()) for value in template.variables]
    if len(values) > MAX_VARIABLES or any(len(value) > MAX_VARIABLE for value in values):
        raise SendError(Reason.TOO_LONG, detail="template variables")
    return {"content_sid": template.id, "content_variables": numbered_variables(values)}


def numbered_variables(values: Sequence[str]) -> str:
    """ContentVariables: {"1": ..., "2": ...}."""
    return json.dumps({str(number): value or "-" for number, value in enumerate(values, start=1)}, ensure_ascii=False)


def _life(delivery: Delivery, now: datetime) -> Mapping[str, int]:
    """ValidityPeriod: Twilio drops the message rather than send it later (R20)."""
    if delivery.expires_at is None:
        return {}
    left = int((delivery.expires_at - now).total_seconds())
    if left < 1:
        raise SendError(Reason.EXPIRED)
    return {"validity_period": min(MAX_LIFE, left)}


def _seconds(text: str) -> float | None:
    """Retry-After in seconds; Twilio does not use its other form, a date."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and value >= 0 else None
