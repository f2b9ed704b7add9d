"""Owns notice by webhook: a signed JSON document to the address of a chat, a pager or a phone tree."""

import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from bot.domain.errors import Unavailable
from bot.services.alarms import Notice

SECONDS = 10.0
TIME_HEADER, SIGNATURE_HEADER = "X-Muster-Time", "X-Muster-Signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Posts to one address, and what is protected only to another (R16).

    The body is signed: HMAC-SHA256 (hexadecimal, after "sha256=") of the time header, a full stop and the body.
    """

    session: aiohttp.ClientSession
    url: str
    specialists_url: str
    secret: str = field(repr=False)
    seconds_now: Callable[[], float] = time.time
    name: str = "webhook"

    def reaches(self, *, is_protection: bool) -> bool:
        return bool(self.specialists_url if is_protection else self.url)

    async def tell(self, notice: Notice) -> None:
        url = self.specialists_url if notice.is_protection else self.url
        body, at = json.dumps(_told(notice), ensure_ascii=False).encode(), str(int(self.seconds_now()))
        headers = {
            "Content-Type": "application/json",
            TIME_HEADER: at,
            SIGNATURE_HEADER: sign(self.secret, at, body),
        }
        try:
            async with self.session.post(
                url,
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=SECONDS),
                allow_redirects=False,
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"the webhook does not answer: {type(error).__name__}") from error
        if not 200 <= status < 300:
            raise Unavailable(f"the webhook answered {status}")


def sign(secret: str, at: str, body: bytes) -> str:
    """What the receiver computes too and compares, with a time of the last minutes."""
    return "sha256=" + hmac.digest(secret.encode(), at.encode() + b"." + body, "sha256").hex()


def _told(notice: Notice) -> dict[str, str]:
    return {
        "id": notice.id,
        "kind": notice.kind.value,
        "case": notice.number,
        "urgency": notice.urgency,
        "text": notice.text,
        "url": notice.url,
    }
