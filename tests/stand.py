"""Owns what tests of services and actions stand on: a real SQLite store, a clock that waits, names that count."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from bot.domain.contact import Address, Contact, ContactId, Scheme
from bot.i18n import Catalogs
from bot.storage.crypto import Keyring, make_key
from bot.storage.store import SqlStore, SqlUnit
from tests.databases import fresh_sqlite

NOW = datetime(2026, 5, 6, 15, tzinfo=UTC)  # a Wednesday, noon in Porto Alegre
ROOT = Path(__file__).resolve().parent.parent
PHONE = Address(scheme=Scheme.TEL, path="+555155500150")
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LANGUAGES = ("en", "es", "ne", "ar")


@dataclass
class StillClock:
    """Stands until a test moves it."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time

    def pass_(self, span: timedelta) -> None:
        self.time += span


@dataclass
class CountingIds:
    """Names in the order of asking; `numbers` are the case numbers to come."""

    made: Iterator[int] = field(default_factory=lambda: count(1))
    numbers: Iterator[str] = field(
        default_factory=lambda: (f"M-7KQ2{letter}{other}" for letter in LETTERS for other in LETTERS)
    )

    def new(self) -> str:
        return f"id{next(self.made):05d}"

    def case_number(self) -> str:
        return next(self.numbers)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def ids() -> CountingIds:
    return CountingIds()


@pytest.fixture
async def store(tmp_path: Path, clock: StillClock) -> AsyncIterator[SqlStore]:
    keyring = Keyring.parse(make_key("k1"))
    opened = await SqlStore.open(url=fresh_sqlite(tmp_path / "muster.db"), keyring=keyring, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def unit(store: SqlStore) -> AsyncIterator[SqlUnit]:
    """One transaction for the whole test."""
    async with store.transaction() as opened:
        yield opened


@pytest.fixture
async def contact(unit: SqlUnit) -> Contact:
    """Somebody who has written one SMS."""
    return await met(unit, PHONE)


async def met(unit: SqlUnit, address: Address, name: str = "c1") -> Contact:
    await unit.contacts.meet(address, ContactId(name))
    await unit.contacts.heard(address, NOW)
    known = await unit.contacts.find(address)
    assert known is not None
    return known


@pytest.fixture(scope="session")
def catalogs() -> Catalogs:
    return Catalogs.load(ROOT / "locales", LANGUAGES)
