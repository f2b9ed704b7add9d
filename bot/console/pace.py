"""Owns how often somebody may try to sign in: by login and by network address, in this process."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

_MOST_KNOWN = 10_000  # forgetting who tried is cheaper than remembering everybody


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime


class Tries:
    """Token buckets: `burst` tries at once, then `per_second`. The lock in the database is what stops a guesser; this
    keeps one from taking the time of all."""

    def __init__(self, *, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def may(self, who: str, now: datetime) -> bool:
        """Take a try of `who`, if there is one left."""
        bucket = self._buckets.pop(who, None) or _Bucket(self._burst, now)
        passed = max(0.0, (now - bucket.at).total_seconds())
        bucket.tokens, bucket.at = min(self._burst, bucket.tokens + passed * self._per_second), now
        self._buckets[who] = bucket
        if len(self._buckets) > _MOST_KNOWN:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def network_address(request: web.Request, public_url: str) -> str:
    """Whose tries these are. Behind a proxy, which an https address means, it is the last address that the proxy noted:
    those before it are whatever the client claims."""
    if public_url.startswith("https://") and (noted := request.headers.get("X-Forwarded-For")):
        return noted.rpartition(",")[2].strip()[:64]
    return request.remote or ""
