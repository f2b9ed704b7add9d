"""How Twilio calls back: signed forms, posted to a webhook and tried again as configured."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from bot.sandbox.clock import Clock

Form = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where to post; `signed_url` is the public URL that Twilio knows, if a proxy stands between."""

    url: str
    signed_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a post is tried, and the seconds between; Twilio by itself tries again only if it cannot connect."""

    attempts: int = 2
    wait: float = 1.0
    on_bad_status: bool = False


def sign(*, token: str, url: str, form: Form) -> str:
    """Return X-Twilio-Signature: base64 HMAC-SHA1 of the URL and the fields sorted by name, each value once."""
    fields = "".join(name + value for name, value in sorted(set(form)))
    return b64encode(hmac.new(token.encode(), (url + fields).encode(), hashlib.sha1).digest()).decode()


class WebhookPoster:
    """Posts forms as Twilio does; an answer is an HTTP status, or 0 if no answer came."""

    def __init__(self, *, token: str, clock: Clock, retry: Retry, timeout: float = 15.0) -> None:
        self.retry = retry
        self._token = token
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, webhook: Webhook, form: Form) -> list[int]:
        """Post until answered or out of attempts; return the answers in order."""
        answers: list[int] = []
        while len(answers) < self.retry.attempts:
            if answers:
                await self._clock.sleep(self.retry.wait)
            answers.append(await self._post_once(webhook, form))
            if answers[-1] and not (self.retry.on_bad_status and answers[-1] >= 400):
                break
        return answers

    async def _post_once(self, webhook: Webhook, form: Form) -> int:
        signature = sign(token=self._token, url=webhook.signed_url or webhook.url, form=form)
        headers = {"X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1"}
        try:
            async with self._http().post(webhook.url, data=form, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    async def fetch(self, url: str) -> tuple[str, bytes] | None:
        """Fetch a media URL of the customer's: content type and bytes, or None if it cannot be had."""
        try:
            async with self._http().get(url) as answer:
                return (answer.content_type, await answer.read()) if answer.ok else None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
