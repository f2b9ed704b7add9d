"""Owns the databases that the contracts are tried on: the same tests on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.employer import Employer
from bot.storage.crypto import Keyring, make_key
from bot.storage.store import SqlStore
from tests.contracts.accounts import MILL
from tests.databases import fresh_sqlite, sqlite_url
from tests.storage import samples
from tests.storage.samples import FARM

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class StillClock:
    """Stands until a test moves it."""

    time: datetime = field(default=START)

    def now(self) -> datetime:
        return self.time

    def pass_(self, span: timedelta) -> None:
        self.time += span


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A migrated, empty database."""
    if request.param == "sqlite":
        yield fresh_sqlite(tmp_path / "muster.db")
    else:
        async with request.getfixturevalue("postgres").fresh() as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A database without any tables."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "empty.db")
    else:
        async with request.getfixturevalue("postgres").fresh(is_migrated=False) as url:
            yield url


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def key() -> str:
    return make_key("k1")


@pytest.fixture
async def store(database_url: str, clock: StillClock, key: str) -> AsyncIterator[SqlStore]:
    opened = await SqlStore.open(url=database_url, keyring=Keyring.parse(key), clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def farm(store: SqlStore) -> SqlStore:
    """A store that knows two employers and their sites."""
    async with store.transaction() as unit:
        await unit.sites.put(FARM, [samples.site(), samples.site("st2", code="Pomar-8")])
        await unit.sites.put(Employer(id=MILL, name="Mill"), [samples.site("st3", code="Mill-1", employer=MILL)])
    return store
