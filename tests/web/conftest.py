"""Owns the fixtures of these tests: those of tests/stand.py and of tests/web/house.py."""

from tests.stand import catalogs, clock, ids, store
from tests.web.house import client, house, live, page, redis, redis_url, settings

__all__ = [
    "catalogs", "client", "clock", "house", "ids", "live", "page", "redis", "redis_url", "settings", "store",
]  # fmt: skip
