"""Staff and their sign-ins: every field comes back, secrets are sealed, one account is changed by one at a time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.employer import Employer, EmployerId
from bot.domain.errors import Conflict
from bot.domain.staff import Role, Staff, StaffId, StaffSession, Stage
from bot.storage.store import SqlStore
from tests.databases import dump
from tests.storage.samples import MINUTE, NOON

FARM = Employer(id=EmployerId("farm"), name="Boa Terra")


def staff(id_: str = "s1", **fields: Any) -> Staff:
    known: dict[str, Any] = {
        "login": f"{id_}@x.example",
        "name": "Ana Souza",
        "role": Role.OPERATOR,
        "password_hash": "$argon2id$...",
        "created_at": NOON,
    }
    return Staff(id=StaffId(id_), **(known | fields))


FULL = staff(
    role=Role.AUTHOR,
    employer=FARM.id,
    languages=("pt", "es"),
    totp_secret="JBSWY3DPEHPK3PXP",
    offered_secret="KRSXG5CTMVRXEZLU",
    last_totp_step=2**33,  # past 32 bits: there is no end to the steps
    failures=7,
    locked_until=NOON + MINUTE,
    disabled_at=NOON + 2 * MINUTE,
)


def session(id_: str = "a" * 64, of: str = "s1", **fields: Any) -> StaffSession:
    return replace(StaffSession.begun(id_, StaffId(of), Stage.FULL, NOON), **fields)


@pytest.fixture(autouse=True)
async def _farm(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.sites.put(FARM, [])


async def test_an_account_comes_back_as_it_was(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.staff.add(FULL)
        await unit.staff.add(staff("s0"))
    async with store.transaction() as unit:
        assert await unit.staff.get(FULL.id) == FULL
        assert await unit.staff.hold(" S1@X.example") == FULL
        assert await unit.staff.all() == [staff("s0"), FULL]
        assert await unit.staff.get(StaffId("none")) is None
        assert await unit.staff.hold("none") is None


async def test_an_account_is_saved_whole(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.staff.add(staff())
        await unit.staff.save(FULL)
    async with store.transaction() as unit:
        assert await unit.staff.get(FULL.id) == FULL
    with pytest.raises(Conflict):
        async with store.transaction() as unit:
            await unit.staff.save(staff("gone"))


async def test_two_accounts_do_not_share_a_login(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.staff.add(staff())
    with pytest.raises(Conflict):
        async with store.transaction() as unit:
            await unit.staff.add(staff("s2", login=staff().login))


async def test_the_second_factor_is_sealed(store: SqlStore, database_url: str) -> None:
    """R17: who has the database alone signs nobody in."""
    async with store.transaction() as unit:
        await unit.staff.add(FULL)
    rows = (await dump(database_url))["staff"]
    for secret in (FULL.totp_secret, FULL.offered_secret):
        assert str(secret) not in str(rows)
        assert str(secret).encode() not in rows[0]["sealed"]


async def test_tries_at_one_account_come_one_after_the_other(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.staff.add(staff())

    async def fail() -> None:
        async with store.transaction() as unit:
            held = await unit.staff.hold(staff().login)
            assert held is not None
            await asyncio.sleep(0)
            await unit.staff.save(held.charged(NOON))

    await asyncio.gather(*(fail() for _ in range(8)))
    async with store.transaction() as unit:
        held = await unit.staff.get(StaffId("s1"))
    assert held is not None
    assert held.failures == 8


async def test_a_session_comes_back_and_ends(store: SqlStore) -> None:
    one = session()
    async with store.transaction() as unit:
        await unit.staff.add(staff())
        await unit.staff.begin(one)
        await unit.staff.begin(session("b" * 64, stage=Stage.PASSWORD))
    async with store.transaction() as unit:
        assert await unit.staff.session(one.id) == one
        assert await unit.staff.session("c" * 64) is None
        await unit.staff.seen(one.id, NOON + MINUTE)
        await unit.staff.seen(one.id, NOON)  # a slower request: never back
        assert await unit.staff.session(one.id) == replace(one, seen_at=NOON + MINUTE)
        assert await unit.staff.end(one.id) is True
        assert await unit.staff.end(one.id) is False
        assert await unit.staff.session(one.id) is None
        assert await unit.staff.end_all(StaffId("s1")) == 1


async def test_of_two_who_end_a_session_one_goes_on(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.staff.add(staff())
        await unit.staff.begin(session())

    async def end() -> bool:
        async with store.transaction() as unit:
            return await unit.staff.end(session().id)

    assert sorted(await asyncio.gather(end(), end(), end())) == [False, False, True]


async def test_old_sessions_go(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.staff.add(staff())
        for number in range(3):
            await unit.staff.begin(session(f"{number}" * 64, expires_at=NOON + number * timedelta(hours=1)))
        assert await unit.staff.delete_expired(NOON + timedelta(hours=1)) == 2
        assert await unit.staff.session("2" * 64) is not None
